/* SPDX-License-Identifier: MIT */
/* Runs one case on the device twice and judges it: first in guarded buffers at odd offsets, with
 * the uploads as its wait list and a workspace of ours, then in buffers of exactly the right size.
 */
#include "buffers.h"
#include "session.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

const char *const case_state_names[] = {"PASS", "FAIL", "SKIP", "UNSUPPORTED", "REFUSED"};

typedef enum role { ROLE_X, ROLE_W, ROLE_B, ROLE_Y, ROLE_WORKSPACE, ROLES } role;

/* Guards around inputs are NaN, so that reading them shows; guards around what is written are
 * finite, so that a NaN computed from another guard and written there shows too. The inside of y
 * and of the workspace is NaN: computing from what nobody wrote shows. All bits differ. */
static const struct role_row {
    const char *name;
    uint32_t guard, fill;
    size_t shift; /* words by which the guarded payload misses 4096 bytes: never a multiple of 64 */
    cl_mem_flags exact_flags;
} role_rows[ROLES] = {
    [ROLE_X] = {"x", 0x7fca0a01u, 0, 1, CL_MEM_READ_ONLY},
    [ROLE_W] = {"w", 0x7fca0a02u, 0, 3, CL_MEM_READ_ONLY},
    [ROLE_B] = {"b", 0x7fca0a03u, 0, 5, CL_MEM_READ_ONLY},
    [ROLE_Y] = {"y", 0x45b0b0b1u, 0x7fccc0deu, 7, CL_MEM_READ_WRITE},
    [ROLE_WORKSPACE] = {"workspace", 0x46d0d0d1u, 0x7fcdd0d1u, 9, CL_MEM_READ_WRITE},
};

enum { GUARD_WORDS = 1024 };

typedef struct trial {
    session *s;
    const case_spec *spec;
    clconv_problem problem;
    verdict verdict;
} trial;

/* The first thing to go wrong decides. Always false. */
static bool settle(trial *t, case_state state, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool settle(trial *t, case_state state, const char *kind, const char *format, ...)
{
    va_list list;
    t->verdict.state = state;
    snprintf(t->verdict.kind, sizeof t->verdict.kind, "%s", kind);
    va_start(list, format);
    vsnprintf(t->verdict.reason, sizeof t->verdict.reason, format, list);
    va_end(list);
    return false;
}

/* What a status of the library means for a case; anything else is an api_error. */
static bool settle_status(trial *t, clconv_status status, const char *call)
{
    static const struct {
        clconv_status status;
        case_state state;
        const char *kind;
    } rows[] = {
        {CLCONV_NOT_IN_VERSION, STATE_SKIP, "version"},
        {CLCONV_UNSUPPORTED, STATE_UNSUPPORTED, "device"},
        {CLCONV_ALGORITHM_REFUSES, STATE_REFUSED, "refused"},
        {CLCONV_OUT_OF_MEMORY, STATE_SKIP, "device_memory"},
        {CLCONV_BUILD_FAILED, STATE_FAIL, "build_error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return settle(t, rows[i].state, rows[i].kind, "%s", clconv_last_error());
    return settle(t, STATE_FAIL, "api_error", "%s gave %s: %s", call, clconv_status_name(status),
                  clconv_last_error());
}

/* CL_OUT_OF_RESOURCES is no lack of memory: drivers return it after a kernel has crashed. */
static bool settle_cl(trial *t, cl_int err, const char *call)
{
    if (err == CL_MEM_OBJECT_ALLOCATION_FAILURE || err == CL_OUT_OF_HOST_MEMORY)
        return settle(t, STATE_SKIP, "device_memory", "%s: out of memory (%d)", call, err);
    return settle(t, STATE_FAIL, "api_error", "%s: OpenCL error %d", call, err);
}

/* ---- Before the run ------------------------------------------------------------------------- */

static bool check_shape(trial *t, oracle_shape *counted)
{
    clconv_shape y;
    const clconv_status status = clconv_output_shape(&t->problem, &y);
    if (status != CLCONV_OK)
        return settle_status(t, status, "clconv_output_shape");
    if (!oracle_output(&t->problem, counted) || y.rank != 4 || y.dim[0] != counted->n ||
        y.dim[1] != counted->k || y.dim[2] != counted->p || y.dim[3] != counted->q)
        return settle(t, STATE_FAIL, "shape",
                      "clconv_output_shape says [%lld, %lld, %lld, %lld], counting the windows "
                      "gives [%lld, %lld, %lld, %lld]",
                      (long long)y.dim[0], (long long)y.dim[1], (long long)y.dim[2],
                      (long long)y.dim[3], (long long)counted->n, (long long)counted->k,
                      (long long)counted->p, (long long)counted->q);
    return true;
}

static bool check_memory(trial *t, const oracle_shape *shape)
{
    const size_t elements[] = {shape->x, shape->w, shape->b, shape->y};
    double total = 0.0;
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        const double bytes = 4.0 * ((double)elements[i] + 2.0 * GUARD_WORDS + 16.0);
        total += bytes;
        if (bytes > (double)t->s->max_alloc)
            return settle(t, STATE_UNSUPPORTED, "memory",
                          "%s needs %.0f bytes with its guards, a buffer of this device has at "
                          "most %llu",
                          role_rows[i].name, bytes, (unsigned long long)t->s->max_alloc);
    }
    if (total > (double)t->s->global_bytes)
        return settle(t, STATE_UNSUPPORTED, "memory",
                      "the tensors need %.0f bytes, this device has %llu", total,
                      (unsigned long long)t->s->global_bytes);
    return true;
}

static bool load_reference(trial *t)
{
    char why[256];
    session *const s = t->s;
    const char *const kind = reference_load(&s->ref, t->spec, &t->problem, why, sizeof why);
    if (kind)
        return settle(t, strcmp(kind, "oracle") == 0 ? STATE_FAIL : STATE_SKIP, kind, "%s", why);
    if (session_reserve(s, s->ref.shape.y + 1))
        return true;
    return settle(t, STATE_SKIP, "host_memory", "no host memory for two outputs");
}

/* `algorithm` NULL = the plan's choice. */
static bool make_plan(trial *t, const char *algorithm, uint32_t flags, clconv_plan **out)
{
    const clconv_plan_options options = {.size = sizeof options,
                                         .algorithm = algorithm,
                                         .tile = t->spec->tile[0] ? t->spec->tile : NULL,
                                         .flags = flags};
    const clconv_status status = clconv_plan_create(t->s->ctx, &t->problem, &options, out);
    if (status != CLCONV_OK)
        return settle_status(t, status, "clconv_plan_create");
    if (algorithm && strcmp(clconv_plan_algorithm(*out), algorithm) != 0)
        return settle(t, STATE_FAIL, "wrong_algo", "asked for %s, the plan runs %s", algorithm,
                      clconv_plan_algorithm(*out));
    return true;
}

/* ---- One run -------------------------------------------------------------------------------- */

/* The buffers of one run. `guards` 0 = exact sizes. */
typedef struct run_buffers {
    guarded at[ROLES];
    cl_event uploaded[ROLES];
    cl_uint uploads;
    size_t guards;
} run_buffers;

static bool create_buffers(trial *t, size_t workspace_bytes, run_buffers *run)
{
    const reference *const ref = &t->s->ref;
    const void *const payload[ROLES] = {ref->x, ref->w, ref->b, NULL, NULL};
    const size_t words[ROLES] = {ref->shape.x, ref->shape.w, ref->shape.b, ref->shape.y,
                                 (workspace_bytes + 3) / 4};
    for (int i = 0; i < ROLES; i++) {
        const struct role_row *const row = &role_rows[i];
        if (words[i] == 0 && i >= ROLE_B && i != ROLE_Y)
            continue; /* no bias, no workspace */
        const guarded_spec spec = {.name = row->name,
                                   .payload = payload[i],
                                   .fill = row->fill,
                                   .guard = row->guard,
                                   .front = run->guards ? run->guards + row->shift : 0,
                                   .words = words[i],
                                   .back = run->guards,
                                   .flags = run->guards ? CL_MEM_READ_WRITE : row->exact_flags};
        const cl_int err = guarded_create(t->s->cl, t->s->upload_queue, &spec, &run->at[i],
                                          &run->uploaded[run->uploads]);
        if (err != CL_SUCCESS)
            return settle_cl(t, err, "creating the buffers");
        run->uploads++;
    }
    return true;
}

static clconv_buffer buffer_of(const guarded *g)
{
    return (clconv_buffer){.mem = g->mem, .offset = guarded_offset(g)};
}

/* The guarded run waits for its uploads by the wait list and is waited for by its event; the other
 * has neither, so both ways are used. */
static bool enqueue_and_wait(trial *t, const clconv_plan *plan, const run_buffers *run)
{
    const clconv_args args = {.size = sizeof args,
                              .x = buffer_of(&run->at[ROLE_X]),
                              .w = buffer_of(&run->at[ROLE_W]),
                              .b = buffer_of(&run->at[ROLE_B]),
                              .y = buffer_of(&run->at[ROLE_Y]),
                              .workspace = buffer_of(&run->at[ROLE_WORKSPACE])};
    const bool by_events = run->guards > 0;
    cl_event done = NULL;
    cl_int state = CL_COMPLETE;
    clFlush(t->s->upload_queue);
    if (!by_events) /* not clFinish: after a flush rusticl returns from it before the work is done
                     */
        clWaitForEvents(run->uploads, run->uploaded);
    const clconv_status status =
        clconv_enqueue(plan, t->s->queue, &args, by_events ? run->uploads : 0,
                       by_events ? run->uploaded : NULL, by_events ? &done : NULL);
    if (status != CLCONV_OK)
        return settle_status(t, status, "clconv_enqueue");
    if (by_events && !done)
        return settle(t, STATE_FAIL, "api_error", "clconv_enqueue gave no event");
    cl_int err = by_events ? clWaitForEvents(1, &done) : clFinish(t->s->queue);
    if (err == CL_SUCCESS && by_events)
        err = clGetEventInfo(done, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    if (done)
        clReleaseEvent(done);
    if (err != CL_SUCCESS)
        return settle_cl(t, err, "waiting for the convolution");
    if (state != CL_COMPLETE)
        return settle(t, STATE_FAIL, "api_error", "the convolution ended with status %d", state);
    return true;
}

/* Guards of all buffers first: an overrun explains whatever else is wrong. */
static bool check_buffers(trial *t, const run_buffers *run, float *got)
{
    static const char *const kinds[] = {
        [DAMAGE_GUARD] = "guard_write", [DAMAGE_PAYLOAD] = "input_modified"};
    damage worst = DAMAGE_NONE;
    char sentence[256] = "";
    for (int i = 0; i < ROLES; i++) {
        damage found = DAMAGE_NONE;
        char why[256] = "";
        if (!run->at[i].mem)
            continue;
        const cl_int err = guarded_check(t->s->queue, &run->at[i], i < ROLE_Y,
                                         i == ROLE_Y ? got : NULL, &found, why, sizeof why);
        if (err != CL_SUCCESS)
            return settle_cl(t, err, "reading the buffers back");
        if (i == ROLE_Y)
            t->s->output = got;
        if (found != DAMAGE_NONE && (worst == DAMAGE_NONE || found < worst)) {
            worst = found;
            memcpy(sentence, why, sizeof sentence);
        }
    }
    return worst == DAMAGE_NONE || settle(t, STATE_FAIL, kinds[worst], "%s", sentence);
}

static void describe_element(const oracle_shape *shape, size_t index, char *text, size_t room)
{
    const size_t q = (size_t)shape->q, p = (size_t)shape->p, k = (size_t)shape->k;
    snprintf(text, room, "n=%zu k=%zu p=%zu q=%zu", index / q / p / k, index / q / p % k,
             index / q % p, index % q);
}

/* A NaN that an arithmetic operation made from a guard still has the guard's bits. */
static const char *nan_origin(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < ROLES; i++) {
        if (i < ROLE_Y && bits == role_rows[i].guard)
            return " (from the guard of an input)";
        if (bits == role_rows[i].fill && bits != 0)
            return " (from memory nobody wrote)";
    }
    return "";
}

static bool judge_output(trial *t, const float *got, bool guarded_run)
{
    const reference *const ref = &t->s->ref;
    const judge_rule rule = {.exact = ref->exact,
                             .special = ref->special,
                             .mean = t->problem.reduce == CLCONV_REDUCE_MEAN,
                             .flush = t->s->flush,
                             .poison = role_rows[ROLE_Y].fill};
    const comparison found =
        compare_outputs(got, ref->y, ref->mag, ref->terms, ref->shape.y, &rule);
    if (found.headroom > t->verdict.headroom)
        t->verdict.headroom = found.headroom;
    if (found.bad == 0)
        return true;
    char where[128];
    describe_element(&ref->shape, found.first, where, sizeof where);
    const char *kind = ref->exact ? "value" : "bound";
    if (found.unwritten == found.bad)
        kind = "unwritten";
    return settle(t, STATE_FAIL, kind,
                  "%zu of %zu outputs wrong (%zu still hold the poison), first %s: expected %.9g, "
                  "got %.9g%s, bound %.3g; %s",
                  found.bad, ref->shape.y, found.unwritten, where, found.expected, found.got,
                  nan_origin(got[found.first]), found.bound,
                  guarded_run ? "buffers with guards" : "buffers of exact size");
}

static bool run_plan(trial *t, const clconv_plan *plan, bool guarded_run, float *got)
{
    run_buffers run = {.guards = guarded_run ? GUARD_WORDS : 0};
    const size_t workspace = guarded_run ? clconv_plan_workspace(plan) : 0;
    const bool good = create_buffers(t, workspace, &run) && enqueue_and_wait(t, plan, &run) &&
                      check_buffers(t, &run, got) && judge_output(t, got, guarded_run);
    clFinish(t->s->upload_queue);
    clFinish(t->s->queue);
    for (cl_uint i = 0; i < run.uploads; i++)
        clReleaseEvent(run.uploaded[i]);
    for (int i = 0; i < ROLES; i++)
        guarded_release(&run.at[i]);
    return good;
}

static bool check_repeat(trial *t)
{
    const oracle_shape *const shape = &t->s->ref.shape;
    const float *const first = t->s->got[0], *const second = t->s->got[1];
    if (memcmp(first, second, shape->y * sizeof *first) == 0)
        return true;
    size_t at = 0;
    while (memcmp(first + at, second + at, sizeof *first) == 0)
        at++;
    char where[128];
    describe_element(shape, at, where, sizeof where);
    return settle(t, STATE_FAIL, "nondeterministic",
                  "the second run differs at %s: %.9g, then %.9g", where, (double)first[at],
                  (double)second[at]);
}

/* ---- The case ------------------------------------------------------------------------------- */

/* The first plan brings no workspace of its own; the second does, and is held to the algorithm of
 * the first, because both runs must agree bit for bit. */
static bool run_twice(trial *t)
{
    const char *const wanted = t->spec->algo;
    const bool chosen = wanted[0] == '\0' || strcmp(wanted, "auto") == 0;
    clconv_plan *first = NULL, *second = NULL;
    const bool good = make_plan(t, chosen ? NULL : wanted, CLCONV_USER_WORKSPACE, &first) &&
                      load_reference(t) && run_plan(t, first, true, t->s->got[0]) &&
                      make_plan(t, clconv_plan_algorithm(first), 0, &second) &&
                      run_plan(t, second, false, t->s->got[1]) && check_repeat(t);
    clconv_plan_destroy(first);
    clconv_plan_destroy(second);
    return good;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

verdict run_case(session *s, const case_spec *c)
{
    if (c->sweep)
        return run_sweep(s, c);
    const double start = seconds_now();
    oracle_shape shape;
    trial t = {.s = s, .spec = c, .problem = case_problem(c), .verdict = {.state = STATE_PASS}};
    s->output = NULL;
    if (check_shape(&t, &shape) && check_memory(&t, &shape))
        run_twice(&t);
    t.verdict.seconds = seconds_now() - start;
    return t.verdict;
}
