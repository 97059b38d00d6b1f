/* SPDX-License-Identifier: MIT */
/* Times one contestant. Whatever goes wrong ends its part with status FAILED. */
#include "turn.h"

#include "host_time.h"
#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double short_launch = 0.02, /* seconds; longer ones need no warming up */
    warm_most = 0.05, warm_turn = 0.002; /* seconds before the first samples; before each turn */
enum { EXTRAS = 9, LAUNCHES_MOST = 4096 };
static const double extras_allowed = 0.05; /* seconds */
static const double lost_share = 0.05,     /* of a processor: a sample with less is disturbed */
    patience = 4;                          /* times the time of a turn, for samples left out */

static bool fail(runner *r, const char *what)
{
    measurement *m = r->m;
    r->alive = false;
    m->status = ROW_FAILED;
    m->verified = false;
    if (what)
        snprintf(m->reason, sizeof m->reason, "%s", what);
    return false;
}

static bool finish(const runner *r)
{
    const contestant_kind *kind = r->m->kind;
    return kind->finish ? kind->finish(r->state) : clFinish(r->arena->device->queue) == CL_SUCCESS;
}

/* Seconds of `count` launches in a row and one wait; NAN = one of them failed. */
static double launches(const runner *r, size_t count)
{
    bool good = true;
    const double from = progress_now();
    for (size_t i = 0; i < count && good; i++)
        good = r->m->kind->launch(r->state, r->arena->device->queue, NULL);
    good = finish(r) && good;
    return good ? progress_now() - from : NAN;
}

static bool begin(runner *r)
{
    r->begun = true;
    if (!r->m->kind->begin || r->m->kind->begin(r->state))
        return true;
    return fail(r, "its buffers cannot be prepared");
}

static bool end(runner *r)
{
    const bool begun = r->begun;
    r->begun = false;
    return !begun || !r->m->kind->end || r->m->kind->end(r->state);
}

/* Ends a row of launches and looks at what they left in y. */
static bool end_and_verify(runner *r)
{
    measurement *m = r->m;
    if (!end(r))
        return fail(r, "its buffers cannot be given back");
    m->verified = arena_verify(r->arena, m->kind->exact, m->reason, sizeof m->reason);
    return m->verified || fail(r, NULL);
}

/* ---- First launch ---------------------------------------------------------------------------- */

static bool make(runner *r)
{
    measurement *m = r->m;
    const contestant_state state =
        m->kind->make(r->arena, &m->option, &r->state, &m->facts, m->reason, sizeof m->reason);
    if (state != CONTESTANT_READY)
        m->status = state == CONTESTANT_REFUSES ? ROW_UNSUPPORTED : ROW_FAILED;
    return state == CONTESTANT_READY;
}

/* How many launches make one sample long enough, from launches that also warm the device up. */
static bool calibrate(runner *r, double sample_seconds, double warm_up)
{
    double spent = 0;
    size_t count = 1;
    for (int i = 0; i < 3 || (spent < warm_up && r->one < short_launch); i++) {
        const double seconds = launches(r, count);
        if (isnan(seconds))
            return fail(r, "a launch failed");
        spent += seconds;
        r->one = fmin(r->one, seconds / (double)count);
        if (r->one > warm_most)
            break;
        count = (size_t)fmin(LAUNCHES_MOST, ceil(sample_seconds / r->one));
    }
    if (!r->m->visits)
        r->m->launches_per_sample = (size_t)fmin(LAUNCHES_MOST, ceil(sample_seconds / r->one));
    return true;
}

void runner_open(runner *r, const arena *a, measurement *m, double sample_seconds, double min_time)
{
    *r = (runner){.arena = a, .m = m, .from = m->count, .one = INFINITY};
    if (!measurement_is_open(m))
        return;
    if (!m->visits)
        m->event = m->latency = m->first = m->enqueue = NAN;
    if (!arena_poison(a)) {
        fail(r, "y cannot be filled");
        return;
    }
    const double from = progress_now();
    if (!make(r))
        return;
    r->alive = true;
    if (!begin(r))
        return;
    r->one = launches(r, 1);
    if (!m->visits)
        m->first = progress_now() - from;
    if (isnan(r->one))
        fail(r, "the first launch failed");
    else if (end_and_verify(r) && begin(r) &&
             calibrate(r, sample_seconds, fmin(warm_most, min_time)))
        end_and_verify(r);
}

/* ---- Turns ----------------------------------------------------------------------------------- */

static bool keep(measurement *m, double seconds)
{
    if (m->count == m->room) {
        const size_t room = m->room ? 2 * m->room : 256;
        double *grown = realloc(m->sample, room * sizeof *grown);
        if (!grown)
            return false;
        m->sample = grown;
        m->room = room;
    }
    m->sample[m->count++] = seconds;
    return true;
}

/* Brings x, w and the code back into the caches that another contestant has used. */
static bool warm(const runner *r)
{
    double spent = 0;
    while (spent < warm_turn && r->one < short_launch) {
        const double seconds = launches(r, 1);
        if (isnan(seconds))
            return false;
        spent += seconds;
    }
    return true;
}

/* Whether the process had less of the processor than in its best sample so far: others had it. */
static bool is_disturbed(runner *r, double processor, double wall)
{
    const double share = processor / wall;
    r->share = fmax(r->share, share);
    return share < r->share - lost_share * fmax(1, r->share);
}

/* Samples for `seconds`. One that another process disturbed says nothing about the device and is
 * left out, as long as those left out take no longer than a few times `seconds`. */
static bool sample(runner *r, double seconds)
{
    double spent = 0, left_out = 0;
    do {
        const double before = progress_processor();
        const double one = launches(r, r->m->launches_per_sample);
        if (isnan(one))
            return fail(r, "a launch failed");
        if (is_disturbed(r, progress_processor() - before, one) &&
            left_out + one <= patience * seconds) {
            left_out += one;
            continue;
        }
        if (!keep(r->m, one / (double)r->m->launches_per_sample))
            return fail(r, "no host memory for the samples");
        spent += one;
    } while (spent < seconds);
    r->spent += spent + left_out;
    return true;
}

void runner_turn(runner *r, double seconds)
{
    if (!arena_poison(r->arena))
        fail(r, "y cannot be filled");
    else if (begin(r) && !warm(r))
        fail(r, "a launch failed");
    else if (r->alive && sample(r, seconds) && end_and_verify(r)) {
        r->m->stats = stats_of(r->m->sample, r->m->count);
        r->steady = r->m->stats.u <= STATS_STEADY * r->m->stats.median;
    }
}

/* ---- Events and latency ---------------------------------------------------------------------- */

static double event_ns(cl_event event, cl_profiling_info what)
{
    cl_ulong ns = 0;
    return clGetEventProfilingInfo(event, what, sizeof ns, &ns, NULL) ? NAN : (double)ns;
}

/* Device seconds of one convolution. The event covers its last kernel only; from the end of a
 * marker in front of it, less the gap that any kernel leaves behind a marker, it covers all of
 * them. */
static double event_seconds(const runner *r, const roofline *roof)
{
    cl_event marker = NULL, event = NULL;
    cl_command_queue queue = r->arena->device->profiling;
    double seconds = NAN;
    if (!clEnqueueMarkerWithWaitList(queue, 0, NULL, &marker) &&
        r->m->kind->launch(r->state, queue, &event) && !clFinish(queue)) {
        const double end = event_ns(event, CL_PROFILING_COMMAND_END);
        const double last = end - event_ns(event, CL_PROFILING_COMMAND_START);
        const double all = end - event_ns(marker, CL_PROFILING_COMMAND_END) - roof->gap_us * 1e3;
        seconds = fmax(last, all) * 1e-9;
    }
    if (marker)
        clReleaseEvent(marker);
    if (event)
        clReleaseEvent(event);
    return seconds;
}

static bool launch_once(void *user, cl_command_queue queue)
{
    const runner *r = user;
    return r->m->kind->launch(r->state, queue, NULL);
}

/* Host seconds of one launch. CLBlast, behind `gemm`, may wait for the queue. */
static double enqueue_seconds(runner *r)
{
    enum { QUEUED = 32 };
    const bool only_queues = r->m->kind->only_queues && strcmp(r->m->facts.algo, "gemm") != 0;
    return only_queues ? host_time(r->arena->device, launch_once, r, QUEUED) : NAN;
}

void runner_extras(runner *r, const roofline *roof)
{
    double latency[EXTRAS], event[EXTRAS], enqueue[EXTRAS];
    size_t count = 0;
    const double from = progress_now();
    if (!begin(r))
        return;
    while (count < EXTRAS && (count < 3 || progress_now() - from < extras_allowed)) {
        latency[count] = launches(r, 1);
        event[count] = r->m->kind->on_host ? NAN : event_seconds(r, roof);
        enqueue[count] = enqueue_seconds(r);
        count++;
    }
    if (!end_and_verify(r))
        return;
    r->m->enqueue = stats_median(enqueue, count);
    r->m->latency = stats_median(latency, count);
    r->m->event = r->m->kind->on_host ? NAN : stats_median(event, count);
}

void runner_close(runner *r)
{
    end(r); /* of one that failed in the middle */
    if (r->state)
        r->m->kind->destroy(r->state);
    r->state = NULL;
}
