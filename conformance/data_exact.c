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

enum { MANTISSA_UNITS = 1 << 24 };

static const float factor_unit = 0x1p-12f, product_unit = 0x1p-24f;

/* Products that the longest sum of the problem has. */
static int64_t longest_sum(const clconv_problem *p)
{
    data_block at = data_first_block(p);
    int64_t channels = 0;
    do {
        channels = at.in_count > channels ? at.in_count : channels;
    } while (data_next_block(p, &at));
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

typedef struct lean_filters {
    uint64_t key;
    int64_t m;
    float *w;
} lean_filters;

/* Filters lean to plus and minus in turn: output channels of both signs. */
static void fill_filter(void *user, int64_t filter, size_t first, size_t count)
{
    const lean_filters *const to = user;
    fill_lean(to->key, first, count, to->m, filter % 2 ? -1 : 1, to->w + first);
}

/* Puts the largest magnitude somewhere, so that the full width is used even by tiny tensors. */
static void place_largest(uint64_t key, size_t count, float largest, float *out)
{
    if (count > 0) {
        float *const at = out + data_draw(key, UINT64_MAX - 1) % count;
        *at = copysignf(largest, *at);
    }
}

bool data_exact(const clconv_problem *p, const oracle_shape *size, uint64_t seed, float *x,
                float *w, float *b)
{
    const int64_t terms = longest_sum(p);
    const int64_t m = largest_factor(terms);
    const int64_t bias_count = p->shared && p->reduce != CLCONV_REDUCE_NONE ? p->c : 1;
    const int64_t bias_units = (MANTISSA_UNITS - terms * m * m) / bias_count;
    if (terms * m * m > MANTISSA_UNITS || (b && bias_units < 1))
        return false;
    const float largest = (float)m * factor_unit;
    fill_lean(data_stream(seed, TENSOR_X), 0, size->x, m, 1, x);
    lean_filters filters = {.key = data_stream(seed, TENSOR_W), .m = m, .w = w};
    data_each_filter(p, fill_filter, &filters);
    place_largest(data_stream(seed, TENSOR_X), size->x, largest, x);
    place_largest(data_stream(seed, TENSOR_W), size->w, largest, w);
    const uint64_t b_key = data_stream(seed, TENSOR_B);
    for (size_t i = 0; b && i < size->b; i++)
        b[i] = (float)data_between(b_key, i, -bias_units, bias_units) * product_unit;
    if (b)
        place_largest(b_key, size->b, (float)bias_units * product_unit, b);
    return true;
}

/* Even seeds U(-1, 1), whose sums cancel; odd seeds U(0, 1), whose sums do not. Both with all the
 * bits that a float has there. */
static void fill_real(uint64_t seed, tensor_id tensor, size_t count, float *out)
{
    const uint64_t key = data_stream(seed, tensor);
    for (size_t i = 0; i < count; i++) {
        const float unit = (float)(data_draw(key, i) >> 40) * 0x1p-24f;
        out[i] = seed % 2 ? unit : 2.0f * unit - 1.0f;
    }
}

bool data_real(const clconv_problem *p, const oracle_shape *size, uint64_t seed, float *x, float *w,
               float *b)
{
    (void)p;
    fill_real(seed, TENSOR_X, size->x, x);
    fill_real(seed, TENSOR_W, size->w, w);
    if (b)
        fill_real(seed, TENSOR_B, size->b, b);
    return true;
}
