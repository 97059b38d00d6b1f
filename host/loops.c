/* SPDX-License-Identifier: MIT */
/* Whether the driver runs long loops to their end. Mesa's llvmpipe leaves them after 65,535 rounds,
 * those of all loops of a work-item taken together, and reports success: a sum of 30,000 products
 * comes out wrong. No query tells, so that a kernel counts, once per context and only where a plan
 * needs as many rounds. */
#include "designs.h"

enum {
    NESTED = 3,  /* loops around a product: channels, rows, columns of the filter */
    AROUND = 16, /* around a row of outputs: llvmpipe counts 32 for two of one pixel */
    SURELY_RUN = 1 << 15,
    PROBED = 1 << 17 /* takes a few ms; a limit above that is not looked for */
};

/* Nothing that a compiler could do without running it. */
static const char source[] = "kernel void rounds(global uint *out, const uint count)\n"
                             "{\n"
                             "    uint x = count;\n"
                             "    for (uint i = 0; i < count; i++)\n"
                             "        x = (x ^ x >> 15) * 2246822519u + i;\n"
                             "    *out = x;\n"
                             "}\n";

static cl_uint expected(cl_uint count)
{
    cl_uint x = count;
    for (cl_uint i = 0; i < count; i++)
        x = (x ^ x >> 15) * 2246822519u + i;
    return x;
}

static cl_int run(clconv_context *ctx, cl_program program, cl_mem out, cl_uint *result)
{
    const cl_uint count = PROBED;
    const size_t one = 1;
    cl_int err = clBuildProgram(program, 1, &ctx->dev.id, "", NULL, NULL);
    cl_kernel kernel = err ? NULL : clCreateKernel(program, "rounds", &err);
    err = err ? err : clSetKernelArg(kernel, 0, sizeof out, &out);
    err = err ? err : clSetKernelArg(kernel, 1, sizeof count, &count);
    err = err ? err
              : clEnqueueNDRangeKernel(ctx->warm_queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL);
    err = err ? err
              : clEnqueueReadBuffer(ctx->warm_queue, out, CL_TRUE, 0, sizeof *result, result, 0,
                                    NULL, NULL);
    if (kernel)
        clReleaseKernel(kernel);
    return err;
}

/* The buffer is its own: several plans of a context may ask at once. */
static clconv_status probe(clconv_context *ctx, clconv_loops *out)
{
    const char *text = source;
    cl_int err = CL_SUCCESS;
    cl_uint result = 0;
    cl_program program = NULL;
    cl_mem mem = clCreateBuffer(ctx->cl, CL_MEM_READ_WRITE, sizeof result, NULL, &err);
    if (!err)
        program = clCreateProgramWithSource(ctx->cl, 1, &text, NULL, &err);
    err = err ? err : run(ctx, program, mem, &result);
    if (program)
        clReleaseProgram(program);
    if (mem)
        clReleaseMemObject(mem);
    *out = result == expected(PROBED) ? CLCONV_LOOPS_WHOLE : CLCONV_LOOPS_CUT;
    return err ? clconv_cl_fail(err, "counting the rounds of a loop") : CLCONV_OK;
}

/* Positions of an axis that may show one pixel: itself, and the padding where it is not zeros. */
static double positions(const clconv_work *work, int32_t before, int64_t after)
{
    return work->pad_mode ? 1.0 + before + (after > 0 ? (double)after : 0.0) : 1.0;
}

/* Products of the longest sum; a gradient has two more loops around them. */
static double longest_sum(const clconv_work *work, const clconv_segment *segment)
{
    const double taps = (double)work->r * work->s;
    if (work->op == CLCONV_BACKWARD_DATA)
        return 2 * taps * (double)segment->out *
               positions(work, work->pad_top, clconv_bottom_padding(work)) *
               positions(work, work->pad_left, clconv_right_padding(work));
    if (work->op == CLCONV_BACKWARD_WEIGHTS)
        return 2 * (double)work->n * work->p * work->q *
               (segment->w_group ? 1 : (double)segment->groups) *
               (segment->w_in ? 1 : (double)segment->in);
    return taps * (double)segment->in;
}

clconv_status clconv_check_loops(clconv_context *ctx, const clconv_work *work,
                                 const clconv_segment *segment, double macs, double blocks)
{
    const double terms = longest_sum(work, segment);
    const double walked = blocks * (NESTED * terms + AROUND);
    double rounds = NESTED * (macs > terms ? macs : terms);
    rounds = walked > rounds ? walked : rounds;
    clconv_loops loops = atomic_load(&ctx->loops);
    clconv_status status = CLCONV_OK;
    if (rounds < SURELY_RUN)
        return CLCONV_OK;
    if (loops == CLCONV_LOOPS_UNKNOWN) {
        status = probe(ctx, &loops);
        atomic_store(&ctx->loops, status ? CLCONV_LOOPS_UNKNOWN : loops);
    }
    if (status || loops == CLCONV_LOOPS_WHOLE)
        return status;
    return clconv_fail(
        CLCONV_UNSUPPORTED,
        "this driver leaves loops before their end (%d rounds were asked for), and a "
        "work-item of this plan may need %.0f",
        PROBED, rounds);
}
