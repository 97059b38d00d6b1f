/* SPDX-License-Identifier: MIT */
/* Algorithm `gemm`: one CLBlast matrix product per image and group, on the unfolded image (im2col)
 * in the workspace or, for 1x1 filters, on x itself.
 *
 * CLBlast has no wait list, so that barriers order the commands, on queues out of order too. */
#include "designs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct gemm_plan {
    clconv_gemm_path path;
    bool unfolds;
    size_t first_step[]; /* of each segment, and the end */
} gemm_plan;

/* ---- What is accepted --------------------------------------------------------------------- */

/* x itself is the right-hand matrix. */
static bool needs_unfolding(const clconv_work *work)
{
    return !clconv_is_pointwise(work);
}

/* Whether a matrix outgrows 32 bits once CLBlast has padded its sides to tiles, 128 at most. */
static bool too_large(int64_t rows, int64_t columns)
{
    enum { LARGEST_TILE = 128 };
    return (double)(rows + LARGEST_TILE) * (double)(columns + LARGEST_TILE) > INT32_MAX;
}

static bool read_tile(const char *tile, clconv_gemm_path *path)
{
    *path = CLCONV_GEMM_OWN;
    if (tile && !strcmp(tile, "path=direct"))
        *path = CLCONV_GEMM_DIRECT;
    else if (tile && !strcmp(tile, "path=indirect"))
        *path = CLCONV_GEMM_INDIRECT;
    return !tile || *path != CLCONV_GEMM_OWN;
}

static const char *refuses(const clconv_request *request)
{
    clconv_gemm_path path;
    const clconv_work *work = request->work;
    const uint64_t most = (uint64_t)INT32_MAX * sizeof(float);
    if (!read_tile(request->tile, &path))
        return "gemm has the tiles path=direct and path=indirect only";
    if (work->x_bytes > most || work->w_bytes > most || work->y_bytes > most)
        return "CLBlast counts elements in 32 bits, and an array has more";
    for (size_t i = 0; i < work->segments; i++) {
        const clconv_segment *segment = &work->segment[i];
        if (segment->w_out != segment->in * work->r * work->s)
            return "a kernel shared by the channels of a sum is no matrix";
        const int64_t terms = segment->w_out, pixels = (int64_t)work->p * work->q;
        if (too_large(segment->out, terms) || too_large(terms, pixels) ||
            too_large(segment->out, pixels))
            return "CLBlast counts elements in 32 bits, and a matrix has more";
    }
    return clconv_pixels_refuse(work);
}

/* The largest group's unfolded image; `refuses` has seen that it is small enough to count. */
static uint64_t workspace(const clconv_request *request)
{
    int64_t terms = 0;
    const clconv_work *work = request->work;
    for (size_t i = 0; needs_unfolding(work) && i < work->segments; i++)
        terms = work->segment[i].w_out > terms ? work->segment[i].w_out : terms;
    return (uint64_t)(terms * work->p * work->q) * sizeof(float);
}

/* ---- Plan --------------------------------------------------------------------------------- */

static clconv_status add_segment(clconv_plan *plan, const clconv_request *request,
                                 clconv_program *program, size_t i)
{
    gemm_plan *gemm = plan->algo_data;
    const clconv_work *work = request->work;
    const clconv_segment *segment = &work->segment[i];
    clconv_grid grid = {.kernel = "gemm_unfold",
                        .z = segment->in,
                        .item_macs = clconv_plane_macs(work, 1),
                        .uses_workspace = true};
    clconv_status status = clconv_check_loops(plan->ctx, work, segment, 0, 0);
    clconv_grid_filter(&grid, work);
    clconv_grid_pixels(&grid, request);
    gemm->first_step[i] = plan->steps;
    if (!status && gemm->unfolds)
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    grid.kernel = "gemm_epilogue";
    grid.uses_workspace = false;
    grid.owns = 0;
    grid.z = work->n * segment->groups * segment->out;
    grid.item_macs = (double)work->p * work->q;
    if (!status && (work->has_bias || work->divisor != 1.0f))
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    gemm->first_step[i + 1] = plan->steps;
    return status;
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    const clconv_work *work = request->work;
    clconv_program *program = NULL;
    gemm_plan *gemm =
        clconv_alloc(plan->ctx, sizeof *gemm + (work->segments + 1) * sizeof gemm->first_step[0]);
    if (!gemm)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a plan");
    plan->algo_data = gemm;
    gemm->unfolds = needs_unfolding(work);
    read_tile(request->tile, &gemm->path);
    if (request->tile)
        strncpy(plan->tile, request->tile, sizeof plan->tile - 1);
    clconv_status status = clconv_program_get(plan->ctx, "gemm", "", &program);
    for (size_t i = 0; i < work->segments && !status; i++)
        status = add_segment(plan, request, program, i);
    return status ? status : clconv_clblast_start(plan->ctx, gemm->path);
}

static void release(clconv_plan *plan)
{
    free(plan->algo_data);
}

/* ---- Enqueue ------------------------------------------------------------------------------ */

/* One call of clconv_enqueue. */
typedef struct run {
    const clconv_plan *plan;
    cl_command_queue queue;
    const clconv_args *args;
    const clconv_buffer *workspace;
} run;

/* Nothing behind it starts before all in front of it is done, on queues out of order too. */
static clconv_status barrier(const run *call)
{
    const cl_int err = clEnqueueBarrierWithWaitList(call->queue, 0, NULL, NULL);
    return err ? clconv_cl_fail(err, "clEnqueueBarrierWithWaitList") : CLCONV_OK;
}

/* The unfolding of segment i, with x_more elements added to x's offset, or its epilogue; a
 * segment's launches of a kind are independent of each other. */
static clconv_status launch(const run *call, size_t i, bool unfolding, int64_t x_more)
{
    const gemm_plan *gemm = call->plan->algo_data;
    clconv_args args = *call->args;
    args.x.offset += (uint64_t)x_more * sizeof(float);
    for (size_t j = gemm->first_step[i]; j < gemm->first_step[i + 1]; j++) {
        const clconv_step *step = &call->plan->step[j];
        if (step->uses_workspace != unfolding)
            continue;
        cl_int err = clconv_set_buffers(call->plan, step, &args, call->workspace);
        if (!err)
            err = clEnqueueNDRangeKernel(call->queue, step->kernel, 3, NULL, step->global,
                                         step->local, 0, NULL, NULL);
        if (err)
            return clconv_cl_fail(err, "launching a kernel");
    }
    return CLCONV_OK;
}

static clconv_matrix matrix_at(const clconv_buffer *buffer, int64_t first)
{
    return (clconv_matrix){buffer->mem, buffer->offset / sizeof(float) + (uint64_t)first};
}

/* One image of one group. */
static clconv_status run_group(const run *call, size_t i, int64_t n, int64_t g)
{
    const clconv_work *work = &call->plan->work;
    const clconv_segment *segment = &work->segment[i];
    const gemm_plan *gemm = call->plan->algo_data;
    const int64_t x_more = n * work->x_stride.image + g * segment->in * work->h * work->w;
    const int64_t pixels = (int64_t)work->p * work->q;
    const int64_t y_first = segment->y_first + n * work->y_stride.image + g * segment->out * pixels;
    const clconv_matrix a = matrix_at(&call->args->w, segment->w_first + g * segment->w_group);
    const clconv_matrix b = gemm->unfolds ? matrix_at(call->workspace, 0)
                                          : matrix_at(&call->args->x, segment->x_first + x_more);
    const clconv_matrix c = matrix_at(&call->args->y, y_first);
    clconv_status status = CLCONV_OK;
    if (gemm->unfolds) {
        status = launch(call, i, true, x_more);
        if (!status)
            status = barrier(call);
    }
    if (!status)
        status = clconv_clblast_multiply(call->plan->ctx, gemm->path, call->queue,
                                         (size_t)segment->out, (size_t)pixels,
                                         (size_t)(segment->in * work->r * work->s), &a, &b, &c);
    if (!status && gemm->unfolds)
        status = barrier(call); /* the next group reuses the workspace */
    return status;
}

/* CLBlast hands offsets to its kernels as int. */
static clconv_status check_offsets(const run *call)
{
    const clconv_args *args = call->args;
    const uint64_t offset[] = {args->x.offset, args->w.offset, args->y.offset,
                               call->workspace->offset};
    const uint64_t bytes[] = {call->plan->work.x_bytes, call->plan->work.w_bytes,
                              call->plan->work.y_bytes, call->plan->workspace};
    for (size_t i = 0; i < 4; i++)
        if ((offset[i] + bytes[i]) / sizeof(float) > INT32_MAX)
            return clconv_fail(CLCONV_ALGORITHM_REFUSES,
                               "algorithm gemm refuses: a buffer's %" PRIu64
                               " bytes at offset %" PRIu64
                               " end past the 2^31 elements that CLBlast counts",
                               bytes[i], offset[i]);
    return CLCONV_OK;
}

static clconv_status run_groups(const run *call)
{
    const clconv_work *work = &call->plan->work;
    clconv_status status = CLCONV_OK;
    for (size_t i = 0; i < work->segments; i++)
        for (int64_t n = 0; n < work->n && !status; n++)
            for (int64_t g = 0; g < work->segment[i].groups && !status; g++)
                status = run_group(call, i, n, g);
    return status;
}

static clconv_status enqueue(const clconv_plan *plan, cl_command_queue queue,
                             const clconv_args *args, const clconv_buffer *work_buffer,
                             cl_uint n_wait, const cl_event *wait, cl_event *event)
{
    const gemm_plan *gemm = plan->algo_data;
    const run call = {plan, queue, args, work_buffer};
    clconv_status status = check_offsets(&call);
    if (status)
        return status;
    cl_int err = clEnqueueBarrierWithWaitList(queue, n_wait, wait, NULL);
    if (err)
        return clconv_cl_fail(err, "clEnqueueBarrierWithWaitList");
    status = run_groups(&call);
    if (!status && !gemm->unfolds)
        status = barrier(&call);
    for (size_t i = 0; i < plan->work.segments && !status; i++)
        status = launch(&call, i, false, 0);
    if (status)
        return status;
    err = clEnqueueMarkerWithWaitList(queue, 0, NULL, event);
    return err ? clconv_cl_fail(err, "clEnqueueMarkerWithWaitList") : CLCONV_OK;
}

static double macs_per_cycle(const clconv_request *request)
{
    (void)request;
    return 1e-3;
}

const clconv_algo clconv_algo_gemm = {
    .name = "gemm",
    .refuses = refuses,
    /* Nothing measures yet what CLBlast reaches on a device, and `auto` may take it only where it
     * was measured to be faster: so it ranks last. */
    .macs_per_cycle = macs_per_cycle,
    .reads_y = true, /* the epilogue works in place */
    .workspace = workspace,
    .prepare = prepare,
    .enqueue = enqueue,
    .release = release,
    .forget = clconv_clblast_forget,
    .note = "CLBlast allocates, and may compile, inside every enqueue",
    .zero_padding = true,
};
