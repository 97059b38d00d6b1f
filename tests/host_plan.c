/* SPDX-License-Identifier: MIT */
/* The contract of contexts, plans and enqueue on this machine's device: what is checked, what is
 * refused, what an event means. Exit 77 without a device. */
#include "clconv/clconv.h"
#include "devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { X_FLOATS = 2 * 4 * 6 * 5, W_FLOATS = 8 * 2 * 3 * 2, Y_FLOATS = 2 * 8 * 4 * 4, B_FLOATS = 8 };

static cl_context context;
static cl_device_id device;
static cl_command_queue queue;
static clconv_context *ctx;
static cl_mem x, w, b, y;
static float x_host[X_FLOATS], w_host[W_FLOATS], b_host[B_FLOATS], y_host[Y_FLOATS];

static clconv_problem problem(void)
{
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.n = 2, p.c = 4, p.k = 8, p.groups = 2;
    p.in[0] = 6, p.in[1] = 5, p.kernel[0] = 3, p.kernel[1] = 2;
    return p;
}

/* The problem's result by its formula. */
static void expect(const float *bias, float *out)
{
    for (int n = 0; n < 2; n++)
        for (int k = 0; k < 8; k++)
            for (int p = 0; p < 4; p++)
                for (int q = 0; q < 4; q++) {
                    float sum = bias ? bias[k] : 0.0f;
                    for (int c = 0; c < 2; c++)
                        for (int r = 0; r < 3; r++)
                            for (int s = 0; s < 2; s++)
                                sum += x_host[((n * 4 + k / 4 * 2 + c) * 6 + p + r) * 5 + q + s] *
                                       w_host[((k * 2 + c) * 3 + r) * 2 + s];
                    out[((n * 8 + k) * 4 + p) * 4 + q] = sum;
                }
}

static cl_mem buffer(cl_context in, cl_mem_flags flags, size_t bytes, void *host)
{
    cl_int err = CL_SUCCESS;
    cl_mem mem = clCreateBuffer(in, flags | (host ? CL_MEM_COPY_HOST_PTR : 0), bytes, host, &err);
    assert_int_equal(err, CL_SUCCESS);
    return mem;
}

static clconv_plan *plan_of(const clconv_problem *p, const char *algorithm, uint32_t flags)
{
    clconv_plan *plan = NULL;
    const clconv_plan_options options = {
        .size = sizeof options, .algorithm = algorithm, .flags = flags};
    const clconv_status status = clconv_plan_create(ctx, p, &options, &plan);
    if (status == CLCONV_ALGORITHM_REFUSES)
        return NULL;
    if (status)
        fail_msg("%s: %s", algorithm ? algorithm : "choosing", clconv_last_error());
    return plan;
}

static void read_y(void)
{
    assert_int_equal(
        clEnqueueReadBuffer(queue, y, CL_TRUE, 0, sizeof y_host, y_host, 0, NULL, NULL), 0);
}

static void assert_result(const float *bias)
{
    float wanted[Y_FLOATS];
    expect(bias, wanted);
    read_y();
    assert_memory_equal(y_host, wanted, sizeof wanted);
}

static void assert_refused(clconv_status got, clconv_status wanted, const char *phrase)
{
    if (got != wanted || !strstr(clconv_last_error(), phrase))
        fail_msg("wanted %s with '%s', got %s: %s", clconv_status_name(wanted), phrase,
                 clconv_status_name(got), clconv_last_error());
}

static void test_every_algorithm(void **state)
{
    (void)state;
    clconv_problem p = problem();
    for (size_t i = 0; clconv_algorithm_name(i); i++)
        for (int bias = 0; bias < 2; bias++) {
            p.b.dtype = bias ? CLCONV_F32 : 0;
            clconv_plan *plan = plan_of(&p, clconv_algorithm_name(i), 0);
            if (!plan)
                continue;
            clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
            a.b.mem = bias ? b : NULL;
            cl_event done = NULL;
            assert_string_equal(clconv_plan_algorithm(plan), clconv_algorithm_name(i));
            assert_int_equal(clconv_enqueue(plan, queue, &a, 0, NULL, &done), CLCONV_OK);
            assert_int_equal(clWaitForEvents(1, &done), CL_SUCCESS);
            clReleaseEvent(done);
            assert_result(bias ? b_host : NULL);
            clconv_plan_destroy(plan);
        }
}

static void test_buffer_checks(void **state)
{
    (void)state;
    cl_int err = CL_SUCCESS;
    const clconv_problem p = problem();
    clconv_plan *plan = plan_of(&p, "naive", 0);
    cl_context other = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    cl_mem foreign = buffer(other, CL_MEM_READ_WRITE, sizeof x_host, NULL);
    cl_mem short_y = buffer(context, CL_MEM_READ_WRITE, sizeof y_host - 4, NULL);
    cl_mem read_only = buffer(context, CL_MEM_READ_ONLY, sizeof y_host, NULL);
    cl_mem write_only = buffer(context, CL_MEM_WRITE_ONLY, sizeof x_host, NULL);
    cl_mem both = buffer(context, CL_MEM_READ_WRITE, sizeof x_host + sizeof y_host, NULL);
    const clconv_args good = {sizeof good, .x.mem = x, .w.mem = w, .y.mem = y};
    const struct {
        clconv_args args;
        const char *phrase;
    } rows[] = {
        {{sizeof good, .w.mem = w, .y.mem = y}, "x is NULL"},
        {{sizeof good, .x.mem = foreign, .w.mem = w, .y.mem = y}, "another cl_context"},
        {{sizeof good, .x.mem = x, .w.mem = w, .y.mem = short_y}, "y needs 1024 bytes"},
        {{sizeof good, .x = {x, 4, NULL}, .w.mem = w, .y.mem = y}, "from offset 4 on"},
        {{sizeof good, .x = {x, UINT64_MAX - 3, NULL}, .w.mem = w, .y.mem = y}, "from offset"},
        {{sizeof good, .x.mem = x, .w.mem = w, .y = {both, 2, NULL}}, "not a multiple"},
        {{sizeof good, .x.mem = x, .w.mem = w, .y.mem = read_only}, "CL_MEM_READ_ONLY"},
        {{sizeof good, .x.mem = write_only, .w.mem = w, .y.mem = y}, "CL_MEM_WRITE_ONLY"},
        {{sizeof good, .x.mem = both, .w.mem = w, .y = {both, sizeof x_host - 4, NULL}}, "overlap"},
        {{sizeof good, .x.mem = x, .w.mem = w, .y.mem = y, .b.mem = b}, "the problem has no bias"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(clconv_enqueue(plan, queue, &rows[i].args, 0, NULL, NULL),
                       CLCONV_INVALID_BUFFER, rows[i].phrase);
    const clconv_args beside = {sizeof beside, .x.mem = both, .w.mem = w,
                                .y = {both, sizeof x_host, NULL}};
    assert_int_equal(clconv_enqueue(plan, queue, &beside, 0, NULL, NULL), CLCONV_OK);
    clconv_args scaled = good;
    scaled.beta = 1.0;
    assert_refused(clconv_enqueue(plan, queue, &scaled, 0, NULL, NULL), CLCONV_NOT_IN_VERSION,
                   "beta 1");
    cl_command_queue foreign_queue = clCreateCommandQueue(other, device, 0, &err);
    assert_refused(clconv_enqueue(plan, foreign_queue, &good, 0, NULL, NULL), CLCONV_INVALID,
                   "another cl_context");
    assert_refused(clconv_enqueue(plan, queue, &good, 1, NULL, NULL), CLCONV_INVALID,
                   "1 events to wait for");
    clFinish(queue);
    clReleaseCommandQueue(foreign_queue);
    cl_mem made[] = {foreign, short_y, read_only, write_only, both};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        clReleaseMemObject(made[i]);
    clReleaseContext(other);
    clconv_plan_destroy(plan);
}

static void test_offsets_and_sub_buffers(void **state)
{
    (void)state;
    cl_int err = CL_SUCCESS;
    cl_uint align_bits = 0;
    clGetDeviceInfo(device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof align_bits, &align_bits, NULL);
    const size_t align = align_bits / 8;
    const clconv_problem p = problem();
    clconv_plan *plan = plan_of(&p, "naive", 0);
    cl_mem parent = buffer(context, CL_MEM_READ_WRITE, 2 * align + sizeof y_host + 64, NULL);
    const cl_buffer_region region = {align, sizeof y_host + 64};
    cl_mem part = clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &err);
    assert_int_equal(err, CL_SUCCESS);
    clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y = {part, 12, NULL}};
    assert_int_equal(clconv_enqueue(plan, queue, &a, 0, NULL, NULL), CLCONV_OK);
    clEnqueueCopyBuffer(queue, parent, y, align + 12, 0, sizeof y_host, 0, NULL, NULL);
    assert_result(NULL);
    a.x = (clconv_buffer){parent, align + 8, NULL}; /* inside the region that y uses */
    assert_refused(clconv_enqueue(plan, queue, &a, 0, NULL, NULL), CLCONV_INVALID_BUFFER,
                   "overlap");
    clReleaseMemObject(part);
    clReleaseMemObject(parent);
    clconv_plan_destroy(plan);
}

/* The convolution must not start before the events it waits for, also when nothing is computed. */
static void test_wait_list(void **state)
{
    (void)state;
    char name[64];
    clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof name, name, NULL);
    if (strstr(name, "Oclgrind")) /* runs commands at once: a user event would never be set */
        skip();
    for (int64_t n = 0; n <= 2; n += 2) {
        clconv_problem p = problem();
        p.n = n;
        clconv_plan *plan = plan_of(&p, "naive", 0);
        const clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
        cl_int err = CL_SUCCESS, state_now = CL_COMPLETE;
        cl_event gate = clCreateUserEvent(context, &err), done = NULL;
        assert_int_equal(clconv_enqueue(plan, queue, &a, 1, &gate, &done), CLCONV_OK);
        clFlush(queue);
        clGetEventInfo(done, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state_now, &state_now, NULL);
        assert_int_not_equal(state_now, CL_COMPLETE);
        clSetUserEventStatus(gate, CL_COMPLETE);
        assert_int_equal(clWaitForEvents(1, &done), CL_SUCCESS);
        clReleaseEvent(gate);
        clReleaseEvent(done);
        clconv_plan_destroy(plan);
    }
}

static void test_workspace(void **state)
{
    (void)state;
    const clconv_problem p = problem();
    for (size_t i = 0; clconv_algorithm_name(i); i++) {
        clconv_plan *plan = plan_of(&p, clconv_algorithm_name(i), CLCONV_USER_WORKSPACE);
        if (!plan || clconv_plan_workspace(plan) == 0) {
            clconv_plan_destroy(plan);
            continue;
        }
        const size_t bytes = clconv_plan_workspace(plan);
        cl_mem room = buffer(context, CL_MEM_READ_WRITE, bytes + 64, NULL);
        clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
        assert_refused(clconv_enqueue(plan, queue, &a, 0, NULL, NULL), CLCONV_INVALID_BUFFER,
                       "workspace is NULL");
        a.workspace = (clconv_buffer){room, 64, NULL};
        assert_int_equal(clconv_enqueue(plan, queue, &a, 0, NULL, NULL), CLCONV_OK);
        assert_result(NULL);
        const clconv_plan_options tight = {.size = sizeof tight,
                                           .algorithm = clconv_algorithm_name(i),
                                           .workspace_limit = bytes - 1};
        clconv_plan *none = NULL;
        assert_refused(clconv_plan_create(ctx, &p, &tight, &none), CLCONV_ALGORITHM_REFUSES,
                       "workspace_limit");
        assert_null(none);
        clReleaseMemObject(room);
        clconv_plan_destroy(plan);
    }
}

static void test_plan_refusals(void **state)
{
    (void)state;
    clconv_plan *plan = NULL;
    clconv_problem p = problem();
    clconv_plan_options o = {.size = sizeof o, .algorithm = "winograd"};
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_INVALID, "'winograd'");
    o.algorithm = "naive", o.tile = "xb=3";
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_ALGORITHM_REFUSES, "no tile");
    o.algorithm = NULL;
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_INVALID, "needs an algorithm");
    o = (clconv_plan_options){.size = sizeof o, .algorithm = "depthwise"};
    assert_int_equal(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_ALGORITHM_REFUSES);
    o = (clconv_plan_options){.size = sizeof o, .flags = 64};
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_NOT_IN_VERSION, "0x40");
    p.groups = 3;
    assert_refused(clconv_plan_create(ctx, &p, NULL, &plan), CLCONV_INVALID, "divisible by 3");
    assert_null(plan);
}

/* Another size of a known problem builds nothing. */
static void test_programs_do_not_depend_on_sizes(void **state)
{
    (void)state;
    clconv_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    for (size_t i = 0; clconv_algorithm_name(i); i++) {
        clconv_problem p = problem();
        clconv_plan *first = plan_of(&p, clconv_algorithm_name(i), 0);
        clconv_context_stats(ctx, &before);
        p.n = 3, p.c = 6, p.k = 12, p.groups = 3, p.in[0] = 17, p.in[1] = 31;
        p.pad_before[0] = p.pad_after[1] = 1;
        clconv_plan *second = plan_of(&p, clconv_algorithm_name(i), 0);
        clconv_context_stats(ctx, &after);
        assert_int_equal(before.programs_built + before.programs_loaded,
                         after.programs_built + after.programs_loaded);
        assert_int_equal(before.build_ns, after.build_ns);
        clconv_plan_destroy(first);
        clconv_plan_destroy(second);
    }
}

static void test_enqueue_allocates_nothing(void **state)
{
    (void)state;
    clconv_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    const clconv_problem p = problem();
    clconv_plan *plan = plan_of(&p, NULL, 0);
    const clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
    clconv_context_stats(ctx, &before);
    for (int i = 0; i < 100; i++)
        assert_int_equal(clconv_enqueue(plan, queue, &a, 0, NULL, NULL), CLCONV_OK);
    clconv_context_stats(ctx, &after);
    assert_memory_equal(&before, &after, sizeof before);
    assert_result(NULL);
    clconv_plan_destroy(plan);
}

static void test_rank_and_explain(void **state)
{
    (void)state;
    const clconv_problem p = problem();
    clconv_choice choice[16];
    const size_t count = clconv_rank(ctx, &p, choice, 16);
    assert_true(count >= 3 && count <= 16);
    assert_null(choice[0].refusal);
    clconv_plan *plan = plan_of(&p, NULL, 0);
    assert_string_equal(clconv_plan_algorithm(plan), choice[0].algorithm);
    for (size_t i = 0; i < count; i++)
        assert_non_null(strstr(clconv_plan_explain(plan), choice[i].algorithm));
    assert_non_null(strstr(clconv_plan_explain(plan), "3072 multiply-adds"));
    clconv_plan_destroy(plan);
}

static void test_foreign_device(void **state)
{
    (void)state;
    clconv_context *none = NULL;
    assert_refused(clconv_context_create(NULL, device, &none), CLCONV_INVALID, "NULL");
    assert_null(none);
    clconv_plan_destroy(NULL);
    clconv_context_destroy(NULL);
}

static int set_up(void **state)
{
    (void)state;
    cl_int err = CL_SUCCESS;
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    queue = clCreateCommandQueue(context, device, 0, &err);
    if (err || clconv_context_create(context, device, &ctx))
        return -1;
    for (int i = 0; i < X_FLOATS; i++)
        x_host[i] = (float)(i * 7 % 31 - 15);
    for (int i = 0; i < W_FLOATS; i++)
        w_host[i] = (float)(i * 5 % 17 - 8);
    for (int i = 0; i < B_FLOATS; i++)
        b_host[i] = (float)(3 * i - 10);
    x = buffer(context, CL_MEM_READ_ONLY, sizeof x_host, x_host);
    w = buffer(context, CL_MEM_READ_ONLY, sizeof w_host, w_host);
    b = buffer(context, CL_MEM_READ_ONLY, sizeof b_host, b_host);
    y = buffer(context, CL_MEM_READ_WRITE, sizeof y_host, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cl_mem made[] = {x, w, b, y};
    for (size_t i = 0; i < 4; i++)
        clReleaseMemObject(made[i]);
    clconv_context_destroy(ctx);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    return 0;
}

int main(void)
{
    char why[256];
    device_entry chosen;
    const int code = devices_choose(NULL, &chosen, why, sizeof why);
    if (code)
        return code;
    device = chosen.device;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_algorithm),
        cmocka_unit_test(test_buffer_checks),
        cmocka_unit_test(test_offsets_and_sub_buffers),
        cmocka_unit_test(test_wait_list),
        cmocka_unit_test(test_workspace),
        cmocka_unit_test(test_plan_refusals),
        cmocka_unit_test(test_programs_do_not_depend_on_sizes),
        cmocka_unit_test(test_enqueue_allocates_nothing),
        cmocka_unit_test(test_rank_and_explain),
        cmocka_unit_test(test_foreign_device),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
