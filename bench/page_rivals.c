/* SPDX-License-Identifier: MIT */
/* What the rivals take for what clConv takes 1: by class, and as bars per layer. */
#include "classes.h"
#include "contestant.h"
#include "page.h"
#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HUES = 5 };

typedef struct rivalry {
    json_t *layers; /* sets of rows (report_layers) */
    size_t count;
    const char *algos[RIVALS_MOST];
} rivalry;

/* NAN where one of the two has no time. */
static double times_ours(const json_t *rows, const char *algo)
{
    const json_t *const ours = report_ours(rows), *const rival = report_of(rows, algo);
    return ours && rival ? report_number(rival, "median_ms") / report_number(ours, "median_ms")
                         : NAN;
}

static const char *name_of(const char *algo)
{
    return strchr(algo, ':') + 1;
}

/* Over the sets whose `key` is `value`, or all for NULL. */
static geometric mean_times(const rivalry *r, size_t rival, const char *key, const char *value)
{
    const char *name;
    json_t *rows;
    geometric g = {0};
    json_object_foreach(r->layers, name, rows)
    {
        if (!key || strcmp(report_text(json_array_get(rows, 0), key), value) == 0)
            geometric_add(&g, times_ours(rows, r->algos[rival]));
    }
    return g;
}

/* ---- By class ------------------------------------------------------------------------------- */

static void class_row(markup *m, const rivalry *r, const char *title, const char *class)
{
    size_t most = 0;
    geometric means[RIVALS_MOST];
    for (size_t i = 0; i < r->count; i++) {
        means[i] = mean_times(r, i, class ? "class" : NULL, class);
        most = means[i].count > most ? means[i].count : most;
    }
    if (!most)
        return;
    markup_start(m, "tr");
    markup_leaf(m, "td", NULL, "%s", title);
    markup_leaf(m, "td", "number", "%zu", most);
    for (size_t i = 0; i < r->count; i++)
        page_cell(m, NULL, geometric_mean(&means[i]));
    markup_end(m);
}

static void class_table(markup *m, const rivalry *r)
{
    char titles[RIVALS_MOST][64];
    html_column columns[RIVALS_MOST + 2] = {{"class", false}, {"layers", true}};
    for (size_t i = 0; i < r->count; i++) {
        snprintf(titles[i], sizeof titles[i], "%s / clConv", name_of(r->algos[i]));
        columns[i + 2] = (html_column){titles[i], true};
    }
    html_table(m, "rivals", columns, r->count + 2);
    for (size_t i = 0; i < LAYER_CLASSES; i++)
        class_row(m, r, layer_classes[i], layer_classes[i]);
    class_row(m, r, "all", NULL);
    html_table_end(m);
}

/* ---- Bars ----------------------------------------------------------------------------------- */

static const double width = 900, left = 250, right = 820, bar = 13, gap = 9, head = 26;

static size_t rivals_of(const rivalry *r, const json_t *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (!isnan(times_ours(rows, r->algos[i])))
            count++;
    return count;
}

static double layer_height(const rivalry *r, const json_t *rows)
{
    const size_t bars = rivals_of(r, rows);
    return bars ? bar * (double)bars + gap : 0;
}

/* The end of a name that does not fit: there layers differ. */
static void layer_label(const json_t *row, char *text, size_t room)
{
    char batch[24] = "";
    const char *const name = report_text(row, "layer");
    if (report_number(row, "batch") > 1)
        snprintf(batch, sizeof batch, ", batch %g", report_number(row, "batch"));
    const size_t most = 33 - strlen(batch), length = strlen(name);
    snprintf(text, room, "%s%s%s", length > most ? "..." : "",
             length > most ? name + length - most + 3 : name, batch);
}

static void layer_bars(markup *m, const rivalry *r, const json_t *rows, const plot_axis *x,
                       double y)
{
    char text[32], style[16], label[64];
    const json_t *const first = json_array_get(rows, 0);
    const double middle = y + (layer_height(r, rows) - gap) / 2 - 1;
    layer_label(first, label, sizeof label);
    plot_text(m, "label", "end", left - 12, middle, 0, "%s", label);
    for (size_t i = 0; i < r->count; i++) {
        const double times = times_ours(rows, r->algos[i]);
        if (isnan(times))
            continue;
        const double end = plot_at(x, times);
        snprintf(style, sizeof style, "r%zu", i % HUES);
        plot_bar(m, style, plot_at(x, 1), y, end, bar - 2);
        plot_text(m, "value", "start", fmax(end, plot_at(x, 1)) + 6, y + bar - 3, 0, "%s",
                  page_number(times, text, sizeof text));
        y += bar;
    }
}

/* What all layers of one model share: an axis wide enough for every bar. */
static plot_axis axis_of(const rivalry *r, const char *model)
{
    const char *name;
    json_t *rows;
    plot_axis x = {.low = 0.8, .high = 2, .from = left, .to = right};
    json_object_foreach(r->layers, name, rows)
    {
        for (size_t i = 0; i < r->count; i++) {
            const double times = times_ours(rows, r->algos[i]);
            if (strcmp(report_text(json_array_get(rows, 0), "model"), model) != 0 || isnan(times))
                continue;
            x.low = fmin(x.low, times / 1.05);
            x.high = fmax(x.high, times * 1.05);
        }
    }
    return x;
}

static void bars_frame(markup *m, const plot_axis *x, double height)
{
    double ticks[PLOT_TICKS];
    const size_t count = plot_ticks(x, ticks);
    for (size_t i = 0; i < count; i++) {
        const double at = plot_at(x, ticks[i]);
        plot_line(m, ticks[i] == 1 ? "one" : "grid", at, head - 6, at, height);
        plot_text(m, "tick", "middle", at, head - 12, 0, "%g", ticks[i]);
    }
}

static void model_plot(markup *m, const rivalry *r, const char *model)
{
    const char *name;
    json_t *rows;
    double height = head + gap, y = head + gap / 2;
    const plot_axis x = axis_of(r, model);
    json_object_foreach(r->layers, name, rows)
    {
        if (strcmp(report_text(json_array_get(rows, 0), "model"), model) == 0)
            height += layer_height(r, rows);
    }
    plot_open(m, width, height, "Times of the rivals over ours, layer by layer");
    bars_frame(m, &x, height);
    json_object_foreach(r->layers, name, rows)
    {
        if (strcmp(report_text(json_array_get(rows, 0), "model"), model) != 0)
            continue;
        if (rivals_of(r, rows))
            layer_bars(m, r, rows, &x, y);
        y += layer_height(r, rows);
    }
    markup_end(m);
}

static void model_bars(markup *m, const rivalry *r, const char *model, bool open)
{
    char text[32];
    markup_start(m, "details");
    if (open)
        markup_attribute(m, "open", "open");
    markup_start(m, "summary");
    markup_leaf(m, "b", NULL, "%s", model);
    for (size_t i = 0; i < r->count; i++) {
        const geometric g = mean_times(r, i, "model", model);
        if (g.count)
            markup_leaf(m, "span", "note", "%s %s over %zu layers", name_of(r->algos[i]),
                        page_number(geometric_mean(&g), text, sizeof text), g.count);
    }
    markup_end(m);
    markup_start(m, "div");
    markup_attribute(m, "class", "wide");
    model_plot(m, r, model);
    markup_end(m);
    markup_end(m);
}

static void legend(markup *m, const rivalry *r)
{
    char style[16];
    markup_start(m, "p");
    markup_attribute(m, "class", "legend");
    for (size_t i = 0; i < r->count; i++) {
        snprintf(style, sizeof style, "r%zu", i % HUES);
        markup_start(m, "span");
        plot_open(m, 14, 14, "");
        plot_bar(m, style, 1, 3, 13, 9);
        markup_end(m);
        markup_text(m, " %s", name_of(r->algos[i]));
        markup_end(m);
    }
    markup_end(m);
}

void page_rivals(markup *m, const json_t *document)
{
    static const char *const keys[] = {"model", NULL};
    const char *name;
    json_t *rows, *algos = report_algos(document, true), *models = report_sets(document, keys);
    rivalry r = {.layers = report_layers(document)};
    for (; r.count < RIVALS_MOST && r.count < json_array_size(algos); r.count++)
        r.algos[r.count] = json_string_value(json_array_get(algos, r.count));
    if (r.count) {
        bool open = true;
        html_section(m, "Beside rivals");
        class_table(m, &r);
        markup_leaf(
            m, "p", "note",
            "The rival's time over clConv's, as geometric mean: 2 means that clConv is "
            "twice as fast. Where clConv ran several algorithms, the fastest counts. The bars "
            "show the same for each layer, on a logarithmic scale.");
        legend(m, &r);
        json_object_foreach(models, name, rows)
        {
            model_bars(m, &r, report_text(json_array_get(rows, 0), "model"), open);
            open = false;
        }
        markup_end(m);
    }
    json_decref(algos);
    json_decref(models);
    json_decref(r.layers);
}
