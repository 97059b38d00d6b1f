/* SPDX-License-Identifier: MIT */
/* Writes the elements of plots. */
#include "plot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

double plot_at(const plot_axis *axis, double value)
{
    const double part = log(value / axis->low) / log(axis->high / axis->low);
    return axis->from + part * (axis->to - axis->from);
}

size_t plot_ticks(const plot_axis *axis, double ticks[PLOT_TICKS])
{
    static const double steps[] = {1, 2, 5};
    const size_t used = axis->high / axis->low > 3e3 ? 1 : 3;
    size_t count = 0;
    for (int decade = (int)floor(log10(axis->low)); pow(10, decade) <= axis->high; decade++)
        for (size_t i = 0; i < used && count < PLOT_TICKS; i++) {
            const double tick = steps[i] * pow(10, decade);
            if (tick >= axis->low * 0.999 && tick <= axis->high * 1.001)
                ticks[count++] = tick;
        }
    return count;
}

void plot_open(markup *m, double width, double height, const char *label)
{
    markup_start(m, "svg");
    markup_attribute(m, "xmlns", "http://www.w3.org/2000/svg");
    markup_attribute(m, "viewBox", "0 0 %g %g", width, height);
    markup_attribute(m, "class", "plot");
    markup_attribute(m, "role", "img");
    markup_attribute(m, "aria-label", "%s", label);
}

static void place(markup *m, const char *const names[4], double a, double b, double c, double d)
{
    const double values[] = {a, b, c, d};
    for (size_t i = 0; i < 4; i++)
        markup_attribute(m, names[i], "%.1f", values[i]);
}

void plot_line(markup *m, const char *class_name, double x1, double y1, double x2, double y2)
{
    static const char *const names[] = {"x1", "y1", "x2", "y2"};
    markup_start(m, "line");
    markup_attribute(m, "class", "%s", class_name);
    place(m, names, x1, y1, x2, y2);
    markup_end(m);
}

void plot_bar(markup *m, const char *class_name, double x1, double y, double x2, double height)
{
    static const char *const names[] = {"x", "y", "width", "height"};
    markup_start(m, "rect");
    markup_attribute(m, "class", "%s", class_name);
    place(m, names, fmin(x1, x2), y, fabs(x2 - x1), height);
    markup_end(m);
}

void plot_text(markup *m, const char *class_name, const char *anchor, double x, double y,
               double degrees, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    markup_start(m, "text");
    markup_attribute(m, "class", "%s", class_name);
    markup_attribute(m, "text-anchor", "%s", anchor);
    markup_attribute(m, "transform", "translate(%.1f %.1f) rotate(%.1f)", x, y, degrees);
    markup_text(m, "%s", text);
    markup_end(m);
}

void plot_mark(markup *m, const char *class_name, size_t shape, double x, double y)
{
    /* Circle, square, triangle, diamond, triangle on its tip: told apart without colour, too. */
    static const char *const paths[PLOT_SHAPES] = {
        "m-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z", "m-4,-4h8v8h-8z", "m0,-5.5l5.2,9h-10.4z",
        "m0,-5.7l5.7,5.7l-5.7,5.7l-5.7,-5.7z", "m0,5.5l5.2,-9h-10.4z"};
    markup_start(m, "path");
    markup_attribute(m, "class", "%s", class_name);
    markup_attribute(m, "d", "M%.1f,%.1f%s", x, y, paths[shape]);
}
