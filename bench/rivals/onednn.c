/* SPDX-License-Identifier: MIT */
/* oneDNN's CPU engine as three rivals, on the same buffers, mapped:
 *   any    the layouts it likes best; what they cost to make is not timed
 *   plain  the problem's layouts in and out, nothing reordered
 *   e2e    the problem's layouts in and out around `any`, all reorders timed but that of weights
 * that are read */
#include "contestant.h"

#ifdef BENCH_WITH_ONEDNN

#include "onednn_api.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum onednn_mode { ANY, PLAIN, E2E } onednn_mode;
enum { SRC, WEIGHTS, DST, TENSORS };
static const int arena_index[TENSORS] = {ARRAY_X, ARRAY_W, ARRAY_Y};

/* What oneDNN calls the tensors of each op, and which of them it writes. */
typedef struct direction {
    int written;
    dnnl_query_t query[TENSORS];
    int arg[TENSORS];
} direction;
static const direction directions[] = {
    [CLCONV_FORWARD] = {DST,
                        {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
                        {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST}},
    [CLCONV_BACKWARD_DATA] = {SRC,
                              {dnnl_query_diff_src_md, dnnl_query_weights_md,
                               dnnl_query_diff_dst_md},
                              {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST}},
    [CLCONV_BACKWARD_WEIGHTS] = {
        WEIGHTS,
        {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md},
        {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST}}};

/* A tensor in our layout, and in the convolution's where that is another one. */
typedef struct tensor {
    dnnl_memory_desc_t layout;
    bool has_layout, own_layout; /* own = the convolution's differs */
    dnnl_memory_t plain, inner;
    dnnl_primitive_t in, out; /* reorders from and to plain */
    float *mapped;
} tensor;

typedef struct job {
    const arena *arena;
    onednn_mode mode;
    const direction *direction;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t convolution;
    tensor tensor[TENSORS];
} job;

static onednn_shape shape_of(const clconv_problem *p, const clconv_shape *y)
{
    onednn_shape s = {.weight_rank = p->groups > 1 ? 5 : 4};
    const bool plain = p->y.layout == CLCONV_LAYOUT_PLAIN;
    const int first = plain ? 2 : 1; /* of y's rows and columns */
    const dnnl_dim_t src[] = {p->n, p->c, p->in[0], p->in[1]};
    const dnnl_dim_t weights[] = {p->groups, p->k / p->groups, p->c / p->groups, p->kernel[0],
                                  p->kernel[1]};
    memcpy(s.src, src, sizeof src);
    const dnnl_dim_t dst[] = {p->n, y->dim[plain ? 1 : 3], y->dim[first], y->dim[first + 1]};
    memcpy(s.dst, dst, sizeof dst);
    memcpy(s.weights, weights + (p->groups > 1 ? 0 : 1), (size_t)s.weight_rank * sizeof weights[0]);
    for (int d = 0; d < 2; d++) {
        const int64_t read =
            (dst[2 + d] - 1) * p->stride[d] + p->dilation[d] * (p->kernel[d] - 1) + 1;
        s.stride[d] = p->stride[d];
        s.dilation[d] = p->dilation[d] - 1;
        s.before[d] = p->pad_before[d];
        s.after[d] = read - p->in[d] - p->pad_before[d];
    }
    return s;
}

/* The convolution with the layouts of its mode. */
static dnnl_status_t describe(job *j, const onednn_shape *s)
{
    const dnnl_dim_t *const dims[TENSORS] = {s->src, s->weights, s->dst};
    const int rank[TENSORS] = {4, s->weight_rank, 4};
    static const dnnl_format_tag_t images[] = {dnnl_nchw, dnnl_nhwc},
                                   weights[][2] = {{dnnl_oihw, dnnl_ohwi},
                                                   {dnnl_goihw, dnnl_gohwi}};
    const int32_t layout = j->arena->problem.x.layout;
    const dnnl_format_tag_t plain[TENSORS] = {images[layout], weights[s->weight_rank - 4][layout],
                                              images[layout]};
    dnnl_memory_desc_t wanted[TENSORS];
    layout_view views[TENSORS];
    dnnl_status_t status = dnnl_invalid_arguments;
    for (int i = 0; i < TENSORS; i++) {
        if (!layout_make(&j->tensor[i].layout, rank[i], dims[i], plain[i]))
            return dnnl_invalid_arguments;
        j->tensor[i].has_layout = true;
    }
    int made = 0;
    while (made < TENSORS && layout_make(&wanted[made], rank[made], dims[made],
                                         j->mode == PLAIN ? plain[made] : dnnl_format_tag_any))
        made++;
    for (int i = 0; i < made; i++)
        views[i] = layout_of(&wanted[i]);
    if (made == TENSORS)
        status = convolution_make(&j->desc, j->engine, (clconv_op)j->arena->problem.op, s, views);
    while (made-- > 0)
        layout_free(wanted[made]);
    return status;
}

static dnnl_status_t make_reorder(const job *j, layout_view from, layout_view to,
                                  dnnl_primitive_t *out)
{
    dnnl_primitive_desc_t desc;
    dnnl_status_t status =
        dnnl_reorder_primitive_desc_create(&desc, from, j->engine, to, j->engine, NULL);
    if (status)
        return status;
    status = dnnl_primitive_create(out, desc);
    dnnl_primitive_desc_destroy(desc);
    return status;
}

/* Memory of tensor i in our layout and, if it differs, in the convolution's. */
static dnnl_status_t make_tensor(job *j, int i)
{
    tensor *t = &j->tensor[i];
    const layout_view plain = layout_of(&t->layout),
                      inner = dnnl_primitive_desc_query_md(j->desc, j->direction->query[i], 0);
    t->own_layout = !dnnl_memory_desc_equal(plain, inner);
    dnnl_status_t status = dnnl_memory_create(&t->plain, plain, j->engine, NULL);
    if (!status && t->own_layout)
        status = dnnl_memory_create(&t->inner, inner, j->engine, DNNL_MEMORY_ALLOCATE);
    if (!status && t->own_layout)
        status = i == j->direction->written ? make_reorder(j, inner, plain, &t->out)
                                            : make_reorder(j, plain, inner, &t->in);
    return status;
}

static dnnl_status_t reorder(const job *j, dnnl_primitive_t primitive, dnnl_memory_t from,
                             dnnl_memory_t to)
{
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    return dnnl_primitive_execute(primitive, j->stream, 2, args);
}

/* Reorders what is read; weights, which stay the same for many launches, only where asked. */
static dnnl_status_t reorder_in(const job *j, bool with_weights)
{
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < TENSORS && !status; i++) {
        const tensor *t = &j->tensor[i];
        if (t->own_layout && i != j->direction->written && (i != WEIGHTS || with_weights))
            status = reorder(j, t->in, t->plain, t->inner);
    }
    return status;
}

static dnnl_status_t reorder_out(const job *j)
{
    const tensor *t = &j->tensor[j->direction->written];
    return t->own_layout ? reorder(j, t->out, t->inner, t->plain) : dnnl_success;
}

static bool finish(void *state)
{
    const job *j = state;
    return dnnl_stream_wait(j->stream) == dnnl_success;
}

/* Maps the buffers, and puts what is read into the convolution's layouts. */
static bool begin(void *state)
{
    job *j = state;
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < TENSORS && !status; i++) {
        tensor *t = &j->tensor[i];
        t->mapped =
            arena_map(j->arena, arena_index[i],
                      i == j->direction->written ? CL_MAP_READ | CL_MAP_WRITE : CL_MAP_READ);
        status = t->mapped ? dnnl_memory_set_data_handle(t->plain, t->mapped) : dnnl_out_of_memory;
    }
    if (!status)
        status = reorder_in(j, true);
    return !status && finish(j);
}

static bool end(void *state)
{
    job *j = state;
    const bool good = !reorder_out(j) && finish(j);
    for (int i = 0; i < TENSORS; i++) {
        arena_unmap(j->arena, arena_index[i], j->tensor[i].mapped);
        j->tensor[i].mapped = NULL;
    }
    return good;
}

static dnnl_memory_t used(const tensor *t)
{
    return t->own_layout ? t->inner : t->plain;
}

static bool launch(void *state, cl_command_queue queue, cl_event *event)
{
    const job *j = state;
    dnnl_exec_arg_t args[TENSORS];
    (void)queue;
    (void)event;
    for (int i = 0; i < TENSORS; i++)
        args[i] = (dnnl_exec_arg_t){j->direction->arg[i], used(&j->tensor[i])};
    dnnl_status_t status = j->mode == E2E ? reorder_in(j, false) : dnnl_success;
    if (!status)
        status = dnnl_primitive_execute(j->convolution, j->stream, TENSORS, args);
    if (!status && j->mode == E2E)
        status = reorder_out(j);
    return !status;
}

/* oneDNN gets as many threads as the device has compute units, if that is a CPU. */
static unsigned set_threads(const measured_device *d)
{
#ifdef _OPENMP
    if (d->entry.type == CL_DEVICE_TYPE_CPU)
        omp_set_num_threads((int)d->units);
    return (unsigned)omp_get_max_threads();
#else
    return d->units;
#endif
}

static contestant_state make(onednn_mode mode, const arena *a, void **state,
                             contestant_facts *facts, char *why, size_t room)
{
    clconv_problem p;
    clconv_shape y;
    job *j = *state = calloc(1, sizeof *j);
    facts->threads = set_threads(a->device);
    if (!j)
        return snprintf(why, room, "no host memory"), CONTESTANT_BROKEN;
    j->arena = a;
    j->mode = mode;
    j->direction = &directions[a->problem.op];
    if (!rival_problem(&a->problem, &p, why, room))
        return CONTESTANT_REFUSES;
    if (clconv_output_shape(&p, &y) != CLCONV_OK)
        return snprintf(why, room, "%s", clconv_last_error()), CONTESTANT_BROKEN;
    const onednn_shape shape = shape_of(&p, &y);
    dnnl_status_t status = dnnl_engine_create(&j->engine, dnnl_cpu, 0);
    if (!status)
        status = dnnl_stream_create(&j->stream, j->engine, dnnl_stream_default_flags);
    if (!status)
        status = describe(j, &shape);
    for (int i = 0; i < TENSORS && !status; i++)
        status = make_tensor(j, i);
    if (!status)
        status = dnnl_primitive_create(&j->convolution, j->desc);
    if (!status)
        return CONTESTANT_READY;
    snprintf(why, room, "oneDNN refuses: status %d", (int)status);
    return status == dnnl_unimplemented ? CONTESTANT_REFUSES : CONTESTANT_BROKEN;
}

static void free_tensor(tensor *t)
{
    if (t->in)
        dnnl_primitive_destroy(t->in);
    if (t->out)
        dnnl_primitive_destroy(t->out);
    if (t->inner)
        dnnl_memory_destroy(t->inner);
    if (t->plain)
        dnnl_memory_destroy(t->plain);
    if (t->has_layout)
        layout_free(t->layout);
}

static void destroy(void *state)
{
    job *j = state;
    if (!j)
        return;
    if (j->convolution)
        dnnl_primitive_destroy(j->convolution);
    for (int i = 0; i < TENSORS; i++)
        free_tensor(&j->tensor[i]);
    if (j->desc)
        dnnl_primitive_desc_destroy(j->desc);
    if (j->stream)
        dnnl_stream_destroy(j->stream);
    if (j->engine)
        dnnl_engine_destroy(j->engine);
    free(j);
}

/* Winograd's algorithm, which oneDNN may choose, rounds: its sums are not exact. */
#define ONEDNN(word, MODE)                                                                         \
    static contestant_state make_##word(const arena *a, const contestant_option *option,           \
                                        void **state, contestant_facts *facts, char *why,          \
                                        size_t room)                                               \
    {                                                                                              \
        (void)option;                                                                              \
        return make(MODE, a, state, facts, why, room);                                             \
    }                                                                                              \
    const contestant_kind onednn_##word##_kind = {.name = "onednn-" #word,                         \
                                                  .on_host = true,                                 \
                                                  .make = make_##word,                             \
                                                  .launch = launch,                                \
                                                  .finish = finish,                                \
                                                  .begin = begin,                                  \
                                                  .end = end,                                      \
                                                  .destroy = destroy};

#else

#define ONEDNN(word, MODE)                                                                         \
    const contestant_kind onednn_##word##_kind = {                                                 \
        .name = "onednn-" #word,                                                                   \
        .absent = "install oneDNN (Debian: libdnnl-dev) and configure and build again"};

#endif

ONEDNN(any, ANY)
ONEDNN(plain, PLAIN)
ONEDNN(e2e, E2E)
