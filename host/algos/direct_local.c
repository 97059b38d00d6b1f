/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, design `local`: tiles of channels and pixels through local memory, for GPUs.
 */
#include "designs.h"

#include <string.h>

/* kb output channels x xb pixels for a work-group in split parts, as in direct_local.cl. */
static const clconv_tile_key keys[] = {
    {"kb", {16, 32, 64, 128}}, {"xb", {32, 64, 128}}, {"split", {1, 2, 4}}, {NULL, {0}}};
enum { KB, XB, SPLIT };
enum { DEPTH = 8 }; /* input channels of a slice */

static size_t threads(const int *value)
{
    const int down = value[KB] >= 64 ? 8 : 4, across = value[KB] >= 32 && value[XB] >= 64 ? 8 : 4;
    return (size_t)(value[KB] / down * (value[XB] / across) * value[SPLIT]);
}

/* Both slices of each part. */
static uint64_t local_bytes(const int *value)
{
    return 2 * sizeof(float) * DEPTH * (uint64_t)((value[KB] + value[XB]) * value[SPLIT]);
}

/* Work-groups of a launch over all images. */
static double work_groups(const clconv_work *work, const int *value)
{
    double blocks = 0;
    const double pixels = (double)work->n * work->p * work->q;
    for (size_t i = 0; i < work->segments; i++)
        blocks += (double)clconv_blocks(&work->segment[i], value[KB]);
    return blocks * (pixels / value[XB] < 1 ? 1 : pixels / value[XB]);
}

/* Tiles for groups of up to `out` output channels, from many work-groups to few: fewer pixels and
 * more parts keep a device busy (NVIDIA H200, November 2026, bench/suites/worklist.csv). */
enum { SIZES = 3 };
static const struct tiles {
    int64_t out;
    int value[SIZES][3];
} tiles[] = {
    {16, {{16, 64, 1}, {16, 64, 4}, {16, 32, 4}}},
    {32, {{32, 64, 2}, {32, 32, 4}, {32, 32, 4}}},
    {INT64_MAX, {{64, 64, 1}, {64, 32, 2}, {64, 32, 4}}},
};

/* Of each size at least so many work-groups per compute unit, or the next. */
static const double least[SIZES] = {3, 2, 0};

static void choose_tile(const clconv_request *request, int *value)
{
    const int64_t out = clconv_most_outputs(request->work);
    const bool empty = 1.2 * clconv_filled(out, 64) < clconv_filled(out, 32);
    const struct tiles *of = tiles;
    while (out > of->out && !(of->out == 32 && empty))
        of++;
    for (size_t i = 0; i < SIZES; i++) {
        memcpy(value, of->value[i], sizeof of->value[i]);
        if (work_groups(request->work, value) >= least[i] * request->dev->compute_units)
            return;
    }
}

/* The parts add up where their slices were. */
static bool room_for_sums(const int *value)
{
    return value[SPLIT] == 1 ||
           2 * DEPTH * (value[KB] + value[XB]) * value[SPLIT] >= value[KB] * value[XB];
}

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value) && room_for_sums(value);
    choose_tile(request, value);
    return true;
}

static int64_t most_inputs(const clconv_work *work)
{
    int64_t most = 1;
    for (size_t i = 0; i < work->segments; i++)
        most = work->segment[i].in > most ? work->segment[i].in : most;
    return most;
}

/* Images whose pixels one launch numbers, in 30 bits and within what a display allows. */
static int64_t images(const clconv_request *request, const int *value)
{
    const clconv_work *work = request->work;
    const double macs = clconv_plane_macs(work, most_inputs(work) * value[KB]);
    const double pixels = (double)work->p * work->q;
    double most = (double)work->n;
    if (most * pixels > 1 << 28)
        most = (1 << 28) / pixels;
    if (most * macs > request->dev->launch_macs)
        most = request->dev->launch_macs / macs;
    return most < 1 ? 1 : (int64_t)most;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_device *dev = request->dev;
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return "direct has the tiles local,kb=16|32|64|128,xb=32|64|128,split=1|2|4 only";
    if (request->local[0])
        return "its tile says how large its work-groups are";
    if (threads(value) > dev->max_group || threads(value) > dev->max_item[0])
        return "its work-groups are larger than the device's";
    if (local_bytes(value) > dev->local_bytes)
        return "the device has too little local memory";
    if ((double)most_inputs(work) * work->r * work->s > INT32_MAX)
        return "there are too many taps for numbers of 32 bits";
    if (work->n > INT32_MAX || (double)work->p * work->q > 1 << 28)
        return "there are too many pixels for positions of 32 bits";
    return clconv_strip_refuses(work);
}

static clconv_status add_launches(clconv_plan *plan, const clconv_request *request,
                                  clconv_program *program, const int *value)
{
    const clconv_work *work = request->work;
    clconv_status status = CLCONV_OK;
    clconv_grid grid = {.kernel = "direct_local",
                        .local = {threads(value), 1, 1},
                        .local_is_fixed = true,
                        .uses_workspace = true,
                        .own = {(cl_int)images(request, value), (cl_int)work->n},
                        .owns = 2};
    const int64_t chunks = (work->n - 1) / grid.own[0] + 1;
    const int64_t in_chunk = work->n < grid.own[0] ? work->n : grid.own[0];
    const int64_t groups = (in_chunk * work->p * work->q - 1) / value[XB] + 1;
    clconv_grid_items(&grid, groups * (int64_t)threads(value));
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = chunks * clconv_blocks(segment, value[KB]);
        grid.item_macs = (double)in_chunk * clconv_plane_macs(work, segment->in * value[KB]);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        grid.workspace_first += clconv_packed_floats(work, segment, value[KB]);
    }
    return status;
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "direct_local", keys, value, &program);
    if (!status)
        status = clconv_add_packing(plan, request, program, value[KB]);
    if (!status)
        status = add_launches(plan, request, program, value);
    return status ? status : clconv_plan_check_registers(plan, request);
}

/* On an NVIDIA H200, half of it: `direct`'s strips, whose rate is 6, have 12 there. A CPU runs the
 * work-items of a work-group one after another between barriers. */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    find_tile(request, value);
    if (request->dev->wide_vectors)
        return 0.2;
    const double full = value[KB] <= 16 ? 13.0 : value[KB] == 32 ? 15.0 : 28.0;
    return full * clconv_filled(clconv_most_outputs(request->work), value[KB]) *
           clconv_filled(most_inputs(request->work), DEPTH);
}

const clconv_algo clconv_algo_direct_local = {
    .name = "direct",
    .design = "local",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .refuses = refuses,
    .types = 1u << CLCONV_F32 | 1u << CLCONV_F16 | 1u << CLCONV_BF16,
    .ends = true,
    .accumulates = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
    .pack_key = "kb",
    .zero_padding = true,
    .for_gpus = true,
};
