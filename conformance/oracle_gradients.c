/* SPDX-License-Identifier: MIT */
/* The first oracle's gradients: it walks over the products of the convolution, as oracle.c does,
 * and scatters each, with the gradient of y in place of one factor, into what the other factor is
 * read from. */
#include "oracle_walk.h"

#include <math.h>

/* A gradient in the making. */
typedef struct gradient {
    const clconv_problem *p;
    const oracle_shape *shape;
    const oracle_inputs *in;
    double *want, *mag;
    int64_t *terms;
} gradient;

static void add(const gradient *g, size_t at, double summand)
{
    g->want[at] += summand;
    g->mag[at] += fabs(summand);
    g->terms[at]++;
}

/* The product of x and w that is part of y: elements of the three. */
static void scatter_product(const gradient *g, size_t x, size_t w, size_t y)
{
    const double dy = g->in->y[y];
    if (g->p->op == CLCONV_BACKWARD_DATA)
        add(g, x, dy * g->in->w[w]);
    else
        add(g, w, dy * g->in->x[x]);
}

/* One row of the image, or of padding made of it, and one row of the filter: first elements. */
static void scatter_row(const gradient *g, size_t x, size_t w, size_t y)
{
    const clconv_problem *const p = g->p;
    for (int64_t iw = oracle_first_position(p, 1); iw < oracle_end_position(p, 1); iw++) {
        const int64_t column = oracle_shown(p, 1, iw);
        for (int64_t s = 0; s < p->kernel[1]; s++) {
            const int64_t q = oracle_reached(p, 1, iw, s, g->shape->q);
            if (q >= 0)
                scatter_product(g, x + (size_t)column, w + (size_t)s, y + (size_t)q);
        }
    }
}

/* One plane of each: first elements. */
static void scatter_plane(const gradient *g, size_t x, size_t w, size_t y)
{
    const clconv_problem *const p = g->p;
    for (int64_t ih = oracle_first_position(p, 0); ih < oracle_end_position(p, 0); ih++) {
        const int64_t line = oracle_shown(p, 0, ih);
        for (int64_t r = 0; r < p->kernel[0]; r++) {
            const int64_t row = oracle_reached(p, 0, ih, r, g->shape->p);
            if (row >= 0)
                scatter_row(g, x + (size_t)(line * p->in[1]), w + (size_t)(r * p->kernel[1]),
                            y + (size_t)(row * g->shape->q));
        }
    }
}

/* An element of b is part of every output of its channel. */
static void scatter_bias(const gradient *g, size_t b, size_t y)
{
    const size_t plane = (size_t)(g->shape->p * g->shape->q);
    for (size_t i = 0; i < plane; i++)
        add(g, g->shape->w + b, g->in->y[y + i]);
}

/* One image, one block. With a reduction the first block's outputs are those of all. */
static void scatter_block(const gradient *g, int64_t n, const block *at, bool bias)
{
    const clconv_problem *const p = g->p;
    const size_t taps = (size_t)(p->kernel[0] * p->kernel[1]);
    const size_t x_plane = (size_t)(p->in[0] * p->in[1]);
    const size_t y_plane = (size_t)(g->shape->p * g->shape->q);
    for (int64_t k = 0; k < at->out_count; k++) {
        const size_t y = (size_t)(n * g->shape->k + at->out_first + k) * y_plane;
        for (int64_t c = 0; c < at->in_count; c++)
            scatter_plane(g, (size_t)(n * p->c + at->in_first + c) * x_plane,
                          at->w_first + (size_t)(k * at->in_count + c) * taps, y);
        if (bias)
            scatter_bias(g, at->b_first + (size_t)k, y);
    }
}

/* A bias of backward-data belongs to x: one element for every input channel. */
static void begin(const gradient *g)
{
    const bool bias = g->p->op == CLCONV_BACKWARD_DATA && g->shape->b > 0;
    const size_t plane = (size_t)(g->p->in[0] * g->p->in[1]);
    for (size_t i = 0; i < g->shape->outputs; i++) {
        g->want[i] = bias ? g->in->b[i / plane % g->shape->b] : 0.0;
        g->mag[i] = fabs(g->want[i]);
        g->terms[i] = 0;
    }
}

/* y has C times the bias in a sum, C / C times in a mean. One division of the whole sum, as in
 * oracle.c. */
static void finish(const gradient *g)
{
    const double channels = (double)g->p->c;
    const size_t products = g->p->op == CLCONV_BACKWARD_DATA ? g->shape->x : g->shape->w;
    for (size_t i = 0; g->p->reduce == CLCONV_REDUCE_MEAN && i < products; i++) {
        g->want[i] /= channels;
        g->mag[i] /= channels;
    }
    for (size_t i = products; g->p->reduce == CLCONV_REDUCE_SUM && i < g->shape->outputs; i++) {
        g->want[i] *= channels;
        g->mag[i] *= channels;
    }
}

void oracle_scatter_gradient(const clconv_problem *p, const oracle_shape *shape,
                             const oracle_inputs *in, double *want, double *mag, int64_t *terms)
{
    const gradient g = {p, shape, in, want, mag, terms};
    const bool bias = p->op == CLCONV_BACKWARD_WEIGHTS && shape->b > 0;
    begin(&g);
    for (int64_t n = 0; n < p->n; n++) {
        block at = oracle_first_block(p);
        for (int64_t i = 0; i < oracle_block_count(p); i++) {
            at = i > 0 ? oracle_next_block(p, at, i) : at;
            scatter_block(&g, n, &at, bias && (i == 0 || p->reduce == CLCONV_REDUCE_NONE));
        }
    }
    finish(&g);
}
