/* SPDX-License-Identifier: MIT */
/* Single elements of what a convolution or a gradient writes, by the definition: in double
 * precision, one product at a time. */
#ifndef CLCONV_VERIFY_SUMS_H
#define CLCONV_VERIFY_SUMS_H

#include "verify.h"

typedef struct verify_sum {
    double want, scale; /* scale: the sum of the magnitudes of what is added */
} verify_sum;

/* One of the arrays that some clconv_op writes. */
typedef struct verify_target {
    const char *name; /* of an element, in sentences */
    int array;        /* of arrays.h */
    int64_t (*count)(const clconv_problem *p);
    double (*terms)(const clconv_problem *p); /* of the longest sum, a bias among them */
    verify_sum (*element)(const clconv_problem *p, const verify_inputs *in, int64_t index);
} verify_target;

/* What the op of `p` writes: y, the gradient by x, or the one by w. */
const verify_target *verify_target_of(const clconv_problem *p);
/* What CLCONV_BACKWARD_WEIGHTS writes besides. */
extern const verify_target verify_bias_target;

#endif
