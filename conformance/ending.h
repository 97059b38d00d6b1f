/* SPDX-License-Identifier: MIT */
/* What becomes of the oracles' values before they are stored. */
#ifndef CLCONV_ENDING_H
#define CLCONV_ENDING_H

#include "suite.h"

/* Whether the problem has an activation, a residual or factors. */
bool has_epilogue(const clconv_problem *p);
int32_t ending_activation(const clconv_problem *p);

/* The residual for the values `want`, numbers of y's type. `special` = -0, infinities and NaN are
 * among them. */
void ending_residual(const clconv_problem *p, uint64_t seed, bool special, const double *want,
                     size_t count, double *out);

typedef struct ending_terms {
    double alpha, beta;
    const double *residual; /* NULL = none */
    bool exact; /* `want` becomes what the type's arithmetic gives, not the real value */
} ending_terms;

/* Turns values of the convolution, and what their bounds scale with, into those of the output. */
void ending_apply(const clconv_problem *p, const ending_terms *t, size_t count, double *want,
                  double *mag);
/* Of judge_rule: `more` and `growth`. */
int64_t ending_roundings(const clconv_problem *p);
double ending_growth(const clconv_problem *p);

/* Adds `sign` times their zero points to x and w, where the problem has such: -1 makes of bytes
 * what they stand for, but for the scale, +1 bytes again. */
void ending_shift(const clconv_problem *p, double sign, size_t x_count, double *x, double *w);
/* Makes of sums the bytes that y has, where it has such. */
void ending_quantise(const clconv_problem *p, const oracle_shape *shape, double *want);

#endif
