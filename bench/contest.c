/* SPDX-License-Identifier: MIT */
/* Gives the contestants of a layer their turns until every one is steady, or its time is up. */
#include "turn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURNS = 6, RETRIES = 3, SAMPLES_LEAST = 2, SAMPLES_USUAL = 200 };
static const double sample_least = 200e-6; /* seconds, and at least 20 ticks of the timer */

static double sample_seconds(const measured_device *d, const contest_limits *limits)
{
    return fmax(fmax(sample_least, 20e-9 * (double)d->timer_ns), limits->min_time / SAMPLES_USUAL);
}

static bool is_done(const runner *r, const contest_limits *limits)
{
    if (!r->alive)
        return true;
    if (r->m->count < r->from + SAMPLES_LEAST)
        return false;
    return r->spent >= limits->max_time || (r->spent >= limits->min_time && r->steady);
}

/* A B C A B C ..., each for a part of the least time; a round has buffers of its own. */
static void take_turns(arena *a, runner *r, size_t count, const contest_limits *limits)
{
    bool all_done = false;
    for (size_t i = 0; i < count; i++) {
        r[i].m->count = r[i].from;
        r[i].spent = 0;
        r[i].steady = false;
    }
    while (!all_done) {
        all_done = true;
        arena_move(a); /* where that fails, the next round has the same buffers */
        for (size_t i = 0; i < count; i++) {
            if (is_done(&r[i], limits))
                continue;
            runner_turn(&r[i], limits->min_time / TURNS);
            all_done = false;
        }
    }
}

/* All turns, again when the device changed its speed meanwhile, a few times at most. */
static void take_steady_turns(arena *a, runner *r, size_t count, const spin *canary,
                              const contest_limits *limits)
{
    double before = 0, after = 0;
    for (int attempt = 0; attempt <= RETRIES; attempt++) {
        before = canary_time(canary);
        take_turns(a, r, count, limits);
        after = canary_time(canary);
        if (stats_drift(before, after) <= STATS_DRIFT)
            break;
    }
    for (size_t i = 0; i < count; i++) {
        measurement *m = r[i].m;
        if (m->visits && stats_drift(before, after) <= stats_drift(m->before, m->after))
            continue;
        m->before = before;
        m->after = after;
    }
}

static void judge(measurement *m)
{
    m->status = stats_judge(&m->stats, m->count, m->before, m->after);
    m->reason[0] = '\0';
    if (m->status == ROW_THROTTLED)
        snprintf(m->reason, sizeof m->reason, "the canary took %.3f ms before and %.3f ms after it",
                 m->before * 1e3, m->after * 1e3);
    else if (m->status == ROW_NOISY && m->count < STATS_LEAST)
        snprintf(m->reason, sizeof m->reason, "only %zu samples in --max-time", m->count);
    else if (m->status == ROW_NOISY)
        snprintf(m->reason, sizeof m->reason, "the median is known to %.1f %% only",
                 100 * m->stats.u / m->stats.median);
}

void contest_visit(arena *a, const roofline *roof, const spin *canary, const contest_limits *limits,
                   measurement *const *m, size_t count)
{
    runner runners[CONTEST_MOST];
    const contest_limits share = {limits->min_time / CONTEST_VISITS,
                                  limits->max_time / CONTEST_VISITS};
    const double seconds = sample_seconds(a->device, limits);
    for (size_t i = 0; i < count; i++)
        runner_open(&runners[i], a, m[i], seconds, share.min_time);
    take_steady_turns(a, runners, count, canary, &share);
    for (size_t i = 0; i < count; i++) {
        if (runners[i].alive && !m[i]->visits)
            runner_extras(&runners[i], roof);
        if (runners[i].alive)
            judge(m[i]);
        runner_close(&runners[i]);
        m[i]->visits++;
    }
}

bool measurement_is_open(const measurement *m)
{
    return m->visits == 0 || m->status < ROW_UNSUPPORTED;
}

void measurement_free(measurement *m)
{
    free(m->sample);
    m->sample = NULL;
}
