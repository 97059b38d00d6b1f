/* SPDX-License-Identifier: MIT */
/* Medians, their interval, and the verdict on them. */
#include "stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const row_status_names[] = {"OK", "NOISY", "THROTTLED", "UNSUPPORTED", "FAILED", NULL};

enum { BLOCKS = 6 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(const double *sorted, size_t count)
{
    return count % 2 ? sorted[count / 2] : 0.5 * (sorted[count / 2 - 1] + sorted[count / 2]);
}

double stats_median(double *value, size_t count)
{
    if (count == 0)
        return NAN;
    qsort(value, count, sizeof *value, ascending);
    return middle(value, count);
}

/* `work` has room for the samples. */
static double half_width(const double *sample, size_t count, double *work)
{
    double least = INFINITY, most = -INFINITY;
    const size_t blocks = count < BLOCKS ? count : BLOCKS;
    for (size_t i = 0; i < blocks; i++) {
        const size_t from = i * count / blocks, to = (i + 1) * count / blocks;
        memcpy(work, sample + from, (to - from) * sizeof *work);
        const double median = stats_median(work, to - from);
        least = fmin(least, median);
        most = fmax(most, median);
    }
    return count < BLOCKS ? most - least : 0.5 * (most - least);
}

time_stats stats_of(const double *sample, size_t count)
{
    time_stats s = {NAN, NAN, NAN, NAN, NAN};
    double *work = count ? malloc(count * sizeof *work) : NULL;
    if (!work)
        return s;
    s.u = half_width(sample, count, work);
    memcpy(work, sample, count * sizeof *work);
    s.median = stats_median(work, count);
    s.min = work[0];
    s.p90 = work[(count * 9 + 9) / 10 - 1]; /* the nearest rank */
    for (size_t i = 0; i < count; i++)
        work[i] = fabs(sample[i] - s.median);
    s.mad = stats_median(work, count);
    free(work);
    return s;
}

double stats_drift(double before, double after)
{
    const double drift = fabs(after / before - 1);
    return isnan(drift) ? INFINITY : drift;
}

row_status stats_judge(const time_stats *s, size_t count, double before, double after)
{
    const bool drifted = stats_drift(before, after) > STATS_DRIFT;
    const bool noisy = count < STATS_LEAST || !(s->u <= STATS_NOISY * s->median);
    return drifted ? ROW_THROTTLED : noisy ? ROW_NOISY : ROW_OK;
}
