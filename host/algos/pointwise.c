/* SPDX-License-Identifier: MIT */
/* Algorithm `pointwise`: 1x1 filters as matrix products straight on the planes. */
#include "internal.h"

/* v floats a vector, kb channels x xb vectors of pixels: sums that fill 32 registers, or 16. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"kb", {4, 8}}, {"xb", {2, 3}}, {NULL, {0}}};
enum { V, KB, XB };

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    value[V] = clconv_vector_floats(request->dev);
    value[KB] = value[V] == 16 ? 8 : 4;
    value[XB] = value[V] == 16 ? 3 : 2;
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile ? "pointwise has the tiles v=4|8|16,kb=4|8,xb=2|3 only"
                             : "the device has no vectors";
    if (!clconv_is_pointwise(work))
        return "it needs a 1x1 filter of stride 1 without padding";
    if (work->divisor != 1.0f)
        return "it has no mean";
    if ((int64_t)work->p * work->q < value[V])
        return "a plane has fewer pixels than a vector";
    return clconv_pixels_refuse(work);
}

static uint64_t packed(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    find_tile(request, value);
    return clconv_packed_bytes(request->work, value[KB]);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    const int64_t pixels = (int64_t)work->p * work->q;
    clconv_grid grid = {
        .kernel = "pointwise", .local = {1, 1, 1}, .y = 1, .uses_workspace = true, .owns = 1};
    find_tile(request, value);
    const int tile = value[V] * value[XB];
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "pointwise", keys, value, &program);
    if (!status)
        status = clconv_add_packing(plan, request, program, value[KB]);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = work->n * segment->groups;
        grid.own[0] = (cl_int)(clconv_run_of(request, grid.z, (pixels - 1) / tile + 1) * tile);
        grid.x = (pixels - 1) / grid.own[0] + 1;
        grid.item_macs = clconv_plane_macs(work, segment->in * segment->out);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        grid.workspace_first += clconv_packed_floats(work, segment, value[KB]);
    }
    return status;
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const int64_t pixels = (int64_t)request->work->p * request->work->q;
    find_tile(request, value);
    return 1.8 * value[V] * clconv_filled(clconv_most_outputs(request->work), value[KB]) *
           clconv_filled(pixels, value[V]);
}

const clconv_algo clconv_algo_pointwise = {
    .name = "pointwise",
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .packed = packed,
    .prepare = prepare,
};
