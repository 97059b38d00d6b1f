/* SPDX-License-Identifier: MIT */
/* What every convolution kernel shares: its arguments, its filter and its epilogue.
 *
 * Layouts: x (N, C, H, W), w as the strides say, y (N, K, P, Q), dense floats. One launch works on
 * one segment: `groups` consecutive groups of equal size. Offsets are in elements and already hold
 * the segment's first channel. */

/* Arguments 0..7, set at every enqueue, as an operation reads and writes them; and as a convolution
 * does. `b` is a stand-in (w) when has_bias is 0. */
#define BUFFERS(X, W, B, Y)                                                                        \
    X float *restrict x, const ulong x_offset, W float *restrict w, const ulong w_offset,          \
        B float *restrict b, const ulong b_offset, Y float *restrict y, const ulong y_offset
#define CONV_BUFFERS BUFFERS(global const, global const, global const, global)

/* Arguments 8.., set once per launch of a plan (host: set_shape_args in steps.c, same order). */
#define CONV_SHAPE                                                                                 \
    const int in_h, const int in_w, const int out_h, const int out_w, const int pad_top,           \
        const int pad_left, const int groups, const int in_per_group, const int out_per_group,     \
        const long x_image, const long y_image, const long w_group, const long w_out,              \
        const long w_in, const long b_group, const int has_bias, const float bias_factor,          \
        const float divisor, const long z_first, const long z_count

/* a / d correctly rounded, without relying on the device's division (2.5 ulp in OpenCL C): one
 * Newton step on the remainder (Markstein, "IA-64 and Elementary Functions", 2000, 8.2). d is a
 * whole number below 2^24. */
static float divide_exactly(const float a, const float d)
{
    const float reciprocal = fma(fma(-d, 1.0f / d, 1.0f), 1.0f / d, 1.0f / d);
    const float q = a * reciprocal;
    const float better = fma(fma(-d, q, a), reciprocal, q);
    return isfinite(better) ? better : q;
}

/* y = (sum + bias_factor * b) / divisor. */
static float epilogue(const float sum, global const float *b, const ulong index, const int has_bias,
                      const float bias_factor, const float divisor)
{
    const float biased = has_bias ? fma(bias_factor, b[index], sum) : sum;
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

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define UNROLL _Pragma("unroll")
/* For functions that take register arrays by pointer: called, they would put them in memory. */
#define INLINE static inline __attribute__((always_inline))
