/* SPDX-License-Identifier: MIT */
/* Cases with a tensor of more than 2^31 elements, or more than the host has room for. Inputs are
 * made and compared again part by part, every output is looked at for poison, and a sample of them
 * is judged by the second oracle, which can compute any single one. float32 in NCHW only. */
#include "codec.h"
#include "ending.h"
#include "large_tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A count of bytes or of elements that does not fit 31 or 32 bits goes wrong at one of these. */
static const size_t boundary = (size_t)1 << 29;

typedef struct large {
    trial *t;
    large_source source;
    large_tensor at[ROLE_WORKSPACE + 1];
    uint32_t *part, *expected; /* session's large.chunk words each */
    double *rows[3];           /* as many, for the oracle */
    size_t *places, samples;   /* outputs that are judged */
    double *got, *y, *mag;
    int64_t *terms;
} large;

bool is_large(const trial *t, const oracle_shape *shape)
{
    const size_t most = t->s->large.elements;
    return shape->x > most || shape->w > most || shape->y > most ||
           !reference_fits(&t->problem, shape);
}

/* ---- Memory --------------------------------------------------------------------------------- */

/* What the host can give without swapping; where it does not say, half of what it has. */
static double host_memory(void)
{
    char line[128];
    double kilobytes = 0.0;
    FILE *const info = fopen("/proc/meminfo", "r");
    while (info && kilobytes == 0.0 && fgets(line, sizeof line, info))
        sscanf(line, "MemAvailable: %lf", &kilobytes);
    if (info)
        fclose(info);
    if (kilobytes > 0.0)
        return 1024.0 * kilobytes;
    return 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

/* Drivers that share the host's memory promise more than there is, and the process is killed. */
static bool check_memory(trial *t, const size_t words[])
{
    size_t bytes[ROLE_WORKSPACE + 1];
    for (int i = 0; i <= ROLE_WORKSPACE; i++)
        bytes[i] = words[i] * sizeof(uint32_t);
    const double most_host = 0.6 * host_memory();
    double total;
    if (!check_device_memory(t, bytes, ROLE_WORKSPACE + 1, &total))
        return false;
    if (t->s->host_memory && total > most_host)
        return settle(
            t, STATE_SKIP, "host_memory",
            "the tensors need %.0f bytes of the host's memory, and %.0f, 60 %% of what is "
            "free, is the most that is taken",
            total, most_host);
    return true;
}

static bool allocate(large *l)
{
    const large_limits *const limits = &l->t->s->large;
    const size_t room = limits->chunk, most = limits->samples;
    l->part = malloc(room * sizeof *l->part);
    l->expected = malloc(room * sizeof *l->expected);
    bool good = l->part && l->expected;
    for (int i = 0; i < 3; i++) {
        l->rows[i] = malloc(room * sizeof **l->rows);
        good = good && l->rows[i];
    }
    l->places = malloc(most * sizeof *l->places);
    l->got = malloc(most * sizeof *l->got);
    l->y = malloc(most * sizeof *l->y);
    l->mag = malloc(most * sizeof *l->mag);
    l->terms = malloc(most * sizeof *l->terms);
    good = good && l->places && l->got && l->y && l->mag && l->terms;
    return good || settle(l->t, STATE_SKIP, "host_memory", "no host memory for the samples");
}

static void release(large *l)
{
    void *const owned[] = {l->part,   l->expected, l->rows[0], l->rows[1], l->rows[2],
                           l->places, l->got,      l->y,       l->mag,     l->terms};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    for (int i = 0; i <= ROLE_WORKSPACE; i++)
        large_release(&l->at[i]);
}

/* ---- What the outputs must be --------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

/* The first, the last, those around every boundary, and others by chance. */
static void choose_places(large *l)
{
    const size_t total = l->source.shape->y, most = l->t->s->large.samples;
    const uint64_t key = data_stream(l->source.seed, TENSOR_X);
    size_t *const places = l->places, count = 0;
    places[count++] = 0;
    places[count++] = total - 1;
    for (size_t at = boundary; at < total - 1 && count + 3 <= most; at += boundary)
        for (size_t i = 0; i < 3; i++)
            places[count++] = at - 1 + i;
    for (size_t i = 0; count < most; i++)
        places[count++] = data_draw(key, i) % total;
    qsort(places, count, sizeof *places, by_place);
    l->samples = count;
}

static const double *read_made(void *user, oracle_tensor tensor, size_t first, size_t count)
{
    static const tensor_id ids[] = {
        [ORACLE_X] = TENSOR_X, [ORACLE_W] = TENSOR_W, [ORACLE_B] = TENSOR_B};
    const large *const l = user;
    if (tensor == ORACLE_B && l->source.shape->b == 0)
        return NULL;
    data_range(l->source.problem, l->source.shape, l->source.mode, l->source.seed, ids[tensor],
               first, count, l->rows[tensor]);
    return l->rows[tensor];
}

static bool compute_expected(large *l)
{
    const oracle_source source = {read_made, l};
    int64_t most = 0;
    for (size_t i = 0; i < l->samples; i++) {
        oracle_gather_from(l->source.problem, &source, l->places[i], l->y + i, l->mag + i,
                           l->terms + i);
        most = l->terms[i] > most ? l->terms[i] : most;
    }
    if (!l->t->s->ref.exact && isnan(compare_gamma(CLCONV_F32, most + 3)))
        return settle(l->t, STATE_SKIP, "data", "sums of %lld terms have no error bound in float32",
                      (long long)most);
    return true;
}

/* Takes the place of the reference that stays from case to case: shape and judgement, no arrays. */
static bool describe(large *l, const oracle_shape *shape)
{
    trial *const t = l->t;
    reference *const ref = &t->s->ref;
    double probe;
    reference_free(ref);
    ref->shape = *shape;
    l->source = (large_source){.problem = &t->problem,
                               .shape = &ref->shape,
                               .mode = t->spec->data[0] ? t->spec->data : "exact",
                               .seed = t->spec->seed};
    ref->exact = strcmp(l->source.mode, "exact") == 0;
    if (!data_range(&t->problem, &ref->shape, l->source.mode, t->spec->seed, TENSOR_X, 0, 1,
                    &probe))
        return settle(t, STATE_SKIP, "data",
                      "there is no data \"%s\" for a problem of this size or of this many terms",
                      l->source.mode);
    if (t->problem.in[1] > (int64_t)t->s->large.chunk)
        return settle(t, STATE_SKIP, "data", "a row of %lld elements is too long for the oracle",
                      (long long)t->problem.in[1]);
    return true;
}

/* ---- The run -------------------------------------------------------------------------------- */

static bool create_tensors(large *l, const size_t words[])
{
    session *const s = l->t->s;
    for (int i = 0; i <= ROLE_WORKSPACE; i++) {
        if (words[i] == 0)
            continue; /* no bias, no workspace */
        const cl_int err = large_create(s, (role)i, words[i], i < ROLE_Y ? &l->source : NULL,
                                        l->part, s->large.chunk, &l->at[i]);
        if (err != CL_SUCCESS)
            return settle_cl(l->t, err, "creating the buffers");
    }
    return true;
}

static bool enqueue_and_wait(large *l, const clconv_plan *plan)
{
    const clconv_args args = {.size = sizeof args,
                              .x = large_buffer(&l->at[ROLE_X]),
                              .w = large_buffer(&l->at[ROLE_W]),
                              .b = large_buffer(&l->at[ROLE_B]),
                              .y = large_buffer(&l->at[ROLE_Y]),
                              .workspace = large_buffer(&l->at[ROLE_WORKSPACE])};
    const clconv_status status = clconv_enqueue(plan, l->t->s->queue, &args, 0, NULL, NULL);
    if (status != CLCONV_OK)
        return settle_status(l->t, status, "clconv_enqueue");
    const cl_int err = clFinish(l->t->s->queue);
    return err == CL_SUCCESS || settle_cl(l->t, err, "waiting for the convolution");
}

static bool check_guards(large *l)
{
    for (int i = 0; i <= ROLE_WORKSPACE; i++)
        for (int behind = 0; l->at[i].mem && behind < 2; behind++) {
            large_damage found;
            const cl_int err = large_check_guard(l->t->s->queue, &l->at[i], behind == 1, &found);
            if (err != CL_SUCCESS)
                return settle_cl(l->t, err, "reading the buffers back");
            if (found.count)
                return settle(l->t, STATE_FAIL, "guard_write",
                              "%s: wrote 0x%08x into the guard %s the buffer, at its word %zu",
                              role_rows[i].name, (unsigned)found.now, behind ? "behind" : "before",
                              found.first);
        }
    return true;
}

static bool check_inputs(large *l)
{
    session *const s = l->t->s;
    for (int i = ROLE_X; i < ROLE_Y; i++) {
        large_damage found = {0};
        const cl_int err = l->at[i].mem ? large_check_input(s->queue, &l->at[i], l->part,
                                                            l->expected, s->large.chunk, &found)
                                        : CL_SUCCESS;
        if (err != CL_SUCCESS)
            return settle_cl(l->t, err, "reading the buffers back");
        if (found.count)
            return settle(l->t, STATE_FAIL, "input_modified",
                          "%s: %zu elements changed, the first is %zu, now 0x%08x",
                          role_rows[i].name, found.count, found.first, (unsigned)found.now);
    }
    return true;
}

static bool check_output_sample(large *l)
{
    trial *const t = l->t;
    large_damage found = {0};
    char where[128];
    const cl_int err = large_read_output(t->s->queue, &l->at[ROLE_Y], l->part, t->s->large.chunk,
                                         l->places, l->samples, l->got, &found);
    if (err != CL_SUCCESS)
        return settle_cl(t, err, "reading the buffers back");
    describe_element(&t->problem, &t->s->ref.shape, found.first, where, sizeof where);
    if (found.count)
        return settle(t, STATE_FAIL, "unwritten",
                      "%zu of %zu outputs still hold the poison, first %s; a large case",
                      found.count, t->s->ref.shape.y, where);
    const judge_rule rule = rule_of(t);
    const comparison judged = compare_outputs(l->got, l->y, l->mag, l->terms, l->samples, &rule);
    t->verdict.headroom = judged.headroom;
    return judged.bad == 0 || settle_outputs(t, &judged, l->samples, l->places[judged.first],
                                             "a sample of a large case");
}

static bool is_plain_float(const clconv_problem *p)
{
    return p->x.dtype == CLCONV_F32 && !p->x.layout && !p->w.layout && !p->y.layout &&
           !codec_has_gaps(p, TENSOR_X);
}

bool run_large(trial *t, const oracle_shape *shape)
{
    large l = {.t = t};
    clconv_plan *plan = NULL;
    if (t->problem.op != CLCONV_FORWARD)
        return settle(t, STATE_SKIP, "data", "a gradient is not judged by a sample of its outputs");
    if (has_epilogue(&t->problem))
        return settle(t, STATE_SKIP, "data", "an epilogue is not judged by a sample of outputs");
    if (!is_plain_float(&t->problem))
        return settle(t, STATE_SKIP, "data",
                      "only float32 in NCHW, without gaps, is judged by a sample");
    size_t words[] = {[ROLE_X] = shape->x,
                      [ROLE_W] = shape->w,
                      [ROLE_B] = shape->b,
                      [ROLE_Y] = shape->y,
                      [ROLE_WORKSPACE] = 0};
    bool good = check_memory(t, words) && /* a plan of this size is work, too */
                make_plan(t, wanted_algorithm(t->spec), CLCONV_USER_WORKSPACE, &plan);
    words[ROLE_WORKSPACE] = good ? (clconv_plan_workspace(plan) + 3) / 4 : 0;
    good = good && check_memory(t, words) && describe(&l, shape) && allocate(&l);
    if (good)
        choose_places(&l);
    good = good && compute_expected(&l) && create_tensors(&l, words) &&
           enqueue_and_wait(&l, plan) && check_guards(&l) && check_inputs(&l) &&
           check_output_sample(&l);
    release(&l);
    clconv_plan_destroy(plan);
    return good;
}
