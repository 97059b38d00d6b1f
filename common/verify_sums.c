/* SPDX-License-Identifier: MIT */
/* The sums of convolutions and gradients by their definition. */
#include "verify_sums.h"

#include "arrays.h"
#include "padding.h"

#include <math.h>

static void add(verify_sum *sum, double product)
{
    sum->want += product;
    sum->scale += fabs(product);
}

/* ---- Sizes ----------------------------------------------------------------------------------- */

static int64_t length(const clconv_problem *p, int axis)
{
    const int64_t padded = p->in[axis] + p->pad_before[axis] + p->pad_after[axis];
    return (padded - p->dilation[axis] * (p->kernel[axis] - 1) - 1) / p->stride[axis] + 1;
}

static int64_t taps(const clconv_problem *p)
{
    return p->kernel[0] * p->kernel[1];
}

/* Channels of y. */
static int64_t outputs(const clconv_problem *p)
{
    return p->reduce == CLCONV_REDUCE_NONE ? p->k : p->k / p->c;
}

static double mean_of(const clconv_problem *p)
{
    return p->reduce == CLCONV_REDUCE_MEAN ? (double)p->c : 1;
}

static double y_at(const clconv_problem *p, const verify_inputs *in, int64_t n, int64_t k,
                   int64_t row, int64_t q)
{
    return (double)in->y[((n * outputs(p) + k) * length(p, 0) + row) * length(p, 1) + q];
}

/* The pixel that an output reads through a tap; outside the image where that is padding. */
static int64_t pixel(const clconv_problem *p, int axis, int64_t output, int64_t tap)
{
    return padding_position(
        p, axis, output * p->stride[axis] - p->pad_before[axis] + tap * p->dilation[axis]);
}

static bool inside(const clconv_problem *p, int axis, int64_t at)
{
    return at >= 0 && at < p->in[axis];
}

/* ---- Groups ---------------------------------------------------------------------------------- */

/* A block of w: `out` filters of `in` channels each, from channel x, y and weight w on. */
typedef struct block {
    int64_t in, out, x, y, w;
} block;

static block block_first(const clconv_problem *p)
{
    return (block){p->group_in ? p->group_in[0] : p->c / p->groups,
                   p->group_out ? p->group_out[0] : p->k / p->groups, 0, 0, 0};
}

static block block_next(const clconv_problem *p, block b, int64_t group)
{
    return (block){p->group_in ? p->group_in[group] : b.in,
                   p->group_out ? p->group_out[group] : b.out, b.x + b.in, b.y + b.out,
                   b.w + b.out * b.in * taps(p)};
}

typedef enum index_of { BY_X, BY_Y, BY_W } index_of;

/* The block of a channel of x or y, or of a weight. */
static block block_of(const clconv_problem *p, index_of by, int64_t index)
{
    block b = block_first(p);
    for (int64_t g = 1; g < p->groups; g++) {
        const block next = block_next(p, b, g);
        const int64_t begin[] = {[BY_X] = next.x, [BY_Y] = next.y, [BY_W] = next.w};
        if (index < begin[by])
            break;
        b = next;
    }
    return b;
}

/* The most channels of a group. */
static int64_t most(const clconv_problem *p, const int64_t *table, int64_t even)
{
    int64_t found = table ? 0 : even;
    for (int64_t g = 0; table && g < p->groups; g++)
        found = table[g] > found ? table[g] : found;
    return found;
}

/* ---- y --------------------------------------------------------------------------------------- */

/* Which inputs an output sums: `channels` of x from `first` on, weights from `w` on with `w_step`
 * per channel; then `bias_times` its bias. */
typedef struct window {
    int64_t first, channels, w, w_step, bias, bias_times;
} window;

static window window_of(const clconv_problem *p, int64_t k)
{
    const int64_t filters = p->k / p->c;
    if (p->reduce != CLCONV_REDUCE_NONE)
        return (window){0, p->c, k * taps(p), 0, k, p->c};
    if (p->shared)
        return (window){k / filters, 1, k % filters * taps(p), 0, k % filters, 1};
    const block b = block_of(p, BY_Y, k);
    return (window){b.x, b.in, b.w + (k - b.y) * b.in * taps(p), taps(p), k, 1};
}

static int64_t y_count(const clconv_problem *p)
{
    return p->n * outputs(p) * length(p, 0) * length(p, 1);
}

static double y_terms(const clconv_problem *p)
{
    if (p->shared)
        return (double)(p->reduce == CLCONV_REDUCE_NONE ? 1 : p->c) * (double)(taps(p) + 1);
    return (double)most(p, p->group_in, p->c / p->groups) * (double)taps(p) + 1;
}

static verify_sum y_element(const clconv_problem *p, const verify_inputs *in, int64_t index)
{
    verify_sum sum = {0};
    const int64_t rows = length(p, 0), columns = length(p, 1);
    const int64_t q = index % columns, row = index / columns % rows,
                  k = index / (columns * rows) % outputs(p),
                  n = index / (columns * rows * outputs(p));
    const window v = window_of(p, k);
    for (int64_t c = 0; c < v.channels; c++)
        for (int64_t r = 0; r < p->kernel[0]; r++)
            for (int64_t s = 0; s < p->kernel[1]; s++) {
                const int64_t h = pixel(p, 0, row, r), w = pixel(p, 1, q, s);
                if (inside(p, 0, h) && inside(p, 1, w))
                    add(&sum,
                        (double)in->x[((n * p->c + v.first + c) * p->in[0] + h) * p->in[1] + w] *
                            (double)in->w[v.w + c * v.w_step + r * p->kernel[1] + s]);
            }
    if (in->b)
        add(&sum, (double)v.bias_times * (double)in->b[v.bias]);
    return (verify_sum){sum.want / mean_of(p), sum.scale / mean_of(p)};
}

/* ---- The gradient by x ----------------------------------------------------------------------- */

/* Positions of the padded image that may show a pixel: its own, and all of the padding. */
static int64_t places(const clconv_problem *p, int axis)
{
    return 1 + (p->pad_mode ? p->pad_before[axis] + p->pad_after[axis] : 0);
}

/* The output that reads pixel `at` through a tap where place `i` of these shows it; -1 = none. */
static int64_t reader(const clconv_problem *p, int axis, int64_t at, int64_t i, int64_t tap)
{
    const int64_t border = i - 1 - p->pad_before[axis];
    const int64_t position = i == 0 ? at : border < 0 ? border : p->in[axis] + border;
    const int64_t from = position + p->pad_before[axis] - tap * p->dilation[axis];
    if (padding_position(p, axis, position) != at || from < 0 || from % p->stride[axis] ||
        from / p->stride[axis] >= length(p, axis))
        return -1;
    return from / p->stride[axis];
}

/* Filters that read a channel of x: `count` channels of y from `y` on, and their weights. */
typedef struct readers {
    int64_t y, count, w, w_step;
} readers;

static readers readers_of(const clconv_problem *p, int64_t c)
{
    const int64_t filters = p->k / p->c;
    if (p->shared)
        return (readers){p->reduce == CLCONV_REDUCE_NONE ? c * filters : 0, filters, 0, taps(p)};
    const block b = block_of(p, BY_X, c);
    return (readers){b.y, b.out, b.w + (c - b.x) * taps(p), b.in * taps(p)};
}

static int64_t x_count(const clconv_problem *p)
{
    return p->n * p->c * p->in[0] * p->in[1];
}

/* Each padding mode shows a pixel no oftener than this along an axis, and the pixel itself. */
static int64_t most_places(const clconv_problem *p, int axis)
{
    const int64_t before = p->pad_before[axis], after = p->pad_after[axis];
    if (p->pad_mode == CLCONV_PAD_REFLECT || p->pad_mode == CLCONV_PAD_CIRCULAR)
        return 1 + (before > 0) + (after > 0);
    return places(p, axis);
}

static double x_terms(const clconv_problem *p)
{
    const int64_t filters = p->shared ? p->k / p->c : most(p, p->group_out, p->k / p->groups);
    return (double)filters * (double)taps(p) * (double)most_places(p, 0) *
               (double)most_places(p, 1) +
           1;
}

/* What the filters add through tap (r, s) of the output (row, q). */
static void add_readers(const clconv_problem *p, const verify_inputs *in, const readers *v,
                        const int64_t at[5], verify_sum *sum)
{
    const int64_t n = at[0], row = at[1], q = at[2], r = at[3], s = at[4];
    for (int64_t k = 0; k < v->count; k++)
        add(sum, y_at(p, in, n, v->y + k, row, q) *
                     (double)in->w[v->w + k * v->w_step + r * p->kernel[1] + s]);
}

static verify_sum x_element(const clconv_problem *p, const verify_inputs *in, int64_t index)
{
    verify_sum sum = {0};
    const int64_t w = index % p->in[1], h = index / p->in[1] % p->in[0],
                  c = index / (p->in[1] * p->in[0]) % p->c,
                  n = index / (p->in[1] * p->in[0] * p->c);
    const readers v = readers_of(p, c);
    for (int64_t i = 0; i < places(p, 0) * p->kernel[0]; i++) {
        const int64_t r = i % p->kernel[0], row = reader(p, 0, h, i / p->kernel[0], r);
        for (int64_t j = 0; row >= 0 && j < places(p, 1) * p->kernel[1]; j++) {
            const int64_t s = j % p->kernel[1], q = reader(p, 1, w, j / p->kernel[1], s);
            if (q >= 0)
                add_readers(p, in, &v, (const int64_t[]){n, row, q, r, s}, &sum);
        }
    }
    sum = (verify_sum){sum.want / mean_of(p), sum.scale / mean_of(p)};
    if (in->b)
        add(&sum, (double)in->b[c]);
    return sum;
}

/* ---- The gradient by w ----------------------------------------------------------------------- */

/* The pairs of channels that a weight joins: `count` of x from `x` on, each with y's `y_step`
 * further; and its tap. */
typedef struct pairs {
    int64_t x, count, y, y_step, r, s;
} pairs;

static pairs pairs_of(const clconv_problem *p, int64_t index)
{
    const int64_t s = index % p->kernel[1], r = index / p->kernel[1] % p->kernel[0],
                  filter = index / taps(p);
    if (p->shared)
        return (pairs){0, p->c, filter, p->reduce == CLCONV_REDUCE_NONE ? p->k / p->c : 0, r, s};
    const block b = block_of(p, BY_W, index);
    const int64_t within = (index - b.w) / taps(p);
    return (pairs){b.x + within % b.in, 1, b.y + within / b.in, 0, r, s};
}

static int64_t w_count(const clconv_problem *p)
{
    if (p->shared)
        return p->k / p->c * taps(p);
    block last = block_first(p);
    for (int64_t g = 1; g < p->groups; g++)
        last = block_next(p, last, g);
    return last.w + last.out * last.in * taps(p);
}

static double w_terms(const clconv_problem *p)
{
    return (double)p->n * (double)length(p, 0) * (double)length(p, 1) *
           (double)(p->shared ? p->c : 1);
}

static void add_pairs(const clconv_problem *p, const verify_inputs *in, const pairs *v, int64_t n,
                      int64_t row, verify_sum *sum)
{
    const int64_t h = pixel(p, 0, row, v->r), columns = length(p, 1);
    for (int64_t q = 0; inside(p, 0, h) && q < columns; q++) {
        const int64_t w = pixel(p, 1, q, v->s);
        for (int64_t i = 0; inside(p, 1, w) && i < v->count; i++)
            add(sum, (double)in->x[((n * p->c + v->x + i) * p->in[0] + h) * p->in[1] + w] *
                         y_at(p, in, n, v->y + i * v->y_step, row, q));
    }
}

static verify_sum w_element(const clconv_problem *p, const verify_inputs *in, int64_t index)
{
    verify_sum sum = {0};
    const pairs v = pairs_of(p, index);
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t row = 0; row < length(p, 0); row++)
            add_pairs(p, in, &v, n, row, &sum);
    return (verify_sum){sum.want / mean_of(p), sum.scale / mean_of(p)};
}

/* ---- The gradient by b ----------------------------------------------------------------------- */

static int64_t b_count(const clconv_problem *p)
{
    return p->shared ? p->k / p->c : p->k;
}

/* A sum over channels has the bias once for each of them. */
static verify_sum b_element(const clconv_problem *p, const verify_inputs *in, int64_t index)
{
    verify_sum sum = {0};
    const double times = p->reduce == CLCONV_REDUCE_SUM ? (double)p->c : 1;
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t k = index; k < outputs(p); k += b_count(p))
            for (int64_t row = 0; row < length(p, 0); row++)
                for (int64_t q = 0; q < length(p, 1); q++)
                    add(&sum, times * y_at(p, in, n, k, row, q));
    return sum;
}

/* ---- By op ----------------------------------------------------------------------------------- */

const verify_target verify_bias_target = {"db", ARRAY_B, b_count, w_terms, b_element};

const verify_target *verify_target_of(const clconv_problem *p)
{
    static const verify_target targets[] = {
        [CLCONV_FORWARD] = {"output", ARRAY_Y, y_count, y_terms, y_element},
        [CLCONV_BACKWARD_DATA] = {"dx", ARRAY_X, x_count, x_terms, x_element},
        [CLCONV_BACKWARD_WEIGHTS] = {"dw", ARRAY_W, w_count, w_terms, w_element}};
    return &targets[p->op];
}
