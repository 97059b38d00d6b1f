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
    RESIDUAL,
    X_SHAPE,
    W_SHAPE,
    OUTPUT_PADDING,
    STRIDE,
    PADDING,
    PADDING_MODE,
    DILATION,
    GROUPS,
    GROUP_IN,
    GROUP_OUT,
    SHARED,
    REDUCE,
    ACTIVATION,
    ALPHA,
    BETA,
    Y_DTYPE,
    X_ZERO,
    W_ZERO,
    Y_ZERO,
    X_SCALE,
    W_SCALE,
    Y_SCALE,
    LAYOUT,
    DTYPE,
    ALGO,
    DEVICE
} run_option;
extern const struct poptOption run_options[];

/* The tensors of a convolution: files that are read, or written by a gradient. */
typedef enum run_tensor {
    TENSOR_X,
    TENSOR_W,
    TENSOR_B,
    TENSOR_Y,
    TENSOR_RESIDUAL,
    TENSORS
} run_tensor;

typedef struct run_request {
    clconv_problem problem;              /* shapes and types come from the files */
    bool same;                           /* --padding same: needs the kernel size first */
    bool bf16;                           /* uint16 files hold bfloat16 */
    size_t strides, dilations, paddings; /* how many numbers each option listed */
    size_t output_paddings;
    int64_t output_padding[2];
    clconv_shape x_shape, w_shape; /* of --x-shape and --w-shape; rank 0 = not given */
    int64_t *group_in, *group_out; /* owned: the problem's tables */
    clconv_epilogue epilogue;
    double alpha, beta; /* of the call */
    clconv_quantization quantization;
    int32_t *w_zero; /* owned: the quantization's tables */
    double *w_scale;
} run_request;

/* The option that names a tensor's file in the request's direction, and whether it is written. */
run_option run_file(const run_request *request, run_tensor tensor);
bool run_writes(const run_request *request, run_tensor tensor);

/* Options alone, no file is opened. Exit status 0 or 2 with a sentence printed. run_request_free
 * takes any outcome. */
int run_read_options(char *const *value, run_request *out);
void run_request_free(run_request *request);

/* run_values.c: what becomes of values: activation, residual, zero points and scales. Part of
 * run_read_options. Exit status 0 or 2. */
int run_read_values(char *const *value, run_request *out);

/* The files hold one dimension: reads the numbers for two axes as those of one, where two paddings
 * are its two ends. Exit status 0 or 2. */
int run_one_dimension(run_request *request);

/* run_describe.c: options and files together: the problem, and shapes and types of what is written.
 * Every check that needs no device. Exit status with a sentence printed. */
int run_describe(run_request *request, char *const *value, npy_array array[TENSORS]);

/* Computes `p` on `device`. `array` has what is read; of what is written the shapes are set, and
 * the data are made here. A bias that is absent has neither. Exit status with a sentence printed.
 */
int run_convolve(const tool_device *device, const run_request *request, const char *algorithm,
                 npy_array array[TENSORS]);

#endif
