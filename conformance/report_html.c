/* SPDX-License-Identifier: MIT */
/* The report for a person: one HTML file that needs no network (style and script are built in). */
#include "assets.h"
#include "markup.h"
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* One column: its title and whether it holds numbers. */
typedef struct column {
    const char *title;
    bool numbers;
} column;

static void head_row(markup *m, const column *columns, size_t count)
{
    markup_start(m, "thead");
    markup_start(m, "tr");
    for (size_t i = 0; i < count; i++)
        markup_leaf(m, "th", columns[i].numbers ? "number" : NULL, "%s", columns[i].title);
    markup_end(m);
    markup_end(m);
}

static void number_cell(markup *m, size_t value, const char *alarm)
{
    markup_leaf(m, "td", value && alarm ? alarm : value ? "number" : "number none", "%zu", value);
}

static void asset(markup *m, const char *element, const char *name)
{
    char *text = asset_text(name);
    markup_start(m, element);
    markup_raw(m, text ? text : "");
    markup_end(m);
    free(text);
}

static const char *verdict_class(const judgement *j)
{
    return j->exit_code == EXIT_GOOD ? "good" : j->exit_code == EXIT_EVIDENCE ? "thin" : "bad";
}

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

static void verdict_section(markup *m, const report *r, const judgement *j)
{
    char coverage[32];
    snprintf(coverage, sizeof coverage, "%.1f %%", 100.0 * report_coverage(r));
    markup_start(m, "header");
    markup_leaf(m, "p", "brand", "clConv conformance");
    markup_leaf(m, "h1", NULL, "%s", json_string_value(json_object_get(r->facts.device, "name")));
    markup_leaf(m, "p", verdict_class(j), "%s", j->sentence);
    markup_start(m, "div");
    markup_attribute(m, "class", "figures");
    count_figure(m, "cases run", r->total.run, NULL);
    count_figure(m, "failed", r->total.failed, "alarm");
    count_figure(m, "skipped", r->total.skipped, "warning");
    count_figure(m, "unsupported", r->total.unsupported, NULL);
    figure(m, "coverage", NULL, coverage);
    markup_end(m);
    markup_end(m);
}

static void fact(markup *m, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void fact(markup *m, const char *name, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    markup_leaf(m, "dt", NULL, "%s", name);
    markup_leaf(m, "dd", NULL, "%s", text);
}

/* "largest_buffer_bytes" and 1073741824 as "largest buffer" and "1.00 GiB"; other numbers as they
 * are. */
static void number_fact(markup *m, char *name, json_int_t value)
{
    static const char unit[] = " bytes";
    char *end = name + strlen(name) - strlen(unit);
    const double mib = (double)value / 1048576.0;
    if (end <= name || strcmp(end, unit) != 0) {
        fact(m, name, "%" JSON_INTEGER_FORMAT, value);
        return;
    }
    *end = '\0';
    if (mib >= 1024)
        fact(m, name, "%.2f GiB", mib / 1024);
    else
        fact(m, name, "%.4g %s", mib >= 1 ? mib : mib * 1024, mib >= 1 ? "MiB" : "KiB");
}

/* Every entry of the device card, under its own name with blanks for underscores. */
static void device_facts(markup *m, json_t *device)
{
    const char *key;
    json_t *value;
    json_object_foreach(device, key, value)
    {
        char name[64];
        snprintf(name, sizeof name, "%s", key);
        for (char *at = name; *at; at++)
            *at = *at == '_' ? ' ' : *at;
        if (json_is_string(value))
            fact(m, name, "%s", json_string_value(value));
        else if (json_is_integer(value))
            number_fact(m, name, json_integer_value(value));
    }
}

static void facts_section(markup *m, const report *r)
{
    const run_facts *f = &r->facts;
    markup_start(m, "section");
    markup_leaf(m, "h2", NULL, "Device and run");
    markup_start(m, "dl");
    device_facts(m, f->device);
    fact(m, "library", "clConv %s", f->library);
    fact(m, "kernel hash", "%s%s", f->kernel_hash,
         f->kernels_replaced ? " (kernels replaced)" : "");
    fact(m, "tier", "%s, seed %" PRIu64, f->tier[0] ? f->tier : "one case", f->seed);
    if (f->shards > 1)
        fact(m, "shard", "%" PRId64 " of %" PRId64, f->shard, f->shards);
    fact(m, "time", "%.1f s", f->seconds);
    markup_end(m);
    markup_end(m);
}

static void algorithm_row(markup *m, const tally *t)
{
    markup_start(m, "tr");
    markup_leaf(m, "td", NULL, "%s", t->algo);
    number_cell(m, t->run + t->skipped, NULL);
    number_cell(m, t->failed, "number alarm");
    number_cell(m, t->skipped, "number warning");
    number_cell(m, t->unsupported, NULL);
    number_cell(m, t->refused, NULL);
    if (t->headroom > 0)
        markup_leaf(m, "td", t->headroom > 1 ? "number alarm" : "number", "%.3g", t->headroom);
    else
        markup_leaf(m, "td", "number none", "-");
    markup_end(m);
}

static void algorithms_section(markup *m, const report *r)
{
    static const column columns[] = {{"algorithm", false},
                                     {"accepted", true},
                                     {"failed", true},
                                     {"skipped", true},
                                     {"unsupported", true},
                                     {"refused", true},
                                     {"worst error / bound", true}};
    markup_start(m, "section");
    markup_leaf(m, "h2", NULL, "Algorithms");
    markup_start(m, "div");
    markup_attribute(m, "class", "wide");
    markup_start(m, "table");
    head_row(m, columns, sizeof columns / sizeof columns[0]);
    markup_start(m, "tbody");
    for (size_t i = 0; i < r->algo_count; i++)
        algorithm_row(m, &r->algos[i]);
    markup_end(m);
    markup_end(m);
    markup_end(m);
    markup_leaf(
        m, "p", "note",
        "Refused: the algorithm does not do the problem, so it is no case of it. Worst error / "
        "bound is over real data; the bound is derived per element. Exact data must match "
        "bit by bit.");
    markup_end(m);
}

static void failure_item(markup *m, const report *r, const result *one)
{
    char repro[CASE_TEXT + 512];
    markup_start(m, "li");
    markup_leaf(m, "b", NULL, "%s", one->verdict.kind);
    markup_text(m, " %s", one->verdict.reason);
    markup_leaf(m, "code", NULL, "%s", report_repro(r, one->name, repro, sizeof repro));
    if (one->minimal) {
        markup_leaf(m, "span", "note", "the smallest case that fails so:");
        markup_leaf(m, "code", NULL, "%s", report_repro(r, one->minimal, repro, sizeof repro));
    }
    markup_leaf(m, "span", "note", "%s", one->origin);
    markup_end(m);
}

static void failures_section(markup *m, const report *r)
{
    if (!r->total.failed && !r->total.xpassed)
        return;
    markup_start(m, "section");
    markup_leaf(m, "h2", NULL, "Failures, each with the line that replays it");
    markup_start(m, "ol");
    for (size_t i = 0; i < r->count; i++)
        if (report_is_red(r->results[i].verdict.state))
            failure_item(m, r, &r->results[i]);
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
    markup_start(m, "section");
    markup_leaf(m, "h2", NULL, "Since the baseline");
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

static void case_row(markup *m, const result *one)
{
    static const char *const classes[] = {"good", "bad", "thin", "none", "none", "thin", "bad"};
    const verdict *v = &one->verdict;
    markup_start(m, "tr");
    markup_leaf(m, "td", "case", "%s", one->name);
    markup_leaf(m, "td", classes[v->state], "%s", case_state_names[v->state]);
    markup_leaf(m, "td", NULL, "%s", one->algo);
    markup_start(m, "td");
    markup_text(m, "%s%s%s", v->kind, v->kind[0] ? ": " : "", v->reason);
    markup_end(m);
    if (v->headroom > 0)
        markup_leaf(m, "td", "number", "%.3g", v->headroom);
    else
        markup_leaf(m, "td", "number none", "-");
    markup_leaf(m, "td", "number", "%.1f", 1000 * v->seconds);
    markup_leaf(m, "td", "note", "%s", one->origin);
    markup_end(m);
}

static void cases_section(markup *m, const report *r)
{
    static const column columns[] = {
        {"case", false},         {"state", false}, {"algorithm", false},      {"reason", false},
        {"error / bound", true}, {"ms", true},     {"why it is there", false}};
    markup_start(m, "section");
    markup_leaf(m, "h2", NULL, "All %zu cases", r->count);
    markup_raw(m,
               "<input id=\"filter\" type=\"search\" placeholder=\"show only cases with this text\""
               " aria-label=\"show only cases with this text\"/>");
    markup_start(m, "div");
    markup_attribute(m, "class", "wide");
    markup_start(m, "table");
    markup_attribute(m, "id", "cases");
    head_row(m, columns, sizeof columns / sizeof columns[0]);
    markup_start(m, "tbody");
    for (size_t i = 0; i < r->count; i++)
        case_row(m, &r->results[i]);
    markup_end(m);
    markup_end(m);
    markup_end(m);
    markup_end(m);
}

static void document_head(markup *m, const report *r)
{
    markup_start(m, "head");
    markup_raw(m, "<meta charset=\"utf-8\"/>"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                  "<meta name=\"color-scheme\" content=\"light dark\"/>");
    markup_leaf(m, "title", NULL, "clConv on %s",
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
    document_head(&m, r);
    markup_start(&m, "body");
    verdict_section(&m, r, &j);
    failures_section(&m, r);
    baseline_section(&m, r->baseline);
    html_quirks(&m, r);
    algorithms_section(&m, r);
    facts_section(&m, r);
    cases_section(&m, r);
    asset(&m, "script", "report.js");
    markup_end(&m);
    markup_end(&m);
    return markup_close(&m);
}
