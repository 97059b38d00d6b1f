/* SPDX-License-Identifier: MIT */
/* Two devices in one cl_context: the same buffers are convolved on one and then on the other, with
 * events between their queues, and on both at once. Every output must be right. 77 where no
 * platform has two devices of a kind. */
#include "number.h"
#include "suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEVICES = 2, NO_DEVICE = 77, MOST_PLATFORMS = 8 };

typedef struct station {
    cl_device_id device;
    cl_command_queue queue;
    clconv_context *ctx;
    clconv_plan *plan;
    cl_mem y, workspace;
} station;

static cl_context the_context;
static station stations[DEVICES];
static cl_mem x, w, b;

static bool find_devices(cl_platform_id *platform, cl_device_id devices[DEVICES])
{
    cl_platform_id all[MOST_PLATFORMS];
    cl_uint platforms = 0, count = 0;
    if (clGetPlatformIDs(MOST_PLATFORMS, all, &platforms) != CL_SUCCESS)
        return false;
    for (cl_uint i = 0; i < platforms && i < MOST_PLATFORMS; i++) {
        *platform = all[i];
        if (clGetDeviceIDs(all[i], CL_DEVICE_TYPE_ALL, DEVICES, devices, &count) == CL_SUCCESS &&
            count >= DEVICES)
            return true;
    }
    return false;
}

static void open_stations(cl_platform_id platform, const cl_device_id devices[DEVICES])
{
    cl_int err = CL_SUCCESS;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)platform, 0};
    the_context = clCreateContext(properties, DEVICES, devices, NULL, NULL, &err);
    assert_int_equal(err, CL_SUCCESS);
    for (int d = 0; d < DEVICES; d++) {
        stations[d].device = devices[d];
        stations[d].queue = clCreateCommandQueue(the_context, devices[d], 0, &err);
        assert_int_equal(err, CL_SUCCESS);
        assert_int_equal(clconv_context_create(the_context, devices[d], &stations[d].ctx),
                         CLCONV_OK);
    }
}

static void close_stations(void)
{
    for (int d = 0; d < DEVICES; d++) {
        clconv_context_destroy(stations[d].ctx);
        clReleaseCommandQueue(stations[d].queue);
    }
    clReleaseContext(the_context);
}

static cl_mem buffer(const void *from, size_t bytes)
{
    cl_int err = CL_SUCCESS;
    const cl_mem out =
        clCreateBuffer(the_context, CL_MEM_READ_WRITE | (from ? CL_MEM_COPY_HOST_PTR : 0),
                       bytes ? bytes : 4, (void *)from, &err);
    assert_int_equal(err, CL_SUCCESS);
    return out;
}

static void prepare(const case_spec *c, const reference *ref)
{
    const clconv_problem problem = case_problem(c);
    const clconv_plan_options options = {
        .size = sizeof options, .algorithm = c->algo, .flags = CLCONV_USER_WORKSPACE};
    x = buffer(ref->stored[TENSOR_X], ref->shape.x * sizeof(float));
    w = buffer(ref->stored[TENSOR_W], ref->shape.w * sizeof(float));
    b = ref->b ? buffer(ref->stored[TENSOR_B], ref->shape.b * sizeof(float)) : NULL;
    for (int d = 0; d < DEVICES; d++) {
        station *const at = &stations[d];
        if (clconv_plan_create(at->ctx, &problem, &options, &at->plan) != CLCONV_OK)
            fail_msg("device %d: %s", d, clconv_last_error());
        at->y = buffer(NULL, ref->shape.y * sizeof(float));
        at->workspace = buffer(NULL, clconv_plan_workspace(at->plan));
    }
}

static void release(void)
{
    clReleaseMemObject(x);
    clReleaseMemObject(w);
    if (b)
        clReleaseMemObject(b);
    for (int d = 0; d < DEVICES; d++) {
        clconv_plan_destroy(stations[d].plan);
        clReleaseMemObject(stations[d].y);
        clReleaseMemObject(stations[d].workspace);
    }
}

static cl_event convolve(int d, cl_mem y, cl_event wait)
{
    const station *const at = &stations[d];
    const clconv_args args = {sizeof args, .x.mem = x, .w.mem = w,
                              .b.mem = b,  .y.mem = y, .workspace.mem = at->workspace};
    cl_event done = NULL;
    const clconv_status status =
        clconv_enqueue(at->plan, at->queue, &args, wait ? 1 : 0, wait ? &wait : NULL, &done);
    if (status != CLCONV_OK)
        fail_msg("device %d: %s", d, clconv_last_error());
    clFlush(at->queue); /* another queue will wait for it */
    return done;
}

static cl_event poison(int d, cl_mem y, size_t count, cl_event wait)
{
    const cl_uint pattern = 0x7fccc0deu;
    cl_event done = NULL;
    assert_int_equal(clEnqueueFillBuffer(stations[d].queue, y, &pattern, sizeof pattern, 0,
                                         count * sizeof pattern, wait ? 1 : 0, wait ? &wait : NULL,
                                         &done),
                     CL_SUCCESS);
    clFlush(stations[d].queue);
    return done;
}

/* Reads y by way of device d. */
static void expect_right(int d, cl_mem y, const reference *ref, cl_event wait, const char *what)
{
    const size_t count = ref->shape.y;
    const judge_rule rule = {.dtype = CLCONV_F32, .exact = ref->exact};
    float *const got = malloc(count * sizeof *got);
    assert_non_null(got);
    assert_int_equal(clEnqueueReadBuffer(stations[d].queue, y, CL_TRUE, 0, count * sizeof *got, got,
                                         1, &wait, NULL),
                     CL_SUCCESS);
    double *const values = malloc(count * sizeof *values);
    assert_non_null(values);
    number_load(CLCONV_F32, got, 1, count, values);
    const comparison found = compare_outputs(values, ref->want, ref->mag, ref->terms, count, &rule);
    if (found.bad)
        fail_msg("%s, read by device %d: %zu of %zu wrong, first %zu: expected %g, got %g", what, d,
                 found.bad, count, found.first, found.expected, found.got);
    free(got);
    free(values);
}

/* One output buffer wanders: poisoned and written on A, read on B, poisoned there, written on B,
 * read on A. Everything is ordered by events alone. */
static void one_after_the_other(const reference *ref)
{
    const cl_mem y = stations[0].y;
    for (int d = 0; d < DEVICES; d++) {
        const int other = 1 - d;
        const cl_event poisoned = poison(other, y, ref->shape.y, NULL);
        const cl_event done = convolve(d, y, poisoned);
        expect_right(other, y, ref, done, "one after the other");
        clReleaseEvent(poisoned);
        clReleaseEvent(done);
    }
}

/* Both read the same x, w and b at the same time. */
static void both_at_once(const reference *ref)
{
    enum { ROUNDS = 8 };
    for (int i = 0; i < ROUNDS; i++) {
        cl_event done[DEVICES], poisoned[DEVICES];
        for (int d = 0; d < DEVICES; d++)
            poisoned[d] = poison(d, stations[d].y, ref->shape.y, NULL);
        for (int d = 0; d < DEVICES; d++)
            done[d] = convolve(d, stations[d].y, poisoned[d]);
        for (int d = 0; d < DEVICES; d++)
            expect_right(d, stations[d].y, ref, done[d], "both at once");
        for (int d = 0; d < DEVICES; d++) {
            clReleaseEvent(poisoned[d]);
            clReleaseEvent(done[d]);
        }
    }
}

static void run(const char *text)
{
    case_spec c;
    char why[256];
    reference ref = {0};
    assert_true(case_parse(text, &c, why, sizeof why));
    const clconv_problem problem = case_problem(&c);
    assert_null(reference_load(&ref, &c, &problem, why, sizeof why));
    prepare(&c, &ref);
    one_after_the_other(&ref);
    both_at_once(&ref);
    release();
    reference_free(&ref);
}

static void test_naive(void **state)
{
    (void)state;
    run("n2c4h15w26k6r3s2ph1g2b1:algo=naive");
}

static void test_depthwise(void **state)
{
    (void)state;
    run("n2c6h15w26k12rs3p1g6b1:algo=depthwise");
}

static void test_direct(void **state)
{
    (void)state;
    run("n2c8h15w26k12rs3p1g2:algo=direct");
}

/* The library may have been built without CLBlast. */
static void test_gemm(void **state)
{
    (void)state;
    bool known = false;
    for (size_t i = 0; clconv_algorithm_name(i); i++)
        known = known || strcmp(clconv_algorithm_name(i), "gemm") == 0;
    if (!known)
        skip();
    run("n2c8h15w26k12rs3p1g2b1:algo=gemm");
}

int main(void)
{
    cl_platform_id platform = NULL;
    cl_device_id devices[DEVICES];
    if (!find_devices(&platform, devices)) {
        fprintf(stderr, "skipped: no platform with %d devices\n", DEVICES);
        return NO_DEVICE;
    }
    open_stations(platform, devices);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_naive),
                                       cmocka_unit_test(test_depthwise),
                                       cmocka_unit_test(test_direct), cmocka_unit_test(test_gemm)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    close_stations();
    return failed;
}
