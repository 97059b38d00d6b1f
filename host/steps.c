/* SPDX-License-Identifier: MIT */
/* Cuts the grid of an algorithm into the launches of a plan and sets the arguments that stay. */
#include "designs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Work-groups divide LONGEST_ROW, so that rounding up stays within LARGEST_GRID. */
enum { LARGEST_GRID = 65535, LONGEST_ROW = 32768, PIXEL_GROUP = 64 };
enum { BUFFER_ARGUMENTS = 8, WORKSPACE_ARGUMENTS = 2 };

void clconv_arg(cl_kernel kernel, cl_uint *index, size_t bytes, const void *value, cl_int *err)
{
    const cl_int result = clSetKernelArg(kernel, (*index)++, bytes, value);
    if (!*err)
        *err = result;
}

void clconv_grid_filter(clconv_grid *grid, const clconv_work *work)
{
    const cl_int filter[] = {work->r,        work->s,          work->stride_h,
                             work->stride_w, work->dilation_h, work->dilation_w};
    grid->owns = sizeof filter / sizeof filter[0];
    memcpy(grid->own, filter, sizeof filter);
}

/* The arguments of CONV_SHAPE in common.cl, in its order. */
static void set_shape_args(cl_kernel kernel, cl_uint *index, const clconv_work *work,
                           const clconv_segment *segment, int64_t z_first, int64_t z_count,
                           cl_int *err)
{
    const cl_int sizes[] = {work->h,
                            work->w,
                            work->p,
                            work->q,
                            work->pad_top,
                            work->pad_left,
                            (cl_int)segment->groups,
                            (cl_int)segment->in,
                            (cl_int)segment->out};
    const cl_long strides[] = {work->x_stride.image, work->y_stride.image, segment->w_group,
                               segment->w_out,       segment->w_in,        segment->b_group};
    const cl_int has_bias = work->has_bias;
    const cl_float factors[] = {work->bias_factor, work->divisor};
    const cl_long items[] = {z_first, z_count};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        clconv_arg(kernel, index, sizeof sizes[i], &sizes[i], err);
    for (size_t i = 0; i < sizeof strides / sizeof strides[0]; i++)
        clconv_arg(kernel, index, sizeof strides[i], &strides[i], err);
    clconv_arg(kernel, index, sizeof has_bias, &has_bias, err);
    for (size_t i = 0; i < 2; i++)
        clconv_arg(kernel, index, sizeof factors[i], &factors[i], err);
    for (size_t i = 0; i < 2; i++)
        clconv_arg(kernel, index, sizeof items[i], &items[i], err);
}

/* The arguments of STRIDES in types.cl, in its order. */
static void set_stride_args(cl_kernel kernel, cl_uint *index, const clconv_work *work,
                            const clconv_segment *segment, cl_int *err)
{
    const clconv_strides *const x = &work->x_stride, *const y = &work->y_stride;
    const cl_long strides[] = {x->channel, x->row,    x->column,      y->channel,
                               y->row,     y->column, segment->w_row, segment->w_column};
    for (size_t i = 0; i < sizeof strides / sizeof strides[0]; i++)
        clconv_arg(kernel, index, sizeof strides[i], &strides[i], err);
}

/* A number in the type that sums are made in. */
static void set_real(cl_kernel kernel, cl_uint *index, const clconv_work *work, double value,
                     cl_int *err)
{
    const cl_float narrow = (cl_float)value;
    if (work->x_dtype == CLCONV_F64)
        clconv_arg(kernel, index, sizeof value, &value, err);
    else
        clconv_arg(kernel, index, sizeof narrow, &narrow, err);
}

/* The arguments of ENDING_ARGS in ending.cl, in its order: those of a call, and those that stay. */
void clconv_set_ending(const clconv_plan *plan, const clconv_step *step,
                       const clconv_buffer *residual, double alpha, double beta, cl_int *err)
{
    cl_uint index = step->ending;
    const cl_ulong offset =
        residual->offset / clconv_dtype_bytes(plan->work.y_dtype) + (cl_ulong)step->y_add;
    clconv_arg(step->kernel, &index, sizeof residual->mem, &residual->mem, err);
    clconv_arg(step->kernel, &index, sizeof offset, &offset, err);
    set_real(step->kernel, &index, &plan->work, alpha, err);
    set_real(step->kernel, &index, &plan->work, beta, err);
}

static void set_whole_ending(const clconv_plan *plan, const clconv_step *step, cl_int *err)
{
    enum { ARGUMENTS_OF_A_CALL = 4 };
    cl_uint index = step->ending + ARGUMENTS_OF_A_CALL;
    const clconv_buffer none = {.mem = plan->ctx->stand_in};
    clconv_set_ending(plan, step, &none, 1.0, 1.0, err);
    set_real(step->kernel, &index, &plan->work, plan->work.low, err);
    set_real(step->kernel, &index, &plan->work, plan->work.high, err);
}

/* The arguments of QUANTIZED_ARGS in quantized.cl, in its order; filters are counted as biases. */
static void set_filter_args(cl_kernel kernel, cl_uint *index, const clconv_plan *plan,
                            const clconv_segment *segment, cl_int *err)
{
    const cl_long first = segment->b_first;
    const cl_int zeros[] = {plan->work.x_zero, plan->work.y_zero};
    clconv_arg(kernel, index, sizeof plan->filters, &plan->filters, err);
    clconv_arg(kernel, index, sizeof first, &first, err);
    for (size_t i = 0; i < 2; i++)
        clconv_arg(kernel, index, sizeof zeros[i], &zeros[i], err);
}

/* Buffer arguments that no launch reads, so that a kernel can be launched on empty work. */
static void set_stand_ins(const clconv_context *ctx, cl_kernel kernel, cl_uint count, cl_int *err)
{
    const cl_ulong none = 0;
    for (cl_uint index = 0; index < count;) {
        clconv_arg(kernel, &index, sizeof ctx->stand_in, &ctx->stand_in, err);
        clconv_arg(kernel, &index, sizeof none, &none, err);
    }
}

/* Items of dimension 2 that one launch may take: a multiple of the local size. */
static int64_t items_per_launch(const clconv_device *dev, const clconv_grid *grid)
{
    const int64_t step = (int64_t)grid->local[2];
    const double allowed = dev->launch_macs / (grid->item_macs + 1.0);
    int64_t items = allowed > LARGEST_GRID ? LARGEST_GRID : (int64_t)allowed;
    items -= items % step;
    return items ? items : step;
}

void clconv_grid_items(clconv_grid *grid, int64_t items)
{
    grid->y = (items - 1) / LONGEST_ROW + 1;
    grid->x = (items - 1) / grid->y + 1;
}

bool clconv_is_depthwise(const clconv_work *work)
{
    for (size_t i = 0; i < work->segments; i++)
        if (work->segment[i].in != 1)
            return false;
    return true;
}

bool clconv_is_pointwise(const clconv_work *work)
{
    return work->r == 1 && work->s == 1 && work->stride_h == 1 && work->stride_w == 1 &&
           work->p == work->h && work->q == work->w && !work->pad_top && !work->pad_left;
}

int clconv_vector_floats(const clconv_device *dev)
{
    const cl_uint floats = dev->native_floats;
    return !dev->wide_vectors || floats < 4 ? 0 : floats < 8 ? 4 : floats < 16 ? 8 : 16;
}

int clconv_vector_lanes(const clconv_request *request)
{
    const int floats = clconv_vector_floats(request->dev);
    const int lanes = floats * (int)sizeof(float) / (int)clconv_sum_bytes(request->work);
    return lanes < 4 ? 0 : lanes;
}

/* From 3/4 of the last cache on, since others use it too: depthwise 8x 3x3, 29 MB beside 32: 1.67
 * to 1.16 ms; 51 MB: 3.9 to 1.8 ms. Rows of 56 or 28 floats: 2.8 to 3.9 ms (AMD Zen 4, one core).
 */
bool clconv_streams(const clconv_request *request, int v)
{
    enum { LINE = 16 }; /* floats */
    const clconv_work *work = request->work;
    const double used = (double)(work->x_bytes + work->y_bytes);
    const double cache = request->dev->traits.cache_bytes; /* 0 = not known */
    if (request->stream)
        return request->stream == CLCONV_STREAM_YES;
    return work->x_dtype == CLCONV_F32 && v == LINE && work->q % LINE == 0 && cache > 0 &&
           used > 0.75 * cache;
}

int64_t clconv_right_padding(const clconv_work *work)
{
    return (int64_t)(work->q - 1) * work->stride_w - work->pad_left +
           (int64_t)(work->s - 1) * work->dilation_w - (work->w - 1);
}

int64_t clconv_bottom_padding(const clconv_work *work)
{
    return (int64_t)(work->p - 1) * work->stride_h - work->pad_top +
           (int64_t)(work->r - 1) * work->dilation_h - (work->h - 1);
}

bool clconv_reads_padding(const clconv_work *work)
{
    return work->pad_top || work->pad_left || clconv_bottom_padding(work) > 0 ||
           clconv_right_padding(work) > 0;
}

double clconv_filled(int64_t length, int64_t size)
{
    return (double)length / (double)(((length - 1) / size + 1) * size);
}

int64_t clconv_most_outputs(const clconv_work *work)
{
    int64_t most = 0;
    for (size_t i = 0; i < work->segments; i++)
        most = work->segment[i].out > most ? work->segment[i].out : most;
    return most;
}

double clconv_plane_macs(const clconv_work *work, int64_t channels)
{
    return (double)work->p * work->q * work->r * work->s * (double)channels;
}

const char *clconv_pixels_refuse(const clconv_work *work)
{
    return (int64_t)work->p * work->q > CLCONV_MOST_ITEMS
               ? "an output plane has more pixels than a grid has work-items"
               : NULL;
}

void clconv_grid_elements(clconv_grid *grid, const clconv_request *request, int64_t elements)
{
    const clconv_device *dev = request->dev;
    grid->local[0] =
        dev->max_group < PIXEL_GROUP || dev->max_item[0] < PIXEL_GROUP ? 1 : PIXEL_GROUP;
    grid->local[1] = grid->local[2] = 1;
    clconv_grid_items(grid, elements);
}

void clconv_grid_pixels(clconv_grid *grid, const clconv_request *request)
{
    clconv_grid_elements(grid, request, (int64_t)request->work->p * request->work->q);
}

static size_t round_up(int64_t value, size_t to)
{
    return ((size_t)value + to - 1) / to * to;
}

static clconv_status grow(clconv_plan *plan)
{
    if (plan->steps < plan->step_room)
        return CLCONV_OK;
    const size_t room = plan->step_room ? 2 * plan->step_room : 4;
    clconv_step *step = clconv_alloc(plan->ctx, room * sizeof *step);
    if (!step)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for %zu launches", room);
    if (plan->steps)
        memcpy(step, plan->step, plan->steps * sizeof *step);
    free(plan->step);
    plan->step = step;
    plan->step_room = room;
    return CLCONV_OK;
}

static clconv_status check_grid(const clconv_device *dev, const clconv_grid *grid)
{
    const size_t *local = grid->local;
    const size_t group = local[0] * local[1] * local[2];
    if (group > dev->max_group || local[0] > dev->max_item[0] || local[1] > dev->max_item[1] ||
        local[2] > dev->max_item[2])
        return clconv_fail(CLCONV_UNSUPPORTED,
                           "kernel %s wants work-groups of %zu x %zu x %zu, the device allows %zu",
                           grid->kernel, local[0], local[1], local[2], dev->max_group);
    if (round_up(grid->x, local[0]) > LARGEST_GRID || round_up(grid->y, local[1]) > LARGEST_GRID)
        return clconv_fail(CLCONV_UNSUPPORTED,
                           "kernel %s wants a grid of %" PRId64 " x %" PRId64
                           ", more than %d along one dimension",
                           grid->kernel, grid->x, grid->y, LARGEST_GRID);
    return CLCONV_OK;
}

/* A kernel of many registers may not run in the groups that its algorithm wants. Sizes are powers
 * of two, so that halves still divide the grid. A size that the caller has named stays. */
static clconv_status fit_local(const clconv_request *request, const clconv_grid *grid,
                               clconv_step *step)
{
    size_t most = 0;
    size_t *const local = step->local;
    if (clGetKernelWorkGroupInfo(step->kernel, request->dev->id, CL_KERNEL_WORK_GROUP_SIZE,
                                 sizeof most, &most, NULL))
        return CLCONV_OK;
    if ((request->local[0] || grid->local_is_fixed) && local[0] * local[1] * local[2] > most)
        return clconv_fail(CLCONV_UNSUPPORTED,
                           "work-groups of %zu x %zu x %zu are more than the %zu work-items that "
                           "this kernel can have on this device",
                           local[0], local[1], local[2], most);
    for (int axis = 2; axis >= 0; axis--)
        while (local[axis] > 1 && local[0] * local[1] * local[2] > most)
            local[axis] /= 2;
    return CLCONV_OK;
}

/* A driver may keep a few bytes of every kernel for itself (NVIDIA 580: 8 or 16). */
enum { FEW_BYTES = 64, SPILL_MEM_SIZE_INTEL = 0x4109 /* cl_intel_required_subgroup_size */ };

clconv_status clconv_plan_check_registers(clconv_plan *plan, const clconv_request *request)
{
    const cl_kernel_work_group_info asked[] = {CL_KERNEL_PRIVATE_MEM_SIZE, SPILL_MEM_SIZE_INTEL};
    cl_ulong most = 0;
    for (size_t i = 0; i < 2 && plan->steps; i++) {
        cl_ulong bytes = 0;
        if (!clGetKernelWorkGroupInfo(plan->step[plan->steps - 1].kernel, request->dev->id,
                                      asked[i], sizeof bytes, &bytes, NULL) &&
            bytes > most)
            most = bytes;
    }
    if (most <= FEW_BYTES || request->tile || request->dev->wide_vectors)
        return CLCONV_OK;
    atomic_store(&plan->ctx->dev.few_registers, true);
    return clconv_fail(CLCONV_UNSUPPORTED,
                       "the kernel keeps %" PRIu64 " bytes of its sums in memory on this device",
                       most);
}

/* Adds one launch of `count` items from `first` on; warms the kernel up before its real arguments.
 */
static clconv_status add_step(clconv_plan *plan, clconv_program *program, const clconv_grid *grid,
                              const clconv_segment *segment, int64_t first, int64_t count,
                              const clconv_request *request)
{
    cl_int err = CL_SUCCESS;
    const cl_uint buffers = BUFFER_ARGUMENTS + (grid->uses_workspace ? WORKSPACE_ARGUMENTS : 0);
    cl_uint index = buffers;
    clconv_status status = grow(plan);
    if (status)
        return status;
    clconv_step *step = &plan->step[plan->steps];
    *step = (clconv_step){.global = {round_up(grid->x, grid->local[0]),
                                     round_up(grid->y, grid->local[1]),
                                     round_up(count, grid->local[2])},
                          .local = {grid->local[0], grid->local[1], grid->local[2]},
                          .x_add = segment->x_first,
                          .w_add = segment->w_first,
                          .b_add = segment->b_first,
                          .y_add = segment->y_first,
                          .workspace_add = grid->workspace_first,
                          .uses_workspace = grid->uses_workspace};
    status = clconv_program_kernel(program, grid->kernel, &step->kernel);
    if (status)
        return status;
    plan->steps++;
    status = fit_local(request, grid, step);
    set_stand_ins(plan->ctx, step->kernel, buffers, &err);
    set_shape_args(step->kernel, &index, request->work, segment, 0, 0, &err);
    for (size_t i = 0; i < grid->owns; i++)
        clconv_arg(step->kernel, &index, sizeof grid->own[i], &grid->own[i], &err);
    if (grid->strides)
        set_stride_args(step->kernel, &index, request->work, segment, &err);
    if (plan->filters)
        set_filter_args(step->kernel, &index, plan, segment, &err);
    if (plan->work.has_ending && !grid->prepares) {
        step->ending = index;
        set_whole_ending(plan, step, &err);
    }
    if (!err && !status)
        status = clconv_program_warm(plan->ctx, program, step->kernel, grid->kernel, step->local);
    index = buffers;
    set_shape_args(step->kernel, &index, request->work, segment, first, count, &err);
    return status ? status : err ? clconv_cl_fail(err, "clSetKernelArg") : CLCONV_OK;
}

/* Walks count on devices without vectors only: such designs are made for the others, whose drivers
 * have no reason to count rounds. */
static clconv_status check_loops(const clconv_request *request, clconv_context *ctx,
                                 const clconv_grid *grid, const clconv_segment *segment)
{
    const bool counts = grid->walks && !clconv_vector_floats(request->dev);
    const double macs = counts ? grid->item_macs / (double)(grid->x * grid->y) : 0;
    return clconv_check_loops(ctx, request->work, segment, macs, counts ? (double)grid->walks : 0);
}

clconv_status clconv_plan_add_steps(clconv_plan *plan, clconv_program *program,
                                    const clconv_grid *wanted, const clconv_segment *segment,
                                    const clconv_request *request)
{
    clconv_grid grid = *wanted;
    if (request->local[0])
        memcpy(grid.local, request->local, sizeof grid.local);
    clconv_status status = check_grid(&plan->ctx->dev, &grid);
    if (!status)
        status = check_loops(request, plan->ctx, &grid, segment);
    if (status || grid.x <= 0 || grid.y <= 0 || grid.z <= 0)
        return status;
    const int64_t most = items_per_launch(&plan->ctx->dev, &grid);
    for (int64_t first = 0; first < grid.z && !status; first += most) {
        const int64_t left = grid.z - first;
        status = add_step(plan, program, &grid, segment, first, left < most ? left : most, request);
    }
    return status;
}
