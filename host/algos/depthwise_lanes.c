/* SPDX-License-Identifier: MIT */
/* Algorithm `depthwise`, design `lanes`: vectors of planes, for planes that fit a cache. */
#include "designs.h"

/* v planes side by side, xb pixels of a row at a time. */
static const clconv_tile_key keys[] = {{"v", {4, 8, 16}}, {"xb", {4, 7, 14}}, {NULL, {0}}};
enum { V, XB };

enum { ROOM = 256 }; /* pixels in the kernel's arrays, as there */

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    value[V] = clconv_vector_lanes(request);
    value[XB] = request->work->q < 7 ? 4 : 7; /* 7 serves rows of 14, too */
    return value[V] >= 4;
}

/* Padding beyond the filter's own reach leaves columns of a tile without any pixel. */
static bool pads_widely(const clconv_work *work)
{
    const int64_t reach = (int64_t)(work->s - 1) * work->dilation_w;
    return work->pad_left > reach || clconv_right_padding(work) > reach;
}

static const char *refuses(const clconv_request *request)
{
    enum { MOST_TAPS = 49 };
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile ? "depthwise has the tiles lanes,v=4|8|16,xb=4|7|14 only"
                             : "the device has no vectors";
    if (!clconv_is_depthwise(work))
        return "it needs groups of one input channel";
    if (work->divisor != 1.0f)
        return "it has no mean";
    if ((int64_t)work->r * work->s > MOST_TAPS)
        return "the filter is too large for its registers";
    if (work->q < value[XB] || pads_widely(work))
        return "the image is too narrow, or its padding too wide";
    const int64_t in = (int64_t)work->h * work->w, out = (int64_t)work->p * work->q;
    if (in < value[V] / 2 || out < value[V] / 2 || in > ROOM || out > ROOM)
        return "the planes are smaller than its vectors or larger than its arrays";
    if (work->n > INT32_MAX)
        return "the batch is too large for positions of 32 bits";
    return clconv_strip_refuses(work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "depthwise_lanes", keys, value, &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        const int64_t planes = work->n * segment->groups * segment->out;
        const int64_t blocks = (planes - 1) / value[V] + 1;
        const int64_t run = (blocks - 1) / (16 * (int64_t)request->dev->compute_units) + 1;
        const clconv_grid grid = {
            .kernel = "depthwise_lanes",
            .local = {1, 1, 1},
            .x = 1,
            .y = 1,
            .z = (blocks - 1) / run + 1,
            .item_macs = (double)(run * value[V]) * clconv_plane_macs(work, 1),
            .own = {(cl_int)work->n, (cl_int)run},
            .walks = run * work->h,
            .owns = 2,
        };
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}

/* Rows of up to 12 pixels take 0.6 to 0.9 of the time that design `rows` takes, of 14 pixels 0.7
 * with a filter of 7x7, as much with 5x5 and 1.3 times with 3x3 (V 16, Intel Xeon, 2026-11-20). */
static double macs_per_cycle(const clconv_request *request)
{
    enum { NARROW = 8, FEW_TAPS = 9 };
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    const double taps = (double)work->r * work->s;
    find_tile(request, value);
    const bool narrow = work->q <= NARROW || 4 * work->q <= 3 * value[V];
    const bool many_taps = work->q < value[V] && taps > FEW_TAPS;
    return (narrow ? 2.5 : many_taps ? 1.7 : 1.45) * value[V] * taps / (taps + 8);
}

const clconv_algo clconv_algo_depthwise_lanes = {
    .name = "depthwise",
    .design = "lanes",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .refuses = refuses,
    .types = CLCONV_FLOAT_TYPES,
    .ends = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
