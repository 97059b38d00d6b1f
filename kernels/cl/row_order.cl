/* SPDX-License-Identifier: MIT */
/* The order in which the rows of x under YB output rows are read, STEPS in all. Where those rows
 * overlap, top to bottom, each once for all outputs that see it; else one after another for each
 * tap. ROW_OF is counted from the first; TAP_OF is the tap of output row j, if any. */

#if DILATION_H == 1 && STRIDE_H < FILTER_H
#define STEPS ((YB - 1) * STRIDE_H + FILTER_H)
#define ROW_OF(i) (i)
#define TAP_OF(i, j) ((i) - (j) * STRIDE_H)
#else
#define STEPS (FILTER_H * YB)
#define ROW_OF(i) ((i) / YB * DILATION_H + (i) % YB * STRIDE_H)
#define TAP_OF(i, j) ((i) % YB == (j) ? (i) / YB : -1)
#endif
