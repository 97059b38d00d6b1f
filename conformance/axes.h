/* SPDX-License-Identifier: MIT */
/* The axes a convolution varies along, and case lists made from them: by covering
 * pairs or triples, and by seeded draws. */
#ifndef CLCONV_AXES_H
#define CLCONV_AXES_H

#include "case.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* R to DW are chosen together, as one row of filter_pool: programs depend on these six, so a
 * bounded pool bounds what a cold cache has to compile. */
enum {
    AXIS_N,
    AXIS_IN, /* input channels per group, so that every combination is legal */
    AXIS_OUT,
    AXIS_GROUPS,
    AXIS_H,
    AXIS_W,
    AXIS_R,
    AXIS_S,
    AXIS_SH,
    AXIS_SW,
    AXIS_DH,
    AXIS_DW,
    AXIS_TOP,
    AXIS_BOTTOM,
    AXIS_LEFT,
    AXIS_RIGHT,
    AXIS_BIAS,
    AXIS_COUNT
};

enum { AXES_MOST_VALUES = 128 }; /* of all axes together */
enum { AXIS_MAX_VALUES = 11, FILTER_FIELDS = AXIS_DW - AXIS_R + 1 };

/* A padding that depends on the filter's length on its axis. */
enum { PAD_KERNEL_LESS_ONE = -1, PAD_KERNEL = -2 };

typedef struct axis {
    const char *name;
    int count;
    int values[AXIS_MAX_VALUES];
} axis;

extern const axis axes[AXIS_COUNT];

/* At most 40 rows of R, S, stride_h, stride_w, dilation_h, dilation_w that hold every pair of
 * values of two of the six. Row 0 is the pointwise filter. */
extern const int filter_pool[][FILTER_FIELDS];
extern const size_t filter_pool_count;

enum { FILTER_ROOM = 256 };
typedef struct filter_set {
    size_t count;
    int at[FILTER_ROOM][FILTER_FIELDS];
} filter_set;

/* A value per axis; AXIS_UNSET where none is chosen yet. */
enum { AXIS_UNSET = -9 };
typedef struct axis_row {
    int value[AXIS_COUNT];
} axis_row;

/* Whether the unset axes can be filled so that the output is not empty. */
bool axes_feasible(const axis_row *row);

void axes_clear(axis_row *row);
/* Sets R to DW; false when the row says otherwise already or the filter does not fit. */
bool axes_take_filter(axis_row *row, const int filter[FILTER_FIELDS]);
/* Whether some filter of the set completes the row. */
bool axes_completable(const axis_row *row, const filter_set *filters);

/* ---- Covers: cover.c. `strength` 2 = pairs, 3 = triples; always the same rows. -------------- */

/* The filters that a cover takes: for pairs the pool; for triples the pool and what it takes to
 * hold every triple of values of three of the six, or triples of R, S, stride and dilation would
 * count as impossible. False without memory. */
bool axes_filters(int strength, filter_set *out);

/* Rows that hold every pair or triple of values of different axes that some filter of the set
 * completes; malloc'ed, NULL without memory. */
axis_row *axes_cover(int strength, size_t *count);

/* The numbers of a complete row's values, counted through all axes. */
void axes_number(const axis_row *row, int number[AXIS_COUNT]);
/* The convolution a complete row says. */
void axes_problem(const axis_row *row, case_spec *out);

/* The next number of a splitmix64 sequence (Steele, Lea, Flood 2014); *state is its position. */
uint64_t axes_random(uint64_t *state);

#endif
