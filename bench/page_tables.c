/* SPDX-License-Identifier: MIT */
/* The tables of the page: whole models, what changed, every row. */
#include "page.h"

#include <math.h>
#include <string.h>

/* ---- Cells ---------------------------------------------------------------------------------- */

const char *page_algo(const json_t *row, char *text, size_t room)
{
    const char *const rival = report_rival(row);
    snprintf(text, room, "%s%s", rival ? "rival " : "", rival ? rival : report_text(row, "algo"));
    return text;
}

const char *page_number(double value, char *text, size_t room)
{
    if (isnan(value))
        snprintf(text, room, "-");
    else if (value == 0 || fabs(value) >= 1000)
        snprintf(text, room, "%.0f", value);
    else {
        const int before = (int)floor(log10(fabs(value))) + 1; /* digits in front of the point */
        snprintf(text, room, "%.*f", before < 3 ? 3 - before : 1, value);
    }
    return text;
}

void page_cell(markup *m, const char *name, double value)
{
    char text[32];
    markup_start(m, "td");
    markup_attribute(m, "class", isnan(value) ? "number none" : "number");
    if (name)
        markup_attribute(m, "data-name", "%s", name);
    markup_text(m, "%s", page_number(value, text, sizeof text));
    markup_end(m);
}

static void count_cell(markup *m, const json_t *object, const char *key)
{
    markup_leaf(m, "td", "number", "%g", report_number(object, key));
}

void page_layer_cell(markup *m, const json_t *row)
{
    markup_start(m, "td");
    markup_attribute(m, "class", "case");
    markup_leaf(m, "span", NULL, "%s %s", report_text(row, "model"), report_text(row, "layer"));
    markup_leaf(m, "code", "note", "%s", report_text(row, "case"));
    markup_end(m);
}

/* ---- Models --------------------------------------------------------------------------------- */

void page_totals(markup *m, const json_t *document)
{
    static const html_column columns[] = {
        {"model", false}, {"algorithm", false},  {"batch", true}, {"layers", true},
        {"ms", true},     {"with groups", true}, {"ms", true},    {"% of roofline", true}};
    size_t i;
    char algo[64];
    json_t *one;
    const json_t *const totals = json_object_get(document, "totals");
    if (!json_array_size(totals))
        return;
    html_section(m, "Whole models");
    html_table(m, "totals", columns, sizeof columns / sizeof columns[0]);
    json_array_foreach(totals, i, one)
    {
        markup_start(m, "tr");
        markup_leaf(m, "td", NULL, "%s", report_text(one, "model"));
        markup_leaf(m, "td", NULL, "%s", page_algo(one, algo, sizeof algo));
        count_cell(m, one, "batch");
        count_cell(m, one, "layers");
        page_cell(m, NULL, report_number(one, "ms"));
        count_cell(m, one, "grouped_layers");
        page_cell(m, NULL, report_number(one, "grouped_ms"));
        page_cell(m, NULL, report_number(one, "roof_pct_geomean"));
        markup_end(m);
    }
    html_table_end(m);
    markup_leaf(m, "p", "note",
                "Medians of the convolutions, each as often as the model has it; nothing else of "
                "the model is in the sum. The mean over the roofline is geometric.");
    markup_end(m);
}

/* ---- Since the baseline --------------------------------------------------------------------- */

static const char *verdict_class(const char *verdict)
{
    return strcmp(verdict, "SLOWER") == 0   ? "bad"
           : strcmp(verdict, "FASTER") == 0 ? "good"
           : strcmp(verdict, "SAME") == 0   ? "none"
                                            : "thin";
}

static void compare_row(markup *m, const json_t *entry)
{
    static const char *const keys[] = {"before_ms", "now_ms", "ratio", "low", "high", "p"};
    char algo[64];
    const char *const verdict = report_text(entry, "verdict");
    markup_start(m, "tr");
    page_layer_cell(m, entry);
    markup_leaf(m, "td", NULL, "%s", page_algo(entry, algo, sizeof algo));
    markup_leaf(m, "td", verdict_class(verdict), "%s", verdict);
    for (size_t k = 0; k < 5; k++)
        page_cell(m, keys[k], report_number(entry, keys[k]));
    if (json_object_get(entry, "p"))
        markup_leaf(m, "td", "number", "%.1g", report_number(entry, "p"));
    else
        markup_leaf(m, "td", "note", "%s", report_text(entry, "reason"));
    markup_end(m);
}

static void compare_counts(markup *m, json_t *counts)
{
    const char *word;
    json_t *count;
    markup_start(m, "p");
    json_object_foreach(counts, word, count)
    {
        markup_leaf(m, "b", json_integer_value(count) ? verdict_class(word) : "none",
                    "%" JSON_INTEGER_FORMAT " %s", json_integer_value(count), word);
        markup_text(m, " \xc2\xa0 ");
    }
    markup_end(m);
}

/* The rows that changed, folded away where they are many. */
static void changes(markup *m, const json_t *rows, size_t same)
{
    static const html_column columns[] = {
        {"layer", false},    {"algorithm", false}, {"verdict", false},
        {"before ms", true}, {"now ms", true},     {"now / before", true},
        {"from", true},      {"to", true},         {"p", true}};
    size_t i;
    json_t *entry;
    const size_t count = json_array_size(rows) - same;
    if (!count)
        return;
    markup_start(m, "details");
    if (count <= 50)
        markup_attribute(m, "open", "open");
    markup_leaf(m, "summary", NULL, "%zu rows that are not the same", count);
    html_table(m, "changes", columns, sizeof columns / sizeof columns[0]);
    json_array_foreach(rows, i, entry)
    {
        if (strcmp(report_text(entry, "verdict"), "SAME") != 0)
            compare_row(m, entry);
    }
    html_table_end(m);
    markup_end(m);
}

/* "clConv 0.98 over 50 rows, rivals 1.00 over 50" */
static void compare_means(markup *m, const json_t *means)
{
    char ours[32], rivals[32];
    markup_start(m, "p");
    markup_text(m, "Now / before, geometric mean: clConv %s over %g rows",
                page_number(report_number(means, "ratio"), ours, sizeof ours),
                report_number(means, "rows"));
    if (report_number(means, "rival_rows") > 0)
        markup_text(m, "; rivals %s over %g, which says how far the machine itself has changed",
                    page_number(report_number(means, "rival_ratio"), rivals, sizeof rivals),
                    report_number(means, "rival_rows"));
    markup_text(m, ".");
    markup_end(m);
}

void page_compare(markup *m, const json_t *comparison)
{
    json_t *const counts = json_object_get(comparison, "counts");
    if (!comparison)
        return;
    html_section(m, "Since the baseline");
    compare_counts(m, counts);
    compare_means(m, json_object_get(comparison, "means"));
    changes(m, json_object_get(comparison, "rows"),
            (size_t)json_integer_value(json_object_get(counts, "SAME")));
    markup_leaf(m, "p", "note",
                "Baseline of %s, kernels %.8s, driver %s. A row is slower or faster where Mann and "
                "Whitney's p is below 0.01, the 95 %% interval of the ratio of medians lies beyond "
                "1.03, and the medians differ by more than both \xc2\xb1 together; unsure where "
                "the device changed its clock. Rows of the same speed "
                "are only counted, rivals are not judged.",
                report_text(comparison, "date"), report_text(comparison, "kernel_hash"),
                report_text(comparison, "driver"));
    markup_end(m);
}

/* ---- Every row ------------------------------------------------------------------------------ */

/* The columns of numbers; *u is printed in percent of the median. */
static const struct {
    const char *title, *key;
} numbers[] = {{"ms", "median_ms"},
               {"\xc2\xb1 %", "u_ms"},
               {"GFLOP/s", "gflops_inside"},
               {"GB/s", "gbps"},
               {"roof %", "roof_pct"},
               {"latency ms", "latency_ms"},
               {"enqueue \xc2\xb5s", "enqueue_us"},
               {"first ms", "first_ms"},
               {"pack ms", "pack_ms"}};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static void status_cell(markup *m, const json_t *row)
{
    const char *const status = report_text(row, "status"), *const reason =
                                                               report_text(row, "reason");
    const bool red =
        strcmp(status, "FAILED") == 0 ||
        (report_number(row, "median_ms") > 0 && !json_is_true(json_object_get(row, "verified")));
    markup_start(m, "td");
    markup_leaf(m, "span",
                red                         ? "alarm"
                : strcmp(status, "OK") == 0 ? "good"
                                            : "warning",
                "%s%s", status, red && strcmp(status, "FAILED") != 0 ? ", not verified" : "");
    if (*reason)
        markup_leaf(m, "span", "note", " %s", reason);
    markup_end(m);
}

static void full_row(markup *m, const json_t *row)
{
    char algo[64];
    markup_start(m, "tr");
    page_layer_cell(m, row);
    markup_leaf(m, "td", NULL, "%s", page_algo(row, algo, sizeof algo));
    status_cell(m, row);
    for (size_t i = 0; i < NUMBERS; i++) {
        const double value = report_number(row, numbers[i].key);
        const bool part = strcmp(numbers[i].key, "u_ms") == 0;
        page_cell(m, numbers[i].title,
                  part ? 100 * value / report_number(row, "median_ms") : value);
    }
    markup_end(m);
}

void page_rows(markup *m, const json_t *document)
{
    size_t i;
    json_t *row;
    char title[48];
    const json_t *const rows = json_object_get(document, "rows");
    html_column columns[NUMBERS + 3] = {{"layer", false}, {"algorithm", false}, {"status", false}};
    for (i = 0; i < NUMBERS; i++)
        columns[i + 3] = (html_column){numbers[i].title, true};
    snprintf(title, sizeof title, "All %zu rows", json_array_size(rows));
    html_section(m, title);
    markup_raw(m, "<p class=\"controls\"><input id=\"filter\" type=\"search\" "
                  "placeholder=\"show only rows with this text\" "
                  "aria-label=\"show only rows with this text\"/> "
                  "<span id=\"shown\" class=\"note\" role=\"status\"></span></p>");
    html_table(m, "cases", columns, NUMBERS + 3);
    json_array_foreach(rows, i, row) full_row(m, row);
    html_table_end(m);
    markup_leaf(m, "p", "note",
                "ms: median per launch, launches queued back to back; \xc2\xb1: half the 95 %% "
                "interval of the median; latency: one launch and a wait; enqueue: what "
                "a launch costs the host; first: plan and first "
                "launch, with the programs this process had by then; pack: packing the weights "
                "once. A roofline over 100 %% was underestimated and stands as it was measured.");
    markup_end(m);
}
