/* SPDX-License-Identifier: MIT */
/* Resolves a checked problem: every form, layout and type as segments, strides and bytes. Pure C.
 */
#include "checks.h"

#include <inttypes.h>
#include <stdlib.h>

/* Strides within a group's filters of `in` channels: (out, in, R, S), or (out, R, S, in). */
static void set_filter_strides(const clconv_problem *p, clconv_segment *s, int64_t in)
{
    const bool last = p->w.layout == CLCONV_LAYOUT_CHANNELS_LAST;
    const int64_t taps = p->kernel[0] * p->kernel[1];
    s->w_out = in * taps;
    s->w_in = last ? 1 : taps;
    s->w_row = last ? p->kernel[1] * in : p->kernel[1];
    s->w_column = last ? in : 1;
    s->w_group = s->out * s->w_out;
}

/* One segment of a problem without tables. */
static clconv_segment whole(const clconv_problem *p)
{
    const int64_t filters = p->shared ? p->k / p->c : p->k / p->groups;
    clconv_segment s = {.groups = p->shared ? p->c : p->groups,
                        .in = p->shared ? 1 : p->c / p->groups,
                        .out = filters,
                        .b_group = p->shared ? 0 : filters};
    set_filter_strides(p, &s, s.in);
    if (p->shared)
        s.w_group = 0;
    if (p->reduce)
        s.groups = 1, s.in = p->c, s.w_in = 0;
    if (p->op == CLCONV_BACKWARD_DATA)
        s.b_group = s.in;
    return s;
}

/* Runs of equal groups of a table. `segment` has room for one per group. Returns how many. */
static size_t split(const clconv_problem *p, const clconv_work *work, clconv_segment *segment)
{
    size_t count = 0;
    clconv_segment next = {.groups = 1};
    for (int64_t g = 0; g < p->groups; g++) {
        const int64_t in = clconv_group_in(p, g), out = clconv_group_out(p, g);
        const int64_t biases = p->op == CLCONV_BACKWARD_DATA ? in : out;
        clconv_segment *last = count ? &segment[count - 1] : NULL;
        next.in = in;
        next.out = out;
        next.b_group = biases;
        set_filter_strides(p, &next, in);
        if (last && last->in == in && last->out == out)
            last->groups++;
        else
            segment[count++] = next;
        next.x_first += in * work->x_stride.channel;
        next.y_first += out * work->y_stride.channel;
        next.w_first += next.w_group;
        next.b_first += biases;
    }
    return count;
}

/* Elements from the first to the last of a tensor of images, with the gaps between. */
static uint64_t spanned(int64_t images, int64_t channels, int64_t h, int64_t w,
                        const clconv_strides *stride)
{
    return images ? (uint64_t)((images - 1) * stride->image + (channels - 1) * stride->channel +
                               (h - 1) * stride->row + (w - 1) * stride->column + 1)
                  : 0;
}

/* Bytes, and multiply-adds: of one image's output pixel, summed over channels, as many as there
 * are weights, with those of a shared kernel counted for each channel. */
static clconv_status count_work(const clconv_problem *p, clconv_work *work)
{
    const int64_t taps = (int64_t)work->r * work->s;
    int64_t weights = p->shared ? p->k / p->c * taps : 0;
    for (size_t i = 0; !p->shared && i < work->segments; i++)
        weights += work->segment[i].groups * work->segment[i].w_group;
    const int64_t per_pixel = p->shared ? p->k * taps : weights;
    const size_t y_element = clconv_dtype_bytes(work->y_dtype);
    int64_t macs = (int64_t)work->p * work->q;
    if (!clconv_multiply(macs, p->n, &macs) || !clconv_multiply(macs, per_pixel, &macs))
        return clconv_fail(CLCONV_INVALID, "the convolution has more than 2^63 multiply-adds");
    work->macs = (uint64_t)macs;
    work->x_bytes =
        spanned(p->n, p->c, work->h, work->w, &work->x_stride) * clconv_dtype_bytes(work->x_dtype);
    work->w_bytes = (uint64_t)weights * clconv_dtype_bytes(work->w_dtype);
    work->b_bytes =
        work->has_bias ? (uint64_t)clconv_biases(p) * clconv_dtype_bytes(work->b_dtype) : 0;
    work->y_bytes =
        spanned(p->n, clconv_y_channels(p), work->p, work->q, &work->y_stride) * y_element;
    return CLCONV_OK;
}

/* One dimension is a plane of height 1. */
static void to_plane(clconv_problem *p)
{
    int64_t *const axes[] = {p->in, p->kernel, p->stride, p->dilation, p->pad_before, p->pad_after};
    for (size_t i = 0; i < 6 && p->spatial == 1; i++) {
        const bool pads = axes[i] == p->pad_before || axes[i] == p->pad_after;
        axes[i][1] = axes[i][0];
        axes[i][0] = pads ? 0 : 1;
    }
    p->spatial = 2;
}

/* A stride past the image, and the dilation of one tap, change nothing: 1, so that they fit. */
static void resolve_shape(const clconv_problem *p, clconv_work *work)
{
    work->op = p->op;
    work->n = p->n;
    work->h = (int32_t)p->in[0];
    work->w = (int32_t)p->in[1];
    work->r = (int32_t)p->kernel[0];
    work->s = (int32_t)p->kernel[1];
    work->p = (int32_t)clconv_output_length(p, 0);
    work->q = (int32_t)clconv_output_length(p, 1);
    work->stride_h = p->stride[0] > INT32_MAX ? 1 : (int32_t)p->stride[0];
    work->stride_w = p->stride[1] > INT32_MAX ? 1 : (int32_t)p->stride[1];
    work->dilation_h = work->r == 1 ? 1 : (int32_t)p->dilation[0];
    work->dilation_w = work->s == 1 ? 1 : (int32_t)p->dilation[1];
    work->pad_top = (int32_t)p->pad_before[0];
    work->pad_left = (int32_t)p->pad_before[1];
    for (int axis = 0; axis < 2; axis++)
        if (p->pad_before[axis] || p->pad_after[axis])
            work->pad_mode = p->pad_mode;
    work->has_bias = p->b.dtype != 0;
    const bool mean = p->reduce == CLCONV_REDUCE_MEAN, forward = p->op == CLCONV_FORWARD;
    work->bias_factor = p->reduce && (forward || !mean) ? (float)p->c : 1.0f;
    work->divisor = mean ? (float)p->c : 1.0f;
}

/* Of an array of (n, channels, h, w) in its layout, or as the view says. */
static clconv_strides strides_of(const clconv_tensor *t, int64_t channels, int64_t h, int64_t w)
{
    if (clconv_is_view(t))
        return (clconv_strides){t->stride[0], t->stride[1], t->stride[3], t->stride[4]};
    if (t->layout == CLCONV_LAYOUT_CHANNELS_LAST)
        return (clconv_strides){channels * h * w, 1, channels * w, channels};
    return (clconv_strides){channels * h * w, h * w, w, 1};
}

/* Whether images are as NCHW has them; where an axis has one element its stride is of no account.
 */
static bool is_plain(const clconv_strides *stride, int64_t channels, int64_t h, int64_t w)
{
    return (channels == 1 || stride->channel == h * w) && (h == 1 || stride->row == w) &&
           (w == 1 || stride->column == 1);
}

static void resolve_tensors(const clconv_problem *p, clconv_work *work)
{
    const int64_t y_channels = clconv_y_channels(p);
    work->x_dtype = p->x.dtype;
    work->w_dtype = p->w.dtype ? p->w.dtype : p->x.dtype;
    work->b_dtype = clconv_sum_dtype(p->x.dtype);
    work->y_dtype = p->y.dtype ? p->y.dtype : work->b_dtype;
    work->x_stride = strides_of(&p->x, p->c, work->h, work->w);
    work->y_stride = strides_of(&p->y, y_channels, work->p, work->q);
    work->plain = is_plain(&work->x_stride, p->c, work->h, work->w) &&
                  is_plain(&work->y_stride, y_channels, work->p, work->q);
}

/* An activation's numbers; a slope stands where `low` does. */
static void resolve_epilogue(const clconv_problem *p, clconv_work *work)
{
    clconv_epilogue e;
    clconv_import_epilogue(p, &e);
    work->has_ending = p->epilogue || p->residual.dtype || p->accumulate;
    work->activation = e.activation;
    work->residual = p->accumulate       ? CLCONV_RESIDUAL_Y
                     : p->residual.dtype ? CLCONV_RESIDUAL_ARRAY
                                         : CLCONV_NO_RESIDUAL;
    work->low = e.activation == CLCONV_LEAKY_RELU ? e.slope : e.low;
    work->high = e.high;
}

/* Filters of one channel or one tap are the same in both layouts. */
static bool filters_are_plain(const clconv_problem *p, const clconv_work *work)
{
    if (p->w.layout == CLCONV_LAYOUT_PLAIN || p->shared || work->r * work->s == 1)
        return true;
    for (size_t i = 0; i < work->segments; i++)
        if (work->segment[i].in != 1)
            return false;
    return true;
}

clconv_status clconv_work_create(const clconv_problem *problem, clconv_work *out)
{
    clconv_problem p;
    clconv_work work = {0};
    clconv_status status = clconv_validate(problem);
    if (status)
        return status;
    clconv_import_problem(problem, &p);
    to_plane(&p);
    resolve_shape(&p, &work);
    resolve_tensors(&p, &work);
    resolve_epilogue(&p, &work);
    const bool table = p.group_in || p.group_out;
    work.segment = calloc(table ? (size_t)p.groups : 1, sizeof *work.segment);
    if (!work.segment)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for %" PRId64 " groups", p.groups);
    work.segments = 1;
    if (table)
        work.segments = split(&p, &work, work.segment);
    else
        work.segment[0] = whole(&p);
    work.plain = work.plain && filters_are_plain(&p, &work);
    status = count_work(&p, &work);
    if (!status)
        status = clconv_resolve_quantization(&p, &work);
    if (status)
        clconv_work_free(&work);
    else
        *out = work;
    return status;
}

size_t clconv_sum_bytes(const clconv_work *work)
{
    return work->x_dtype == CLCONV_F64 ? sizeof(double) : sizeof(float);
}

bool clconv_is_converted(const clconv_work *work)
{
    return work->x_dtype != CLCONV_F32 && work->x_dtype != CLCONV_F64;
}

bool clconv_is_empty(const clconv_work *work)
{
    return work->n == 0 && work->op != CLCONV_BACKWARD_WEIGHTS;
}

void clconv_work_free(clconv_work *work)
{
    free(work->segment);
    free(work->filter);
    work->segment = NULL;
    work->filter = NULL;
}
