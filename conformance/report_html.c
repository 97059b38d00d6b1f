/* SPDX-License-Identifier: MIT */
/* The report for a person: one HTML file that needs no network (style and script are built in). */
#include "assets.h"
#include "headroom.h"
#include "page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Parts of every section (page.h) -------------------------------------------------------- */

void page_section(markup *m, const char *title)
{
    markup_start(m, "section");
    markup_leaf(m, "h2", NULL, "%s", title);
}

void page_table(markup *m, const char *id, const column *columns, size_t count)
{
    markup_start(m, "div");
    markup_attribute(m, "class", "wide");
    markup_start(m, "table");
    markup_attribute(m, "id", "%s", id);
    markup_attribute(m, "class", "sortable");
    markup_start(m, "thead");
    markup_start(m, "tr");
    for (size_t i = 0; i < count; i++) {
        markup_start(m, "th");
        markup_attribute(m, "scope", "col");
        if (columns[i].numbers)
            markup_attribute(m, "class", "number");
        markup_text(m, "%s", columns[i].title);
        markup_end(m);
    }
    markup_end(m);
    markup_end(m);
    markup_start(m, "tbody");
}

void page_table_end(markup *m)
{
    for (int open = 0; open < 3; open++) /* tbody, table, div */
        markup_end(m);
}

size_t page_red(const report *r)
{
    return r->total.failed + r->total.xpassed;
}

void page_count(markup *m, size_t value, const char *alarm)
{
    markup_leaf(m, "td", value && alarm ? alarm : value ? "number" : "number none", "%zu", value);
}

void page_headroom(markup *m, double value)
{
    if (value > 0)
        markup_leaf(m, "td", value > 1 ? "number alarm" : "number", "%.3g", value);
    else
        markup_leaf(m, "td", "number none", "-");
}

static void asset(markup *m, const char *element, const char *name)
{
    char *text = asset_text(name);
    markup_start(m, element);
    markup_raw(m, "/*<![CDATA[*/\n"); /* HTML reads a comment, XML does not read < and & */
    markup_raw(m, text ? text : "");
    markup_raw(m, "/*]]>*/");
    markup_end(m);
    free(text);
}

/* ---- Verdict -------------------------------------------------------------------------------- */

static void figure(markup *m, const char *label, const char *class_name, const char *value)
{
    markup_start(m, "div");
    markup_leaf(m, "b", class_name, "%s", value);
    markup_leaf(m, "span", NULL, "%s", label);
    markup_end(m);
}

static void count_figure(markup *m, const char *label, size_t value, const char *class_name)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    figure(m, label, value ? class_name : NULL, text);
}

/* The judge's word, which stands in capitals, large; behind it the rest of his sentence. */
static void verdict_line(markup *m, const report *r, const judgement *j)
{
    const size_t word = strcspn(j->sentence, ":abcdefghijklmnopqrstuvwxyz");
    const char *const rest = j->sentence + word + strspn(j->sentence + word, ": ");
    markup_start(m, "p");
    markup_attribute(m, "class", "verdict %s",
                     j->exit_code == EXIT_GOOD       ? "good"
                     : j->exit_code == EXIT_EVIDENCE ? "thin"
                                                     : "bad");
    markup_leaf(m, "b", NULL, "%.*s", (int)word, j->sentence);
    if (*rest)
        markup_leaf(m, "span", NULL, "%s", rest);
    else
        markup_leaf(m, "span", NULL, "%zu of %zu cases computed right", r->total.run - page_red(r),
                    r->total.run);
    markup_end(m);
}

static void verdict_section(markup *m, const report *r, const judgement *j)
{
    char coverage[32];
    const run_facts *f = &r->facts;
    snprintf(coverage, sizeof coverage, "%.1f %%", 100.0 * report_coverage(r));
    markup_start(m, "header");
    markup_leaf(m, "p", "brand", "clConv %s conformance, %s%s", f->library,
                f->tier[0] ? "tier " : "one case", f->tier);
    markup_leaf(m, "h1", NULL, "%s", json_string_value(json_object_get(f->device, "name")));
    markup_leaf(m, "p", "brand", "%s, driver %s",
                json_string_value(json_object_get(f->device, "version")),
                json_string_value(json_object_get(f->device, "driver")));
    verdict_line(m, r, j);
    markup_start(m, "div");
    markup_attribute(m, "class", "figures");
    count_figure(m, "cases run", r->total.run, NULL);
    count_figure(m, "failed", r->total.failed, "alarm");
    if (r->total.xpassed)
        count_figure(m, "passed unexpectedly", r->total.xpassed, "alarm");
    if (r->total.xfailed)
        count_figure(m, "failed as expected", r->total.xfailed, "warning");
    count_figure(m, "skipped", r->total.skipped, "warning");
    count_figure(m, "unsupported", r->total.unsupported, NULL);
    figure(m, "coverage", NULL, coverage);
    markup_end(m);
    markup_end(m);
}

static void names(markup *m, const json_t *list, const char *class_name, const char *word)
{
    size_t i;
    json_t *name;
    json_array_foreach(list, i, name)
    {
        markup_start(m, "p");
        markup_leaf(m, "b", class_name, "%s", word);
        markup_text(m, " ");
        markup_leaf(m, "code", NULL, "%s", json_string_value(name));
        markup_end(m);
    }
}

static void baseline_section(markup *m, const json_t *baseline)
{
    if (!baseline)
        return;
    page_section(m, "Since the baseline");
    names(m, json_object_get(baseline, "new_fail"), "bad", "NEW-FAIL");
    names(m, json_object_get(baseline, "fixed"), "good", "FIXED");
    markup_leaf(m, "p", "note",
                "%zu new failures, %zu fixed; cases only there %" JSON_INTEGER_FORMAT
                ", only here %" JSON_INTEGER_FORMAT ".",
                json_array_size(json_object_get(baseline, "new_fail")),
                json_array_size(json_object_get(baseline, "fixed")),
                json_integer_value(json_object_get(baseline, "missing")),
                json_integer_value(json_object_get(baseline, "added")));
    markup_end(m);
}

/* ---- Algorithms ----------------------------------------------------------------------------- */

static void algorithm_row(markup *m, const tally *t)
{
    markup_start(m, "tr");
    markup_leaf(m, "td", NULL, "%s", t->algo);
    page_count(m, tally_applicable(t), NULL);
    page_count(m, t->failed + t->xpassed, "number alarm");
    page_count(m, t->skipped, "number warning");
    page_count(m, t->unsupported, NULL);
    page_count(m, t->refused, NULL);
    markup_end(m);
}

static void algorithms_section(markup *m, const report *r)
{
    static const column columns[] = {{"algorithm", false},  {"accepted", true},
                                     {"failed", true},      {"skipped", true},
                                     {"unsupported", true}, {"refused", true}};
    page_section(m, "Algorithms");
    page_table(m, "algorithms", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->algo_count; i++)
        algorithm_row(m, &r->algos[i]);
    page_table_end(m);
    markup_leaf(m, "p", "note",
                "Refused: the algorithm does not do the problem, so it is no case of it.");
    markup_end(m);
}

/* A bar whose end is the bound. */
static void bar(markup *m, double value)
{
    markup_start(m, "td");
    markup_start(m, "div");
    markup_attribute(m, "class", value > 1 ? "bar over" : "bar");
    markup_attribute(m, "role", "presentation");
    markup_start(m, "i");
    markup_attribute(m, "style", "width:%.1f%%", value > 1 ? 100.0 : 100.0 * value);
    markup_end(m);
    markup_end(m);
    markup_end(m);
}

static void headroom_section(markup *m, const report *r)
{
    static const column columns[] = {{"algorithm", false}, {"type", false},
                                     {"cases", true},      {"99 % of cases", true},
                                     {"worst", true},      {"worst of the bound", false}};
    size_t count;
    headroom *all = headroom_measure(r, &count);
    if (!count)
        return;
    page_section(m, "Error / bound");
    page_table(m, "headroom", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        markup_start(m, "tr");
        markup_leaf(m, "td", NULL, "%s", all[i].algo);
        markup_leaf(m, "td", NULL, "%s", all[i].dtype);
        page_count(m, all[i].cases, NULL);
        page_headroom(m, all[i].p99);
        page_headroom(m, all[i].worst);
        bar(m, all[i].worst);
        markup_end(m);
    }
    page_table_end(m);
    markup_leaf(m, "p", "note",
                "The worst error of a case as a fraction of what is allowed. Over real data, whose "
                "bound is derived for each element; exact data must match bit by bit.");
    markup_end(m);
    free(all);
}

/* ---- Document ------------------------------------------------------------------------------- */

static void document_head(markup *m, const report *r, const judgement *j)
{
    markup_start(m, "head");
    markup_raw(m, "<meta charset=\"utf-8\"/>"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                  "<meta name=\"color-scheme\" content=\"light dark\"/>");
    markup_leaf(m, "title", NULL, "%s - clConv on %s", j->sentence,
                json_string_value(json_object_get(r->facts.device, "name")));
    asset(m, "style", "report.css");
    markup_end(m);
}

char *report_html(const report *r, double min_coverage)
{
    const judgement j = report_judge(r, min_coverage);
    markup m = markup_open();
    markup_raw(&m, "<!DOCTYPE html>\n");
    markup_start(&m, "html");
    markup_attribute(&m, "lang", "en");
    document_head(&m, r, &j);
    markup_start(&m, "body");
    verdict_section(&m, r, &j);
    page_kinds(&m, r);
    if (page_red(r)) /* failures first, and before their list where they are */
        page_heat(&m, r);
    page_failures(&m, r);
    baseline_section(&m, r->baseline);
    html_quirks(&m, r);
    algorithms_section(&m, r);
    headroom_section(&m, r);
    if (!page_red(r))
        page_heat(&m, r);
    page_card(&m, r);
    page_cases(&m, r);
    asset(&m, "script", "report.js");
    markup_end(&m);
    markup_end(&m);
    return markup_close(&m);
}
