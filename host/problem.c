/* SPDX-License-Identifier: MIT */
/* Describes a convolution: defaults, shapes, sizes. Pure C. */
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

int64_t clconv_y_channels(const clconv_problem *p)
{
    return p->reduce ? p->k / p->c : p->k;
}

bool clconv_is_view(const clconv_tensor *t)
{
    for (int axis = 0; axis < 5; axis++)
        if (t->stride[axis])
            return true;
    return false;
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

clconv_status clconv_import_problem(const clconv_problem *p, clconv_problem *out)
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
    const clconv_status status = clconv_import_problem(p, &known);
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
    clconv_status status = clconv_import_problem(p, &known);
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
    const clconv_status status = clconv_import_problem(p, &known);
    const clconv_view view = {&known, NULL, NULL, NULL};
    return status ? status : clconv_check(&view);
}

int32_t clconv_output_dtype(const clconv_problem *p)
{
    clconv_problem known;
    if (clconv_import_problem(p, &known))
        return CLCONV_DTYPE_ABSENT;
    return known.y.dtype ? known.y.dtype : clconv_sum_dtype(known.x.dtype);
}

clconv_status clconv_output_shape(const clconv_problem *p, clconv_shape *y)
{
    clconv_problem known;
    const clconv_status status =
        y ? clconv_validate(p) : clconv_fail(CLCONV_INVALID, "clconv_output_shape: y is NULL");
    if (status)
        return status;
    clconv_import_problem(p, &known);
    const bool nhwc = known.y.layout == CLCONV_LAYOUT_CHANNELS_LAST;
    *y = (clconv_shape){known.spatial + 2, {known.n}};
    y->dim[nhwc ? known.spatial + 1 : 1] = clconv_y_channels(&known);
    for (int axis = 0; axis < known.spatial; axis++)
        y->dim[(nhwc ? 1 : 2) + axis] = clconv_output_length(&known, axis);
    return CLCONV_OK;
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
