/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, gradients by w and b: vectors of output channels, for small planes of y. */
#include "designs.h"

/* v floats a vector, kb vectors of output channels, cb input channels. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"kb", {1, 2}}, {"cb", {1, 2, 4, 8}}, {NULL, {0}}};
enum { V, KB, CB };

/* Sums of a row of taps; more than 32 fit into no device's registers. */
enum { MOST_SUMS = 32 };

static int sums(const clconv_work *work, const int *value)
{
    return value[KB] * value[CB] * work->s;
}

/* Vectors that the groups fill; 24 sums within 32 registers, twelve within 16. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const clconv_work *work = request->work;
    const int room = clconv_vector_floats(request->dev) == 16 ? 24 : 12;
    const int64_t out = clconv_most_outputs(work);
    value[V] = clconv_vector_lanes(request);
    while (value[V] > 4 && out < value[V])
        value[V] /= 2;
    value[KB] = out > value[V] ? 2 : 1;
    value[CB] = 8;
    while (value[CB] > 1 && (sums(work, value) > room || value[CB] > work->segment->in))
        value[CB] /= 2;
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile ? "direct has the tiles filters,v=4|8|16,kb=1|2,cb=1|2|4|8 only"
                             : "the device has no vectors";
    if (sums(work, value) > MOST_SUMS)
        return "the filter is too wide for its registers";
    if (!request->tile && clconv_most_outputs(work) < value[V])
        return "the groups have too few output channels";
    const char *const why = clconv_planes_refuse(work, (int64_t)work->p * work->q, value[V]);
    return why ? why : clconv_strip_refuses(work);
}

/* Runs of input channels: as long as each compute unit has eight items, since each transposes y. */
static clconv_status add_segment(clconv_plan *plan, clconv_program *program,
                                 const clconv_segment *segment, const clconv_request *request,
                                 const int *value)
{
    const clconv_work *work = request->work;
    clconv_grid grid = {.kernel = "direct_filters", .local = {1, 1, 1}, .y = 1, .owns = 2};
    grid.z = clconv_blocks(segment, value[V] * value[KB]);
    const int64_t parts = (segment->in - 1) / value[CB] + 1;
    const int64_t run = clconv_run_of(request, grid.z, parts);
    grid.x = (parts - 1) / run + 1;
    grid.own[0] = (cl_int)work->n;
    grid.own[1] = (cl_int)(run * value[CB]);
    grid.walks = run * work->r;
    grid.item_macs = (double)work->n * value[V] * value[KB] * clconv_plane_macs(work, segment->in);
    const clconv_status status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    return status ? status : clconv_add_bias_sums(plan, program, segment, request);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "direct_filters", keys, value, &program);
    for (size_t i = 0; i < request->work->segments && !status; i++)
        status = add_segment(plan, program, &request->work->segment[i], request, value);
    return status;
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    find_tile(request, value);
    return 1.2 * value[V] * clconv_filled(clconv_most_outputs(work), value[V] * value[KB]);
}

const clconv_algo clconv_algo_direct_filters = {
    .name = "direct",
    .design = "filters",
    .gradients = 1u << CLCONV_BACKWARD_WEIGHTS,
    .types = 1u << CLCONV_F32 | 1u << CLCONV_F64, /* w itself holds the sums over images */
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
