/* SPDX-License-Identifier: MIT */
/* Where the cases of a run lie, and where they fail: counts over two parameters at a time. */
#ifndef CLCONV_HEAT_H
#define CLCONV_HEAT_H

#include "report.h"

enum { HEAT_BINS = 10, HEAT_MAPS = 6 };

/* One parameter, cut into bins: bin i holds edges[i] .. edges[i + 1] - 1, the last one is open.
 * Edges end at 0. Bins of what is no number have words. */
typedef struct heat_axis {
    const char *name;
    int64_t (*value)(const case_spec *c);
    int64_t edges[HEAT_BINS + 1];
    const char *words[HEAT_BINS];
} heat_axis;

typedef struct heat_cell {
    size_t run, failed;
} heat_cell;

typedef struct heat_map {
    const char *title;
    heat_axis down, across;
    heat_cell cells[HEAT_BINS][HEAT_BINS]; /* [down][across] */
} heat_map;

/* R x S, stride, dilation, groups x channels, direction x padding mode, type x direction and
 * layout: empty. */
extern const heat_map heat_maps[HEAT_MAPS];

/* Counts every case that ran. */
void heat_count(const report *r, heat_map maps[HEAT_MAPS]);

/* "3", "8-11", "12+" or a word. Returns text. */
const char *heat_label(const heat_axis *axis, size_t bin, char *text, size_t room);

#endif
