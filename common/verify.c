/* SPDX-License-Identifier: MIT */
/* Computes sampled outputs in double precision, one product at a time. */
#include "verify.h"

#include "padding.h"

#include <math.h>
#include <stdio.h>

/* Which inputs an output sums: `channels` of x from `first` on, weights from `w` on with `w_step`
 * per channel; then `bias_times` its bias, and all of it over `divisor`. */
typedef struct window {
    int64_t first, channels, w, w_step, bias, bias_times, divisor;
} window;

typedef struct extent {
    int64_t k, p, q; /* of y */
} extent;

static int64_t length(const clconv_problem *p, int axis)
{
    const int64_t padded = p->in[axis] + p->pad_before[axis] + p->pad_after[axis];
    return (padded - p->dilation[axis] * (p->kernel[axis] - 1) - 1) / p->stride[axis] + 1;
}

static extent extent_of(const clconv_problem *p)
{
    return (extent){p->reduce == CLCONV_REDUCE_NONE ? p->k : p->k / p->c, length(p, 0),
                    length(p, 1)};
}

static window shared_window(const clconv_problem *p, int64_t k)
{
    const int64_t filters = p->k / p->c, taps = p->kernel[0] * p->kernel[1], m = k % filters;
    if (p->reduce == CLCONV_REDUCE_NONE)
        return (window){k / filters, 1, m * taps, 0, m, 1, 1};
    return (window){0, p->c, m * taps, 0, m, p->c, p->reduce == CLCONV_REDUCE_MEAN ? p->c : 1};
}

static window window_of(const clconv_problem *p, int64_t k)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    int64_t first = 0, w = 0, begin = 0;
    if (p->shared)
        return shared_window(p, k);
    for (int64_t g = 0;; g++) {
        const int64_t in = p->group_in ? p->group_in[g] : p->c / p->groups;
        const int64_t out = p->group_out ? p->group_out[g] : p->k / p->groups;
        if (k < begin + out)
            return (window){first, in, w + (k - begin) * in * taps, taps, k, 1, 1};
        first += in;
        begin += out;
        w += out * in * taps;
    }
}

int verify_amplitude(const clconv_problem *p)
{
    enum { MOST = 1023 };
    double terms = 0;
    for (int64_t k = 0; k < extent_of(p).k; k++) {
        const window v = window_of(p, k);
        const double these =
            (double)v.channels * (double)(p->kernel[0] * p->kernel[1]) + (double)v.bias_times;
        terms = fmax(terms, these);
    }
    return (int)fmin(MOST, floor(sqrt(0x1p24 / terms)));
}

/* Numerical Recipes' ranqd1, 64 bits wide. */
static uint64_t next(uint64_t state)
{
    return state * 6364136223846793005u + 1442695040888963407u;
}

void verify_fill(float *data, size_t count, int amplitude, uint64_t seed)
{
    uint64_t state = next(seed);
    for (size_t i = 0; i < count; i++) {
        state = next(state);
        const int value = 1 + (int)((state >> 33) % (uint64_t)amplitude);
        data[i] = (float)(state >> 63 ? value : -value);
    }
}

static void judge_output(const clconv_problem *p, const verify_inputs *in, extent e, size_t at,
                         double *want, double *scale)
{
    const int64_t index = (int64_t)at;
    const int64_t q = index % e.q, row = index / e.q % e.p, k = index / (e.q * e.p) % e.k,
                  n = index / (e.q * e.p * e.k);
    const window v = window_of(p, k);
    double sum = 0, magnitude = 0;
    for (int64_t c = 0; c < v.channels; c++)
        for (int64_t r = 0; r < p->kernel[0]; r++)
            for (int64_t s = 0; s < p->kernel[1]; s++) {
                const int64_t h = padding_position(
                    p, 0, row * p->stride[0] - p->pad_before[0] + r * p->dilation[0]);
                const int64_t w = padding_position(
                    p, 1, q * p->stride[1] - p->pad_before[1] + s * p->dilation[1]);
                if (h < 0 || h >= p->in[0] || w < 0 || w >= p->in[1])
                    continue;
                const double product =
                    (double)in->x[((n * p->c + v.first + c) * p->in[0] + h) * p->in[1] + w] *
                    (double)in->w[v.w + c * v.w_step + r * p->kernel[1] + s];
                sum += product;
                magnitude += fabs(product);
            }
    const double bias = in->b ? (double)v.bias_times * (double)in->b[v.bias] : 0;
    *want = (sum + bias) / (double)v.divisor;
    *scale = (magnitude + fabs(bias)) / (double)v.divisor;
}

/* Sample i of `count`, ascending: evenly spread from the first output to the last, those between
 * moved by less than a step so that they hit all columns. */
static size_t sample_place(size_t i, size_t count, size_t outputs)
{
    if (i + 1 == count)
        return outputs - 1;
    const double step = (double)(outputs - 1) / (double)(count - 1);
    const size_t most = (size_t)step;
    return (size_t)((double)i * step) + (i > 0 ? i * 2654435761u % most : 0);
}

void verify_prepare(const clconv_problem *p, const verify_inputs *in, verifier *out)
{
    const extent e = extent_of(p);
    out->outputs = (size_t)(p->n * e.k * e.p * e.q);
    out->count = out->outputs < VERIFY_SAMPLES ? out->outputs : VERIFY_SAMPLES;
    for (size_t i = 0; i < out->count; i++) {
        out->at[i] = sample_place(i, out->count, out->outputs);
        judge_output(p, in, e, out->at[i], &out->want[i], &out->scale[i]);
    }
}

bool verify_outputs(const verifier *v, const float *y, bool exact, char *why, size_t room)
{
    for (size_t i = 0; i < v->outputs; i++)
        if (isnan(y[i]))
            return snprintf(why, room, "output %zu of %zu is NaN: it was not written", i,
                            v->outputs),
                   false;
    for (size_t i = 0; i < v->count; i++) {
        const double got = (double)y[v->at[i]];
        const double want = exact ? (double)(float)v->want[i] : v->want[i];
        if (!(fabs(got - want) <= (exact ? 0 : 1e-5 * v->scale[i])))
            return snprintf(why, room, "output %zu of %zu is %.9g, but must be %.9g", v->at[i],
                            v->outputs, got, want),
                   false;
    }
    return true;
}
