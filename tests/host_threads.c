/* SPDX-License-Identifier: MIT */
/* One plan, many threads, two queues (one out of order where the device has one): every result is
 * right, with the plan's own workspace and without. CLCONV_TEST_ENQUEUES sets the enqueues per
 * thread (default 1000). Exit 77 without a device. */
#include "clconv/clconv.h"
#include "devices.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 8, SIDE = 5, C = 4, K = 6, X_FLOATS = C * SIDE * SIDE, W_FLOATS = K * 2 * 9 };
enum { Y_FLOATS = K * SIDE * SIDE };

static cl_context context;
static cl_device_id device;
static clconv_context *ctx;
static cl_command_queue queues[2];
static cl_mem weights;
static float w_host[W_FLOATS];

/* What one thread works on: two inputs in turn, so that a launch that did not happen is seen. */
typedef struct worker {
    const clconv_plan *plan;
    cl_command_queue queue;
    long enqueues, wrong, failed;
    cl_mem x[2], y, workspace; /* workspace NULL where the plan has its own or needs none */
    float wanted[2][Y_FLOATS];
} worker;

static clconv_problem problem(void)
{
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.c = C, p.k = K, p.groups = 2;
    for (int axis = 0; axis < 2; axis++) {
        p.in[axis] = SIDE, p.kernel[axis] = 3;
        p.pad_before[axis] = p.pad_after[axis] = 1;
    }
    return p;
}

static void convolve(const float *x, float *y)
{
    for (int k = 0; k < K; k++)
        for (int p = 0; p < SIDE; p++)
            for (int q = 0; q < SIDE; q++) {
                float sum = 0.0f;
                for (int i = 0; i < 2 * 9; i++) {
                    const int c = i / 9 + k / 3 * 2, h = p + i % 9 / 3 - 1, v = q + i % 3 - 1;
                    if (h >= 0 && h < SIDE && v >= 0 && v < SIDE)
                        sum += x[(c * SIDE + h) * SIDE + v] * w_host[k * 18 + i];
                }
                y[(k * SIDE + p) * SIDE + q] = sum;
            }
}

static void prepare(worker *me, int seed, size_t workspace)
{
    cl_int err = CL_SUCCESS;
    if (workspace)
        me->workspace = clCreateBuffer(context, CL_MEM_READ_WRITE, workspace, NULL, &err);
    assert_int_equal(err, CL_SUCCESS);
    for (int input = 0; input < 2; input++) {
        float x_host[X_FLOATS];
        for (int i = 0; i < X_FLOATS; i++)
            x_host[i] = (float)((i * 7 + seed * 13 + input * 5) % 31 - 15);
        convolve(x_host, me->wanted[input]);
        me->x[input] = clCreateBuffer(context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                                      sizeof x_host, x_host, &err);
        assert_int_equal(err, CL_SUCCESS);
    }
    me->y = clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof me->wanted[0], NULL, &err);
    assert_int_equal(err, CL_SUCCESS);
}

static void *work(void *argument)
{
    worker *me = argument;
    float got[Y_FLOATS];
    for (long i = 0; i < me->enqueues && !me->failed; i++) {
        cl_event done = NULL;
        const clconv_args a = {sizeof a, .x.mem = me->x[i % 2], .w.mem = weights, .y.mem = me->y,
                               .workspace.mem = me->workspace};
        if (clconv_enqueue(me->plan, me->queue, &a, 0, NULL, &done)) {
            me->failed++;
            break;
        }
        if (clEnqueueReadBuffer(me->queue, me->y, CL_TRUE, 0, sizeof got, got, 1, &done, NULL))
            me->failed++;
        clReleaseEvent(done);
        me->wrong += memcmp(got, me->wanted[i % 2], sizeof got) != 0;
    }
    return NULL;
}

/* `workspace`: bytes that each worker brings. */
static void race(const clconv_plan *plan, long enqueues, size_t workspace)
{
    static worker workers[THREADS];
    pthread_t threads[THREADS];
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < THREADS; i++) {
        workers[i].plan = plan;
        workers[i].queue = queues[i % 2];
        workers[i].enqueues = enqueues;
        prepare(&workers[i], i, workspace);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].failed, 0);
        assert_int_equal(workers[i].wrong, 0);
        for (int input = 0; input < 2; input++)
            clReleaseMemObject(workers[i].x[input]);
        clReleaseMemObject(workers[i].y);
        if (workers[i].workspace)
            clReleaseMemObject(workers[i].workspace);
    }
}

static long enqueues_wanted(void)
{
    const char *text = getenv("CLCONV_TEST_ENQUEUES");
    return text ? strtol(text, NULL, 10) : 1000;
}

static void race_algorithm(const char *algorithm, uint32_t flags)
{
    const clconv_problem p = problem();
    const clconv_plan_options o = {.size = sizeof o, .algorithm = algorithm, .flags = flags};
    clconv_plan *plan = NULL;
    const clconv_status status = clconv_plan_create(ctx, &p, &o, &plan);
    if (status == CLCONV_ALGORITHM_REFUSES)
        return;
    assert_int_equal(status, CLCONV_OK);
    const size_t workspace = clconv_plan_workspace(plan);
    const size_t brought = flags & CLCONV_USER_WORKSPACE ? workspace : 0;
    if (brought || flags == 0) { /* without a workspace the flag changes nothing */
        printf("%s, workspace %zu bytes%s\n", algorithm, workspace,
               brought ? ", each its own" : "");
        race(plan, enqueues_wanted(), brought);
    }
    clconv_plan_destroy(plan);
}

static void test_one_plan(void **state)
{
    (void)state;
    for (size_t i = 0; clconv_algorithm_name(i); i++) {
        race_algorithm(clconv_algorithm_name(i), 0);
        race_algorithm(clconv_algorithm_name(i), CLCONV_USER_WORKSPACE);
    }
}

/* Threads that create plans for the same new program at once build it once. */
static void *create_plans(void *result)
{
    const clconv_problem p = problem();
    *(clconv_status *)result = CLCONV_OK;
    for (int i = 0; i < 50; i++) {
        clconv_plan *plan = NULL;
        const clconv_status status = clconv_plan_create(ctx, &p, NULL, &plan);
        if (status)
            *(clconv_status *)result = status;
        clconv_plan_destroy(plan);
    }
    return NULL;
}

static void test_plans_from_many_threads(void **state)
{
    (void)state;
    clconv_context *shared = ctx, *fresh = NULL;
    pthread_t threads[THREADS];
    clconv_status results[THREADS];
    clconv_stats stats = {.size = sizeof stats};
    assert_int_equal(clconv_context_create(context, device, &fresh), CLCONV_OK);
    ctx = fresh;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create_plans, &results[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ctx = shared;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(results[i], CLCONV_OK);
    clconv_context_stats(fresh, &stats);
    assert_int_equal(stats.programs_built + stats.programs_loaded, 1);
    clconv_context_destroy(fresh);
}

static int set_up(void **state)
{
    (void)state;
    cl_int err = CL_SUCCESS;
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    if (err || clconv_context_create(context, device, &ctx))
        return -1;
    queues[0] = clCreateCommandQueue(context, device, 0, &err);
    queues[1] = clCreateCommandQueue(context, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &err);
    if (err) /* rusticl has none: two in-order queues then */
        queues[1] = clCreateCommandQueue(context, device, 0, &err);
    printf("second queue: %s\n", err ? "none" : "created");
    for (int i = 0; i < W_FLOATS; i++)
        w_host[i] = (float)(i * 5 % 17 - 8);
    weights = clCreateBuffer(context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, sizeof w_host,
                             w_host, &err);
    return err ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    clReleaseMemObject(weights);
    clReleaseCommandQueue(queues[0]);
    clReleaseCommandQueue(queues[1]);
    clconv_context_destroy(ctx);
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
        cmocka_unit_test(test_one_plan),
        cmocka_unit_test(test_plans_from_many_threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
