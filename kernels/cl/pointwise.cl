/* SPDX-License-Identifier: MIT */
/* 1x1 filters of stride 1 without padding: y[k][pixel] = sum over c of w[k][c] * x[c][pixel], a
 * matrix product straight on the planes. One work-item computes all output channels of a group for
 * a run of pixels, KB channels x XB vectors of V pixels at a time in registers: pixels are loaded
 * as vectors, weights are broadcast. What is left of a run after whole tiles is done a vector at a
 * time, two blocks of channels together so that as many sums are in flight.
 *
 * Ids: 0 = run of pixels; 2 = group z = n * groups + g. Needs V pixels or more a plane.
 * Defines: tile V KB XB. */

#include "common.cl"
#include "vectors.cl"

#ifndef KB
#define KB 8
#endif
#ifndef XB
#define XB 3
#endif
#undef FILTER_H
#undef FILTER_W
#define FILTER_H 1
#define FILTER_W 1
#define PACK KB
#include "packed.cl"

/* BLOCKS blocks of KB channels x VECTORS vectors; the first `channels` of them exist. `more` are
 * the second block's weights, `plane` is from one channel's pixels to the next one's, `ahead` from
 * a channel's pixels to those that are worth fetching. */
#define TILE(name, BLOCKS, VECTORS)                                                                \
    INLINE void name(global const float *in, const long plane, global const float *weights,        \
                     global const float *more, const int in_per_group, global float *out,          \
                     const int channels, global const float *b, const int has_bias,                \
                     const float bias_factor, const int ahead)                                     \
    {                                                                                              \
        vec sum[BLOCKS * KB][VECTORS];                                                             \
        UNROLL for (int k = 0; k < BLOCKS * KB; k++)                                               \
        {                                                                                          \
            const float start = has_bias && k < channels ? bias_factor * b[k] : 0.0f;              \
            UNROLL for (int j = 0; j < VECTORS; j++) sum[k][j] = start;                            \
        }                                                                                          \
        _Pragma("unroll 2") for (int c = 0; c < in_per_group; c++, in += plane)                    \
        {                                                                                          \
            vec pixels[VECTORS];                                                                   \
            UNROLL for (int j = 0; j < VECTORS; j++) pixels[j] = LOAD(in + j * V);                 \
            fetch(in + ahead, V);                                                                  \
            UNROLL for (int k = 0; k < BLOCKS * KB; k++)                                           \
            {                                                                                      \
                const vec weight = k < KB ? weights[k] : more[k - KB];                             \
                UNROLL for (int j = 0; j < VECTORS; j++) sum[k][j] =                               \
                    fma(pixels[j], weight, sum[k][j]);                                             \
            }                                                                                      \
            weights += KB;                                                                         \
            more += KB;                                                                            \
        }                                                                                          \
        UNROLL for (int k = 0; k < BLOCKS * KB; k++, out += plane) if (k < channels)               \
            UNROLL for (int j = 0; j < VECTORS; j++) STORE(sum[k][j], out + j * V);                \
    }

TILE(tile_wide, 1, XB)
TILE(tile_tall, 2, 1)
TILE(tile_short, 1, 1)

kernel void pointwise(CONV_BUFFERS, global const float *restrict packed,
                      const ulong packed_offset, CONV_SHAPE, const int run)
{
    const long z = (long)get_global_id(2);
    const long plane = (long)in_h * in_w;
    const long first = (long)get_global_id(0) * run, end = min(first + run, plane);
    if (z >= z_count || first >= plane || get_global_id(1))
        return;

    const long g = (z_first + z) % groups, n = (z_first + z) / groups;
    const long block = PACKED_BLOCK(in_per_group);
    const int blocks = PACKS(out_per_group);
    global const float *in = x + x_offset + n * x_image + g * in_per_group * plane;
    global const float *weights = packed + packed_offset + g * blocks * block;
    global const float *bias = b + b_offset + g * b_group;
    global float *out = y + y_offset + n * y_image + g * out_per_group * plane;

    long pixel = first;
    for (; pixel + XB * V <= end; pixel += XB * V)
        for (int i = 0; i < blocks; i++)
            tile_wide(in + pixel, plane, weights + i * block, weights, in_per_group,
                      out + i * KB * plane + pixel, out_per_group - i * KB, bias + i * KB, has_bias,
                      bias_factor, (XB + min(i, XB - 1)) * V);
    for (; pixel < end; pixel += V) {
        const long at = min(pixel, plane - V); /* the last vector overlaps the one before */
        int i = 0;
        for (; i + 1 < blocks; i += 2)
            tile_tall(in + at, plane, weights + i * block, weights + (i + 1) * block, in_per_group,
                      out + i * KB * plane + at, out_per_group - i * KB, bias + i * KB, has_bias,
                      bias_factor, V);
        for (; i < blocks; i++)
            tile_short(in + at, plane, weights + i * block, weights, in_per_group,
                       out + i * KB * plane + at, out_per_group - i * KB, bias + i * KB, has_bias,
                       bias_factor, V);
    }
}
