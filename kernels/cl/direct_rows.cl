/* SPDX-License-Identifier: MIT */
/* Groups of few output channels on devices with vectors: the V lanes are pixels of a row. One
 * work-item computes KB output channels for a run of tiles, XB vectors of a row each, in registers;
 * x is read where it is, unaligned. The first vector of a tile may begin left of the image and the
 * last one may end right of it: their lanes outside are zero. Rows outside are left out.
 *
 * Ids: 0 = run of tiles, numbered along the rows; 2 = block z = (n * groups + g) * blocks + block
 * of KB output channels. Needs V pixels or more a row, padding of at most half the filter at either
 * side, and all vectors but the first inside on the left, all but the last inside on the right.
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W (1 or 2) DILATION_H DILATION_W; tile V KB XB. */

#include "common.cl"
#include "vectors.cl"

#ifndef KB
#define KB 4
#endif
#ifndef XB
#define XB 2
#endif
#define PACK KB
#include "packed.cl"

/* Elements of a row of x from a vector's first tap to the end of its last tap's vector. */
#define REACH ((FILTER_W - 1) * DILATION_W + V * STRIDE_W)

/* Taps that can lie left of the image, and as many that can lie right of it. */
#define HALF (FILTER_W / 2)

/* Adds a row of taps of one input channel to the sums. Vector v begins at in[at + column[v]]; with
 * `guarded` elements before in[0] and from in[end] on are not read. */
INLINE void add_row(vec sum[KB][XB], global const x_element *in, const long at,
                    const int column[XB], const int in_w, global const real *weights,
                    const long end, const int guarded)
{
    UNROLL
    for (int s = 0; s < FILTER_W; s++) {
        vec pixels[XB];
        UNROLL
        for (int v = 0; v < XB; v++) {
            const long first = at + column[v] + s * DILATION_W;
            pixels[v] = guarded ? load_between(in, first, end) : load_pixels(in + first);
            const vec_index lane = LANE * STRIDE_W + column[v] + s * DILATION_W;
            if (v == 0 && s < HALF)
                pixels[v] = select((vec)0, pixels[v], lane >= 0);
            if (v == XB - 1 && s >= FILTER_W - HALF)
                pixels[v] = select((vec)0, pixels[v], lane < in_w);
        }
        UNROLL
        for (int k = 0; k < KB; k++) {
            const vec weight = weights[s * KB + k];
            UNROLL
            for (int v = 0; v < XB; v++)
                sum[k][v] = fma(pixels[v], weight, sum[k][v]);
        }
    }
}

kernel void direct_rows(CONV_BUFFERS, global const real *restrict packed,
                        const ulong packed_offset, CONV_SHAPE, const int run ENDING_ARGS)
{
    MAKE_ENDING
    const int across = (out_w - 1) / (XB * V) + 1;
    const long tiles = (long)out_h * across;
    const long z = (long)get_global_id(2), first = (long)get_global_id(0) * run;
    if (z >= z_count || first >= tiles || get_global_id(1))
        return;

    const int blocks = PACKS(out_per_group);
    const int k_first = (int)((z_first + z) % blocks) * KB;
    const long g = (z_first + z) / blocks % groups;
    const long n = (z_first + z) / blocks / groups;
    const long in_plane = (long)in_h * in_w, plane = (long)out_h * out_w;
    global const x_element *image = x + x_offset + n * x_image;
    global const real *weights = packed + packed_offset +
                                  (z_first + z) % (groups * (long)blocks) *
                                      PACKED_BLOCK(in_per_group);
    global const b_element *bias = b + b_offset + g * b_group + k_first;
    global y_element *out = y + y_offset + n * y_image + (g * out_per_group + k_first) * plane;
    const int channels = out_per_group - k_first;
    const long step = (long)DILATION_H * in_w;
    const long from = g * in_per_group * in_plane, end = groups * in_per_group * in_plane;

    for (long tile = first; tile < min(first + run, tiles); tile++) {
        const int p = (int)(tile / across);
        const int q = max(0, min((int)(tile % across) * (XB * V), out_w - XB * V));
        const int last = min(q + (XB - 1) * V, out_w - V); /* the last vector may overlap */
        int column[XB];
        vec sum[KB][XB];
        UNROLL
        for (int v = 0; v < XB; v++)
            column[v] = (v < XB - 1 ? q + v * V : last) * STRIDE_W - pad_left;
        UNROLL
        for (int k = 0; k < KB; k++) {
            const real start =
                has_bias && k < channels ? (real)bias_factor * READ(bias, k) : 0;
            UNROLL
            for (int v = 0; v < XB; v++)
                sum[k][v] = start;
        }
        const int top = p * STRIDE_H - pad_top;
        const int r_first = first_tap(top), r_end = end_tap(top, in_h);
        for (int c = 0; c < in_per_group; c++) {
            const long at = from + c * in_plane + (long)top * in_w;
            global const real *taps = weights + c * PACKED_CHANNEL;
            const int inside = at + r_first * step + column[0] >= 0 &&
                               at + (r_end - 1) * step + column[XB - 1] + REACH <= end;
            UNROLL
            for (int v = 0; v < XB; v++)
                fetch(image + at + r_end * step + column[v], V * STRIDE_W);
            for (int r = r_first; r < r_end; r++)
                if (inside)
                    add_row(sum, image, at + r * step, column, in_w, taps + r * (FILTER_W * KB),
                            end, 0);
                else
                    add_row(sum, image, at + r * step, column, in_w, taps + r * (FILTER_W * KB),
                            end, 1);
        }
        UNROLL
        for (int k = 0; k < KB; k++)
            if (k < channels)
                UNROLL
                for (int v = 0; v < XB; v++) {
                    global y_element *to =
                        out + k * plane + (long)p * out_w + (v < XB - 1 ? q + v * V : last);
                    STORE(END_VEC(sum[k][v], to), to);
                }
    }
}
