/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, gradients by w and b: pixels shared out in a work-group, for GPUs. */
#include "designs.h"

/* kb filters; work-items of a work-group. */
static const clconv_tile_key keys[] = {
    {"kb", {1, 2, 4, 8}}, {"group", {64, 128, 256}}, {NULL, {0}}};
enum { KB, GROUP };

/* Floats of the sums of several filters; taps of a row, as in direct_pixels.cl. */
enum { MOST_FLOATS = 14, MOST_TAPS = 11 };

static uint64_t local_bytes(const clconv_work *work, const int *value)
{
    return (uint64_t)value[KB] * (uint64_t)value[GROUP] * (uint64_t)work->s *
           clconv_sum_bytes(work);
}

/* With strides Intel's compiler spills where it else does not. */
static bool fits_registers(const clconv_work *work, int kb)
{
    return kb == 1 || (double)kb * work->stride_w * work->s * (double)clconv_sum_bytes(work) <=
                          4.0 * MOST_FLOATS;
}

/* Filters share what is loaded of x. Work-groups of which every work-item has 16 pixels at least,
 * or the smallest. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const clconv_work *work = request->work;
    const int64_t out = clconv_most_outputs(work);
    const double pixels = (double)work->n * work->p * work->q;
    value[KB] = out >= 4 ? 4 : out >= 2 ? 2 : 1;
    while (!fits_registers(work, value[KB]))
        value[KB] /= 2;
    value[GROUP] = 256;
    while (value[GROUP] > 64 &&
           (pixels < 16.0 * value[GROUP] || (size_t)value[GROUP] > request->dev->max_group))
        value[GROUP] /= 2;
    return true;
}

/* Work-groups of one block of filters. */
static int64_t rows_of(const clconv_work *work, const clconv_segment *segment)
{
    return (segment->w_in ? segment->in : 1) * work->r;
}

static int64_t k_blocks(const clconv_segment *segment, const int *value)
{
    const int64_t blocks = clconv_blocks(segment, value[KB]);
    return segment->w_group ? blocks : blocks / segment->groups;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_device *dev = request->dev;
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return "direct has the tiles pixels,kb=1|2|4|8,group=64|128|256 only";
    if (request->local[0])
        return "its tile says how large its work-groups are";
    if ((size_t)value[GROUP] > dev->max_group || (size_t)value[GROUP] > dev->max_item[0])
        return "its work-groups are larger than the device's";
    if (work->s > MOST_TAPS || !fits_registers(work, value[KB]))
        return "the filter is too wide for its registers";
    if (local_bytes(work, value) > dev->local_bytes)
        return "the device has too little local memory";
    if (work->n > INT32_MAX / 2)
        return "there are more images than it counts";
    for (size_t i = 0; i < work->segments; i++)
        if (rows_of(work, &work->segment[i]) > CLCONV_MOST_ITEMS / value[GROUP])
            return "a filter has more weights than a grid has work-items";
    return clconv_strip_refuses(work);
}

static clconv_status add_segment(clconv_plan *plan, clconv_program *program,
                                 const clconv_segment *segment, const clconv_request *request,
                                 const int *value)
{
    const clconv_work *work = request->work;
    clconv_grid grid = {.kernel = "direct_pixels",
                        .local = {(size_t)value[GROUP], 1, 1},
                        .local_is_fixed = true,
                        .own = {(cl_int)work->n},
                        .owns = 1};
    grid.z = k_blocks(segment, value);
    grid.item_macs = (double)work->n * (double)segment->groups * (double)segment->out /
                     (double)grid.z * clconv_plane_macs(work, segment->in);
    clconv_grid_items(&grid, rows_of(work, segment) * value[GROUP]);
    clconv_status status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    if (!status)
        status = clconv_plan_check_registers(plan, request);
    if (status || !work->has_bias)
        return status;
    grid.kernel = "bias_pixels";
    grid.x = value[GROUP];
    grid.y = 1;
    clconv_grid_bias(&grid, work, segment, value[KB]);
    return clconv_plan_add_steps(plan, program, &grid, segment, request);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    clconv_program *program = NULL;
    find_tile(request, value);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, "direct_pixels", keys, value, &program);
    for (size_t i = 0; i < request->work->segments && !status; i++)
        status = add_segment(plan, program, &request->work->segment[i], request, value);
    return status;
}

/* Not measured on a GPU yet: half of the strips' rate where a pixel of x serves four filters, and
 * what the work-groups occupy of the compute units. */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    double work_groups = 0;
    find_tile(request, value);
    for (size_t i = 0; i < work->segments; i++)
        work_groups +=
            (double)k_blocks(&work->segment[i], value) * (double)rows_of(work, &work->segment[i]);
    const double busy = work_groups / request->dev->compute_units;
    const double products = (double)value[KB] * work->s, loads = value[KB] + (double)work->s;
    return request->dev->wide_vectors ? 0.05
                                      : 4.0 * (busy < 1 ? busy : 1) * products / (products + loads);
}

const clconv_algo clconv_algo_direct_pixels = {
    .name = "direct",
    .design = "pixels",
    .gradients = 1u << CLCONV_BACKWARD_WEIGHTS,
    .keys = keys,
    .find_tile = find_tile,
    .refuses = refuses,
    .pad_modes = true,
    .types = CLCONV_FLOAT_TYPES,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
    .for_gpus = true,
};
