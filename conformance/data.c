/* SPDX-License-Identifier: MIT */
/* Test data of the suite: numbers whose sums are exact in any order, and ordinary real numbers.
 *
 * exact: x and w are whole multiples of 2^-12, at most M * 2^-12; b is a whole multiple of 2^-24. A
 * sum of L products and the bias then is a whole multiple of 2^-24 of at most L * M^2 + |b| units,
 * and M is the largest number that keeps this below 2^24 units with room for a bias: every partial
 * sum, in any order, fused or not, is a float. So the result has one right bit pattern, and because
 * sums reach deep into the 24 bits, a narrower accumulator or a rounded output shows. Values lean
 * towards one sign (x positive, w positive or negative filter by filter): sums of numbers centred
 * on zero grow with sqrt(L) only and would leave the upper bits unused. */
#include "suite.h"

#include <math.h>
#include <string.h>

enum { MANTISSA_UNITS = 1 << 24 };

static const float factor_unit = 0x1p-12f, product_unit = 0x1p-24f;

typedef enum tensor_id { TENSOR_X = 1, TENSOR_W, TENSOR_B } tensor_id;

/* Number i of the stream `key`: splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom
 * number generators", 2014) of a counter, so that no value depends on the order of filling. */
static uint64_t draw(uint64_t key, uint64_t i)
{
    uint64_t z = key + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t stream(uint64_t seed, tensor_id tensor)
{
    return draw(draw(seed, 0), (uint64_t)tensor);
}

/* A whole number of [low, high]; high - low < 2^32. */
static int64_t draw_between(uint64_t key, uint64_t i, int64_t low, int64_t high)
{
    const uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)(((draw(key, i) >> 32) * span) >> 32);
}

static int64_t group_inputs(const clconv_problem *p, int64_t g)
{
    return p->group_in ? p->group_in[g] : p->c / p->groups;
}

/* Products that the longest sum of the problem has. */
static int64_t longest_sum(const clconv_problem *p)
{
    int64_t channels = 1;
    if (p->shared)
        channels = p->reduce == CLCONV_NONE ? 1 : p->c;
    for (int64_t g = 0; !p->shared && g < p->groups; g++)
        channels = group_inputs(p, g) > channels ? group_inputs(p, g) : channels;
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
        out[i] = (float)(sign * draw_between(key, first + i, -m / 4, m)) * factor_unit;
}

/* Filters lean to plus and minus in turn: output channels of both signs. */
static void fill_filters(const clconv_problem *p, uint64_t key, int64_t m, float *w)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    const int64_t banks = p->shared ? 1 : p->groups;
    size_t done = 0;
    int64_t filter = 0;
    for (int64_t g = 0; g < banks; g++) {
        const int64_t inputs = p->shared ? 1 : group_inputs(p, g);
        int64_t outputs = p->group_out ? p->group_out[g] : p->k / p->groups;
        if (p->shared)
            outputs = p->k / p->c;
        for (int64_t k = 0; k < outputs; k++, filter++) {
            fill_lean(key, done, (size_t)(inputs * taps), m, filter % 2 ? -1 : 1, w + done);
            done += (size_t)(inputs * taps);
        }
    }
}

/* Puts the largest magnitude somewhere, so that the full width is used even by tiny tensors. */
static void place_largest(uint64_t key, size_t count, float largest, float *out)
{
    if (count > 0) {
        float *const at = out + draw(key, UINT64_MAX - 1) % count;
        *at = copysignf(largest, *at);
    }
}

static bool fill_exact(const clconv_problem *p, const oracle_shape *size, uint64_t seed, float *x,
                       float *w, float *b)
{
    const int64_t terms = longest_sum(p);
    const int64_t m = largest_factor(terms);
    const int64_t bias_count = p->shared && p->reduce != CLCONV_NONE ? p->c : 1;
    const int64_t bias_units = (MANTISSA_UNITS - terms * m * m) / bias_count;
    if (terms * m * m > MANTISSA_UNITS || (b && bias_units < 1))
        return false;
    const float largest = (float)m * factor_unit;
    fill_lean(stream(seed, TENSOR_X), 0, size->x, m, 1, x);
    fill_filters(p, stream(seed, TENSOR_W), m, w);
    place_largest(stream(seed, TENSOR_X), size->x, largest, x);
    place_largest(stream(seed, TENSOR_W), size->w, largest, w);
    const uint64_t b_key = stream(seed, TENSOR_B);
    for (size_t i = 0; b && i < size->b; i++)
        b[i] = (float)draw_between(b_key, i, -bias_units, bias_units) * product_unit;
    if (b)
        place_largest(b_key, size->b, (float)bias_units * product_unit, b);
    return true;
}

/* Even seeds U(-1, 1), whose sums cancel; odd seeds U(0, 1), whose sums do not. Both with all the
 * bits that a float has there. */
static void fill_real(uint64_t seed, tensor_id tensor, size_t count, float *out)
{
    const uint64_t key = stream(seed, tensor);
    for (size_t i = 0; i < count; i++) {
        const float unit = (float)(draw(key, i) >> 40) * 0x1p-24f;
        out[i] = seed % 2 ? unit : 2.0f * unit - 1.0f;
    }
}

bool data_fill(const clconv_problem *p, const char *mode, uint64_t seed, float *x, float *w,
               float *b)
{
    oracle_shape size;
    if (!oracle_output(p, &size))
        return false;
    if (strcmp(mode, "exact") == 0)
        return fill_exact(p, &size, seed, x, w, b);
    if (strcmp(mode, "real") != 0)
        return false;
    fill_real(seed, TENSOR_X, size.x, x);
    fill_real(seed, TENSOR_W, size.w, w);
    if (b)
        fill_real(seed, TENSOR_B, size.b, b);
    return true;
}
