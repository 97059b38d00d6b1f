/* SPDX-License-Identifier: MIT */
/* For devices whose work-items share local memory: a matrix product without an unfolded image. A
 * work-group computes KB output channels x XB output pixels. It walks over slices of DEPTH input
 * channels under one tap: weights and pixels of the next slice are on their way from global memory
 * into registers while TM x TN sums per work-item are made from the slice in local memory. SPLIT
 * parts of the work-group take slices in turn and add up in the end: more work-items where there
 * are few pixels.
 *
 * Pixels are those of `images` images one after another, so that small planes fill the tiles.
 * Padding is multiplied as zero: the host keeps infinite weights away.
 *
 * Ids: group along 0 and 1 = XB pixels, row-major over rows of get_num_groups(0); 2 = block of
 * channels of some images, z = (n / images * groups + g) * ceil(out_per_group / KB) + block.
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W; tile KB XB SPLIT. */

#include "common.cl"

#ifndef KB
#define KB 64
#endif
#ifndef XB
#define XB 64
#endif
#ifndef SPLIT
#define SPLIT 1
#endif

#define PACK KB
#include "packed.cl"

#define TM (KB >= 64 ? 8 : 4)
#define TN (KB >= 32 && XB >= 64 ? 8 : 4)
#define QUADS (TN / 4)
#define ACROSS (XB / TN)
#define THREADS (KB / TM * ACROSS) /* of a part */
#define DEPTH 8
#define SLICE (DEPTH * (KB + XB) / 4) /* in float4: weights, then pixels */

/* What a work-item moves per slice: weights (a channel's KB are neighbours) and, of one pixel,
 * every LOADERS-th channel. */
#define WEIGHTS (DEPTH * KB / THREADS)
#define LOADERS (THREADS / XB)
#define PIXELS (DEPTH / LOADERS)

/* Where a work-item's pixel lies in x: its first tap, which may be in the padding. */
typedef struct spot {
    long first;
    int row, col;
} spot;

/* The slices of a sum in turn: all taps of DEPTH input channels, then the next channels. */
#define TAPS (FILTER_H * FILTER_W)
#define CHANNEL_OF(slice) ((slice) / TAPS * DEPTH)

INLINE void load_weights(float weight[WEIGHTS], global const real *packed, const int slice,
                         const int channels, const int thread)
{
    UNROLL
    for (int i = 0; i < WEIGHTS; i++) {
        const int element = thread + i * THREADS, c = CHANNEL_OF(slice) + element / KB;
        weight[i] =
            c < channels ? packed[c * PACKED_CHANNEL + slice % TAPS * KB + element % KB] : 0.0f;
    }
}

INLINE void load_pixels(float pixel[PIXELS], global const x_element *in, const int slice,
                        const int channels, const int first_channel, const spot from,
                        const int in_h, const int in_w)
{
    const int r = slice % TAPS / FILTER_W * DILATION_H, s = slice % TAPS % FILTER_W * DILATION_W;
    const int row = from.row + r, col = from.col + s;
    const bool inside = row >= 0 && row < in_h && col >= 0 && col < in_w;
    const int c = CHANNEL_OF(slice) + first_channel;
    const long plane = (long)in_h * in_w;
    global const x_element *p = in + from.first + c * plane + (long)r * in_w + s;
    UNROLL
    for (int i = 0; i < PIXELS; i++)
        pixel[i] = inside && c + i * LOADERS < channels ? READ(p, i * LOADERS * plane) : 0.0f;
}

/* Adds a slice: the products of its DEPTH columns of weights and rows of pixels. */
INLINE void add_slice(float4 sum[TM][QUADS], local const float4 *weights,
                      local const float4 *pixels, const int down, const int across)
{
    UNROLL
    for (int c = 0; c < DEPTH; c++) {
        float4 weight[TM / 4], pixel[QUADS];
        UNROLL
        for (int i = 0; i < TM / 4; i++)
            weight[i] = weights[(c * KB + down * TM) / 4 + i];
        UNROLL
        for (int i = 0; i < QUADS; i++)
            pixel[i] = pixels[c * XB / 4 + i * ACROSS + across];
        UNROLL
        for (int m = 0; m < TM / 4; m++)
            UNROLL
            for (int i = 0; i < QUADS; i++) {
                sum[4 * m][i] = fma(weight[m].x, pixel[i], sum[4 * m][i]);
                sum[4 * m + 1][i] = fma(weight[m].y, pixel[i], sum[4 * m + 1][i]);
                sum[4 * m + 2][i] = fma(weight[m].z, pixel[i], sum[4 * m + 2][i]);
                sum[4 * m + 3][i] = fma(weight[m].w, pixel[i], sum[4 * m + 3][i]);
            }
    }
}

/* Adds the sums of all parts to those of the first, which has returned from its last slice. */
INLINE void add_parts(float4 sum[TM][QUADS], local float4 *room, const int part, const int thread)
{
    for (int other = 1; other < SPLIT; other++) {
        barrier(CLK_LOCAL_MEM_FENCE);
        UNROLL
        for (int i = 0; i < TM * QUADS; i++)
            if (part == other)
                room[i * THREADS + thread] = sum[i / QUADS][i % QUADS];
        barrier(CLK_LOCAL_MEM_FENCE);
        UNROLL
        for (int i = 0; i < TM * QUADS; i++)
            if (part == 0)
                sum[i / QUADS][i % QUADS] += room[i * THREADS + thread];
    }
}

__attribute__((reqd_work_group_size(THREADS * SPLIT, 1, 1)))
kernel void direct_local(CONV_BUFFERS, global const real *restrict packed,
                         const ulong packed_offset, CONV_SHAPE, const int images, const int batch
                         ENDING_ARGS)
{
    MAKE_ENDING
    local float4 slices[SPLIT * 2 * SLICE];
    const int thread = (int)get_local_id(0) % THREADS, part = (int)get_local_id(0) / THREADS;
    local float4 *const own = slices + part * 2 * SLICE;
    const int down = thread / ACROSS, across = thread % ACROSS;
    const uint plane = (uint)out_h * (uint)out_w;
    const long z = (long)get_group_id(2);
    const long blocks = PACKS(out_per_group);
    const int k = (int)((z_first + z) % blocks) * KB;
    const int g = (int)((z_first + z) / blocks % groups);
    const int n = (int)((z_first + z) / blocks / groups) * images;
    const uint count = (uint)min(images, batch - n) * plane;
    const uint first = ((uint)get_group_id(1) * (uint)get_num_groups(0) + (uint)get_group_id(0)) *
                       XB;
    if (z >= z_count || first >= count)
        return;

    const uint mine = min(first + thread % XB, count - 1); /* past the end: its last once more */
    const int p = (int)(mine % plane / out_w), q = (int)(mine % plane % out_w);
    spot from = {0, p * STRIDE_H - pad_top, q * STRIDE_W - pad_left};
    from.first = (n + mine / plane) * x_image + (long)from.row * in_w + from.col;
    global const x_element *in = x + x_offset + (long)g * in_per_group * in_h * in_w;
    packed += packed_offset + (g * blocks + k / KB) * PACKED_BLOCK((long)in_per_group);

    float4 sum[TM][QUADS];
    UNROLL
    for (int m = 0; m < TM; m++)
        UNROLL
        for (int i = 0; i < QUADS; i++)
            sum[m][i] = 0.0f;

    float weight[WEIGHTS], pixel[PIXELS];
    const int end = ((in_per_group - 1) / DEPTH + 1) * TAPS;
    load_weights(weight, packed, part, in_per_group, thread);
    load_pixels(pixel, in, part, in_per_group, thread / XB, from, in_h, in_w);
    for (int slice = part, turn = 0; slice - part < end; slice += SPLIT, turn ^= 1) {
        local float4 *const weights = own + turn * SLICE;
        local float4 *const pixels = weights + DEPTH * KB / 4;
        UNROLL
        for (int i = 0; i < WEIGHTS; i++)
            ((local float *)weights)[thread + i * THREADS] = weight[i];
        UNROLL
        for (int i = 0; i < PIXELS; i++)
            ((local float *)pixels)[thread + i * THREADS] = pixel[i];
        barrier(CLK_LOCAL_MEM_FENCE); /* one is enough: the other half is written next */
        load_weights(weight, packed, slice + SPLIT, in_per_group, thread);
        load_pixels(pixel, in, slice + SPLIT, in_per_group, thread / XB, from, in_h, in_w);
        add_slice(sum, weights, pixels, down, across);
    }
    if (SPLIT > 1)
        add_parts(sum, slices, part, thread);

    /* PoCL 3.1 gets work-items wrong that leave a loop or the kernel here, after a barrier. */
    UNROLL
    for (int i = 0; i < QUADS; i++)
        UNROLL
        for (int j = 0; j < 4; j++) {
            const uint to = first + (i * ACROSS + across) * 4 + j;
            const bool stores = to < count && part == 0;
            global y_element *out = y + y_offset + (n + to / plane) * y_image +
                                ((long)g * out_per_group + k + down * TM) * plane + to % plane;
            UNROLL
            for (int m = 0; m < TM; m++)
                if (stores && k + down * TM + m < out_per_group) {
                    const float4 of = sum[m][i];
                    const float value =
                        epilogue(j == 0 ? of.x : j == 1 ? of.y : j == 2 ? of.z : of.w, b,
                                 b_offset + g * b_group + k + down * TM + m, has_bias, bias_factor,
                                 divisor);
                    WRITE(out, m * (long)plane, END(value, out, m * (long)plane));
                }
        }
}
