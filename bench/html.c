/* SPDX-License-Identifier: MIT */
/* The benchmark's page: one HTML file that needs no network. */
#include "html.h"

#include "classes.h"
#include "page.h"

#include <math.h>
#include <string.h>

extern const embedded_file bench_files[];

/* Above this part of noisy rows the page does not call the run measured. */
static const double noisy_part = 0.2;

typedef struct run_counts {
    size_t rows, ok, noisy, throttled, unsupported, failed, unverified;
} run_counts;

static run_counts count_rows(const json_t *rows)
{
    size_t i;
    json_t *row;
    run_counts c = {.rows = json_array_size(rows)};
    json_array_foreach(rows, i, row)
    {
        const char *const status = report_text(row, "status");
        c.ok += strcmp(status, "OK") == 0;
        c.noisy += strcmp(status, "NOISY") == 0;
        c.throttled += strcmp(status, "THROTTLED") == 0;
        c.unsupported += strcmp(status, "UNSUPPORTED") == 0;
        c.failed += strcmp(status, "FAILED") == 0;
        c.unverified +=
            report_number(row, "median_ms") > 0 && !json_is_true(json_object_get(row, "verified"));
    }
    return c;
}

static void verdict(markup *m, const run_counts *c)
{
    const char *const word = c->failed || c->unverified                        ? "FAILED"
                             : (double)c->noisy > noisy_part * (double)c->rows ? "NOISY"
                                                                               : "MEASURED";
    html_verdict(m,
                 c->failed || c->unverified ? "bad"
                 : *word == 'N'             ? "thin"
                                            : "good",
                 word, (int)strlen(word));
    markup_start(m, "span");
    markup_text(m, "%zu rows: %zu OK", c->rows, c->ok);
    const struct {
        size_t count;
        const char *word;
    } rest[] = {{c->noisy, "NOISY"},
                {c->throttled, "THROTTLED"},
                {c->unsupported, "UNSUPPORTED"},
                {c->failed, "FAILED"},
                {c->unverified, "with an unverified result"}};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        if (rest[i].count)
            markup_text(m, ", %zu %s", rest[i].count, rest[i].word);
    if (!c->unverified)
        markup_text(m, "; every result that was timed is verified");
    markup_end(m);
    markup_end(m);
}

/* Geometric mean of the roofline over the layers of one class, each in its fastest algorithm. */
static geometric roof_of(json_t *layers, const char *class)
{
    const char *name;
    json_t *rows;
    geometric g = {0};
    json_object_foreach(layers, name, rows)
    {
        const json_t *const ours = report_ours(rows);
        if (ours && strcmp(report_text(ours, "class"), class) == 0)
            geometric_add(&g, report_number(ours, "roof_pct"));
    }
    return g;
}

static void figures(markup *m, const json_t *document)
{
    char value[48], label[80], mean[32];
    json_t *layers = report_layers(document);
    html_figures(m);
    for (size_t i = 0; i < LAYER_CLASSES; i++) {
        const geometric g = roof_of(layers, layer_classes[i]);
        if (!g.count)
            continue;
        snprintf(value, sizeof value, "%s %%", page_number(geometric_mean(&g), mean, sizeof mean));
        snprintf(label, sizeof label, "of the roofline, %s, %zu layer%s", layer_classes[i], g.count,
                 g.count == 1 ? "" : "s");
        html_figure(m, label, NULL, value);
    }
    markup_end(m);
    json_decref(layers);
}

static void page_head(markup *m, const json_t *document)
{
    const json_t *const device = json_object_get(document, "device");
    const run_counts c = count_rows(json_object_get(document, "rows"));
    markup_start(m, "header");
    markup_leaf(m, "p", "brand", "clConv %s benchmark, %s", report_text(document, "version"),
                report_text(document, "date"));
    markup_leaf(m, "h1", NULL, "%s", report_text(device, "name"));
    markup_leaf(m, "p", "brand", "%s, driver %s", report_text(device, "version"),
                report_text(device, "driver"));
    verdict(m, &c);
    figures(m, document);
    markup_end(m);
}

char *bench_html(const json_t *document, const json_t *comparison)
{
    char title[512];
    markup m = markup_open();
    snprintf(title, sizeof title, "clConv speed on %s",
             report_text(json_object_get(document, "device"), "name"));
    html_open(&m, title, bench_files);
    page_head(&m, document);
    page_compare(&m, comparison);
    page_roofline(&m, document);
    page_rivals(&m, document);
    page_totals(&m, document);
    page_card(&m, document);
    page_rows(&m, document);
    html_close(&m, bench_files);
    return markup_close(&m);
}
