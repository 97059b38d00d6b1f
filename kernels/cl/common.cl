/* SPDX-License-Identifier: MIT */
/* What every convolution kernel shares: its arguments, its filter and its epilogue.
 *
 * Layouts: x (N, C, H, W), w as the strides say, y (N, K, P, Q), dense but for what lies between
 * images, where a kernel takes no STRIDES. One launch works on one segment: `groups` consecutive
 * groups of equal size. Offsets are in elements and already hold the segment's first channel. */

#include "types.cl"

/* Arguments 0..7, set at every enqueue, as an operation reads and writes them; and as a convolution
 * does. `b` is a stand-in (w) when has_bias is 0. */
#define BUFFERS(X, W, B, Y)                                                                        \
    X x_element *restrict x, const ulong x_offset, W w_element *restrict w, const ulong w_offset,  \
        B b_element *restrict b, const ulong b_offset, Y y_element *restrict y,                    \
        const ulong y_offset
#define CONV_BUFFERS BUFFERS(global const, global const, global const, global)

/* Arguments 8.., set once per launch of a plan (host: set_shape_args in steps.c, same order). */
#define CONV_SHAPE                                                                                 \
    const int in_h, const int in_w, const int out_h, const int out_w, const int pad_top,           \
        const int pad_left, const int groups, const int in_per_group, const int out_per_group,     \
        const long x_image, const long y_image, const long w_group, const long w_out,              \
        const long w_in, const long b_group, const int has_bias, const float bias_factor,          \
        const float divisor, const long z_first, const long z_count

/* a / d correctly rounded. d is a whole number below 2^24. */
#if defined(TYPE_FLOAT64) || defined(BYTES) /* the latter have no mean */
static real divide_exactly(const real a, const float d)
{
    return a / (real)d;
}
#else
/* OpenCL C's division may err by 2.5 ulp: one Newton step on the remainder (Markstein, "IA-64 and
 * Elementary Functions", 2000, 8.2). */
static float divide_exactly(const float a, const float d)
{
    const float reciprocal = fma(fma(-d, 1.0f / d, 1.0f), 1.0f / d, 1.0f / d);
    const float q = a * reciprocal;
    const float better = fma(fma(-d, q, a), reciprocal, q);
    return isfinite(better) ? better : q;
}
#endif

/* y = (sum + bias_factor * b) / divisor. */
static real epilogue(const real sum, global const b_element *b, const ulong index,
                     const int has_bias, const float bias_factor, const float divisor)
{
    const real biased = has_bias ? MULTIPLY_ADD((real)bias_factor, READ(b, index), sum) : sum;
    return divisor == 1.0f ? biased : divide_exactly(biased, divisor);
}

/* ---- The filter, and words of every kernel file ---------------------------------------------- */

#ifndef FILTER_H
#define FILTER_H 3
#endif
#ifndef FILTER_W
#define FILTER_W 3
#endif
#ifndef STRIDE_H
#define STRIDE_H 1
#endif
#ifndef STRIDE_W
#define STRIDE_W 1
#endif
#ifndef DILATION_H
#define DILATION_H 1
#endif
#ifndef DILATION_W
#define DILATION_W 1
#endif

#define UNROLL _Pragma("unroll")
/* For functions that take register arrays by pointer: called, they would put them in memory. */
#define INLINE static inline __attribute__((always_inline))

#include "ending.cl"
