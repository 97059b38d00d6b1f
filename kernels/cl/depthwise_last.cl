/* SPDX-License-Identifier: MIT */
/* Depthwise and shared kernel, channels last, on devices with vectors: the V lanes are channels of
 * y, M of them for each channel of x. One work-item walks down a band of rows, XB columns at a
 * time: each vector of x is loaded once and added to every output row that it reaches; those
 * unfinished rows stay in registers, and a step stores the one that is complete.
 *
 * Ids: 0 = block of V channels of y, the last of which also takes the channels that are left, as a
 * vector that overlaps; 1 = band of `band` output rows; 2 = image. A segment of fewer channels than
 * V is one block whose surplus lanes are neither read nor stored.
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W; tile V M XB. */

#include "common.cl"
#include "vectors.cl"
#include "streams.cl"
#include "last.cl"

#ifndef M
#define M 1
#endif

#define TAPS (FILTER_H * FILTER_W)

/* The channels of x under V of y, each in M lanes. */
#if M == 1
#define INPUTS(p) LOAD(p)
#elif M == V
#define INPUTS(p) ((vec)READ(p, 0))
#elif 8 * M == V
#define INPUTS(p) ((vec)(LOAD_PART(p, 8).s0011223344556677))
#elif 4 * M == V && M == 2
#define INPUTS(p) ((vec)(LOAD_PART(p, 4).s00112233))
#elif 4 * M == V
#define INPUTS(p) ((vec)(LOAD_PART(p, 4).s0000111122223333))
#elif M == 2
#define INPUTS(p) ((vec)((JOIN(REAL, 2))(READ(p, 0), READ(p, 1)).s0011))
#elif M == 4
#define INPUTS(p) ((vec)((JOIN(REAL, 2))(READ(p, 0), READ(p, 1)).s00001111))
#else
#define INPUTS(p) ((vec)((JOIN(REAL, 2))(READ(p, 0), READ(p, 1)).s0000000011111111))
#endif

/* The same where only `channels` of y are there. */
INLINE vec first_inputs(global const x_element *p, const int channels)
{
    real lane[V];
    for (int i = 0; i < V; i++)
        lane[i] = i < channels ? READ(p, i / M) : 0;
    return JOIN(vload, V)(0, lane);
}

/* Output rows that an input row reaches. They are held unfinished where registers have room for
 * them, and then step t reads rows top + t * STEP_ROWS + q of x, q < STEP, and finishes row t -
 * HELD + 1. Elsewhere, and where rows are dilated and strided, a step is a row of y with all its
 * taps. */
#define MOST_SUMS 28
#define REACHED ((FILTER_H - 1) / STRIDE_H + 1)
#define HOLDS (REACHED * XB <= MOST_SUMS && (DILATION_H == 1 || STRIDE_H == 1))
#if HOLDS
#define HELD REACHED
#define STEP (STRIDE_H < FILTER_H ? STRIDE_H : FILTER_H)
#define STEP_ROWS (STRIDE_H * DILATION_H)
#define PHASES DILATION_H
#else
#define HELD 1
#define STEP_ROWS STRIDE_H
#define PHASES 1
#endif

/* What a strip of columns is made of: `count` rows of y, PHASES apart. */
typedef struct strip {
    global const x_element *in; /* of x under the first tap of the first output */
    global y_element *out;
    long x_row, x_column, y_row, y_column;
    int top, left, in_h, in_w; /* the row and column there */
    int count, width, channels;
    int stream; /* whole lines of y go past the caches */
    ENDING_FIELD
} strip;

/* Adds a row of x, the q-th of its step, to the unfinished rows. Columns outside the image are left
 * out: padding is absent, not zero. */
INLINE void add_row(vec sum[HELD][XB], const vec *weight, global const x_element *row,
                    const strip *p, const int q, const int part, const int test_all)
{
    UNROLL
    for (int i = 0; i < VISITS; i++) {
        if (IS_OUTSIDE(COLUMN_OF(i), p->left, p->in_w, test_all))
            continue;
        global const x_element *const at = row + COLUMN_OF(i) * p->x_column;
        const vec value = part ? first_inputs(at, p->channels) : INPUTS(at);
        UNROLL
        for (int s = 0; s < FILTER_W; s++) {
            if (!HAS_TAP(i, s))
                continue;
            UNROLL
            for (int j = 0; j < HELD && j * STRIDE_H + q < FILTER_H; j++) {
                vec *const total = &sum[j][OUTPUT_OF(i, s)];
                *total = MULTIPLY_ADD(value, weight[(j * STRIDE_H + q) * FILTER_W + s], *total);
            }
        }
    }
}

INLINE void walk(const vec *weight, const vec start, const strip *p, const int part,
                 const int test_all)
{
    vec sum[HELD][XB];
    UNROLL
    for (int i = 0; i < HELD * XB; i++)
        sum[i / XB][i % XB] = start;
    TAKE_ENDING(p)
    global const x_element *row = p->in;
    global y_element *out = p->out;
    int ih = p->top;
    for (int t = 0; t < p->count + HELD - 1; t++) {
#if HOLDS
        UNROLL
        for (int q = 0; q < STEP; q++)
            if (ih + q >= 0 && ih + q < p->in_h)
                add_row(sum, weight, row + q * p->x_row, p, q, part, test_all);
#else
        const int end = end_tap(ih, p->in_h);
        for (int r = first_tap(ih); r < end; r++)
            add_row(sum, weight + r * FILTER_W, row + r * (DILATION_H * p->x_row), p, 0, part,
                    test_all);
#endif
        ih += STEP_ROWS;
        row += STEP_ROWS * p->x_row;
        if (t >= HELD - 1) {
            UNROLL
            for (int i = 0; i < XB; i++)
                if (i < p->width) {
                    global y_element *const to = out + i * p->y_column;
                    if (part)
                        store_first(sum[HELD - 1][i], to, p->channels PASS_ENDING);
                    else
                        store_pixels(END_VEC(sum[HELD - 1][i], to), to, p->stream);
                }
            out += PHASES * p->y_row;
        }
        UNROLL
        for (int i = HELD * XB - 1; i >= 0; i--)
            sum[i / XB][i % XB] = i < XB ? start : sum[i / XB - 1][i % XB];
    }
}

/* Vectors before and after the weights that are none. */
#define SPARE (V > TAPS ? V - TAPS : 0)

/* The weights of V channels of y from k on, `channels` of which exist among `outputs`. Those of one
 * channel follow those of another, but for a shared kernel: they are turned in registers where
 * whole vectors can be read. */
INLINE void turn_weights(vec weight[TAPS + 2 * SPARE], global const w_element *w,
                         const long w_group, const int k, const int channels, const int outputs)
{
    const long left = (long)(outputs - k) * TAPS;
    const int shift = left < V * TAPS + SPARE ? SPARE : 0;
    if (w_group == 0 || left < V * TAPS || (long)k * TAPS < shift) {
        real *const lane = (real *)(weight + SPARE);
        for (int i = 0; i < V; i++)
            for (int tap = 0; tap < TAPS; tap++)
                lane[tap * V + i] =
                    i < channels ? READ(w, (k + i) / M * w_group + i % M * TAPS + tap) : 0;
        return;
    }
    for (int first = 0; first < TAPS; first += V) {
        const int tap = max(0, min(first, TAPS - V)); /* the last vectors overlap */
        vec block[V];
        UNROLL
        for (int i = 0; i < V; i++)
            block[i] = LOAD(w + (long)(k + i) * TAPS + tap - shift);
        transpose(block);
        UNROLL
        for (int i = 0; i < V; i++)
            weight[SPARE + tap + i - shift] = block[i];
    }
}

/* Output rows `first` to end - 1 of V channels of y from k on. A call, because PoCL compiles what
 * is in a kernel itself three times. */
static __attribute__((noinline)) void do_band(CONV_BUFFERS, CONV_SHAPE, STRIDES, const int first,
                                              const int end, const int k,
                                              const long n, const int stream ENDING)
{
    const int outputs = groups * M, channels = min(outputs - k, V);
    const int test_all = tests_all(out_w, in_w, pad_left);
    vec weight[TAPS + 2 * SPARE];
    real lane[V];
    turn_weights(weight, w + w_offset, w_group, k, channels, outputs);
    for (int i = 0; i < V; i++)
        lane[i] = has_bias && i < channels
                      ? READ(b, b_offset + (k + i) / M * b_group + i % M)
                      : 0;
    const vec start = JOIN(vload, V)(0, lane);
    for (int phase = first; phase < min(first + PHASES, end); phase++)
        for (int tile = 0; tile < out_w; tile += XB) {
            const int q = max(0, min(tile, out_w - XB)); /* the last overlaps */
            const int top = phase * STRIDE_H - pad_top, left = q * STRIDE_W - pad_left;
            const strip strip = {
                x + x_offset + n * x_image + k / M + top * x_row + left * x_column,
                y + y_offset + n * y_image + k + phase * y_row + q * y_column,
                x_row, x_column, y_row, y_column, top, left, in_h, in_w,
                (end - phase - 1) / PHASES + 1, out_w,
                channels, stream PASS_ENDING};
            if (channels < V)
                walk(weight + SPARE, start, &strip, 1, 1);
            else if (test_all)
                walk(weight + SPARE, start, &strip, 0, 1);
            else
                walk(weight + SPARE, start, &strip, 0, 0);
        }
}

kernel void depthwise_last(CONV_BUFFERS, CONV_SHAPE, const int band, const int stream,
                           STRIDES ENDING_ARGS)
{
    MAKE_ENDING
    const int first = (int)get_global_id(1) * band, outputs = groups * M;
    int k = (int)get_global_id(0) * V;
    if (get_global_id(2) >= z_count || first >= out_h || (k && k + V > outputs))
        return;
    for (;;) {
        do_band(x, x_offset, w, w_offset, b, b_offset, y, y_offset, in_h, in_w, out_h, out_w,
                pad_top, pad_left, groups, in_per_group, out_per_group, x_image, y_image, w_group,
                w_out, w_in, b_group, has_bias, bias_factor, divisor, z_first, z_count, x_channel,
                x_row, x_column, y_channel, y_row, y_column, w_row, w_column, first,
                min(first + band, out_h), k, z_first + (long)get_global_id(2), stream PASS_ENDING);
        if (k + V >= outputs || k + 2 * V <= outputs)
            break;
        k = outputs - V;
    }
}
