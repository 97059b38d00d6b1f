/* SPDX-License-Identifier: MIT */
/* Gradients by x as convolutions of y: the work turned round, and the launch that turns w. */
#include "turned.h"

#include <stdlib.h>

/* What the reach of `taps` leaves over of the padding of x: the padding of y. */
static bool turn_padding(int32_t taps, int32_t dilation, int32_t padding, int32_t *out)
{
    const int64_t left = (int64_t)(taps - 1) * dilation - padding;
    *out = (int32_t)left;
    return left >= 0 && left <= INT32_MAX;
}

static int64_t taps_of(const clconv_work *work)
{
    return (int64_t)work->r * work->s;
}

/* Filters of one input channel. */
static int64_t filters_of(const clconv_work *work)
{
    return (int64_t)(work->w_bytes / clconv_dtype_bytes(work->w_dtype)) / taps_of(work);
}

static bool turn_shape(const clconv_work *work, clconv_work *out)
{
    if (work->op != CLCONV_BACKWARD_DATA || work->stride_h != 1 || work->stride_w != 1 ||
        work->pad_mode || !work->plain || taps_of(work) > INT32_MAX ||
        filters_of(work) > CLCONV_MOST_ITEMS)
        return false;
    *out = *work;
    out->op = CLCONV_FORWARD;
    out->h = work->p, out->w = work->q, out->p = work->h, out->q = work->w;
    out->x_stride = work->y_stride, out->y_stride = work->x_stride;
    out->x_bytes = work->y_bytes, out->y_bytes = work->x_bytes;
    return turn_padding(work->r, work->dilation_h, work->pad_top, &out->pad_top) &&
           turn_padding(work->s, work->dilation_w, work->pad_left, &out->pad_left);
}

static clconv_segment turn_segment(const clconv_segment *s)
{
    return (clconv_segment){.groups = s->groups,
                            .in = s->out,
                            .out = s->in,
                            .x_first = s->y_first,
                            .y_first = s->x_first,
                            .w_first = s->w_first,
                            .b_first = s->b_first,
                            .w_group = s->w_group,
                            .w_out = s->w_in,
                            .w_in = s->w_out,
                            .w_row = s->w_row,
                            .w_column = s->w_column,
                            .b_group = s->b_group};
}

clconv_status clconv_work_turn(const clconv_work *work, clconv_work *out)
{
    clconv_work turned;
    *out = (clconv_work){0};
    if (!turn_shape(work, &turned))
        return CLCONV_OK;
    turned.segment = calloc(work->segments, sizeof *turned.segment);
    if (!turned.segment)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for %zu runs of groups",
                           work->segments);
    for (size_t i = 0; i < work->segments; i++)
        turned.segment[i] = turn_segment(&work->segment[i]);
    *out = turned;
    return CLCONV_OK;
}

bool clconv_is_turned(const clconv_request *request)
{
    return request->turned && request->work == request->turned;
}

bool clconv_plan_is_turned(const clconv_plan *plan)
{
    return plan->turned.segments && !plan->algo->gradients;
}

uint64_t clconv_turned_bytes(const clconv_algo *algo, const clconv_request *request)
{
    const clconv_work *work = request->work;
    return clconv_is_turned(request) && !algo->pack_key && taps_of(work) > 1 ? work->w_bytes : 0;
}

clconv_status clconv_add_turning(clconv_plan *plan, const clconv_request *request)
{
    const clconv_work *work = request->work;
    const int64_t filters = filters_of(work);
    clconv_program *program = NULL;
    clconv_grid grid = {.kernel = "turn_weights",
                        .z = 1,
                        .item_macs = (double)filters * (double)taps_of(work),
                        .uses_workspace = true,
                        .own = {(cl_int)filters, (cl_int)taps_of(work)},
                        .owns = 2,
                        .prepares = true};
    char defines[96];
    clconv_data_define(work, defines, sizeof defines);
    clconv_status status = clconv_program_get(plan->ctx, "turned", defines, &program);
    clconv_grid_elements(&grid, request, filters);
    if (!status)
        status = clconv_plan_add_steps(plan, program, &grid, work->segment, request);
    plan->pack_steps = plan->steps;
    return status;
}
