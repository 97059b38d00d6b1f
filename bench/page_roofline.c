/* SPDX-License-Identifier: MIT */
/* The roofline plot: arithmetic intensity against speed, under the ceilings that the same run
 * measured (S. Williams, A. Waterman, D. Patterson, 2009). */
#include "classes.h"
#include "page.h"
#include "plot.h"

#include <math.h>
#include <string.h>

/* The view box: wide enough for labels of 13 pixels to be read on a phone that scrolls. */
static const double width = 900, height = 520, left = 62, right = 886, top = 14, bottom = 468;

/* Neighbouring working sets of about one bandwidth: a level of the memory. */
typedef struct level {
    double least, most; /* bytes */
    double gbps;
} level;
enum { LEVELS = 24 };
static const double same_level = 1.25;

typedef struct roof_view {
    const json_t *document;
    plot_axis x, y; /* FLOP/byte, GFLOP/s */
    double peak;
    level levels[LEVELS]; /* the smallest first */
    size_t count;
} roof_view;

static double intensity(const json_t *row)
{
    return 2 * report_number(row, "macs_inside") / report_number(row, "bytes");
}

static double speed(const json_t *row)
{
    return report_number(row, "gflops_inside");
}

/* ---- Ceilings ------------------------------------------------------------------------------- */

static void find_levels(roof_view *v)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(json_object_get(v->document, "roofline"), "bandwidth"), i,
                       one)
    {
        const double bytes = report_number(one, "bytes");
        const double gbps = fmax(report_number(one, "copy_gbps"), report_number(one, "triad_gbps"));
        level *const last = v->count ? &v->levels[v->count - 1] : NULL;
        if (last && fmax(gbps / last->gbps, last->gbps / gbps) < same_level)
            *last = (level){last->least, bytes, fmax(gbps, last->gbps)};
        else if (v->count < LEVELS)
            v->levels[v->count++] = (level){bytes, bytes, gbps};
    }
}

/* How steep the levels rise, in radians of the picture: speed and intensity grow alike. */
static double slope_of(const roof_view *v)
{
    const double across = (v->x.to - v->x.from) / log(v->x.high / v->x.low);
    return atan2((v->y.from - v->y.to) / log(v->y.high / v->y.low), across);
}

/* Along its line, above where that begins. */
static void level_label(markup *m, const level *l, double x, double y, double slope)
{
    char least[32], most[32], gbps[32];
    const double along = 14, above = 5, degree = acos(-1) / 180;
    html_bytes_text(l->least, least, sizeof least);
    plot_text(m, "ceiling", "start", x + along * cos(slope) - above * sin(slope),
              y - along * sin(slope) - above * cos(slope), -slope / degree, "%s GB/s, %s to %s",
              page_number(l->gbps, gbps, sizeof gbps), l->most > l->least ? least : "",
              html_bytes_text(l->most, most, sizeof most));
}

/* From where it enters the plot to where it meets the peak. Its label is left out where it would
 * touch the previous one; *last is how far across the lines that stood. */
static void level_line(markup *m, const roof_view *v, const level *l, double *last)
{
    const double enters = fmax(v->x.low, v->y.low / l->gbps);
    const double meets = fmin(v->x.high, v->peak / l->gbps);
    const double slope = slope_of(v), apart = 19;
    if (meets <= enters)
        return;
    const double x = plot_at(&v->x, enters), y = plot_at(&v->y, enters * l->gbps);
    const double across = x * sin(slope) + y * cos(slope);
    plot_line(m, "ceiling", x, y, plot_at(&v->x, meets), plot_at(&v->y, meets * l->gbps));
    if (across < *last + apart)
        return;
    level_label(m, l, x, y, slope);
    *last = across;
}

static void ceilings(markup *m, const roof_view *v)
{
    char peak[32];
    double ridge = v->x.high, last = 0;
    for (size_t i = 0; i < v->count; i++) {
        level_line(m, v, &v->levels[i], &last);
        ridge = fmin(ridge, v->peak / v->levels[i].gbps);
    }
    const double y = plot_at(&v->y, v->peak);
    plot_line(m, "ceiling", plot_at(&v->x, fmax(ridge, v->x.low)), y, right, y);
    plot_text(m, "ceiling", "end", right - 6, y - 7, 0, "%s GFLOP/s, peak",
              page_number(v->peak, peak, sizeof peak));
}

/* ---- Frame ---------------------------------------------------------------------------------- */

static void frame(markup *m, const roof_view *v)
{
    double ticks[PLOT_TICKS];
    size_t count = plot_ticks(&v->x, ticks);
    for (size_t i = 0; i < count; i++) {
        const double x = plot_at(&v->x, ticks[i]);
        plot_line(m, "grid", x, top, x, bottom);
        plot_text(m, "tick", "middle", x, bottom + 19, 0, "%g", ticks[i]);
    }
    count = plot_ticks(&v->y, ticks);
    for (size_t i = 0; i < count; i++) {
        const double y = plot_at(&v->y, ticks[i]);
        plot_line(m, "grid", left, y, right, y);
        plot_text(m, "tick", "end", left - 8, y + 4.5, 0, "%g", ticks[i]);
    }
    plot_text(m, "axis", "middle", (left + right) / 2, height - 10, 0,
              "arithmetic intensity, FLOP/byte");
    plot_text(m, "axis", "middle", 14, (top + bottom) / 2, -90, "GFLOP/s");
}

/* Low and high of all points, of the peak and of where the levels meet it, with some air. */
static void fit(roof_view *v)
{
    size_t i;
    json_t *row;
    v->peak = report_number(json_object_get(v->document, "roofline"), "gflops");
    v->x = (plot_axis){.low = 1, .high = 10, .from = left, .to = right};
    v->y = (plot_axis){.low = v->peak / 10, .high = v->peak, .from = bottom, .to = top};
    find_levels(v);
    for (i = 0; i < v->count; i++)
        v->x.low = fmin(v->x.low, v->peak / v->levels[i].gbps / 3);
    json_array_foreach(json_object_get(v->document, "rows"), i, row)
    {
        if (report_rival(row) || !(speed(row) > 0))
            continue;
        v->x.low = fmin(v->x.low, intensity(row));
        v->x.high = fmax(v->x.high, intensity(row));
        v->y.low = fmin(v->y.low, speed(row));
        v->y.high = fmax(v->y.high, speed(row));
    }
    v->x.low /= 1.3;
    v->x.high *= 1.3;
    v->y.low /= 1.3;
    v->y.high *= 1.6;
}

/* ---- Points --------------------------------------------------------------------------------- */

static size_t class_index(const json_t *row)
{
    const char *const name = report_text(row, "class");
    size_t i = 0;
    while (i + 1 < LAYER_CLASSES && strcmp(layer_classes[i], name) != 0)
        i++;
    return i;
}

static void point(markup *m, const roof_view *v, const json_t *row)
{
    char style[32], ms[32], roof[32], gflops[32], algo[64];
    const size_t class = class_index(row);
    snprintf(style, sizeof style, "k%zu%s", class,
             strcmp(report_text(row, "status"), "OK") == 0 ? "" : " weak");
    plot_mark(m, style, class, plot_at(&v->x, intensity(row)), plot_at(&v->y, speed(row)));
    markup_leaf(m, "title", NULL, "%s %s\n%s\n%s: %s ms, %s GFLOP/s, %s %% of the roofline, %s",
                report_text(row, "model"), report_text(row, "layer"), report_text(row, "case"),
                page_algo(row, algo, sizeof algo),
                page_number(report_number(row, "median_ms"), ms, sizeof ms),
                page_number(speed(row), gflops, sizeof gflops),
                page_number(report_number(row, "roof_pct"), roof, sizeof roof),
                report_text(row, "status"));
    markup_end(m);
}

/* Returns how many, for each class. */
static void points(markup *m, const roof_view *v, size_t counts[LAYER_CLASSES])
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(v->document, "rows"), i, row)
    {
        if (report_rival(row) || !(speed(row) > 0))
            continue;
        point(m, v, row);
        counts[class_index(row)]++;
    }
}

static void legend(markup *m, const size_t counts[LAYER_CLASSES])
{
    char style[8];
    markup_start(m, "p");
    markup_attribute(m, "class", "legend");
    for (size_t i = 0; i < LAYER_CLASSES; i++) {
        if (!counts[i])
            continue;
        snprintf(style, sizeof style, "k%zu", i);
        markup_start(m, "span");
        plot_open(m, 14, 14, "");
        plot_mark(m, style, i, 7, 7);
        markup_end(m);
        markup_end(m);
        markup_text(m, " %s, %zu", layer_classes[i], counts[i]);
        markup_end(m);
    }
    markup_end(m);
}

void page_roofline(markup *m, const json_t *document)
{
    roof_view v = {.document = document};
    size_t counts[LAYER_CLASSES] = {0};
    fit(&v);
    if (!(v.peak > 0))
        return;
    html_section(m, "Roofline");
    markup_start(m, "div");
    markup_attribute(m, "class", "wide");
    plot_open(m, width, height, "Speed of every layer under the ceilings of the device");
    frame(m, &v);
    ceilings(m, &v);
    points(m, &v, counts);
    markup_end(m);
    markup_end(m);
    legend(m, counts);
    markup_leaf(m, "p", "note",
                "A point is a layer, hollow where its time is not steady; padding taps are not "
                "counted, bytes are what must be moved once. Lines: what this device did in the "
                "same run, multiply-adds and copies of working sets of these sizes.");
    markup_end(m);
}
