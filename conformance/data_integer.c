/* SPDX-License-Identifier: MIT */
/* Data mode `exact` of whole numbers: all of int8 and uint8, and a bias of int32 that takes sums
 * near its ends, but for what L products of at most 2^16 and C times the bias may need. Integers
 * wrap, so any order of summation gives the same; a sum in fewer bits does not. */
#include "data.h"

#include <math.h>

/* Of filters in turn: all numbers; mostly positive; mostly negative. Unsigned ones lean anyway. */
static const struct {
    int64_t low, high;
} signed_ranges[] = {{-128, 127}, {-32, 127}, {-128, 31}};
enum { RANGES = sizeof signed_ranges / sizeof *signed_ranges };

static int64_t lowest(const clconv_problem *p)
{
    return p->x.dtype == CLCONV_I8 ? -128 : 0;
}

static int64_t highest(const clconv_problem *p)
{
    return p->x.dtype == CLCONV_I8 ? 127 : 255;
}

static double draw_factor(const clconv_problem *p, uint64_t key, size_t at, uint64_t range)
{
    if (p->x.dtype == CLCONV_U8)
        return (double)data_between(key, at, 0, 255);
    return (double)data_between(key, at, signed_ranges[range % RANGES].low,
                                signed_ranges[range % RANGES].high);
}

static void fill_filters(const clconv_problem *p, uint64_t key, size_t first, size_t count,
                         double *out)
{
    for (size_t i = first, end; i < first + count;) {
        const int64_t filter = data_filter_at(p, i, &end);
        for (; i < end && i < first + count; i++)
            out[i - first] = draw_factor(p, key, i, (uint64_t)filter);
    }
}

/* Both ends of the range stand somewhere, unless there is but one element. */
static void place_ends(const clconv_problem *p, uint64_t key, size_t total, size_t first,
                       size_t count, double *out)
{
    const size_t low = total ? data_draw(key, UINT64_MAX - 1) % total : 0;
    const size_t high = total ? (low + 1 + data_draw(key, UINT64_MAX - 2) % total) % total : 0;
    if (low >= first && low < first + count)
        out[low - first] = (double)lowest(p);
    if (high >= first && high < first + count)
        out[high - first] = (double)highest(p);
}

bool data_integer_range(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                        tensor_id tensor, size_t first, size_t count, double *out)
{
    const uint64_t key = data_stream(seed, tensor);
    const int64_t channels = p->shared && p->reduce != CLCONV_REDUCE_NONE ? p->c : 1;
    const int64_t terms = data_longest_sum(p, size);
    if (terms >= (INT64_C(1) << 31) >> 16)
        return false;
    int64_t most_bias = (INT32_MAX - (terms << 16)) / channels;
    if (p->quantization && p->y.dtype) /* as large as sums are, or all of y would saturate */
        most_bias = (int64_t)fmin((double)most_bias, 8192.0 * (sqrt((double)terms) + 1.0));
    for (size_t i = 0; tensor == TENSOR_X && i < count; i++)
        out[i] = draw_factor(p, key, first + i, size->w);
    if (tensor == TENSOR_W)
        fill_filters(p, key, first, count, out);
    for (size_t i = 0; tensor == TENSOR_B && i < count; i++)
        out[i] = (double)data_wide(key, first + i, most_bias);
    if (tensor != TENSOR_B)
        place_ends(p, key, tensor_elements(size, tensor), first, count, out);
    return true;
}
