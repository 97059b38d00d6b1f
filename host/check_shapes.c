/* SPDX-License-Identifier: MIT */
/* The accept/reject rules that look at shapes: weights, tables, bias, kernel, sizes in bytes. */
#include "checks.h"

#include <inttypes.h>
#include <stdio.h>

enum { TEXT = 256 };

/* "[2, 8, 5, 5]", as PyTorch prints it. */
static const char *shape_text(const clconv_shape *shape, char text[TEXT])
{
    size_t used = (size_t)snprintf(text, TEXT, "[");
    for (int32_t i = 0; i < shape->rank && i < 8 && used < TEXT; i++)
        used +=
            (size_t)snprintf(text + used, TEXT - used, "%s%" PRId64, i ? ", " : "", shape->dim[i]);
    if (used < TEXT)
        snprintf(text + used, TEXT - used, "]");
    return text;
}

const char *clconv_axes_text(const int64_t *values, int axes, const char *between,
                             char text[CLCONV_AXES_TEXT])
{
    if (axes == 1)
        snprintf(text, CLCONV_AXES_TEXT, "(%" PRId64 ")", values[0]);
    else
        snprintf(text, CLCONV_AXES_TEXT, "(%" PRId64 "%s%" PRId64 ")", values[0], between,
                 values[1]);
    return text;
}

/* {first, second, axes of the problem...}. */
static clconv_shape shape_of(const clconv_problem *p, int64_t first, int64_t second,
                             const int64_t *axes)
{
    clconv_shape shape = {p->spatial + 2, {first, second}};
    for (int axis = 0; axis < p->spatial; axis++)
        shape.dim[2 + axis] = axes[axis];
    return shape;
}

/* The shapes PyTorch would see for a problem that came without arrays. */
static clconv_shape x_shape(const clconv_view *v)
{
    return v->x ? *v->x : shape_of(v->p, v->p->n, v->p->c, v->p->in);
}

static clconv_shape w_shape(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    if (v->w)
        return *v->w;
    return p->shared ? shape_of(p, p->c > 0 ? p->k / p->c : 0, 1, p->kernel)
                     : shape_of(p, p->k, clconv_group_in(p, 0), p->kernel);
}

clconv_status clconv_check_counts(const clconv_view *v)
{
    char text[TEXT];
    const clconv_problem *p = v->p;
    const clconv_shape x = shape_of(p, p->n, p->c, p->in);
    for (int32_t i = 0; i < x.rank; i++)
        if (x.dim[i] < 0)
            return clconv_fail(CLCONV_INVALID,
                               "Trying to use an input with a negative dimension: %s",
                               shape_text(&x, text));
    return CLCONV_OK;
}

clconv_status clconv_check_input_rank(const clconv_view *v)
{
    char text[TEXT];
    const int axes = v->p->spatial;
    if (!v->x || v->x->rank == axes + 1 || v->x->rank == axes + 2)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Expected %dD (unbatched) or %dD (batched) input to conv%dd, but got input "
                       "of size: %s",
                       axes + 1, axes + 2, axes, shape_text(v->x, text));
}

clconv_status clconv_check_weight_rank(const clconv_view *v)
{
    char text[TEXT];
    const bool even = clconv_even_inputs(v->p);
    const int32_t wanted = v->p->spatial + (even ? 2 : 1);
    if (!v->w || v->w->rank == wanted)
        return CLCONV_OK;
    return clconv_fail(
        CLCONV_INVALID, "Expected weight of %d dimensions (%s, %sS)%s to convolve, but got size %s",
        wanted, even ? "out_channels, in_channels/groups" : "sum of out_g * in_g",
        v->p->spatial == 2 ? "R, " : "", even ? "" : " beside this table", shape_text(v->w, text));
}

/* A table: positive entries that sum to `total` (-1 = any sum that fits). */
static clconv_status check_table(const int64_t *table, int64_t groups, int64_t total,
                                 const char *name)
{
    int64_t sum = 0;
    for (int64_t g = 0; table && g < groups; g++) {
        if (table[g] <= 0)
            return clconv_fail(CLCONV_INVALID,
                               "%s: group %" PRId64 " has %" PRId64
                               " channels; every group needs at least one",
                               name, g, table[g]);
        if (!clconv_add(sum, table[g], &sum))
            return clconv_fail(CLCONV_INVALID, "%s: the channels sum to more than 64 bits", name);
    }
    if (table && sum != total)
        return clconv_fail(CLCONV_INVALID,
                           "%s: %" PRId64 " groups of %" PRId64
                           " channels in all, but there are %" PRId64,
                           name, groups, sum, total);
    return CLCONV_OK;
}

clconv_status clconv_check_tables(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    const clconv_status status =
        check_table(p->group_out, p->groups, p->k, "group_out (output channels)");
    return status ? status : check_table(p->group_in, p->groups, p->c, "group_in (input channels)");
}

clconv_status clconv_check_outputs(const clconv_view *v)
{
    char text[TEXT];
    const clconv_problem *p = v->p;
    const clconv_shape w = w_shape(v);
    if (p->shared && p->c == 0)
        return CLCONV_OK; /* the next check says it */
    if (p->shared && p->k % p->c != 0)
        return clconv_fail(CLCONV_INVALID,
                           "a shared kernel has k = c * M output channels, but %" PRId64
                           " is not a multiple of %" PRId64,
                           p->k, p->c);
    if (p->k < p->groups)
        return clconv_fail(CLCONV_INVALID,
                           "Given groups=%" PRId64 ", expected weight to be at least %" PRId64
                           " at dimension 0, but got weight of size %s instead",
                           p->groups, p->groups, shape_text(&w, text));
    if (!p->group_out && p->k % p->groups != 0)
        return clconv_fail(CLCONV_INVALID,
                           "Given groups=%" PRId64 ", expected weight to be divisible by %" PRId64
                           " at dimension 0, but got weight of size [%s] instead; %" PRId64
                           " output channels in %" PRId64
                           " uneven groups need a table (group_out, --group-out)",
                           p->groups, p->groups, shape_text(&w, text), p->k, p->groups);
    return CLCONV_OK;
}

/* The first dimension of w in a described array must be what the table and the channels say. */
static clconv_status check_weight_blocks(const clconv_view *v, const clconv_shape *w)
{
    char text[TEXT];
    int64_t blocks = 0, block = 0;
    for (int64_t g = 0; g < v->p->groups; g++)
        if (!clconv_multiply(clconv_group_out(v->p, g), clconv_group_in(v->p, g), &block) ||
            !clconv_add(blocks, block, &blocks))
            return clconv_fail(CLCONV_INVALID, "the blocks of weight exceed 64 bits");
    if (w->dim[0] == blocks)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Given this table, expected weight to have %" PRId64
                       " (sum of out_g * in_g) at dimension 0, but got weight of size %s instead",
                       blocks, shape_text(w, text));
}

clconv_status clconv_check_channels(const clconv_view *v)
{
    char text[TEXT], x_text[TEXT];
    const clconv_problem *p = v->p;
    const clconv_shape x = x_shape(v), w = w_shape(v);
    if (p->c == 0)
        return clconv_fail(CLCONV_INVALID, "input of size %s has 0 channels: nothing to convolve",
                           shape_text(&x, x_text));
    if (!clconv_even_inputs(p))
        return v->w ? check_weight_blocks(v, &w) : CLCONV_OK;
    const int64_t in =
        w.dim[v->w && p->w.layout == CLCONV_LAYOUT_CHANNELS_LAST ? p->spatial + 1 : 1];
    if (p->shared)
        return in == 1 ? CLCONV_OK
                       : clconv_fail(CLCONV_INVALID,
                                     "a shared kernel is (M, 1, R, S), but got weight of size %s",
                                     shape_text(&w, text));
    if (!v->w && p->c % p->groups != 0 && !p->group_in)
        return clconv_fail(CLCONV_INVALID,
                           "in_channels must be divisible by groups, but got in_channels=%" PRId64
                           " and groups=%" PRId64
                           "; uneven groups need a table (group_in, --group-in)",
                           p->c, p->groups);
    int64_t wanted = 0;
    if (!clconv_multiply(in, p->groups, &wanted) || wanted != p->c)
        return clconv_fail(CLCONV_INVALID,
                           "Given groups=%" PRId64
                           ", weight of size %s, expected input%s to have %" PRId64
                           " channels, but got %" PRId64 " channels instead",
                           p->groups, shape_text(&w, text), shape_text(&x, x_text), wanted, p->c);
    return CLCONV_OK;
}

clconv_status clconv_check_bias_shape(const clconv_view *v)
{
    char text[TEXT], b_text[TEXT];
    const int64_t wanted = clconv_biases(v->p);
    const clconv_shape w = w_shape(v);
    if (v->p->shared && v->p->op == CLCONV_BACKWARD_DATA && v->p->b.dtype)
        return clconv_fail(CLCONV_INVALID, "the gradient by x of a shared kernel takes no bias: a "
                                           "bias makes it a transposed convolution");
    if (!v->b || (v->b->rank == 1 && v->b->dim[0] == wanted))
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Given weight of size %s, expected bias to be 1-dimensional with %" PRId64
                       " elements, but got bias of size %s instead",
                       shape_text(&w, text), wanted, shape_text(v->b, b_text));
}

static clconv_status kernel_not_positive(const clconv_problem *p)
{
    if (p->spatial == 1)
        return clconv_fail(
            CLCONV_INVALID,
            "kernel size should be greater than zero, but got kernel_width: %" PRId64,
            p->kernel[0]);
    return clconv_fail(CLCONV_INVALID,
                       "kernel size should be greater than zero, but got kernel_height: %" PRId64
                       " kernel_width: %" PRId64,
                       p->kernel[0], p->kernel[1]);
}

clconv_status clconv_check_kernel(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    const int axes = p->spatial;
    char in_text[CLCONV_AXES_TEXT], text[CLCONV_AXES_TEXT];
    int64_t padded[2], kernel[2];
    bool fits = true;
    if (p->kernel[0] <= 0 || p->kernel[axes - 1] <= 0)
        return kernel_not_positive(p);
    for (int axis = 0; axis < axes; axis++) {
        if (!clconv_add(p->in[axis], p->pad_before[axis], &padded[axis]) ||
            !clconv_add(padded[axis], p->pad_after[axis], &padded[axis]) ||
            !clconv_multiply(p->dilation[axis], p->kernel[axis] - 1, &kernel[axis]) ||
            !clconv_add(kernel[axis], 1, &kernel[axis]))
            return clconv_fail(CLCONV_INVALID,
                               "the padded input (%" PRId64 " + %" PRId64 " + %" PRId64
                               ") or the dilated kernel (%" PRId64 " * %" PRId64
                               " + 1) exceeds 64 bits at dimension %d",
                               p->in[axis], p->pad_before[axis], p->pad_after[axis],
                               p->dilation[axis], p->kernel[axis] - 1, axis + 2);
        fits = fits && kernel[axis] <= padded[axis];
    }
    if (fits)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Calculated padded input size per channel: %s. Kernel size: %s. Kernel size "
                       "can't be greater than actual input size",
                       clconv_axes_text(padded, axes, " x ", in_text),
                       clconv_axes_text(kernel, axes, " x ", text));
}

clconv_status clconv_check_empty(const clconv_view *v)
{
    char text[TEXT];
    const clconv_shape x = x_shape(v);
    if (v->p->n == 0 || (v->p->in[0] > 0 && v->p->in[v->p->spatial - 1] > 0))
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Only zero batch or zero channel inputs are supported, but got input "
                       "shape: %s",
                       shape_text(&x, text));
}

/* Whether 63 bits can count the bytes of an array. */
static bool array_fits(const clconv_shape *shape)
{
    int64_t bytes = 8; /* the widest element type */
    for (int32_t i = 0; i < shape->rank; i++)
        if (!clconv_multiply(bytes, shape->dim[i], &bytes))
            return false;
    return true;
}

/* Input channels of the largest group. */
static int64_t most_inputs(const clconv_problem *p)
{
    int64_t most = p->shared ? 1 : clconv_group_in(p, 0);
    for (int64_t g = 1; p->group_in && g < p->groups; g++)
        most = p->group_in[g] > most ? p->group_in[g] : most;
    return most;
}

clconv_status clconv_check_sizes(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    char text[TEXT], y_text[TEXT];
    const int64_t n = p->n ? p->n : 1; /* one image must fit even where there is none */
    int64_t out[2] = {0};
    for (int axis = 0; axis < p->spatial; axis++)
        out[axis] = clconv_output_length(p, axis);
    const clconv_shape x = shape_of(p, n, p->c, p->in), y = shape_of(p, n, p->k, out);
    const clconv_shape w = shape_of(p, p->k, most_inputs(p), p->kernel);
    if (!array_fits(&w))
        return clconv_fail(CLCONV_INVALID, "the weights exceed 2^63 bytes: %s",
                           shape_text(&w, text));
    if (!array_fits(&x) || !array_fits(&y))
        return clconv_fail(CLCONV_INVALID, "a tensor exceeds 2^63 bytes: x %s, y %s",
                           shape_text(&x, text), shape_text(&y, y_text));
    return CLCONV_OK;
}
