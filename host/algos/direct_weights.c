/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, gradients by w and b: vectors of outputs, the sums of a block of filters,
 * channels and taps in registers. */
#include "designs.h"

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

/* The largest power of two up to 4 and both limits. */
static int part_of(int64_t room, int64_t length)
{
    int part = 4;
    while (part > 1 && (part > room || part > length))
        part /= 2;
    return part;
}

/* So many sums that loads of what they share do not count: 24 within 32 registers, twelve within
 * 16; filters and channels before rows of taps, which only share a row of x with others (3x3 on an
 * AMD Zen 4: 4 x 2 x 1 of them 38 GMAC/s, 2 x 1 x 3 29). Vectors as wide as the image needs. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const clconv_work *work = request->work;
    const clconv_segment *segment = work->segment;
    const int native = clconv_vector_floats(request->dev);
    const int room = (native == 16 ? 24 : 12) / work->s;
    value[V] = native;
    while (value[V] > 4 && value[V] / 2 >= work->q)
        value[V] /= 2;
    value[KB] = part_of(room, clconv_most_outputs(work));
    value[CB] = part_of(room / value[KB], segment->w_in ? segment->in : 1);
    const int left = room / value[KB] / value[CB];
    const int most = left > MOST_ROWS ? MOST_ROWS : left > 1 ? left : 1;
    const int blocks = (work->r - 1) / most + 1;
    value[RB] = (work->r - 1) / blocks + 1;
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
    const int64_t b_groups = segment->b_group ? segment->groups : 1;
    const double images = (double)work->n;
    clconv_grid grid = {
        .kernel = "direct_weights", .local = {1, 1, 1}, .owns = 1, .own = {(cl_int)work->n}};
    grid.z = w_groups * ((segment->out - 1) / value[KB] + 1);
    grid.item_macs = images * value[KB] * (double)(segment->groups / w_groups) *
                     clconv_plane_macs(work, segment->in);
    clconv_grid_items(&grid, blocks_of(work, segment, value));
    clconv_status status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    if (status || !work->has_bias)
        return status;
    grid.kernel = "direct_bias";
    grid.x = grid.y = 1;
    grid.z = b_groups * segment->out;
    grid.item_macs = images * (double)(segment->groups / b_groups) * work->p * work->q;
    return clconv_plan_add_steps(plan, program, &grid, segment, request);
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
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
