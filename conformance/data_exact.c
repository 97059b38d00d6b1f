/* SPDX-License-Identifier: MIT */
/* Data modes `exact` and `real`: numbers whose sums are exact in any order, and ordinary ones.
 *
 * exact: x, w and, where a gradient reads it, y are whole multiples of 2^-12, at most M * 2^-12; b
 * is a whole multiple of 2^-24. A
 * sum of L products and the bias then is a whole multiple of 2^-24 of at most L * M^2 + |b| units,
 * and M is the largest number that keeps this below 2^24 units with room for a bias: every partial
 * sum, in any order, fused or not, is a float. So the result has one right bit pattern, and because
 * sums reach deep into the 24 bits, a narrower accumulator or a rounded output shows. Values lean
 * towards one sign (x positive, w positive or negative filter by filter): sums of numbers centred
 * on zero grow with sqrt(L) only and would leave the upper bits unused. */
#include "data.h"

#include <math.h>
#include <string.h>

enum { MANTISSA_UNITS = 1 << 24 };

static const float factor_unit = 0x1p-12f, product_unit = 0x1p-24f;

/* The most input, or output, channels that a block has. */
static int64_t most_channels(const clconv_problem *p, bool inputs)
{
    data_block at = data_first_block(p);
    int64_t most = 0;
    do {
        const int64_t channels = inputs ? at.in_count : at.out_count;
        most = channels > most ? channels : most;
    } while ((p->group_in || p->group_out) && data_next_block(p, &at)); /* else all are alike */
    return most;
}

/* Positions along an axis, padding among them, that one row of the image may stand at. */
static int64_t most_shown(const clconv_problem *p, int axis)
{
    const int64_t before = p->pad_before[axis], after = p->pad_after[axis];
    if (p->pad_mode == CLCONV_PAD_ZEROS)
        return 1;
    if (p->pad_mode == CLCONV_PAD_REPLICATE && p->in[axis] == 1)
        return 1 + before + after;
    if (p->pad_mode == CLCONV_PAD_REPLICATE)
        return 1 + (before > after ? before : after);
    return 1 + (before > 0) + (after > 0);
}

/* Products that the longest sum of the problem has. */
static int64_t longest_sum(const clconv_problem *p, const oracle_shape *size)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    if (p->op == CLCONV_BACKWARD_DATA)
        return most_channels(p, false) * taps * most_shown(p, 0) * most_shown(p, 1);
    if (p->op == CLCONV_BACKWARD_WEIGHTS)
        return size->n * size->p * size->q * (p->shared ? p->c : 1);
    return most_channels(p, true) * taps;
}

/* M = floor(sqrt(2^24 / (L + 1))) - 1, but at least 1. */
static int64_t largest_factor(int64_t terms)
{
    const int64_t m = (int64_t)floor(sqrt((double)MANTISSA_UNITS / (double)(terms + 1))) - 1;
    return m < 1 ? 1 : m;
}

/* One run of whole numbers [-M/4, M] (or their negatives) times 2^-12. */
static void fill_lean(uint64_t key, uint64_t first, size_t count, int64_t m, int sign, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(sign * data_between(key, first + i, -m / 4, m)) * factor_unit;
}

/* Filters lean to plus and minus in turn: output channels of both signs. */
static void fill_filters(const clconv_problem *p, uint64_t key, int64_t m, size_t first,
                         size_t count, float *out)
{
    for (size_t i = first, end; i < first + count; i = end) {
        const int sign = data_filter_at(p, i, &end) % 2 ? -1 : 1;
        end = end < first + count ? end : first + count;
        fill_lean(key, i, end - i, m, sign, out + (i - first));
    }
}

/* The gradient of y leans as the filter of its plane does: products of the two lean to plus, and
 * gradients of filters are of both signs. */
static void fill_planes(const clconv_problem *p, const oracle_shape *size, uint64_t key, int64_t m,
                        size_t first, size_t count, float *out)
{
    const size_t plane = (size_t)(size->p * size->q);
    const int64_t filters = p->shared ? p->k / p->c : p->k;
    for (size_t i = first, end; i < first + count; i = end) {
        const int64_t filter = (int64_t)(i / plane) % size->k % filters;
        end = (i / plane + 1) * plane;
        end = end < first + count ? end : first + count;
        fill_lean(key, i, end - i, m, filter % 2 ? -1 : 1, out + (i - first));
    }
}

typedef struct exact_limits {
    int64_t m, bias_units;
} exact_limits;

static bool find_limits(const clconv_problem *p, const oracle_shape *size, exact_limits *out)
{
    const bool bias = size->b > 0 && !tensor_is_written(p, TENSOR_B);
    const int64_t terms = longest_sum(p, size);
    const int64_t bias_count = p->shared && p->reduce != CLCONV_REDUCE_NONE ? p->c : 1;
    out->m = largest_factor(terms);
    out->bias_units = (MANTISSA_UNITS - terms * out->m * out->m) / bias_count;
    return terms * out->m * out->m <= MANTISSA_UNITS && (!bias || out->bias_units >= 1);
}

static void fill_bias(uint64_t key, int64_t units, size_t first, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)data_between(key, first + i, -units, units) * product_unit;
}

/* Puts the largest magnitude somewhere, so that the full width is used even by tiny tensors. */
static void place_largest(uint64_t key, size_t total, float largest, size_t first, size_t count,
                          float *out)
{
    const size_t at = total ? data_draw(key, UINT64_MAX - 1) % total : 0;
    if (at >= first && at < first + count)
        out[at - first] = copysignf(largest, out[at - first]);
}

static void fill_exact(const clconv_problem *p, const oracle_shape *size,
                       const exact_limits *limits, uint64_t seed, tensor_id tensor, size_t first,
                       size_t count, float *out)
{
    const uint64_t key = data_stream(seed, tensor);
    float largest = (float)limits->m * factor_unit;
    if (tensor == TENSOR_X)
        fill_lean(key, first, count, limits->m, 1, out);
    else if (tensor == TENSOR_W)
        fill_filters(p, key, limits->m, first, count, out);
    else if (tensor == TENSOR_Y)
        fill_planes(p, size, key, limits->m, first, count, out);
    else
        fill_bias(key, limits->bias_units, first, count, out);
    if (tensor == TENSOR_B)
        largest = (float)limits->bias_units * product_unit;
    place_largest(key, tensor_elements(size, tensor), largest, first, count, out);
}

bool data_exact(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                const data_tensors *to)
{
    float *const tensors[] = {
        [TENSOR_X] = to->x, [TENSOR_W] = to->w, [TENSOR_B] = to->b, [TENSOR_Y] = to->y};
    exact_limits limits;
    if (!find_limits(p, size, &limits))
        return false;
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++)
        if (tensors[id])
            fill_exact(p, size, &limits, seed, id, 0, tensor_elements(size, id), tensors[id]);
    return true;
}

/* Even seeds U(-1, 1), whose sums cancel; odd seeds U(0, 1), whose sums do not. Both with all the
 * bits that a float has there. */
static void fill_real(uint64_t seed, tensor_id tensor, size_t first, size_t count, float *out)
{
    const uint64_t key = data_stream(seed, tensor);
    for (size_t i = 0; i < count; i++) {
        const float unit = (float)(data_draw(key, first + i) >> 40) * 0x1p-24f;
        out[i] = seed % 2 ? unit : 2.0f * unit - 1.0f;
    }
}

bool data_real(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
               const data_tensors *to)
{
    float *const tensors[] = {
        [TENSOR_X] = to->x, [TENSOR_W] = to->w, [TENSOR_B] = to->b, [TENSOR_Y] = to->y};
    (void)p;
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++)
        if (tensors[id])
            fill_real(seed, id, 0, tensor_elements(size, id), tensors[id]);
    return true;
}

bool data_range(const clconv_problem *p, const oracle_shape *size, const char *mode, uint64_t seed,
                tensor_id tensor, size_t first, size_t count, float *out)
{
    exact_limits limits;
    if (strcmp(mode, "real") == 0)
        fill_real(seed, tensor, first, count, out);
    else if (strcmp(mode, "exact") == 0 && find_limits(p, size, &limits))
        fill_exact(p, size, &limits, seed, tensor, first, count, out);
    else
        return false;
    return true;
}
