/* SPDX-License-Identifier: MIT */
/* The calls of the library that run_case makes, defined here in place of the real ones: they
 * compute on the host with the second oracle and then do the damage of the day. */
#include "stand_in.h"

#include "codec.h"
#include "problems.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

int today = HONEST;

struct clconv_context {
    cl_context cl;
};

struct clconv_plan {
    clconv_context *ctx;
    clconv_problem problem;
};

int enqueued;

static clconv_context the_context;
static clconv_plan the_plan;

clconv_status clconv_context_create(cl_context context, cl_device_id device, clconv_context **out)
{
    (void)device;
    the_context.cl = context;
    *out = &the_context;
    return CLCONV_OK;
}

void clconv_context_destroy(clconv_context *ctx)
{
    (void)ctx;
}

clconv_status clconv_output_shape(const clconv_problem *p, clconv_shape *y)
{
    oracle_shape shape;
    oracle_output(p, &shape);
    const int64_t q = shape.q + (today == WRONG_SHAPE);
    *y = p->y.layout ? (clconv_shape){4, {shape.n, shape.p, q, shape.k}}
                     : (clconv_shape){4, {shape.n, shape.k, shape.p, q}};
    return CLCONV_OK;
}

clconv_status clconv_plan_create(clconv_context *ctx, const clconv_problem *p,
                                 const clconv_plan_options *options, clconv_plan **out)
{
    *out = NULL;
    if (today == FORGETS_FLAG && (options->flags & CLCONV_NONFINITE_WEIGHTS))
        return CLCONV_ALGORITHM_REFUSES;
    if (today > PLAN_STATUS && today < WRONG_SHAPE)
        return (clconv_status)(today - PLAN_STATUS);
    the_plan = (clconv_plan){ctx, *p};
    *out = &the_plan;
    return CLCONV_OK;
}

void clconv_plan_destroy(clconv_plan *plan)
{
    (void)plan;
}

size_t clconv_plan_workspace(const clconv_plan *plan)
{
    (void)plan;
    return 10; /* not a whole number of words */
}

size_t clconv_plan_packed_size(const clconv_plan *plan)
{
    (void)plan;
    return 0;
}

clconv_status clconv_pack_weights(const clconv_plan *plan, cl_command_queue queue,
                                  const clconv_buffer *w, const clconv_buffer *packed,
                                  cl_uint n_wait, const cl_event *wait, cl_event *event)
{
    (void)plan, (void)queue, (void)w, (void)packed, (void)n_wait, (void)wait, (void)event;
    return CLCONV_INVALID;
}

const char *clconv_plan_algorithm(const clconv_plan *plan)
{
    (void)plan;
    return today == WRONG_NAME ? "other" : "naive";
}

/* ---- The stand-in's enqueue ------------------------------------------------------------------ */

static void read_back(cl_command_queue queue, const clconv_buffer *from, void *to, size_t bytes)
{
    if (bytes > 0)
        assert_int_equal(
            clEnqueueReadBuffer(queue, from->mem, CL_TRUE, from->offset, bytes, to, 0, NULL, NULL),
            CL_SUCCESS);
}

static void write_at(cl_command_queue queue, const clconv_buffer *to, int64_t element,
                     const void *from, size_t bytes)
{
    const size_t at = (size_t)((int64_t)to->offset + element * (int64_t)sizeof(float));
    if (bytes > 0)
        assert_int_equal(
            clEnqueueWriteBuffer(queue, to->mem, CL_TRUE, at, bytes, from, 0, NULL, NULL),
            CL_SUCCESS);
}

static bool is_sub_buffer(cl_mem mem)
{
    cl_mem parent = NULL;
    clGetMemObjectInfo(mem, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof parent, &parent, NULL);
    return parent != NULL;
}

/* What the workspace holds before the run; 0 without one. */
static float stale_word(cl_command_queue queue, const clconv_args *args)
{
    float word = 0.0f;
    if (args->workspace.mem)
        read_back(queue, &args->workspace, &word, sizeof word);
    return word;
}

/* Changes of the result that need to know the run. */
static void spoil_by_run(cl_command_queue queue, const clconv_args *args, double *y, size_t count)
{
    const bool part = is_sub_buffer(args->y.mem);
    if ((today == SUB_BUFFER_ONLY && part) || (today == SECOND_FLIGHT_ONLY && enqueued == 3) ||
        (today == LATE_WANDERING && enqueued == 8))
        y[count - 1] = -y[count - 1];
    if (today == READS_WORKSPACE)
        y[0] = (double)((float)y[0] + stale_word(queue, args));
    if (today == SWALLOWS_NAN)
        y[0] = (double)fmaxf((float)y[0], stale_word(queue, args));
    if (today == KEEPS_STATE)
        y[0] = (double)nextafterf((float)y[0], enqueued % 2 ? INFINITY : -INFINITY);
}

/* Changes of the result before it is written; returns how many elements to write. */
static size_t spoil_result(const clconv_args *args, double *y, size_t count)
{
    const bool exact_run = args->y.offset == 0;
    if (today == WRONG_ELEMENT)
        y[1] = (double)nextafterf((float)y[1], INFINITY);
    if (today == WRONG_LAST || (today == EXACT_SIZE_ONLY && exact_run))
        y[count - 1] = -y[count - 1];
    if (today == NOT_A_NUMBER)
        y[count / 2] = (double)NAN;
    if (today == WANDERING && exact_run)
        y[2] = (double)nextafterf((float)y[2], INFINITY);
    return today == UNWRITTEN_LAST ? count - 1 : count;
}

/* Past the ends of a sub-buffer, by way of its parent. */
static void write_around(cl_command_queue queue, const clconv_buffer *to, int64_t element)
{
    const float stray = 1.0f;
    size_t origin = 0;
    clconv_buffer parent = {0};
    clGetMemObjectInfo(to->mem, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof parent.mem, &parent.mem, NULL);
    clGetMemObjectInfo(to->mem, CL_MEM_OFFSET, sizeof origin, &origin, NULL);
    parent.offset = origin;
    write_at(queue, &parent, element, &stray, sizeof stray);
}

/* The last tensor that the op writes, and its length. */
static const clconv_buffer *last_output(const clconv_problem *p, const clconv_args *args,
                                        const oracle_shape *shape, int64_t *end)
{
    const bool bias = shape->b > 0;
    const tensor_id last[] = {[CLCONV_FORWARD] = TENSOR_Y,
                              [CLCONV_BACKWARD_DATA] = TENSOR_X,
                              [CLCONV_BACKWARD_WEIGHTS] = bias ? TENSOR_B : TENSOR_W};
    const clconv_buffer *const buffers[] = {
        [TENSOR_X] = &args->x, [TENSOR_W] = &args->w, [TENSOR_B] = &args->b, [TENSOR_Y] = &args->y};
    *end = (int64_t)tensor_elements(shape, last[p->op]);
    return buffers[last[p->op]];
}

static void spoil_memory(cl_command_queue queue, const clconv_problem *p, const clconv_args *args,
                         const oracle_shape *shape)
{
    const float stray = 1.0f;
    int64_t end;
    const clconv_buffer *const output = last_output(p, args, shape, &end);
    const bool part = is_sub_buffer(args->y.mem);
    if (part && today == SUB_BUFFER_BEFORE)
        write_around(queue, &args->x, -1);
    if (part && today == SUB_BUFFER_AFTER)
        write_around(queue, &args->workspace, 3);
    if (part && today == SECOND_GUARD && enqueued == 3)
        write_around(queue, output, end);
    if (today == WRITE_GAP) /* behind the first row of a view whose rows are apart */
        write_at(queue, output, shape->q, &stray, sizeof stray);
    if (args->y.offset == 0)
        return; /* no guards there: only bounds checkers can see it */
    if (today == WRITE_BEFORE)
        write_at(queue, output, -2, &stray, sizeof stray);
    if (today == WRITE_AFTER)
        write_at(queue, output, end, &stray, sizeof stray);
    if (today == WRITE_AFTER_INPUT)
        write_at(queue, &args->x, (int64_t)shape->x + 1, &stray, sizeof stray);
    if (today == WRITE_AFTER_WORKSPACE)
        write_at(queue, &args->workspace, 3, &stray, sizeof stray);
    if (today == CHANGE_WEIGHT)
        write_at(queue, &args->w, (int64_t)shape->w - 1, &stray, sizeof stray);
}

static void make_event(cl_event *event)
{
    cl_int err = CL_SUCCESS;
    if (!event || today == NO_EVENT)
        return;
    *event = clCreateUserEvent(the_context.cl, &err);
    assert_int_equal(err, CL_SUCCESS);
    clSetUserEventStatus(*event, today == EVENT_FAILS ? -5 : CL_COMPLETE);
}

/* Writes the first `count` outputs, tensor by tensor; what is not written keeps its bytes. */
static void write_output(cl_command_queue queue, const clconv_problem *p, const oracle_shape *shape,
                         const clconv_buffer *to, tensor_id id, const double *got, size_t count)
{
    const size_t from = tensor_place(p, shape, id), bytes = codec_bytes(p, shape, id);
    const size_t unit = number_bytes(tensor_dtype(p, id));
    const size_t elements = tensor_elements(shape, id), left = from < count ? count - from : 0;
    if (!tensor_is_written(p, id) || left == 0)
        return;
    void *const stored = malloc(bytes);
    read_back(queue, to, stored, bytes); /* what lies between the elements stays */
    codec_encode(p, shape, id, got + from, stored);
    write_at(queue, to, 0, stored, left < elements ? left * unit : bytes);
    free(stored);
}

static double *read_input(cl_command_queue queue, const clconv_problem *p,
                          const oracle_shape *shape, const clconv_buffer *from, tensor_id id)
{
    const size_t bytes = codec_bytes(p, shape, id);
    void *const stored = malloc(bytes + 1);
    double *const out = calloc(tensor_elements(shape, id) + 1, sizeof *out);
    read_back(queue, from, stored, bytes);
    codec_decode(p, shape, id, stored, out);
    free(stored);
    return out;
}

/* Computes with the inputs on the device, spoils the result and writes it there. */
static void compute(cl_command_queue queue, const clconv_problem *p, const oracle_shape *shape,
                    const clconv_args *args)
{
    const clconv_buffer *const buffers[] = {
        [TENSOR_X] = &args->x, [TENSOR_W] = &args->w, [TENSOR_B] = &args->b, [TENSOR_Y] = &args->y};
    double *tensors[TENSOR_Y + 1] = {NULL};
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++)
        if (!tensor_is_written(p, id) && tensor_elements(shape, id) > 0)
            tensors[id] = read_input(queue, p, shape, buffers[id], id);
    const oracle_inputs in = {tensors[TENSOR_X], tensors[TENSOR_W],
                              shape->b ? tensors[TENSOR_B] : NULL, tensors[TENSOR_Y]};
    double *const got = calloc(2 * shape->outputs + 1, sizeof *got);
    int64_t *const terms = calloc(shape->outputs + 1, sizeof *terms);
    oracle_gather(p, &in, got, got + shape->outputs, terms);
    for (size_t i = 0; i < shape->outputs; i++)
        got[i] = number_result(tensor_output_dtype(p), got[i]);
    spoil_by_run(queue, args, got, shape->outputs);
    const size_t count = spoil_result(args, got, shape->outputs);
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++) {
        write_output(queue, p, shape, buffers[id], id, got, count);
        free(tensors[id]);
    }
    free(got);
    free(terms);
}

clconv_status clconv_enqueue(const clconv_plan *plan, cl_command_queue queue,
                             const clconv_args *args, cl_uint n_wait, const cl_event *wait,
                             cl_event *event)
{
    oracle_shape shape;
    if (today == ENQUEUE_FAILS)
        return CLCONV_INVALID_BUFFER;
    if (n_wait > 0)
        clWaitForEvents(n_wait, wait);
    oracle_output(&plan->problem, &shape);
    compute(queue, &plan->problem, &shape, args);
    spoil_memory(queue, &plan->problem, args, &shape);
    enqueued++;
    make_event(event);
    return CLCONV_OK;
}
