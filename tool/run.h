/* SPDX-License-Identifier: MIT */
/* `clconv run` in three steps: what the options say, what the files hold, what the device computes.
 */
#ifndef CLCONV_TOOL_RUN_H
#define CLCONV_TOOL_RUN_H

#include "tool.h"

/* The rows of run's option table. */
typedef enum run_option {
    X,
    W,
    B,
    Y,
    DIRECTION,
    DY,
    DX,
    DW,
    DB,
    X_SHAPE,
    W_SHAPE,
    STRIDE,
    PADDING,
    PADDING_MODE,
    DILATION,
    GROUPS,
    GROUP_IN,
    GROUP_OUT,
    SHARED,
    REDUCE,
    LAYOUT,
    DTYPE,
    ALGO,
    DEVICE
} run_option;
extern const struct poptOption run_options[];

typedef struct run_request {
    clconv_problem problem;              /* shapes and types come from the files */
    bool same;                           /* --padding same: needs the kernel size first */
    bool bf16;                           /* uint16 files hold bfloat16 */
    size_t strides, dilations, paddings; /* how many numbers each option listed */
    int64_t *group_in, *group_out;       /* owned: the problem's tables */
} run_request;

/* Options alone, no file is opened. Exit status 0 or 2 with a sentence printed. run_request_free
 * takes any outcome. */
int run_read_options(char *const *value, run_request *out);
void run_request_free(run_request *request);

/* The files hold one dimension: reads the numbers for two axes as those of one, where two paddings
 * are its two ends. Exit status 0 or 2. */
int run_one_dimension(run_request *request);

/* y = conv(x, w) + b on `device`; y's shape is set by the caller, its data are made here. Exit
 * status with a sentence printed. */
int run_convolve(const tool_device *device, const clconv_problem *p, const char *algorithm,
                 const npy_array *x, const npy_array *w, const npy_array *b, npy_array *y);

#endif
