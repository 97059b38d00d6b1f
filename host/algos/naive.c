/* SPDX-License-Identifier: MIT */
/* Algorithm `naive`: one work-item per output element, one program for all problems. */
#include "designs.h"

static const char *refuses(const clconv_request *request)
{
    return request->tile ? "naive has no tile" : clconv_pixels_refuse(request->work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    char defines[96];
    clconv_grid grid = {.kernel = "naive", .strides = true};
    clconv_grid_filter(&grid, work);
    clconv_grid_pixels(&grid, request);
    clconv_data_define(work, defines, sizeof defines);
    clconv_status status = clconv_program_get(plan->ctx, "naive", defines, &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = work->n * segment->groups * segment->out;
        grid.item_macs = clconv_plane_macs(work, segment->in);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}

static double macs_per_cycle(const clconv_request *request)
{
    (void)request;
    return 0.25;
}

const clconv_algo clconv_algo_naive = {
    .name = "naive",
    .refuses = refuses,
    .pad_modes = true,
    .types = CLCONV_ALL_TYPES,
    .ends = true,
    .quantizes = true,
    .accumulates = true,
    .strided = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
