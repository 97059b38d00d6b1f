/* SPDX-License-Identifier: MIT */
/* Tries the variants of a layer: each must give `naive`'s bits, then they are timed in turns, and
 * those that fall behind leave. */
#include "elements.h"
#include "interrupt.h"
#include "stats.h"
#include "tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 9 };
static const double
    /* Times the least expected time; what takes longer is not worth a compilation. */
    worth = 2.5,
    /* Times the best time so far, by the second launch. */
    hopeless = 2.5,
    /* Seconds of a sample, and for one to be undisturbed: with less of a processor than at other
     * times, by this part, it is not. */
    sample_least = 2e-3, patience = 0.2, lost_share = 0.05,
    /* Times the best; a default tile, which others share, is taken within that. */
    as_good = 1.02;
/* Times the best median after so many rounds: what is slower leaves. */
static const double keep_within[ROUNDS] = {0, 1.5, 1.25, 0, 1.12, 0, 1.06};

typedef struct rival {
    clconv_variant v;
    clconv_plan *plan; /* NULL = out */
    cl_mem packed;
    double one; /* seconds of a launch, roughly */
    double sample[ROUNDS];
    size_t samples;
    double median; /* seconds */
} rival;

typedef struct trial {
    const measured_device *d;
    arena arena;
    void *want[ARRAYS]; /* what is written, as `naive` computes it */
    rival *rivals;
    size_t count;
    double best;  /* seconds of a launch */
    double share; /* of the processor, at best */
    tune_result *result;
} trial;

/* ---- Who takes part -------------------------------------------------------------------------- */

static const clconv_plan_options packed_weights = {.size = sizeof(clconv_plan_options),
                                                   .flags = CLCONV_PACKED_WEIGHTS};

static int by_expectation(const void *left, const void *right)
{
    const clconv_variant *a = left, *b = right;
    if (a->is_model != b->is_model)
        return b->is_model - a->is_model;
    return (a->expected_ms > b->expected_ms) - (a->expected_ms < b->expected_ms);
}

/* The cost model's choice first, then by what it expects; malloc'ed. The default tile of every
 * design takes part whatever it expects. */
static clconv_variant *list_variants(const measured_device *d, const clconv_problem *p,
                                     size_t *count)
{
    const size_t all = clconv_variants(d->ctx, p, &packed_weights, NULL, 0, 0);
    clconv_variant *list = calloc(all ? all : 1, sizeof *list);
    double least = INFINITY;
    *count = 0;
    if (!list || !all)
        return list;
    clconv_variants(d->ctx, p, &packed_weights, list, sizeof *list, all);
    for (size_t i = 0; i < all; i++)
        least = fmin(least, list[i].expected_ms);
    for (size_t i = 0; i < all; i++)
        if (list[i].is_default || list[i].expected_ms <= worth * least)
            list[(*count)++] = list[i];
    qsort(list, *count, sizeof *list, by_expectation);
    return list;
}

size_t trial_count(const measured_device *d, const clconv_problem *p)
{
    size_t count = 0;
    free(list_variants(d, p, &count));
    return count;
}

/* ---- One rival ------------------------------------------------------------------------------- */

static void retire(rival *r)
{
    clconv_plan_destroy(r->plan);
    if (r->packed)
        clReleaseMemObject(r->packed);
    r->plan = NULL;
    r->packed = NULL;
}

static bool prepare(const trial *t, rival *r)
{
    cl_int error = CL_SUCCESS;
    const clconv_plan_options options = {.size = sizeof options,
                                         .algorithm = r->v.algorithm,
                                         .tile = r->v.tile[0] ? r->v.tile : NULL,
                                         .flags = CLCONV_PACKED_WEIGHTS};
    if (clconv_plan_create(t->d->ctx, &t->arena.problem, &options, &r->plan))
        return false;
    const size_t bytes = clconv_plan_packed_size(r->plan);
    if (!bytes)
        return true;
    r->packed = clCreateBuffer(t->d->cl, CL_MEM_READ_WRITE, bytes, NULL, &error);
    const clconv_buffer w = {.mem = t->arena.mem[ARRAY_W]}, packed = {.mem = r->packed};
    return !error && !clconv_pack_weights(r->plan, t->d->queue, &w, &packed, 0, NULL, NULL);
}

/* Seconds per launch of `count` in a row; NAN = one failed. */
static double launch(const trial *t, const rival *r, size_t count)
{
    const cl_mem *mem = t->arena.mem;
    const clconv_args args = {.size = sizeof args,
                              .x.mem = mem[ARRAY_X],
                              .w.mem = r->packed ? r->packed : mem[ARRAY_W],
                              .b.mem = mem[ARRAY_B],
                              .y.mem = mem[ARRAY_Y]};
    bool good = true;
    const double from = progress_now();
    for (size_t i = 0; i < count && good; i++)
        good = clconv_enqueue(r->plan, t->d->queue, &args, 0, NULL, NULL) == CLCONV_OK;
    good = clFinish(t->d->queue) == CL_SUCCESS && good;
    return good ? (progress_now() - from) / (double)count : NAN;
}

/* The first element, in memory, that differs from naive's in any bit, or the count: the data make
 * every sum exact, so that all orders of summation agree. */
static size_t first_difference(const char *got, const char *want, size_t bytes, size_t count)
{
    size_t i = 0;
    while (i < count && !memcmp(got + i * bytes, want + i * bytes, bytes))
        i++;
    return i;
}

static bool is_array_right(const trial *t, const rival *r, int array)
{
    const int32_t dtype = array_dtype(&t->arena.problem, array);
    const size_t bytes = element_bytes(dtype), count = t->arena.bytes[array] / bytes;
    const void *want = t->want[array];
    void *data = arena_map(&t->arena, array, CL_MAP_READ);
    if (!data)
        return false;
    const size_t at = first_difference(data, want, bytes, count);
    const double got = at < count ? element_get(dtype, data, at) : 0;
    arena_unmap(&t->arena, array, data);
    if (at < count && !t->result->wrong)
        snprintf(t->result->why, sizeof t->result->why,
                 "%s%s%s is wrong: %s %zu of %zu is %.10g, but naive has %.10g", r->v.algorithm,
                 r->v.tile[0] ? " " : "", r->v.tile, arena_element(&t->arena, array), at, count,
                 got, element_get(dtype, want, at));
    return at == count;
}

static bool is_right(const trial *t, const rival *r)
{
    bool right = true;
    for (int i = 0; i < ARRAYS && right; i++)
        right = !arena_writes(&t->arena, i) || is_array_right(t, r, i);
    return right;
}

static bool failed(const trial *t, const rival *r)
{
    if (!t->result->why[0])
        snprintf(t->result->why, sizeof t->result->why, "%s %s: %.300s", r->v.algorithm, r->v.tile,
                 clconv_last_error());
    return false;
}

/* Plan, first launch into arrays full of NaN, the verdict, and a second launch for the time. */
static bool enter(trial *t, rival *r)
{
    if (!prepare(t, r) || !arena_poison(&t->arena) || isnan(launch(t, r, 1)))
        return failed(t, r);
    if (!is_right(t, r)) {
        t->result->wrong++;
        return false;
    }
    r->one = launch(t, r, 1);
    if (isnan(r->one))
        return failed(t, r);
    t->best = fmin(t->best, r->one);
    return r->v.is_model || r->one <= hopeless * t->best;
}

/* ---- The reference --------------------------------------------------------------------------- */

static bool keep_reference(trial *t, int array)
{
    tune_result *result = t->result;
    const size_t bytes = t->arena.bytes[array];
    t->want[array] = malloc(bytes);
    if (!t->want[array])
        return snprintf(result->why, sizeof result->why, "no host memory for what naive writes"),
               false;
    void *data = arena_map(&t->arena, array, CL_MAP_READ);
    if (!data)
        return snprintf(result->why, sizeof result->why, "what naive writes cannot be read back"),
               false;
    memcpy(t->want[array], data, bytes);
    arena_unmap(&t->arena, array, data);
    return true;
}

/* What naive writes, which the CPU's sums confirm at thousands of places. */
static bool find_reference(trial *t)
{
    tune_result *result = t->result;
    rival naive = {.v.algorithm = "naive"};
    const bool ran = prepare(t, &naive) && arena_poison(&t->arena) && !isnan(launch(t, &naive, 1));
    retire(&naive);
    if (!ran)
        return failed(t, &naive);
    bool good = arena_verify(&t->arena, true, result->why, sizeof result->why);
    for (int i = 0; i < ARRAYS && good; i++)
        good = !arena_writes(&t->arena, i) || keep_reference(t, i);
    return good;
}

/* ---- Rounds ---------------------------------------------------------------------------------- */

/* As `launch`. Where the process had less of the processor than at other times, others had it: the
 * sample says nothing of the device and is taken again, as long as that is worth waiting for. */
static double undisturbed(trial *t, const rival *r, size_t count)
{
    const double from = progress_now();
    double seconds, share;
    do {
        const double before = progress_processor();
        seconds = launch(t, r, count);
        share = (progress_processor() - before) / (seconds * (double)count);
        t->share = fmax(t->share, share);
    } while (share < t->share - lost_share * fmax(1, t->share) && progress_now() - from < patience);
    return seconds;
}

static void sample(trial *t, rival *r)
{
    double sorted[ROUNDS];
    launch(t, r, 1); /* brings x, w and the code back into the caches */
    const double seconds = undisturbed(t, r, (size_t)fmax(1, ceil(sample_least / r->one)));
    if (isnan(seconds)) {
        failed(t, r);
        retire(r);
        return;
    }
    r->sample[r->samples++] = seconds;
    r->one = fmin(r->one, seconds);
    memcpy(sorted, r->sample, r->samples * sizeof *sorted);
    r->median = stats_median(sorted, r->samples);
}

static const rival *fastest(const trial *t, bool defaults_only)
{
    const rival *best = NULL;
    for (size_t i = 0; i < t->count; i++) {
        const rival *r = &t->rivals[i];
        if (r->samples && (!defaults_only || r->v.is_default) &&
            (!best || r->median < best->median))
            best = r;
    }
    return best;
}

/* The best one and the model's stay to the end, and with them the best of the defaults. */
static void drop(trial *t, double within)
{
    const rival *best = fastest(t, false), *best_default = fastest(t, true);
    for (size_t i = 0; i < t->count; i++) {
        rival *r = &t->rivals[i];
        if (r->plan && !r->v.is_model && r != best_default && r->median > within * best->median)
            retire(r);
    }
}

static void take_turns(trial *t)
{
    for (int round = 0; round < ROUNDS && !t->result->interrupted; round++) {
        for (size_t i = 0; i < t->count && !interrupt_signal(); i++)
            if (t->rivals[i].plan)
                sample(t, &t->rivals[i]);
        t->result->interrupted = interrupt_signal() != 0;
        if (keep_within[round] > 0 && !t->result->interrupted)
            drop(t, keep_within[round]);
    }
}

/* ---- The trial ------------------------------------------------------------------------------- */

static bool enter_all(trial *t, const clconv_variant *list, size_t count, progress *p)
{
    t->rivals = calloc(count ? count : 1, sizeof *t->rivals);
    for (size_t i = 0; i < count && t->rivals && !interrupt_signal(); i++) {
        rival *r = &t->rivals[t->count];
        *r = (rival){.v = list[i]};
        if (enter(t, r))
            t->count++;
        else
            retire(r);
        t->result->tried++;
        progress_step(p, t->result->wrong);
    }
    t->result->interrupted = interrupt_signal() != 0;
    return t->rivals && !t->result->interrupted;
}

/* The model's choice where it is as good as the best, or else a default tile that is. */
static void judge(const trial *t)
{
    tune_result *result = t->result;
    const rival *best = fastest(t, false), *best_default = fastest(t, true), *model = NULL;
    for (size_t i = 0; i < t->count; i++)
        if (t->rivals[i].v.is_model && t->rivals[i].samples)
            model = &t->rivals[i];
    if (!best || result->interrupted)
        return;
    if (best_default) {
        result->best_default = best_default->v;
        result->default_ms = best_default->median * 1e3;
    }
    const double enough = as_good * best->median;
    if (best_default && best_default->median <= enough)
        best = best_default;
    if (model && model->median <= enough)
        best = model;
    result->best = best->v;
    result->ms = best->median * 1e3;
    if (model)
        result->model = model->v;
    result->model_ms = (model ? model : best)->median * 1e3;
}

bool trial_run(const measured_device *d, const case_spec *spec, progress *p, tune_result *result)
{
    trial t = {.d = d, .result = result, .best = INFINITY};
    size_t count = 0;
    *result = (tune_result){0};
    if (arena_open(d, spec, 1, &t.arena, result->why, sizeof result->why) == ARENA_GOOD) {
        clconv_variant *list = list_variants(d, &t.arena.problem, &count);
        if (list && find_reference(&t) && enter_all(&t, list, count, p))
            take_turns(&t);
        judge(&t);
        free(list);
    }
    for (size_t i = 0; i < t.count; i++)
        retire(&t.rivals[i]);
    free(t.rivals);
    for (int i = 0; i < ARRAYS; i++)
        free(t.want[i]);
    arena_close(&t.arena);
    return result->best.algorithm[0] != '\0';
}
