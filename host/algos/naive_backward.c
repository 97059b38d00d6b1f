/* SPDX-License-Identifier: MIT */
/* Algorithm `naive`, gradients: one work-item per element of x, w or b, one program for all
 * problems. */
#include "designs.h"

static int64_t filters(const clconv_work *work, const clconv_segment *segment)
{
    const int64_t channels = segment->w_in ? segment->in : 1;
    return channels * work->r * work->s;
}

static const char *refuses(const clconv_request *request)
{
    const clconv_work *work = request->work;
    if (request->tile)
        return "naive has no tile";
    if (work->n > INT32_MAX)
        return "there are more images than 32 bits count";
    if (work->op == CLCONV_BACKWARD_DATA && (int64_t)work->h * work->w > CLCONV_MOST_ITEMS)
        return "an image has more pixels than a grid has work-items";
    for (size_t i = 0; work->op == CLCONV_BACKWARD_WEIGHTS && i < work->segments; i++)
        if (filters(work, &work->segment[i]) > CLCONV_MOST_ITEMS)
            return "a filter has more weights than a grid has work-items";
    return NULL;
}

static clconv_status add_data(clconv_plan *plan, clconv_program *program, clconv_grid *grid,
                              const clconv_segment *segment, const clconv_request *request)
{
    const clconv_work *work = request->work;
    grid->kernel = "naive_data";
    grid->z = work->n * segment->groups * segment->in;
    grid->item_macs = clconv_plane_macs(work, segment->out);
    clconv_grid_elements(grid, request, (int64_t)work->h * work->w);
    return clconv_plan_add_steps(plan, program, grid, segment, request);
}

static clconv_status add_bias(clconv_plan *plan, clconv_program *program, clconv_grid *grid,
                              const clconv_segment *segment, const clconv_request *request)
{
    grid->kernel = "naive_bias";
    grid->local[0] = 1;
    grid->x = grid->y = 1;
    clconv_grid_bias(grid, request->work, segment, 1);
    return clconv_plan_add_steps(plan, program, grid, segment, request);
}

static clconv_status add_weights(clconv_plan *plan, clconv_program *program, clconv_grid *grid,
                                 const clconv_segment *segment, const clconv_request *request)
{
    const clconv_work *work = request->work;
    const int64_t groups = segment->w_group ? segment->groups : 1;
    grid->kernel = "naive_weights";
    grid->z = groups * segment->out;
    grid->item_macs =
        (double)work->n * clconv_plane_macs(work, segment->in * (segment->groups / groups));
    clconv_grid_elements(grid, request, filters(work, segment));
    const clconv_status status = clconv_plan_add_steps(plan, program, grid, segment, request);
    return status || !work->has_bias ? status : add_bias(plan, program, grid, segment, request);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    char defines[96];
    clconv_data_define(work, defines, sizeof defines);
    clconv_status status = clconv_program_get(plan->ctx, "naive_backward", defines, &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        clconv_grid grid = {.strides = true};
        clconv_grid_filter(&grid, work);
        grid.own[grid.owns++] = (cl_int)work->n;
        status = (work->op == CLCONV_BACKWARD_DATA ? add_data : add_weights)(
            plan, program, &grid, &work->segment[i], request);
    }
    return status;
}

static double macs_per_cycle(const clconv_request *request)
{
    (void)request;
    return 0.1;
}

const clconv_algo clconv_algo_naive_backward = {
    .name = "naive",
    .design = "backward",
    .gradients = 1u << CLCONV_BACKWARD_DATA | 1u << CLCONV_BACKWARD_WEIGHTS,
    .refuses = refuses,
    .pad_modes = true,
    .types = CLCONV_FLOAT_TYPES,
    .strided = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
