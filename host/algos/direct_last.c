/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, design `last`: vectors of output channels, where channels come last. */
#include "designs.h"

/* v channels a vector, kb vectors, or gb groups in one; xb pixels. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"kb", {1, 2}}, {"gb", {1, 2, 4}}, {"xb", {4, 6, 7, 12, 14}}, {NULL, {0}}};
enum { V, KB, GB, XB };

/* Pixels side by side. */
static int64_t row_length(const clconv_work *work)
{
    return clconv_is_pointwise(work) && clconv_last_is_flat(work) ? (int64_t)work->p * work->q
                                                                  : work->q;
}

/* Whether vectors of v channels hold gb whole groups, inputs as well as outputs. */
static bool holds_groups(const clconv_work *work, int v, int gb)
{
    for (size_t i = 0; i < work->segments; i++) {
        const clconv_segment *s = &work->segment[i];
        if (s->in * gb != v || s->out * gb != v || s->groups % gb ||
            s->w_group != s->out * s->w_out)
            return false;
    }
    return true;
}

/* Vectors that the groups fill, several groups in one where they are small; sums that cover the
 * latency of a multiply-add, within 32 registers of 16 floats or 16 of fewer. */
static void choose_tile(const clconv_request *request, int *value)
{
    const clconv_work *work = request->work;
    const int widest = clconv_vector_floats(request->dev);
    const int64_t out = clconv_most_outputs(work);
    value[V] = widest;
    value[KB] = 1;
    value[GB] = holds_groups(work, widest, 4) ? 4 : holds_groups(work, widest, 2) ? 2 : 1;
    while (value[GB] == 1 && value[V] > 4 && out < value[V])
        value[V] /= 2;
    if (value[V] == 16 && out > 16 && work->s <= 7 &&
        clconv_filled(out, 32) > 0.9 * clconv_filled(out, 16))
        value[KB] = 2;
    value[XB] = widest < 16 ? 7 : value[KB] == 2 && work->s > 1 ? 7 : 14;
    if (row_length(work) <= 7 || (value[V] == 16 && value[GB] == 2)) /* two sums per pixel */
        value[XB] = 7;
}

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value) && value[KB] * value[XB] <= 28 &&
               (value[KB] == 1 || value[GB] == 1);
    choose_tile(request, value);
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    enum { LONGEST = 31 };
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile ? "direct has the tiles last,v=4|8|16,kb=1|2,gb=1|2|4,xb=4|6|7|12|14 "
                               "only, with kb=1 beside gb=2|4 and kb * xb up to 28"
                             : "the device has no vectors";
    if (work->s > LONGEST)
        return "the filter is too wide for its registers";
    if (value[GB] > 1 && !holds_groups(work, value[V], value[GB]))
        return "it takes several groups to a vector of as many inputs and outputs only";
    return clconv_last_refuses(work);
}

/* Blocks of `channels` output channels. */
static int64_t blocks_of(const clconv_segment *segment, int gb, int64_t channels)
{
    return gb > 1 ? segment->groups / gb : clconv_blocks(segment, channels);
}

/* Those that are packed: of a shared kernel, of which all groups are alike, one group's. */
static int64_t packed_blocks(const clconv_segment *segment, const int *value)
{
    const int64_t blocks = blocks_of(segment, value[GB], value[V]);
    return segment->w_group ? blocks : blocks / segment->groups;
}

static size_t packed_elements(const clconv_work *work, const clconv_segment *segment,
                              const int *value)
{
    return (size_t)(packed_blocks(segment, value) * segment->in * work->r * work->s * value[V]);
}

static clconv_status add_packing(clconv_plan *plan, const clconv_request *request,
                                 clconv_program *program, const int *value)
{
    const clconv_work *work = request->work;
    clconv_status status = CLCONV_OK;
    clconv_grid grid = {.kernel = "pack_last",
                        .local = {1, 1, 1},
                        .uses_workspace = true,
                        .prepares = true,
                        .strides = true};
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = packed_blocks(segment, value);
        grid.item_macs = (double)segment->in * work->r * work->s * value[V];
        clconv_grid_items(&grid, segment->in);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        grid.workspace_first += packed_elements(work, segment, value);
    }
    plan->pack_steps = plan->steps;
    return status;
}

/* Units that take a tile one after another: as many as leave their weights most of a second-level
 * cache of 1 MiB, and each compute unit eight work-items. */
static int64_t span_of(const clconv_request *request, const clconv_segment *segment, int64_t units,
                       int64_t parts, const int *value)
{
    enum { CACHE = 131072 };
    const clconv_work *work = request->work;
    const int64_t bytes =
        segment->in * work->r * work->s * value[V] * value[KB] * (int64_t)clconv_sum_bytes(work);
    const int64_t balanced = (int64_t)((double)work->n * (double)units * (double)parts /
                                       (8.0 * request->dev->compute_units));
    int64_t span = segment->w_group ? CACHE / bytes : units;
    span = span > balanced ? balanced : span;
    return span < 1 ? 1 : span > units ? units : span;
}

static clconv_status add_blocks(clconv_plan *plan, const clconv_request *request,
                                clconv_program *program, const int *value)
{
    const clconv_work *work = request->work;
    const int64_t across = (row_length(work) - 1) / value[XB] + 1;
    const int64_t parts = row_length(work) == work->q ? work->p * across : across;
    clconv_status status = CLCONV_OK;
    clconv_grid grid = {.kernel = "direct_last",
                        .local = {1, 1, 1},
                        .y = 1,
                        .uses_workspace = true,
                        .owns = 2,
                        .strides = true};
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        const int64_t units = blocks_of(segment, value[GB], value[V] * value[KB]);
        const int64_t span = span_of(request, segment, units, parts, value);
        grid.z = work->n * ((units - 1) / span + 1);
        grid.own[0] = (cl_int)clconv_run_of(request, grid.z, parts);
        grid.own[1] = (cl_int)span;
        grid.walks = grid.own[0] * span;
        grid.x = (parts - 1) / grid.own[0] + 1;
        grid.item_macs = clconv_plane_macs(work, span * segment->in * value[V] * value[KB]);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        grid.workspace_first += packed_elements(work, segment, value);
    }
    return status;
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "direct_last", keys, value, &program);
    if (!status)
        status = add_packing(plan, request, program, value);
    return status ? status : add_blocks(plan, request, program, value);
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    find_tile(request, value);
    const double products = (double)work->segment[0].in * work->r * work->s;
    return 1.8 * products / (products + 16) * value[V] *
           (value[GB] > 1 ? 1 : clconv_filled(clconv_most_outputs(work), value[V] * value[KB])) *
           clconv_filled(row_length(work), value[XB]);
}

const clconv_algo clconv_algo_direct_last = {
    .name = "direct",
    .design = "last",
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .types = CLCONV_ALL_TYPES,
    .strided = true,
    .ends = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
    .pack_key = "v",
    .packed_elements = packed_elements,
};
