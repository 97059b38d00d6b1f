/* SPDX-License-Identifier: MIT */
/* Groups of many output channels on devices with vectors: the V lanes are output channels. One
 * work-item computes KB vectors of channels for a run of tiles, XB pixels of a row each,
 * in registers. Each pixel of x is read once per row of taps, straight from x, and goes into every
 * sum that sees it; weights come packed, so that each is a vector; columns outside the image are
 * left out by tests that the branch predictor knows, and the sums are transposed in registers to be
 * stored as rows.
 *
 * Ids: 0 = run of tiles, numbered along the rows; 2 = block z = (n * groups + g) * blocks + block
 * of KB * V output channels.
 * A 1x1 filter of stride 1 sees the plane as one row.
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W; tile V KB XB, XB <= 2 V. */

#include "common.cl"
#include "vectors.cl"
#define PACK V
#include "packed.cl"

#ifndef KB
#define KB 1
#endif
#ifndef XB
#define XB 7
#endif

/* Columns of x under a tile, and those that the filter reaches beyond a pixel. */
#define SPAN ((XB - 1) * STRIDE_W + (FILTER_W - 1) * DILATION_W + 1)
#define REACH ((FILTER_W - 1) * DILATION_W)

/* Adds a row of taps of one input channel to the sums. `row` is where the tile's first column would
 * be; `weights` is the row's first vector, `block` further on that of the next V channels. Columns
 * that can be padding are tested: all of them where the image is narrow or its padding wide. */
INLINE void add_row(vec sum[KB][XB], global const x_element *row, const int left, const int in_w,
                    global const real *weights, const long block, const int test_all)
{
    vec weight[FILTER_W][KB];
    UNROLL
    for (int s = 0; s < FILTER_W; s++)
        UNROLL
        for (int m = 0; m < KB; m++)
            weight[s][m] = LOAD_REAL(weights + m * block + s * V);
    UNROLL
    for (int i = 0; i < SPAN; i++) {
        if (((test_all || i < REACH) && left + i < 0) ||
            ((test_all || i >= SPAN - REACH) && left + i >= in_w))
            continue;
        const vec value = READ(row, i);
        UNROLL
        for (int s = 0; s < FILTER_W; s++) {
            const int ahead = i - s * DILATION_W;
            if (ahead < 0 || ahead % STRIDE_W != 0 || ahead / STRIDE_W >= XB)
                continue;
            UNROLL
            for (int m = 0; m < KB; m++)
                sum[m][ahead / STRIDE_W] = fma(value, weight[s][m], sum[m][ahead / STRIDE_W]);
        }
    }
}

/* Blocks of V pixels that are transposed one after the other; the last one overlaps. */
#define BLOCKS ((XB - 1) / V + 1)
#define PIXELS (XB < V ? XB : V)

#if PIXELS >= 8
#define PART 8
#else
#define PART 4
#endif
#define LANES_FROM(v, i) JOIN(LANES_, PART)(v, i)

typedef JOIN(REAL, PART) part;
DEFINE_END(end_part, part)

INLINE void store_part(const part pixels, global y_element *p ENDING)
{
    STORE_PART(END_WITH(end_part, pixels, LOAD_PART(RESIDUAL_AT(p), PART)), p, PART);
}

/* The first PIXELS lanes, in one store or two that overlap. */
INLINE void store_pixels(const vec pixels, global y_element *p ENDING)
{
#if PIXELS == V
    STORE(END_VEC(pixels, p), p);
#else
    store_part(LANES_FROM(pixels, 0), p PASS_ENDING);
#if PIXELS > PART
    store_part(LANES_FROM(pixels, PIXELS - PART), p + PIXELS - PART PASS_ENDING);
#endif
#endif
}

/* Stores KB * V rows of XB pixels, `plane` apart, of which the first `channels` and the first
 * `width` pixels exist. */
INLINE void store_tile(vec sum[KB][XB], global y_element *out, const long plane, const int channels,
                       const int width ENDING)
{
    UNROLL
    for (int i = 0; i < KB * BLOCKS; i++) {
        const int m = i / BLOCKS, part = i % BLOCKS;
        const int at = part < BLOCKS - 1 ? part * V : XB - PIXELS;
        const int count = BLOCKS == 1 ? width : min(width - at, V);
        vec block[V];
        UNROLL
        for (int j = 0; j < V; j++)
            block[j] = j < PIXELS ? sum[m][at + (j < PIXELS ? j : 0)] : (vec)0;
        transpose(block);
        UNROLL
        for (int k = 0; k < V; k++)
            if (m * V + k < channels) {
                if (width >= XB)
                    store_pixels(block[k], out + (m * V + k) * plane + at PASS_ENDING);
                else
                    store_first(block[k], out + (m * V + k) * plane + at,
                                count PASS_ENDING);
            }
    }
}

/* Tiles `first` to `end` - 1 of block z. A call, because PoCL compiles what is in a kernel itself
 * three times. */
static __attribute__((noinline)) void do_run(CONV_BUFFERS, global const real *restrict packed,
                                             const ulong packed_offset, CONV_SHAPE, const long z,
                                             const long first, const long end,
                                             const int flat ENDING)
{
    const int rows = flat ? 1 : in_h, row_width = flat ? in_h * in_w : in_w;
    const int out_row = flat ? out_h * out_w : out_w;
    const int across = (out_row - 1) / XB + 1;
    const long step = (long)DILATION_H * row_width;
    const int blocks = (out_per_group - 1) / (KB * V) + 1;
    const int k = (int)(z % blocks) * (KB * V);
    const long g = z / blocks % groups;
    const long n = z / blocks / groups;
    const long in_plane = (long)in_h * in_w, plane = (long)out_h * out_w;
    const long block = PACKED_BLOCK(in_per_group);
    /* the second vector of a last block may not exist: the first again, and nothing is stored */
    const long next = k + V < out_per_group ? block : 0;
    const int test_all = out_row < XB || pad_left > REACH ||
                         (out_row - 1) * STRIDE_W - pad_left >= row_width;
    global const x_element *in = x + x_offset + n * x_image + g * in_per_group * in_plane;
    global const real *weights =
        packed + packed_offset + (g * PACKS(out_per_group) + k / V) * block;
    global y_element *out = y + y_offset + n * y_image + (g * out_per_group + k) * plane;

    vec start[KB];
    UNROLL
    for (int m = 0; m < KB; m++)
        start[m] = bias_of(b + b_offset + g * b_group + k + m * V, out_per_group - k - m * V,
                           has_bias, bias_factor);
    for (long tile = first; tile < end; tile++) {
        const int p = (int)(tile / across);
        const int q = max(0, min((int)(tile % across) * XB, out_row - XB)); /* the last overlaps */
        const int left = q * STRIDE_W - pad_left;
        vec sum[KB][XB];
        UNROLL
        for (int m = 0; m < KB; m++)
            UNROLL
            for (int j = 0; j < XB; j++)
                sum[m][j] = start[m];
        const int top = p * STRIDE_H - pad_top;
        const int r_first = first_tap(top), r_end = end_tap(top, rows);
        for (int c = 0; c < in_per_group; c++) {
            global const x_element *row = in + c * in_plane + (long)top * row_width + left;
            global const real *taps = weights + c * PACKED_CHANNEL;
            UNROLL
            for (int r = 0; r < STRIDE_H; r++)
                fetch(row + r_end * step + r * (long)row_width, SPAN);
            if (test_all)
                for (int r = r_first; r < r_end; r++)
                    add_row(sum, row + r * step, left, row_width, taps + r * (FILTER_W * V), next,
                            1);
            else
                for (int r = r_first; r < r_end; r++)
                    add_row(sum, row + r * step, left, row_width, taps + r * (FILTER_W * V), next,
                            0);
        }
        store_tile(sum, out + (long)p * out_row + q, plane, out_per_group - k,
                   out_row PASS_ENDING);
    }
}

kernel void direct_lanes(CONV_BUFFERS, global const real *restrict packed,
                         const ulong packed_offset, CONV_SHAPE, const int run ENDING_ARGS)
{
    MAKE_ENDING
    const int flat = FILTER_H * FILTER_W * STRIDE_H * STRIDE_W == 1 && out_h == in_h &&
                     out_w == in_w;
    const long across = ((flat ? out_h * out_w : out_w) - 1) / XB + 1;
    const long tiles = flat ? across : out_h * across;
    const long z = (long)get_global_id(2), first = (long)get_global_id(0) * run;
    if (z >= z_count || first >= tiles || get_global_id(1))
        return;
    do_run(x, x_offset, w, w_offset, b, b_offset, y, y_offset, packed, packed_offset, in_h, in_w,
           out_h, out_w, pad_top, pad_left, groups, in_per_group, out_per_group, x_image, y_image,
           w_group, w_out, w_in, b_group, has_bias, bias_factor, divisor, z_first, z_count,
           z_first + z, first, min(first + run, tiles), flat PASS_ENDING);
}
