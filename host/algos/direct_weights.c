/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, gradients by w and b: vectors of outputs, the sums of a block of filters,
 * channels and taps in registers. */
#include "designs.h"

#include <string.h>

/* v floats a vector; filters, input channels and rows of taps of a block. */
static const clconv_tile_key keys[] = {{"v", {4, 8, 16}},
                                       {"kb", {1, 2, 4, 8}},
                                       {"cb", {1, 2, 4}},
                                       {"rb", {1, 2, 3, 4, 5, 6, 7}},
                                       {NULL, {0}}};
enum { V, KB, CB, RB };

/* Sums of a block; more than 32 fit into no device's registers. */
enum { MOST_SUMS = 32, MOST_ROWS = 7 };

static int sums(const clconv_work *work, const int *value)
{
    return value[KB] * value[CB] * value[RB] * work->s;
}

/* Registers that a tile needs: its sums, the outputs that it keeps, what is being loaded. */
static int registers(const clconv_work *work, const int *value)
{
    const bool keeps = work->stride_h == 1 && work->dilation_h == 1;
    return sums(work, value) + value[KB] * (keeps ? value[RB] : 1) + 2;
}

/* Cycles for each product that counts, of a step with all rows of taps: vectors of 16 floats are
 * multiplied one a cycle and loaded, across two lines mostly, one in two; a step takes four more.
 */
static double cost(const clconv_work *work, const int *value)
{
    const clconv_segment *segment = work->segment;
    const bool keeps = work->stride_h == 1 && work->dilation_h == 1;
    const int blocks = (work->r - 1) / value[RB] + 1;
    const int loads = value[KB] + value[CB] * work->s * (keeps ? 1 : value[RB]);
    const double products = (double)value[KB] * value[CB] * work->r * work->s;
    const double loading = (value[V] == 16 ? 2.0 : 1.0) * blocks * loads;
    return ((products > loading ? products : loading) + 4.0 * blocks) /
           (products * clconv_filled(clconv_most_outputs(work), value[KB]) *
            clconv_filled(segment->w_in ? segment->in : 1, value[CB]));
}

/* The next tile of KB, CB and RB, the last changing fastest; false after the last one. */
static bool next_tile(int *value)
{
    if (++value[RB] <= MOST_ROWS)
        return true;
    value[RB] = 1;
    if ((value[CB] *= 2) <= 4)
        return true;
    value[CB] = 1;
    return (value[KB] *= 2) <= 8;
}

/* The cheapest tile that fits into 32 registers of 16 floats, or 16 of fewer; vectors as wide as
 * the image needs. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const clconv_work *work = request->work;
    const int native = clconv_vector_lanes(request);
    const int room = clconv_vector_floats(request->dev) == 16 ? 32 : 16;
    int tile[CLCONV_TILE_KEYS] = {native, 1, 1, 1};
    while (tile[V] > 4 && tile[V] / 2 >= work->q)
        tile[V] /= 2;
    memcpy(value, tile, sizeof tile);
    while (next_tile(tile))
        if (tile[RB] <= work->r && registers(work, tile) <= room &&
            cost(work, tile) < cost(work, value))
            memcpy(value, tile, sizeof tile);
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile
                   ? "direct has the tiles weights,v=4|8|16,kb=1|2|4|8,cb=1|2|4,rb=1 to 7 only"
                   : "the device has no vectors";
    if (work->stride_w > 2)
        return "it has no strides over 2 along a row";
    if (value[RB] > work->r)
        return "the filter has fewer rows than the tile";
    if (sums(work, value) > MOST_SUMS)
        return "the filter is too wide for its registers";
    if (work->n > INT32_MAX)
        return "there are more images than 32 bits count";
    return clconv_strip_refuses(work);
}

/* Of one filter. */
static int64_t blocks_of(const clconv_work *work, const clconv_segment *segment, const int *value)
{
    const int64_t channels = segment->w_in ? segment->in : 1;
    return ((channels - 1) / value[CB] + 1) * ((work->r - 1) / value[RB] + 1);
}

static clconv_status add_segment(clconv_plan *plan, clconv_program *program,
                                 const clconv_segment *segment, const clconv_request *request,
                                 const int *value)
{
    const clconv_work *work = request->work;
    const int64_t w_groups = segment->w_group ? segment->groups : 1;
    const double images = (double)work->n;
    clconv_grid grid = {
        .kernel = "direct_weights", .local = {1, 1, 1}, .owns = 1, .own = {(cl_int)work->n}};
    grid.z = w_groups * ((segment->out - 1) / value[KB] + 1);
    grid.item_macs = images * value[KB] * (double)(segment->groups / w_groups) *
                     clconv_plane_macs(work, segment->in);
    clconv_grid_items(&grid, blocks_of(work, segment, value));
    const clconv_status status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    return status ? status : clconv_add_bias_sums(plan, program, segment, request);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "direct_weights", keys, value, &program);
    for (size_t i = 0; i < request->work->segments && !status; i++)
        status = add_segment(plan, program, &request->work->segment[i], request, value);
    return status;
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    find_tile(request, value);
    return 0.8 * value[V] * clconv_filled(work->q, value[V]) *
           clconv_filled(clconv_most_outputs(work), value[KB]);
}

const clconv_algo clconv_algo_direct_weights = {
    .name = "direct",
    .design = "weights",
    .gradients = 1u << CLCONV_BACKWARD_WEIGHTS,
    .types = CLCONV_FLOAT_TYPES,
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
