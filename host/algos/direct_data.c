/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, gradient by x: vectors of pixels, the sums of a few channels in registers. */
#include "designs.h"

/* v floats a vector; input channels; vectors of a row, of each kind of pixel. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"cb", {1, 2, 4, 8}}, {"xb", {1, 2, 4}}, {NULL, {0}}};
enum { V, CB, XB };

static int64_t most_inputs(const clconv_work *work)
{
    int64_t most = 0;
    for (size_t i = 0; i < work->segments; i++)
        most = work->segment[i].in > most ? work->segment[i].in : most;
    return most;
}

/* Sixteen sums within 32 registers, eight within 16: four channels, more vectors where there are
 * fewer. Vectors that are not wider than the image needs. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const clconv_work *work = request->work;
    const int native = clconv_vector_floats(request->dev);
    const int64_t inputs = most_inputs(work), pixels = (work->w - 1) / work->stride_w + 1;
    const int room = (native == 16 ? 16 : 8) / work->stride_w;
    value[V] = native;
    while (value[V] > 4 && value[V] / 2 >= pixels)
        value[V] /= 2;
    value[CB] = inputs >= 4 ? 4 : inputs >= 2 ? 2 : 1;
    value[XB] = 4;
    while (value[XB] > 1 &&
           (value[XB] * value[CB] > room || (value[XB] - 1) * (int64_t)value[V] >= pixels))
        value[XB] /= 2;
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    if (!find_tile(request, value))
        return request->tile ? "direct has the tiles data,v=4|8|16,cb=1|2|4|8,xb=1|2|4 only"
                             : "the device has no vectors";
    if (request->work->stride_w > 2)
        return "it has no strides over 2 along a row";
    return clconv_strip_refuses(request->work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "direct_data", keys, value, &program);
    const int64_t across = (work->w - 1) / (value[XB] * value[V] * work->stride_w) + 1;
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        clconv_grid grid = {.kernel = "direct_data", .local = {1, 1, 1}, .y = 1, .owns = 1};
        grid.z = work->n * segment->groups * ((segment->in - 1) / value[CB] + 1);
        grid.own[0] = (cl_int)clconv_run_of(request, grid.z, work->h * across);
        grid.walks = grid.own[0];
        grid.x = (work->h * across - 1) / grid.own[0] + 1;
        grid.item_macs = clconv_plane_macs(work, segment->out) * value[CB];
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    find_tile(request, value);
    return 0.8 * value[V] * clconv_filled(most_inputs(work), value[CB]) *
           clconv_filled(work->w, value[V] * work->stride_w);
}

const clconv_algo clconv_algo_direct_data = {
    .name = "direct",
    .design = "data",
    .gradients = 1u << CLCONV_BACKWARD_DATA,
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
