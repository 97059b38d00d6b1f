/* SPDX-License-Identifier: MIT */
/* Data whose sums are exact in float, and what the outputs must be. Shares no code with the
 * library. */
#ifndef CLCONV_VERIFY_H
#define CLCONV_VERIFY_H

#include "clconv/clconv.h"

#include <stdbool.h>
#include <stddef.h>

/* What the op of a problem reads, as host memory; b is NULL without bias. */
typedef struct verify_inputs {
    const float *x, *w, *b, *y;
} verify_inputs;

/* The largest whole number in the inputs at which every partial sum of an output (of a gradient: of
 * one of its elements) stays within 2^24 and so is exact in any order; 0 when an output sums too
 * many products for that. */
int verify_amplitude(const clconv_problem *p);

/* Fills with whole numbers from -amplitude to amplitude, 0 left out. */
void verify_fill(float *data, size_t count, int amplitude, uint64_t seed);

enum { VERIFY_SAMPLES = 4096 };

/* What some elements of an array must be: the first, the last and others spread between, fewer of
 * them where each sums very many products. */
typedef struct verifier {
    const char *name; /* of an element */
    size_t outputs, count;
    size_t at[VERIFY_SAMPLES];
    double want[VERIFY_SAMPLES];
    double scale[VERIFY_SAMPLES]; /* sum of the magnitudes of what is added */
} verifier;

/* Of what the op of `p` writes: y, or the gradient by x or by w; and of the gradient by b. */
void verify_prepare(const clconv_problem *p, const verify_inputs *in, verifier *out);
void verify_prepare_bias(const clconv_problem *p, const verify_inputs *in, verifier *out);

/* Whether no element of `y` is NaN, which it was filled with, and the sampled ones are right: to
 * the bit if `exact`, else within 1e-5 of their scale. False with a sentence that names the first
 * wrong one.
 */
bool verify_outputs(const verifier *v, const float *y, bool exact, char *why, size_t room);

#endif
