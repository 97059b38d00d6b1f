/* SPDX-License-Identifier: MIT */
/* clConv: 2-D convolution on any OpenCL device, with the meaning of PyTorch's nn.Conv2d,
 * and its gradients.
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
 *   with g = k / (K/groups), and outside the image x = 0 or as pad_mode says. P = floor((H +
 *   pad_top + pad_bottom - dilation_h * (R - 1) - 1) / stride_h) + 1, Q alike. Three more forms are
 *   first class:
 *     depthwise       groups = C, K = m * C for any multiplier m;
 *     shared kernel   one bank w (M, 1, R, S) applied to every channel, y (N, C*M, P, Q), or summed
 *                     or averaged over the channels, y (N, M, P, Q); no copy of x or w is made;
 *     uneven groups   a table of input and output channels per group, e.g. outputs 3, 3, 2.
 *   The gradients of all these, with the same description: op = CLCONV_BACKWARD_DATA turns y (the
 *   loss's gradient by y) into x (its gradient by x), which is also the transposed convolution
 *   (clconv_describe_transposed); CLCONV_BACKWARD_WEIGHTS turns x and y into w and b. Where
 *   padding repeats a pixel, the pixel gets the gradient of each copy. Sums are made in a fixed
 *   order, without atomics: two runs give the same bits (examples/train_depthwise.c trains).
 *   Types: float32, float64 where the device has it, float16 and bfloat16 in memory with sums of
 *   float32 (on any device), int8 and uint8 with sums of int32 modulo 2^32. Layouts: NCHW, NHWC and
 *   strided views of x and y. Bytes have zero points and scales, as ONNX has them. Epilogues: an
 *   activation, a residual, alpha and beta, in the same pass. What the structs can say beyond that
 *   passes every check and is then refused with CLCONV_NOT_IN_VERSION.
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

#include <CL/cl.h> /* set CL_TARGET_OPENCL_VERSION before, this header never does */

#include "clconv/problem.h"

#define CLCONV_VERSION_MAJOR 0
#define CLCONV_VERSION_MINOR 1
#define CLCONV_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

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
    /* Bytes, a multiple of the element size; of a workspace and packed weights that is 8 with
     * float64, else 4. */
    uint64_t offset;
    void *svm; /* NULL in this version */
} clconv_buffer;

/* Start with {sizeof a}, then name what you have. */
typedef struct clconv_args {
    size_t size;
    clconv_buffer x, w, b, y, residual, workspace;
    double alpha, beta; /* of clconv_epilogue; both 0 = both 1. Without one, or a residual, 1 */
} clconv_args;

/* Enqueues the whole convolution after the `n_wait` events of `wait`; `event` (may be NULL) is done
 * when the outputs are written, and belongs to the caller. x, w, b and y keep their names in a
 * gradient, where clconv_op says which are read and which written; nothing is added to what an
 * output held before, unless the problem says `accumulate`. Before any command each buffer is
 * checked: its context, its size from the offset on, its access flags, and that outputs and
 * workspace overlap nothing (CLCONV_INVALID_BUFFER). A failed OpenCL call in the middle of several
 * launches leaves the earlier ones enqueued and the outputs undefined; no event is given then.
 *
 * Nothing is allocated, compiled or waited for here by us, but in algorithm `gemm`: CLBlast
 * allocates inside (see clconv_plan_explain), and on a CPU its plans replace CLBlast's parameters
 * for Xgemm in single precision, which suit no CPU, in the whole process.
 *
 * Any thread, any queue of the plan's context and device, in order or not; calls that share the
 * plan's own workspace run one after another on the device. N = 0 honours the wait list and gives
 * an event; the gradients of w and b are zeros then, and x and y may be NULL. */
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
