/* SPDX-License-Identifier: MIT */
/* The gradients as their formulas say them: one work-item, one element of x, w or b. Refuses
 * nothing, needs no tile and one program for all problems of a type and padding mode. Every sum has
 * one order, and nothing is shared between work-items: the same bits in every run.
 *
 * Sums over images are made row by row, plane by plane, so that their error grows with the sides of
 * y and not with its area. */

#include "common.cl"
#include "padding.cl"

#define OWN                                                                                        \
    const int filter_h, const int filter_w, const int stride_h, const int stride_w,                \
        const int dilation_h, const int dilation_w, const int images, STRIDES

/* ---- By x ------------------------------------------------------------------------------------ */

/* An axis: positions before the image, of the image and behind it that windows look at. Those of
 * the padding count where the image is repeated there. */
typedef struct axis {
    int before, size, after, pad, taps, stride, dilation, outputs;
} axis;

INLINE axis axis_of(const int size, const int pad, const int taps, const int stride,
                    const int dilation, const int outputs)
{
    const int last = (outputs - 1) * stride - pad + (taps - 1) * dilation;
    return (axis){
        PAD_MODE ? pad : 0, size,   PAD_MODE ? max(last - (size - 1), 0) : 0, pad, taps, stride,
        dilation,           outputs};
}

/* Position i of before + 1 + after at which element `at` of the image may stand: in front of the
 * image, in its own place, behind the image. INT_MIN where it does not. */
INLINE int position_of(const axis a, const int i, const int at)
{
    const int position = i < a.before    ? i - a.before
                         : i == a.before ? at
                                         : a.size + i - a.before - 1;
    return i == a.before || image_position(position, a.size) == at ? position : INT_MIN;
}

/* The output that looks at a position through a tap; -1 = none. */
INLINE int output_of(const axis a, const int position, const int tap)
{
    const int from = position == INT_MIN ? -1 : position + a.pad - tap * a.dilation;
    return from >= 0 && from % a.stride == 0 && from / a.stride < a.outputs ? from / a.stride : -1;
}

/* Adds what column `at` of x got from a row of outputs through a row of taps. */
INLINE real add_columns(real sum, const axis a, const int at, global const y_element *gradient,
                        const long y_column, global const w_element *filter, const long w_column)
{
    for (int i = 0; i <= a.before + a.after; i++) {
        const int position = position_of(a, i, at);
        for (int tap = 0; tap < a.taps; tap++) {
            const int q = output_of(a, position, tap);
            if (q >= 0)
                sum = MULTIPLY_ADD(READ(gradient, q * y_column), READ(filter, tap * w_column), sum);
        }
    }
    return sum;
}

/* Ids: 0 and 1 = pixel of x, row-major over rows of get_global_size(0); 2 = plane of x z = (n *
 * groups + g) * in_per_group + c. Equivalent loop:
 *     for n, g, c, k, p, q, r, s: x[n][g,c][ih][iw] += y[n][g,k][p][q] * w[g][k][c][r][s]
 * with ih, iw = what stands at p * stride - pad + r * dilation, q alike. */
kernel void naive_data(BUFFERS(global, global const, global const, global const), CONV_SHAPE, OWN)
{
    const long pixel = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    if (pixel >= (long)in_h * in_w || z >= z_count)
        return;

    const long plane = z_first + z;
    const long c = plane % in_per_group;
    const long g = plane / in_per_group % groups;
    const long n = plane / in_per_group / groups;
    const axis rows = axis_of(in_h, pad_top, filter_h, stride_h, dilation_h, out_h);
    const axis columns = axis_of(in_w, pad_left, filter_w, stride_w, dilation_w, out_w);
    global const y_element *gradient = y + y_offset + n * y_image + g * out_per_group * y_channel;
    global const w_element *filter = w + w_offset + g * w_group + c * w_in;

    real sum = 0;
    for (int k = 0; k < out_per_group; k++)
        for (int i = 0; i <= rows.before + rows.after; i++) {
            const int position = position_of(rows, i, (int)(pixel / in_w));
            for (int r = 0; r < filter_h; r++) {
                const int p = output_of(rows, position, r);
                if (p >= 0)
                    sum = add_columns(sum, columns, (int)(pixel % in_w),
                                      gradient + k * y_channel + p * y_row, y_column,
                                      filter + k * w_out + r * w_row, w_column);
            }
        }
    sum = divisor == 1.0f ? sum : divide_exactly(sum, divisor);
    WRITE(x,
          x_offset + n * x_image + (g * in_per_group + c) * x_channel +
              (long)(pixel / in_w) * x_row + (long)(pixel % in_w) * x_column,
          has_bias ? sum + READ(b, b_offset + g * b_group + c) : sum);
}

/* ---- By w and b ------------------------------------------------------------------------------ */

/* Ids: 0 and 1 = element of a filter (c * filter_h + r) * filter_w + s, as above; 2 = filter g *
 * out_per_group + k. Filters that all groups share have no g, weights that all channels share no c:
 * the sum goes over them. Equivalent loop:
 *     for n, g, k, c, r, s, p, q: w[g][k][c][r][s] += x[n][g,c][ih][iw] * y[n][g,k][p][q] */
kernel void naive_weights(BUFFERS(global const, global, global, global const), CONV_SHAPE, OWN)
{
    const long element = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    const int channels = w_in ? in_per_group : 1;
    if (element >= (long)channels * filter_h * filter_w || z >= z_count)
        return;

    const long k = (z_first + z) % out_per_group;
    const long group = (z_first + z) / out_per_group;
    const long channel = element / filter_w / filter_h;
    const int r = (int)(element / filter_w % filter_h), s = (int)(element % filter_w);

    real sum = 0;
    for (int n = 0; n < images; n++)
        for (long g = group; g < (w_group ? group + 1 : groups); g++)
            for (long c = channel; c < (w_in ? channel + 1 : in_per_group); c++) {
                global const x_element *image =
                    x + x_offset + n * x_image + (g * in_per_group + c) * x_channel;
                global const y_element *gradient =
                    y + y_offset + n * y_image + (g * out_per_group + k) * y_channel;
                real plane = 0;
                for (int p = 0; p < out_h; p++) {
                    const int ih = image_position(p * stride_h - pad_top + r * dilation_h, in_h);
                    real row = 0;
                    for (int q = 0; q < out_w; q++) {
                        const int iw =
                            image_position(q * stride_w - pad_left + s * dilation_w, in_w);
                        if (ih >= 0 && ih < in_h && iw >= 0 && iw < in_w)
                            row = MULTIPLY_ADD(READ(image, ih * x_row + iw * x_column),
                                               READ(gradient, p * y_row + q * y_column), row);
                    }
                    plane += row;
                }
                sum += plane;
            }
    WRITE(w, w_offset + group * w_group + k * w_out + channel * w_in + r * w_row + s * w_column,
          divisor == 1.0f ? sum : divide_exactly(sum, divisor));
}

/* Ids: 2 = element of b, g * out_per_group + k, without g where all groups share b. */
kernel void naive_bias(BUFFERS(global const, global, global, global const), CONV_SHAPE, OWN)
{
    const long z = (long)get_global_id(2);
    if (get_global_id(0) || get_global_id(1) || z >= z_count)
        return;

    const long k = (z_first + z) % out_per_group;
    const long group = (z_first + z) / out_per_group;

    real sum = 0;
    for (int n = 0; n < images; n++)
        for (long g = group; g < (b_group ? group + 1 : groups); g++) {
            global const y_element *gradient =
                y + y_offset + n * y_image + (g * out_per_group + k) * y_channel;
            real plane = 0;
            for (int p = 0; p < out_h; p++) {
                real row = 0;
                for (int q = 0; q < out_w; q++)
                    row += READ(gradient, p * y_row + q * y_column);
                plane += row;
            }
            sum += plane;
        }
    WRITE(b, b_offset + group * b_group + k, (real)bias_factor * sum);
}
