/* SPDX-License-Identifier: MIT */
/* Algorithm `depthwise`, design `last`: vectors of channels, where channels come last. */
#include "designs.h"

/* v channels of y a vector, m for each channel of x, xb pixels of a row. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"m", {1, 2, 4, 8}}, {"xb", {2, 4, 7, 14}}, {NULL, {0}}};
enum { V, M, XB };

/* Whether 4 columns hold their rows, which 7 do not, and gain by it, since an image of such rows is
 * in no near cache: 5x5 over 64 channels of 112x112 0.53 instead of 0.63 ms, over 28x28 no less
 * (AMD Zen 4, one core, 2026-11-30). */
static bool holds_more(const clconv_work *work)
{
    enum { WIDE = 64, BY_SEVEN = 4, BY_FOUR = 7 };
    const int reached = (work->r - 1) / work->stride_h + 1;
    return work->q > WIDE && reached > BY_SEVEN && reached <= BY_FOUR;
}

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value) && value[M] <= value[V];
    value[V] = clconv_vector_floats(request->dev);
    value[M] = (int)clconv_most_outputs(request->work);
    value[XB] = value[V] < 16 || (value[M] == 1 && holds_more(request->work)) ? 4 : 7;
    return value[V] >= 4;
}

static bool has_multiplier(const clconv_work *work, int m)
{
    bool all = m <= 8 && (m & (m - 1)) == 0;
    for (size_t i = 0; i < work->segments; i++)
        all = all && work->segment[i].out == m;
    return all;
}

static const char *refuses(const clconv_request *request)
{
    enum { LONGEST = 31 };
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile ? "depthwise has the tiles last,v=4|8|16,m=1|2|4|8,xb=2|4|7|14 only, "
                               "with m up to v"
                             : "the device has no vectors";
    if (!clconv_is_depthwise(work))
        return "it needs groups of one input channel";
    if (value[M] > value[V] || !has_multiplier(work, value[M]))
        return "it needs groups of 1, 2, 4 or 8 output channels, all alike";
    if (work->s > LONGEST || work->r > LONGEST)
        return "the filter is too large for its registers";
    return clconv_last_refuses(work);
}

/* Bytes from one row of y to the next, all channels together. */
static uint64_t row_bytes(const clconv_work *work)
{
    return work->y_bytes / ((uint64_t)work->n * (uint64_t)work->p) + 1;
}

/* All rows of a block of channels, or bands of them where there are too few blocks to balance the
 * load of several compute units: each reads the rows between two bands again. */
static void lay_out(clconv_grid *grid, const clconv_request *request, const clconv_segment *segment,
                    const int *value)
{
    enum { LEAST_BAND = 16, FEW_ROWS = 8, NEAR_BYTES = 2097152 };
    const clconv_work *work = request->work;
    const int64_t channels = segment->groups * segment->out;
    const int64_t blocks = channels < value[V] ? 1 : channels / value[V];
    const int64_t units = request->dev->compute_units, wanted = units == 1 ? 1 : 8 * units;
    int64_t bands = (wanted - 1) / (blocks * work->n) + 1;
    if (bands > work->p / LEAST_BAND)
        bands = work->p < LEAST_BAND ? 1 : work->p / LEAST_BAND;
    const int64_t most = NEAR_BYTES / (int64_t)row_bytes(work) + 1;
    int64_t band = (work->p - 1) / bands + 1;
    band = band < most ? band : most < FEW_ROWS ? FEW_ROWS : most;
    grid->x = blocks;
    grid->y = (work->p - 1) / band + 1;
    grid->z = work->n;
    grid->item_macs = clconv_plane_macs(work, channels);
    grid->walks = band * ((work->q - 1) / value[XB] + 1);
    grid->owns = 2;
    grid->own[0] = (cl_int)band;
    grid->own[1] = clconv_last_streams(request, value[V]);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    plan->streams = clconv_last_streams(request, value[V]);
    clconv_status status = clconv_tile_program(plan, "depthwise_last", keys, value, &program);
    for (size_t i = 0; i < request->work->segments && !status; i++) {
        const clconv_segment *segment = &request->work->segment[i];
        clconv_grid grid = {.kernel = "depthwise_last", .local = {1, 1, 1}, .strides = true};
        lay_out(&grid, request, segment, value);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const double taps = (double)request->work->r * request->work->s;
    find_tile(request, value);
    return 1.55 * value[V] * taps / (taps + 8);
}

const clconv_algo clconv_algo_depthwise_last = {
    .name = "depthwise",
    .design = "last",
    .keys = keys,
    .find_tile = find_tile,
    .types = CLCONV_ALL_TYPES,
    .strided = true,
    .ends = true,
    .streams = true,
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
