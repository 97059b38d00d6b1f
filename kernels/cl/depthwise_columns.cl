/* SPDX-License-Identifier: MIT */
/* For devices that run many work-items side by side: groups of one input channel, any multiplier,
 * the shared kernel too (w_group 0). One work-item computes YB output pixels below one another, in
 * every output plane of an input plane; each row of x is loaded once for all pixels that see it.
 *
 * Ids: 0 and 1 = column strip of `run` input planes, row-major over rows of get_global_size(0), so
 * that small planes fill work-groups; 2 = such a run of the `planes` input planes n * groups + g.
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W; tile YB. */

#include "common.cl"

#ifndef YB
#define YB 4
#endif
#include "row_order.cl"

/* Adds every tap, padding as zeros: the host keeps infinite weights away. */
INLINE void add_taps(real sum[YB], global const x_element *plane,
                     global const w_element *filter, const int in_h, const int in_w, const int top,
                     const int left)
{
    UNROLL
    for (int i = 0; i < STEPS; i++) {
        const int ih = top + ROW_OF(i);
        global const x_element *row = plane + (long)ih * in_w + left;
        UNROLL
        for (int s = 0; s < FILTER_W; s++) {
            const int iw = left + s * DILATION_W;
            const bool inside = ih >= 0 && ih < in_h && iw >= 0 && iw < in_w;
            const real value = inside ? READ(row, s * DILATION_W) : 0;
            UNROLL
            for (int j = 0; j < YB; j++) {
                const int r = TAP_OF(i, j);
                if (r >= 0 && r < FILTER_H)
                    sum[j] = MULTIPLY_ADD(value, READ(filter, r * FILTER_W + s), sum[j]);
            }
        }
    }
}

kernel void depthwise_columns(CONV_BUFFERS, CONV_SHAPE, const int run, const int planes
                              ENDING_ARGS)
{
    const uint strips = (uint)out_w * ((uint)(out_h - 1) / YB + 1);
    const uint item = (uint)get_global_id(1) * (uint)get_global_size(0) + (uint)get_global_id(0);
    const long z = (long)get_global_id(2);
    const uint source = (uint)((z_first + z) * run) + item / strips;
    if (z >= z_count || item >= strips * run || source >= (uint)planes)
        return;

    MAKE_ENDING
    const int p = (int)(item % strips / out_w) * YB, q = (int)(item % strips % out_w);
    const uint g = source % groups, n = source / groups;
    global const x_element *plane = x + x_offset + n * x_image + (long)g * in_h * in_w;
    global const w_element *filter = w + w_offset + g * w_group;
    global y_element *out =
        y + y_offset + n * y_image + ((long)g * out_per_group * out_h + p) * out_w + q;
    for (int k = 0; k < out_per_group; k++) {
        real sum[YB];
        UNROLL
        for (int j = 0; j < YB; j++)
            sum[j] = 0;
        add_taps(sum, plane, filter, in_h, in_w, p * STRIDE_H - pad_top, q * STRIDE_W - pad_left);
        UNROLL
        for (int j = 0; j < YB; j++)
            if (p + j < out_h)
                WRITE(out, (long)j * out_w,
                      END(epilogue(sum[j], b, b_offset + g * b_group + k, has_bias, bias_factor,
                                   divisor),
                          out, (long)j * out_w));
        filter += w_out;
        out += (long)out_h * out_w;
    }
}
