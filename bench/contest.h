/* SPDX-License-Identifier: MIT */
/* Measures the contestants of one layer, in turns. */
#ifndef CLCONV_BENCH_CONTEST_H
#define CLCONV_BENCH_CONTEST_H

#include "contestant.h"
#include "roofline.h"
#include "stats.h"

enum { CONTEST_MOST = 40 };

/* What was measured of one contestant. Seconds; NAN = not measured. */
typedef struct measurement {
    const contestant_kind *kind;
    contestant_option option;
    contestant_facts facts;
    row_status status;
    char reason[400]; /* of anything but OK */
    bool verified;
    double *sample; /* per launch, in the order taken */
    size_t count, room, launches_per_sample;
    bench_stats stats;
    double event, latency, first;
} measurement;

/* Seconds per contestant. */
typedef struct contest_limits {
    double min_time, max_time;
} contest_limits;

/* Fills everything but kind and option. A contestant that refuses or fails says so in its status;
 * the others go on. */
void contest_run(const arena *a, const roofline *roof, const spin *canary,
                 const contest_limits *limits, measurement *m, size_t count);
void measurement_free(measurement *m);

#endif
