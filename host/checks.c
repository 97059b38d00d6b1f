/* SPDX-License-Identifier: MIT */
/* Which convolutions are accepted: one check per rule, in PyTorch's order and words (aten/src/ATen/
 * native/Convolution.cpp, check_shape_forward; nn/modules/conv.py), with the numbers added. Here
 * the order and the rules on attributes; those on shapes are in check_shapes.c, on types and views
 * in check_tensors.c. */
#include "checks.h"

#include <inttypes.h>

enum { LARGEST_AXIS = INT32_MAX, MOST_REDUCED = 1 << 24 }; /* the latter as it is a float */

static bool within(int64_t value, int64_t last)
{
    return value >= 0 && value <= last;
}

/* The struct itself, before any arithmetic on it. */
static clconv_status check_fields(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    static const char *const axis_name[] = {"first", "second", "third"};
    if (p->spatial != 1 && p->spatial != 2)
        return clconv_fail(CLCONV_INVALID,
                           "spatial is %d; this library convolves 1 or 2 dimensions", p->spatial);
    for (int axis = p->spatial; axis < 3; axis++)
        if (p->in[axis] || p->pad_before[axis] || p->pad_after[axis] ||
            !within(p->kernel[axis], 1) || !within(p->stride[axis], 1) ||
            !within(p->dilation[axis], 1))
            return clconv_fail(CLCONV_INVALID, "the %s axis is set, but spatial is %d",
                               axis_name[axis], p->spatial);
    if (!within(p->op, CLCONV_BACKWARD_WEIGHTS) || !within(p->pad_mode, CLCONV_PAD_CIRCULAR) ||
        !within(p->reduce, CLCONV_REDUCE_MEAN) || !within(p->shared, 1))
        return clconv_fail(CLCONV_INVALID,
                           "op %d, pad_mode %d, reduce %d or shared %d is no value of its enum",
                           p->op, p->pad_mode, p->reduce, p->shared);
    if (!within(p->x.layout, CLCONV_LAYOUT_CHANNELS_LAST) ||
        !within(p->w.layout, CLCONV_LAYOUT_CHANNELS_LAST) ||
        !within(p->y.layout, CLCONV_LAYOUT_CHANNELS_LAST))
        return clconv_fail(CLCONV_INVALID, "layout %d of x, %d of w or %d of y is no clconv_layout",
                           p->x.layout, p->w.layout, p->y.layout);
    if (!clconv_dtype_text(p->x.dtype) || (p->w.dtype && !clconv_dtype_text(p->w.dtype)) ||
        (p->b.dtype && !clconv_dtype_text(p->b.dtype)) ||
        (p->y.dtype && !clconv_dtype_text(p->y.dtype)))
        return clconv_fail(CLCONV_INVALID, "dtype %d of x, %d of w, %d of b or %d of y is no type",
                           p->x.dtype, p->w.dtype, p->b.dtype, p->y.dtype);
    return CLCONV_OK;
}

static clconv_status check_padding(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    if (p->pad_before[0] >= 0 && p->pad_after[0] >= 0 && p->pad_before[1] >= 0 &&
        p->pad_after[1] >= 0)
        return CLCONV_OK;
    if (p->spatial == 1)
        return clconv_fail(CLCONV_INVALID,
                           "negative padding is not supported: got left %" PRId64
                           ", right %" PRId64,
                           p->pad_before[0], p->pad_after[0]);
    return clconv_fail(CLCONV_INVALID,
                       "negative padding is not supported: got top %" PRId64 ", bottom %" PRId64
                       ", left %" PRId64 ", right %" PRId64,
                       p->pad_before[0], p->pad_after[0], p->pad_before[1], p->pad_after[1]);
}

static clconv_status check_pad_mode(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    for (int axis = 0; axis < p->spatial; axis++) {
        const int64_t before = p->pad_before[axis], after = p->pad_after[axis];
        const int64_t most = before > after ? before : after;
        if (p->pad_mode == CLCONV_PAD_REFLECT && most > 0 && most >= p->in[axis])
            return clconv_fail(CLCONV_INVALID,
                               "Padding size should be less than the corresponding input "
                               "dimension, but got: padding (%" PRId64 ", %" PRId64
                               ") at dimension %d of size %" PRId64,
                               before, after, axis + 2, p->in[axis]);
        if (p->pad_mode == CLCONV_PAD_CIRCULAR && most > p->in[axis])
            return clconv_fail(CLCONV_INVALID,
                               "Padding value causes wrapping around more than once: padding "
                               "(%" PRId64 ", %" PRId64 ") at dimension %d of size %" PRId64,
                               before, after, axis + 2, p->in[axis]);
    }
    return CLCONV_OK;
}

static clconv_status check_stride(const clconv_view *v)
{
    char text[CLCONV_AXES_TEXT];
    const clconv_problem *p = v->p;
    if (p->stride[0] > 0 && p->stride[p->spatial - 1] > 0)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID, "non-positive stride is not supported: got %s",
                       clconv_axes_text(p->stride, p->spatial, ", ", text));
}

static clconv_status check_dilation(const clconv_view *v)
{
    char text[CLCONV_AXES_TEXT];
    const clconv_problem *p = v->p;
    if (p->dilation[0] > 0 && p->dilation[p->spatial - 1] > 0)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "non-positive dilation is not supported: dilation should be greater than "
                       "zero, but got %s; 1 is dense",
                       clconv_axes_text(p->dilation, p->spatial, ", ", text));
}

static clconv_status check_groups(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    if (p->groups <= 0)
        return clconv_fail(CLCONV_INVALID,
                           "non-positive groups is not supported: expected groups to be greater "
                           "than 0, but got groups=%" PRId64,
                           p->groups);
    if (p->shared && (p->groups != 1 || p->group_in || p->group_out))
        return clconv_fail(CLCONV_INVALID,
                           "a shared kernel takes no groups and no table, but got groups=%" PRId64
                           "%s",
                           p->groups, p->group_in || p->group_out ? " and a table" : "");
    if (p->reduce && !p->shared)
        return clconv_fail(CLCONV_INVALID, "reduce (sum, mean) belongs to a shared kernel");
    return CLCONV_OK;
}

static clconv_status too_long(const char *what, int64_t value)
{
    return clconv_fail(CLCONV_NOT_IN_VERSION,
                       "%s is %" PRId64 "; this version indexes axes up to %d", what, value,
                       LARGEST_AXIS);
}

static clconv_status check_axes(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    if (p->c > LARGEST_AXIS)
        return too_long("in_channels", p->c);
    if (p->k > LARGEST_AXIS)
        return too_long("out_channels", p->k);
    if (p->reduce && p->c > MOST_REDUCED)
        return clconv_fail(CLCONV_NOT_IN_VERSION,
                           "a sum or mean over %" PRId64
                           " channels; this version counts %d exactly",
                           p->c, MOST_REDUCED);
    static const char *const axis_name[2][2] = {{"the padded length"},
                                                {"the padded height", "the padded width"}};
    for (int axis = 0; axis < p->spatial; axis++) {
        const int64_t padded = p->in[axis] + p->pad_before[axis] + p->pad_after[axis];
        if (padded > LARGEST_AXIS)
            return too_long(axis_name[p->spatial - 1][axis], padded);
    }
    return CLCONV_OK;
}

clconv_status clconv_check(const clconv_view *view)
{
    static clconv_status (*const checks[])(const clconv_view *) = {
        check_fields,
        clconv_check_bias_dtype,
        clconv_check_input_rank,
        clconv_check_counts,
        check_padding,
        check_pad_mode,
        check_stride,
        check_dilation,
        check_groups,
        clconv_check_weight_rank,
        clconv_check_tables,
        clconv_check_outputs,
        clconv_check_channels,
        clconv_check_bias_shape,
        clconv_check_kernel,
        clconv_check_empty,
        clconv_check_dtypes,
        clconv_check_sizes,
        check_axes,
        clconv_check_views,
        clconv_check_epilogue,
        clconv_check_quantization,
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const clconv_status status = checks[i](view);
        if (status)
            return status;
    }
    return CLCONV_OK;
}
