/* SPDX-License-Identifier: MIT */
/* The gradient by w of groups of one input channel, for CPUs and planes that fit a first-level
 * cache: the V lanes of a vector are V filters. Their planes of x and y are transposed in registers
 * into arrays of pixels, so that no lane idles, whatever the width, and no lanes need to be added.
 *
 * Id 2 = block of V filters, z = g * out_per_group + k. Defines: the filter; V; XB outputs of a row
 * at a time, which divide it; RB rows of taps at a time. One order of sums, the same bits in every
 * run. */

#include "common.cl"
#include "vectors.cl"
#include "planes.cl"
#include "bias.cl"

#ifndef XB
#define XB 7
#endif
#ifndef RB
#define RB 3
#endif

#define TAPS (FILTER_H * FILTER_W)
/* Pixels of a plane of x, and of y, that there is room for (host: the same). */
#define ROOM 256
/* Columns of x under XB outputs; of them so many at either end can lie in the padding. */
#define REACH ((FILTER_W - 1) * DILATION_W)
#define COLUMNS ((XB - 1) * STRIDE_W + 1 + REACH)

typedef struct sizes {
    int in_h, in_w, out_h, out_w, pad_top, pad_left;
} sizes;

/* Adds the products of XB outputs of a row, under a row of taps whose first sees column `left`. */
INLINE void add_row(vec sum[FILTER_W], const vec outputs[XB], const vec *row, const int left,
                    const int in_w)
{
    UNROLL
    for (int c = 0; c < COLUMNS; c++) {
        if ((c < REACH && left + c < 0) || (c >= COLUMNS - REACH && left + c >= in_w))
            continue;
        const vec value = row[c];
        UNROLL
        for (int s = 0; s < FILTER_W; s++) {
            const int at = c - s * DILATION_W, j = at / STRIDE_W;
            if (at >= 0 && at % STRIDE_W == 0 && j < XB)
                sum[s] = fma(value, outputs[j], sum[s]);
        }
    }
}

/* Adds the products of all rows of outputs, columns q to q + XB - 1, to RB rows of taps. */
INLINE void add_column(vec *total, const vec *in, const vec *out, const sizes *size,
                       const int r_first, const int q)
{
    vec sum[RB][FILTER_W];
    const int left = q * STRIDE_W - size->pad_left;
    UNROLL
    for (int i = 0; i < RB * FILTER_W; i++)
        sum[i / FILTER_W][i % FILTER_W] = total[i];
    for (int p = 0; p < size->out_h; p++) {
        vec outputs[XB];
        UNROLL
        for (int j = 0; j < XB; j++)
            outputs[j] = out[p * size->out_w + q + j];
        UNROLL
        for (int r = 0; r < RB; r++) {
            const int h = p * STRIDE_H - size->pad_top + (r_first + r) * DILATION_H;
            if (h >= 0 && h < size->in_h && r_first + r < FILTER_H)
                add_row(sum[r], outputs, in + ((long)h * size->in_w + left), left, size->in_w);
        }
    }
    UNROLL
    for (int i = 0; i < RB * FILTER_W; i++)
        total[i] = sum[i / FILTER_W][i % FILTER_W];
}

static __attribute__((noinline)) void add_image(vec *total, const vec *in, const vec *out,
                                                const sizes *size)
{
    for (int r = 0; r < FILTER_H; r += RB)
        for (int q = 0; q < size->out_w; q += XB)
            add_column(total + r * FILTER_W, in, out, size, r, q);
}

/* The filters first to first + count - 1; lanes behind repeat the last one. */
static __attribute__((noinline)) void do_block(BUFFERS(global const, global, global, global const),
                                               CONV_SHAPE, const int images, const long first,
                                               const int count)
{
    vec in[ROOM], out[ROOM], total[TAPS + RB * FILTER_W];
    global const x_element *from_x[V];
    global const y_element *from_y[V];
    global w_element *to[V];
    const sizes size = {in_h, in_w, out_h, out_w, pad_top, pad_left};
    const int in_plane = in_h * in_w, out_plane = out_h * out_w;
    for (int l = 0; l < V; l++) {
        const long z = first + min(l, count - 1), g = z / out_per_group, k = z % out_per_group;
        from_x[l] = x + x_offset + g * in_plane;
        from_y[l] = y + y_offset + z * out_plane;
        to[l] = w + w_offset + g * w_group + k * w_out;
    }
    for (int i = 0; i < TAPS + RB * FILTER_W; i++)
        total[i] = 0;
    for (int n = 0; n < images; n++) {
        load_all(in, from_x, in_plane);
        load_all(out, from_y, out_plane);
        add_image(total, in, out, &size);
        for (int l = 0; l < V; l++) {
            from_x[l] += x_image;
            from_y[l] += y_image;
        }
    }
#if TAPS >= BLOCK
    store_all(to, total, TAPS);
#else
    for (int i = 0; i < TAPS; i++) {
        real lane[V];
        JOIN(vstore, V)(total[i], 0, lane);
        for (int l = 0; l < count; l++)
            WRITE(to[l], i, lane[l]);
    }
#endif
}

kernel void depthwise_weights(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                              const int images)
{
    const long first = (z_first + (long)get_global_id(2)) * V;
    const long filters = (long)groups * out_per_group;
    if (get_global_id(0) || get_global_id(1) || (long)get_global_id(2) >= z_count)
        return;
    do_block(x, x_offset, w, w_offset, b, b_offset, y, y_offset, in_h, in_w, out_h, out_w, pad_top,
             pad_left, groups, in_per_group, out_per_group, x_image, y_image, w_group, w_out, w_in,
             b_group, has_bias, bias_factor, divisor, z_first, z_count, images, first,
             (int)min((long)V, filters - first));
}
