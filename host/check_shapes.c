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

/* The shapes PyTorch would see for a problem that came without arrays. */
static clconv_shape x_shape(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    return v->x ? *v->x : (clconv_shape){4, {p->n, p->c, p->in[0], p->in[1]}};
}

static clconv_shape w_shape(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    if (v->w)
        return *v->w;
    if (p->shared)
        return (clconv_shape){4, {p->c > 0 ? p->k / p->c : 0, 1, p->kernel[0], p->kernel[1]}};
    return (clconv_shape){4, {p->k, clconv_group_in(p, 0), p->kernel[0], p->kernel[1]}};
}

clconv_status clconv_check_input_rank(const clconv_view *v)
{
    char text[TEXT];
    if (!v->x || v->x->rank == 3 || v->x->rank == 4)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of "
                       "size: %s",
                       shape_text(v->x, text));
}

clconv_status clconv_check_weight_rank(const clconv_view *v)
{
    char text[TEXT];
    const int32_t wanted = clconv_even_inputs(v->p) ? 4 : 3;
    if (!v->w || v->w->rank == wanted)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID, "Expected weight of %s to convolve, but got size %s",
                       wanted == 4 ? "4 dimensions (out_channels, in_channels/groups, R, S)"
                                   : "3 dimensions (sum of out_g * in_g, R, S) beside this table",
                       shape_text(v->w, text));
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
        w.dim[w.rank == 4 && p->w.layout == CLCONV_LAYOUT_CHANNELS_LAST && v->w ? 3 : 1];
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
    const int64_t wanted = v->p->shared ? v->p->k / v->p->c : v->p->k;
    const clconv_shape w = w_shape(v);
    if (!v->b || (v->b->rank == 1 && v->b->dim[0] == wanted))
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Given weight of size %s, expected bias to be 1-dimensional with %" PRId64
                       " elements, but got bias of size %s instead",
                       shape_text(&w, text), wanted, shape_text(v->b, b_text));
}

clconv_status clconv_check_kernel(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    int64_t padded[2], kernel[2];
    if (p->kernel[0] <= 0 || p->kernel[1] <= 0)
        return clconv_fail(
            CLCONV_INVALID,
            "kernel size should be greater than zero, but got kernel_height: %" PRId64
            " kernel_width: %" PRId64,
            p->kernel[0], p->kernel[1]);
    for (int axis = 0; axis < 2; axis++)
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
    if (kernel[0] <= padded[0] && kernel[1] <= padded[1])
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Calculated padded input size per channel: (%" PRId64 " x %" PRId64
                       "). Kernel size: (%" PRId64 " x %" PRId64
                       "). Kernel size can't be greater than actual input size",
                       padded[0], padded[1], kernel[0], kernel[1]);
}

clconv_status clconv_check_empty(const clconv_view *v)
{
    char text[TEXT];
    const clconv_shape x = x_shape(v);
    if (v->p->n == 0 || (v->p->in[0] > 0 && v->p->in[1] > 0))
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "Only zero batch or zero channel inputs are supported, but got input "
                       "shape: %s",
                       shape_text(&x, text));
}

/* Elements of an array of `count` factors; false past the bytes that 63 bits can count. */
static bool array_fits(const int64_t *factor, int count)
{
    int64_t bytes = 8; /* the widest element type */
    for (int i = 0; i < count; i++)
        if (!clconv_multiply(bytes, factor[i], &bytes))
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
    const int64_t y_h = clconv_output_length(p, 0), y_w = clconv_output_length(p, 1);
    const int64_t n = p->n ? p->n : 1; /* one image must fit even where there is none */
    const int64_t x[] = {n, p->c, p->in[0], p->in[1]}, y[] = {n, p->k, y_h, y_w};
    const int64_t w[] = {p->k, most_inputs(p), p->kernel[0], p->kernel[1]};
    if (!array_fits(w, 4))
        return clconv_fail(CLCONV_INVALID,
                           "the weights exceed 2^63 bytes: [%" PRId64 ", %" PRId64 ", %" PRId64
                           ", %" PRId64 "]",
                           w[0], w[1], w[2], w[3]);
    if (!array_fits(x, 4) || !array_fits(y, 4))
        return clconv_fail(CLCONV_INVALID,
                           "a tensor exceeds 2^63 bytes: x [%" PRId64 ", %" PRId64 ", %" PRId64
                           ", %" PRId64 "], y [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "]",
                           x[0], x[1], x[2], x[3], y[0], y[1], y[2], y[3]);
    return CLCONV_OK;
}
