/* SPDX-License-Identifier: MIT */
/* Weights in the order of packed.cl: how many, and the launches that pack them. */
#include "turned.h"

#include <string.h>

int64_t clconv_blocks(const clconv_segment *segment, int64_t channels)
{
    return segment->groups * ((segment->out - 1) / channels + 1);
}

size_t clconv_packed_floats(const clconv_work *work, const clconv_segment *segment, int pack)
{
    return (size_t)(clconv_blocks(segment, pack) * segment->in * work->r * work->s * pack);
}

uint64_t clconv_packed_bytes(const clconv_algo *algo, const clconv_request *request)
{
    const clconv_work *work = request->work;
    int value[CLCONV_TILE_KEYS];
    size_t floats = 0, key = 0;
    if (!algo->pack_key)
        return clconv_turned_bytes(algo, request);
    if (!algo->find_tile(request, value))
        return 0;
    while (strcmp(algo->keys[key].key, algo->pack_key))
        key++;
    for (size_t i = 0; i < work->segments; i++)
        floats += algo->packed_elements ? algo->packed_elements(work, &work->segment[i], value)
                                        : clconv_packed_floats(work, &work->segment[i], value[key]);
    return (uint64_t)floats * clconv_sum_bytes(work);
}

enum { PACKING_GROUP = 32 };

clconv_status clconv_add_packing(clconv_plan *plan, const clconv_request *request,
                                 clconv_program *program, int pack)
{
    const clconv_work *work = request->work;
    clconv_status status = CLCONV_OK;
    clconv_grid grid = {.kernel = "pack_weights",
                        .local = {1, 1, 1},
                        .uses_workspace = true,
                        .own = {clconv_is_turned(request)},
                        .owns = 1,
                        .prepares = true};
    if (!request->dev->wide_vectors && request->dev->max_group >= PACKING_GROUP &&
        request->dev->max_item[0] >= PACKING_GROUP)
        grid.local[0] = PACKING_GROUP;
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = clconv_blocks(segment, pack);
        grid.item_macs = (double)segment->in * work->r * work->s * pack;
        clconv_grid_items(&grid, segment->in);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        grid.workspace_first += clconv_packed_floats(work, segment, pack);
    }
    plan->pack_steps = plan->steps;
    return status;
}

/* ---- Blocks of output channels, runs of parts ------------------------------------------------ */

int64_t clconv_run_of(const clconv_request *request, int64_t blocks, int64_t parts)
{
    enum { MOST_RUNS = 32768 };
    int64_t runs = (8 * (int64_t)request->dev->compute_units - 1) / blocks + 1;
    const int64_t least = (parts - 1) / INT32_MAX + 1;
    runs = runs < least ? least : runs > MOST_RUNS ? MOST_RUNS : runs;
    return (parts - 1) / (runs < parts ? runs : parts) + 1;
}

static clconv_status add_blocks(clconv_plan *plan, const clconv_request *request,
                                clconv_program *program, const clconv_block *block)
{
    const clconv_work *work = request->work;
    clconv_status status = CLCONV_OK;
    clconv_grid grid = {
        .kernel = block->stem, .local = {1, 1, 1}, .y = 1, .uses_workspace = true, .owns = 1};
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = work->n * clconv_blocks(segment, block->channels);
        grid.own[0] = (cl_int)clconv_run_of(request, grid.z, block->parts);
        grid.walks = grid.own[0];
        grid.x = (block->parts - 1) / grid.own[0] + 1;
        grid.item_macs = clconv_plane_macs(work, segment->in * block->channels);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
        grid.workspace_first += clconv_packed_floats(work, segment, block->pack);
    }
    return status;
}

clconv_status clconv_block_prepare(clconv_plan *plan, const clconv_request *request,
                                   const clconv_tile_key *keys, const int *value,
                                   const clconv_block *block)
{
    clconv_program *program = NULL;
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, block->stem, keys, value, &program);
    if (!status)
        status = clconv_add_packing(plan, request, program, block->pack);
    return status ? status : add_blocks(plan, request, program, block);
}
