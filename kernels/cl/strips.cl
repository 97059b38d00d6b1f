/* SPDX-License-Identifier: MIT */
/* Strips: XB neighbouring output pixels of one row as a vector. */

#ifndef XB
#define XB 8 /* 1, 4, 8 or 16 */
#endif

#if XB > 1
#define CALLED __attribute__((noinline))
#else
#define CALLED
#endif

/* Elements of a row of x that load_strip reads; the least it can is (XB - 1) * STRIDE_W + 1. */
#define STRIP_SPAN (STRIDE_W <= 2 ? XB * STRIDE_W : (XB - 1) * STRIDE_W + 1)

#if XB == 1
typedef real strip;
typedef INDEX strip_index;
#define LANE_NUMBERS 0
#else
typedef JOIN(REAL, XB) strip;
typedef JOIN(INDEX, XB) strip_index;
#define LANES_4 0, 1, 2, 3
#define LANES_8 LANES_4, 4, 5, 6, 7
#define LANES_16 LANES_8, 8, 9, 10, 11, 12, 13, 14, 15
#define LANE_NUMBERS ((strip_index)(JOIN(LANES_, XB)))
#endif

/* Clang builds vload16 and vstore16 from pieces and may fail to join them (PoCL 3.1: stride 2 took
 * 3.6 times as long); a vector type of an element's alignment is one instruction. */
#if XB > 1 && defined(__clang__) && !defined(CONVERTED)
typedef real loose_strip __attribute__((ext_vector_type(XB), aligned(sizeof(real))));
#define STRIP_AT(p) (*(global const loose_strip *)(p))
#define PUT_STRIP(value, p) (*(global loose_strip *)(p) = (value))
#elif XB > 1
#define STRIP_AT(p) READ_VECTOR(XB, p)
#define PUT_STRIP(value, p) WRITE_VECTOR(XB, value, p)
#endif

/* XB elements of a row of x, STRIDE_W apart, the first at p. */
INLINE strip load_strip(global const x_element *p)
{
#if XB == 1
    return READ(p, 0);
#elif STRIDE_W == 1
    return STRIP_AT(p);
#elif STRIDE_W == 2
    const strip low = STRIP_AT(p), high = STRIP_AT(p + XB);
    return (strip)(low.even, high.even);
#else
    real lane[XB];
    UNROLL
    for (int i = 0; i < XB; i++)
        lane[i] = READ(p, i * STRIDE_W);
    return JOIN(vload, XB)(0, lane);
#endif
}

/* Which pixels of a strip from column `col` lie inside a row; all, where padding is made of it. */
INLINE strip_index lanes_inside(const int col, const int in_w)
{
#if PAD_MODE
    return (strip_index)-1;
#endif
    const strip_index at = LANE_NUMBERS * STRIDE_W + col;
    return (at >= 0) & (at < in_w);
}

/* sum + value * weight for the pixels inside, sum for the others: padding is absent, not zero, so
 * that an infinite weight makes no NaN there. */
INLINE strip add_inside(const strip value, const strip weight, const strip sum,
                        const strip_index inside)
{
    return select(sum, MULTIPLY_ADD(value, weight, sum), inside);
}

INLINE real load_pixel(global const x_element *row, const int col, const int in_w)
{
    const int at = image_position(col, in_w);
    return at >= 0 && at < in_w ? READ(row, at) : 0;
}

/* A strip from column `col` of a row, touching nothing outside the row. */
static strip load_guarded(global const x_element *row, const int col, const int in_w)
{
#if XB == 1
    return load_pixel(row, col, in_w);
#else
    real lane[XB];
    for (int i = 0; i < XB; i++)
        lane[i] = load_pixel(row, col + i * STRIDE_W, in_w);
    return JOIN(vload, XB)(0, lane);
#endif
}

/* The same where pixels outside the row are anybody's. A vector reads what lies there, so the
 * caller must know that it is x: vectors_stay_inside. */
INLINE strip load_edge(global const x_element *row, const int col, const int in_w)
{
#if XB > 1 && !PAD_MODE
    return load_strip(row + col);
#else
    return XB > 1 && col >= 0 && col + STRIP_SPAN <= in_w ? load_strip(row + col)
                                                          : load_guarded(row, col, in_w);
#endif
}

/* Whether vectors from rows top..top+rows-1 of channel `c`, columns left..left+cols-1, stay within
 * the launch's `channels` of this image. Only the first and last strips of an image do not, and
 * none where padding is made of the image. */
static int vectors_stay_inside(const long c, const long channels, const int in_h, const int in_w,
                               const int top, const int rows, const int left, const int cols)
{
    const long first = (c * in_h + max(top, 0)) * in_w + left;
    const long last = (c * in_h + min(top + rows, in_h) - 1) * in_w + left + cols;
    if (PAD_MODE)
        return 1;
    return XB == 1 || (first >= 0 && last <= channels * in_h * in_w);
}

#if XB > 1
DEFINE_END(end_strip, strip)
#endif

/* Stores what becomes of the first `count` sums. A call, to keep kernels of many sums small. */
static CALLED void finish_strip(const strip sum, global y_element *p, const int count,
                                global const b_element *b, const ulong index, const int has_bias,
                                const float bias_factor, const float divisor ENDING)
{
#if XB == 1
    WRITE(p, 0, END(epilogue(sum, b, index, has_bias, bias_factor, divisor), p, 0));
#else
    const strip factor = (strip)(real)bias_factor;
    const strip biased = has_bias ? MULTIPLY_ADD(factor, (strip)READ(b, index), sum) : sum;
    if (count >= XB && divisor == 1.0f) {
        PUT_STRIP(END_WITH(end_strip, biased, STRIP_AT(RESIDUAL_AT(p))), p);
        return;
    }
    real lane[XB];
    JOIN(vstore, XB)(biased, 0, lane);
    for (int i = 0; i < min(count, XB); i++) {
        const real mean = divisor == 1.0f ? lane[i] : divide_exactly(lane[i], divisor);
        WRITE(p, i, END(mean, p, i));
    }
#endif
}
