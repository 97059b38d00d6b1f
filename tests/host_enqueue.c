/* SPDX-License-Identifier: MIT */
/* What enqueue checks, refuses and promises on this machine's device. Exit 77 without one. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool has_algorithm(const char *name)
{
    for (size_t i = 0; clconv_algorithm_name(i); i++)
        if (!strcmp(clconv_algorithm_name(i), name))
            return true;
    return false;
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
    assert_refused(clconv_enqueue(plan, queue, &scaled, 0, NULL, NULL), CLCONV_INVALID, "beta 1");
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

/* An algorithm that reads y (gemm, for the bias) wants it readable, and its workspace too. */
static void test_write_only_buffers(void **state)
{
    (void)state;
    clconv_problem p = problem();
    p.b.dtype = CLCONV_F32;
    cl_mem write_only = buffer(context, CL_MEM_WRITE_ONLY, sizeof y_host, NULL);
    clconv_plan *plan = plan_of(&p, "naive", 0);
    const clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .b.mem = b, .y.mem = write_only};
    assert_int_equal(clconv_enqueue(plan, queue, &a, 0, NULL, NULL), CLCONV_OK);
    clFinish(queue);
    clconv_plan_destroy(plan);
    if (has_algorithm("gemm")) {
        plan = plan_of(&p, "gemm", 0);
        assert_refused(clconv_enqueue(plan, queue, &a, 0, NULL, NULL), CLCONV_INVALID_BUFFER,
                       "y was created CL_MEM_WRITE_ONLY");
        clconv_plan_destroy(plan);
    }
    clReleaseMemObject(write_only);
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

/* More events than are gathered in one list, on a plan whose workspace is in use. */
static void test_long_wait_list(void **state)
{
    (void)state;
    enum { EVENTS = 40 };
    const clconv_problem p = problem();
    for (size_t i = 0; clconv_algorithm_name(i); i++) {
        clconv_plan *plan = plan_of(&p, clconv_algorithm_name(i), 0);
        if (!plan)
            continue;
        const clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
        cl_event done[EVENTS];
        for (int e = 0; e < EVENTS; e++)
            assert_int_equal(clconv_enqueue(plan, queue, &a, 0, NULL, &done[e]), CLCONV_OK);
        assert_int_equal(clconv_enqueue(plan, queue, &a, EVENTS, done, NULL), CLCONV_OK);
        assert_result(NULL);
        for (int e = 0; e < EVENTS; e++)
            clReleaseEvent(done[e]);
        clconv_plan_destroy(plan);
    }
}

static void test_wrong_events(void **state)
{
    (void)state;
    cl_int err = CL_SUCCESS;
    const clconv_problem p = problem();
    clconv_plan *plan = plan_of(&p, NULL, 0);
    cl_context other = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    const cl_event foreign = clCreateUserEvent(other, &err), none = NULL;
    const clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
    assert_refused(clconv_enqueue(plan, queue, &a, 1, &none, NULL), CLCONV_INVALID,
                   "event 0 of 1 to wait for is NULL");
    assert_refused(clconv_enqueue(plan, queue, &a, 1, &foreign, NULL), CLCONV_INVALID,
                   "of another cl_context");
    clReleaseEvent(foreign);
    clReleaseContext(other);
    clconv_plan_destroy(plan);
}

static void test_longer_args(void **state)
{
    (void)state;
    struct {
        clconv_args args;
        double later;
    } longer;
    memset(&longer, 0, sizeof longer);
    const clconv_problem p = problem();
    clconv_plan *plan = plan_of(&p, NULL, 0);
    longer.args = (clconv_args){sizeof longer, .x.mem = x, .w.mem = w, .y.mem = y};
    assert_int_equal(clconv_enqueue(plan, queue, &longer.args, 0, NULL, NULL), CLCONV_OK);
    longer.later = 3.0;
    assert_refused(clconv_enqueue(plan, queue, &longer.args, 0, NULL, NULL), CLCONV_NOT_IN_VERSION,
                   "of a struct is set");
    longer.args.size = 0;
    assert_refused(clconv_enqueue(plan, queue, &longer.args, 0, NULL, NULL), CLCONV_INVALID,
                   "`size` is 0");
    clFinish(queue);
    clconv_plan_destroy(plan);
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
        clconv_plan *other = NULL; /* of a design that needs less, or none */
        const clconv_status status = clconv_plan_create(ctx, &p, &tight, &other);
        if (status)
            assert_refused(status, CLCONV_ALGORITHM_REFUSES, "workspace_limit");
        else
            assert_true(clconv_plan_workspace(other) < bytes);
        assert_true(status == 0 || !other);
        clconv_plan_destroy(other);
        clReleaseMemObject(room);
        clconv_plan_destroy(plan);
    }
}

int main(void)
{
    const int code = fixture_device();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_checks),
        cmocka_unit_test(test_write_only_buffers),
        cmocka_unit_test(test_offsets_and_sub_buffers),
        cmocka_unit_test(test_wait_list),
        cmocka_unit_test(test_long_wait_list),
        cmocka_unit_test(test_wrong_events),
        cmocka_unit_test(test_longer_args),
        cmocka_unit_test(test_workspace),
    };
    return code ? code : cmocka_run_group_tests(tests, set_up, tear_down);
}
