/* SPDX-License-Identifier: MIT */
/* Depthwise and shared kernel, design `rows`: vectors walk down the planes, for CPUs.
 *
 * An input row is loaded once per filter column and added to every output row that it reaches;
 * those REACH unfinished rows stay in registers, and a step stores the one that is complete. A row
 * is cut into vectors of V pixels, the last of which is moved left to end with the row; a row of
 * fewer pixels has surplus lanes, which run into rows that are stored later.
 *
 * Ids: 1 = band of `band` output rows, 2 = `run` of output planes z = (n * groups + g) *
 * out_per_group + k. Defines: the filter, with STRIDE_W up to 2 and one of STRIDE_H and DILATION_H
 * 1; V; XB vectors side by side. */

#include "common.cl"
#include "vectors.cl"
#include "streams.cl"

#ifndef XB
#define XB 1
#endif

#define TAPS (FILTER_H * FILTER_W)
/* Output rows that an input row reaches, and input rows of a step. */
#define REACH ((FILTER_H - 1) / STRIDE_H + 1)
#define STEP (STRIDE_H < FILTER_H ? STRIDE_H : FILTER_H)
/* Step t reads rows top + t * STEP_ROWS + q of x, q < STEP, and finishes row t - REACH + 1. */
#define STEP_ROWS (STRIDE_H * DILATION_H)

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

/* One plane of y, and what it is made of. */
typedef struct plane {
    global const x_element *in; /* row 0, column 0 */
    global y_element *out;
    long first, last; /* the least and the largest index of `in` that a vector can be loaded from */
    long room;        /* elements of `out` that this work-item has yet to store */
    int stream;       /* whole lines of y go past the caches */
    ENDING_FIELD
} plane;

/* The sizes of a problem, and the output rows of a band. */
typedef struct sizes {
    int in_h, in_w, out_h, out_w, pad_top, pad_left, begin, end;
} sizes;

/* XB vectors of columns of the output rows `first` + i * DILATION_H, i < count. */
typedef struct strip {
    int first, count;
    int top;              /* row of x under the first tap of the first row */
    int plain, plain_end; /* steps that have all their rows of x and finish one of y */
    long column[XB];      /* of y, under lane 0 */
    long left[XB];        /* column of x there under the first tap */
} strip;

#if V == 4
#define NEXT(a, b) PICK(a, b, 1, 2, 3, 4)
#define ODD(a, b) PICK(a, b, 1, 3, 5, 7)
#elif V == 8
#define NEXT(a, b) PICK(a, b, 1, 2, 3, 4, 5, 6, 7, 8)
#define ODD(a, b) PICK(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#else
#define NEXT(a, b) PICK(a, b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
#define ODD(a, b) PICK(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#endif

/* A vector of a plane at index `at`, of which some may lie outside x: those lanes are 0. */
INLINE vec load_near_end(const plane *plane, const long at)
{
    real lane[3 * V];
    const long from = clamp(at, plane->first, plane->last);
    JOIN(vstore, V)((vec)0, 0, lane);
    JOIN(vstore, V)(LOAD(plane->in + from), 1, lane);
    JOIN(vstore, V)((vec)0, 2, lane);
    return JOIN(vload, V)(0, lane + V + clamp(at - from, -(long)V, (long)V));
}

/* Pixels of x under a tap, STRIDE_W apart from index `at` on. `safe`: all vectors lie within x.
 * Taps at odd columns share the vectors of their left neighbours. */
INLINE vec load_tap(const plane *plane, const long at, const int odd, const int safe)
{
#if STRIDE_W == 1
    return safe ? LOAD(plane->in + at) : load_near_end(plane, at);
#else
    const vec low = safe ? LOAD(plane->in + at - odd) : load_near_end(plane, at - odd);
    const vec high = safe ? LOAD(plane->in + at - odd + V) : load_near_end(plane, at - odd + V);
    return odd ? ODD(low, high) : EVEN(low, high);
#endif
}

/* Adds the row of x whose column 0 has index `row`, the q-th of its step, to the unfinished rows.
 * Pixels outside the row add nothing: padding is absent, not zero, and an infinite weight makes no
 * NaN of it. */
INLINE void add_row(vec sum[REACH][XB][PARTS], const vec *weight, const plane *plane,
                    const strip *strip, const long row, const int q, const int in_w, const int edge,
                    const int safe)
{
    vec value[FILTER_W * XB];
    UNROLL
    for (int i = 0; i < FILTER_W * XB; i++) {
        const int s = i / XB, v = i % XB;
        const long col = strip->left[v] + s * DILATION_W;
#if STRIDE_W == 2 && DILATION_W == 1 /* tap s sees the pixels of tap s - 2 but one */
        if (s >= 2 && safe)
            value[i] = NEXT(value[i - 2 * XB], (vec)READ(plane->in, row + col + 2 * (V - 1)));
        else
#endif
            value[i] = load_tap(plane, row + col, s * DILATION_W % 2, safe);
        const vec_index at = LANE * STRIDE_W + (int)col;
        const vec_index inside = (at >= 0) & (at < in_w);
        UNROLL
        for (int j = 0; j * STRIDE_H + q < FILTER_H; j++) {
            vec *const old = &sum[j][v][(q * FILTER_W + s) % PARTS];
            const vec more = fma(value[i], weight[(j * STRIDE_H + q) * FILTER_W + s], *old);
            *old = edge ? (inside ? more : *old) : more;
        }
    }
}

/* Whether vectors of the row at index `row` begin before x, or end behind it. */
INLINE int begins_before(const plane *plane, const strip *strip, const long row)
{
    return row + strip->left[0] < plane->first;
}

INLINE int ends_behind(const plane *plane, const strip *strip, const long row)
{
    const int last = (FILTER_W - 1) * DILATION_W + (STRIDE_W == 2 ? V : 0);
    return row + strip->left[XB - 1] + last > plane->last;
}

/* Stores the output row whose column 0 has index `row`. Lanes past its end go where this work-item
 * has yet to store, if at all: `whole` says that they all do. */
INLINE void store_row(vec sum[REACH][XB][PARTS], const plane *plane, const strip *strip,
                      const long row, const int out_w, const int whole)
{
    TAKE_ENDING(plane)
    UNROLL
    for (int v = 0; v < XB; v++) {
        const long at = row + strip->column[v];
        vec total = sum[REACH - 1][v][0];
        UNROLL
        for (int part = 1; part < PARTS; part++)
            total += sum[REACH - 1][v][part];
        if (whole || at + V <= plane->room)
            store_pixels(END_VEC(total, plane->out + at), plane->out + at, plane->stream);
        else
            store_first(total, plane->out + at, min(V, out_w) PASS_ENDING);
    }
}

/* Makes place for the next output row. */
INLINE void next_row(vec sum[REACH][XB][PARTS], const vec start)
{
    UNROLL
    for (int i = REACH * XB * PARTS - 1; i >= 0; i--) {
        const int j = i / (XB * PARTS), v = i / PARTS % XB, part = i % PARTS;
        sum[j][v][part] = j ? sum[j - 1][v][part] : part ? (vec)0 : start;
    }
}

/* A step that tests everything: rows of x that are not there, vectors that leave x or y. */
INLINE void any_step(vec sum[REACH][XB][PARTS], const vec *weight, const vec start, const int t,
                     const plane *plane, const strip *strip, const sizes *size)
{
    UNROLL
    for (int q = 0; q < STEP; q++) {
        const int ih = strip->top + t * STEP_ROWS + q;
        const long row = (long)ih * size->in_w;
        if (ih >= 0 && ih < size->in_h)
            add_row(sum, weight, plane, strip, row, q, size->in_w, 1,
                    !begins_before(plane, strip, row) && !ends_behind(plane, strip, row));
    }
    if (t >= REACH - 1)
        store_row(sum, plane, strip,
                  (long)(strip->first + (t - REACH + 1) * DILATION_H) * size->out_w, size->out_w,
                  0);
    next_row(sum, start);
}

/* Vectors of x for one of y: a strip asks for its share of the next plane (128x56, 3x3: 162 to
 * 122 us), because columns of short rows are no pattern that hardware foresees. Into the second
 * level, because the first may not hold it beside this plane (AMD Zen 4, 64x112, stride 2: 101 to
 * 89 us; 32x112: 83 to 79 us; smaller planes within 1 %). */
#define VECTORS_IN (STEP * STRIDE_W)
/* A first-level cache cannot hold the next plane of y beside one of more pixels than these: a strip
 * asks for rows of its own, so many further down (32x112, 3x3: 141 to 130 us). Strides have no
 * register left for that. */
#define LARGE_PLANE 8192
#define ROWS_AHEAD 4

/* Steps t to end - 1, which test nothing. Column 0 of the first row of x, and of the row of y that
 * it completes, have the indices `in` and `out`. */
INLINE void plain_steps(vec sum[REACH][XB][PARTS], const vec *weight, const vec start, int t,
                        const int end, const plane *plane, const strip *strip, const sizes *size,
                        long in, long out, const int edge)
{
    const long in_w = size->in_w, out_step = DILATION_H * (long)size->out_w;
    const long plane_in = size->in_h * in_w, plane_out = (long)size->out_h * size->out_w;
    const long done = (strip->column[0] + V - 1) / V * strip->count + t;
    const int large = STEP == 1 && plane_out > LARGE_PLANE;
    const long ahead_step = large ? out_step : V;
    global const x_element *in_ahead = plane->in + plane_in + done * VECTORS_IN * V;
    const long rows_on = out + ROWS_AHEAD * out_step + strip->column[0];
    global y_element *out_ahead = plane->out + (large ? rows_on : plane_out + done * V);
    for (; t < end; t++) {
        UNROLL
        for (int i = 0; i < VECTORS_IN * V; i += LINE_OF(in_ahead))
            fetch_far(in_ahead + i);
        if (!plane->stream)
            fetch_to_store(out_ahead, V);
        UNROLL
        for (int q = 0; q < STEP; q++)
            add_row(sum, weight, plane, strip, in + q * in_w, q, size->in_w, edge, 1);
        store_row(sum, plane, strip, out, size->out_w, 1);
        next_row(sum, start);
        in += STEP_ROWS * in_w;
        out += out_step;
        in_ahead += VECTORS_IN * V;
        out_ahead += ahead_step;
    }
}

/* Walks a strip. The plain steps, which are most, test nothing. */
INLINE void walk(const vec *weight, const vec start, const plane *plane, const strip *strip,
                 const sizes *size, const int edge)
{
    vec sum[REACH][XB][PARTS];
    const long in_w = size->in_w, out_w = size->out_w;
    const long in_0 = strip->top * in_w, out_0 = (strip->first - (REACH - 1) * DILATION_H) * out_w;
    const long last_out = plane->room - strip->column[XB - 1] - V;
    int t = strip->top < 0 ? min((-strip->top - STEP) / STEP_ROWS, REACH - 1) : 0;
    int plain = strip->plain, end = strip->plain_end;
    while (plain < end && begins_before(plane, strip, in_0 + plain * STEP_ROWS * in_w))
        plain++;
    while (plain < end &&
           (ends_behind(plane, strip, in_0 + ((end - 1) * STEP_ROWS + STEP - 1) * in_w) ||
            out_0 + (end - 1) * DILATION_H * out_w > last_out))
        end--;
    UNROLL
    for (int j = 0; j < REACH; j++)
        next_row(sum, start);
    for (; t < strip->count + REACH - 1; t++) {
        if (t == plain && t < end) {
            const long in = in_0 + t * STEP_ROWS * in_w, out = out_0 + t * DILATION_H * out_w;
            plain_steps(sum, weight, start, t, end, plane, strip, size, in, out, edge);
            t = end;
            if (t == strip->count + REACH - 1)
                break;
        }
        any_step(sum, weight, start, t, plane, strip, size);
    }
}

/* All columns of the rows of a band. */
INLINE void do_plane(const vec *weight, const vec start, const plane *plane, const sizes *size)
{
    struct strip strip;
    const int last = max(size->out_w - V, 0);
    for (int f = size->begin; f < min(size->begin + DILATION_H, size->end); f++) {
        strip.first = f;
        strip.count = (size->end - f - 1) / DILATION_H + 1;
        strip.top = f * STRIDE_H - size->pad_top;
        strip.plain = max((max(-strip.top, 0) + STEP_ROWS - 1) / STEP_ROWS, REACH - 1);
        strip.plain_end = min((size->in_h - STEP - strip.top + STEP_ROWS) / STEP_ROWS,
                              strip.count + REACH - 1);
        for (int column = 0; column < size->out_w; column += V * XB) {
            UNROLL
            for (int v = 0; v < XB; v++) {
                strip.column[v] = min(column + v * V, last);
                strip.left[v] = strip.column[v] * STRIDE_W - size->pad_left;
            }
            if (NEEDS_INSIDE && strip.left[0] >= 0 &&
                strip.left[XB - 1] + (FILTER_W - 1) * DILATION_W + V * STRIDE_W <= size->in_w)
                walk(weight, start, plane, &strip, size, 0);
            else
                walk(weight, start, plane, &strip, size, 1);
        }
    }
}

/* Planes `first` to first + count - 1 of y. A call, because PoCL compiles what is in a kernel
 * itself three times. */
static __attribute__((noinline)) void do_run(CONV_BUFFERS, CONV_SHAPE, const sizes size,
                                             const long x_end, const long first, const long count,
                                             const int stream ENDING)
{
    const long plane_in = (long)in_h * in_w, plane_out = (long)out_h * out_w;
    long n = first / out_per_group / groups;
    int g = (int)(first / out_per_group % groups), k = (int)(first % out_per_group);
    for (long i = 0; i < count; i++) {
        const long from = n * x_image + g * plane_in, to = (long)g * out_per_group + k;
        global const w_element *filter = w + w_offset + g * w_group + k * w_out;
        const vec start = has_bias ? (real)bias_factor * READ(b, b_offset + g * b_group + k) : 0;
        const plane plane = {x + x_offset + from, y + y_offset + n * y_image + to * plane_out,
                             -from, x_end - V - from,
                             min(count - i, (long)groups * out_per_group - to) * plane_out,
                             stream PASS_ENDING};
        vec weight[TAPS];
        UNROLL
        for (int tap = 0; tap < TAPS; tap++)
            weight[tap] = READ(filter, tap);
        do_plane(weight, start, &plane, &size);
        if (++k < out_per_group)
            continue;
        k = 0;
        if (++g < groups)
            continue;
        g = 0;
        n++;
    }
}

kernel void depthwise_rows(CONV_BUFFERS, CONV_SHAPE, const int images, const int run,
                           const int band, const int stream ENDING_ARGS)
{
    MAKE_ENDING
    const long x_end = (images - 1) * x_image + (long)groups * in_h * in_w;
    const long first = (z_first + (long)get_global_id(2)) * run;
    const long count = min((long)run, (long)images * groups * out_per_group - first);
    const int begin = (int)get_global_id(1) * band;
    const sizes size = {in_h, in_w, out_h, out_w, pad_top, pad_left, begin,
                        min(begin + band, out_h)};
    if (get_global_id(0) || (long)get_global_id(2) >= z_count || begin >= out_h)
        return;
    do_run(x, x_offset, w, w_offset, b, b_offset, y, y_offset, in_h, in_w, out_h, out_w, pad_top,
           pad_left, groups, in_per_group, out_per_group, x_image, y_image, w_group, w_out, w_in,
           b_group, has_bias, bias_factor, divisor, z_first, z_count, size, x_end, first, count,
           stream PASS_ENDING);
}
