/* SPDX-License-Identifier: MIT */
/* Algorithm `pointwise`: 1x1 filters as matrix products straight on the planes. */
#include "designs.h"

/* v floats a vector, kb channels x xb vectors of pixels: sums that fill 32 registers, or 16. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"kb", {4, 8}}, {"xb", {2, 3}}, {NULL, {0}}};
enum { V, KB, XB };

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value) && value[KB] <= value[V];
    value[V] = clconv_vector_lanes(request);
    value[KB] = value[V] == 16 ? 8 : 4;
    value[XB] = value[V] == 16 ? 3 : 2;
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile
                   ? "pointwise has the tiles v=4|8|16,kb=4|8,xb=2|3 only, with kb up to v"
                   : "the device has no vectors";
    if (!clconv_is_pointwise(work))
        return "it needs a 1x1 filter of stride 1 without padding";
    if (work->divisor != 1.0f)
        return "it has no mean";
    if ((int64_t)work->p * work->q < value[V])
        return "a plane has fewer pixels than a vector";
    return clconv_pixels_refuse(work);
}

/* Runs of tiles, the last of which takes the pixels that are left. Where they are too few to keep
 * all compute units busy, runs of output channels, too, which read their pixels once each. */
static void lay_out(clconv_grid *grid, const clconv_request *request, const clconv_segment *segment,
                    const int *value)
{
    enum { FEW_ITEMS = 4 };
    const clconv_work *work = request->work;
    const int64_t pixels = (int64_t)work->p * work->q, tile = (int64_t)value[V] * value[XB];
    const int64_t tiles = pixels < tile ? 1 : pixels / tile;
    const int64_t blocks = (segment->out - 1) / value[KB] + 1;
    grid->z = work->n * segment->groups;
    const int64_t run = clconv_run_of(request, grid->z, tiles);
    grid->x = (tiles - 1) / run + 1;
    const int64_t items = grid->x * grid->z;
    const bool few = items < FEW_ITEMS * (int64_t)request->dev->compute_units;
    const int64_t span = few ? clconv_run_of(request, items, blocks) : blocks;
    grid->y = (blocks - 1) / span + 1;
    grid->item_macs = clconv_plane_macs(work, segment->in * segment->out);
    grid->walks = run * span;
    grid->owns = 2;
    grid->own[0] = (cl_int)(run * tile);
    grid->own[1] = (cl_int)span;
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    clconv_grid grid = {.kernel = "pointwise", .local = {1, 1, 1}, .uses_workspace = true};
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "pointwise", keys, value, &program);
    if (!status)
        status = clconv_add_packing(plan, request, program, value[KB]);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        lay_out(&grid, request, segment, value);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        grid.workspace_first += clconv_packed_floats(work, segment, value[KB]);
    }
    return status;
}

/* Half a vector of pixels that are left costs no more than its share (512 channels of 4x4 to 14x14,
 * Intel Xeon, 2026-11-20). */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const int64_t pixels = (int64_t)request->work->p * request->work->q;
    find_tile(request, value);
    return 1.8 * value[V] * clconv_filled(clconv_most_outputs(request->work), value[KB]) *
           clconv_filled(pixels, value[V] / 2);
}

const clconv_algo clconv_algo_pointwise = {
    .name = "pointwise",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .refuses = refuses,
    .types = CLCONV_FLOAT_TYPES,
    .ends = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
    .pack_key = "kb",
};
