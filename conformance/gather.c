/* SPDX-License-Identifier: MIT */
/* The second oracle: PyTorch's formula taken literally, one output after another, in double. It
 * shares no arithmetic with the library nor with oracle.c, so that a slip in one of them shows. */
#include "gather_walk.h"

#include <math.h>

/* What one output channel adds up. */
typedef struct receptive {
    int64_t channel, channels; /* input channels [channel, channel + channels) */
    size_t filter;             /* element of w: its first filter plane */
    int64_t filter_step;       /* elements from one channel's plane to the next */
    double bias, bias_factor, divisor;
} receptive;

/* floor((H + pad_before + pad_after - dilation * (R - 1) - 1) / stride) + 1 */
int64_t gather_length(const clconv_problem *p, int axis)
{
    const int64_t last = p->in[axis] + p->pad_before[axis] + p->pad_after[axis] -
                         p->dilation[axis] * (p->kernel[axis] - 1) - 1;
    return last < 0 ? 0 : last / p->stride[axis] + 1;
}

static double bias_at(const oracle_source *from, int64_t i)
{
    const double *const b = from->read(from->user, ORACLE_B, (size_t)i, 1);
    return b ? *b : 0.0;
}

static receptive shared_channel(const clconv_problem *p, int64_t k, const oracle_source *from)
{
    const int64_t filters = p->k / p->c;
    const int64_t m = k % filters;
    receptive out = {.filter = (size_t)(m * p->kernel[0] * p->kernel[1]), .divisor = 1.0};
    out.channel = p->reduce == CLCONV_REDUCE_NONE ? k / filters : 0;
    out.channels = p->reduce == CLCONV_REDUCE_NONE ? 1 : p->c;
    out.bias = bias_at(from, m);
    out.bias_factor = (double)out.channels;
    if (p->reduce == CLCONV_REDUCE_MEAN)
        out.divisor = (double)p->c;
    return out;
}

/* Walks over the groups before the channel's own; where all are equal it begins with that one. */
static receptive grouped_channel(const clconv_problem *p, int64_t k, const oracle_source *from)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    const int64_t inputs = p->c / p->groups, outputs = p->k / p->groups;
    int64_t g = p->group_in || p->group_out ? 0 : k / outputs;
    int64_t behind = k - g * outputs; /* output channels from the first of group g to k */
    receptive out = {.channel = g * inputs,
                     .channels = inputs,
                     .filter = (size_t)(g * outputs * inputs * taps),
                     .filter_step = taps,
                     .bias_factor = 1.0,
                     .divisor = 1.0};
    for (;; g++) {
        const int64_t here = p->group_out ? p->group_out[g] : outputs;
        out.channels = p->group_in ? p->group_in[g] : inputs;
        if (behind < here)
            break;
        behind -= here;
        out.channel += out.channels;
        out.filter += (size_t)(here * out.channels * taps);
    }
    out.filter += (size_t)(behind * out.channels * taps);
    out.bias = bias_at(from, k);
    return out;
}

int64_t gather_mapped(const clconv_problem *p, int axis, int64_t at)
{
    const int64_t size = p->in[axis];
    if (at >= 0 && at < size)
        return at;
    if (p->pad_mode == CLCONV_PAD_REFLECT)
        return at < 0 ? -at : 2 * size - 2 - at;
    if (p->pad_mode == CLCONV_PAD_REPLICATE)
        return at < 0 ? 0 : size - 1;
    return p->pad_mode == CLCONV_PAD_CIRCULAR ? at + (at < 0 ? size : -size) : at;
}

/* Taps [*first, *end) of the window at `origin` that see something of the image. */
static void taps_inside(const clconv_problem *p, int axis, int64_t origin, int64_t *first,
                        int64_t *end)
{
    *first = 0;
    *end = p->kernel[axis];
    if (p->pad_mode != CLCONV_PAD_ZEROS)
        return;
    while (*first < p->kernel[axis] && origin + *first * p->dilation[axis] < 0)
        ++*first;
    while (*end > *first && origin + (*end - 1) * p->dilation[axis] >= p->in[axis])
        --*end;
}

static void gather_one(const clconv_problem *p, const oracle_source *source, const receptive *from,
                       int64_t n, int64_t top, int64_t left, double *y, double *mag, int64_t *terms)
{
    int64_t r_first, r_end, s_first, s_end;
    taps_inside(p, 0, top, &r_first, &r_end);
    taps_inside(p, 1, left, &s_first, &s_end);
    /* What a row of taps sees: from its first column to its last, or anywhere in the row. */
    const bool zeros = p->pad_mode == CLCONV_PAD_ZEROS;
    const int64_t column = zeros ? left + s_first * p->dilation[1] : 0;
    const int64_t reach = zeros ? (s_end - s_first - 1) * p->dilation[1] + 1 : p->in[1];
    double sum = from->bias_factor * from->bias;
    double size = fabs(sum);
    for (int64_t c = 0; s_first < s_end && c < from->channels; c++)
        for (int64_t r = r_first; r < r_end; r++) {
            const int64_t plane = n * p->c + from->channel + c;
            const int64_t line = plane * p->in[0] + gather_mapped(p, 0, top + r * p->dilation[0]);
            const double *const row = source->read(
                source->user, ORACLE_X, (size_t)(line * p->in[1] + column), (size_t)reach);
            const double *const filter = source->read(
                source->user, ORACLE_W,
                from->filter + (size_t)(c * from->filter_step + r * p->kernel[1] + s_first),
                (size_t)(s_end - s_first));
            for (int64_t s = s_first; s < s_end; s++) {
                const int64_t at = gather_mapped(p, 1, left + s * p->dilation[1]) - column;
                const double product = row[at] * filter[s - s_first];
                sum += product;
                size += fabs(product);
            }
        }
    *y = sum / from->divisor;
    *mag = size / from->divisor;
    *terms = from->channels * (r_end - r_first) * (s_end - s_first);
}

static receptive channel_of(const clconv_problem *p, int64_t k, const oracle_source *from)
{
    return p->shared ? shared_channel(p, k, from) : grouped_channel(p, k, from);
}

void oracle_gather_from(const clconv_problem *p, const oracle_source *source, size_t index,
                        double *y, double *mag, int64_t *terms)
{
    const int64_t rows = gather_length(p, 0), columns = gather_length(p, 1);
    const int64_t outputs = p->reduce == CLCONV_REDUCE_NONE ? p->k : p->k / p->c;
    const int64_t j = (int64_t)index % columns, i = (int64_t)index / columns % rows;
    const int64_t plane = (int64_t)index / columns / rows;
    const receptive from = channel_of(p, plane % outputs, source);
    gather_one(p, source, &from, plane / outputs, i * p->stride[0] - p->pad_before[0],
               j * p->stride[1] - p->pad_before[1], y, mag, terms);
}

/* Tensors that are arrays. */
static const double *read_array(void *user, oracle_tensor tensor, size_t first, size_t count)
{
    const double *const *const arrays = user;
    (void)count;
    return arrays[tensor] ? arrays[tensor] + first : NULL;
}

void oracle_gather_at(const clconv_problem *p, const oracle_inputs *in, size_t index, double *want,
                      double *mag, int64_t *terms)
{
    const double *arrays[] = {[ORACLE_X] = in->x, [ORACLE_W] = in->w, [ORACLE_B] = in->b};
    if (p->op == CLCONV_FORWARD)
        oracle_gather_from(p, &(oracle_source){read_array, arrays}, index, want, mag, terms);
    else
        gather_gradient_at(p, in, index, want, mag, terms);
}

static void gather_forward(const clconv_problem *p, const oracle_inputs *in, double *y, double *mag,
                           int64_t *terms)
{
    const double *arrays[] = {[ORACLE_X] = in->x, [ORACLE_W] = in->w, [ORACLE_B] = in->b};
    const oracle_source source = {read_array, arrays};
    const int64_t rows = gather_length(p, 0), columns = gather_length(p, 1);
    const int64_t outputs = p->reduce == CLCONV_REDUCE_NONE ? p->k : p->k / p->c;
    size_t at = 0;
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t k = 0; k < outputs; k++) {
            const receptive from = channel_of(p, k, &source);
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < columns; j++, at++)
                    gather_one(p, &source, &from, n, i * p->stride[0] - p->pad_before[0],
                               j * p->stride[1] - p->pad_before[1], y + at, mag + at, terms + at);
        }
}

void oracle_gather(const clconv_problem *p, const oracle_inputs *in, double *want, double *mag,
                   int64_t *terms)
{
    if (p->op == CLCONV_FORWARD) {
        gather_forward(p, in, want, mag, terms);
        return;
    }
    for (size_t i = 0; i < gather_gradient_length(p); i++)
        gather_gradient_at(p, in, i, want + i, mag + i, terms + i);
}
