/* SPDX-License-Identifier: MIT */
/* Groups of any size, channels last: the V lanes are output channels, neighbours in memory. One
 * work-item computes KB vectors of channels for a run of tiles, XB pixels of a row each, in
 * registers. Where a vector holds channels of one group (GB 1) pixels of x are broadcast; where it
 * holds GB whole groups of V / GB input and as many output channels, a vector of x holds their
 * inputs, and a shuffle gives each lane its group's. Two groups of 8 (PAIRS) go without shuffles:
 * a vector of sums is 8 outputs of one group by 2 of its inputs, which lie side by side in x and
 * are broadcast together; what the two gave is added at the end.
 *
 * Ids: 0 = run of tiles, numbered down the columns; 2 = span z = n * spans + i of `span` units, a
 * unit being KB * V output channels of GB groups: all units of a span take a tile before the next,
 * so that pixels of x and y stay in the cache while their channels are computed. A 1x1 filter of
 * stride 1 sees an image without gaps as one row.
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W DILATION_H DILATION_W; tile V KB GB XB, KB 1 where
 * GB is not. */

#include "common.cl"
#include "vectors.cl"
#include "last.cl"

#ifndef KB
#define KB 1
#endif
#ifndef GB
#define GB 1
#endif

#define REACH_H ((FILTER_H - 1) * DILATION_H)

/* Channels of a group, in and out, where GB is not 1. */
#define SMALL (V / GB)
#define PAIRS (V == 16 && GB == 2)
/* Vectors of sums per pixel. */
#define SUMS (PAIRS ? GB : KB)

/* Packed weights: [g][ceil(out_per_group / V)][r][c][s][V], where GB groups count as one of V
 * output channels; 0 past a group's last channel. Where inputs go in pairs, the two places of c
 * hold [2 groups][s][8 outputs][2 inputs] instead. */
#define BLOCKS(out_per_group)    (GB > 1 ? 1 : ((out_per_group)-1) / V + 1)
#define PACKED_ROW(in_per_group) ((long)(in_per_group)*FILTER_W * V)

/* Where the weight of a lane lies, counted from the first of input channels c and c ^ 1. */
INLINE int place_of(const int c, const int s, const int lane)
{
    if (PAIRS)
        return (lane / SMALL * FILTER_W + s) * V + lane % SMALL * 2 + c % 2;
    return s * V + lane;
}

/* Ids: 0 and 1 = input channel, row-major over rows of get_global_size(0); 2 = block of V output
 * channels. */
kernel void pack_last(CONV_BUFFERS, global real *restrict packed, const ulong packed_offset,
                      CONV_SHAPE, STRIDES)
{
    const long c = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    if (c >= in_per_group || z >= z_count)
        return;

    const long k = (z_first + z) % BLOCKS(out_per_group) * V;
    const long g = (z_first + z) / BLOCKS(out_per_group) * GB;
    global const w_element *filter = w + w_offset + g * w_group + k * w_out + c * w_in;
    global real *to = packed + packed_offset + (z_first + z) * FILTER_H * PACKED_ROW(in_per_group) +
                      (PAIRS ? c / 2 * 2 : c) * FILTER_W * V;
    for (int r = 0; r < FILTER_H; r++)
        for (int s = 0; s < FILTER_W; s++)
            for (int lane = 0; lane < V; lane++)
                to[r * PACKED_ROW(in_per_group) + place_of((int)(c % 2), s, lane)] =
                    GB > 1 || k + lane < out_per_group
                        ? READ(filter, lane * w_out + r * w_row + s * w_column)
                        : 0;
}

#if GB == 1 || PAIRS
#define SPREAD(v, c) (v)
#elif V == 4 && GB == 2
#define SPREAD(v, c) PICK(v, v, c, c, 2 + c, 2 + c)
#elif V == 4
#define SPREAD(v, c) (v)
#elif V == 8 && GB == 2
#define SPREAD(v, c) PICK(v, v, c, c, c, c, 4 + c, 4 + c, 4 + c, 4 + c)
#elif V == 8
#define SPREAD(v, c) PICK(v, v, c, c, 2 + c, 2 + c, 4 + c, 4 + c, 6 + c, 6 + c)
#else
#define SPREAD(v, c)                                                                               \
    PICK(v, v, c, c, c, c, 4 + c, 4 + c, 4 + c, 4 + c, 8 + c, 8 + c, 8 + c, 8 + c, 12 + c, 12 + c, \
         12 + c, 12 + c)
#endif

/* Input channel c of each lane's group. Shuffles want literals: all but one go once c is known. */
INLINE vec spread(const vec v, const int c)
{
#if SMALL > 2 && !PAIRS
    if (c >= 2)
        return c == 2 ? SPREAD(v, 2) : SPREAD(v, 3);
#endif
#if SMALL > 1 && !PAIRS
    if (c == 1)
        return SPREAD(v, 1);
#endif
    return SPREAD(v, 0);
}

/* What a row of taps is made of: columns are x_column apart, `next` leads to the weights of the
 * next V channels. */
typedef struct taps {
    long x_column, next;
    int left, in_w;
} taps;

/* Columns in the order in which they are taken, where outputs share them: those that may lie
 * outside first. Tests between the others would make the compiler keep more values than registers.
 */
#define LEFT_EDGE  (REACH < SPAN ? REACH : SPAN)
#define RIGHT_EDGE (SPAN - REACH > LEFT_EDGE ? REACH : SPAN - LEFT_EDGE)
#define IN_ORDER(i)                                                                                \
    (!SHARES_COLUMNS || (i) < LEFT_EDGE ? (i)                                                      \
     : (i) < LEFT_EDGE + RIGHT_EDGE     ? (i)-LEFT_EDGE + SPAN - RIGHT_EDGE                        \
                                        : (i)-RIGHT_EDGE)

/* Adds a row of taps of one input channel to the sums: VALUE is what the lanes see of column i.
 * Columns outside the image are left out: padding is absent, not zero. */
#define ADD_ROW(sum, VALUE, weights, p, test_all)                                                  \
    vec weight[FILTER_W][KB];                                                                      \
    UNROLL for (int s = 0; s < FILTER_W; s++)                                                      \
    {                                                                                              \
        UNROLL for (int m = 0; m < KB; m++) weight[s][m] =                                         \
            LOAD_REAL((weights) + m * (p)->next + s * V);                                          \
    }                                                                                              \
    UNROLL for (int visit = 0; visit < VISITS; visit++)                                            \
    {                                                                                              \
        const int i = IN_ORDER(visit);                                                             \
        if (IS_OUTSIDE(COLUMN_OF(i), (p)->left, (p)->in_w, test_all))                              \
            continue;                                                                              \
        const vec value = VALUE;                                                                   \
        UNROLL for (int s = 0; s < FILTER_W; s++)                                                  \
        {                                                                                          \
            if (!HAS_TAP(i, s))                                                                    \
                continue;                                                                          \
            UNROLL for (int m = 0; m < KB; m++) sum[m][OUTPUT_OF(i, s)] =                          \
                MULTIPLY_ADD(value, weight[s][m], sum[m][OUTPUT_OF(i, s)]);                        \
        }                                                                                          \
    }

/* Whether V channels of each column are gathered before the first is used: pixels a power of two
 * apart would drive each other out of the cache until the next is. One tap has no use for that. */
#define GATHERS (FILTER_W > 1)

INLINE void gather(vec column[VISITS], global const x_element *row, const taps *p,
                   const int test_all)
{
    UNROLL
    for (int i = 0; i < VISITS; i++)
        if (!IS_OUTSIDE(COLUMN_OF(i), p->left, p->in_w, test_all))
            column[i] = LOAD(row + COLUMN_OF(i) * p->x_column);
}

/* Two neighbouring inputs for all outputs. */
#if PAIRS
INLINE vec both(const real first, const real second)
{
    const JOIN(REAL, 2) pair = (JOIN(REAL, 2))(first, second);
    return (vec)(pair, pair, pair, pair, pair, pair, pair, pair);
}
#endif

/* Adds a row of taps of all input channels. */
INLINE void add_channels(vec sum[SUMS][XB], global const x_element *row, const int inputs,
                         global const real *weights, const taps *p, const int test_all)
{
#if GATHERS
    vec column[VISITS];
#if GB == 1 || PAIRS
    const real *const lane = (const real *)column;
#endif
#endif
#if GB == 1
    int c = 0;
#if GATHERS
    for (; c + V <= inputs; c += V) {
        gather(column, row + c, p, test_all);
        for (int j = 0; j < V; j++, weights += FILTER_W * V) {
            ADD_ROW(sum, lane[i * V + j], weights, p, test_all)
        }
    }
#endif
    for (; c < inputs; c++, weights += FILTER_W * V) {
        ADD_ROW(sum, READ(row, COLUMN_OF(i) * p->x_column + c), weights, p, test_all)
    }
#else
#if GATHERS
    gather(column, row, p, test_all);
#define COLUMN(i)       column[i]
#define OF_COLUMN(i, c) lane[(i)*V + (c)]
#else
#define COLUMN(i)       LOAD(row + COLUMN_OF(i) * p->x_column)
#define OF_COLUMN(i, c) READ(row, COLUMN_OF(i) * p->x_column + (c))
#endif
#if PAIRS
    for (int c = 0; c < SMALL; c += 2) {
        UNROLL
        for (int g = 0; g < GB; g++, weights += FILTER_W * V) {
            const int at = g * SMALL + c;
            ADD_ROW((sum + g), both(OF_COLUMN(i, at), OF_COLUMN(i, at + 1)), weights, p, test_all)
        }
    }
#else
    UNROLL
    for (int c = 0; c < SMALL; c++, weights += FILTER_W * V) {
        ADD_ROW(sum, spread(COLUMN(i), c), weights, p, test_all)
    }
#endif
#endif
}

#if PAIRS
/* What the two inputs gave, for the outputs of both groups. */
INLINE vec add_pairs(const vec first, const vec second)
{
    return EVEN(first, second) +
           PICK(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
#endif

/* Stores the first `channels` channels of `width` pixels. */
INLINE void store_tile(vec sum[SUMS][XB], global y_element *out, const long y_column,
                       const int channels, const int width, const float divisor ENDING)
{
    if (channels >= KB * V && width >= XB && divisor == 1.0f) {
        UNROLL
        for (int j = 0; j < XB; j++, out += y_column)
            UNROLL
        for (int m = 0; m < KB; m++)
            STORE(END_VEC(sum[m][j], out + m * V), out + m * V);
        return;
    }
    UNROLL
    for (int j = 0; j < XB; j++, out += y_column)
        UNROLL
    for (int m = 0; m < KB; m++) {
        if (j >= width || m * V >= channels)
            continue;
        real lane[V];
        JOIN(vstore, V)(sum[m][j], 0, lane);
        for (int i = 0; i < V && divisor != 1.0f; i++)
            lane[i] = divide_exactly(lane[i], divisor);
        store_first(JOIN(vload, V)(0, lane), out + m * V, min(channels - m * V, V) PASS_ENDING);
    }
}

/* Parameters of a run: tiles `first` to `end` - 1 of image n, numbered down the columns, of the
 * units `unit` to end_unit - 1. OPEN is restrict, but not of what is inlined: Oclgrind 21.10 stops
 * at what LLVM makes of it there. */
#define RUN(OPEN)                                                                                  \
    global const x_element *OPEN x, global const b_element *OPEN b, global y_element *OPEN y,      \
        global const real *OPEN packed, CONV_SHAPE, STRIDES, const long n, const int first,        \
        const int end, const int unit, const int end_unit, const int flat
#define RUN_ARGS                                                                                   \
    x, b, y, packed, in_h, in_w, out_h, out_w, pad_top, pad_left, groups, in_per_group,            \
        out_per_group, x_image, y_image, w_group, w_out, w_in, b_group, has_bias, bias_factor,     \
        divisor, z_first, z_count, x_channel, x_row, x_column, y_channel, y_row, y_column, w_row,  \
        w_column, n, first, end, unit, end_unit, flat

/* Nothing is asked for ahead: it drove out what was needed sooner. */
INLINE void do_tiles(RUN(), const int test_all ENDING)
{
    const int rows = flat ? 1 : in_h, row_width = flat ? in_h * in_w : in_w;
    const int out_rows = flat ? 1 : out_h, out_row = flat ? out_h * out_w : out_w;
    const int blocks = (BLOCKS(out_per_group) - 1) / KB + 1;
    const long block = FILTER_H * PACKED_ROW(in_per_group), step = DILATION_H * x_row;
    const long count = (long)(end - first) * (end_unit - unit);
    int u = unit, p = first % out_rows, q_first = first / out_rows * XB;
    for (long i = 0; i < count; i++) {
        const int q = max(0, min(q_first, out_row - XB)); /* the last overlaps */
        const int block_of = blocks > 1 ? u % blocks : 0;
        const int k = block_of * (KB * V), g = (blocks > 1 ? u / blocks : u) * GB;
        const int channels = GB > 1 ? V : out_per_group - k;
        const int top = p * STRIDE_H - pad_top, left = q * STRIDE_W - pad_left;
        const int r_end = end_tap(top, rows);
        global const x_element *row =
            x + n * x_image + (long)g * in_per_group + top * x_row + left * x_column;
        global y_element *out =
            y + n * y_image + (long)g * out_per_group + k + p * y_row + q * y_column;
        /* all groups of a shared kernel have the weights of the first */
        global const real *weights =
            packed + ((w_group ? g / GB : 0) * BLOCKS(out_per_group) + k / V) * block;
        /* the second vector of a last block may not exist: the first again, and it is not stored */
        const taps taps = {x_column, V < channels ? block : 0, left, row_width};
        vec sum[SUMS][XB];
        UNROLL
        for (int m = 0; m < SUMS; m++) {
            const vec start = PAIRS ? (vec)0
                                    : biases(b + g * b_group + k + m * V, channels - m * V,
                                             has_bias, bias_factor);
            UNROLL
            for (int j = 0; j < XB; j++)
                sum[m][j] = start;
        }
        for (int r = first_tap(top); r < r_end; r++)
            add_channels(sum, row + r * step, in_per_group, weights + r * PACKED_ROW(in_per_group),
                         &taps, test_all);
#if PAIRS
        const vec bias = biases(b + g * b_group, V, has_bias, bias_factor);
        UNROLL
        for (int j = 0; j < XB; j++)
            sum[0][j] = bias + add_pairs(sum[0][j], sum[1][j]);
#endif
        store_tile(sum, out, y_column, channels, out_row, divisor PASS_ENDING);
        if (++u == end_unit) {
            u = unit;
            if (++p == out_rows) {
                p = 0;
                q_first += XB;
            }
        }
    }
}

/* Calls, because PoCL compiles what is in a kernel itself three times; two, because tests in one
 * function with the other tiles are prepared for those, too. */
#define DO_RUN(name, test_all)                                                                     \
    static __attribute__((noinline)) void name(RUN(restrict) ENDING)                               \
    {                                                                                              \
        do_tiles(RUN_ARGS, test_all PASS_ENDING);                                                  \
    }
DO_RUN(do_run, 0)
DO_RUN(do_tested_run, 1)

kernel void direct_last(CONV_BUFFERS, global const real *restrict packed, const ulong packed_offset,
                        CONV_SHAPE, const int run, const int span, STRIDES ENDING_ARGS)
{
    MAKE_ENDING
    const int flat = FILTER_H * FILTER_W * STRIDE_H * STRIDE_W == 1 && out_h == in_h &&
                     out_w == in_w && x_row == in_w * x_column && y_row == out_w * y_column;
    const int tiles = flat ? (out_h * out_w - 1) / XB + 1 : out_h * ((out_w - 1) / XB + 1);
    const int units = groups / GB * ((BLOCKS(out_per_group) - 1) / KB + 1);
    const int spans = (units - 1) / span + 1;
    const long z = z_first + (long)get_global_id(2), begin = (long)get_global_id(0) * run;
    const int unit = (int)(z % spans) * span;
    if (get_global_id(2) >= z_count || begin >= tiles || get_global_id(1))
        return;
    x += x_offset;
    b += b_offset;
    y += y_offset;
    packed += packed_offset;
    const long n = z / spans;
    const int first = (int)begin, end = (int)min(begin + run, (long)tiles);
    const int end_unit = min(unit + span, units);
    if (tests_all(flat ? out_h * out_w : out_w, flat ? in_h * in_w : in_w, pad_left))
        do_tested_run(RUN_ARGS PASS_ENDING);
    else
        do_run(RUN_ARGS PASS_ENDING);
}
