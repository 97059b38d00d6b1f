/* SPDX-License-Identifier: MIT */
/* Gradients by w and b for devices whose work-items share local memory, as GPUs: the pixels of y go
 * round the GROUP work-items of a work-group. Each has the sums of KB filters, of one channel and
 * one row of taps, in registers; local memory joins them, halves of the work-group time and again.
 * One order of sums, the same bits in every run.
 *
 * Ids: group along 0 and 1 = row of taps c * FILTER_H + r, row-major over rows of
 * get_num_groups(0); 2 = block z = g * k_blocks + block of KB filters. As in naive_weights, filters
 * that all groups share have no g and weights that all channels share no c: the sum goes over them.
 * Defines: FILTER_H FILTER_W (up to 11) STRIDE_H STRIDE_W DILATION_H DILATION_W; tile KB, GROUP (a
 * power of two). */

#include "common.cl"
#include "padding.cl"

#ifndef KB
#define KB 4
#endif
#ifndef GROUP
#define GROUP 64
#endif

#include "bank.cl"

/* Taps written out, not looped over: Intel's compiler unrolls too late to keep an array that a loop
 * indexes in registers (IGC 1.0.12504, November 2026). */
#define TAPS_1(F)   F(0)
#define TAPS_2(F)   TAPS_1(F) F(1)
#define TAPS_3(F)   TAPS_2(F) F(2)
#define TAPS_4(F)   TAPS_3(F) F(3)
#define TAPS_5(F)   TAPS_4(F) F(4)
#define TAPS_6(F)   TAPS_5(F) F(5)
#define TAPS_7(F)   TAPS_6(F) F(6)
#define TAPS_8(F)   TAPS_7(F) F(7)
#define TAPS_9(F)   TAPS_8(F) F(8)
#define TAPS_10(F)  TAPS_9(F) F(9)
#define TAPS_11(F)  TAPS_10(F) F(10)
#define EACH_TAP(F) JOIN(TAPS_, FILTER_W)(F)

/* A pixel of y, of which there are out_w to a row and out_h rows to an image. */
typedef struct pixel {
    int n, p, q;
} pixel;

INLINE pixel pixel_of(const int number, const int out_h, const int out_w)
{
    return (pixel){number / out_w / out_h, number / out_w % out_h, number % out_w};
}

/* The one `by` further on, without dividing. */
INLINE pixel step_on(const pixel at, const pixel by, const int out_h, const int out_w)
{
    const int q = at.q + by.q, p = at.p + by.p + (q >= out_w);
    return (pixel){at.n + by.n + (p >= out_h), p >= out_h ? p - out_h : p,
                   q >= out_w ? q - out_w : q};
}

/* The sums of `count` rows of GROUP elements, in their first elements. */
INLINE void join_halves(local bank *part, const int count, const int item)
{
    for (int width = GROUP / 2; width > 0; width /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = 0; i < count && item < width; i++)
            part[i * GROUP + item] += part[i * GROUP + item + width];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

/* PoCL 3.1 takes the branch behind the last barrier with all work-items, or none, where a kernel
 * can end before (2026-12-01): one more barrier, behind it. */
#define LAST_BARRIER barrier(CLK_LOCAL_MEM_FENCE);

/* Required, because `part` has a column for each work-item. */
#define GROUPED __attribute__((reqd_work_group_size(GROUP, 1, 1)))

GROUPED kernel void direct_pixels(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                                  const int images)
{
    local bank part[FILTER_W * GROUP];
    const int item = (int)get_local_id(0);
    const long row = (long)get_group_id(1) * get_num_groups(0) + get_group_id(0);
    const long z = (long)get_global_id(2);
    const int channels = w_in ? in_per_group : 1;
    if (row >= (long)channels * FILTER_H || z >= z_count)
        return;

    const int k_blocks = (out_per_group - 1) / KB + 1;
    const long group = (z_first + z) / k_blocks;
    const int k = (int)((z_first + z) % k_blocks) * KB, last = out_per_group - 1 - k;
    const int channel = (int)(row / FILTER_H), r = (int)(row % FILTER_H);
    const long in_plane = (long)in_h * in_w, out_plane = (long)out_h * out_w;
    const pixel by = pixel_of(GROUP, out_h, out_w);

    bank sum[FILTER_W];
#define CLEAR(s) sum[s] = 0;
    EACH_TAP(CLEAR)
    for (long g = group; g < (w_group ? group + 1 : groups); g++)
        for (int c = channel; c < (w_in ? channel + 1 : in_per_group); c++) {
            global const x_element *image = x + x_offset + (g * in_per_group + c) * in_plane;
            global const y_element *gradient = y + y_offset + (g * out_per_group + k) * out_plane;
            for (pixel at = pixel_of(item, out_h, out_w); at.n < images;
                 at = step_on(at, by, out_h, out_w)) {
                const int h = image_position(at.p * STRIDE_H - pad_top + r * DILATION_H, in_h);
                if (h < 0 || h >= in_h)
                    continue; /* padding is absent, not zero */
                global const x_element *pixels = image + at.n * x_image + h * in_w;
                const bank outputs =
                    load_bank(gradient + at.n * y_image + at.p * out_w + at.q, out_plane, last);
#define ADD(s)                                                                                     \
    {                                                                                              \
        const int column = image_position(at.q * STRIDE_W - pad_left + s * DILATION_W, in_w);      \
        if (column >= 0 && column < in_w)                                                          \
            sum[s] = fma((bank)READ(pixels, column), outputs, sum[s]);                             \
    }
                EACH_TAP(ADD)
            }
        }

#define TO_LOCAL(s) part[s * GROUP + item] = sum[s];
    EACH_TAP(TO_LOCAL)
    join_halves(part, FILTER_W, item);
    if (item < FILTER_W) {
        const bank one = part[item * GROUP];
        global w_element *weight =
            w + w_offset + group * w_group + k * w_out + channel * w_in + r * FILTER_W + item;
#define PUT(m)                                                                                     \
    if (m <= last)                                                                                 \
        WRITE(weight, m *w_out,                                                                    \
              divisor == 1.0f ? LANE(one, m) : divide_exactly(LANE(one, m), divisor));
        EACH_CHANNEL(PUT)
    }
    LAST_BARRIER
}

/* Id 2 = block z = g * k_blocks + block of KB elements of b, without g where all groups share b. */
GROUPED kernel void bias_pixels(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                                const int images)
{
    local bank part[GROUP];
    const int item = (int)get_local_id(0);
    const long z = (long)get_global_id(2);
    if (get_group_id(0) || get_group_id(1) || z >= z_count)
        return;

    const int k_blocks = (out_per_group - 1) / KB + 1;
    const long group = (z_first + z) / k_blocks, plane = (long)out_h * out_w;
    const int k = (int)((z_first + z) % k_blocks) * KB, last = out_per_group - 1 - k;
    bank sum = 0;
    for (int n = 0; n < images; n++)
        for (long g = group; g < (b_group ? group + 1 : groups); g++) {
            global const y_element *outputs =
                y + y_offset + n * y_image + (g * out_per_group + k) * plane;
            for (long i = item; i < plane; i += GROUP)
                sum += load_bank(outputs + i, plane, last);
        }
    part[item] = sum;
    join_halves(part, 1, item);
    if (item == 0) {
        const bank one = part[0];
        global b_element *bias = b + b_offset + group * b_group + k;
#define PUT_BIAS(m)                                                                                \
    if (m <= last)                                                                                 \
        WRITE(bias, m, (real)bias_factor *LANE(one, m));
        EACH_CHANNEL(PUT_BIAS)
    }
    LAST_BARRIER
}
