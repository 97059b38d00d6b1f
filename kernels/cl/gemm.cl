/* SPDX-License-Identifier: MIT */
/* What the matrix product of CLBlast needs around it: the unfolded image (im2col) before and the
 * epilogue after. One program for all problems. */

#include "common.cl"

/* One work-item: all taps of one output pixel in one input channel of one group; x_offset names the
 * image and group.
 *
 * Ids: 0 and 1 = output pixel, row-major over rows of get_global_size(0); 2 = channel z.
 * columns[(z * filter_h + r) * filter_w + s][pixel], a matrix for w (K, C * R * S) times it. */
kernel void gemm_unfold(CONV_BUFFERS, global float *restrict columns, const ulong columns_offset,
                        CONV_SHAPE, const int filter_h, const int filter_w, const int stride_h,
                        const int stride_w, const int dilation_h, const int dilation_w)
{
    const long pixel = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long pixels = (long)out_h * out_w;
    if (pixel >= pixels || (long)get_global_id(2) >= z_count)
        return;

    const long c = z_first + (long)get_global_id(2);
    const int top = (int)(pixel / out_w) * stride_h - pad_top;
    const int left = (int)(pixel % out_w) * stride_w - pad_left;
    global const float *in = x + x_offset + c * in_h * in_w;
    global float *out = columns + columns_offset + c * filter_h * filter_w * pixels + pixel;
    for (int r = 0; r < filter_h; r++)
        for (int s = 0; s < filter_w; s++, out += pixels) {
            const int ih = top + r * dilation_h;
            const int iw = left + s * dilation_w;
            const int inside = ih >= 0 && ih < in_h && iw >= 0 && iw < in_w;
            *out = inside ? in[(long)ih * in_w + iw] : 0.0f;
        }
}

/* One work-item: the epilogue of one output pixel, in place.
 *
 * Ids: 0 and 1 as above; 2 = output plane z = (n * groups + g) * out_per_group + k. */
kernel void gemm_epilogue(CONV_BUFFERS, CONV_SHAPE)
{
    const long pixel = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long pixels = (long)out_h * out_w;
    if (pixel >= pixels || (long)get_global_id(2) >= z_count)
        return;

    const long plane = z_first + (long)get_global_id(2);
    const long k = plane % out_per_group;
    const long g = plane / out_per_group % groups;
    const long n = plane / out_per_group / groups;
    global float *out = y + y_offset + n * y_image + (g * out_per_group + k) * pixels + pixel;
    *out = epilogue(*out, b, b_offset + g * b_group + k, has_bias, bias_factor, divisor);
}
