/* SPDX-License-Identifier: MIT */
/* The report for a person: one HTML file that needs no network (style and script are built in). */
#include "assets.h"
#include "headroom.h"
#include "page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Parts of several sections (page.h) ------------------------------------------------------ */

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

/* ---- Verdict -------------------------------------------------------------------------------- */

static void count_figure(markup *m, const char *label, size_t value, const char *class_name)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", value);
    html_figure(m, label, value ? class_name : NULL, text);
}

/* The judge's word, which stands in capitals, large; behind it the rest of his sentence. */
static void verdict_line(markup *m, const report *r, const judgement *j)
{
    const size_t word = strcspn(j->sentence, ":abcdefghijklmnopqrstuvwxyz");
    const char *const rest = j->sentence + word + strspn(j->sentence + word, ": ");
    html_verdict(m,
                 j->exit_code == EXIT_GOOD       ? "good"
                 : j->exit_code == EXIT_EVIDENCE ? "thin"
                                                 : "bad",
                 j->sentence, (int)word);
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
    html_figures(m);
    count_figure(m, "cases run", r->total.run, NULL);
    count_figure(m, "failed", r->total.failed, "alarm");
    if (r->total.xpassed)
        count_figure(m, "passed unexpectedly", r->total.xpassed, "alarm");
    if (r->total.xfailed)
        count_figure(m, "failed as expected", r->total.xfailed, "warning");
    count_figure(m, "skipped", r->total.skipped, "warning");
    count_figure(m, "unsupported", r->total.unsupported, NULL);
    html_figure(m, "coverage", NULL, coverage);
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
    html_section(m, "Since the baseline");
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
    static const html_column columns[] = {{"algorithm", false},  {"accepted", true},
                                          {"failed", true},      {"skipped", true},
                                          {"unsupported", true}, {"refused", true}};
    html_section(m, "Algorithms");
    html_table(m, "algorithms", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->algo_count; i++)
        algorithm_row(m, &r->algos[i]);
    html_table_end(m);
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
    static const html_column columns[] = {{"algorithm", false}, {"type", false},
                                          {"cases", true},      {"99 % of cases", true},
                                          {"worst", true},      {"worst of the bound", false}};
    size_t count;
    headroom *all = headroom_measure(r, &count);
    if (!count)
        return;
    html_section(m, "Error / bound");
    html_table(m, "headroom", columns, sizeof columns / sizeof columns[0]);
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
    html_table_end(m);
    markup_leaf(m, "p", "note",
                "The worst error of a case as a fraction of what is allowed. Over real data, whose "
                "bound is derived for each element; exact data must match bit by bit.");
    markup_end(m);
    free(all);
}

/* ---- Document ------------------------------------------------------------------------------- */

char *report_html(const report *r, double min_coverage)
{
    const judgement j = report_judge(r, min_coverage);
    char title[1024];
    markup m = markup_open();
    snprintf(title, sizeof title, "%s - clConv on %s", j.sentence,
             json_string_value(json_object_get(r->facts.device, "name")));
    html_open(&m, title, suite_files);
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
    html_close(&m, suite_files);
    return markup_close(&m);
}
