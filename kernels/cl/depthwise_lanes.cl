/* SPDX-License-Identifier: MIT */
/* Depthwise and shared kernel, design `lanes`: the V lanes of a vector are V planes of y, for CPUs
 * and planes that fit a first-level cache.
 *
 * V planes are transposed in registers into an array of pixels, where every tap is an aligned load
 * and no lane idles, whatever the width; the result is transposed back. Taps outside x are left
 * out.
 *
 * Id 2 = `run` blocks of V output planes z = (n * groups + g) * out_per_group + k. Defines: the
 * filter; V; XB pixels of a row at a time. */

#include "common.cl"
#include "vectors.cl"
#include "planes.cl"

#ifndef XB
#define XB 7
#endif

#define TAPS (FILTER_H * FILTER_W)
/* Partial sums of an output, for columns of the filter in turn: few chains of multiply-adds would
 * wait for one another. */
#define PARTS (V == 16 && FILTER_W > 1 ? 2 : 1)
/* Pixels of a plane of x, and of y, that there is room for (host: the same). */
#define ROOM 256

INLINE void load_weights(vec weight[TAPS], global const w_element *const *filter)
{
#if TAPS >= BLOCK
    load_all(weight, filter, TAPS);
#else
    for (int i = 0; i < TAPS; i++) {
        real lane[V];
        for (int l = 0; l < V; l++)
            lane[l] = READ(filter[l], i);
        weight[i] = JOIN(vload, V)(0, lane);
    }
#endif
}

/* Adds a row of the filter to XB pixels, whose first sees column `left` of x, at row[0], under the
 * first tap. Only so many columns at either end as the filter reaches over can be padding. */
INLINE void add_row(vec sum[XB][PARTS], const vec *row, const vec *weight, const int left,
                    const int in_w)
{
    enum { REACH = (FILTER_W - 1) * DILATION_W, COLUMNS = (XB - 1) * STRIDE_W + 1 + REACH };
    UNROLL
    for (int c = 0; c < COLUMNS; c++) {
        if ((c < REACH && left + c < 0) || (c >= COLUMNS - REACH && left + c >= in_w))
            continue;
        const vec value = row[c];
        UNROLL
        for (int s = 0; s < FILTER_W; s++) {
            const int at = c - s * DILATION_W, j = at / STRIDE_W;
            if (at >= 0 && at % STRIDE_W == 0 && j < XB)
                sum[j][s % PARTS] = fma(value, weight[s], sum[j][s % PARTS]);
        }
    }
}

typedef struct sizes {
    int in_h, in_w, out_h, out_w, pad_top, pad_left;
} sizes;

/* The last pixels of a row overlap those before. Rows are walked within columns: what lies in the
 * padding of a column is the same for all of them. `y` is where the result goes: many short stores
 * would wait for its lines (7x7 planes: 28 to 22 us). */
INLINE void convolve(vec *out, const vec *in, const vec *weight, const vec start,
                     const sizes *size, global y_element *y)
{
    for (int q = 0; q < size->out_w; q += XB) {
        const int col = min(q, size->out_w - XB), left = col * STRIDE_W - size->pad_left;
        for (int p = 0; p < size->out_h; p++) {
            const int top = p * STRIDE_H - size->pad_top;
            const int first = top < 0 ? (-top + DILATION_H - 1) / DILATION_H : 0;
            const int end = min(FILTER_H, (size->in_h - top + DILATION_H - 1) / DILATION_H);
            const vec *row = in + ((long)(top + first * DILATION_H) * size->in_w + left);
            vec *to = out + (p * size->out_w + col);
            vec sum[XB][PARTS];
            UNROLL
            for (int i = 0; i < XB; i++)
                fetch_to_store(y + (p * size->out_w + col + i) * V, 1);
            UNROLL
            for (int i = 0; i < XB * PARTS; i++)
                sum[i / PARTS][i % PARTS] = i % PARTS ? (vec)0 : start;
            for (int r = first; r < end; r++, row += DILATION_H * size->in_w)
                add_row(sum, row, weight + r * FILTER_W, left, size->in_w);
            UNROLL
            for (int j = 0; j < XB; j++)
                to[j] = PARTS == 1 ? sum[j][0] : sum[j][0] + sum[j][PARTS - 1];
        }
    }
}

/* One plane of y, and what it is made of. */
typedef struct plane {
    global const x_element *in;
    global const w_element *filter;
    global const b_element *bias;
    global y_element *out;
    int k, g;
} plane;

/* Elements from one plane, group, channel or image to the next. */
typedef struct strides {
    long plane_in, plane_out, x_image, y_image, w_group, w_out, b_group;
    int groups, channels;
} strides;

INLINE void next_plane(plane *at, const strides *step)
{
    at->filter += step->w_out;
    at->bias++;
    at->out += step->plane_out;
    if (++at->k < step->channels)
        return;
    at->k = 0;
    at->in += step->plane_in;
    at->filter += step->w_group - step->channels * step->w_out;
    at->bias += step->b_group - step->channels;
    if (++at->g < step->groups)
        return;
    at->g = 0;
    at->in += step->x_image - step->groups * step->plane_in;
    at->filter -= step->groups * step->w_group;
    at->bias -= step->groups * step->b_group;
    at->out += step->y_image - step->groups * step->channels * step->plane_out;
}

/* V planes. */
typedef struct block {
    global const x_element *in[V];
    global const w_element *filter[V];
    global const b_element *bias[V];
    global y_element *out[V];
} block;

/* The planes from `at` on, of which `left` are left; the lanes behind repeat the last one. */
INLINE void next_block(block *block, plane *at, const strides *step, const long left)
{
    if (step->channels == 1 && at->g + V < step->groups && V < left) { /* most are */
        UNROLL
        for (int l = 0; l < V; l++) {
            block->in[l] = at->in + l * step->plane_in;
            block->filter[l] = at->filter + l * step->w_group;
            block->bias[l] = at->bias + l * step->b_group;
            block->out[l] = at->out + l * step->plane_out;
        }
        at->g += V;
        at->in += V * step->plane_in;
        at->filter += V * step->w_group;
        at->bias += V * step->b_group;
        at->out += V * step->plane_out;
        return;
    }
    for (int l = 0; l < V; l++) {
        block->in[l] = at->in;
        block->filter[l] = at->filter;
        block->bias[l] = at->bias;
        block->out[l] = at->out;
        if (l + 1 < left)
            next_plane(at, step);
    }
}

static __attribute__((noinline)) void do_run(CONV_BUFFERS, CONV_SHAPE, const long first,
                                             const long count ENDING)
{
    vec in[ROOM], out[ROOM], weight[TAPS];
    const sizes size = {in_h, in_w, out_h, out_w, pad_top, pad_left};
    const int plane_in = in_h * in_w, plane_out = out_h * out_w;
    const strides step = {plane_in, plane_out, x_image, y_image,      w_group,
                          w_out,    b_group,   groups,  out_per_group};
    const long n = first / out_per_group / groups;
    plane at = {.g = (int)(first / out_per_group % groups), .k = (int)(first % out_per_group)};
    at.in = x + x_offset + n * x_image + (long)at.g * plane_in;
    at.filter = w + w_offset + at.g * w_group + at.k * w_out;
    at.bias = b + b_offset + at.g * b_group + at.k;
    at.out = y + y_offset + n * y_image + ((long)at.g * out_per_group + at.k) * plane_out;
    for (long z = 0; z < count; z += V) {
        block block;
        real start[V];
        next_block(&block, &at, &step, count - z);
        for (int l = 0; l < V; l++)
            start[l] = has_bias ? (real)bias_factor * READ(block.bias[l], 0) : 0;
        load_weights(weight, block.filter);
        load_all(in, block.in, plane_in);
        convolve(out, in, weight, JOIN(vload, V)(0, start), &size, block.out[0]);
        store_all(block.out, out, plane_out PASS_ENDING);
    }
}

kernel void depthwise_lanes(CONV_BUFFERS, CONV_SHAPE, const int images, const int run ENDING_ARGS)
{
    MAKE_ENDING
    const long first = (z_first + (long)get_global_id(2)) * run * V;
    const long count = min((long)run * V, (long)images * groups * out_per_group - first);
    if (get_global_id(0) || get_global_id(1) || (long)get_global_id(2) >= z_count)
        return;
    do_run(x, x_offset, w, w_offset, b, b_offset, y, y_offset, in_h, in_w, out_h, out_w, pad_top,
           pad_left, groups, in_per_group, out_per_group, x_image, y_image, w_group, w_out, w_in,
           b_group, has_bias, bias_factor, divisor, z_first, z_count, first, count PASS_ENDING);
}
