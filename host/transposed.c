/* SPDX-License-Identifier: MIT */
/* The transposed convolution: describes the gradient by x from the shapes that nn.ConvTranspose2d
 * knows. Pure C; rules and words as in aten/src/ATen/native/Convolution.cpp. */
#include "checks.h"

#include <inttypes.h>
#include <string.h>

static clconv_status check_output_padding(const clconv_problem *p, const int64_t *padding)
{
    char text[CLCONV_AXES_TEXT], stride[CLCONV_AXES_TEXT];
    for (int axis = 0; axis < p->spatial; axis++)
        if (padding[axis] < 0 || padding[axis] >= p->stride[axis])
            return clconv_fail(padding[axis] >= 0 && padding[axis] < p->dilation[axis]
                                   ? CLCONV_NOT_IN_VERSION
                                   : CLCONV_INVALID,
                               "output padding must be smaller than the stride, but got output "
                               "padding %s and stride %s",
                               clconv_axes_text(padding, p->spatial, ", ", text),
                               clconv_axes_text(p->stride, p->spatial, ", ", stride));
    return CLCONV_OK;
}

static clconv_status check_form(const clconv_problem *p)
{
    if (p->spatial != 1 && p->spatial != 2)
        return clconv_fail(CLCONV_INVALID,
                           "spatial is %d; this library convolves 1 or 2 dimensions", p->spatial);
    if (p->pad_mode != CLCONV_PAD_ZEROS)
        return clconv_fail(CLCONV_INVALID,
                           "Only \"zeros\" padding mode is supported for a transposed convolution");
    if (p->reduce)
        return clconv_fail(CLCONV_INVALID, "a sum or mean over channels has no transposed "
                                           "convolution that knows their number from y");
    return CLCONV_OK;
}

/* Channels of x, from those of w (M, 1, R, S) or (K, C/groups, R, S) and the table. 0 where the
 * shapes do not say; clconv_describe then finds out what is wrong. */
static int64_t inputs(const clconv_problem *p, int64_t outputs, const clconv_shape *w)
{
    const int in_dim = p->w.layout == CLCONV_LAYOUT_CHANNELS_LAST ? p->spatial + 1 : 1;
    int64_t c = 0;
    if (p->shared)
        return w->dim[0] > 0 && outputs % w->dim[0] == 0 ? outputs / w->dim[0] : 0;
    if (!p->group_in)
        return clconv_multiply(w->dim[in_dim] < 0 ? 0 : w->dim[in_dim],
                               p->groups < 0 ? 0 : p->groups, &c)
                   ? c
                   : 0;
    for (int64_t g = 0; g < p->groups; g++)
        if (p->group_in[g] < 0 || !clconv_add(c, p->group_in[g], &c))
            return 0;
    return c;
}

/* (P - 1) * stride - padding + dilation * (R - 1) + output_padding + 1 */
static bool input_length(const clconv_problem *p, int axis, int64_t outputs, int64_t taps,
                         int64_t output_padding, int64_t *out)
{
    int64_t reach;
    const int64_t before = p->pad_before[axis], after = p->pad_after[axis];
    if (outputs < 1 || taps < 1 || p->stride[axis] < 1 || p->dilation[axis] < 1 || before < 0 ||
        after < 0 || before > INT32_MAX || after > INT32_MAX ||
        !clconv_multiply(outputs - 1, p->stride[axis], out) ||
        !clconv_multiply(p->dilation[axis], taps - 1, &reach) || !clconv_add(*out, reach, out) ||
        !clconv_add(*out, output_padding + 1, out))
        return false;
    *out -= before + after;
    return true;
}

static clconv_status check_rank(const clconv_problem *p, const clconv_shape *y)
{
    const int axes = p->spatial;
    if (y->rank == axes + 1 || y->rank == axes + 2)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Expected %dD (unbatched) or %dD (batched) input to conv_transpose%dd, but "
                       "got one of %d dimensions",
                       axes + 1, axes + 2, axes, y->rank);
}

static clconv_status check_y(const clconv_problem *p, const clconv_shape *y)
{
    const clconv_status status = clconv_validate(p);
    if (status)
        return status;
    const int64_t wanted = clconv_y_channels(p);
    const bool batch = y->rank == p->spatial + 2;
    const int64_t got = y->dim[batch + (p->y.layout ? p->spatial : 0)];
    return got == wanted
               ? CLCONV_OK
               : clconv_fail(CLCONV_INVALID,
                             "Given transposed=1, weight of %" PRId64
                             " output channels of the convolution, expected input to have %" PRId64
                             " channels, but got %" PRId64 " channels instead",
                             wanted, wanted, got);
}

/* Of x, where w has the right rank; else clconv_describe finds that out. */
static clconv_status x_shape(const clconv_problem *p, const clconv_shape *y, const clconv_shape *w,
                             const int64_t *output_padding, clconv_shape *x)
{
    const int axes = p->spatial, batch = y->rank == axes + 2;
    const int y_first = batch + (p->y.layout == CLCONV_LAYOUT_PLAIN);
    const int x_first = batch + (p->x.layout == CLCONV_LAYOUT_PLAIN);
    const int w_first = w->rank == axes + 2 && p->w.layout == CLCONV_LAYOUT_PLAIN ? 2 : 1;
    *x = (clconv_shape){.rank = y->rank, .dim = {y->dim[0]}};
    x->dim[batch + (p->x.layout ? axes : 0)] =
        inputs(p, y->dim[batch + (p->y.layout ? axes : 0)], w);
    for (int axis = 0; axis < axes && w->rank > axes; axis++)
        if (!input_length(p, axis, y->dim[y_first + axis], w->dim[w_first + axis],
                          output_padding[axis], &x->dim[x_first + axis]))
            return clconv_fail(CLCONV_INVALID,
                               "of axis %d the length of y, kernel, stride or dilation are not "
                               "positive, or too large together",
                               axis);
    return CLCONV_OK;
}

clconv_status clconv_describe_transposed(clconv_problem *p, const clconv_shape *y,
                                         const clconv_shape *w, const clconv_shape *b,
                                         const int64_t output_padding[2])
{
    static const int64_t none[2] = {0, 0};
    clconv_problem known;
    clconv_shape x;
    if (!p || !y || !w || w->rank < 0 || w->rank > 8)
        return clconv_fail(CLCONV_INVALID, "a problem, y and w of rank 0 to 8 are needed");
    const int64_t *const more = output_padding ? output_padding : none;
    clconv_status status = clconv_import(&known, sizeof known, p, p->size);
    if (!status)
        status = check_form(&known);
    if (!status)
        status = check_rank(&known, y);
    if (!status)
        status = check_output_padding(&known, more);
    if (!status)
        status = x_shape(&known, y, w, more, &x);
    if (status)
        return status;
    known.op = CLCONV_BACKWARD_DATA;
    status = clconv_describe(&known, &x, w, b);
    if (!status)
        status = check_y(&known, y);
    if (!status)
        memcpy(p, &known, p->size < sizeof known ? p->size : sizeof known);
    return status;
}
