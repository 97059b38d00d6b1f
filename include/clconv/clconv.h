/* SPDX-License-Identifier: MIT */
/* clConv: 2-D convolution on any OpenCL device, with the meaning of PyTorch's nn.Conv2d.
 *
 * WHAT IT COMPUTES
 *   y = conv(x, w) + b, cross-correlation as PyTorch defines it:
 *
 *     x (N, C, H, W)   w (K, C/groups, R, S)   b (K)   y (N, K, P, Q)
 *
 *     y[n][k][p][q] = b[k] + sum over c, r, s of
 *         x[n][g * C/groups + c][p * stride_h - pad_top + r * dilation_h]
 *                               [q * stride_w - pad_left + s * dilation_w] * w[k][c][r][s]
 *
 *   with g = k / (K/groups), and x = 0 outside the image. P = floor((H + pad_top + pad_bottom -
 *   dilation_h * (R - 1) - 1) / stride_h) + 1, Q alike. Three more forms are first class:
 *     depthwise       groups = C, K = m * C for any multiplier m;
 *     shared kernel   one bank w (M, 1, R, S) applied to every channel, y (N, C*M, P, Q), or summed
 *                     or averaged over the channels, y (N, M, P, Q); no copy of x or w is made;
 *     uneven groups   a table of input and output channels per group, e.g. outputs 3, 3, 2.
 *   This version computes float32, NCHW, forward. Everything else that the structs
 *   can say passes every check and is then refused with CLCONV_NOT_IN_VERSION.
 *
 * THE SIMPLE PATH (examples/minimal.c is this, whole)
 *     clconv_problem p;
 *     clconv_problem_init(&p, sizeof p);
 *     p.n = 1, p.c = 8, p.k = 16, p.groups = 8;
 *     p.in[0] = 32, p.in[1] = 40, p.kernel[0] = p.kernel[1] = 3;
 *     p.pad_before[0] = p.pad_after[0] = p.pad_before[1] = p.pad_after[1] = 1;
 *     clconv_context_create(context, device, &ctx);          // once per cl_context and device
 *     clconv_plan_create(ctx, &p, NULL, &plan);              // chooses and compiles
 *     clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
 *     clconv_enqueue(plan, queue, &a, 0, NULL, &event);      // as often as you like
 *   Every call that can fail returns a clconv_status; clconv_last_error() has the sentence with the
 *   numbers. Four stages place every cost: describe (a struct), validate (no device), plan
 *   (chooses, compiles), enqueue (no allocation, no compilation, no wait of ours).
 *
 * THREADS. Contexts and plans may be used by any number of threads at once, on any queue of their
 * cl_context and device. A plan does not change after its creation. Destroy a thing when no call
 * uses it any more; work already enqueued may still be running.
 *
 * ENVIRONMENT
 *   CLCONV_VERBOSE=1      one line on stderr per plan; 2 adds program builds and cache traffic
 *   CLCONV_CACHE_DIR      where compiled programs and tuned rows are kept ("" = nowhere); default
 *                         $XDG_CACHE_HOME/clconv, else $HOME/.cache/clconv
 *   CLCONV_KERNEL_DIR     read the kernel sources from this folder, not from the library
 *
 * Structs that may grow start with `size`, the caller's sizeof; new fields are only appended.
 */
#ifndef CLCONV_H
#define CLCONV_H

#include <stddef.h>
#include <stdint.h>

#include <CL/cl.h> /* set CL_TARGET_OPENCL_VERSION before, this header never does */

#include "clconv/dtypes.h"

#define CLCONV_VERSION_MAJOR 0
#define CLCONV_VERSION_MINOR 1
#define CLCONV_VERSION_PATCH 0

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

typedef enum clconv_op {
    CLCONV_FORWARD = 0,
    CLCONV_BACKWARD_DATA,
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
    int32_t accumulate; /* 0 */
    int64_t groups;
    /* Uneven groups: NULL, or `groups` positive channel counts that sum to c (in) or k (out). One
     * may be NULL where c (or k) divides by groups. Read during each call that takes the problem,
     * copied by a plan. w then holds the blocks (out_g, in_g, R, S) one after another. */
    const int64_t *group_in, *group_out;
    clconv_tensor x, w, b, y, residual;
    const void *epilogue; /* NULL */
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
 * group_in (sum of out_g * in_g, R, S); a shared kernel is (M, 1, R, S) with b (M). */
CLCONV_API clconv_status clconv_describe(clconv_problem *p, const clconv_shape *x,
                                         const clconv_shape *w, const clconv_shape *b);

/* Whether the problem is right: every check that needs no device. CLCONV_OK, CLCONV_INVALID, or
 * CLCONV_NOT_IN_VERSION for one that passed all others. C = 0 is refused (PyTorch returns an output
 * without channels); N = 0 is legal and computes nothing. */
CLCONV_API clconv_status clconv_validate(const clconv_problem *p);

/* Of y, {N, K, P, Q} (sum, mean: {N, M, P, Q}) in y's layout; of one dimension {N, K, Q}. */
CLCONV_API clconv_status clconv_output_shape(const clconv_problem *p, clconv_shape *y);

/* Multiply-adds (taps in the padding counted) and the bytes of x, w, b and y. Validates. */
typedef struct clconv_work_size {
    size_t size;
    uint64_t macs, x_bytes, w_bytes, b_bytes, y_bytes;
} clconv_work_size;
CLCONV_API clconv_status clconv_problem_work(const clconv_problem *p, clconv_work_size *out);

/* ---- Context ------------------------------------------------------------------------------ */

/* Programs and device limits of one (cl_context, cl_device_id). Retains both. */
typedef struct clconv_context clconv_context;

/* *out is NULL unless CLCONV_OK. CLCONV_INVALID when the device is not in the context. */
CLCONV_API clconv_status clconv_context_create(cl_context context, cl_device_id device,
                                               clconv_context **out);

/* Gives up the caller's share; plans keep the context alive. The last share writes the binaries of
 * newly built programs to the cache (on PoCL reading one costs up to 0.4 s, so not before). NULL is
 * fine. */
CLCONV_API void clconv_context_destroy(clconv_context *ctx);

typedef struct clconv_stats {
    size_t size;               /* in: the caller's sizeof */
    uint64_t programs_built;   /* from source */
    uint64_t programs_loaded;  /* from the disk cache */
    uint64_t build_ns;         /* both together */
    uint64_t host_allocations; /* blocks that plans and programs allocated so far */
} clconv_stats;
CLCONV_API void clconv_context_stats(const clconv_context *ctx, clconv_stats *out);

/* 16 hexadecimal digits over every kernel source in use: two results with the same hash ran the
 * same kernels. *replaced (may be NULL) is 1 when CLCONV_KERNEL_DIR replaces the library's own;
 * "unreadable" when that folder lacks a file. The text stays until the thread's next call. */
CLCONV_API const char *clconv_kernel_hash(int *replaced);

/* ---- Plan --------------------------------------------------------------------------------- */

typedef struct clconv_plan clconv_plan;

/* The algorithms, in the order of their declaration; NULL past the last. Same on every device. */
CLCONV_API const char *clconv_algorithm_name(size_t i);

#define CLCONV_USER_WORKSPACE 1u /* the plan owns no workspace; every enqueue brings one */
/* Weights may be infinite or NaN. Padding is absent, not zero, so that such a weight over padding
 * changes nothing; gemm and a design of direct, which multiply padding as zeros, then refuse
 * problems with padding. */
#define CLCONV_NONFINITE_WEIGHTS 2u
/* Every enqueue brings the weights as clconv_pack_weights has left them, not as they were. Without
 * it they are packed anew at each enqueue, where the algorithm packs: right, but slower. */
#define CLCONV_PACKED_WEIGHTS 4u
/* The cost model chooses, as if nothing were tuned. */
#define CLCONV_UNTUNED 8u

typedef struct clconv_plan_options {
    size_t size;
    const char *algorithm; /* NULL = choose; a name = that one or CLCONV_ALGORITHM_REFUSES */
    /* NULL = choose, else exactly this, e.g. "kb=4,xb=8,yb=2", or of another design of the
     * algorithm "lanes,v=16,kb=1,xb=14"; needs `algorithm`. Last or alone, "local=8x1x2" names the
     * work-group's size. Before that, "stream=1" behind "rows,v=16,xb=1" of depthwise stores y past
     * the caches and "stream=0" does not; by itself it does where x and y outgrow the last one. */
    const char *tile;
    uint64_t workspace_limit; /* bytes, 0 = no limit; algorithms that need more refuse */
    uint64_t flags;           /* CLCONV_USER_WORKSPACE and others, or-ed */
} clconv_plan_options;

/* Validates, chooses, compiles what is not compiled yet and launches each new program once on empty
 * work, because several drivers compile at the first launch. `options` may be NULL. A plan whose
 * programs exist costs microseconds and builds nothing: programs depend on filter size, stride,
 * dilation and tile, never on N, H, W, C, K or groups. On CPUs tiles are chosen by the channels of
 * a group and by whether rows of the image fill vectors (clconv_plan_explain says which), elsewhere
 * there is one for each algorithm. *out is NULL unless CLCONV_OK. */
CLCONV_API clconv_status clconv_plan_create(clconv_context *ctx, const clconv_problem *p,
                                            const clconv_plan_options *options, clconv_plan **out);

/* Never waits; enqueued work goes on. NULL is fine. */
CLCONV_API void clconv_plan_destroy(clconv_plan *plan);

/* Builds and first launches what plans for `count` problems need, so that creating those later
 * takes microseconds. `problem_size` is the caller's sizeof(clconv_problem), the step from one
 * problem to the next; `options` as for the plans (NULL = none). All are tried; status and
 * clconv_last_error are those of the first that failed. Threads may share the work. */
CLCONV_API clconv_status clconv_warm_up(clconv_context *ctx, const clconv_problem *problems,
                                        size_t problem_size, size_t count,
                                        const clconv_plan_options *options);

/* Bytes of workspace an enqueue needs, 0 = none. */
CLCONV_API size_t clconv_plan_workspace(const clconv_plan *plan);

/* Bytes of the weights in this plan's own order, 0 = it reads w as it is, whatever the flags. */
CLCONV_API size_t clconv_plan_packed_size(const clconv_plan *plan);

/* Name, and several lines for a person: which algorithm and tile, multiply-adds, bytes, launches,
 * workspace, why the others refused. The plan's strings. */
CLCONV_API const char *clconv_plan_algorithm(const clconv_plan *plan);
CLCONV_API const char *clconv_plan_explain(const clconv_plan *plan);

typedef struct clconv_choice {
    const char *algorithm;
    const char *refusal; /* NULL = accepts; else a static sentence saying why not */
    double expected_ms;  /* estimate, for the order only */
    uint64_t workspace;  /* bytes */
} clconv_choice;

/* Every algorithm's answer to `p` under `options` (NULL = none; its algorithm and tile are
 * ignored): those that accept first, best first. Writes at most `max` choices of `choice_size`
 * bytes, the caller's sizeof(clconv_choice), and returns how many there are; 0 = the problem itself
 * is refused (clconv_last_error). Builds nothing. */
CLCONV_API size_t clconv_rank(clconv_context *ctx, const clconv_problem *p,
                              const clconv_plan_options *options, clconv_choice *out,
                              size_t choice_size, size_t max);

/* ---- Tuning: what `clconv tune` does is made of these ------------------------------------- */

/* A plan takes the algorithm and tile that were named; else those of the tuning table, which the
 * library brings and `clconv tune` extends; else those for which the cost model expects the least
 * time. clconv_plan_explain says which of the three it was. A row holds for a device and driver,
 * this version of the library, the kernel files of its design and a layer of any batch: of its own
 * image size or, where there is no such row, of the nearest. One that does not hold is ignored. */
typedef struct clconv_tuned {
    size_t size;
    int32_t scope; /* 0 = there is no row, 1 = for another image size, 2 = for this one */
    int32_t own;   /* of the user's file, not of the library */
    char algorithm[16], tile[64]; /* as in clconv_plan_options; "" = no tile */
    double ms, model_ms;          /* measured: this, and what the cost model chooses */
} clconv_tuned;
CLCONV_API clconv_status clconv_tuning_find(const clconv_context *ctx, const clconv_problem *p,
                                            clconv_tuned *out);
/* Puts a row for `p` into the user's file, beside the cached programs, in place of one there was;
 * contexts created from then on know it. It must have been measured, on right results. */
CLCONV_API clconv_status clconv_tuning_save(const clconv_context *ctx, const clconv_problem *p,
                                            const clconv_tuned *row);
/* That file; "" = there is none (CLCONV_CACHE_DIR). The text stays until the thread's next call. */
CLCONV_API const char *clconv_tuning_path(void);

/* One way to compute a problem: a design of an algorithm with one of its tiles. */
typedef struct clconv_variant {
    char algorithm[16], tile[64];
    double expected_ms;
    uint64_t workspace;
    int32_t is_default; /* the tile that its design takes by itself */
    int32_t is_model;   /* what the cost model chooses */
} clconv_variant;
/* All that accept `p`, in no order; arguments and result as of clconv_rank. */
CLCONV_API size_t clconv_variants(clconv_context *ctx, const clconv_problem *p,
                                  const clconv_plan_options *options, clconv_variant *out,
                                  size_t variant_size, size_t max);

/* What the cost model knows of the device: measured and saved once, else guessed. */
typedef struct clconv_traits {
    size_t size;
    int32_t measured;
    double macs_per_s;                            /* of float, in registers */
    double cache_bytes;                           /* the last cache */
    double cache_bytes_per_s, memory_bytes_per_s; /* within it and past it */
    double launch_s;                              /* an empty launch behind others */
    double half_macs_per_s; /* macs_per_s with vectors half as wide; 0 = not measured */
} clconv_traits;
CLCONV_API void clconv_context_traits(const clconv_context *ctx, clconv_traits *out);
CLCONV_API clconv_status clconv_tuning_save_traits(const clconv_context *ctx,
                                                   const clconv_traits *traits);

/* ---- Enqueue ------------------------------------------------------------------------------ */

typedef struct clconv_buffer {
    cl_mem mem;
    uint64_t offset; /* bytes, a multiple of the element size */
    void *svm;       /* NULL in this version */
} clconv_buffer;

/* Start with {sizeof a}, then name what you have. */
typedef struct clconv_args {
    size_t size;
    clconv_buffer x, w, b, y, residual, workspace;
    double alpha, beta; /* both 0 = plain y = conv(x, w) + b; nothing else in this version */
} clconv_args;

/* Enqueues the whole convolution after the `n_wait` events of `wait`; `event` (may be NULL) is done
 * when y is written, and belongs to the caller. Before any command each buffer is checked: its
 * context, its size from the offset on, its access flags, and that y and the workspace overlap
 * nothing (CLCONV_INVALID_BUFFER). A failed OpenCL call in the middle of several launches leaves
 * the earlier ones enqueued and y undefined; no event is given then.
 *
 * Nothing is allocated, compiled or waited for here by us, but in algorithm `gemm`: CLBlast
 * allocates inside (see clconv_plan_explain), and on a CPU its plans replace CLBlast's parameters
 * for Xgemm in single precision, which suit no CPU, in the whole process.
 *
 * Any thread, any queue of the plan's context and device, in order or not; calls that share the
 * plan's own workspace run one after another on the device. N = 0 honours the wait list and gives
 * an event. */
CLCONV_API clconv_status clconv_enqueue(const clconv_plan *plan, cl_command_queue queue,
                                        const clconv_args *args, cl_uint n_wait,
                                        const cl_event *wait, cl_event *event);

/* Puts the weights `w` into the plan's own order: once, where they stay the same for many calls.
 * `packed` has room for clconv_plan_packed_size bytes and afterwards is `w` in the clconv_args of
 * any plan made with CLCONV_PACKED_WEIGHTS for the same problem, image size and batch apart,
 * algorithm and tile. Waits, event, threads and refusals as in clconv_enqueue; CLCONV_INVALID for a
 * plan that packs nothing. */
CLCONV_API clconv_status clconv_pack_weights(const clconv_plan *plan, cl_command_queue queue,
                                             const clconv_buffer *w, const clconv_buffer *packed,
                                             cl_uint n_wait, const cl_event *wait, cl_event *event);

#ifdef __cplusplus
}
#endif

#endif
