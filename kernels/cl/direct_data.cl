/* SPDX-License-Identifier: MIT */
/* The gradient by x on devices with vectors, for strides, and where turned.cl does not help. One
 * work-item has the sums of CB channels x ROWS rows x V * STRIDE_W columns of x in registers, for a
 * run of such tiles. At STRIDE_W 2 a vector takes every other pixel, because a tap looks at those:
 * sums of both kinds are vectors of their own and are joined when they are stored. A row of outputs
 * is loaded once for all rows of x that it reaches; the order of a sum is fixed.
 *
 * Ids: 0 = run of `run` blocks of rows; 2 = block z = (n * groups + g) * blocks + block of CB
 * channels. Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W (1 or 2) DILATION_H DILATION_W; tile V CB
 * YB: rows of a tile for each of STRIDE_H. */

#include "common.cl"
#include "vectors.cl"
#include "masked.cl"

#ifndef CB
#define CB 4
#endif
#ifndef YB
#define YB 2
#endif

#define ROWS (YB * STRIDE_H)
#define WIDTH (V * STRIDE_W)
/* Few products would wait for memory: what the tile below reads is asked for (one channel of 3x3 at
 * stride 1, 8 filters over 112x112: 3.8 to 2.3 ms on an AMD Zen 4; at stride 2 no gain). */
#define FETCHES (CB * STRIDE_H * STRIDE_W == 1)

/* The order in which rows of outputs meet rows of x, STEPS in all: output row OUT_OF(i), counted
 * from the one that reads the tile's first row through its first tap, and row j of the tile through
 * tap TAP_OF(i, j), if any. Undilated, each row of outputs is loaded once. */
#if DILATION_H == 1
#define BEFORE ((FILTER_H - 1) / STRIDE_H)
#define STEPS (BEFORE + YB)
#define OUT_OF(i) ((i)-BEFORE)
#define TAP_OF(i, j) ((j)-STRIDE_H * OUT_OF(i))
#else
#define BEFORE ((FILTER_H - 1) * DILATION_H / STRIDE_H)
#define STEPS (FILTER_H * ROWS)
#define FROM_OF(i) ((i) % ROWS - (i) / ROWS * DILATION_H)
#define OUT_OF(i) (FROM_OF(i) / STRIDE_H)
#define TAP_OF(i, j) ((j) == (i) % ROWS && FROM_OF(i) % STRIDE_H == 0 ? (i) / ROWS : -1)
#endif

/* What a work-item reads and writes. */
typedef struct view {
    global const y_element *gradient; /* filter 0 of the group */
    global const w_element *filter;   /* channel 0 of the block */
    global x_element *image;
    long y_begin, y_end; /* elements of `gradient` from which and up to which there is memory */
    int in_h, in_w, out_h, out_w, pad_top, pad_left;
    int filters, channels; /* of the group; that exist, of CB */
    long w_out, w_in;
} view;

/* A tile: its first row and column, and the outputs that read these through their first tap. */
typedef struct tile {
    int h, column, p, q;
} tile;

/* Rounds down, also below 0. */
INLINE int in_steps(const int columns)
{
    return (columns - (columns < 0 ? STRIDE_W - 1 : 0)) / STRIDE_W;
}

/* The least and the largest of in_steps, of a tile's columns. */
#define LEFT in_steps(-(FILTER_W - 1) * DILATION_W)
#define RIGHT (STRIDE_W - 1)

/* The rows of outputs of filter k whose vectors are in memory, of those there are. */
typedef struct rows {
    int first, end;
} rows;

INLINE rows rows_of(const view *a, const tile *at, const int k)
{
    const long plane = (long)k * a->out_h * a->out_w;
    rows rows = {0, a->out_h};
    while (rows.first < rows.end &&
           plane + (long)rows.first * a->out_w + at->q + LEFT < a->y_begin)
        rows.first++;
    while (rows.end > rows.first &&
           plane + (rows.end - 1) * (long)a->out_w + at->q + RIGHT + V > a->y_end)
        rows.end--;
    return rows;
}

/* Adds what vectors cannot load. */
static __attribute__((noinline)) void add_rest(real rest[CB * ROWS * WIDTH], const view *a,
                                               const tile *at)
{
    for (int i = 0; i < CB * ROWS * WIDTH; i++)
        rest[i] = 0;
    for (int k = 0; k < a->filters; k++) {
        const rows safe = rows_of(a, at, k);
        if (safe.first == 0 && safe.end == a->out_h)
            continue;
        for (int i = 0; i < ROWS * FILTER_H; i++) {
            const int j = i / FILTER_H, r = i % FILTER_H;
            const int below = at->h + j + a->pad_top - r * DILATION_H, p = below / STRIDE_H;
            if (below < 0 || p * STRIDE_H != below || p >= a->out_h ||
                (p >= safe.first && p < safe.end))
                continue;
            global const y_element *outputs = a->gradient + ((long)k * a->out_h + p) * a->out_w;
            for (int m = 0; m < CB * WIDTH; m++) {
                const int c = m / WIDTH, column = m % WIDTH;
                global const w_element *taps =
                    a->filter + k * a->w_out + min(c, a->channels - 1) * a->w_in + r * FILTER_W;
                real *const sum =
                    &rest[((c * ROWS + j) * STRIDE_W + column % STRIDE_W) * V + column / STRIDE_W];
                for (int s = 0; s < FILTER_W; s++) {
                    const int beside = at->column + column + a->pad_left - s * DILATION_W;
                    const int q = beside / STRIDE_W;
                    if (beside >= 0 && q * STRIDE_W == beside && q < a->out_w)
                        *sum = fma(READ(outputs, q), READ(taps, s), *sum);
                }
            }
        }
    }
}

/* Adds filter k. `phase`: the padding's remainder by STRIDE_W. `all`: every row is there. */
INLINE void add_filter(vec sum[CB][ROWS][STRIDE_W], const view *a, const tile *at,
                       const vec_index *counts, const int k, const rows rows, const int phase,
                       const int all)
{
    global const y_element *gradient = a->gradient + (long)k * a->out_h * a->out_w + at->q;
    global const w_element *filter = a->filter + k * a->w_out;
    UNROLL
    for (int i = 0; i < STEPS; i++) {
        const int p = at->p + OUT_OF(i);
        if (!all && (p < rows.first || p >= rows.end))
            continue;
        UNROLL
        for (int s = 0; s < FILTER_W; s++) {
            const int kind = (s * DILATION_W + phase) % STRIDE_W;
            const vec outputs =
                LOAD(gradient + (long)p * a->out_w + in_steps(kind + phase - s * DILATION_W));
            UNROLL
            for (int m = 0; m < CB * ROWS; m++) {
                const int c = m / ROWS, j = m % ROWS, r = TAP_OF(i, j);
                if (r >= 0 && r < FILTER_H)
                    sum[c][j][kind] = add_product(
                        outputs, READ(filter, min(c, a->channels - 1) * a->w_in + r * FILTER_W + s),
                        sum[c][j][kind], counts[s], MASKED);
            }
        }
    }
}

/* All filters. */
INLINE void add_filters(vec sum[CB][ROWS][STRIDE_W], const view *a, const tile *at,
                        const int has_rest, const int phase)
{
    vec_index counts[FILTER_W];
    const long plane = (long)a->out_h * a->out_w;
    const int below = at->p + YB;
    global const y_element *ahead =
        a->gradient + at->q + (below < a->out_h ? (long)below * a->out_w : a->filters * plane);
    UNROLL
    for (int s = 0; s < FILTER_W; s++) {
        const int kind = (s * DILATION_W + phase) % STRIDE_W;
        const vec_index lane = at->q + in_steps(kind + phase - s * DILATION_W) + LANE;
        counts[s] = lane >= 0 && lane < a->out_w;
    }
    for (int k = 0; k < a->filters; k++) {
        UNROLL
        for (int i = 0; i < (FETCHES ? YB : 0); i++)
            fetch_far(ahead + k * plane + (long)i * a->out_w);
        const rows there = {0, a->out_h}, rows = has_rest ? rows_of(a, at, k) : there;
        if (at->p - BEFORE >= rows.first && at->p + YB <= rows.end)
            add_filter(sum, a, at, counts, k, rows, phase, 1);
        else
            add_filter(sum, a, at, counts, k, rows, phase, 0);
    }
}

INLINE vec finish(const vec sum, const real bias, const float divisor)
{
    real lane[V];
    if (divisor == 1.0f)
        return sum + bias;
    JOIN(vstore, V)(sum, 0, lane);
    for (int i = 0; i < V; i++)
        lane[i] = divide_exactly(lane[i], divisor) + bias;
    return JOIN(vload, V)(0, lane);
}

/* The first `count` lanes, if any; all of them where the work-item has yet to store `more`. */
INLINE void store_some(const vec value, global x_element *p, const int count, const long more)
{
    if (count > 0 && more >= V)
        STORE(value, p);
    else
        store_first(value, p, min(count, V));
}

/* Row by row, tiles from the right: lanes past a row go where later ones are stored. */
INLINE void store_row(const vec sum[STRIDE_W], global x_element *row, const int column,
                      const int in_w, const long more)
{
#if STRIDE_W == 1
    store_some(sum[0], row + column, in_w - column, more - column);
#else
    store_some(ZIP_LOW(sum[0], sum[1]), row + column, in_w - column, more - column);
    store_some(ZIP_HIGH(sum[0], sum[1]), row + column + V, in_w - column - V, more - column - V);
#endif
}

/* Computes a tile. Rows from `end` on are another work-item's. */
static __attribute__((noinline)) void do_tile(const view *a, const tile *at, const int end,
                                              const real *bias, const float divisor)
{
    vec sum[CB][ROWS][STRIDE_W];
    real rest[CB * ROWS * WIDTH];
    /* The first filter is nearest to where memory begins, the last to where it ends. */
    const rows first = rows_of(a, at, 0), last = rows_of(a, at, a->filters - 1);
    const int has_rest = first.first > 0 || last.end < a->out_h;
    if (has_rest)
        add_rest(rest, a, at);
    UNROLL
    for (int i = 0; i < CB * ROWS * STRIDE_W; i++)
        sum[i / STRIDE_W / ROWS][i / STRIDE_W % ROWS][i % STRIDE_W] =
            has_rest ? JOIN(vload, V)(i, rest) : (vec)0;
#if STRIDE_W == 1
    add_filters(sum, a, at, has_rest, 0);
#else
    if (a->pad_left % 2)
        add_filters(sum, a, at, has_rest, 1);
    else
        add_filters(sum, a, at, has_rest, 0);
#endif
    UNROLL
    for (int i = 0; i < CB * ROWS; i++) {
        const int c = i / ROWS, j = i % ROWS, h = at->h + j;
        vec row[STRIDE_W];
        UNROLL
        for (int kind = 0; kind < STRIDE_W; kind++)
            row[kind] = finish(sum[c][j][kind], bias[c], divisor);
        if (c < a->channels && h >= 0 && h < end)
            store_row(row, a->image + ((long)c * a->in_h + h) * a->in_w, at->column, a->in_w,
                      (end - h) * (long)a->in_w);
    }
}

kernel void direct_data(BUFFERS(global, global const, global const, global const), CONV_SHAPE,
                        const int images, const int run)
{
    const int above = pad_top % STRIDE_H; /* rows of the first block that are none of x */
    const int begin = (int)get_global_id(0) * run * ROWS - above;
    const int end = min(begin + run * ROWS, in_h);
    const long z = (long)get_global_id(2);
    if (z >= z_count || begin >= in_h || get_global_id(1))
        return;

    const int blocks = (in_per_group - 1) / CB + 1;
    const int c_first = (int)((z_first + z) % blocks) * CB;
    const long g = (z_first + z) / blocks % groups;
    const long n = (z_first + z) / blocks / groups;
    const long first = g * out_per_group * ((long)out_h * out_w);
    const long length = groups * out_per_group * ((long)out_h * out_w);
    const view a = {.gradient = y + y_offset + n * y_image + first,
                    .filter = w + w_offset + g * w_group + c_first * w_in,
                    .image = x + x_offset + n * x_image +
                             (g * in_per_group + c_first) * ((long)in_h * in_w),
                    .y_begin = -first - n * y_image,
                    .y_end = length - first + (images - 1 - n) * y_image,
                    .in_h = in_h,
                    .in_w = in_w,
                    .out_h = out_h,
                    .out_w = out_w,
                    .pad_top = pad_top,
                    .pad_left = pad_left,
                    .filters = out_per_group,
                    .channels = min(CB, in_per_group - c_first),
                    .w_out = w_out,
                    .w_in = w_in};
    real bias[CB];
    for (int c = 0; c < CB; c++)
        bias[c] = has_bias && c < a.channels ? READ(b + b_offset + g * b_group, c_first + c) : 0;
    for (int h = begin; h < end; h += ROWS)
        for (int column = (in_w - 1) / WIDTH * WIDTH; column >= 0; column -= WIDTH) {
            const tile at = {h, column, (h + pad_top) / STRIDE_H, (column + pad_left) / STRIDE_W};
            do_tile(&a, &at, end, bias, divisor);
        }
}
