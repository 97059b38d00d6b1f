/* SPDX-License-Identifier: MIT */
/* The first oracle: walks the inputs and scatters every product into the output it belongs to, in
 * double. It shares no arithmetic with the library nor with gather.c. */
#include "oracle_walk.h"

#include <math.h>

int64_t oracle_block_count(const clconv_problem *p)
{
    return p->shared ? p->c : p->groups;
}

block oracle_first_block(const clconv_problem *p)
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

block oracle_next_block(const clconv_problem *p, block now, int64_t g)
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

static size_t bias_length(const clconv_problem *p)
{
    if (p->b.dtype == CLCONV_DTYPE_ABSENT)
        return 0;
    if (p->op == CLCONV_BACKWARD_DATA)
        return (size_t)p->c;
    return (size_t)(p->shared ? p->k / p->c : p->k);
}

static size_t count_outputs(const clconv_problem *p, const oracle_shape *shape)
{
    const size_t outputs[] = {[CLCONV_FORWARD] = shape->y,
                              [CLCONV_BACKWARD_DATA] = shape->x,
                              [CLCONV_BACKWARD_WEIGHTS] = shape->w + shape->b};
    return outputs[p->op];
}

bool oracle_output(const clconv_problem *p, oracle_shape *out)
{
    block now = oracle_first_block(p);
    size_t w = 0;
    for (int64_t g = 0; g < oracle_block_count(p); g++) {
        if (g > 0)
            now = oracle_next_block(p, now, g);
        if (g == 0 || !p->shared)
            w += (size_t)now.out_count * (size_t)now.in_count;
    }
    out->n = p->n;
    out->k = now.out_first + now.out_count;
    out->p = count_windows(p, 0);
    out->q = count_windows(p, 1);
    out->x = (size_t)p->n * (size_t)p->c * (size_t)p->in[0] * (size_t)p->in[1];
    out->w = w * (size_t)p->kernel[0] * (size_t)p->kernel[1];
    out->b = bias_length(p);
    out->y = (size_t)out->n * (size_t)out->k * (size_t)out->p * (size_t)out->q;
    out->residual = p->residual.dtype ? out->y : 0;
    out->outputs = count_outputs(p, out);
    return out->p > 0 && out->q > 0;
}

/* row = (at + pad - tap * dilation) / stride where that is whole and inside the output. */
int64_t oracle_reached(const clconv_problem *p, int axis, int64_t at, int64_t tap, int64_t outputs)
{
    const int64_t shifted = at + p->pad_before[axis] - tap * p->dilation[axis];
    if (shifted < 0 || shifted % p->stride[axis] != 0)
        return -1;
    return shifted / p->stride[axis] < outputs ? shifted / p->stride[axis] : -1;
}

int64_t oracle_first_position(const clconv_problem *p, int axis)
{
    return p->pad_mode == CLCONV_PAD_ZEROS ? 0 : -p->pad_before[axis];
}

int64_t oracle_end_position(const clconv_problem *p, int axis)
{
    return p->in[axis] + (p->pad_mode == CLCONV_PAD_ZEROS ? 0 : p->pad_after[axis]);
}

/* A walk from row 0, which at an edge turns round (reflect), stops (replicate) or enters at the
 * other side (circular). */
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

int64_t oracle_shown(const clconv_problem *p, int axis, int64_t position)
{
    const bool inside = position >= 0 && position < p->in[axis];
    return inside ? position : walk_to(p, axis, position);
}

/* Adds one row of the image, seen through one tap of the filter, into one row of the output. */
static void scatter_row(const clconv_problem *p, int64_t tap, int64_t outputs, const double *x,
                        double weight, double *y, double *mag)
{
    const int64_t step = p->stride[1], first = oracle_first_position(p, 1),
                  end = oracle_end_position(p, 1);
    int64_t iw = tap * p->dilation[1] - p->pad_before[1];
    int64_t q = 0;
    if (iw < first) { /* the first outputs see padding through this tap */
        q = (first - iw + step - 1) / step;
        iw += q * step;
    }
    for (; q < outputs && iw < end; q++, iw += step) {
        const double product = x[oracle_shown(p, 1, iw)] * weight;
        y[q] += product;
        mag[q] += fabs(product);
    }
}

static void scatter_plane(const clconv_problem *p, const oracle_shape *shape, const double *x,
                          const double *filter, double *y, double *mag)
{
    for (int64_t ih = oracle_first_position(p, 0); ih < oracle_end_position(p, 0); ih++)
        for (int64_t r = 0; r < p->kernel[0]; r++) {
            const int64_t row = oracle_reached(p, 0, ih, r, shape->p);
            if (row < 0)
                continue;
            const double *const line = x + oracle_shown(p, 0, ih) * p->in[1];
            for (int64_t s = 0; s < p->kernel[1]; s++)
                scatter_row(p, s, shape->q, line, filter[r * p->kernel[1] + s], y + row * shape->q,
                            mag + row * shape->q);
        }
}

/* One image, one block: the bias of each output plane and every input plane scattered into it. */
static void scatter_block(const clconv_problem *p, const oracle_shape *shape, const block *at,
                          const double *x, const double *w, const double *b, double *y, double *mag)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    const int64_t plane = shape->p * shape->q;
    for (int64_t k = 0; k < at->out_count; k++) {
        double *const y_plane = y + (at->out_first + k) * plane;
        double *const mag_plane = mag + (at->out_first + k) * plane;
        for (int64_t i = 0; b && i < plane; i++) {
            const double bias = b[at->b_first + (size_t)k];
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
    for (int64_t ih = oracle_first_position(p, 0); ih < oracle_end_position(p, 0); ih++)
        for (int64_t r = 0; r < p->kernel[0]; r++) {
            const int64_t row = oracle_reached(p, 0, ih, r, shape->p);
            for (int64_t iw = oracle_first_position(p, 1);
                 row >= 0 && iw < oracle_end_position(p, 1); iw++)
                for (int64_t s = 0; s < p->kernel[1]; s++) {
                    const int64_t column = oracle_reached(p, 1, iw, s, shape->q);
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
        block at = oracle_first_block(p);
        for (int64_t g = 0; g < oracle_block_count(p); g++) {
            at = g > 0 ? oracle_next_block(p, at, g) : at;
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

static void scatter_forward(const clconv_problem *p, const oracle_shape *shape,
                            const oracle_inputs *in, double *y, double *mag, int64_t *terms)
{
    const int64_t x_image = p->c * p->in[0] * p->in[1];
    const int64_t y_image = shape->k * shape->p * shape->q;
    for (int64_t n = 0; n < p->n; n++) {
        block at = oracle_first_block(p);
        for (int64_t g = 0; g < oracle_block_count(p); g++) {
            at = g > 0 ? oracle_next_block(p, at, g) : at;
            scatter_block(p, shape, &at, in->x + n * x_image, in->w, in->b, y + n * y_image,
                          mag + n * y_image);
        }
    }
    /* One division of the whole sum: dividing earlier would round twice, and an exact sum must give
     * the float nearest to the mean. */
    for (size_t i = 0; p->reduce == CLCONV_REDUCE_MEAN && i < shape->y; i++) {
        y[i] /= (double)p->c;
        mag[i] /= (double)p->c;
    }
    count_terms(p, shape, terms);
}

void oracle_scatter(const clconv_problem *p, const oracle_inputs *in, double *want, double *mag,
                    int64_t *terms)
{
    oracle_shape shape;
    if (!oracle_output(p, &shape))
        return;
    for (size_t i = 0; i < shape.outputs; i++)
        want[i] = mag[i] = 0.0;
    if (p->op == CLCONV_FORWARD)
        scatter_forward(p, &shape, in, want, mag, terms);
    else
        oracle_scatter_gradient(p, &shape, in, want, mag, terms);
}
