/* SPDX-License-Identifier: MIT */
/* The end of a MobileNetV2 block: depthwise 3x3 with relu6, then 1x1, to which the block's input is
 * added. Two passes over memory, since activation and residual belong to the convolutions, chained
 * by an event with no host wait between. The result is compared with plain C loops; small whole
 * numbers make every sum exact in float32. */
#include "opencl.h"

#include <stdio.h>
#include <stdlib.h>

enum { C = 32, H = 56, W = 48, PLANE = H * W };

static float x[C * PLANE], filter[C * 9], mixing[C * C], bias[C];
static float middle[C * PLANE], expected[C * PLANE], y[C * PLANE];

/* Whole numbers from -3 to 3, the same on every machine. */
static void fill(float *values, size_t count, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u; /* Numerical Recipes, 7.1 */
        values[i] = (float)((int)((seed >> 16) * 7 >> 16) - 3);
    }
}

static float depthwise_at(int c, int row, int column)
{
    float sum = 0.0f;
    for (int r = 0; r < 3; r++)
        for (int s = 0; s < 3; s++) {
            const int ih = row + r - 1, iw = column + s - 1;
            if (ih >= 0 && ih < H && iw >= 0 && iw < W)
                sum += x[c * PLANE + ih * W + iw] * filter[c * 9 + r * 3 + s];
        }
    return sum < 0.0f ? 0.0f : sum > 6.0f ? 6.0f : sum;
}

static void compute_expected(void)
{
    for (int i = 0; i < C * PLANE; i++)
        middle[i] = depthwise_at(i / PLANE, i % PLANE / W, i % W);
    for (int k = 0; k < C; k++)
        for (int i = 0; i < PLANE; i++) {
            float sum = bias[k] + x[k * PLANE + i];
            for (int c = 0; c < C; c++)
                sum += mixing[k * C + c] * middle[c * PLANE + i];
            expected[k * PLANE + i] = sum;
        }
}

static clconv_plan *plan_depthwise(clconv_context *ctx)
{
    clconv_problem p;
    clconv_plan *plan = NULL;
    clconv_problem_init(&p, sizeof p);
    p.c = p.k = p.groups = C;
    p.in[0] = H, p.in[1] = W, p.kernel[0] = p.kernel[1] = 3;
    const clconv_epilogue relu6 = {.size = sizeof relu6, .activation = CLCONV_CLIP, .high = 6.0};
    p.epilogue = &relu6;
    check_conv(clconv_pad_same(&p));
    check_conv(clconv_plan_create(ctx, &p, NULL, &plan));
    return plan;
}

static clconv_plan *plan_pointwise(clconv_context *ctx)
{
    clconv_problem p;
    clconv_plan *plan = NULL;
    clconv_problem_init(&p, sizeof p);
    p.c = p.k = C;
    p.in[0] = H, p.in[1] = W;
    p.b.dtype = p.residual.dtype = CLCONV_F32; /* with bias, and something to add */
    check_conv(clconv_plan_create(ctx, &p, NULL, &plan));
    return plan;
}

static int differences(void)
{
    int count = 0;
    for (int i = 0; i < C * PLANE; i++)
        count += y[i] != expected[i];
    return count;
}

int main(void)
{
    opencl cl;
    opencl_open(&cl);
    fill(x, C * PLANE, 1);
    fill(filter, C * 9, 2);
    fill(mixing, C * C, 3);
    fill(bias, C, 4);
    compute_expected();

    cl_mem bx = opencl_buffer(&cl, x, C * PLANE), bf = opencl_buffer(&cl, filter, C * 9);
    cl_mem bm = opencl_buffer(&cl, mixing, C * C), bb = opencl_buffer(&cl, bias, C);
    cl_mem between = opencl_buffer(&cl, NULL, C * PLANE), by = opencl_buffer(&cl, NULL, C * PLANE);

    clconv_context *ctx = NULL;
    check_conv(clconv_context_create(cl.context, cl.device, &ctx));
    clconv_plan *depthwise = plan_depthwise(ctx), *pointwise = plan_pointwise(ctx);

    /* Three commands, each waiting for the one before on the device; the host waits once, at the
     * end. */
    cl_event first = NULL, second = NULL, read = NULL;
    clconv_args a = {sizeof a, .x.mem = bx, .w.mem = bf, .y.mem = between};
    clconv_args b = {sizeof b,    .x.mem = between, .w.mem = bm,
                     .b.mem = bb, .y.mem = by,      .residual.mem = bx};
    check_conv(clconv_enqueue(depthwise, cl.queue, &a, 0, NULL, &first));
    check_conv(clconv_enqueue(pointwise, cl.queue, &b, 1, &first, &second));
    check_cl(clEnqueueReadBuffer(cl.queue, by, CL_FALSE, 0, sizeof y, y, 1, &second, &read),
             "clEnqueueReadBuffer");
    check_cl(clWaitForEvents(1, &read), "clWaitForEvents");

    const int wrong = differences();
    printf("%s: %s + %s, %d of %d outputs differ from the C loops\n", cl.name,
           clconv_plan_algorithm(depthwise), clconv_plan_algorithm(pointwise), wrong, C * PLANE);

    cl_event events[] = {first, second, read};
    cl_mem buffers[] = {bx, bf, bm, bb, between, by};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        clReleaseEvent(events[i]);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        clReleaseMemObject(buffers[i]);
    clconv_plan_destroy(depthwise);
    clconv_plan_destroy(pointwise);
    clconv_context_destroy(ctx);
    opencl_close(&cl);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
