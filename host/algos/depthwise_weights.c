/* SPDX-License-Identifier: MIT */
/* Algorithm `depthwise`, gradients by w and b: vectors of filters, for planes that fit a cache. */
#include "designs.h"

/* v filters side by side, xb outputs of a row and rb rows of taps at a time. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"xb", {1, 2, 3, 4, 5, 6, 7}}, {"rb", {1, 2, 3}}, {NULL, {0}}};
enum { V, XB, RB };

/* Sums and outputs in registers: 28 within 32 of 16 floats, fourteen within 16. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const clconv_work *work = request->work;
    const int room = clconv_vector_floats(request->dev) == 16 ? 28 : 14;
    value[V] = clconv_vector_lanes(request);
    value[XB] = 7;
    while (work->q % value[XB])
        value[XB]--;
    value[RB] = work->r < 3 ? work->r : 3;
    while (value[RB] > 1 && value[RB] * work->s + value[XB] > room)
        value[RB]--;
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
        return request->tile ? "depthwise has the tiles weights,v=4|8|16,xb=1 to 7,rb=1|2|3 only"
                             : "the device has no vectors";
    if (!clconv_is_depthwise(work))
        return "it needs groups of one input channel";
    if (work->q % value[XB] || pads_widely(work))
        return "rows of y are no whole number of its pixels, or the padding is too wide";
    if ((int64_t)work->r * work->s > MOST_TAPS || value[RB] > work->r)
        return "the filter is too large for its registers, or lower than the tile";
    const char *why = clconv_planes_refuse(work, (int64_t)work->p * work->q, value[V]);
    why = why ? why : clconv_planes_refuse(work, (int64_t)work->h * work->w, value[V]);
    return why ? why : clconv_strip_refuses(work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "depthwise_weights", keys, value, &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        const clconv_grid grid = {
            .kernel = "depthwise_weights",
            .local = {1, 1, 1},
            .x = 1,
            .y = 1,
            .z = (segment->groups * segment->out - 1) / value[V] + 1,
            .item_macs = (double)work->n * value[V] * clconv_plane_macs(work, 1),
            .own = {(cl_int)work->n},
            .owns = 1,
        };
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        if (!status)
            status = clconv_add_bias_sums(plan, program, segment, request);
    }
    return status;
}

/* As design `lanes`, whose transpositions it has. */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const double taps = (double)request->work->r * request->work->s;
    find_tile(request, value);
    return (value[XB] > 3 ? 2.0 : 1.0) * value[V] * taps / (taps + 8);
}

const clconv_algo clconv_algo_depthwise_weights = {
    .name = "depthwise",
    .design = "weights",
    .gradients = 1u << CLCONV_BACKWARD_WEIGHTS,
    .types = CLCONV_FLOAT_TYPES,
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
