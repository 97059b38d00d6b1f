/* SPDX-License-Identifier: MIT */
/* Algorithm `depthwise`, design `rows`: vectors that walk down the planes. */
#include "designs.h"

/* v floats a vector, xb vectors side by side. */
static const clconv_tile_key keys[] = {{"v", {4, 8, 16}}, {"xb", {1, 2}}, {NULL, {0}}};
enum { V, XB };

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    value[V] = clconv_vector_lanes(request);
    value[XB] = 1;
    return value[V] >= 4;
}

/* Lanes of a vector run past the row into the next. */
static bool is_narrow(const clconv_work *work, const int *value)
{
    return work->q < value[V];
}

static const char *refuses(const clconv_request *request)
{
    enum { MOST_TAPS = 49 };
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile ? "depthwise has the tiles rows,v=4|8|16,xb=1|2 only"
                             : "the device has no vectors";
    if (!clconv_is_depthwise(work))
        return "it needs groups of one input channel";
    for (size_t i = 0; i < work->segments; i++) {
        const clconv_segment *segment = &work->segment[i];
        if ((work->n - 1) * work->x_stride.image + segment->groups * work->h * work->w < value[V])
            return "x is shorter than a vector";
    }
    if (work->divisor != 1.0f)
        return "it has no mean";
    if (work->stride_w > 2 || (work->stride_h > 1 && work->dilation_h > 1))
        return "it has no such stride";
    if ((int64_t)work->r * work->s > MOST_TAPS ||
        ((work->r - 1) / work->stride_h + 1) * value[XB] > (value[V] == 16 ? 14 : 7))
        return "the filter is too large for its registers";
    if (is_narrow(work, value) && work->dilation_h > 1)
        return "the image is too narrow for dilated rows";
    if (work->n > INT32_MAX)
        return "the batch is too large for positions of 32 bits";
    return clconv_strip_refuses(work);
}

/* Work-items of several planes, or of bands of rows where there are too few planes: 16 per compute
 * unit balance the load, and each reads the rows between two bands again. */
static void lay_out(clconv_grid *grid, const clconv_request *request, const clconv_segment *segment,
                    const int *value)
{
    enum { LEAST_BAND = 16 };
    const clconv_work *work = request->work;
    const int64_t planes = work->n * segment->groups * segment->out;
    const int64_t items = 16 * (int64_t)request->dev->compute_units;
    const int64_t run = (planes - 1) / items + 1;
    int64_t bands = is_narrow(work, value) ? 1 : (items - 1) / planes + 1;
    if (bands > work->p / LEAST_BAND)
        bands = work->p < LEAST_BAND ? 1 : work->p / LEAST_BAND;
    const int64_t band = (work->p - 1) / bands + 1;
    grid->x = 1;
    grid->y = (work->p - 1) / band + 1;
    grid->z = (planes - 1) / run + 1;
    grid->item_macs = (double)run * clconv_plane_macs(work, 1);
    grid->walks = run * band * ((work->q - 1) / value[V] + 1);
    grid->owns = 4;
    grid->own[0] = (cl_int)work->n;
    grid->own[1] = (cl_int)run;
    grid->own[2] = (cl_int)band;
    grid->own[3] = clconv_streams(request, value[V]);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    plan->streams = clconv_streams(request, value[V]);
    clconv_status status = clconv_tile_program(plan, "depthwise_rows", keys, value, &program);
    for (size_t i = 0; i < request->work->segments && !status; i++) {
        const clconv_segment *segment = &request->work->segment[i];
        clconv_grid grid = {.kernel = "depthwise_rows", .local = {1, 1, 1}};
        lay_out(&grid, request, segment, value);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}

/* 13 with V 16 and 3x3, 20 with 5x5 and 7x7, where loads are fewer for each product (Intel Xeon,
 * 2026-11-20). */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const double taps = (double)request->work->r * request->work->s;
    find_tile(request, value);
    return 1.55 * value[V] * taps / (taps + 8);
}

const clconv_algo clconv_algo_depthwise_rows = {
    .name = "depthwise",
    .design = "rows",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .streams = true,
    .refuses = refuses,
    .types = CLCONV_FLOAT_TYPES,
    .ends = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
