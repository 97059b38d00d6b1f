/* SPDX-License-Identifier: MIT */
/* Algorithm `depthwise`, design `columns`: a work-item per column strip, for GPUs. */
#include "designs.h"

static const clconv_tile_key keys[] = {{"yb", {1, 2, 4, 8}}, {NULL, {0}}};
enum { MOST_UNROLLED = 49, MOST_BY_CHOICE = 25 }; /* taps */

/* Eight rows, or 49 taps, would spill registers on AMD's and Intel's GPUs (docs/offline.md). */
static bool find_tile(const clconv_request *request, int *value)
{
    *value = 4;
    return !request->tile || clconv_tile_read(request->tile, keys, value);
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return "depthwise has the tiles columns,yb=1|2|4|8 only";
    if (!request->tile && clconv_most_outputs(work) == 1)
        return "it shares what it loads among output planes, and each input plane has one";
    if ((int64_t)work->r * work->s > (request->tile ? MOST_UNROLLED : MOST_BY_CHOICE))
        return "the filter has too many taps to write out";
    if (!clconv_is_depthwise(work))
        return "it needs groups of one input channel";
    for (size_t i = 0; i < work->segments; i++)
        if ((double)work->n * (double)work->segment[i].groups > 1 << 30)
            return "there are too many planes for numbers of 32 bits";
    return clconv_strip_refuses(work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    const int64_t strips = work->q * (int64_t)((work->p - 1) / value[0] + 1);
    clconv_grid grid = {.kernel = "depthwise_columns", .owns = 2};
    clconv_grid_pixels(&grid, request);
    const size_t group = request->local[0] ? request->local[0] : grid.local[0];
    const int64_t run = (4 * (int64_t)group - 1) / strips + 1;
    grid.own[0] = (cl_int)run;
    clconv_grid_items(&grid, run * strips);
    clconv_status status = clconv_tile_program(plan, "depthwise_columns", keys, value, &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        const int64_t planes = work->n * segment->groups;
        grid.z = (planes - 1) / run + 1;
        grid.own[1] = (cl_int)planes;
        grid.item_macs = clconv_plane_macs(work, segment->out * run);
        grid.walks = segment->out * value[0];
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status ? status : clconv_plan_check_registers(plan, request);
}

static double macs_per_cycle(const clconv_request *request)
{
    return request->dev->wide_vectors ? 0.2 : 12.0;
}

const clconv_algo clconv_algo_depthwise_columns = {
    .name = "depthwise",
    .design = "columns",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .refuses = refuses,
    .types = CLCONV_ALL_TYPES,
    .ends = true,
    .accumulates = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
    .zero_padding = true,
    .for_gpus = true,
};
