/* SPDX-License-Identifier: MIT */
/* What a series of times says, and how far to trust it. */
#ifndef CLCONV_STATS_H
#define CLCONV_STATS_H

#include <stddef.h>

/* Of samples in the order they were taken, in their unit. NAN where there are none. */
typedef struct time_stats {
    double median, min, p90;
    double mad; /* median of |sample - median| */
    double u;   /* half width of the 95 % interval of the median */
} time_stats;

/* u: the samples are cut into six consecutive blocks, and the interval is from the least to the
 * greatest of the blocks' medians. It holds the true median in 1 - 2 * (1/2)^6 = 97 % whatever the
 * distribution, and unlike a formula for independent samples it widens when the machine drifts
 * while they are taken. It is 1.6 times as wide as that formula's. With fewer than six samples u is
 * their whole range. */
time_stats stats_of(const double *sample, size_t count);

typedef enum row_status {
    ROW_OK,
    ROW_NOISY,       /* u is over STATS_NOISY of the median, or there are too few samples */
    ROW_THROTTLED,   /* the canary ran at another speed afterwards */
    ROW_UNSUPPORTED, /* refused: no number */
    ROW_FAILED       /* wrong, or an error: no number */
} row_status;
extern const char *const row_status_names[];

#define STATS_STEADY 0.01 /* u / median at which sampling may end */
#define STATS_NOISY  0.03 /* u / median above which a row is NOISY: 0.02 of the usual interval */
#define STATS_DRIFT  0.05 /* change of the canary's time */
enum { STATS_LEAST = 6 }; /* samples; with fewer a row is NOISY */

/* By which part the canary's time has changed; infinite when it was not measured. */
double stats_drift(double before, double after);

/* OK, NOISY or THROTTLED, of `count` samples and the canary's times before and after them. */
row_status stats_judge(const time_stats *s, size_t count, double before, double after);

/* The median alone; sorts in place. */
double stats_median(double *value, size_t count);

#endif
