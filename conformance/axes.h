/* SPDX-License-Identifier: MIT */
/* The axes a convolution varies along, and case lists made from them: pairwise and by seeded draws.
 */
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

/* A value per axis; AXIS_UNSET where none is chosen yet. */
enum { AXIS_UNSET = -9 };
typedef struct axis_row {
    int value[AXIS_COUNT];
} axis_row;

/* Whether the unset axes can be filled so that the output is not empty. */
bool axes_feasible(const axis_row *row);

/* Whether some feasible row of the pool has value a on axis i and value b on axis j. */
bool axes_pair_feasible(int i, int a, int j, int b);

/* Rows that hold every feasible pair of values of any two axes; malloc'ed. Always the same. */
axis_row *axes_pairs(size_t *count);

/* The convolution a complete row says. */
void axes_problem(const axis_row *row, case_spec *out);

/* The next number of a splitmix64 sequence (Steele, Lea, Flood 2014); *state is its position. */
uint64_t axes_random(uint64_t *state);

#endif
