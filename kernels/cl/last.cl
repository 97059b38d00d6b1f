/* SPDX-License-Identifier: MIT */
/* Channels last: x (N, H, W, C) and y (N, P, Q, K), where neighbouring channels are neighbours in
 * memory, and the V lanes of a vector are channels of one pixel. Rows, columns and images may have
 * gaps. A tile is XB output pixels of a row. Included behind vectors.cl. */

#ifndef XB
#define XB 7
#endif

/* Columns of x under a tile, and those that the filter reaches beyond a pixel. */
#define REACH ((FILTER_W - 1) * DILATION_W)
#define SPAN  ((XB - 1) * STRIDE_W + REACH + 1)

/* A tile takes its columns one after another: where outputs share them, each once for all its taps;
 * else each for one tap of one output. */
#define SHARES_COLUMNS (STRIDE_W < FILTER_W && STRIDE_W <= 3 && DILATION_W <= 3)
#define VISITS         (SHARES_COLUMNS ? SPAN : XB * FILTER_W)
#define COLUMN_OF(i)                                                                               \
    (SHARES_COLUMNS ? (i) : (i) / FILTER_W * STRIDE_W + (i) % FILTER_W * DILATION_W)
/* Whether a column visited sees tap s of some output, which is number OUTPUT_OF. */
#define HAS_TAP(i, s)                                                                              \
    (SHARES_COLUMNS ? (i) >= (s)*DILATION_W && ((i) - (s)*DILATION_W) % STRIDE_W == 0 &&           \
                          ((i) - (s)*DILATION_W) / STRIDE_W < XB                                   \
                    : (i) % FILTER_W == (s))
#define OUTPUT_OF(i, s) (SHARES_COLUMNS ? ((i) - (s)*DILATION_W) / STRIDE_W : (i) / FILTER_W)

/* Whether column i of a tile lies outside the image: only the outer columns may, or all where
 * `test_all`. */
#define IS_OUTSIDE(i, left, in_w, test_all)                                                        \
    ((((test_all) || (i) < REACH) && (left) + (i) < 0) ||                                          \
     (((test_all) || (i) >= SPAN - REACH) && (left) + (i) >= (in_w)))

/* bias_factor * b for V channels, of which the first `count` exist. */
INLINE vec biases(global const b_element *b, const int count, const int has_bias,
                  const float bias_factor)
{
    if (!has_bias)
        return (vec)0;
    if (count < V)
        return bias_of(b, count, has_bias, bias_factor);
    return (vec)(real)bias_factor * LOAD(b);
}

/* Whether tiles have to test all columns: the image is narrow, or its padding wide. */
INLINE int tests_all(const int out_row, const int row_width, const int pad_left)
{
    return out_row < XB || pad_left > REACH || (out_row - 1) * STRIDE_W - pad_left >= row_width;
}
