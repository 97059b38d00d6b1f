/* SPDX-License-Identifier: MIT */
/* The gradient by w for groups of many output channels and small planes of y, for CPUs: the lanes
 * of a vector are V output channels. Their planes of y are transposed in registers into arrays of
 * outputs, which all input channels of a work-item use, pixels of x are broadcast: no lane idles,
 * whatever the width, and no lanes need to be added. One work-item computes KB vectors of output
 * channels for a run of input channels, CB at a time; one order of sums, the same bits in every
 * run.
 *
 * Ids: 0 = run of `run` input channels; 2 = block z = g * blocks + block of KB * V output channels.
 * Defines: the filter; V KB CB. */

#include "common.cl"
#include "vectors.cl"
#include "planes.cl"
#include "bias.cl"

#ifndef KB
#define KB 2
#endif
#ifndef CB
#define CB 2
#endif

/* Outputs of a plane that there is room for (host: the same). */
#define ROOM 256

typedef struct sizes {
    int in_h, in_w, out_h, out_w, pad_top, pad_left;
    int q_first, q_end; /* outputs of a row under which no tap is padding */
} sizes;

/* Adds the products of one output. `test`: taps may be outside of the row. */
INLINE void add_output(vec sum[CB][FILTER_W][KB], const vec *out,
                       global const x_element *const *row, const int at, const int in_w,
                       const int test)
{
    vec outputs[KB];
    UNROLL
    for (int k = 0; k < KB; k++)
        outputs[k] = out[k * ROOM];
    UNROLL
    for (int i = 0; i < CB * FILTER_W; i++) {
        const int c = i / FILTER_W, s = i % FILTER_W, column = at + s * DILATION_W;
        if (test && (column < 0 || column >= in_w))
            continue;
        const vec pixel = READ(row[c], column);
        UNROLL
        for (int k = 0; k < KB; k++)
            sum[c][s][k] = fma(pixel, outputs[k], sum[c][s][k]);
    }
}

/* Adds the products of all outputs to row r of taps. */
static __attribute__((noinline)) void add_taps(vec *total, const vec *out,
                                               global const x_element *const *in, const sizes *size,
                                               const int r)
{
    vec sum[CB][FILTER_W][KB];
    UNROLL
    for (int i = 0; i < CB * FILTER_W * KB; i++)
        sum[i / KB / FILTER_W][i / KB % FILTER_W][i % KB] = 0;
    for (int p = 0; p < size->out_h; p++) {
        const int h = p * STRIDE_H - size->pad_top + r * DILATION_H;
        global const x_element *row[CB];
        if (h < 0 || h >= size->in_h)
            continue;
        UNROLL
        for (int c = 0; c < CB; c++)
            row[c] = in[c] + (long)h * size->in_w;
        for (int q = 0; q < size->out_w; q++) {
            for (; q >= size->q_first && q < size->q_end; q++)
                add_output(sum, out + p * size->out_w + q, row, q * STRIDE_W - size->pad_left,
                           size->in_w, 0);
            if (q < size->out_w)
                add_output(sum, out + p * size->out_w + q, row, q * STRIDE_W - size->pad_left,
                           size->in_w, 1);
        }
    }
    UNROLL
    for (int i = 0; i < CB * FILTER_W * KB; i++)
        total[i] = sum[i / KB / FILTER_W][i / KB % FILTER_W][i % KB];
}

/* Stores, or adds, row r of taps of CB input channels, of which `channels` exist; `filters` of the
 * output channels do. */
static __attribute__((noinline)) void put_taps(global w_element *to, const vec *total,
                                               const int filters, const int channels,
                                               const long w_out, const long w_in, const int add)
{
    real lane[CB * FILTER_W][KB * V];
    for (int i = 0; i < CB * FILTER_W * KB; i++)
        JOIN(vstore, V)(total[i], 0, lane[i / KB] + i % KB * V);
    for (int k = 0; k < filters; k++)
        for (int c = 0; c < channels; c++)
            for (int s = 0; s < FILTER_W; s++) {
                global w_element *const one = to + k * w_out + c * w_in + s;
                *one = add ? *one + lane[c * FILTER_W + s][k] : lane[c * FILTER_W + s][k];
            }
}

kernel void direct_filters(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                           const int images, const int run)
{
    const long z = (long)get_global_id(2);
    const int c_first = (int)get_global_id(0) * run;
    if (z >= z_count || get_global_id(1) || c_first >= in_per_group)
        return;

    vec out[KB * ROOM], total[CB * FILTER_W * KB];
    const int blocks = (out_per_group - 1) / (KB * V) + 1;
    const long g = (z_first + z) / blocks;
    const int k_first = (int)((z_first + z) % blocks) * (KB * V);
    const int filters = min(KB * V, out_per_group - k_first);
    const long in_plane = (long)in_h * in_w;
    const int out_plane = out_h * out_w;
    const int inside = in_w + pad_left - (FILTER_W - 1) * DILATION_W;
    const sizes size = {in_h, in_w, out_h, out_w, pad_top, pad_left,
                        min((pad_left + STRIDE_W - 1) / STRIDE_W, out_w),
                        inside > 0 ? min((inside - 1) / STRIDE_W + 1, out_w) : 0};
    global w_element *const filter = w + w_offset + g * w_group + k_first * w_out;
    for (int n = 0; n < images; n++) {
        global const x_element *image = x + x_offset + n * x_image + g * in_per_group * in_plane;
        for (int k = 0; k < KB; k++) {
            global const y_element *from[V];
            for (int l = 0; l < V; l++)
                from[l] = y + y_offset + n * y_image +
                          (g * out_per_group + k_first + min(k * V + l, filters - 1)) * out_plane;
            load_all(out + k * ROOM, from, out_plane);
        }
        for (int c = c_first; c < min(c_first + run, in_per_group); c += CB) {
            global const x_element *in[CB];
            for (int i = 0; i < CB; i++)
                in[i] = image + min(c + i, in_per_group - 1) * in_plane;
            for (int r = 0; r < FILTER_H; r++) {
                add_taps(total, out, in, &size, r);
                put_taps(filter + c * w_in + r * FILTER_W, total, filters,
                         min(CB, min(c_first + run, in_per_group) - c), w_out, w_in, n > 0);
            }
        }
    }
}
