/* SPDX-License-Identifier: MIT */
/* The second oracle's gradients: the definition taken literally. An element of x is the sum over
 * all outputs and taps whose window sees it there, found by trying them all; an element of w or b
 * the sum over all outputs that it is part of. */
#include "gather_walk.h"

#include <math.h>

/* A sum in the making. */
typedef struct total {
    double sum, size;
    int64_t terms;
} total;

static void add(total *to, double summand)
{
    to->sum += summand;
    to->size += fabs(summand);
    to->terms++;
}

/* The channels that a plane of x or w meets: output channels k, k + k_step, ... and, of w, as many
 * input channels from c on. */
typedef struct partners {
    int64_t k, k_step, c, count;
    size_t filter, filter_step; /* of x: element of w for the first, and from one to the next */
} partners;

static int64_t output_planes(const clconv_problem *p)
{
    return p->reduce == CLCONV_REDUCE_NONE ? p->k : p->k / p->c;
}

static double dy_at(const clconv_problem *p, const double *dy, int64_t n, int64_t k, int64_t i,
                    int64_t j)
{
    return dy[((n * output_planes(p) + k) * gather_length(p, 0) + i) * gather_length(p, 1) + j];
}

/* Row or column of the image under a tap of the window at an output. */
static int64_t under(const clconv_problem *p, int axis, int64_t output, int64_t tap)
{
    return gather_mapped(p, axis,
                         output * p->stride[axis] - p->pad_before[axis] + tap * p->dilation[axis]);
}

/* ---- x -------------------------------------------------------------------------------------- */

static int64_t group_inputs(const clconv_problem *p, int64_t g)
{
    return p->group_in ? p->group_in[g] : p->c / p->groups;
}

static int64_t group_outputs(const clconv_problem *p, int64_t g)
{
    return p->group_out ? p->group_out[g] : p->k / p->groups;
}

static partners of_input_channel(const clconv_problem *p, int64_t c)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    partners out = {.k_step = 1, .filter_step = (size_t)taps};
    if (p->shared) {
        out.count = p->k / p->c;
        out.k = p->reduce == CLCONV_REDUCE_NONE ? c * out.count : 0;
        return out;
    }
    int64_t g = 0, filter = 0;
    for (; c >= group_inputs(p, g); g++) {
        filter += group_inputs(p, g) * group_outputs(p, g) * taps;
        out.k += group_outputs(p, g);
        c -= group_inputs(p, g);
    }
    out.count = group_outputs(p, g);
    out.filter = (size_t)(filter + c * taps);
    out.filter_step = (size_t)(group_inputs(p, g) * taps);
    return out;
}

/* All outputs that see pixel (h, w) through tap (r, s) of row i. */
static void add_columns(const clconv_problem *p, const oracle_inputs *in, const partners *with,
                        int64_t n, int64_t i, int64_t r, int64_t w, total *to)
{
    for (int64_t j = 0; j < gather_length(p, 1); j++)
        for (int64_t s = 0; s < p->kernel[1]; s++)
            for (int64_t m = 0; under(p, 1, j, s) == w && m < with->count; m++)
                add(to, dy_at(p, in->y, n, with->k + m, i, j) *
                            in->w[with->filter + (size_t)m * with->filter_step +
                                  (size_t)(r * p->kernel[1] + s)]);
}

static total gather_pixel(const clconv_problem *p, const oracle_inputs *in, int64_t index)
{
    const int64_t w = index % p->in[1], h = index / p->in[1] % p->in[0];
    const int64_t plane = index / p->in[1] / p->in[0];
    const int64_t n = plane / p->c, c = plane % p->c;
    const partners with = of_input_channel(p, c);
    total out = {.sum = in->b ? in->b[c] : 0.0};
    out.size = fabs(out.sum);
    for (int64_t i = 0; i < gather_length(p, 0); i++)
        for (int64_t r = 0; r < p->kernel[0]; r++)
            if (under(p, 0, i, r) == h)
                add_columns(p, in, &with, n, i, r, w, &out);
    return out;
}

/* ---- w and b -------------------------------------------------------------------------------- */

static int64_t filter_planes(const clconv_problem *p)
{
    int64_t planes = p->shared ? p->k / p->c : 0;
    for (int64_t g = 0; !p->shared && g < p->groups; g++)
        planes += group_inputs(p, g) * group_outputs(p, g);
    return planes;
}

/* What plane number `plane` of w is applied to. */
static partners of_filter_plane(const clconv_problem *p, int64_t plane)
{
    partners out = {.count = 1};
    if (p->shared) {
        const bool apart = p->reduce == CLCONV_REDUCE_NONE;
        return (partners){.k = plane, .k_step = apart ? p->k / p->c : 0, .count = p->c};
    }
    int64_t g = 0;
    for (; plane >= group_inputs(p, g) * group_outputs(p, g); g++) {
        plane -= group_inputs(p, g) * group_outputs(p, g);
        out.c += group_inputs(p, g);
        out.k += group_outputs(p, g);
    }
    out.k += plane / group_inputs(p, g);
    out.c += plane % group_inputs(p, g);
    return out;
}

static bool within(int64_t value, int64_t count)
{
    return value >= 0 && value < count;
}

/* All that tap (r, s) sees in plane c of x, times plane k of dy. */
static void add_planes(const clconv_problem *p, const oracle_inputs *in, int64_t n, int64_t c,
                       int64_t k, int64_t r, int64_t s, total *to)
{
    const double *const x = in->x + (n * p->c + c) * p->in[0] * p->in[1];
    for (int64_t i = 0; i < gather_length(p, 0); i++)
        for (int64_t j = 0; j < gather_length(p, 1); j++) {
            const int64_t row = under(p, 0, i, r), column = under(p, 1, j, s);
            if (within(row, p->in[0]) && within(column, p->in[1]))
                add(to, dy_at(p, in->y, n, k, i, j) * x[row * p->in[1] + column]);
        }
}

static total gather_weight(const clconv_problem *p, const oracle_inputs *in, int64_t index)
{
    const int64_t s = index % p->kernel[1], r = index / p->kernel[1] % p->kernel[0];
    const partners with = of_filter_plane(p, index / p->kernel[1] / p->kernel[0]);
    total out = {0};
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t i = 0; i < with.count; i++)
            add_planes(p, in, n, with.c + i, with.k + i * with.k_step, r, s, &out);
    return out;
}

/* Of a sum every output holds C times the bias. */
static total gather_bias(const clconv_problem *p, const oracle_inputs *in, int64_t b)
{
    const int64_t filters = p->shared ? p->k / p->c : p->k;
    total out = {0};
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t k = b; k < output_planes(p); k += filters)
            for (int64_t i = 0; i < gather_length(p, 0); i++)
                for (int64_t j = 0; j < gather_length(p, 1); j++)
                    add(&out, dy_at(p, in->y, n, k, i, j));
    out.sum *= p->reduce == CLCONV_REDUCE_SUM ? (double)p->c : 1.0;
    out.size *= p->reduce == CLCONV_REDUCE_SUM ? (double)p->c : 1.0;
    return out;
}

/* ---- All of it ------------------------------------------------------------------------------ */

size_t gather_gradient_length(const clconv_problem *p)
{
    if (p->op == CLCONV_BACKWARD_DATA)
        return (size_t)(p->n * p->c * p->in[0] * p->in[1]);
    const int64_t biases = p->shared ? p->k / p->c : p->k;
    return (size_t)(filter_planes(p) * p->kernel[0] * p->kernel[1] + (p->b.dtype ? biases : 0));
}

void gather_gradient_at(const clconv_problem *p, const oracle_inputs *in, size_t index,
                        double *want, double *mag, int64_t *terms)
{
    const int64_t at = (int64_t)index;
    const bool data = p->op == CLCONV_BACKWARD_DATA;
    const int64_t weights = data ? 0 : filter_planes(p) * p->kernel[0] * p->kernel[1];
    const bool bias = !data && at >= weights;
    const total found = data   ? gather_pixel(p, in, at)
                        : bias ? gather_bias(p, in, at - weights)
                               : gather_weight(p, in, at);
    const double divisor = p->reduce == CLCONV_REDUCE_MEAN && !bias ? (double)p->c : 1.0;
    *want = found.sum / divisor;
    *mag = found.size / divisor;
    *terms = found.terms;
}
