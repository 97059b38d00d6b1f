/* SPDX-License-Identifier: MIT */
/* Gradients by w and b on devices with vectors: the V lanes are neighbouring outputs of a row. One
 * work-item goes over all images and outputs with the sums of KB filters x CB input channels x RB
 * rows of taps x FILTER_W taps in registers, and adds up their lanes at the end: one order, the
 * same bits in every run.
 *
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W (1 or 2) DILATION_H DILATION_W; tile V KB CB RB, RB
 * at most FILTER_H. */

#include "common.cl"
#include "vectors.cl"
#include "masked.cl"

#ifndef KB
#define KB 2
#endif
#ifndef CB
#define CB 1
#endif
#ifndef RB
#define RB 3
#endif

/* Elements of a row of x from a vector's first tap to the end of its last tap's vector. */
#define REACH ((FILTER_W - 1) * DILATION_W + V * STRIDE_W)

INLINE vec load_x(global const float *x, const long first, const long end, const int care)
{
    return care == CHECKED ? load_between(x, first, end) : load_pixels(x + first);
}

/* One image, and the block of filters, channels and rows of taps there. Blocks may reach behind the
 * last filter or channel: they take that once more, and store nothing of it. */
typedef struct view {
    global const float *x, *y;
    long x_end, y_end;   /* elements */
    long channel, plane; /* of x and of y, where the block begins */
    int channels, filters, r_first;
    int in_h, in_w, out_h, out_w, pad_top, pad_left;
} view;

/* Filter k of the block as a plane of y, channel c as one of x. */
INLINE long plane_of(const view a, const int k)
{
    return a.plane + min(k, a.filters - 1);
}

INLINE long channel_of(const view a, const int c)
{
    return a.channel + min(c, a.channels - 1);
}

/* Adds the products of outputs q to q + V - 1 of row p. Outputs from out_w on and taps outside the
 * image add nothing. */
INLINE void add_outputs(vec sum[KB][CB][RB][FILTER_W], const view a, const int p, const int q,
                        const int care)
{
    const int column = q * STRIDE_W - a.pad_left, left = a.out_w - q;
    const int top = p * STRIDE_H - a.pad_top + a.r_first * DILATION_H;
    vec outputs[KB];
    UNROLL
    for (int i = 0; i < KB; i++)
        outputs[i] = load_outputs(a.y + (plane_of(a, i) * a.out_h + p) * a.out_w, q, a.out_w, care);
    UNROLL
    for (int r = 0; r < RB; r++) {
        const int h = top + r * DILATION_H;
        if (care != PLAIN && (h < 0 || h >= a.in_h))
            continue;
        UNROLL
        for (int c = 0; c < CB; c++) {
            const long row = (channel_of(a, c) * a.in_h + h) * a.in_w;
            UNROLL
            for (int s = 0; s < FILTER_W; s++) {
                const int tap = column + s * DILATION_W;
                const vec_index lane = tap + LANE * STRIDE_W;
                const vec_index counts = lane >= 0 && lane < a.in_w && LANE < left;
                const vec pixels = load_x(a.x, row + tap, a.x_end, care);
                UNROLL
                for (int i = 0; i < KB; i++)
                    sum[i][c][r][s] =
                        add_product(pixels, outputs[i], sum[i][c][r][s], counts, care);
            }
        }
    }
}

/* Whether all that the vectors of a place reach is in memory. */
INLINE int is_in_memory(const view a, const int p, const int q, const int top, const int column)
{
    const long first = (a.channel * a.in_h + top) * a.in_w + column;
    const long last = (channel_of(a, CB - 1) * a.in_h + top + (RB - 1) * DILATION_H) * a.in_w;
    const long y_last = (plane_of(a, KB - 1) * a.out_h + p) * a.out_w + q;
    return first >= 0 && last + column + REACH <= a.x_end && y_last + V <= a.y_end;
}

INLINE void add_image(vec sum[KB][CB][RB][FILTER_W], const view a)
{
    for (int p = 0; p < a.out_h; p++) {
        const int top = p * STRIDE_H - a.pad_top + a.r_first * DILATION_H;
        const int whole = top >= 0 && top + (RB - 1) * DILATION_H < a.in_h;
        for (int q = 0; q < a.out_w; q += V) {
            const int column = q * STRIDE_W - a.pad_left;
            if (whole && column >= 0 && column + REACH <= a.in_w && q + V <= a.out_w)
                add_outputs(sum, a, p, q, PLAIN);
            else if (is_in_memory(a, p, q, top, column))
                add_outputs(sum, a, p, q, MASKED);
            else
                add_outputs(sum, a, p, q, CHECKED);
        }
    }
}

INLINE float add_lanes(const vec sum)
{
#if V == 16
    const float8 eight = sum.lo + sum.hi;
    const float4 four = eight.lo + eight.hi;
#elif V == 8
    const float4 four = sum.lo + sum.hi;
#else
    const float4 four = sum;
#endif
    const float2 two = four.lo + four.hi;
    return two.x + two.y;
}

/* Ids: 0 and 1 = block of input channels, and of rows of taps, number c_block * r_blocks + r_block
 * over rows of get_global_size(0); 2 = block z = g * k_blocks + block of KB filters. As in
 * naive_weights, filters that all groups share have no g and weights that all channels share no c:
 * the sum goes over them. */
kernel void direct_weights(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                           const int images)
{
    const long item = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    const int channels = w_in ? in_per_group : 1;
    const long c_blocks = (channels - 1) / CB + 1, r_blocks = (FILTER_H - 1) / RB + 1;
    if (item >= c_blocks * r_blocks || z >= z_count)
        return;

    const int k_blocks = (out_per_group - 1) / KB + 1;
    const long group = (z_first + z) / k_blocks;
    const int k_first = (int)((z_first + z) % k_blocks) * KB;
    const int c_first = (int)(item / r_blocks) * CB;
    const int r_begin = (int)(item % r_blocks) * RB; /* taps before are another block's */
    /* Planes of the same pixels are as good as one row each. */
    const int flat = FILTER_H * FILTER_W * STRIDE_H * STRIDE_W == 1 && in_h == out_h &&
                     in_w == out_w && !pad_top && !pad_left && (long)in_h * in_w < INT_MAX / 2;
    view a = {.r_first = min(r_begin, FILTER_H - RB),
              .channels = channels - c_first,
              .filters = out_per_group - k_first,
              .x_end = groups * (long)in_per_group * in_h * in_w,
              .y_end = groups * (long)out_per_group * out_h * out_w,
              .in_h = flat ? 1 : in_h,
              .in_w = flat ? in_h * in_w : in_w,
              .out_h = flat ? 1 : out_h,
              .out_w = flat ? out_h * out_w : out_w,
              .pad_top = pad_top,
              .pad_left = pad_left};
    vec sum[KB][CB][RB][FILTER_W] = {{{{(vec)0.0f}}}};
    for (int n = 0; n < images; n++)
        for (long g = group; g < (w_group ? group + 1 : groups); g++)
            for (long c = c_first; c < (w_in ? c_first + 1 : in_per_group); c++) {
                a.x = x + x_offset + n * x_image;
                a.y = y + y_offset + n * y_image;
                a.channel = g * in_per_group + c;
                a.plane = g * out_per_group + k_first;
                add_image(sum, a);
            }

    global float *filter = w + w_offset + group * w_group;
    UNROLL
    for (int i = 0; i < KB * CB * RB * FILTER_W; i++) {
        const int s = i % FILTER_W, r = i / FILTER_W % RB, c = i / FILTER_W / RB % CB,
                  k = i / FILTER_W / RB / CB;
        const float one = add_lanes(sum[k][c][r][s]);
        if (k < a.filters && c < a.channels && a.r_first + r >= r_begin)
            filter[(k_first + k) * w_out + (c_first + c) * w_in + (long)(a.r_first + r) * FILTER_W +
                   s] = divisor == 1.0f ? one : divide_exactly(one, divisor);
    }
}

/* Ids: 2 = element of b, g * out_per_group + k, without g where all groups share b. */
kernel void direct_bias(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                        const int images)
{
    enum { AT_ONCE = 4 };
    const long z = (long)get_global_id(2), plane = (long)out_h * out_w;
    if (get_global_id(0) || get_global_id(1) || z >= z_count)
        return;

    const long k = (z_first + z) % out_per_group;
    const long group = (z_first + z) / out_per_group;
    vec sum[AT_ONCE] = {0.0f, 0.0f, 0.0f, 0.0f};
    float rest = 0.0f;
    for (int n = 0; n < images; n++)
        for (long g = group; g < (b_group ? group + 1 : groups); g++) {
            global const float *gradient =
                y + y_offset + n * y_image + (g * out_per_group + k) * plane;
            long i = 0;
            for (; i + AT_ONCE * V <= plane; i += AT_ONCE * V)
                UNROLL
            for (int j = 0; j < AT_ONCE; j++)
                sum[j] += LOAD(gradient + i + j * V);
            for (; i < plane; i++)
                rest += gradient[i];
        }
    b[b_offset + group * b_group + k] =
        bias_factor * (add_lanes((sum[0] + sum[1]) + (sum[2] + sum[3])) + rest);
}
