/* SPDX-License-Identifier: MIT */
/* Convolutions with known answers, as rows. */
#ifndef CLCONV_VECTORS_H
#define CLCONV_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

/* What is not named is 1 (stride, dilation, groups) or none. */
typedef struct vector {
    const char *name;
    const char *wanted;        /* NULL = data made here, judged by the loop alone */
    int64_t stride[2], pad[4]; /* pad: top, bottom, left, right */
    int64_t dilation[2], groups;
    int64_t in[4], out[4]; /* uneven groups, ended by 0; `in` may be missing */
    bool shared, mean, sum;
    const char *mode;   /* of padding; NULL = zeros */
    bool same;          /* says --padding same; `pad` is what that must mean */
    int64_t x[4], w[4]; /* shapes of data made here; uneven inputs: w is (w[0], w[2], w[3]) */
    bool bias;
    bool line;  /* the arrays of height 1 go in without it, as nn.Conv1d's */
    bool alone; /* and x of one image without N */
} vector;

/* Ended by a row without name. */
extern const vector vectors[];

#endif
