/* SPDX-License-Identifier: MIT */
/* The simple path of clconv.h, whole: a depthwise 3x3 convolution whose result is checked by hand.
 *
 *     cc minimal.c $(pkg-config --cflags --libs clconv) -o minimal && ./minimal
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <clconv/clconv.h>

#include <stdio.h>
#include <stdlib.h>

enum { C = 8, K = 16, H = 32, W = 40 };

static void need(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "minimal: %s failed: %s\n", what, clconv_last_error());
        exit(EXIT_FAILURE);
    }
}

/* The first device of the first platform that has one: platforms without devices are normal. */
static cl_device_id first_device(void)
{
    cl_platform_id platforms[16];
    cl_uint count = 0;
    cl_device_id device = NULL;
    clGetPlatformIDs(16, platforms, &count);
    for (cl_uint i = 0; i < count && i < 16 && !device; i++)
        clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device, NULL);
    if (!device) {
        fprintf(stderr, "minimal: no OpenCL device on this machine\n");
        exit(77);
    }
    return device;
}

static cl_mem buffer_of(cl_context context, float *values, size_t count)
{
    cl_int err = CL_SUCCESS;
    cl_mem buffer = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                   count * sizeof *values, values, &err);
    need(err == CL_SUCCESS, "clCreateBuffer");
    return buffer;
}

int main(void)
{
    cl_device_id device = first_device();
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, NULL);
    cl_command_queue queue = clCreateCommandQueue(context, device, 0, NULL);
    need(context && queue, "making an OpenCL context and queue");

    static float image[C * H * W], filter[K * 3 * 3], output[K * H * W];
    for (int i = 0; i < C * H * W; i++)
        image[i] = 1.0f;
    for (int i = 0; i < K * 3 * 3; i++)
        filter[i] = 2.0f;
    cl_mem x = buffer_of(context, image, C * H * W);
    cl_mem w = buffer_of(context, filter, K * 3 * 3);
    cl_mem y = buffer_of(context, output, K * H * W);

    /* Describe: 8 channels, each with 2 filters of its own (groups = C, K = 2 * C). */
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.n = 1, p.c = C, p.k = K, p.groups = C;
    p.in[0] = H, p.in[1] = W, p.kernel[0] = p.kernel[1] = 3;
    p.pad_before[0] = p.pad_after[0] = p.pad_before[1] = p.pad_after[1] = 1;

    /* Plan: once. It chooses an algorithm and compiles. */
    clconv_context *ctx = NULL;
    clconv_plan *plan = NULL;
    need(clconv_context_create(context, device, &ctx) == CLCONV_OK, "clconv_context_create");
    need(clconv_plan_create(ctx, &p, NULL, &plan) == CLCONV_OK, "clconv_plan_create");

    /* Enqueue: as often as you like. */
    cl_event event = NULL;
    clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
    need(clconv_enqueue(plan, queue, &a, 0, NULL, &event) == CLCONV_OK, "clconv_enqueue");
    cl_int err = clEnqueueReadBuffer(queue, y, CL_TRUE, 0, sizeof output, output, 1, &event, NULL);
    need(err == CL_SUCCESS, "clEnqueueReadBuffer");

    /* A window inside the image covers 9 ones, in a corner 4: times 2 that is 18 and 8. */
    const float corner = output[0], inside = output[W + 1], last = output[K * H * W - 1];
    printf("corner %g, inside %g, last corner %g (by hand: 8, 18, 8)\n", corner, inside, last);

    clReleaseEvent(event);
    clconv_plan_destroy(plan);
    clconv_context_destroy(ctx);
    clReleaseMemObject(x);
    clReleaseMemObject(w);
    clReleaseMemObject(y);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    return corner == 8.0f && inside == 18.0f && last == 8.0f ? EXIT_SUCCESS : EXIT_FAILURE;
}
