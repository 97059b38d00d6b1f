/* SPDX-License-Identifier: MIT */
/* Plots as inline SVG, as far as the report needs them: logarithmic axes, lines, marks, bars. No C
 * library of Debian writes SVG without a file, a font or a display of its own. */
#ifndef CLCONV_PLOT_H
#define CLCONV_PLOT_H

#include "markup.h"

#include <stddef.h>

/* Values low..high on the way from `from` to `to`, in pixels of the view box. */
typedef struct plot_axis {
    double low, high;
    double from, to;
} plot_axis;

double plot_at(const plot_axis *axis, double value);

enum { PLOT_TICKS = 32 };
/* Round numbers (1, 2, 5 of each decade, or 1 alone where decades are many); how many. */
size_t plot_ticks(const plot_axis *axis, double ticks[PLOT_TICKS]);

/* <svg>, closed by markup_end; `label` is what a reader hears who does not see it. */
void plot_open(markup *m, double width, double height, const char *label);

void plot_line(markup *m, const char *class_name, double x1, double y1, double x2, double y2);
void plot_bar(markup *m, const char *class_name, double x1, double y, double x2, double height);
/* Anchor: start, middle or end; turned by `degrees`. */
void plot_text(markup *m, const char *class_name, const char *anchor, double x, double y,
               double degrees, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* A mark of one of these shapes around x, y, closed by markup_end; a <title> may stand in it. */
enum { PLOT_SHAPES = 5 };
void plot_mark(markup *m, const char *class_name, size_t shape, double x, double y);

#endif
