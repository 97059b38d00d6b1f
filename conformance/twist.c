/* SPDX-License-Identifier: MIT */
/* A convolution that makes a given mistake. */
#include "twist.h"

#include "padding.h"

#include <stdlib.h>

bool twist_view_open(twist_view *v, const clconv_problem *p, const reference *ref)
{
    data_block at = data_first_block(p);
    *v = (twist_view){p, ref, malloc((size_t)at.count * sizeof *v->blocks)};
    if (!v->blocks)
        return false;
    do {
        v->blocks[at.index] = at;
    } while (data_next_block(p, &at));
    return true;
}

void twist_view_close(twist_view *v)
{
    free(v->blocks);
}

/* By halving: the blocks are in the order of their output channels. */
int64_t twist_block_of(const twist_view *v, int64_t k)
{
    int64_t low = 0, high = v->blocks[0].count - 1;
    while (low < high) {
        const int64_t middle = (low + high + 1) / 2;
        if (v->blocks[middle].first_out <= k)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

double twist_bias_factor(const clconv_problem *p)
{
    return p->reduce == CLCONV_REDUCE_NONE ? 1.0 : (double)p->c;
}

double twist_divisor(const clconv_problem *p)
{
    return p->reduce == CLCONV_REDUCE_MEAN ? (double)p->c : 1.0;
}

static bool within(int64_t value, int64_t count)
{
    return value >= 0 && value < count;
}

/* Where a tap of the window at an output stands, as the problem's padding has it. */
static int64_t placed(const clconv_problem *p, int axis, int64_t output, int64_t tap)
{
    const int64_t at = output * p->stride[axis] - p->pad_before[axis] + tap * p->dilation[axis];
    return padding_position(p, axis, at);
}

static product place_product(const clconv_problem *p, const aim *at, int64_t block,
                             const int64_t tap[3])
{
    return (product){.n = at->n,
                     .block = block,
                     .c = tap[0],
                     .row = placed(p, 0, at->p, tap[1]),
                     .column = placed(p, 1, at->q, tap[2]),
                     .k = at->k,
                     .plane = p->shared ? 0 : tap[0],
                     .r = tap[1],
                     .s = tap[2]};
}

static bool in_image(const clconv_problem *p, const product *at)
{
    return within(at->row, p->in[0]) && within(at->column, p->in[1]);
}

/* False where there is no such weight. */
static bool read_weight(const twist_view *v, const product *at, double *out)
{
    const clconv_problem *const p = v->p;
    if (!within(at->k, v->ref->shape.k))
        return false;
    const data_block *const from = &v->blocks[twist_block_of(v, at->k)];
    const int64_t plane = (at->k - from->first_out) * from->planes + at->plane;
    if (!within(at->plane, from->planes))
        return false;
    *out =
        v->ref->w[(int64_t)from->first_w + (plane * p->kernel[0] + at->r) * p->kernel[1] + at->s];
    return true;
}

/* Adds one product, read where `at` says; `straight` is where it should be read. */
static void add_product(const twist_view *v, const product *at, const product *straight,
                        outcome *out)
{
    const clconv_problem *const p = v->p;
    double weight = 0.0;
    if (at->missing)
        return;
    const bool in_block = within(at->block, v->blocks[0].count) && within(at->n, p->n) &&
                          within(at->c, v->blocks[at->block].in_count);
    if (!read_weight(v, at, &weight) || !in_block ||
        (in_image(p, at) != in_image(p, straight) && weight != 0.0)) {
        out->edge = true;
        return;
    }
    if (!in_image(p, at))
        return;
    const int64_t channel = at->n * p->c + v->blocks[at->block].first_in + at->c;
    const double x = v->ref->x[(channel * p->in[0] + at->row) * p->in[1] + at->column];
    if (x == 0.0 || weight == 0.0)
        return;
    out->value += x * weight;
    out->seen = true;
    out->last = *at;
}

static double bias_of(const twist_view *v, const aim *at, outcome *out)
{
    if (!v->ref->b || at->bias == -1)
        return 0.0;
    const int64_t k = v->p->shared ? at->bias % (v->p->k / v->p->c) : at->bias;
    out->edge |= !within(at->bias, v->ref->shape.k);
    return out->edge ? 0.0 : twist_bias_factor(v->p) * v->ref->b[k];
}

outcome twist_outcome(const twist_view *v, const twist *t, aim at)
{
    clconv_problem p = *v->p;
    outcome out = {0};
    if (t->problem)
        t->problem(&p);
    if (t->output)
        t->output(v, &at, t->by);
    out.value = bias_of(v, &at, &out);
    const int64_t block = twist_block_of(v, at.k);
    int64_t tap[3];
    for (tap[0] = 0; tap[0] < v->blocks[block].in_count; tap[0]++)
        for (tap[1] = 0; tap[1] < p.kernel[0]; tap[1]++)
            for (tap[2] = 0; tap[2] < p.kernel[1]; tap[2]++) {
                const product straight = place_product(v->p, &at, block, tap);
                product read = place_product(&p, &at, block, tap);
                if (t->product)
                    t->product(&p, &read, t->by);
                add_product(v, &read, &straight, &out);
            }
    out.value /= twist_divisor(&p);
    return out;
}
