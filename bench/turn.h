/* SPDX-License-Identifier: MIT */
/* One contestant at work: its first launch, its turns, its event and latency passes. */
#ifndef CLCONV_BENCH_TURN_H
#define CLCONV_BENCH_TURN_H

#include "contest.h"

typedef struct runner {
    const arena *arena;
    measurement *m;
    void *state;
    size_t from;  /* samples of earlier visits */
    double one;   /* seconds of one launch, as far as known */
    double spent; /* seconds of samples */
    double share; /* processor time over time of the sample that had most of it */
    bool alive, steady;
    bool begun; /* between the contestant's `begin` and `end` */
} runner;

/* Makes the contestant, unless an earlier visit has ended its part, launches it once on a y full of
 * NaN, verifies, warms up, and at the first visit learns how many launches make a sample. */
void runner_open(runner *r, const arena *a, measurement *m, double sample_seconds, double min_time);
/* Samples for `seconds`, then verifies y. */
void runner_turn(runner *r, double seconds);
/* Event and latency times. */
void runner_extras(runner *r, const roofline *roof);
void runner_close(runner *r);

#endif
