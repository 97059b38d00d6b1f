/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, gradient by x: vectors of pixels, the sums of a few channels in registers. */
#include "designs.h"

/* v floats a vector; input channels; rows for each of a stride down. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"cb", {1, 2, 4, 8}}, {"yb", {1, 2, 4, 8}}, {NULL, {0}}};
enum { V, CB, YB };

/* Sums of a tile; more than 32 fit into no device's registers. */
enum { MOST_SUMS = 32 };

static int64_t sums(const clconv_work *work, const int *value)
{
    return (int64_t)value[CB] * value[YB] * work->stride_h * work->stride_w;
}

static int64_t most_inputs(const clconv_work *work)
{
    int64_t most = 0;
    for (size_t i = 0; i < work->segments; i++)
        most = work->segment[i].in > most ? work->segment[i].in : most;
    return most;
}

/* Sixteen sums within 32 registers, eight within 16: channels, which share what is loaded, then
 * rows, which share most of it. Vectors that are not wider than the image needs. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const clconv_work *work = request->work;
    const int room = clconv_vector_floats(request->dev) == 16 ? 16 : 8;
    const int64_t inputs = most_inputs(work), pixels = (work->w - 1) / work->stride_w + 1;
    value[V] = clconv_vector_lanes(request);
    while (value[V] > 4 && value[V] / 2 >= pixels)
        value[V] /= 2;
    value[CB] = inputs >= 4 ? 4 : inputs >= 2 ? 2 : 1;
    value[YB] = 8;
    while (value[YB] > 1 &&
           (sums(work, value) > room || (int64_t)value[YB] / 2 * work->stride_h >= work->h))
        value[YB] /= 2;
    while (value[CB] > 1 && sums(work, value) > room)
        value[CB] /= 2;
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    if (!find_tile(request, value))
        return request->tile ? "direct has the tiles data,v=4|8|16,cb=1|2|4|8,yb=1|2|4|8 only"
                             : "the device has no vectors";
    if (request->work->stride_w > 2)
        return "it has no strides over 2 along a row";
    if (sums(request->work, value) > MOST_SUMS)
        return "the stride down is too large for its registers";
    if (request->work->n > INT32_MAX)
        return "there are more images than 32 bits count";
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
    const int above = work->pad_top % work->stride_h; /* rows of the first tile outside of x */
    const int64_t tiles = (work->h + above - 1) / (value[YB] * work->stride_h) + 1;
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        clconv_grid grid = {.kernel = "direct_data", .local = {1, 1, 1}, .y = 1, .owns = 2};
        grid.z = work->n * segment->groups * ((segment->in - 1) / value[CB] + 1);
        const int64_t run = clconv_run_of(request, grid.z, tiles);
        grid.own[0] = (cl_int)work->n;
        grid.own[1] = (cl_int)run;
        grid.walks = run * ((work->w - 1) / (value[V] * work->stride_w) + 1);
        grid.x = (tiles - 1) / run + 1;
        grid.item_macs = clconv_plane_macs(work, segment->out) * value[CB];
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}

/* The more products a tile has of what it loads, zips and stores, the better: 8 of 32 with a
 * channel of 3x3 at stride 2, 18 with dense groups (AMD Zen 4, one core, 2026-11-30). */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    find_tile(request, value);
    const double products = (double)work->segment->out * work->r * work->s * value[CB];
    return 1.1 * value[V] * products / (products + 12.0 * work->stride_h * work->stride_w) *
           clconv_filled(most_inputs(work), value[CB]) *
           clconv_filled(work->w, value[V] * work->stride_w);
}

const clconv_algo clconv_algo_direct_data = {
    .name = "direct",
    .design = "data",
    .gradients = 1u << CLCONV_BACKWARD_DATA,
    .types = CLCONV_FLOAT_TYPES,
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
