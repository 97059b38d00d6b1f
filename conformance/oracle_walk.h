/* SPDX-License-Identifier: MIT */
/* What the first oracle walks over: oracle.c for y, oracle_gradients.c for the gradients. */
#ifndef CLCONV_ORACLE_WALK_H
#define CLCONV_ORACLE_WALK_H

#include "suite.h"

/* Channels of one group: block g of x, w and y. A shared kernel is C groups of one input channel
 * that all use the same filters; with a reduction they also all add into the same outputs. */
typedef struct block {
    int64_t in_first, in_count, out_first, out_count;
    size_t w_first, b_first;
} block;

int64_t oracle_block_count(const clconv_problem *p);
block oracle_first_block(const clconv_problem *p);
/* Block number g, from block g - 1. */
block oracle_next_block(const clconv_problem *p, block now, int64_t g);

/* Positions [first, end) along an axis at which something of the image stands: the image, and the
 * padding that is made of it. */
int64_t oracle_first_position(const clconv_problem *p, int axis);
int64_t oracle_end_position(const clconv_problem *p, int axis);
/* The row or column of the image that stands at one of them. */
int64_t oracle_shown(const clconv_problem *p, int axis, int64_t position);
/* The output row that what stands at `at` reaches through tap `tap`, or -1. */
int64_t oracle_reached(const clconv_problem *p, int axis, int64_t at, int64_t tap, int64_t outputs);

/* oracle_scatter of a gradient; want and mag are 0 before. */
void oracle_scatter_gradient(const clconv_problem *p, const oracle_shape *shape,
                             const oracle_inputs *in, double *want, double *mag, int64_t *terms);

#endif
