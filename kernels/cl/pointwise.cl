/* SPDX-License-Identifier: MIT */
/* 1x1 filters of stride 1 without padding: y[k][pixel] = sum over c of w[k][c] * x[c][pixel], a
 * matrix product straight on the planes. One work-item computes a run of blocks of KB output
 * channels for a run of pixels, KB channels x XB vectors of V pixels at a time in registers: pixels
 * are loaded as vectors, weights are broadcast. PANEL input channels of such a tile stay in the
 * first-level cache while all blocks use them, so that y holds sums of fewer input channels in
 * between. What is left of a run after whole tiles is done a vector at a time, two blocks together
 * so that as many sums are in flight, and a few pixels with channels as lanes.
 *
 * Ids: 0 = run of tiles, the last of which takes the pixels that are left; 1 = run of `span`
 * blocks; 2 = group z = n * groups + g. Needs V pixels or more a plane. Defines: tile V KB XB,
 * KB <= V. */

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

/* Input channels whose pixels under a tile fill half a first-level cache of 48 KiB; all of them
 * where y would round the sums in between. */
#if defined(CONVERTED)
#define PANEL INT_MAX
#else
#define PANEL 128
#endif
/* Pixels, and vectors of channels, of what is left of a run. */
#define CORNER 4
#define COLUMNS 2
#define COLUMN_BLOCKS (COLUMNS * (V / KB))

/* What a work-item computes: `blocks` and `outputs` are counted from the first of the group to the
 * last of its own. */
typedef struct product {
    global const x_element *in;
    global const real *weights;
    global const b_element *bias;
    global y_element *out;
    long plane, block; /* elements of a channel of x or y; of the weights of KB channels */
    int inputs, blocks, outputs;
    int has_bias;
    float bias_factor;
    ENDING_FIELD
} product;

/* Sums of all input channels, which are `end`; others are to be added to. */
#ifdef ACTIVATION
#define END_LAST(value, to) (end == p->inputs ? end_whole(value, to, p->ends) : (value))
INLINE vec end_whole(const vec value, global const y_element *to ENDING)
{
    return END_VEC(value, to);
}
#else
#define END_LAST(value, to) (value)
#endif

/* Adds input channels `c` to `end` - 1 to BLOCKS blocks from block i on x VECTORS vectors from
 * `pixel` on. At first sums begin with the bias, later with what y holds. Meanwhile it asks for the
 * weights of the next block and for `ahead`, a vector of each channel of the next panel. */
#define ADD_TILE(name, BLOCKS, VECTORS)                                                            \
    INLINE void name(const product *p, const long pixel, const int i, const int c, const int end,  \
                     global const x_element *ahead)                                                \
    {                                                                                              \
        const long plane = p->plane, next = i + 1 < p->blocks ? p->block : 0;                      \
        const int channels = p->outputs - i * KB;                                                  \
        global const x_element *in = p->in + c * plane + pixel;                                    \
        global const real *weights = p->weights + i * p->block + c * KB;                           \
        global const b_element *bias = p->bias + i * KB;                                           \
        global y_element *out = p->out + i * KB * plane + pixel;                                   \
        vec sum[BLOCKS * KB][VECTORS];                                                             \
        UNROLL for (int k = 0; k < BLOCKS * KB; k++)                                               \
        {                                                                                          \
            const real start =                                                                     \
                p->has_bias && k < channels ? (real)p->bias_factor * READ(bias, k) : 0;            \
            UNROLL for (int j = 0; j < VECTORS; j++) sum[k][j] = start;                            \
        }                                                                                          \
        if (c > 0)                                                                                 \
            UNROLL for (int k = 0; k < BLOCKS * KB; k++) if (k < channels)                         \
                UNROLL for (int j = 0; j < VECTORS; j++) sum[k][j] = LOAD(out + k * plane + j * V);\
        for (int done = 0; done < end - c; done++)                                                 \
        {                                                                                          \
            vec pixels[VECTORS];                                                                   \
            UNROLL for (int j = 0; j < VECTORS; j++) pixels[j] = LOAD(in + j * V);                 \
            fetch_far(ahead);                                                                      \
            if (BLOCKS == 1 && done % 2 == 0)                                                      \
                FETCH(weights + next);                                                             \
            UNROLL for (int k = 0; k < BLOCKS * KB; k++)                                           \
            {                                                                                      \
                const vec weight = weights[k < KB ? k : next + k - KB];                            \
                UNROLL for (int j = 0; j < VECTORS; j++) sum[k][j] =                               \
                    fma(pixels[j], weight, sum[k][j]);                                             \
            }                                                                                      \
            weights += KB;                                                                         \
            in += plane;                                                                           \
            ahead += plane;                                                                        \
        }                                                                                          \
        UNROLL for (int k = 0; k < BLOCKS * KB; k++, out += plane) if (k < channels)               \
            UNROLL for (int j = 0; j < VECTORS; j++)                                               \
                STORE(END_LAST(sum[k][j], out + j * V), out + j * V);                              \
    }

ADD_TILE(add_wide, 1, XB)
ADD_TILE(add_tall, 2, 1)

#ifdef __clang__
typedef real loose_block __attribute__((ext_vector_type(KB), aligned(sizeof(real))));
#define LOAD_BLOCK(p) (JOIN(REAL, KB))(*(global const loose_block *)(p))
#else
#define LOAD_BLOCK(p) JOIN(vload, KB)(0, p)
#endif

/* The weights of V channels for one input channel; `from` leads to their blocks. */
INLINE vec load_column(global const real *const *from, const int c)
{
#if V == KB
    return LOAD_REAL(from[0] + c * KB);
#elif V == 2 * KB
    return (vec)(LOAD_BLOCK(from[0] + c * KB), LOAD_BLOCK(from[1] + c * KB));
#else
    return (vec)(LOAD_BLOCK(from[0] + c * KB), LOAD_BLOCK(from[1] + c * KB),
                 LOAD_BLOCK(from[2] + c * KB), LOAD_BLOCK(from[3] + c * KB));
#endif
}

/* CORNER pixels of the COLUMNS * V channels from block i on. */
INLINE void do_corner(const product *p, const long pixel, const int i)
{
    vec sum[COLUMNS][CORNER];
    global const real *from[COLUMN_BLOCKS];
    global const x_element *in = p->in + pixel;
    const int channels = p->outputs - i * KB;
    UNROLL
    for (int j = 0; j < COLUMN_BLOCKS; j++)
        from[j] = p->weights + min(i + j, p->blocks - 1) * p->block;
    UNROLL
    for (int m = 0; m < COLUMNS; m++) {
        const vec start = bias_of(p->bias + i * KB + m * V, channels - m * V, p->has_bias,
                                  p->bias_factor);
        UNROLL
        for (int j = 0; j < CORNER; j++)
            sum[m][j] = start;
    }
    for (int c = 0; c < p->inputs; c++, in += p->plane) {
        vec weight[COLUMNS];
        UNROLL
        for (int m = 0; m < COLUMNS; m++)
            weight[m] = load_column(from + m * (COLUMN_BLOCKS / COLUMNS), c);
        fetch(in + 8 * p->plane, 1);
        UNROLL
        for (int j = 0; j < CORNER; j++)
            UNROLL
            for (int m = 0; m < COLUMNS; m++)
                sum[m][j] = fma((vec)READ(in, j), weight[m], sum[m][j]);
    }
    global y_element *out = p->out + i * KB * p->plane + pixel;
    TAKE_ENDING(p)
    UNROLL
    for (int m = 0; m < COLUMNS; m++) {
        real lane[CORNER][V];
        UNROLL
        for (int j = 0; j < CORNER; j++)
            JOIN(vstore, V)(sum[m][j], 0, lane[j]);
        for (int k = 0; k < min(V, channels - m * V); k++)
            UNROLL
            for (int j = 0; j < CORNER; j++) {
                WRITE(out, (m * V + k) * p->plane + j,
                      END(lane[j][k], out, (m * V + k) * p->plane + j));
            }
    }
}

/* A whole tile of the blocks `i` to `end` - 1. */
INLINE void do_tile(const product *p, const long pixel, const int i, const int end)
{
    for (int c = 0; c < p->inputs; c += PANEL) {
        const int last = min(c + PANEL, p->inputs);
        global const x_element *ahead =
            last < p->inputs ? p->in + last * p->plane + pixel : p->in + pixel + XB * V;
        for (int j = i; j < end; j++)
            add_wide(p, pixel, j, c, last, ahead + j % (XB + 1) * V);
    }
}

/* Pixels `pixel` to `end` - 1 of those blocks; the last pixels overlap those before. */
INLINE void do_rest(const product *p, long pixel, const long pixels, const int i, const int end)
{
    for (; pixels - pixel > V / 2; pixel += V) {
        const long at = min(pixel, p->plane - V);
        for (int j = i; j < end; j += 2)
            add_tall(p, at, j, 0, p->inputs, p->in + at + V);
    }
    for (; pixel < pixels; pixel += CORNER)
        do_corner(p, min(pixel, p->plane - CORNER), i);
}

/* A call, because PoCL compiles what is in a kernel itself three times. */
static __attribute__((noinline)) void do_run(const product *p, const int first_block,
                                             const long first, const long end)
{
    long next = first;
    do {
        const long pixel = next;
        const int whole = pixel + XB * V <= end;
        next += whole ? XB * V : 0;
        for (int i = first_block; i < p->blocks; i += COLUMN_BLOCKS) {
            const int last = min(i + COLUMN_BLOCKS, p->blocks);
            if (whole)
                do_tile(p, pixel, i, last);
            if (next + XB * V > end)
                do_rest(p, next, end, i, last);
        }
    } while (next + XB * V <= end);
}

kernel void pointwise(CONV_BUFFERS, global const real *restrict packed,
                      const ulong packed_offset, CONV_SHAPE, const int run, const int span
                      ENDING_ARGS)
{
    MAKE_ENDING
    const long z = (long)get_global_id(2);
    const long plane = (long)in_h * in_w, first = (long)get_global_id(0) * run;
    const long end = first + run + XB * V > plane ? plane : first + run;
    const int blocks = PACKS(out_per_group), first_block = (int)get_global_id(1) * span;
    const int end_block = min(first_block + span, blocks);
    if (z >= z_count || (first && first + XB * V > plane) || first_block >= blocks)
        return;

    const long g = (z_first + z) % groups, n = (z_first + z) / groups;
    const long block = PACKED_BLOCK(in_per_group);
    const product p = {x + x_offset + n * x_image + g * in_per_group * plane,
                       packed + packed_offset + g * blocks * block,
                       b + b_offset + g * b_group,
                       y + y_offset + n * y_image + g * out_per_group * plane,
                       plane,
                       block,
                       in_per_group,
                       end_block,
                       min(end_block * KB, out_per_group),
                       has_bias,
                       bias_factor PASS_ENDING};
    do_run(&p, first_block, first, end);
}
