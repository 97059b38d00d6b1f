/* SPDX-License-Identifier: MIT */
/* The calls of the library that run_case makes, defined here in place of the real ones: they
 * compute on the host with the second oracle and then do the damage of the day. */
#include "stand_in.h"
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
    *y = (clconv_shape){4, {shape.n, shape.k, shape.p, shape.q + (today == WRONG_SHAPE)}};
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

static void read_back(cl_command_queue queue, const clconv_buffer *from, float *to, size_t count)
{
    if (count > 0)
        assert_int_equal(clEnqueueReadBuffer(queue, from->mem, CL_TRUE, from->offset,
                                             count * sizeof *to, to, 0, NULL, NULL),
                         CL_SUCCESS);
}

static void write_at(cl_command_queue queue, const clconv_buffer *to, int64_t element,
                     const float *from, size_t count)
{
    const size_t at = (size_t)((int64_t)to->offset + element * (int64_t)sizeof *from);
    if (count > 0)
        assert_int_equal(clEnqueueWriteBuffer(queue, to->mem, CL_TRUE, at, count * sizeof *from,
                                              from, 0, NULL, NULL),
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
        read_back(queue, &args->workspace, &word, 1);
    return word;
}

/* Changes of the result that need to know the run. */
static void spoil_by_run(cl_command_queue queue, const clconv_args *args, float *y, size_t count)
{
    const bool part = is_sub_buffer(args->y.mem);
    if ((today == SUB_BUFFER_ONLY && part) || (today == SECOND_FLIGHT_ONLY && enqueued == 3) ||
        (today == LATE_WANDERING && enqueued == 8))
        y[count - 1] = -y[count - 1];
    if (today == READS_WORKSPACE)
        y[0] += stale_word(queue, args);
    if (today == SWALLOWS_NAN)
        y[0] = fmaxf(y[0], stale_word(queue, args));
    if (today == KEEPS_STATE)
        y[0] = nextafterf(y[0], enqueued % 2 ? INFINITY : -INFINITY);
}

/* Changes of the result before it is written; returns how many elements to write. */
static size_t spoil_result(const clconv_args *args, float *y, size_t count)
{
    const bool exact_run = args->y.offset == 0;
    if (today == WRONG_ELEMENT)
        y[1] = nextafterf(y[1], INFINITY);
    if (today == WRONG_LAST || (today == EXACT_SIZE_ONLY && exact_run))
        y[count - 1] = -y[count - 1];
    if (today == NOT_A_NUMBER)
        y[count / 2] = NAN;
    if (today == WANDERING && exact_run)
        y[2] = nextafterf(y[2], INFINITY);
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
    write_at(queue, &parent, element, &stray, 1);
}

static void spoil_memory(cl_command_queue queue, const clconv_args *args, const oracle_shape *shape)
{
    const float stray = 1.0f;
    const bool part = is_sub_buffer(args->y.mem);
    if (part && today == SUB_BUFFER_BEFORE)
        write_around(queue, &args->x, -1);
    if (part && today == SUB_BUFFER_AFTER)
        write_around(queue, &args->workspace, 3);
    if (part && today == SECOND_GUARD && enqueued == 3)
        write_around(queue, &args->y, (int64_t)shape->y);
    if (args->y.offset == 0)
        return; /* no guards there: only bounds checkers can see it */
    if (today == WRITE_BEFORE)
        write_at(queue, &args->y, -2, &stray, 1);
    if (today == WRITE_AFTER)
        write_at(queue, &args->y, (int64_t)shape->y, &stray, 1);
    if (today == WRITE_AFTER_INPUT)
        write_at(queue, &args->x, (int64_t)shape->x + 1, &stray, 1);
    if (today == WRITE_AFTER_WORKSPACE)
        write_at(queue, &args->workspace, 3, &stray, 1);
    if (today == CHANGE_WEIGHT)
        write_at(queue, &args->w, (int64_t)shape->w - 1, &stray, 1);
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
    float *const memory = calloc(shape.x + shape.w + shape.b + shape.y + 1, sizeof *memory);
    float *const w = memory + shape.x, *const b = w + shape.w, *const y = b + shape.b;
    double *const exact = calloc(2 * shape.y + 1, sizeof *exact);
    int64_t *const terms = calloc(shape.y + 1, sizeof *terms);
    read_back(queue, &args->x, memory, shape.x);
    read_back(queue, &args->w, w, shape.w);
    read_back(queue, &args->b, b, shape.b);
    oracle_gather(&plan->problem, memory, w, shape.b ? b : NULL, exact, exact + shape.y, terms);
    for (size_t i = 0; i < shape.y; i++)
        y[i] = (float)exact[i];
    spoil_by_run(queue, args, y, shape.y);
    write_at(queue, &args->y, 0, y, spoil_result(args, y, shape.y));
    spoil_memory(queue, args, &shape);
    enqueued++;
    make_event(event);
    free(memory);
    free(exact);
    free(terms);
    return CLCONV_OK;
}
