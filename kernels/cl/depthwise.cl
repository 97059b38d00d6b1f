/* SPDX-License-Identifier: MIT */
/* One input channel per output channel: depthwise with any multiplier, and the shared kernel
 * (w_group 0). One work-item computes YB rows of a strip of XB output pixels of one output plane.
 *
 * Ids: 0 and 1 = strip, row-major over rows of get_global_size(0); the strips of a plane are
 * numbered along its rows first. 2 = output plane z = (n * groups + g) * out_per_group + k.
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W; tile XB YB. */

#include "common.cl"
#include "padding.cl"
#include "strips.cl"

#ifndef YB
#define YB 2
#endif
#include "row_order.cl"

/* Rows of x under the YB rows of a strip, and columns under its XB pixels. */
#define ROWS ((YB - 1) * STRIDE_H + (FILTER_H - 1) * DILATION_H + 1)
#define COLS ((FILTER_W - 1) * DILATION_W + STRIP_SPAN)

/* Longer unrolled code is no faster and takes the compiler seconds. */
#if FILTER_H * FILTER_W <= 49 && STEPS * FILTER_W <= 100
#define UNROLL_TAPS UNROLL
#else
#define UNROLL_TAPS
#endif

/* Adds every tap to the sums. `edge`: some taps are outside the image. */
INLINE void add_taps(strip *sum, global const x_element *plane, global const w_element *filter,
                     const int in_h, const int in_w, const int top, const int left, const int edge)
{
    UNROLL_TAPS
    for (int i = 0; i < STEPS; i++) {
        const int at = top + ROW_OF(i), ih = edge ? image_position(at, in_h) : at;
        if (edge && (ih < 0 || ih >= in_h))
            continue;
        global const x_element *row = plane + (long)ih * in_w;
        UNROLL_TAPS
        for (int s = 0; s < FILTER_W; s++) {
            const int col = left + s * DILATION_W;
            const strip value = edge ? load_edge(row, col, in_w) : load_strip(row + col);
            const strip_index inside = lanes_inside(col, in_w);
            UNROLL
            for (int j = 0; j < YB; j++) {
                const int r = TAP_OF(i, j);
                if (r < 0 || r >= FILTER_H)
                    continue;
                const strip weight = READ(filter, (long)r * FILTER_W + s);
                sum[j] = edge ? add_inside(value, weight, sum[j], inside)
                              : MULTIPLY_ADD(value, weight, sum[j]);
            }
        }
    }
}

/* The same for the few strips whose vectors would leave x. */
INLINE void add_guarded_taps(strip *sum, global const x_element *plane,
                             global const w_element *filter, const int in_h, const int in_w,
                             const int top, const int left)
{
    UNROLL
    for (int j = 0; j < YB; j++)
        for (int r = 0; r < FILTER_H; r++) {
            const int ih = top + j * STRIDE_H + r * DILATION_H;
            if (ih < 0 || ih >= in_h)
                continue;
            for (int s = 0; s < FILTER_W; s++) {
                const int col = left + s * DILATION_W;
                sum[j] = add_inside(load_guarded(plane + (long)ih * in_w, col, in_w),
                                    (strip)READ(filter, (long)r * FILTER_W + s), sum[j],
                                    lanes_inside(col, in_w));
            }
        }
}

kernel void depthwise(CONV_BUFFERS, CONV_SHAPE ENDING_ARGS)
{
    const uint strips = (uint)(out_w - 1) / XB + 1;
    const ulong item = (ulong)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    if (item >= (ulong)strips * ((uint)(out_h - 1) / YB + 1) || z >= z_count)
        return;

    MAKE_ENDING
    const int p = (int)((uint)item / strips) * YB;
    const int q = (int)((uint)item % strips) * XB;
    const long plane = z_first + z;
    const long k = plane % out_per_group;
    const long g = plane / out_per_group % groups;
    const long n = plane / out_per_group / groups;
    const int top = p * STRIDE_H - pad_top;
    const int left = q * STRIDE_W - pad_left;
    global const x_element *in = x + x_offset + n * x_image + g * in_h * in_w;
    global const w_element *filter = w + w_offset + g * w_group + k * w_out;

    strip sum[YB];
    UNROLL
    for (int j = 0; j < YB; j++)
        sum[j] = 0;
    if (top >= 0 && top + ROWS <= in_h && left >= 0 && left + COLS <= in_w)
        add_taps(sum, in, filter, in_h, in_w, top, left, 0);
    else if (vectors_stay_inside(g, groups, in_h, in_w, top, ROWS, left, COLS))
        add_taps(sum, in, filter, in_h, in_w, top, left, 1);
    else
        add_guarded_taps(sum, in, filter, in_h, in_w, top, left);

    global y_element *out = y + y_offset + n * y_image +
                        ((g * out_per_group + k) * out_h + p) * out_w + q;
    UNROLL
    for (int j = 0; j < YB; j++)
        if (p + j < out_h)
            finish_strip(sum[j], out + (long)j * out_w, out_w - q, b, b_offset + g * b_group + k,
                         has_bias, bias_factor, divisor PASS_ENDING);
}
