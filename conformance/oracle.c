/* SPDX-License-Identifier: MIT */
/* The first oracle: walks the inputs and scatters every product into the output it belongs to, in
 * double. It shares no arithmetic with the library nor with gather.c. */
#include "suite.h"

#include <math.h>

/* Channels of one group: block g of x, w and y. A shared kernel is C groups of one input channel
 * that all use the same filters; with a reduction they also all add into the same outputs. */
typedef struct block {
    int64_t in_first, in_count, out_first, out_count;
    size_t w_first, b_first;
} block;

static int64_t block_count(const clconv_problem *p)
{
    return p->shared ? p->c : p->groups;
}

static block first_block(const clconv_problem *p)
{
    block first = {0};
    if (p->shared) {
        first.in_count = 1;
        first.out_count = p->k / p->c;
        return first;
    }
    first.in_count = p->group_in ? p->group_in[0] : p->c / p->groups;
    first.out_count = p->group_out ? p->group_out[0] : p->k / p->groups;
    return first;
}

/* Block number g, from block g - 1. */
static block next_block(const clconv_problem *p, block now, int64_t g)
{
    block next = now;
    next.in_first += now.in_count;
    if (p->reduce == CLCONV_REDUCE_NONE)
        next.out_first += now.out_count;
    if (p->shared)
        return next;
    next.w_first +=
        (size_t)now.out_count * (size_t)now.in_count * (size_t)p->kernel[0] * (size_t)p->kernel[1];
    next.b_first += (size_t)now.out_count;
    next.in_count = p->group_in ? p->group_in[g] : now.in_count;
    next.out_count = p->group_out ? p->group_out[g] : now.out_count;
    return next;
}

/* How many positions the window has along an axis: it is put at the first row of the padding and
 * moved on by the stride for as long as its last tap stays inside the padded image. */
static int64_t count_windows(const clconv_problem *p, int axis)
{
    const int64_t reach = p->dilation[axis] * (p->kernel[axis] - 1);
    const int64_t end = p->in[axis] + p->pad_after[axis];
    int64_t windows = 0;
    for (int64_t at = -p->pad_before[axis]; at + reach < end; at += p->stride[axis])
        windows++;
    return windows;
}

bool oracle_output(const clconv_problem *p, oracle_shape *out)
{
    block now = first_block(p);
    size_t w = 0;
    for (int64_t g = 0; g < block_count(p); g++) {
        if (g > 0)
            now = next_block(p, now, g);
        if (g == 0 || !p->shared)
            w += (size_t)now.out_count * (size_t)now.in_count;
    }
    out->n = p->n;
    out->k = now.out_first + now.out_count;
    out->p = count_windows(p, 0);
    out->q = count_windows(p, 1);
    out->x = (size_t)p->n * (size_t)p->c * (size_t)p->in[0] * (size_t)p->in[1];
    out->w = w * (size_t)p->kernel[0] * (size_t)p->kernel[1];
    out->b = p->b.dtype ? (size_t)(p->shared ? p->k / p->c : p->k) : 0;
    out->y = (size_t)out->n * (size_t)out->k * (size_t)out->p * (size_t)out->q;
    return out->p > 0 && out->q > 0;
}

/* The output row that input row `at` reaches through tap `tap`, or -1: row = (at + pad - tap *
 * dilation) / stride where that is whole and inside the output. */
static int64_t reached(const clconv_problem *p, int axis, int64_t at, int64_t tap, int64_t outputs)
{
    const int64_t shifted = at + p->pad_before[axis] - tap * p->dilation[axis];
    if (shifted < 0 || shifted % p->stride[axis] != 0)
        return -1;
    return shifted / p->stride[axis] < outputs ? shifted / p->stride[axis] : -1;
}

/* Positions [first, end) along an axis at which something of the image stands: the image, and the
 * padding that is made of it. */
static int64_t first_position(const clconv_problem *p, int axis)
{
    return p->pad_mode == CLCONV_PAD_ZEROS ? 0 : -p->pad_before[axis];
}

static int64_t end_position(const clconv_problem *p, int axis)
{
    return p->in[axis] + (p->pad_mode == CLCONV_PAD_ZEROS ? 0 : p->pad_after[axis]);
}

/* The row or column of the image that stands at a position: a walk from row 0, which at an edge
 * turns round (reflect), stops (replicate) or enters at the other side (circular). */
static int64_t walk_to(const clconv_problem *p, int axis, int64_t position)
{
    int64_t here = 0, step = position < 0 ? -1 : 1;
    for (int64_t left = position < 0 ? -position : position; left > 0; left--) {
        const bool leaves = here + step < 0 || here + step >= p->in[axis];
        if (leaves && p->pad_mode == CLCONV_PAD_REPLICATE)
            continue;
        if (leaves && p->pad_mode == CLCONV_PAD_CIRCULAR)
            here = step < 0 ? p->in[axis] : -1;
        else if (leaves)
            step = -step;
        here += step;
    }
    return here;
}

/* Adds one row of the image, seen through one tap of the filter, into one row of the output. */
static void scatter_row(const clconv_problem *p, int64_t tap, int64_t outputs, const float *x,
                        double weight, double *y, double *mag)
{
    const int64_t step = p->stride[1], first = first_position(p, 1), end = end_position(p, 1);
    int64_t iw = tap * p->dilation[1] - p->pad_before[1];
    int64_t q = 0;
    if (iw < first) { /* the first outputs see padding through this tap */
        q = (first - iw + step - 1) / step;
        iw += q * step;
    }
    for (; q < outputs && iw < end; q++, iw += step) {
        const bool inside = iw >= 0 && iw < p->in[1];
        const double product = (double)x[inside ? iw : walk_to(p, 1, iw)] * weight;
        y[q] += product;
        mag[q] += fabs(product);
    }
}

static void scatter_plane(const clconv_problem *p, const oracle_shape *shape, const float *x,
                          const float *filter, double *y, double *mag)
{
    for (int64_t ih = first_position(p, 0); ih < end_position(p, 0); ih++)
        for (int64_t r = 0; r < p->kernel[0]; r++) {
            const int64_t row = reached(p, 0, ih, r, shape->p);
            if (row < 0)
                continue;
            const bool inside = ih >= 0 && ih < p->in[0];
            const float *const line = x + (inside ? ih : walk_to(p, 0, ih)) * p->in[1];
            for (int64_t s = 0; s < p->kernel[1]; s++)
                scatter_row(p, s, shape->q, line, (double)filter[r * p->kernel[1] + s],
                            y + row * shape->q, mag + row * shape->q);
        }
}

/* One image, one block: the bias of each output plane and every input plane scattered into it. */
static void scatter_block(const clconv_problem *p, const oracle_shape *shape, const block *at,
                          const float *x, const float *w, const float *b, double *y, double *mag)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    const int64_t plane = shape->p * shape->q;
    for (int64_t k = 0; k < at->out_count; k++) {
        double *const y_plane = y + (at->out_first + k) * plane;
        double *const mag_plane = mag + (at->out_first + k) * plane;
        for (int64_t i = 0; b && i < plane; i++) {
            const double bias = (double)b[at->b_first + (size_t)k];
            y_plane[i] += bias;
            mag_plane[i] += fabs(bias);
        }
        for (int64_t c = 0; c < at->in_count; c++)
            scatter_plane(p, shape, x + (at->in_first + c) * p->in[0] * p->in[1],
                          w + at->w_first + (k * at->in_count + c) * taps, y_plane, mag_plane);
    }
}

/* Taps of the window that see something of the image, for every position of one output plane. */
static void count_taps(const clconv_problem *p, const oracle_shape *shape, int64_t *taps)
{
    for (int64_t i = 0; i < shape->p * shape->q; i++)
        taps[i] = 0;
    for (int64_t ih = first_position(p, 0); ih < end_position(p, 0); ih++)
        for (int64_t r = 0; r < p->kernel[0]; r++) {
            const int64_t row = reached(p, 0, ih, r, shape->p);
            for (int64_t iw = first_position(p, 1); row >= 0 && iw < end_position(p, 1); iw++)
                for (int64_t s = 0; s < p->kernel[1]; s++) {
                    const int64_t column = reached(p, 1, iw, s, shape->q);
                    if (column >= 0)
                        taps[row * shape->q + column]++;
                }
        }
}

/* terms = taps inside the image * channels that an output adds up. Plane 0 holds the taps until all
 * other planes have been multiplied from it. */
static void count_terms(const clconv_problem *p, const oracle_shape *shape, int64_t *terms)
{
    const int64_t plane = shape->p * shape->q;
    int64_t first_channels = 0;
    if (shape->n > 0)
        count_taps(p, shape, terms);
    for (int64_t n = 0; n < shape->n; n++) {
        block at = first_block(p);
        for (int64_t g = 0; g < block_count(p); g++) {
            at = g > 0 ? next_block(p, at, g) : at;
            const int64_t channels = p->reduce == CLCONV_REDUCE_NONE ? at.in_count : p->c;
            for (int64_t k = at.out_first; k < at.out_first + at.out_count; k++) {
                if (n == 0 && k == 0)
                    first_channels = channels;
                int64_t *const here = terms + (n * shape->k + k) * plane;
                for (int64_t i = 0; (n > 0 || k > 0) && i < plane; i++)
                    here[i] = terms[i] * channels;
            }
        }
    }
    for (int64_t i = 0; shape->n > 0 && i < plane; i++)
        terms[i] *= first_channels;
}

void oracle_scatter(const clconv_problem *p, const float *x, const float *w, const float *b,
                    double *y, double *mag, int64_t *terms)
{
    oracle_shape shape;
    if (!oracle_output(p, &shape))
        return;
    for (size_t i = 0; i < shape.y; i++)
        y[i] = mag[i] = 0.0;
    const int64_t x_image = p->c * p->in[0] * p->in[1];
    const int64_t y_image = shape.k * shape.p * shape.q;
    for (int64_t n = 0; n < p->n; n++) {
        block at = first_block(p);
        for (int64_t g = 0; g < block_count(p); g++) {
            at = g > 0 ? next_block(p, at, g) : at;
            scatter_block(p, &shape, &at, x + n * x_image, w, b, y + n * y_image,
                          mag + n * y_image);
        }
    }
    /* One division of the whole sum: dividing earlier would round twice, and an exact sum must give
     * the float nearest to the mean. */
    for (size_t i = 0; p->reduce == CLCONV_REDUCE_MEAN && i < shape.y; i++) {
        y[i] /= (double)p->c;
        mag[i] /= (double)p->c;
    }
    count_terms(p, &shape, terms);
}
