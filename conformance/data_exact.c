/* SPDX-License-Identifier: MIT */
/* Data modes `exact` and `real`: numbers whose sums are exact in any order, and ordinary ones.
 *
 * exact: x and w are whole multiples of 2^-12, at most M * 2^-12; b is a whole multiple of 2^-24. A
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

/* Products that the longest sum of the problem has. */
static int64_t longest_sum(const clconv_problem *p)
{
    data_block at = data_first_block(p);
    int64_t channels = 0;
    do {
        channels = at.in_count > channels ? at.in_count : channels;
    } while (p->group_in && data_next_block(p, &at)); /* else all are alike */
    return channels * p->kernel[0] * p->kernel[1];
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

typedef struct exact_limits {
    int64_t m, bias_units;
} exact_limits;

static bool find_limits(const clconv_problem *p, bool bias, exact_limits *out)
{
    const int64_t terms = longest_sum(p);
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
    const size_t total = tensor == TENSOR_X ? size->x : tensor == TENSOR_W ? size->w : size->b;
    float largest = (float)limits->m * factor_unit;
    if (tensor == TENSOR_X)
        fill_lean(key, first, count, limits->m, 1, out);
    else if (tensor == TENSOR_W)
        fill_filters(p, key, limits->m, first, count, out);
    else
        fill_bias(key, limits->bias_units, first, count, out);
    if (tensor == TENSOR_B)
        largest = (float)limits->bias_units * product_unit;
    place_largest(key, total, largest, first, count, out);
}

bool data_exact(const clconv_problem *p, const oracle_shape *size, uint64_t seed, float *x,
                float *w, float *b)
{
    exact_limits limits;
    if (!find_limits(p, b != NULL, &limits))
        return false;
    fill_exact(p, size, &limits, seed, TENSOR_X, 0, size->x, x);
    fill_exact(p, size, &limits, seed, TENSOR_W, 0, size->w, w);
    if (b)
        fill_exact(p, size, &limits, seed, TENSOR_B, 0, size->b, b);
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

bool data_real(const clconv_problem *p, const oracle_shape *size, uint64_t seed, float *x, float *w,
               float *b)
{
    (void)p;
    fill_real(seed, TENSOR_X, 0, size->x, x);
    fill_real(seed, TENSOR_W, 0, size->w, w);
    if (b)
        fill_real(seed, TENSOR_B, 0, size->b, b);
    return true;
}

bool data_range(const clconv_problem *p, const oracle_shape *size, const char *mode, uint64_t seed,
                tensor_id tensor, size_t first, size_t count, float *out)
{
    exact_limits limits;
    if (strcmp(mode, "real") == 0)
        fill_real(seed, tensor, first, count, out);
    else if (strcmp(mode, "exact") == 0 && find_limits(p, size->b > 0, &limits))
        fill_exact(p, size, &limits, seed, tensor, first, count, out);
    else
        return false;
    return true;
}
