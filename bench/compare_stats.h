/* SPDX-License-Identifier: MIT */
/* Whether two samples of times differ, and by how much. */
#ifndef CLCONV_COMPARE_STATS_H
#define CLCONV_COMPARE_STATS_H

#include <stddef.h>
#include <stdint.h>

/* A sample: `count` >= 1 times, ascending. */
typedef struct sample {
    const double *times;
    size_t count;
} sample;

double sample_median(sample s);

/* Mann and Whitney: u counts the pairs in which a's time is the longer one, ties half; p is
 * two-sided, by the normal approximation with corrections for ties and continuity. */
typedef struct rank_test {
    double u, p;
} rank_test;

rank_test rank_test_of(sample a, sample b);

/* median(a) / median(b), and the 95 % percentile interval of its bootstrap, which the seed decides.
 */
typedef struct ratio_interval {
    double ratio, low, high;
} ratio_interval;

/* low and high are NAN without memory. */
ratio_interval ratio_of(sample a, sample b, uint64_t seed);

#endif
