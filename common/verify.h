/* SPDX-License-Identifier: MIT */
/* Data whose sums are exact in float, and what the outputs must be. Shares no code with the
 * library. */
#ifndef CLCONV_VERIFY_H
#define CLCONV_VERIFY_H

#include "clconv/clconv.h"

#include <stdbool.h>
#include <stddef.h>

/* x, w and b as host memory; b is NULL without bias. */
typedef struct verify_inputs {
    const float *x, *w, *b;
} verify_inputs;

/* The largest whole number in x, w and b at which every partial sum of an output stays within 2^24
 * and so is exact in any order; 0 when an output sums too many products for that. */
int verify_amplitude(const clconv_problem *p);

/* Fills with whole numbers from -amplitude to amplitude, 0 left out. */
void verify_fill(float *data, size_t count, int amplitude, uint64_t seed);

enum { VERIFY_SAMPLES = 4096 };

/* What some outputs must be: the first, the last and others spread over all of y. */
typedef struct verifier {
    size_t outputs, count;
    size_t at[VERIFY_SAMPLES];
    double want[VERIFY_SAMPLES];
    double scale[VERIFY_SAMPLES]; /* sum of the magnitudes of what is added */
} verifier;

void verify_prepare(const clconv_problem *p, const verify_inputs *in, verifier *out);

/* Whether no output is NaN, which y was filled with, and the sampled ones are right: to the bit if
 * `exact`, else within 1e-5 of their scale. False with a sentence that names the first wrong one.
 */
bool verify_outputs(const verifier *v, const float *y, bool exact, char *why, size_t room);

#endif
