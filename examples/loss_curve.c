/* SPDX-License-Identifier: MIT */
/* A curve of losses as a picture: an SVG without scripts, for any browser. */
#include "loss_curve.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 720, HEIGHT = 420, LEFT = 76, RIGHT = 24, TOP = 52, BOTTOM = 56 };
enum { PLOT_WIDTH = WIDTH - LEFT - RIGHT, PLOT_HEIGHT = HEIGHT - TOP - BOTTOM };

/* Whole decades below and above every loss. */
typedef struct decades {
    int low, high;
} decades;

static decades decades_of(const double *loss, size_t steps)
{
    double least = loss[0], most = loss[0];
    for (size_t i = 1; i < steps; i++) {
        least = fmin(least, loss[i]);
        most = fmax(most, loss[i]);
    }
    const int low = (int)floor(log10(least)), high = (int)ceil(log10(most));
    return (decades){low, high > low ? high : low + 1};
}

static double x_of(size_t step, size_t steps)
{
    return LEFT + PLOT_WIDTH * (double)step / (double)(steps > 1 ? steps - 1 : 1);
}

static double y_of(const decades *d, double logarithm)
{
    return TOP + PLOT_HEIGHT * (d->high - logarithm) / (d->high - d->low);
}

static void write_loss_axis(FILE *file, const decades *d)
{
    for (int decade = d->low; decade <= d->high; decade++) {
        const double y = y_of(d, decade);
        fprintf(file,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4, pow(10, decade));
    }
    fprintf(file,
            "<text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\">loss</text>\n",
            TOP + PLOT_HEIGHT / 2);
}

/* The least of 1, 2, 5, 10, ... that makes seven ticks or fewer. */
static size_t tick_distance(size_t steps)
{
    for (size_t power = 1;; power *= 10)
        for (size_t i = 0; i < 3; i++) {
            const size_t distance = (size_t[]){1, 2, 5}[i] * power;
            if (steps / distance <= 6 || distance > steps)
                return distance;
        }
}

static void write_step_axis(FILE *file, size_t steps)
{
    const size_t distance = tick_distance(steps);
    for (size_t step = 0; step < steps; step += distance) {
        const double x = x_of(step, steps);
        fprintf(file,
                "<path class=\"grid\" d=\"M%.1f %dV%d\"/>\n"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%zu</text>\n",
                x, TOP, TOP + PLOT_HEIGHT, x, TOP + PLOT_HEIGHT + 18, step);
    }
    fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">step</text>\n",
            LEFT + PLOT_WIDTH / 2, HEIGHT - 14);
}

static void write_picture(FILE *file, const char *title, const double *loss, size_t steps)
{
    const decades d = decades_of(loss, steps);
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\">\n<title>%s</title>\n"
            "<style>text{font:13px sans-serif;fill:#222}.grid{stroke:#ddd}"
            ".curve{stroke:#1f5fa8;stroke-width:1.5;fill:none}</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"%d\" y=\"28\" style=\"font-size:16px\">%s</text>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, title, LEFT, title);
    write_loss_axis(file, &d);
    write_step_axis(file, steps);
    fprintf(file, "<path class=\"curve\" d=\"");
    for (size_t i = 0; i < steps; i++)
        fprintf(file, "%c%.1f %.1f", i ? 'L' : 'M', x_of(i, steps), y_of(&d, log10(loss[i])));
    fprintf(file, "\"/>\n</svg>\n");
}

bool loss_curve_write(const char *path, const char *title, const double *loss, size_t steps)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        return false;
    }
    write_picture(file, title, loss, steps);
    const bool good = !ferror(file);
    if (fclose(file) == 0 && good)
        return true;
    perror(path);
    remove(path);
    return false;
}
