/* SPDX-License-Identifier: MIT */
/* Measures the contestants of one layer, in turns. */
#ifndef CLCONV_BENCH_CONTEST_H
#define CLCONV_BENCH_CONTEST_H

#include "contestant.h"
#include "roofline.h"
#include "stats.h"

enum { CONTEST_MOST = 48 };

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
    time_stats stats;
    double event, latency, first, enqueue;
    double before, after; /* the canary's times around the visit that they differ most in */
    unsigned visits;
} measurement;

/* Seconds of samples per contestant. */
typedef struct contest_limits {
    double min_time, max_time;
} contest_limits;

/* A layer is visited this often, each time after all the other layers and for its share of the
 * time, so that what slows a shared machine down for some seconds shows as a wide interval. */
enum { CONTEST_VISITS = 2 };

/* One visit: more samples for each of the contestants, of which the first visit needs kind and
 * option only. One that refuses or fails says so in its status, and the others go on. */
void contest_visit(arena *a, const roofline *roof, const spin *canary, const contest_limits *limits,
                   measurement *const *m, size_t count);
/* Whether a visit could add to it. */
bool measurement_is_open(const measurement *m);
void measurement_free(measurement *m);

#endif
