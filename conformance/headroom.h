/* SPDX-License-Identifier: MIT */
/* How near a device comes to the error bound: worst and 99th percentile, per algorithm and type. */
#ifndef CLCONV_HEADROOM_H
#define CLCONV_HEADROOM_H

#include "report.h"

/* Over the cases of real data that one algorithm computed in one type. */
typedef struct headroom {
    char algo[16], dtype[8];
    size_t cases;
    double worst, p99; /* of the cases' worst error / bound; p99: 99 % of them are at most that */
} headroom;

/* One entry per algorithm and type that has such a case, algorithms in the report's order;
 * malloc'ed. NULL, and *count 0, without any. */
headroom *headroom_measure(const report *r, size_t *count);

/* The same as {algorithm: {type: {cases, worst, p99}}}. */
json_t *headroom_json(const report *r);

#endif
