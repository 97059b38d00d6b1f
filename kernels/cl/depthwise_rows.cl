/* SPDX-License-Identifier: MIT */
/* Depthwise and shared kernel, design `rows`: vectors walk down the planes, for CPUs.
 *
 * An input row is loaded once per filter column and added to every output row that it reaches;
 * those REACH unfinished rows stay in registers, and a step stores the one that is complete. A row
 * is cut into vectors of V pixels, the last of which is moved left to end with the row; a row of
 * fewer pixels has surplus lanes that run into rows which are stored later. Rows of at most V / 2
 * pixels go in pairs: half a vector of one plane, half of another.
 *
 * Ids: 1 = band of `band` output rows, 2 = `run` of output planes z = (n * groups + g) *
 * out_per_group + k, `planes` in all. Defines: the filter, with STRIDE_W up to 2 and one of
 * STRIDE_H and DILATION_H 1; V; XB vectors side by side. */

#include "common.cl"
#include "vectors.cl"

#ifndef XB
#define XB 1
#endif

#define NOINLINE static __attribute__((noinline))
#define TAPS (FILTER_H * FILTER_W)
/* Output rows that an input row reaches, and input rows of a step. */
#define REACH ((FILTER_H - 1) / STRIDE_H + 1)
#define STEP (STRIDE_H < FILTER_H ? STRIDE_H : FILTER_H)

/* Partial sums of an output, so that its multiply-adds need not wait for one another (4 cycles on
 * CPUs that do two in each), within the registers. */
#define MOST_SUMS (V == 16 ? 14 : 7)
#define WANTED_PARTS ((8 * STEP - 1) / (FILTER_H * XB) + 1)
#define FITTING_PARTS (MOST_SUMS / (REACH * XB))
#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define BOUNDED_PARTS LEAST(LEAST(WANTED_PARTS, FITTING_PARTS), LEAST(4, STEP * FILTER_W))
#define PARTS (BOUNDED_PARTS > 1 ? BOUNDED_PARTS : 1)

/* Masks are free where vectors have 16 floats; elsewhere strips without edges do without. */
#define NEEDS_INSIDE (V < 16)

/* Vectors of one plane or, `two`, half vectors of two. */
typedef struct plane {
    global const float *in; /* row 0, column 0 */
    global const float *filter;
    global float *out;
    long first, last; /* the least and the largest index of `in` that a vector can be loaded from */
} plane;

/* The sizes that a work-item needs, and the rows that it computes. */
typedef struct sizes {
    int in_h, in_w, out_h, out_w, pad_top, pad_left, groups, out_per_group, begin, end;
} sizes;

/* XB vectors of columns of the output rows `first` + i * DILATION_H, i < count. */
typedef struct strip {
    int first, count;
    int top;        /* row of x under the first tap of the first row */
    int plain, plain_end; /* steps that have all their rows of x and finish one of y */
    int column[XB]; /* of y, under lane 0 */
    int left[XB];   /* column of x there under the first tap */
    long room;      /* elements of y from row 0 on that this work-item has yet to store */
} strip;

#if V == 4
#define UPPER 2, 3, 0, 1
#define EVEN(a, b) PICK(a, b, 0, 2, 4, 6)
#define ODD(a, b) PICK(a, b, 1, 3, 5, 7)
#elif V == 8
#define UPPER 4, 5, 6, 7, 0, 1, 2, 3
#define EVEN(a, b) PICK(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) PICK(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define UPPER 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7
#define EVEN(a, b) PICK(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) PICK(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#endif

/* Two half vectors as one; only V 16 has pairs. */
#if V == 16
#ifdef __clang__
#define HALF(p) (*(global const loose_8 *)(p))
#else
#define HALF(p) vload8(0, p)
#endif
#define PAIR(a, b) ((vec)((float8)(a), (float8)(b)))
#define STORE_PAIR(value, p, other)                                                                \
    (STORE_PART((value).lo, p, 8), STORE_PART((value).hi, other, 8))
#else
#define HALF(p) LOAD(p)
#define PAIR(a, b) (a)
#define STORE_PAIR(value, p, other) STORE(value, p)
#endif

/* A vector of a plane at index `at`, of which some may lie outside x: those lanes are 0. */
INLINE vec load_near_end(const plane *plane, const long at)
{
    float lane[3 * V];
    const long from = clamp(at, plane->first, plane->last);
    JOIN(vstore, V)((vec)0.0f, 0, lane);
    JOIN(vstore, V)(LOAD(plane->in + from), 1, lane);
    JOIN(vstore, V)((vec)0.0f, 2, lane);
    return JOIN(vload, V)(0, lane + V + clamp(at - from, -(long)V, (long)V));
}

/* Pixels of x under a tap, STRIDE_W apart from index `at` on. `safe`: all vectors lie within x. */
INLINE vec load_pixels(const plane *plane, const long at, const int odd, const int two,
                       const int safe)
{
#if STRIDE_W == 1
    if (two)
        return safe ? PAIR(HALF(plane[0].in + at), HALF(plane[1].in + at))
                    : PAIR(load_near_end(&plane[0], at).lo, load_near_end(&plane[1], at).lo);
    return safe ? LOAD(plane->in + at) : load_near_end(plane, at);
#else
    const struct plane *other = two ? plane + 1 : plane;
    const long from = at - odd, more = two ? from : from + V;
    const vec low = safe ? LOAD(plane->in + from) : load_near_end(plane, from);
    const vec high = safe ? LOAD(other->in + more) : load_near_end(other, more);
    return odd ? ODD(low, high) : EVEN(low, high);
#endif
}

/* Adds the row of x whose column 0 has index `row`, the q-th of its step, to the unfinished rows.
 * Pixels outside the row add nothing: padding is absent, not zero, and an infinite weight makes no
 * NaN of it. */
INLINE void add_row(vec sum[REACH][XB][PARTS], const vec *weight, const plane *plane,
                    const strip *strip, const long row, const int q, const int in_w, const int two,
                    const int edge, const int safe)
{
    const vec_index lane = (two ? LANE % (V / 2) : LANE) * STRIDE_W;
    UNROLL
    for (int i = 0; i < FILTER_W * XB; i++) {
        const int s = i / XB, v = i % XB;
        const int col = strip->left[v] + s * DILATION_W;
        const vec value = load_pixels(plane, row + col, s * DILATION_W % 2, two, safe);
        const vec_index inside = (lane + col >= 0) & (lane + col < in_w);
        UNROLL
        for (int j = 0; j * STRIDE_H + q < FILTER_H; j++) {
            vec *const old = &sum[j][v][(q * FILTER_W + s) % PARTS];
            const vec more = fma(value, weight[(j * STRIDE_H + q) * FILTER_W + s], *old);
            *old = edge ? (inside ? more : *old) : more;
        }
    }
}

/* Whether vectors of the row at index `row` begin before x, or end behind it. */
INLINE int begins_before(const plane *plane, const strip *strip, const long row)
{
    return row + strip->left[0] < plane[0].first;
}
INLINE int ends_behind(const plane *plane, const strip *strip, const long row, const int two)
{
    const int last = (FILTER_W - 1) * DILATION_W + (STRIDE_W == 2 && !two ? V : 0);
    return row + strip->left[XB - 1] + last > plane[two].last;
}

/* Called, for it is rare. */
NOINLINE void store_part(const vec value, global float *p, global float *other, const int count)
{
    store_first(value, p, count);
    if (other)
        store_first(PICK(value, value, UPPER), other, count);
}

/* Stores the output row whose column 0 has index `row`, and makes place for the next. Lanes past
 * its end go where this work-item has yet to store, if at all: `whole` says that they all do. */
INLINE void store_row(vec sum[REACH][XB][PARTS], const plane *plane, const strip *strip,
                      const long row, const int out_w, const int two, const int whole)
{
    UNROLL
    for (int v = 0; v < XB; v++) {
        const long at = row + strip->column[v];
        vec total = sum[REACH - 1][v][0];
        UNROLL
        for (int part = 1; part < PARTS; part++)
            total += sum[REACH - 1][v][part];
        if (!whole && at + (two ? V / 2 : V) > strip->room)
            store_part(total, plane[0].out + at, two ? plane[1].out + at : 0, out_w);
        else if (two)
            STORE_PAIR(total, plane[0].out + at, plane[1].out + at);
        else
            STORE(total, plane[0].out + at);
    }
}

INLINE void next_row(vec sum[REACH][XB][PARTS], const vec start)
{
    UNROLL
    for (int i = REACH * XB * PARTS - 1; i >= 0; i--) {
        const int j = i / (XB * PARTS), v = i / PARTS % XB, part = i % PARTS;
        sum[j][v][part] = j ? sum[j - 1][v][part] : part ? (vec)0.0f : start;
    }
}

/* Step t reads rows top + t * STEP_ROWS + q of x, q < STEP, and finishes row t - REACH + 1. */
#define STEP_ROWS (STRIDE_H * DILATION_H)

INLINE void any_step(vec sum[REACH][XB][PARTS], const vec *weight, const vec start, const int t,
                     const plane *plane, const strip *strip, const sizes *size, const int two)
{
    UNROLL
    for (int q = 0; q < STEP; q++) {
        const int ih = strip->top + t * STEP_ROWS + q;
        const long row = (long)ih * size->in_w;
        if (ih >= 0 && ih < size->in_h)
            add_row(sum, weight, plane, strip, row, q, size->in_w, two, 1,
                    !begins_before(plane, strip, row) && !ends_behind(plane, strip, row, two));
    }
    if (t >= REACH - 1)
        store_row(sum, plane, strip,
                  (long)(strip->first + (t - REACH + 1) * DILATION_H) * size->out_w, size->out_w,
                  two, 0);
    next_row(sum, start);
}

/* Walks a strip. The steps in the middle, which are many, test nothing. */
INLINE void walk(const vec *weight, const vec start, const plane *plane, const strip *strip,
                 const sizes *size, const int two, const int edge)
{
    vec sum[REACH][XB][PARTS];
    const long in_w = size->in_w, out_w = size->out_w;
    const long in_0 = strip->top * in_w, out_0 = (strip->first - (REACH - 1) * DILATION_H) * out_w;
    const long room = strip->room - strip->column[XB - 1] - (two ? V / 2 : V);
    int t = strip->top < 0 ? min((-strip->top - STEP) / STEP_ROWS, REACH - 1) : 0;
    int plain = strip->plain, end = strip->plain_end;
    while (plain < end && begins_before(plane, strip, in_0 + plain * STEP_ROWS * in_w))
        plain++;
    while (plain < end &&
           (ends_behind(plane, strip, in_0 + ((end - 1) * STEP_ROWS + STEP - 1) * in_w, two) ||
            out_0 + (end - 1) * DILATION_H * out_w > room))
        end--;
    UNROLL
    for (int j = 0; j < REACH; j++)
        next_row(sum, start);
    for (; t < strip->count + REACH - 1; t++) {
        if (t == plain) {
            long in = in_0 + t * STEP_ROWS * in_w, out = out_0 + t * DILATION_H * out_w;
            for (; t < end; t++) {
                UNROLL
                for (int q = 0; q < STEP; q++)
                    add_row(sum, weight, plane, strip, in + q * in_w, q, size->in_w, two, edge, 1);
                store_row(sum, plane, strip, out, size->out_w, two, 1);
                next_row(sum, start);
                in += STEP_ROWS * in_w;
                out += DILATION_H * out_w;
            }
            if (t == strip->count + REACH - 1)
                break;
        }
        any_step(sum, weight, start, t, plane, strip, size, two);
    }
}

/* All columns of the rows of a band, in one plane or two. */
INLINE void do_planes(const vec *weight, const vec start, const plane *plane, const long room,
                      const sizes *size, const int two)
{
    struct strip strip = {.room = room};
    const int lanes = two ? V / 2 : V;
    const int last = max(size->out_w - lanes, 0);
    for (int f = size->begin; f < min(size->begin + DILATION_H, size->end); f++) {
        strip.first = f;
        strip.count = (size->end - f - 1) / DILATION_H + 1;
        strip.top = f * STRIDE_H - size->pad_top;
        strip.plain = max((max(-strip.top, 0) + STEP_ROWS - 1) / STEP_ROWS, REACH - 1);
        strip.plain_end = min((size->in_h - STEP - strip.top + STEP_ROWS) / STEP_ROWS,
                              strip.count + REACH - 1);
        for (int column = 0; column < size->out_w; column += lanes * XB) {
            UNROLL
            for (int v = 0; v < XB; v++) {
                strip.column[v] = min(column + v * lanes, last);
                strip.left[v] = strip.column[v] * STRIDE_W - size->pad_left;
            }
            if (NEEDS_INSIDE && strip.left[0] >= 0 &&
                strip.left[XB - 1] + (FILTER_W - 1) * DILATION_W + V * STRIDE_W <= size->in_w)
                walk(weight, start, plane, &strip, size, two, 0);
            else
                walk(weight, start, plane, &strip, size, two, 1);
        }
    }
}

/* A plane of y, followed by steps of one through its launch. */
typedef struct cursor {
    long n;
    int g, k;
} cursor;

INLINE void advance(cursor *c, const int groups, const int out_per_group)
{
    if (++c->k < out_per_group)
        return;
    c->k = 0;
    if (++c->g < groups)
        return;
    c->g = 0;
    c->n++;
}

/* Planes `first` to first + count - 1, one by one or one of each half at a time. */
INLINE void do_run(CONV_BUFFERS, const sizes size, const long x_image, const long y_image,
                   const long w_group, const long w_out, const long b_group, const int has_bias,
                   const float bias_factor, const long x_end, const long first, const long count,
                   const int two)
{
    const long plane_in = (long)size.in_h * size.in_w, plane_out = (long)size.out_h * size.out_w;
    const long turns = two ? (count + 1) / 2 : count;
    cursor at[2];
    UNROLL
    for (int u = 0; u <= two; u++) {
        const long z = first + min(u * turns, count - 1);
        at[u].n = z / size.out_per_group / size.groups;
        at[u].g = (int)(z / size.out_per_group % size.groups);
        at[u].k = (int)(z % size.out_per_group);
    }
    for (long turn = 0; turn < turns; turn++) {
        struct plane plane[2];
        vec weight[TAPS];
        float bias[2];
        long room = LONG_MAX;
        UNROLL
        for (int u = 0; u <= two; u++) {
            const long from = at[u].n * x_image + at[u].g * plane_in;
            const long k = (long)at[u].g * size.out_per_group + at[u].k;
            const long left = u ? max(count - turns - turn, 1L) : turns - turn;
            plane[u].in = x + x_offset + from;
            plane[u].first = -from;
            plane[u].last = x_end - V - from;
            plane[u].filter = w + w_offset + at[u].g * w_group + at[u].k * w_out;
            plane[u].out = y + y_offset + at[u].n * y_image + k * plane_out;
            bias[u] = has_bias ? bias_factor * b[b_offset + at[u].g * b_group + at[u].k] : 0.0f;
            room = min(room, min(left, (long)size.groups * size.out_per_group - k) * plane_out);
        }
        UNROLL
        for (int i = 0; i < TAPS; i++)
            weight[i] = two ? PAIR(plane[0].filter[i], plane[1].filter[i])
                            : (vec)plane[0].filter[i];
        do_planes(weight, two ? PAIR(bias[0], bias[1]) : (vec)bias[0], plane, room, &size, two);
        UNROLL
        for (int u = 0; u <= two; u++)
            if (!u || turns + turn + 1 < count)
                advance(&at[u], size.groups, size.out_per_group);
    }
}

/* Calls, because PoCL compiles a kernel's own body three times. */
#define DO_RUN(NAME, TWO)                                                                          \
    NOINLINE void NAME(CONV_BUFFERS, const sizes size, const long x_image, const long y_image,     \
                       const long w_group, const long w_out, const long b_group,                   \
                       const int has_bias, const float bias_factor, const long x_end,              \
                       const long first, const long count)                                         \
    {                                                                                              \
        do_run(x, x_offset, w, w_offset, b, b_offset, y, y_offset, size, x_image, y_image,         \
               w_group, w_out, b_group, has_bias, bias_factor, x_end, first, count, TWO);          \
    }
DO_RUN(do_single, 0)
#if V == 16
DO_RUN(do_pairs, 1)
#else
#define do_pairs do_single
#endif

kernel void depthwise_rows(CONV_BUFFERS, CONV_SHAPE, const int images, const int run,
                           const int band, const int pairs)
{
    const long x_end = (images - 1) * x_image + (long)groups * in_h * in_w;
    const long first = (z_first + (long)get_global_id(2)) * run;
    const long count = min((long)run, (long)images * groups * out_per_group - first);
    const int begin = (int)get_global_id(1) * band;
    const sizes size = {in_h,     in_w,   out_h,         out_w, pad_top,
                        pad_left, groups, out_per_group, begin, min(begin + band, out_h)};
    if (get_global_id(0) || (long)get_global_id(2) >= z_count || begin >= out_h)
        return;
    if (pairs)
        do_pairs(x, x_offset, w, w_offset, b, b_offset, y, y_offset, size, x_image, y_image,
                 w_group, w_out, b_group, has_bias, bias_factor, x_end, first, count);
    else
        do_single(x, x_offset, w, w_offset, b, b_offset, y, y_offset, size, x_image, y_image,
                  w_group, w_out, b_group, has_bias, bias_factor, x_end, first, count);
}
