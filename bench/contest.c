/* SPDX-License-Identifier: MIT */
/* Gives the contestants of a layer their turns until every one is steady, or its time is up. */
#include "turn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURNS = 6, RETRIES = 3, SAMPLES_LEAST = 3, SAMPLES_USUAL = 200 };
static const double sample_least = 200e-6; /* seconds, and at least 20 ticks of the timer */

static double sample_seconds(const bench_device *d, const contest_limits *limits)
{
    return fmax(fmax(sample_least, 20e-9 * (double)d->timer_ns), limits->min_time / SAMPLES_USUAL);
}

static bool is_done(const runner *r, const contest_limits *limits)
{
    if (!r->alive)
        return true;
    if (r->m->count < SAMPLES_LEAST)
        return false;
    return r->spent >= limits->max_time || (r->spent >= limits->min_time && r->steady);
}

/* A B C A B C ..., each for a part of the least time. */
static void take_turns(runner *r, size_t count, const contest_limits *limits)
{
    bool all_done = false;
    for (size_t i = 0; i < count; i++) {
        r[i].m->count = 0;
        r[i].spent = 0;
        r[i].steady = false;
    }
    while (!all_done) {
        all_done = true;
        for (size_t i = 0; i < count; i++) {
            if (is_done(&r[i], limits))
                continue;
            runner_turn(&r[i], limits->min_time / TURNS);
            all_done = false;
        }
    }
}

/* The verdict on those that got this far. */
static bool judge(runner *r, size_t count, double before, double after)
{
    bool throttled = false;
    for (size_t i = 0; i < count; i++) {
        measurement *m = r[i].m;
        if (!r[i].alive)
            continue;
        m->status = stats_judge(&m->stats, m->count, before, after);
        m->reason[0] = '\0';
        throttled = throttled || m->status == ROW_THROTTLED;
        if (m->status == ROW_THROTTLED)
            snprintf(m->reason, sizeof m->reason,
                     "the canary took %.3f ms before and %.3f ms after it", before * 1e3,
                     after * 1e3);
        else if (m->status == ROW_NOISY && m->count < STATS_LEAST)
            snprintf(m->reason, sizeof m->reason, "only %zu samples in --max-time", m->count);
        else if (m->status == ROW_NOISY)
            snprintf(m->reason, sizeof m->reason, "the median is known to %.1f %% only",
                     100 * m->stats.u / m->stats.median);
    }
    return throttled;
}

void contest_run(const arena *a, const roofline *roof, const spin *canary,
                 const contest_limits *limits, measurement *m, size_t count)
{
    runner runners[CONTEST_MOST];
    const double seconds = sample_seconds(a->device, limits);
    for (size_t i = 0; i < count; i++)
        runner_open(&runners[i], a, &m[i], seconds, limits->min_time);
    bool again = true;
    for (int attempt = 0; attempt <= RETRIES && again; attempt++) {
        const double before = canary_time(canary);
        take_turns(runners, count, limits);
        again = judge(runners, count, before, canary_time(canary));
    }
    for (size_t i = 0; i < count; i++) {
        if (runners[i].alive)
            runner_extras(&runners[i], roof);
        runner_close(&runners[i]);
    }
}

void measurement_free(measurement *m)
{
    free(m->sample);
    m->sample = NULL;
}
