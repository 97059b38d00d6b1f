/* SPDX-License-Identifier: MIT */
/* The statistics of a comparison. Timings are neither normal nor free of outliers, so both are of
 * ranks: H. B. Mann and D. R. Whitney, 1947; B. Efron's percentile bootstrap, 1979. */
#include "compare_stats.h"

#include "stats.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 1000 };

double sample_median(sample s)
{
    return (s.times[(s.count - 1) / 2] + s.times[s.count / 2]) / 2;
}

/* ---- Mann and Whitney ----------------------------------------------------------------------- */

/* How many times of the sample, from `at` on, equal `value`. */
static size_t run_of(sample s, size_t at, double value)
{
    size_t count = 0;
    while (at + count < s.count && s.times[at + count] == value)
        count++;
    return count;
}

/* Two-sided, of a standard normal deviate. */
static double normal_p(double z)
{
    return erfc(z / sqrt(2));
}

rank_test rank_test_of(sample a, sample b)
{
    const double n = (double)a.count, m = (double)b.count, all = n + m;
    double u = 0, ties = 0;
    for (size_t i = 0, j = 0; i < a.count || j < b.count;) {
        const double next =
            j == b.count || (i < a.count && a.times[i] <= b.times[j]) ? a.times[i] : b.times[j];
        const size_t in_a = run_of(a, i, next), in_b = run_of(b, j, next);
        const double equal = (double)(in_a + in_b);
        u += (double)in_a * ((double)j + (double)in_b / 2);
        ties += equal * equal * equal - equal;
        i += in_a;
        j += in_b;
    }
    const double deviation = sqrt(n * m / 12 * (all + 1 - ties / (all * (all - 1))));
    const double distance = fmax(0, fabs(u - n * m / 2) - 0.5);
    return (rank_test){.u = u, .p = deviation > 0 ? normal_p(distance / deviation) : 1};
}

/* ---- Bootstrap ------------------------------------------------------------------------------ */

typedef struct draws {
    uint64_t seed, count;
} draws;

static size_t draw_below(draws *d, size_t limit)
{
    const uint64_t bits = XXH3_64bits_withSeed(&d->count, sizeof d->count, d->seed) >> 32;
    d->count++;
    return (size_t)(bits * limit >> 32);
}

/* The time at `rank` of the sample in which times[i] occurs counts[i] times. */
static double time_at(sample s, const size_t *counts, size_t rank)
{
    size_t i = 0;
    for (size_t below = counts[0]; below <= rank; below += counts[i])
        i++;
    return s.times[i];
}

/* The median of as many times, drawn with replacement. Counting needs no sorting. */
static double resampled_median(sample s, draws *d, size_t *counts)
{
    memset(counts, 0, s.count * sizeof *counts);
    for (size_t i = 0; i < s.count; i++)
        counts[draw_below(d, s.count)]++;
    return (time_at(s, counts, (s.count - 1) / 2) + time_at(s, counts, s.count / 2)) / 2;
}

ratio_interval ratio_of(sample a, sample b, uint64_t seed)
{
    double ratios[RESAMPLES];
    draws d = {.seed = seed};
    ratio_interval r = {sample_median(a) / sample_median(b), NAN, NAN};
    size_t *const counts = malloc((a.count > b.count ? a.count : b.count) * sizeof *counts);
    if (!counts)
        return r;
    for (int i = 0; i < RESAMPLES; i++) {
        const double above = resampled_median(a, &d, counts);
        ratios[i] = above / resampled_median(b, &d, counts);
    }
    free(counts);
    stats_median(ratios, RESAMPLES); /* sorts */
    r.low = ratios[RESAMPLES * 25 / 1000];
    r.high = ratios[RESAMPLES * 975 / 1000 - 1];
    return r;
}
