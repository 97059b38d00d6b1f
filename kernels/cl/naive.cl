/* SPDX-License-Identifier: MIT */
/* The convolution as its formula says it: one work-item, one output element. Refuses nothing, needs
 * no tile and one program for all problems of a type and padding mode; the fallback, the teaching
 * example and the on-device second opinion.
 *
 * Ids: 0 and 1 = output pixel, row-major over rows of get_global_size(0) (planes may be wider than
 * a grid); 2 = output plane z = (n * groups + g) * out_per_group + k. Equivalent loop:
 *     for n, g, k, p, q:
 *         y[n][g,k][p][q] = b + sum over c, r, s of x[n][g,c][ih][iw] * w[g][k][c][r][s]
 */

#include "common.cl"
#include "padding.cl"
#include "quantized.cl"

kernel void naive(CONV_BUFFERS, CONV_SHAPE, const int filter_h, const int filter_w,
                  const int stride_h, const int stride_w, const int dilation_h,
                  const int dilation_w, STRIDES QUANTIZED_ARGS ENDING_ARGS)
{
    const long pixel = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    if (pixel >= (long)out_h * out_w || z >= z_count)
        return;

    MAKE_ENDING
    const long plane = z_first + z;
    const long k = plane % out_per_group;
    const long g = plane / out_per_group % groups;
    const long n = plane / out_per_group / groups;
    const int top = (int)(pixel / out_w) * stride_h - pad_top;
    const int left = (int)(pixel % out_w) * stride_w - pad_left;
    global const x_element *image = x + x_offset + n * x_image + g * in_per_group * x_channel;
    global const w_element *filter = w + w_offset + g * w_group + k * w_out;

#ifdef QUANTIZED
    global const filter_scale *scale = scales + first_scale + g * b_group + k;
#endif
    real sum = 0;
    for (int c = 0; c < in_per_group; c++)
        for (int r = 0; r < filter_h; r++)
            for (int s = 0; s < filter_w; s++) {
                const int ih = image_position(top + r * dilation_h, in_h);
                const int iw = image_position(left + s * dilation_w, in_w);
                if (ih >= 0 && ih < in_h && iw >= 0 && iw < in_w)
                    sum = MULTIPLY_ADD(
                        X_OF(READ(image, c * x_channel + ih * x_row + iw * x_column)),
                        W_OF(READ(filter, c * w_in + r * w_row + s * w_column), scale), sum);
            }
    const long to = y_offset + n * y_image + (g * out_per_group + k) * y_channel +
                    pixel / out_w * y_row + pixel % out_w * y_column;
    sum = epilogue(sum, b, b_offset + g * b_group + k, has_bias, bias_factor, divisor);
    WRITE(y, to, END(TO_Y(sum, scale), y, to));
}
