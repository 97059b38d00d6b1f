/* SPDX-License-Identifier: MIT */
/* Any group size, dense included. One work-item computes KB output channels x YB rows x a strip of
 * XB output pixels in registers over all input channels of the group: each pixel of x is loaded
 * once for KB channels, each weight once for YB strips. Vectors are strips or, where a strip is a
 * single pixel, the KB channels.
 *
 * Ids: 0 and 1 = strip, row-major over rows of get_global_size(0); the strips of a plane are
 * numbered along its rows first. 2 = block of output channels, z = (n * groups + g) * blocks +
 * block, with blocks = ceil(out_per_group / KB).
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W; tile KB XB YB. */

#include "common.cl"
#include "padding.cl"
#include "strips.cl"

#ifndef KB
#define KB 4
#endif
#ifndef YB
#define YB 2
#endif

/* Rows of x under the YB rows of a strip, and columns under its XB pixels. */
#define ROWS ((YB - 1) * STRIDE_H + (FILTER_H - 1) * DILATION_H + 1)
#define COLS ((FILTER_W - 1) * DILATION_W + STRIP_SPAN)

#if XB == 1

/* ---- Vectors of KB channels ------------------------------------------------------------------ */

#include "bank.cl"

/* Rows written out, not looped over: Intel's compiler unrolls too late to keep an array that a loop
 * indexes in registers (IGC 1.0.12504, November 2026). */
#if YB == 1
#define EACH_ROW(F) F(0)
#elif YB == 2
#define EACH_ROW(F) F(0) F(1)
#else
#define EACH_ROW(F) F(0) F(1) F(2) F(3)
#endif

/* Unrolled taps take more registers than GPUs have. */
#define ROLLED _Pragma("unroll 1")

/* Adds all taps of one input channel to the sums. */
INLINE void add_pixels(bank *sum, global const x_element *in, global const w_element *filter,
                       const long w_out, const int last, const int in_h, const int in_w,
                       const int top, const int left)
{
    ROLLED
    for (int r = 0; r < FILTER_H; r++)
        ROLLED
        for (int s = 0; s < FILTER_W; s++) {
            const int iw = image_position(left + s * DILATION_W, in_w);
            const bank weight = load_bank(filter + (long)r * FILTER_W + s, w_out, last);
            const int inside = iw >= 0 && iw < in_w;
            int at = top + r * DILATION_H;
#define ADD(j)                                                                                     \
    {                                                                                              \
        const int ih = image_position(at, in_h);                                                   \
        if (inside && ih >= 0 && ih < in_h)                                                        \
            sum[j] = MULTIPLY_ADD((bank)READ(in, (long)ih * in_w + iw), weight, sum[j]);           \
        at += STRIDE_H;                                                                            \
    }
            EACH_ROW(ADD)
        }
}

#else

/* ---- Vectors of XB pixels -------------------------------------------------------------------- */

/* Rows of taps stay a loop: unrolled, 3x3 ran 20 % slower (PoCL 3.1, AVX-512, November 2026). */
#if FILTER_W <= 7
#define UNROLL_ROW UNROLL
#else
#define UNROLL_ROW
#endif

/* Adds all taps of one input channel to the sums. `edge`: some taps are outside the image. */
INLINE void add_channel(strip sum[KB][YB], global const x_element *in,
                        global const w_element *filter, const long *filter_of, const int in_h,
                        const int in_w, const int top, const int left, const int edge)
{
    for (int r = 0; r < FILTER_H; r++)
        UNROLL_ROW
        for (int s = 0; s < FILTER_W; s++) {
            const int col = left + s * DILATION_W;
            strip value[YB];
            strip_index inside[YB];
            UNROLL
            for (int j = 0; j < YB; j++) {
                const int at = top + j * STRIDE_H + r * DILATION_H;
                const int ih = edge ? image_position(at, in_h) : at;
                const int in_rows = ih >= 0 && ih < in_h;
                global const x_element *row = in + (long)ih * in_w;
                inside[j] = in_rows ? lanes_inside(col, in_w) : (strip_index)0;
                if (!edge)
                    value[j] = load_strip(row + col);
                else
                    value[j] = in_rows ? load_edge(row, col, in_w) : (strip)0;
            }
            UNROLL
            for (int m = 0; m < KB; m++) {
                const strip weight = READ(filter, filter_of[m] + (long)r * FILTER_W + s);
                UNROLL
                for (int j = 0; j < YB; j++)
                    sum[m][j] = edge ? add_inside(value[j], weight, sum[m][j], inside[j])
                                     : MULTIPLY_ADD(value[j], weight, sum[m][j]);
            }
        }
}

/* The same for the few strips whose vectors would leave x. */
INLINE void add_guarded_channel(strip sum[KB][YB], global const x_element *in,
                                global const w_element *filter, const long *filter_of,
                                const int in_h, const int in_w, const int top, const int left)
{
    for (int tap = 0; tap < FILTER_H * FILTER_W; tap++) {
        const int r = tap / FILTER_W, s = tap % FILTER_W;
        UNROLL
        for (int j = 0; j < YB; j++) {
            const int ih = top + j * STRIDE_H + r * DILATION_H;
            if (ih < 0 || ih >= in_h)
                continue;
            const int col = left + s * DILATION_W;
            const strip value = load_guarded(in + (long)ih * in_w, col, in_w);
            const strip_index inside = lanes_inside(col, in_w);
            UNROLL
            for (int m = 0; m < KB; m++)
                sum[m][j] =
                    add_inside(value, (strip)READ(filter, filter_of[m] + tap), sum[m][j], inside);
        }
    }
}

#endif

kernel void direct(CONV_BUFFERS, CONV_SHAPE ENDING_ARGS)
{
    const uint strips = (uint)(out_w - 1) / XB + 1;
    const ulong item = (ulong)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    if (item >= (ulong)strips * ((uint)(out_h - 1) / YB + 1) || z >= z_count)
        return;

    MAKE_ENDING
    const int p = (int)((uint)item / strips) * YB;
    const int q = (int)((uint)item % strips) * XB;
    const long blocks = (out_per_group - 1) / KB + 1;
    const int k = (int)((z_first + z) % blocks) * KB;
    const long g = (z_first + z) / blocks % groups;
    const long n = (z_first + z) / blocks / groups;
    const int top = p * STRIDE_H - pad_top;
    const int left = q * STRIDE_W - pad_left;
    const long in_plane = (long)in_h * in_w;
    global const x_element *in = x + x_offset + n * x_image + g * in_per_group * in_plane;
    global const w_element *filter = w + w_offset + g * w_group;

#if XB == 1
    bank sum[YB];
#define CLEAR(j) sum[j] = 0;
    EACH_ROW(CLEAR)
    filter += k * w_out;
    for (int c = 0; c < in_per_group; c++, in += in_plane, filter += w_in)
        add_pixels(sum, in, filter, w_out, out_per_group - 1 - k, in_h, in_w, top, left);
#else
    const long channels = (long)groups * in_per_group;
    const int interior = top >= 0 && top + ROWS <= in_h && left >= 0 && left + COLS <= in_w;
    long filter_of[KB]; /* past the group's last channel: its last filter once more */
    strip sum[KB][YB];
    UNROLL
    for (int m = 0; m < KB; m++) {
        filter_of[m] = min(k + m, out_per_group - 1) * w_out;
        UNROLL
        for (int j = 0; j < YB; j++)
            sum[m][j] = 0;
    }
    for (int c = 0; c < in_per_group; c++, in += in_plane, filter += w_in) {
        if (interior)
            add_channel(sum, in, filter, filter_of, in_h, in_w, top, left, 0);
        else if (vectors_stay_inside(g * in_per_group + c, channels, in_h, in_w, top, ROWS, left,
                                     COLS))
            add_channel(sum, in, filter, filter_of, in_h, in_w, top, left, 1);
        else
            add_guarded_channel(sum, in, filter, filter_of, in_h, in_w, top, left);
    }
#endif

    global y_element *out = y + y_offset + n * y_image +
                        ((g * out_per_group + k) * out_h + p) * out_w + q;
    const ulong b_first = b_offset + g * b_group + k;
#if XB == 1
#define STORE_ROW(j)                                                                               \
    if (p + j < out_h) {                                                                           \
        bank row = sum[j];                                                                         \
        ROLLED                                                                                     \
        for (int m = 0; m < KB && k + m < out_per_group; m++, row = ROTATED(row)) {                \
            WRITE(out, ((long)m * out_h + j) * out_w,                                              \
                  END(epilogue(LANE(row, 0), b, b_first + m, has_bias, bias_factor, divisor), out, \
                      ((long)m * out_h + j) * out_w));                                             \
        }                                                                                          \
    }
    EACH_ROW(STORE_ROW)
#else
    UNROLL
    for (int m = 0; m < KB; m++)
        UNROLL
        for (int j = 0; j < YB; j++)
            if (k + m < out_per_group && p + j < out_h)
                finish_strip(sum[m][j], out + ((long)m * out_h + j) * out_w, out_w - q, b,
                             b_first + m, has_bias, bias_factor, divisor PASS_ENDING);
#endif
}
