/* SPDX-License-Identifier: MIT */
/* What the floors of the library share: F1 pure C, F2 OpenCL objects, F3 algorithms, F4 plan. */
#ifndef CLCONV_INTERNAL_H
#define CLCONV_INTERNAL_H

#include "clconv/clconv.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- F1: status, dtype, checks, check_shapes, problem (no cl* call) ----------------------- */

/* Records the sentence for clconv_last_error and returns `status`. */
clconv_status clconv_fail(clconv_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A line on stderr when CLCONV_VERBOSE is at least `level`. */
void clconv_log(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* NumPy's name of a type ("float32"); NULL for a number that is no type. */
const char *clconv_dtype_text(int32_t dtype);
/* Bytes of an element; 0 for a number that is no type. */
size_t clconv_dtype_bytes(int32_t dtype);
bool clconv_dtype_is_byte(int32_t dtype); /* int8 or uint8 */
/* The type of sums over products of type x, which y and b have: int32 for int8 and uint8, else x.
 */
int32_t clconv_sum_dtype(int32_t x);

/* A caller's struct of `size` bytes as ours of `known`: missing fields 0, a tail that is set and
 * that we do not know refused. */
clconv_status clconv_import(void *out, size_t known, const void *in, size_t size);
/* The way back: what the caller's version has room for; 0 what only it knows. */
void clconv_export(void *out, size_t size, const void *in, size_t known);

/* A run of consecutive groups of equal size. Even groups are one segment; a table becomes a few.
 * Kernels only ever see segments, so uneven groups cost them nothing. */
typedef struct clconv_segment {
    int64_t groups, in, out;  /* groups of the run; input and output channels of each */
    int64_t x_first;          /* first element of the segment within an image of x */
    int64_t y_first;          /* the same for y */
    int64_t w_first, b_first; /* first element within w and b */
    /* Elements of w from one group, output channel, input channel, row and column to the next; of b
     * per group. */
    int64_t w_group, w_out, w_in, w_row, w_column, b_group;
} clconv_segment;

/* Elements from one image, channel, row and column to the next. */
typedef struct clconv_strides {
    int64_t image, channel, row, column;
} clconv_strides;

/* What a filter of bytes has (kernels/cl/quantized.cl: the same): its zero point, and the factor
 * from its sums to y, 0 where y is int32. */
typedef struct clconv_filter {
    int32_t zero;
    float factor;
} clconv_filter;

/* A validated problem, resolved: every form (grouped, depthwise, shared, reduced) as strides. Sizes
 * of one axis fit in int32, products in int64: problem.c has checked. */
typedef struct clconv_work {
    int32_t op; /* clconv_op */
    int64_t n;
    int32_t h, w, r, s, p, q;
    int32_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int32_t pad_mode; /* clconv_pad_mode; zeros where there is no padding */
    clconv_strides x_stride, y_stride;
    bool plain; /* images NCHW without gaps, w OIHW; between images there may be gaps */
    int32_t x_dtype, w_dtype, b_dtype, y_dtype; /* clconv_dtype */
    bool has_ending;                            /* an epilogue, a residual or what y held */
    int32_t activation;                         /* clconv_activation */
    /* As RESIDUAL in ending.cl. */
    enum { CLCONV_NO_RESIDUAL, CLCONV_RESIDUAL_ARRAY, CLCONV_RESIDUAL_Y } residual;
    double low, high; /* of the activation; low is also a slope */
    int32_t x_zero, y_zero;
    size_t filters;
    clconv_filter *filter; /* NULL = no zero points, y int32; owned: clconv_work_free */
    int32_t has_bias;
    float bias_factor; /* y = (sum + bias_factor * b) / divisor; b's gradient = bias_factor * sum */
    float divisor;     /* C for the mean of a shared kernel, else 1 */
    uint64_t macs, x_bytes, w_bytes, b_bytes, y_bytes;
    size_t segments;
    clconv_segment *segment; /* owned: clconv_work_free */
} clconv_work;

/* A problem beside the shapes of its arrays; NULL where it is described by counts alone. */
typedef struct clconv_view {
    const clconv_problem *p;
    const clconv_shape *x, *w, *b;
} clconv_view;

/* checks.c: every accept/reject rule in PyTorch's order; the first that fails is reported. */
clconv_status clconv_check(const clconv_view *view);

/* 64-bit arithmetic on values >= 0; false on overflow. */
bool clconv_add(int64_t a, int64_t b, int64_t *out);
bool clconv_multiply(int64_t a, int64_t b, int64_t *out);

/* Channels of group g, from the table or by division. */
int64_t clconv_group_in(const clconv_problem *p, int64_t g);
int64_t clconv_group_out(const clconv_problem *p, int64_t g);
/* Elements of b. */
int64_t clconv_biases(const clconv_problem *p);
/* Channels of y: fewer than k where a reduction adds them up. */
int64_t clconv_y_channels(const clconv_problem *p);
/* Whether strides are given. */
bool clconv_is_view(const clconv_tensor *t);
/* All group_in are equal: w is (K, in, R, S). */
bool clconv_even_inputs(const clconv_problem *p);

/* Output length along axis 0 (H) or 1 (W); only for checked problems. */
int64_t clconv_output_length(const clconv_problem *p, int axis);

/* Whether nothing is computed: no images, but sums over none of them are zero and not nothing. */
bool clconv_is_empty(const clconv_work *work);

/* Bytes of the type that sums are made in, and packed weights have. */
size_t clconv_sum_bytes(const clconv_work *work);
/* Whether elements are of another type in memory than in sums. */
bool clconv_is_converted(const clconv_work *work);

/* Validates and resolves. On failure `out` owns nothing. */
clconv_status clconv_work_create(const clconv_problem *p, clconv_work *out);
void clconv_work_free(clconv_work *work);

/* ---- F2: device, program, loops ------------------------------------------------------------ */

typedef struct clconv_device {
    cl_device_id id;
    cl_device_type type;
    bool wide_vectors;     /* one work-item should use vectors: a CPU */
    cl_uint native_floats; /* floats of its vectors, 1 where it has none or does not say */
    cl_uint compute_units, clock_mhz;
    bool doubles; /* cl_khr_fp64 */
    size_t max_group, max_item[3];
    cl_ulong max_alloc, local_bytes;
    double launch_macs; /* more multiply-adds than this in one launch could block a display */
    atomic_bool few_registers; /* a GPU on which a kernel of many sums was seen to spill them */
    clconv_traits traits;
} clconv_device;

/* One compiled program: an algorithm's kernel file under one set of -D options. Owned by the
 * context, lives as long as it. */
typedef struct clconv_program clconv_program;

typedef struct clconv_tuning clconv_tuning; /* tuning.h */

/* Whether long loops run to their end: loops.c. */
typedef enum clconv_loops {
    CLCONV_LOOPS_UNKNOWN,
    CLCONV_LOOPS_WHOLE,
    CLCONV_LOOPS_CUT
} clconv_loops;

struct clconv_context {
    cl_context cl;
    clconv_device dev;
    clconv_tuning *tuning;       /* never changes; NULL where memory was short */
    cl_command_queue warm_queue; /* private, for first launches */
    cl_mem stand_in;             /* 16 bytes, for buffer arguments of first launches */
    char cache_key[2048];        /* platform, device, driver */
    pthread_mutex_t lock;        /* guards programs */
    clconv_program *programs;
    atomic_uint_fast64_t shares, built, loaded, build_ns, allocations;
    _Atomic clconv_loops loops;
};

/* "clName failed: OpenCL error -5"; out of memory has a status of its own. */
clconv_status clconv_cl_fail(cl_int err, const char *what);

/* clconv_work_create, and CLCONV_UNSUPPORTED where the device lacks the types. */
clconv_status clconv_work_on(const clconv_context *ctx, const clconv_problem *p, clconv_work *out);

/* Zeroed host memory, counted in the context's statistics; NULL on exhaustion. */
void *clconv_alloc(clconv_context *ctx, size_t bytes);

/* The program of kernels/cl/<stem>.cl under `defines` ("-DXB=8 -DYB=2"), built or loaded at most
 * once. */
clconv_status clconv_program_get(clconv_context *ctx, const char *stem, const char *defines,
                                 clconv_program **out);
/* A new kernel object of it, owned by the caller. */
clconv_status clconv_program_kernel(clconv_program *program, const char *name, cl_kernel *out);
/* Launches `kernel` once per program, kernel name and local size, because drivers compile at the
 * first launch of a local size. Its arguments must be set such that it touches no memory (z_count =
 * 0). */
clconv_status clconv_program_warm(clconv_context *ctx, clconv_program *program, cl_kernel kernel,
                                  const char *name, const size_t local[3]);
/* Saves what was built from source, then releases all programs. */
void clconv_programs_release(clconv_context *ctx);

/* loops.c: CLCONV_UNSUPPORTED where a work-item may go through more rounds of loops than the driver
 * runs: as many as a sum of the segment has products, or, where a work-item walks over `blocks`, as
 * they take together, `macs` multiply-adds among them. */
clconv_status clconv_check_loops(clconv_context *ctx, const clconv_work *work,
                                 const clconv_segment *segment, double macs, double blocks);

#include "clblast.h"

/* ---- F3: algos/<name>.c ------------------------------------------------------------------- */

/* One launch of a plan. Arguments 0..7 (8, 9 with workspace) of every kernel are the buffers, see
 * CONV_BUFFERS in common.cl; enqueue sets them, everything else is set once by `prepare`. */
typedef struct clconv_step {
    cl_kernel kernel;
    size_t global[3], local[3];
    int64_t x_add, w_add, b_add, y_add; /* elements added to the caller's offsets */
    size_t workspace_add;               /* the same for the workspace, or the packed weights */
    bool uses_workspace;
    cl_uint ending; /* its argument that is the residual, 0 = there is none */
} clconv_step;

/* Whether y is stored past the caches: as its size says, or as the tile says. */
typedef enum clconv_stream {
    CLCONV_STREAM_BY_SIZE,
    CLCONV_STREAM_NO,
    CLCONV_STREAM_YES
} clconv_stream;

/* What an algorithm needs to know besides the problem. */
typedef struct clconv_request {
    const clconv_device *dev;
    const clconv_work *work, *turned; /* the other way to a gradient by x (turned.h), or NULL */
    const char *tile;     /* without local= and the design's word; NULL = the design's own choice */
    size_t local[3];      /* of the tile's local=; {0} = the algorithm's own choice */
    clconv_stream stream; /* of the tile's stream= */
    bool nonfinite_weights;
    bool packed_weights; /* every enqueue brings them packed */
    uint64_t workspace_limit;
    const clconv_tuning *tuning; /* NULL = the cost model alone chooses */
} clconv_request;

struct clconv_plan {
    clconv_context *ctx;
    clconv_work work, turned; /* turned.h: without segments where there is none */
    const struct clconv_algo *algo;
    clconv_step *step; /* array, in order of execution */
    size_t steps, step_room;
    size_t
        pack_steps; /* the first ones: they pack w, into the workspace or a buffer of the caller */
    size_t packed;  /* bytes of packed weights, 0 = w is read as it is */
    bool packed_weights, streams; /* y is stored past the caches */
    size_t workspace;
    cl_mem filters;       /* work.filter on the device; NULL = there is none */
    cl_mem own_workspace; /* NULL when the caller brings one or none is needed */
    void *algo_data;      /* for algorithms with an enqueue of their own */
    char tile[64];        /* the tile in use, in the form `clconv_plan_options.tile` takes */
    char *explain;
    pthread_mutex_t lock; /* guards kernel arguments and `last` */
    cl_event last;        /* last use of own_workspace */
    cl_command_queue last_queue;
};

struct clconv_tile_key;

/* buffers.c: bytes of an element of x, w, b, y; CLCONV_INVALID_BUFFER with a sentence. */
void clconv_element_bytes(const clconv_work *work, size_t out[4]);
clconv_status clconv_check_buffers(const clconv_plan *plan, const clconv_args *args);
clconv_status clconv_check_packing(const clconv_plan *plan, const clconv_buffer *w,
                                   const clconv_buffer *packed);

/* One design of an algorithm: designs of one name compete, and a tile's first word names one. */
typedef struct clconv_algo {
    const char *name;   /* of the algorithm, public */
    const char *design; /* "rows", as in the tile "rows,v=16"; NULL for the one without a word */
    /* The tiles that there are, and the one of a request: named, or its own choice; false where it
     * has none. NULL = there are no tiles to tune, for a design without a word only. */
    const struct clconv_tile_key *keys;
    bool (*find_tile)(const clconv_request *request, int *value);
    /* NULL, or a static sentence saying why not. No OpenCL object is made. */
    const char *(*refuses)(const clconv_request *request);
    /* Multiply-adds per compute unit and cycle that it was seen to reach: the order of choices. */
    double (*macs_per_cycle)(const clconv_request *request);
    /* Bytes of workspace besides packed weights; NULL = none. */
    uint64_t (*workspace)(const clconv_request *request);
    /* Fills plan->step (clconv_plan_add_steps), plan->tile, and algo_data if any. A design that
     * packs adds the steps that do first and then sets plan->pack_steps. */
    clconv_status (*prepare)(clconv_plan *plan, const clconv_request *request);
    /* NULL = enqueue.c launches the steps. Otherwise everything between the user's wait list and
     * the out event is the algorithm's; called under plan->lock. */
    clconv_status (*enqueue)(const clconv_plan *plan, cl_command_queue queue,
                             const clconv_args *args, const clconv_buffer *workspace,
                             cl_uint n_wait, const cl_event *wait, cl_event *event);
    void (*release)(clconv_plan *plan);  /* frees algo_data; may be NULL */
    void (*forget)(clconv_context *ctx); /* the context goes away; may be NULL */
    const char *note;                    /* for explain; may be NULL */
    const char *pack_key; /* of the tile: outputs side by side in packed w; NULL = not packed */
    /* Elements of a segment's packed w under a tile; NULL = as packed.c has them. */
    size_t (*packed_elements)(const clconv_work *work, const clconv_segment *segment,
                              const int *value);
    unsigned gradients; /* 1 << clconv_op of those it computes, then no convolution; 0 = none */
    bool turns;         /* computes gradients by x as convolutions: turned.h */
    bool reads_y;       /* not only writes it */
    bool pad_modes;     /* pads with more than zeros */
    unsigned types;     /* 1 << clconv_dtype of x; 0 = float32 only */
    bool strided;       /* reads and writes any layout and view */
    bool ends;          /* has epilogues: ending.cl */
    bool quantizes;     /* has zero points and scales: quantized.cl */
    bool accumulates;   /* computes each element of y once, so that it may read it before */
    bool streams;       /* has stores past the caches */
    bool zero_padding;  /* padding is multiplied, as zeros: no infinite weights */
    bool for_gpus;      /* by its own choice not for devices with vectors or few registers */
} clconv_algo;

#define CLCONV_ALL_TYPES (~0u)
#define CLCONV_FLOAT_TYPES                                                                         \
    (1u << CLCONV_F32 | 1u << CLCONV_F64 | 1u << CLCONV_F16 | 1u << CLCONV_BF16)

/* Every design, in CMake's order, NULL at the end; and their words there, the kernels' stems. */
extern const clconv_algo *const clconv_algos[];
extern const char *const clconv_algo_words[];

#endif
