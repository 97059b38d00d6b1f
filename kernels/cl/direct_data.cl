/* SPDX-License-Identifier: MIT */
/* The gradient by x on devices with vectors. One work-item has the sums of CB channels x XB vectors
 * of a row of x in registers, for a run of such tiles. At STRIDE_W 2 a vector takes every other
 * pixel, because a tap looks at those: sums of both kinds stand side by side and are joined at the
 * end. Each output row is read through all its taps, as it lies; the order of a sum is fixed.
 *
 * Ids: 0 = run of tiles, numbered along the rows; 2 = block z = (n * groups + g) * blocks + block
 * of CB channels. Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W (1 or 2) DILATION_H DILATION_W; tile
 * V CB XB. */

#include "common.cl"
#include "vectors.cl"
#include "masked.cl"

#ifndef CB
#define CB 4
#endif
#ifndef XB
#define XB 2
#endif

/* Columns of a tile. */
#define WIDTH (XB * V * STRIDE_W)

/* One row of a tile: its sums by channel, vector and kind of pixel, and where they are in x. */
typedef struct row_of_x {
    int h, column, channels; /* channels: that exist, of CB */
} row_of_x;

/* Rounds down, also below 0. */
INLINE int in_steps(const int columns)
{
    return (columns - (columns < 0 ? STRIDE_W - 1 : 0)) / STRIDE_W;
}

/* Adds what a row of outputs gives through a row of taps. */
INLINE void add_row(vec sum[CB][XB][STRIDE_W], const row_of_x at, global const float *outputs,
                    const int out_w, const int pad_left, global const float *filter,
                    const long w_in, const int care)
{
    UNROLL
    for (int s = 0; s < FILTER_W; s++) {
        UNROLL
        for (int kind = 0; kind < STRIDE_W; kind++) {
            const int distance = kind + pad_left - s * DILATION_W;
            const int q = at.column / STRIDE_W + in_steps(distance);
            if (in_steps(distance) * STRIDE_W != distance)
                continue;
            UNROLL
            for (int v = 0; v < XB; v++) {
                const vec_index lane = q + v * V + LANE;
                const vec_index counts = lane >= 0 && lane < out_w;
                const vec gradient = load_outputs(outputs, q + v * V, out_w, care);
                UNROLL
                for (int c = 0; c < CB; c++)
                    sum[c][v][kind] =
                        add_product(gradient, filter[min(c, at.channels - 1) * w_in + s],
                                    sum[c][v][kind], counts, care);
            }
        }
    }
}

/* The first `count` lanes, if any. */
INLINE void store_some(const vec value, global float *p, const int count)
{
    if (count >= V)
        STORE(value, p);
    else
        store_first(value, p, count);
}

INLINE vec finish(const vec sum, const float bias, const float divisor)
{
    float lane[V];
    if (divisor == 1.0f)
        return sum + bias;
    JOIN(vstore, V)(sum, 0, lane);
    for (int i = 0; i < V; i++)
        lane[i] = divide_exactly(lane[i], divisor) + bias;
    return JOIN(vload, V)(0, lane);
}

INLINE void store_row(const vec sum[XB][STRIDE_W], global float *row, const int column,
                      const int in_w, const float bias, const float divisor)
{
    UNROLL
    for (int v = 0; v < XB; v++) {
        const int at = column + v * V * STRIDE_W;
        const vec first = finish(sum[v][0], bias, divisor);
#if STRIDE_W == 1
        store_some(first, row + at, in_w - at);
#else
        const vec second = finish(sum[v][1], bias, divisor);
        store_some(ZIP_LOW(first, second), row + at, in_w - at);
        store_some(ZIP_HIGH(first, second), row + at + V, in_w - at - V);
#endif
    }
}

kernel void direct_data(BUFFERS(global, global const, global const, global const), CONV_SHAPE,
                        const int run)
{
    const int across = (in_w - 1) / WIDTH + 1;
    const long tiles = (long)in_h * across;
    const long z = (long)get_global_id(2), first = (long)get_global_id(0) * run;
    if (z >= z_count || first >= tiles || get_global_id(1))
        return;

    const int blocks = (in_per_group - 1) / CB + 1;
    const int c_first = (int)((z_first + z) % blocks) * CB;
    const long g = (z_first + z) / blocks % groups;
    const long n = (z_first + z) / blocks / groups;
    const long out_plane = (long)out_h * out_w, in_plane = (long)in_h * in_w;
    const long y_end = groups * out_per_group * out_plane;
    global const float *gradient = y + y_offset + n * y_image;
    global const float *filters = w + w_offset + g * w_group + c_first * w_in;
    global float *image = x + x_offset + n * x_image + (g * in_per_group + c_first) * in_plane;
    /* Outputs that a tile reads, from its first column's. */
    const int from = in_steps(pad_left - (FILTER_W - 1) * DILATION_W);
    const int to = in_steps(STRIDE_W - 1 + pad_left) + XB * V;

    for (long tile = first; tile < min(first + run, tiles); tile++) {
        const row_of_x at = {(int)(tile / across), (int)(tile % across) * WIDTH,
                             in_per_group - c_first};
        const int left = at.column / STRIDE_W + from, right = at.column / STRIDE_W + to;
        vec sum[CB][XB][STRIDE_W] = {{{(vec)0.0f}}};
        for (int k = 0; k < out_per_group; k++)
            for (int r = 0; r < FILTER_H; r++) {
                const int below = at.h + pad_top - r * DILATION_H, p = below / STRIDE_H;
                if (below < 0 || p * STRIDE_H != below || p >= out_h)
                    continue;
                const long row = (g * out_per_group + k) * out_plane + (long)p * out_w;
                global const float *taps = filters + k * w_out + r * FILTER_W;
                if (left >= 0 && right <= out_w)
                    add_row(sum, at, gradient + row, out_w, pad_left, taps, w_in, PLAIN);
                else if (row + left >= 0 && row + right <= y_end)
                    add_row(sum, at, gradient + row, out_w, pad_left, taps, w_in, MASKED);
                else
                    add_row(sum, at, gradient + row, out_w, pad_left, taps, w_in, CHECKED);
            }
        UNROLL
        for (int c = 0; c < CB; c++)
            if (c < at.channels)
                store_row(sum[c], image + c * in_plane + (long)at.h * in_w, at.column, in_w,
                          has_bias ? b[b_offset + g * b_group + c_first + c] : 0.0f, divisor);
    }
}
