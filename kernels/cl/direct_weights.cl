/* SPDX-License-Identifier: MIT */
/* The gradient by w on devices with vectors: the V lanes are neighbouring outputs of a row. One
 * work-item goes over all images and outputs with the sums of KB filters x CB input channels x RB
 * rows of taps x FILTER_W taps in registers, and adds up their lanes at the end: one order, the
 * same bits in every run. It walks down strips of V columns, so that what lies outside of a row is
 * the same all the way.
 *
 * Defines: FILTER_H FILTER_W STRIDE_H STRIDE_W (1 or 2) DILATION_H DILATION_W; tile V KB CB RB, RB
 * at most FILTER_H. */

#include "common.cl"
#include "vectors.cl"
#include "masked.cl"
#include "bias.cl"

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

/* Whether a row of x is loaded once for all rows of taps, which meet it with RB rows of outputs.
 * Else a row of outputs meets RB rows of x. */
#define KEEPS_OUTPUTS (STRIDE_H == 1 && DILATION_H == 1)
#define KEPT (KEEPS_OUTPUTS ? RB : 1)

#define SUMS (KB * CB * RB * FILTER_W)
/* The i-th, of an array sum[KB][CB][RB][FILTER_W]. */
#define SUM(i)                                                                                     \
    sum[(i) / (CB * RB * FILTER_W)][(i) / (RB * FILTER_W) % CB][(i) / FILTER_W % RB][(i) % FILTER_W]
#define SUMS_ROOM ((SUMS + V - 1) / V * V)

#define FETCHES (CB == 1 && FILTER_W < 7) /* or no register is left */

/* Masks are free where vectors have 16 floats; elsewhere strips without edges do without. */
#define NEEDS_PLAIN (V < 16)

/* One image, and the block of filters, channels and rows of taps there. Blocks may reach behind the
 * last filter or channel: they take that once more, and store nothing of it; and `skip` of the rows
 * of taps may be another block's. */
typedef struct view {
    global const x_element *x; /* where the planes of the block begin */
    global const y_element *y;
    long x_begin, x_end, y_end; /* elements from there to where memory begins and ends */
    long x_of[CB], y_of[KB];
    long x_ahead, y_ahead; /* to the planes that are next */
    int r_first, skip;
    int in_h, in_w, out_h, out_w, pad_top, pad_left;
} view;

/* V columns of outputs, and the rows of x and of outputs whose vectors are in memory. The few pairs
 * of others that meet are added by add_rest. */
typedef struct strip {
    int q, column; /* of outputs; of x, under the first tap */
    int h_first, h_end, p_end;
} strip;

INLINE strip strip_of(const view *a, const int q)
{
    strip s = {q, q * STRIDE_W - a->pad_left, 0, a->in_h, a->out_h};
    while (s.h_first < s.h_end && s.h_first * (long)a->in_w + s.column < a->x_begin)
        s.h_first++;
    while (s.h_end > s.h_first &&
           a->x_of[CB - 1] + (s.h_end - 1) * (long)a->in_w + s.column + REACH > a->x_end)
        s.h_end--;
    while (s.p_end > 0 && a->y_of[KB - 1] + (s.p_end - 1) * (long)a->out_w + q + V > a->y_end)
        s.p_end--;
    return s;
}

/* ---- What vectors cannot load ---------------------------------------------------------------- */

/* Adds the products of output row p and row r of taps, outputs q to q + V - 1. */
static void add_rest_row(real *total, const view *a, const int p, const int h, const int r,
                         const strip *strip)
{
    for (int i = 0; i < KB * CB * FILTER_W; i++) {
        const int k = i / FILTER_W / CB, c = i / FILTER_W % CB, s = i % FILTER_W;
        global const y_element *outputs = a->y + a->y_of[k] + (long)p * a->out_w;
        global const x_element *pixels = a->x + a->x_of[c] + (long)h * a->in_w;
        real *const sum = &total[((k * CB + c) * RB + r) * FILTER_W + s];
        for (int q = strip->q; q < min(strip->q + V, a->out_w); q++) {
            const int at = q * STRIDE_W - a->pad_left + s * DILATION_W;
            if (at >= 0 && at < a->in_w)
                *sum = fma(READ(outputs, q), READ(pixels, at), *sum);
        }
    }
}

static __attribute__((noinline)) void add_rest(real *total, const view *a)
{
    for (int q = 0; q < a->out_w; q += V) {
        const strip s = strip_of(a, q);
        if (s.h_first == 0 && s.h_end == a->in_h && s.p_end == a->out_h)
            continue;
        for (int i = a->skip; i < a->out_h * RB; i++) {
            const int p = i / RB, r = i % RB;
            const int h = p * STRIDE_H - a->pad_top + (a->r_first + r) * DILATION_H;
            const int done = h >= s.h_first && h < s.h_end && p < s.p_end;
            if (r >= a->skip && h >= 0 && h < a->in_h && !done)
                add_rest_row(total, a, p, h, r, &s);
        }
    }
}

/* ---- Vectors --------------------------------------------------------------------------------- */

/* Asks for the planes that are next, an element and its neighbours for each step: columns of short
 * rows are no pattern that hardware foresees (eight filters that 64 channels of 112x112 share, 3x3:
 * 3.5 to 2.1 ms on an AMD Zen 4). */
INLINE void fetch_ahead(const view *a, const long at)
{
    UNROLL
    for (int i = 0; i < (FETCHES ? KB : 0); i++)
        fetch_far(a->y + a->y_of[i] + a->y_ahead + at);
    if (FETCHES)
        fetch_far(a->x + a->x_ahead + at);
}

/* Step t: a row of x and the rows of outputs that meet it; or, where none is kept, a row of outputs
 * and those of x. One row of taps meets its rows in all steps. */
INLINE void add_step(vec sum[KB][CB][RB][FILTER_W], vec outputs[KB][KEPT], const view *a,
                     const strip *strip, const vec_index *counts, const int t, const int all,
                     const int care)
{
    const int p = KEEPS_OUTPUTS ? t + a->pad_top - a->r_first : t;
    UNROLL
    for (int k = 0; k < KB; k++) {
        UNROLL
        for (int i = KEPT - 1; i > 0; i--)
            outputs[k][i] = outputs[k][i - 1];
        if (all || (p >= 0 && p < strip->p_end))
            outputs[k][0] = LOAD(a->y + a->y_of[k] + (long)p * a->out_w + strip->q);
    }
    if (all)
        fetch_ahead(a, (strip->q / V * (long)a->out_h + p) * V);
    UNROLL
    for (int i = 0; i < (KEEPS_OUTPUTS ? 1 : RB); i++) {
        const int h = KEEPS_OUTPUTS ? t : t * STRIDE_H - a->pad_top + (a->r_first + i) * DILATION_H;
        if (!all && (h < strip->h_first || h >= strip->h_end))
            continue;
        UNROLL
        for (int j = 0; j < CB * FILTER_W; j++) {
            const int c = j / FILTER_W, s = j % FILTER_W;
            const vec pixels = load_pixels(a->x + a->x_of[c] + (long)h * a->in_w + strip->column +
                                           s * DILATION_W);
            UNROLL
            for (int kept = 0; kept < KEPT; kept++) {
                const int r = KEEPS_OUTPUTS ? kept : i;
                if ((!all && (p < kept || p - kept >= strip->p_end)) ||
                    r < (FILTER_H % RB ? a->skip : 0))
                    continue;
                UNROLL
                for (int k = 0; k < KB; k++)
                    sum[k][c][r][s] =
                        add_product(pixels, outputs[k][kept], sum[k][c][r][s], counts[s], care);
            }
        }
    }
}

/* The least t >= 0 for which t * STRIDE_H reaches `rows`. */
INLINE int steps_to(const int rows)
{
    return rows > 0 ? (rows - 1) / STRIDE_H + 1 : 0;
}

/* Adds a strip to sums that are in memory: between strips, in registers, they would make a compiler
 * keep copies of them in its innermost loop. */
INLINE void walk(vec *sums, const view *a, const strip *strip, const int care)
{
    vec sum[KB][CB][RB][FILTER_W];
    vec outputs[KB][KEPT];
    vec_index counts[FILTER_W];
    const int top = a->r_first * DILATION_H - a->pad_top; /* row of x under output row 0 */
    const int last = top + (RB - 1) * DILATION_H;
    const int begin = KEEPS_OUTPUTS ? top : 0;
    const int end = KEEPS_OUTPUTS ? min(strip->h_end, last + strip->p_end) : strip->p_end;
    const int all_end = KEEPS_OUTPUTS ? min(strip->h_end, top + strip->p_end)
                                      : min(strip->p_end, steps_to(strip->h_end - last));
    const int all = KEEPS_OUTPUTS ? max(strip->h_first, last) : steps_to(strip->h_first - top);
    int t = begin;
    UNROLL
    for (int i = 0; i < SUMS; i++)
        SUM(i) = sums[i];
    UNROLL
    for (int i = 0; i < KB * KEPT; i++)
        outputs[i / KEPT][i % KEPT] = 0;
    UNROLL
    for (int s = 0; s < FILTER_W; s++) {
        const vec_index lane = strip->column + s * DILATION_W + LANE * STRIDE_W;
        counts[s] = lane >= 0 && lane < a->in_w && LANE < a->out_w - strip->q;
    }
    for (; RB > 1 && t < min(all, end); t++)
        add_step(sum, outputs, a, strip, counts, t, 0, care);
    for (t = RB > 1 ? t : all; t < all_end; t++)
        add_step(sum, outputs, a, strip, counts, t, 1, care);
    for (; RB > 1 && t < end; t++)
        add_step(sum, outputs, a, strip, counts, t, 0, care);
    UNROLL
    for (int i = 0; i < SUMS; i++)
        sums[i] = SUM(i);
}

static __attribute__((noinline)) void add_strip(vec *sums, const view *a, const int q)
{
    const strip s = strip_of(a, q);
    if (NEEDS_PLAIN && s.column >= 0 && s.column + REACH <= a->in_w && q + V <= a->out_w)
        walk(sums, a, &s, PLAIN);
    else
        walk(sums, a, &s, MASKED);
}

/* ---- Images ---------------------------------------------------------------------------------- */

/* What a work-item sums over. */
typedef struct images {
    global const x_element *x;
    global const y_element *y;
    long x_image, y_image, x_length, y_length; /* of all images; of those channels in one */
    int in_per_group, out_per_group, k_first, flat;
} images;

/* Group g, channel c of image n. Planes of the same pixels, row under row, are as good as rows of V
 * pixels (flat 1) and one of the rest (flat 2). */
INLINE view view_of(const images *all, const view *sizes, const long n, const long g, const long c,
                    const int flat)
{
    view a = *sizes;
    const int pixels = a.in_h * a.in_w, rest = pixels % V, first = flat == 2 ? pixels - rest : 0;
    const long x = (g * all->in_per_group + c) * ((long)a.in_h * a.in_w) + first;
    const long y = (g * all->out_per_group + all->k_first) * ((long)a.out_h * a.out_w) + first;
    a.x = all->x + n * all->x_image + x;
    a.y = all->y + n * all->y_image + y;
    a.x_begin = -x;
    a.x_end = all->x_length - x;
    a.y_end = all->y_length - y;
    if (flat) {
        a.in_h = a.out_h = flat == 2 ? 1 : pixels / V;
        a.in_w = a.out_w = flat == 2 ? rest : V;
    }
    return a;
}

/* The sum of the lanes of m[i] in lane i: halves of two vectors become one, time and again. */
INLINE vec add_lanes(vec m[V])
{
    int many = V;
#define ADD_HALVES                                                                                 \
    many /= 2;                                                                                     \
    UNROLL for (int i = 0; i < many; i++) m[i] =                                                   \
        ZIP_LOW(m[i], m[i + many]) + ZIP_HIGH(m[i], m[i + many]);
    ROUNDS(ADD_HALVES)
    return m[0];
}

/* Ids: 0 and 1 = block of input channels, and of rows of taps, number c_block * r_blocks + r_block
 * over rows of get_global_size(0); 2 = block z = g * k_blocks + block of KB filters. As in
 * naive_weights, filters that all groups share have no g and weights that all channels share no c:
 * the sum goes over them. */
kernel void direct_weights(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                           const int count)
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
    const long in_plane = (long)in_h * in_w, out_plane = (long)out_h * out_w;
    const int flat = FILTER_H * FILTER_W * STRIDE_H * STRIDE_W == 1 && in_h == out_h &&
                     in_w == out_w && !pad_top && !pad_left && (long)in_h * in_w < INT_MAX / 2;
    view sizes = {.x_ahead = in_plane,
                  .y_ahead = (w_group ? min(KB, out_per_group) : out_per_group) * out_plane,
                  .r_first = min(r_begin, FILTER_H - RB),
                  .skip = max(r_begin - (FILTER_H - RB), 0),
                  .in_h = in_h,
                  .in_w = in_w,
                  .out_h = out_h,
                  .out_w = out_w,
                  .pad_top = pad_top,
                  .pad_left = pad_left};
    const images all = {x + x_offset,
                        y + y_offset,
                        x_image,
                        y_image,
                        groups * in_per_group * in_plane,
                        groups * out_per_group * out_plane,
                        in_per_group,
                        out_per_group,
                        k_first};
    UNROLL
    for (int c = 0; c < CB; c++)
        sizes.x_of[c] = min(c, channels - 1 - c_first) * in_plane;
    UNROLL
    for (int k = 0; k < KB; k++)
        sizes.y_of[k] = min(k, out_per_group - 1 - k_first) * out_plane;

    const long g_end = w_group ? group + 1 : groups;
    const int c_end = w_in ? c_first + 1 : in_per_group;
    real total[SUMS_ROOM];
    for (int i = 0; i < SUMS_ROOM; i++)
        total[i] = 0;
    vec sums[SUMS_ROOM];
    for (int i = 0; i < SUMS_ROOM; i++)
        sums[i] = 0;
    for (int n = 0; n < count; n++)
        for (long g = group; g < g_end; g++)
            for (int c = c_first; c < c_end; c++)
                for (int part = flat; part <= 2 * flat; part++) {
                    const view a = view_of(&all, &sizes, n, g, c, part);
                    add_rest(total, &a);
                }
    for (int n = 0; n < count; n++)
        for (long g = group; g < g_end; g++)
            for (int c = c_first; c < c_end; c++)
                for (int part = flat; part <= 2 * flat; part++) {
                    const view a = view_of(&all, &sizes, n, g, c, part);
                    for (int q = 0; q < a.out_w; q += V)
                        add_strip(sums, &a, q);
                }

    for (int i = 0; i < SUMS; i += V)
        JOIN(vstore, V)(add_lanes(sums + i) + JOIN(vload, V)(0, total + i), 0, total + i);
    global w_element *filter = w + w_offset + group * w_group + k_first * w_out + c_first * w_in +
                               sizes.r_first * FILTER_W;
    for (int k = 0; k < min(KB, out_per_group - k_first); k++)
        for (int c = 0; c < min(CB, channels - c_first); c++)
            for (int i = sizes.skip * FILTER_W; i < RB * FILTER_W; i++) {
                const real one = total[(k * CB + c) * RB * FILTER_W + i];
                WRITE(filter, k * w_out + c * w_in + i,
                      divisor == 1.0f ? one : divide_exactly(one, divisor));
            }
}
