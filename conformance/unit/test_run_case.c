/* SPDX-License-Identifier: MIT */
/* run_case against a library that is wrong on purpose: the calls it makes are defined here and take
 * the place of the real ones. The stand-in computes on the host with the second oracle and then
 * does the damage of the day; every kind of verdict must appear. */
#include "problems.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef enum sabotage {
    HONEST,
    WRONG_ELEMENT,
    WRONG_LAST,
    NOT_A_NUMBER,
    UNWRITTEN_LAST,
    WRITE_BEFORE,
    WRITE_AFTER,
    WRITE_AFTER_INPUT,
    WRITE_AFTER_WORKSPACE,
    CHANGE_WEIGHT,
    EXACT_SIZE_ONLY,
    WANDERING,
    WRONG_NAME,
    ENQUEUE_FAILS,
    NO_EVENT,
    EVENT_FAILS,
    PLAN_STATUS, /* + the status */
    WRONG_SHAPE = PLAN_STATUS + 32
} sabotage;

static int today = HONEST;

struct clconv_context {
    cl_context cl;
};

struct clconv_plan {
    clconv_context *ctx;
    clconv_problem problem;
};

static clconv_context the_context;
static clconv_plan the_plan;

clconv_status clconv_context_create(cl_context context, cl_device_id device, clconv_context **out)
{
    (void)device;
    the_context.cl = context;
    *out = &the_context;
    return CLCONV_OK;
}

void clconv_context_destroy(clconv_context *ctx)
{
    (void)ctx;
}

clconv_status clconv_output_shape(const clconv_problem *p, clconv_shape *y)
{
    oracle_shape shape;
    oracle_output(p, &shape);
    *y = (clconv_shape){4, {shape.n, shape.k, shape.p, shape.q + (today == WRONG_SHAPE)}};
    return CLCONV_OK;
}

clconv_status clconv_plan_create(clconv_context *ctx, const clconv_problem *p,
                                 const clconv_plan_options *options, clconv_plan **out)
{
    (void)options;
    *out = NULL;
    if (today > PLAN_STATUS && today < WRONG_SHAPE)
        return (clconv_status)(today - PLAN_STATUS);
    the_plan = (clconv_plan){ctx, *p};
    *out = &the_plan;
    return CLCONV_OK;
}

void clconv_plan_destroy(clconv_plan *plan)
{
    (void)plan;
}

size_t clconv_plan_workspace(const clconv_plan *plan)
{
    (void)plan;
    return 10; /* not a whole number of words */
}

const char *clconv_plan_algorithm(const clconv_plan *plan)
{
    (void)plan;
    return today == WRONG_NAME ? "other" : "naive";
}

/* ---- The stand-in's enqueue ------------------------------------------------------------------ */

static void read_back(cl_command_queue queue, const clconv_buffer *from, float *to, size_t count)
{
    if (count > 0)
        assert_int_equal(clEnqueueReadBuffer(queue, from->mem, CL_TRUE, from->offset,
                                             count * sizeof *to, to, 0, NULL, NULL),
                         CL_SUCCESS);
}

static void write_at(cl_command_queue queue, const clconv_buffer *to, int64_t element,
                     const float *from, size_t count)
{
    const size_t at = (size_t)((int64_t)to->offset + element * (int64_t)sizeof *from);
    if (count > 0)
        assert_int_equal(clEnqueueWriteBuffer(queue, to->mem, CL_TRUE, at, count * sizeof *from,
                                              from, 0, NULL, NULL),
                         CL_SUCCESS);
}

/* Changes of the result before it is written; returns how many elements to write. */
static size_t spoil_result(const clconv_args *args, float *y, size_t count)
{
    const bool exact_run = args->y.offset == 0;
    if (today == WRONG_ELEMENT)
        y[1] = nextafterf(y[1], INFINITY);
    if (today == WRONG_LAST || (today == EXACT_SIZE_ONLY && exact_run))
        y[count - 1] = -y[count - 1];
    if (today == NOT_A_NUMBER)
        y[count / 2] = NAN;
    if (today == WANDERING && exact_run)
        y[2] = nextafterf(y[2], INFINITY);
    return today == UNWRITTEN_LAST ? count - 1 : count;
}

static void spoil_memory(cl_command_queue queue, const clconv_args *args, const oracle_shape *shape)
{
    const float stray = 1.0f;
    if (args->y.offset == 0)
        return; /* no guards there: only bounds checkers can see it */
    if (today == WRITE_BEFORE)
        write_at(queue, &args->y, -2, &stray, 1);
    if (today == WRITE_AFTER)
        write_at(queue, &args->y, (int64_t)shape->y, &stray, 1);
    if (today == WRITE_AFTER_INPUT)
        write_at(queue, &args->x, (int64_t)shape->x + 1, &stray, 1);
    if (today == WRITE_AFTER_WORKSPACE)
        write_at(queue, &args->workspace, 3, &stray, 1);
    if (today == CHANGE_WEIGHT)
        write_at(queue, &args->w, (int64_t)shape->w - 1, &stray, 1);
}

static void make_event(cl_event *event)
{
    cl_int err = CL_SUCCESS;
    if (!event || today == NO_EVENT)
        return;
    *event = clCreateUserEvent(the_context.cl, &err);
    assert_int_equal(err, CL_SUCCESS);
    clSetUserEventStatus(*event, today == EVENT_FAILS ? -5 : CL_COMPLETE);
}

clconv_status clconv_enqueue(const clconv_plan *plan, cl_command_queue queue,
                             const clconv_args *args, cl_uint n_wait, const cl_event *wait,
                             cl_event *event)
{
    oracle_shape shape;
    if (today == ENQUEUE_FAILS)
        return CLCONV_INVALID_BUFFER;
    if (n_wait > 0)
        clWaitForEvents(n_wait, wait);
    oracle_output(&plan->problem, &shape);
    float *const memory = calloc(shape.x + shape.w + shape.b + shape.y + 1, sizeof *memory);
    float *const w = memory + shape.x, *const b = w + shape.w, *const y = b + shape.b;
    double *const exact = calloc(2 * shape.y + 1, sizeof *exact);
    int64_t *const terms = calloc(shape.y + 1, sizeof *terms);
    read_back(queue, &args->x, memory, shape.x);
    read_back(queue, &args->w, w, shape.w);
    read_back(queue, &args->b, b, shape.b);
    oracle_gather(&plan->problem, memory, w, shape.b ? b : NULL, exact, exact + shape.y, terms);
    for (size_t i = 0; i < shape.y; i++)
        y[i] = (float)exact[i];
    write_at(queue, &args->y, 0, y, spoil_result(args, y, shape.y));
    spoil_memory(queue, args, &shape);
    make_event(event);
    free(memory);
    free(exact);
    free(terms);
    return CLCONV_OK;
}

/* ---- Tests ------------------------------------------------------------------------------------
 */

static session *the_session;

static verdict run(int how, const char *text)
{
    case_spec c;
    char why[256];
    assert_true(case_parse(text, &c, why, sizeof why));
    today = how;
    return run_case(the_session, &c);
}

static const char plain_case[] = "n2c4h5w6k4r3s2ph1g2b1:algo=naive";

static void expect(int how, const char *text, case_state state, const char *kind,
                   const char *reason)
{
    const verdict v = run(how, text);
    if (v.state != state || strcmp(v.kind, kind) != 0 || !strstr(v.reason, reason))
        fail_msg("sabotage %d of %s gave %s %s: %s", how, text, case_state_names[v.state], v.kind,
                 v.reason);
}

static void test_honest_passes(void **state)
{
    (void)state;
    expect(HONEST, plain_case, STATE_PASS, "", "");
    expect(HONEST, "n2c4h5w6k4r3s2ph1g2:algo=naive:data=real:seed=3", STATE_PASS, "", "");
    expect(HONEST, "c3h5w6k9rs3b1:shared:reduce=mean", STATE_PASS, "", "");
    expect(HONEST, "c3h5w6k8rs3g3:gi=1+1+1:go=3+3+2:algo=auto", STATE_PASS, "", "");
    expect(HONEST, "n0c3h5w6k2rs3b1:algo=naive", STATE_PASS, "", "");
}

static void test_wrong_results(void **state)
{
    (void)state;
    expect(WRONG_ELEMENT, plain_case, STATE_FAIL, "value", "1 of 200 outputs wrong");
    expect(WRONG_ELEMENT, plain_case, STATE_FAIL, "value", "first n=0 k=0 p=0 q=1:");
    expect(WRONG_LAST, plain_case, STATE_FAIL, "value", "first n=1 k=3 p=4 q=4:");
    expect(WRONG_LAST, "c4h5w6k4r3s2:data=real", STATE_FAIL, "bound", "1 of 60 outputs wrong");
    expect(NOT_A_NUMBER, plain_case, STATE_FAIL, "value", "got nan");
    expect(NOT_A_NUMBER, "c4h5w6k4r3s2:data=real", STATE_FAIL, "bound", "got nan");
    expect(UNWRITTEN_LAST, plain_case, STATE_FAIL, "unwritten", "first n=1 k=3 p=4 q=4:");
    expect(EXACT_SIZE_ONLY, plain_case, STATE_FAIL, "value", "buffers of exact size");
    expect(WANDERING, "c4h5w6k4r3s2:data=real", STATE_FAIL, "nondeterministic",
           "other bits at n=0 k=0 p=0 q=2");
}

static void test_damage(void **state)
{
    (void)state;
    expect(WRITE_BEFORE, plain_case, STATE_FAIL, "guard_write",
           "y: wrote 0x3f800000 at 8 bytes before");
    expect(WRITE_AFTER, plain_case, STATE_FAIL, "guard_write",
           "y: wrote 0x3f800000 at 0 bytes past");
    expect(WRITE_AFTER_INPUT, plain_case, STATE_FAIL, "guard_write",
           "x: wrote 0x3f800000 at 4 bytes past");
    expect(WRITE_AFTER_WORKSPACE, plain_case, STATE_FAIL, "guard_write", "workspace: wrote");
    expect(CHANGE_WEIGHT, plain_case, STATE_FAIL, "input_modified", "w: element 47 changed");
    expect(WRITE_AFTER, "n0c3h5w6k2rs3b1:algo=naive", STATE_FAIL, "guard_write", "y: wrote");
}

static void test_calls(void **state)
{
    (void)state;
    expect(WRONG_NAME, plain_case, STATE_FAIL, "wrong_algo",
           "asked for naive, the plan runs other");
    expect(ENQUEUE_FAILS, plain_case, STATE_FAIL, "api_error", "CLCONV_INVALID_BUFFER");
    expect(NO_EVENT, plain_case, STATE_FAIL, "api_error", "gave no event");
    expect(EVENT_FAILS, plain_case, STATE_FAIL, "api_error", "waiting for the convolution");
    expect(WRONG_SHAPE, plain_case, STATE_FAIL, "shape", "[2, 4, 5, 6]");
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        clconv_status status;
        case_state state;
        const char *kind;
    } rows[] = {
        {CLCONV_INVALID, STATE_FAIL, "api_error"},
        {CLCONV_NOT_IN_VERSION, STATE_SKIP, "version"},
        {CLCONV_UNSUPPORTED, STATE_UNSUPPORTED, "device"},
        {CLCONV_ALGORITHM_REFUSES, STATE_REFUSED, "refused"},
        {CLCONV_OUT_OF_MEMORY, STATE_SKIP, "device_memory"},
        {CLCONV_BUILD_FAILED, STATE_FAIL, "build_error"},
        {CLCONV_CL_ERROR, STATE_FAIL, "api_error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(PLAN_STATUS + (int)rows[i].status, plain_case, rows[i].state, rows[i].kind, "");
}

static void test_not_run(void **state)
{
    (void)state;
    expect(HONEST, "c4096hw65536k1", STATE_UNSUPPORTED, "memory", "x needs");
    expect(HONEST, "c4h5w6k4:data=ramp", STATE_SKIP, "data", "ramp");
}

/* What --dump writes belongs to the case that ran last, and only if it got that far. */
static void test_tensors(void **state)
{
    (void)state;
    case_tensors kept;
    expect(WRONG_ELEMENT, plain_case, STATE_FAIL, "value", "");
    assert_true(session_tensors(the_session, &kept));
    assert_int_equal(kept.reference->shape.y, 200);
    assert_true((double)kept.got[0] == kept.reference->y[0]);
    assert_false((double)kept.got[1] == kept.reference->y[1]);
    expect(ENQUEUE_FAILS, plain_case, STATE_FAIL, "api_error", "");
    assert_false(session_tensors(the_session, &kept));
}

int main(void)
{
    enum { NO_DEVICE = 77 };
    device_entry device;
    char why[512];
    setenv("POCL_SIGFPE_HANDLER", "0", 1);
    if (devices_choose(NULL, &device, why, sizeof why) != EXIT_GOOD ||
        !(the_session = session_open(&device, why, sizeof why))) {
        fprintf(stderr, "skipped: %s\n", why);
        return NO_DEVICE;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_passes), cmocka_unit_test(test_wrong_results),
        cmocka_unit_test(test_damage),        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_statuses),      cmocka_unit_test(test_not_run),
        cmocka_unit_test(test_tensors),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    session_close(the_session);
    return failed;
}
