/* SPDX-License-Identifier: MIT */
/* Mistakes that a convolution may make, and what an output would be under each of them. */
#ifndef CLCONV_TWIST_H
#define CLCONV_TWIST_H

#include "data.h"

/* An output, and the output channel whose bias it takes (-1 = none). */
typedef struct aim {
    int64_t n, k, p, q, bias;
} aim;

/* One product of an output: the element of x and the weight. */
typedef struct product {
    int64_t n, block, c, row, column; /* of x; c counts within the block */
    int64_t k, plane, r, s;           /* plane r s of the filter of output channel k */
    bool missing;
} product;

/* A problem with its blocks at hand. twist_view_open is false when the host has no memory. */
typedef struct twist_view {
    const clconv_problem *p;
    const reference *ref;
    data_block *blocks;
} twist_view;
bool twist_view_open(twist_view *v, const clconv_problem *p, const reference *ref);
void twist_view_close(twist_view *v);

/* A mistake changes the parameters, the output's own place, or the places that a product reads. */
typedef struct twist {
    const char *phrase;
    void (*problem)(clconv_problem *p);
    void (*output)(const twist_view *v, aim *out, int64_t by);
    void (*product)(const clconv_problem *p, product *at, int64_t by);
    int64_t by; /* given to `output` and `product` */
} twist;

extern const twist twists[]; /* ended by a NULL phrase */

int64_t twist_block_of(const twist_view *v, int64_t k); /* of an output channel */
double twist_bias_factor(const clconv_problem *p);      /* y = (sum + factor * bias) / divisor */
double twist_divisor(const clconv_problem *p);

typedef struct outcome {
    double value;
    bool edge; /* reads past an end, or meets the image's edge elsewhere: foretells nothing */
    bool seen; /* some product is not zero: the last such one is `last` */
    product last;
} outcome;

/* What output `at` is under a mistake; under none for a twist of zeros. */
outcome twist_outcome(const twist_view *v, const twist *t, aim at);

#endif
