/* SPDX-License-Identifier: MIT */
/* Describes a convolution: defaults, shapes, sizes, and its resolution into segments. Pure C. */
#include "checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool clconv_add(int64_t a, int64_t b, int64_t *out)
{
    if (a > INT64_MAX - b)
        return false;
    *out = a + b;
    return true;
}

bool clconv_multiply(int64_t a, int64_t b, int64_t *out)
{
    if (a != 0 && b > INT64_MAX / a)
        return false;
    *out = a * b;
    return true;
}

int64_t clconv_group_in(const clconv_problem *p, int64_t g)
{
    return p->group_in ? p->group_in[g] : p->c / p->groups;
}

int64_t clconv_group_out(const clconv_problem *p, int64_t g)
{
    return p->group_out ? p->group_out[g] : p->k / p->groups;
}

int64_t clconv_biases(const clconv_problem *p)
{
    if (p->op == CLCONV_BACKWARD_DATA)
        return p->c;
    return p->shared ? p->k / p->c : p->k;
}

bool clconv_even_inputs(const clconv_problem *p)
{
    for (int64_t g = 1; p->group_in && g < p->groups; g++)
        if (p->group_in[g] != p->group_in[0])
            return false;
    return true;
}

int64_t clconv_output_length(const clconv_problem *p, int axis)
{
    const int64_t padded = p->in[axis] + p->pad_before[axis] + p->pad_after[axis];
    return (padded - p->dilation[axis] * (p->kernel[axis] - 1) - 1) / p->stride[axis] + 1;
}

void clconv_problem_init(clconv_problem *p, size_t size)
{
    memset(p, 0, size);
    clconv_problem defaults = {.size = size, .spatial = 2, .n = 1, .groups = 1};
    for (int axis = 0; axis < 3; axis++)
        defaults.kernel[axis] = defaults.stride[axis] = defaults.dilation[axis] = 1;
    defaults.x.dtype = CLCONV_F32;
    memcpy(p, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

clconv_status clconv_import(void *out, size_t known, const void *in, size_t size)
{
    enum {
        LARGEST = 1 << 16
    }; /* no struct of ours will be; a field that was never set may say so */
    if (size < sizeof(size_t) || size > LARGEST)
        return clconv_fail(CLCONV_INVALID,
                           "a struct's field `size` is %zu: set it to the sizeof the struct", size);
    for (size_t i = known; i < size; i++)
        if (((const unsigned char *)in)[i])
            return clconv_fail(CLCONV_NOT_IN_VERSION,
                               "byte %zu of a struct is set, but version %s knows %zu", i,
                               clconv_version(), known);
    memset(out, 0, known);
    memcpy(out, in, size < known ? size : known);
    return CLCONV_OK;
}

void clconv_export(void *out, size_t size, const void *in, size_t known)
{
    memset(out, 0, size);
    memcpy(out, in, size < known ? size : known);
}

static clconv_status import_problem(const clconv_problem *p, clconv_problem *out)
{
    if (!p)
        return clconv_fail(CLCONV_INVALID, "the problem is NULL");
    if (p->size < offsetof(clconv_problem, n))
        return clconv_fail(CLCONV_INVALID,
                           "clconv_problem.size is %zu; start with clconv_problem_init", p->size);
    return clconv_import(out, sizeof *out, p, p->size);
}

clconv_status clconv_pad_same(clconv_problem *p)
{
    char text[CLCONV_AXES_TEXT];
    clconv_problem known;
    const clconv_status status = import_problem(p, &known);
    if (status)
        return status;
    const int axes = known.spatial == 1 ? 1 : 2;
    if (known.stride[0] != 1 || known.stride[axes - 1] != 1)
        return clconv_fail(CLCONV_INVALID,
                           "padding='same' is not supported for strided convolutions: got stride "
                           "%s",
                           clconv_axes_text(known.stride, axes, ", ", text));
    for (int axis = 0; axis < axes; axis++) {
        int64_t total = 0;
        if (known.kernel[axis] > 0 && known.dilation[axis] > 0 &&
            !clconv_multiply(known.dilation[axis], known.kernel[axis] - 1, &total))
            return clconv_fail(CLCONV_INVALID,
                               "padding='same' of dilation %" PRId64 " and kernel %" PRId64
                               " exceeds 64 bits",
                               known.dilation[axis], known.kernel[axis]);
        p->pad_before[axis] = total / 2;
        p->pad_after[axis] = total - total / 2;
    }
    return CLCONV_OK;
}

/* Output channels that w's first dimension stands for. */
static int64_t described_outputs(const clconv_problem *p, int64_t rows)
{
    int64_t k = rows;
    if (p->shared)
        return clconv_multiply(p->c, rows < 0 ? 0 : rows, &k) ? k : INT64_MAX;
    if (clconv_even_inputs(p))
        return rows;
    if (!p->group_out) /* equal out_g: rows = out_g * c */
        return p->c > 0 && rows >= 0 && rows % p->c == 0 &&
                       clconv_multiply(rows / p->c, p->groups, &k)
                   ? k
                   : 0;
    k = 0;
    for (int64_t g = 0; g < p->groups; g++)
        if (p->group_out[g] < 0 || !clconv_add(k, p->group_out[g], &k))
            return 0;
    return k;
}

/* Counts from shapes; ranks that are wrong leave zeros, which the checks then name. */
static void fill(clconv_problem *p, const clconv_shape *x, const clconv_shape *w)
{
    const bool nhwc = p->x.layout == CLCONV_LAYOUT_CHANNELS_LAST;
    const bool ohwi = p->w.layout == CLCONV_LAYOUT_CHANNELS_LAST;
    const int axes = p->spatial, batch = x->rank == axes + 2;
    const bool x_fits = batch || x->rank == axes + 1;
    const bool w_fits = w->rank == axes + 1 || w->rank == axes + 2;
    const int first = w->rank == axes + 2 && !ohwi ? 2 : 1;
    p->n = batch ? x->dim[0] : 1;
    p->c = x_fits ? x->dim[batch + (nhwc ? axes : 0)] : 0;
    for (int axis = 0; axis < axes; axis++) {
        p->in[axis] = x_fits ? x->dim[batch + !nhwc + axis] : 0;
        if (w_fits)
            p->kernel[axis] = w->dim[first + axis];
    }
    if (!w_fits)
        return;
    p->k = p->groups > 0 ? described_outputs(p, w->dim[0]) : w->dim[0];
}

clconv_status clconv_describe(clconv_problem *p, const clconv_shape *x, const clconv_shape *w,
                              const clconv_shape *b)
{
    clconv_problem known;
    clconv_status status = import_problem(p, &known);
    if (status)
        return status;
    if (!x || !w || x->rank < 0 || x->rank > 8 || w->rank < 0 || w->rank > 8)
        return clconv_fail(CLCONV_INVALID, "x and w need shapes of rank 0 to 8");
    if (known.spatial == 1 || known.spatial == 2)
        fill(&known, x, w);
    if (!b)
        known.b.dtype = 0;
    else if (!known.b.dtype)
        known.b.dtype = clconv_sum_dtype(known.x.dtype);
    const clconv_view view = {&known, x, w, b};
    status = clconv_check(&view);
    if (!status || status == CLCONV_NOT_IN_VERSION)
        memcpy(p, &known, p->size < sizeof known ? p->size : sizeof known);
    return status;
}

clconv_status clconv_validate(const clconv_problem *p)
{
    clconv_problem known;
    const clconv_status status = import_problem(p, &known);
    const clconv_view view = {&known, NULL, NULL, NULL};
    return status ? status : clconv_check(&view);
}

clconv_status clconv_output_shape(const clconv_problem *p, clconv_shape *y)
{
    clconv_problem known;
    const clconv_status status =
        y ? clconv_validate(p) : clconv_fail(CLCONV_INVALID, "clconv_output_shape: y is NULL");
    if (status)
        return status;
    import_problem(p, &known);
    const int64_t k = known.reduce ? known.k / known.c : known.k;
    *y = (clconv_shape){known.spatial + 2, {known.n, k}};
    for (int axis = 0; axis < known.spatial; axis++)
        y->dim[2 + axis] = clconv_output_length(&known, axis);
    return CLCONV_OK;
}

/* One segment of a problem without tables. */
static clconv_segment whole(const clconv_problem *p, int64_t taps)
{
    const int64_t filters = p->shared ? p->k / p->c : p->k / p->groups;
    clconv_segment s = {.groups = p->shared ? p->c : p->groups,
                        .in = p->shared ? 1 : p->c / p->groups,
                        .out = filters,
                        .w_in = taps,
                        .b_group = p->shared ? 0 : filters};
    if (p->reduce)
        s.groups = 1, s.in = p->c, s.w_in = 0;
    if (p->op == CLCONV_BACKWARD_DATA)
        s.b_group = s.in;
    s.w_out = (p->shared ? 1 : s.in) * taps;
    s.w_group = p->shared ? 0 : s.out * s.w_out;
    return s;
}

/* Runs of equal groups of a table. `segment` has room for one per group. Returns how many. */
static size_t split(const clconv_problem *p, const clconv_work *work, clconv_segment *segment)
{
    size_t count = 0;
    const int64_t taps = (int64_t)work->r * work->s;
    const int64_t x_plane = (int64_t)work->h * work->w, y_plane = (int64_t)work->p * work->q;
    int64_t x_first = 0, y_first = 0, w_first = 0, b_first = 0;
    for (int64_t g = 0; g < p->groups; g++) {
        const int64_t in = clconv_group_in(p, g), out = clconv_group_out(p, g);
        const int64_t biases = p->op == CLCONV_BACKWARD_DATA ? in : out;
        clconv_segment *last = count ? &segment[count - 1] : NULL;
        if (last && last->in == in && last->out == out)
            last->groups++;
        else
            segment[count++] = (clconv_segment){.groups = 1,
                                                .in = in,
                                                .out = out,
                                                .x_first = x_first,
                                                .y_first = y_first,
                                                .w_first = w_first,
                                                .b_first = b_first,
                                                .w_group = out * in * taps,
                                                .w_out = in * taps,
                                                .w_in = taps,
                                                .b_group = biases};
        x_first += in * x_plane;
        y_first += out * y_plane;
        w_first += out * in * taps;
        b_first += biases;
    }
    return count;
}

/* Elements of w, and multiply-adds of one image's output pixel summed over channels. */
static clconv_status count_work(const clconv_problem *p, clconv_work *work)
{
    const int64_t taps = (int64_t)work->r * work->s;
    int64_t weights = p->shared ? p->k / p->c * taps : 0;
    for (size_t i = 0; !p->shared && i < work->segments; i++)
        weights += work->segment[i].groups * work->segment[i].w_group;
    const int64_t per_pixel = p->shared ? p->k * taps : weights;
    const int64_t y_channels = p->reduce ? p->k / p->c : p->k;
    int64_t macs = (int64_t)work->p * work->q;
    if (!clconv_multiply(macs, p->n, &macs) || !clconv_multiply(macs, per_pixel, &macs))
        return clconv_fail(CLCONV_INVALID, "the convolution has more than 2^63 multiply-adds");
    work->macs = (uint64_t)macs;
    work->x_bytes = (uint64_t)(p->n * work->x_image) * sizeof(float);
    work->w_bytes = (uint64_t)weights * sizeof(float);
    work->b_bytes = work->has_bias ? (uint64_t)clconv_biases(p) * sizeof(float) : 0;
    work->y_bytes =
        (uint64_t)(p->n * y_channels) * (uint64_t)work->p * (uint64_t)work->q * sizeof(float);
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
    const int64_t y_channels = p->reduce ? p->k / p->c : p->k;
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
    work->x_image = p->c * work->h * work->w;
    work->y_image = y_channels * work->p * work->q;
    work->has_bias = p->b.dtype != 0;
    const bool mean = p->reduce == CLCONV_REDUCE_MEAN, forward = p->op == CLCONV_FORWARD;
    work->bias_factor = p->reduce && (forward || !mean) ? (float)p->c : 1.0f;
    work->divisor = mean ? (float)p->c : 1.0f;
}

clconv_status clconv_work_create(const clconv_problem *problem, clconv_work *out)
{
    clconv_problem p;
    clconv_work work = {0};
    clconv_status status = clconv_validate(problem);
    if (status)
        return status;
    import_problem(problem, &p);
    to_plane(&p);
    resolve_shape(&p, &work);
    const bool table = p.group_in || p.group_out;
    work.segment = calloc(table ? (size_t)p.groups : 1, sizeof *work.segment);
    if (!work.segment)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for %" PRId64 " groups", p.groups);
    work.segments = 1;
    if (table)
        work.segments = split(&p, &work, work.segment);
    else
        work.segment[0] = whole(&p, (int64_t)work.r * work.s);
    status = count_work(&p, &work);
    if (status)
        clconv_work_free(&work);
    else
        *out = work;
    return status;
}

bool clconv_is_empty(const clconv_work *work)
{
    return work->n == 0 && work->op != CLCONV_BACKWARD_WEIGHTS;
}

void clconv_work_free(clconv_work *work)
{
    free(work->segment);
    work->segment = NULL;
}

clconv_status clconv_problem_work(const clconv_problem *p, clconv_work_size *out)
{
    clconv_work work;
    if (!out || out->size < sizeof out->size)
        return clconv_fail(CLCONV_INVALID, "clconv_problem_work: out is NULL or out->size not set");
    const clconv_status status = clconv_work_create(p, &work);
    if (status)
        return status;
    const clconv_work_size known = {out->size,    work.macs,    work.x_bytes,
                                    work.w_bytes, work.b_bytes, work.y_bytes};
    clconv_export(out, out->size, &known, sizeof known);
    clconv_work_free(&work);
    return CLCONV_OK;
}
