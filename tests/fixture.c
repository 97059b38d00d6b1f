/* SPDX-License-Identifier: MIT */
/* The device, buffers and small problem that the tests of plans and of enqueue share. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

cl_context context;
cl_device_id device;
cl_command_queue queue;
clconv_context *ctx;
cl_mem x, w, b, y;
float x_host[X_FLOATS], w_host[W_FLOATS], b_host[B_FLOATS], y_host[Y_FLOATS];

clconv_problem problem(void)
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

cl_mem buffer(cl_context in, cl_mem_flags flags, size_t bytes, void *host)
{
    cl_int err = CL_SUCCESS;
    cl_mem mem = clCreateBuffer(in, flags | (host ? CL_MEM_COPY_HOST_PTR : 0), bytes, host, &err);
    assert_int_equal(err, CL_SUCCESS);
    return mem;
}

clconv_plan *plan_of(const clconv_problem *p, const char *algorithm, uint32_t flags)
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

void assert_result(const float *bias)
{
    float wanted[Y_FLOATS];
    expect(bias, wanted);
    read_y();
    assert_memory_equal(y_host, wanted, sizeof wanted);
}

void assert_refused(clconv_status got, clconv_status wanted, const char *phrase)
{
    if (got != wanted || !strstr(clconv_last_error(), phrase))
        fail_msg("wanted %s with '%s', got %s: %s", clconv_status_name(wanted), phrase,
                 clconv_status_name(got), clconv_last_error());
}

int set_up(void **state)
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

int tear_down(void **state)
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

int fixture_device(void)
{
    char why[256];
    device_entry chosen;
    const int code = devices_choose(NULL, &chosen, why, sizeof why);
    if (code == EXIT_GOOD)
        device = chosen.device;
    return code;
}
