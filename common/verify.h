/* SPDX-License-Identifier: MIT */
/* Data whose sums are exact in any order, and what the outputs must be. Shares no code with the
 * library. */
#ifndef CLCONV_VERIFY_H
#define CLCONV_VERIFY_H

#include "clconv/clconv.h"

#include <stdbool.h>
#include <stddef.h>

/* What the op of a problem reads, counted as in arrays.h, whatever it is in the device's memory; b
 * is NULL without bias. */
typedef struct verify_inputs {
    const float *x, *w, *b, *y;
} verify_inputs;

/* The largest whole number in the inputs. Every partial sum of an output (of a gradient: of one of
 * its elements) is exact with it, in any order: it stays within 2^24, and of bytes below 2^31. An
 * output of 16 bits is exact, too, within 2^11 (float16) or 2^8 (bfloat16), where one is enough for
 * that; of longer sums of ones it is the exact sum, rounded once. 0 = an output sums too many
 * products: over verify_most_terms. */
int verify_amplitude(const clconv_problem *p);
double verify_terms(const clconv_problem *p);
double verify_most_terms(const clconv_problem *p);

/* Fills with whole numbers that `dtype` has, from -amplitude to amplitude, 0 left out. */
void verify_fill(float *data, size_t count, int32_t dtype, int amplitude, uint64_t seed);

enum { VERIFY_SAMPLES = 4096 };

/* What some elements of an array must be: the first, the last and others spread between, fewer of
 * them where each sums very many products. */
typedef struct verifier {
    const char *name; /* of an element */
    int32_t dtype;
    size_t outputs, count;
    size_t at[VERIFY_SAMPLES];    /* counted as in arrays.h */
    size_t place[VERIFY_SAMPLES]; /* in memory */
    double want[VERIFY_SAMPLES];
    double scale[VERIFY_SAMPLES]; /* sum of the magnitudes of what is added */
} verifier;

/* Of what the op of `p` writes: y, or the gradient by x or by w; and of the gradient by b. */
void verify_prepare(const clconv_problem *p, const verify_inputs *in, verifier *out);
void verify_prepare_bias(const clconv_problem *p, const verify_inputs *in, verifier *out);

/* Whether each element of `y`, the array in memory, was written (see element_unset) and the sampled
 * ones are right: to the bit if `exact`, else within 1e-5 of their scale. False with a sentence
 * that names the first wrong one. */
bool verify_outputs(const verifier *v, const void *y, bool exact, char *why, size_t room);

#endif
