/* SPDX-License-Identifier: MIT */
/* clConv's problems: what a convolution or one of its gradients is, and whether it is right. Pure
 * C, no device and no OpenCL. Included by clconv.h, whose manual says what is computed. */
#ifndef CLCONV_PROBLEM_H
#define CLCONV_PROBLEM_H

#include <stddef.h>
#include <stdint.h>

#include "clconv/dtypes.h"

#if defined(__GNUC__)
#define CLCONV_API __attribute__((visibility("default")))
#else
#define CLCONV_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status ------------------------------------------------------------------------------- */

/* Numbers are fixed. 1..9 were decided without a device, 10.. needed the device to know. */
#define CLCONV_STATUS_MAP(X)                                                                       \
    X(CLCONV_OK, 0, "success")                                                                     \
    X(CLCONV_INVALID, 1, "the call or the problem can never be right")                             \
    X(CLCONV_INVALID_BUFFER, 2, "a buffer is missing, too short, foreign or overlapping")          \
    X(CLCONV_NOT_IN_VERSION, 3, "right, but not in this version of the library")                   \
    X(CLCONV_UNSUPPORTED, 10, "this device cannot do it")                                          \
    X(CLCONV_ALGORITHM_REFUSES, 11, "the named algorithm does not do this problem")                \
    X(CLCONV_OUT_OF_MEMORY, 12, "host or device memory is exhausted")                              \
    X(CLCONV_BUILD_FAILED, 13, "the device's compiler refused a kernel")                           \
    X(CLCONV_CL_ERROR, 14, "an OpenCL call failed")                                                \
    X(CLCONV_FILE_ERROR, 15, "a file cannot be written")

typedef enum clconv_status {
#define CLCONV_ROW(name, number, text) name = number,
    CLCONV_STATUS_MAP(CLCONV_ROW)
#undef CLCONV_ROW
} clconv_status;

/* "CLCONV_INVALID" and so on; "unknown status" for a number that is none. Never NULL. */
CLCONV_API const char *clconv_status_name(clconv_status status);

/* What a status means in general, in words; clconv_last_error says what it meant this time. */
CLCONV_API const char *clconv_status_text(clconv_status status);

/* The sentence, with the numbers, of the last call of this thread that failed; "" before any. The
 * text is the library's and stays until the next failing call of the same thread. */
CLCONV_API const char *clconv_last_error(void);

/* "0.1.0": the version of the library that is loaded. */
CLCONV_API const char *clconv_version(void);

/* ---- Problem: describe and validate, pure C ----------------------------------------------- */

/* A problem describes the convolution y = conv(x, w) + b; `op` says what of it is computed. Of the
 * gradients y is given: that of some loss by y. */
typedef enum clconv_op {
    CLCONV_FORWARD = 0, /* reads x, w, b; writes y */
    /* Reads y and w, writes x: the gradient by x. A b of C elements, if there is one, is read and
     * added, which makes it PyTorch's nn.ConvTranspose2d; a shared kernel takes none. So b.dtype is
     * 0 in the gradient by x of a layer with bias. */
    CLCONV_BACKWARD_DATA,
    /* Reads x and y; writes w and, if there is one, b: the gradients by w and b. */
    CLCONV_BACKWARD_WEIGHTS
} clconv_op;

typedef enum clconv_layout {
    CLCONV_LAYOUT_PLAIN = 0,    /* x, y NCHW; w OIHW */
    CLCONV_LAYOUT_CHANNELS_LAST /* x, y NHWC; w OHWI */
} clconv_layout;

typedef enum clconv_pad_mode {
    CLCONV_PAD_ZEROS = 0,
    CLCONV_PAD_REFLECT,   /* padding less than the image, as PyTorch allows */
    CLCONV_PAD_REPLICATE, /* any */
    CLCONV_PAD_CIRCULAR   /* no more than the image */
} clconv_pad_mode;

/* What a shared kernel does with the channels: y[n][c*M + m], or their sum or mean y[n][m]. The
 * bias belongs to each channel's output: sum adds C * b, mean keeps b. */
typedef enum clconv_reduce {
    CLCONV_REDUCE_NONE = 0,
    CLCONV_REDUCE_SUM,
    CLCONV_REDUCE_MEAN
} clconv_reduce;

/* Passed by value inside other structs, so these three never grow: clconv_tensor, clconv_shape,
 * clconv_buffer. What a tensor needs besides comes as a field of its own in clconv_problem. */
typedef struct clconv_tensor {
    int32_t dtype;     /* clconv_dtype; 0 = absent (b, residual) or as x (w, y) */
    int32_t layout;    /* clconv_layout */
    int64_t stride[5]; /* elements, order N C D H W; all 0 = dense */
} clconv_tensor;

typedef enum clconv_activation {
    CLCONV_ACTIVATION_NONE = 0,
    CLCONV_RELU,       /* max(v, 0) */
    CLCONV_CLIP,       /* min(max(v, low), high): relu6 with 0 and 6, nn.Hardtanh */
    CLCONV_LEAKY_RELU, /* v, or slope * v where v < 0 */
    CLCONV_HARDSWISH   /* v * min(max(v + 3, 0), 6) / 6 */
} clconv_activation;

/* What is stored instead of a convolution's value, in one pass and in this order:
 *     y = activation(alpha * (conv(x, w) + b) + beta * residual)
 * alpha and beta are those of each call (clconv_args). Each operation is rounded to the type of
 * sums, but that the product with beta is not rounded before it is added; then y to its own type.
 * NaN stays NaN. Of floating types, CLCONV_FORWARD only. Start with {sizeof e}. */
typedef struct clconv_epilogue {
    size_t size;
    int32_t activation; /* clconv_activation */
    double low, high;   /* of CLCONV_CLIP, low <= high */
    double slope;       /* of CLCONV_LEAKY_RELU */
} clconv_epilogue;

/* How bytes stand for real numbers: real = scale * (byte - zero point). For x and w of int8 or
 * uint8, CLCONV_FORWARD, as ONNX has it (ConvInteger, QLinearConv; opset 10): sum = b + sum of (x -
 * x_zero) * (w - w_zero[k]), padding adding nothing is y where y is int32; the scales are not read
 * then. Where y.dtype is int8 or uint8, y = saturate(round(float(sum) * m[k]) + y_zero), m[k] =
 * float(x_scale * w_scale[k] / y_scale) where float() rounds to nearest even, as the product of two
 * floats does, and round() goes to the nearest whole number, halves to even. b is int32 of the
 * scale x_scale * w_scale[k]. Start with {sizeof q}. */
typedef struct clconv_quantization {
    size_t size;
    int32_t x_zero, y_zero; /* within x's and y's types */
    /* Of each filter (w's first dimension), or one for all, or NULL = 0. Read as the tables are. */
    const int32_t *w_zero;
    int64_t w_zeros;
    double x_scale, y_scale; /* positive, finite */
    const double *w_scale;   /* as w_zero, but not NULL */
    int64_t w_scales;
} clconv_quantization;

/* A convolution. Always start with clconv_problem_init. Counts are PyTorch's totals, signed so that
 * -1 is refused in words. [0] is H and [1] is W; with `spatial` 1, as in nn.Conv1d, x is (N, C, L),
 * w (K, C/groups, S), y (N, K, Q), [0] is L and the other axes keep their defaults. */
typedef struct clconv_problem {
    size_t size;     /* the caller's sizeof; a longer tail than we know must be zero */
    int32_t op;      /* clconv_op */
    int32_t spatial; /* 2, or 1 */
    int64_t n, c, k; /* images, input channels, output channels */
    int64_t in[3], kernel[3], stride[3], dilation[3], pad_before[3], pad_after[3];
    int32_t pad_mode;   /* clconv_pad_mode */
    int32_t shared;     /* 1 = shared kernel: groups = 1 and k = c * M whatever the reduce */
    int32_t reduce;     /* clconv_reduce; only with `shared` */
    int32_t accumulate; /* 1 = the residual is what y held before */
    int64_t groups;
    /* Uneven groups: NULL, or `groups` positive channel counts that sum to c (in) or k (out). One
     * may be NULL where c (or k) divides by groups. Read during each call that takes the problem,
     * copied by a plan. w then holds the blocks (out_g, in_g, R, S) one after another. */
    const int64_t *group_in, *group_out;
    clconv_tensor x, w, b, y;
    clconv_tensor residual; /* of y's shape, type and strides; dtype 0 = there is none */
    /* NULL = none, and with a residual no activation. Read during each call, copied by a plan. */
    const clconv_epilogue *epilogue;
    const clconv_quantization *quantization; /* NULL = zero points 0 and y int32 */
} clconv_problem;

/* Defaults: n = groups = stride = dilation = kernel = 1, spatial 2, float32, no bias, no padding;
 * c, k and the image are 0 and must be set. `size` is sizeof(clconv_problem) of the caller. */
CLCONV_API void clconv_problem_init(clconv_problem *p, size_t size);

/* Sets the padding to PyTorch's padding='same': dilation * (kernel - 1) in all, the odd one at the
 * bottom and right (one dimension: at the end). CLCONV_INVALID for a stride other than 1. */
CLCONV_API clconv_status clconv_pad_same(clconv_problem *p);

/* The shape of an array as it is in memory, e.g. rank 4, dim {N, C, H, W}. */
typedef struct clconv_shape {
    int32_t rank;
    int64_t dim[8];
} clconv_shape;

/* Fills n, c, k, in and kernel (and b's absence) from the shapes of x, w and b (NULL = no bias), in
 * the order the layouts say, then does all of clconv_validate. Everything else of `p` must be set.
 * Checks, their order and their words are PyTorch's (aten/src/ATen/native/Convolution.cpp), with
 * the numbers added. x may lack N: n = 1. w is (K, C/groups, R, S); with a table and unequal
 * group_in (sum of out_g * in_g, R, S); a shared kernel is (M, 1, R, S) with b (M). b is (C) where
 * `op` is CLCONV_BACKWARD_DATA. */
CLCONV_API clconv_status clconv_describe(clconv_problem *p, const clconv_shape *x,
                                         const clconv_shape *w, const clconv_shape *b);

/* The same for a transposed convolution, nn.ConvTranspose2d, which knows y's shape (its input) and
 * not x's (its output): sets op = CLCONV_BACKWARD_DATA and the image to (P - 1) * stride -
 * pad_before - pad_after + dilation * (R - 1) + output_padding + 1 per axis. output_padding (NULL =
 * 0) is the rows and columns at the end that no window of y reaches, less than the stride; PyTorch
 * also allows less than the dilation. Zero padding only; no sum or mean over channels. */
CLCONV_API clconv_status clconv_describe_transposed(clconv_problem *p, const clconv_shape *y,
                                                    const clconv_shape *w, const clconv_shape *b,
                                                    const int64_t output_padding[2]);

/* Whether the problem is right: every check that needs no device. CLCONV_OK, CLCONV_INVALID, or
 * CLCONV_NOT_IN_VERSION for one that passed all others. C = 0 is refused (PyTorch returns an output
 * without channels); N = 0 is legal and computes nothing. */
CLCONV_API clconv_status clconv_validate(const clconv_problem *p);

/* Of y, whatever the op: {N, K, P, Q} (sum, mean: {N, M, P, Q}) in y's layout; of one dimension
 * {N, K, Q}. */
CLCONV_API clconv_status clconv_output_shape(const clconv_problem *p, clconv_shape *y);

/* y's type: y.dtype or, where that is 0, int32 for x of int8 or uint8, else x's. 0 where p is NULL
 * or its size wrong. */
CLCONV_API int32_t clconv_output_dtype(const clconv_problem *p);

/* Multiply-adds (taps in the padding counted), as many for every op, and the bytes of x, w, b and
 * y. Validates. */
typedef struct clconv_work_size {
    size_t size;
    uint64_t macs, x_bytes, w_bytes, b_bytes, y_bytes;
} clconv_work_size;
CLCONV_API clconv_status clconv_problem_work(const clconv_problem *p, clconv_work_size *out);

#ifdef __cplusplus
}
#endif

#endif
