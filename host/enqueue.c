/* SPDX-License-Identifier: MIT */
/* Runs plans: launches under one lock per plan. */
#include "turned.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_WAITS = 32 };

/* Whether alpha and beta say nothing, and so both stand for 1. */
static bool is_plain(const clconv_args *args)
{
    return args->beta == 0.0 && (args->alpha == 0.0 || args->alpha == 1.0);
}

/* What this version cannot do, and arguments that mean nothing. */
static clconv_status check_args(const clconv_plan *plan, const clconv_args *args)
{
    const clconv_buffer *all[] = {&args->x, &args->w,        &args->b,
                                  &args->y, &args->residual, &args->workspace};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->svm)
            return clconv_fail(CLCONV_NOT_IN_VERSION, "svm pointers are not in this version (%s)",
                               clconv_version());
    const bool plain = is_plain(args);
    if (!plan->work.has_ending && !plain)
        return clconv_fail(CLCONV_INVALID,
                           "alpha %g or beta %g, but the problem has no epilogue to take them",
                           args->alpha, args->beta);
    if (!plan->work.residual && args->beta != 0.0 && args->beta != 1.0)
        return clconv_fail(CLCONV_INVALID, "beta is %g, but the problem has no residual",
                           args->beta);
    if (args->residual.mem && plan->work.residual != CLCONV_RESIDUAL_ARRAY)
        return clconv_fail(CLCONV_INVALID_BUFFER,
                           "a residual is given, but the problem has none (set residual.dtype)");
    if (args->b.mem && !plan->work.has_bias)
        return clconv_fail(CLCONV_INVALID_BUFFER,
                           "b is given, but the problem has no bias (set b.dtype)");
    return CLCONV_OK;
}

static clconv_status check_waits(const clconv_plan *plan, cl_uint n_wait, const cl_event *wait)
{
    if ((n_wait != 0) != (wait != NULL))
        return clconv_fail(CLCONV_INVALID, "%u events to wait for, but the list is %s", n_wait,
                           wait ? "given" : "NULL");
    for (cl_uint i = 0; i < n_wait; i++) {
        cl_context context = NULL;
        if (!wait[i] || clGetEventInfo(wait[i], CL_EVENT_CONTEXT, sizeof context, &context, NULL) ||
            context != plan->ctx->cl)
            return clconv_fail(CLCONV_INVALID, "event %u of %u to wait for is %s", i, n_wait,
                               wait[i] ? "of another cl_context than the plan" : "NULL");
    }
    return CLCONV_OK;
}

static clconv_status check_queue(const clconv_plan *plan, cl_command_queue queue)
{
    cl_context context = NULL;
    cl_device_id device = NULL;
    if (!queue)
        return clconv_fail(CLCONV_INVALID, "the queue is NULL");
    if (clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL) ||
        clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof device, &device, NULL))
        return clconv_fail(CLCONV_INVALID, "the queue is no OpenCL command queue");
    if (context != plan->ctx->cl || device != plan->ctx->dev.id)
        return clconv_fail(CLCONV_INVALID, "the queue belongs to another %s than the plan",
                           context != plan->ctx->cl ? "cl_context" : "device");
    return CLCONV_OK;
}

/* CONV_BUFFERS of common.cl, and the workspace. Behind the steps that turn w, their copy is read.
 */
cl_int clconv_set_buffers(const clconv_plan *plan, const clconv_step *step, const clconv_args *args,
                          const clconv_buffer *workspace)
{
    cl_int err = CL_SUCCESS;
    cl_uint index = 0;
    const clconv_buffer *b = plan->work.has_bias ? &args->b : &args->w; /* a stand-in, never read */
    const bool turned = clconv_plan_is_turned(plan);
    const bool copied =
        turned && plan->packed && !plan->algo->pack_key && step >= plan->step + plan->pack_steps;
    const int64_t workspace_add = (int64_t)step->workspace_add;
    size_t element[5] = {[4] = clconv_sum_bytes(&plan->work)};
    clconv_element_bytes(&plan->work, element);
    if (turned && plan->packed && !plan->algo->pack_key) /* a copy of w, of its own type */
        element[4] = element[1];
    const struct {
        const clconv_buffer *buffer;
        int64_t add;
    } rows[] = {{turned ? &args->y : &args->x, step->x_add},
                {copied ? workspace : &args->w, step->w_add},
                {b, step->b_add},
                {turned ? &args->x : &args->y, step->y_add},
                {workspace, workspace_add}};
    for (size_t i = 0; i < (step->uses_workspace ? 5u : 4u); i++) {
        const cl_ulong offset = rows[i].buffer->offset / element[i] + (cl_ulong)rows[i].add;
        clconv_arg(step->kernel, &index, sizeof(cl_mem), &rows[i].buffer->mem, &err);
        clconv_arg(step->kernel, &index, sizeof offset, &offset, &err);
    }
    if (step->ending) {
        const bool plain = args->alpha == 0.0 && args->beta == 0.0;
        const bool array = plan->work.residual == CLCONV_RESIDUAL_ARRAY;
        clconv_set_ending(plan, step, array ? &args->residual : &args->y, plain ? 1.0 : args->alpha,
                          plain ? 1.0 : args->beta, &err);
    }
    return err;
}

/* Steps `first` to `end` - 1 one after another, chained by events. `done` is the last one's. */
static cl_int launch(const clconv_plan *plan, size_t first, size_t end, cl_command_queue queue,
                     const clconv_args *args, const clconv_buffer *workspace, cl_uint n_wait,
                     const cl_event *wait, cl_event *done)
{
    cl_event previous = NULL;
    for (size_t i = first; i < end; i++) {
        const clconv_step *step = &plan->step[i];
        const bool last = i + 1 == end;
        cl_event next = NULL;
        cl_int err = clconv_set_buffers(plan, step, args, workspace);
        if (!err)
            err = clEnqueueNDRangeKernel(queue, step->kernel, 3, NULL, step->global, step->local,
                                         previous ? 1 : n_wait, previous ? &previous : wait,
                                         last ? done : &next);
        if (previous)
            clReleaseEvent(previous);
        if (err)
            return err;
        previous = next;
    }
    return CL_SUCCESS;
}

/* The caller's wait list and the last use of the plan's own workspace, in `list`. A long wait list
 * is gathered behind one marker, which *marker owns. Returns how many, or -1 on an OpenCL error. */
static int gather_waits(const clconv_plan *plan, cl_command_queue queue, cl_uint n_wait,
                        const cl_event *wait, cl_event list[MOST_WAITS], cl_event *marker)
{
    cl_uint count = 0;
    if (n_wait >= MOST_WAITS) {
        if (clEnqueueMarkerWithWaitList(queue, n_wait, wait, marker))
            return -1;
        list[count++] = *marker;
    } else {
        for (; count < n_wait; count++)
            list[count] = wait[count];
    }
    list[count++] = plan->last;
    return (int)count;
}

static clconv_status run(const clconv_plan *plan, cl_command_queue queue, const clconv_args *args,
                         const clconv_buffer *workspace, cl_uint n_wait, const cl_event *wait,
                         cl_event *done)
{
    if (plan->algo->enqueue)
        return plan->algo->enqueue(plan, queue, args, workspace, n_wait, wait, done);
    const cl_int err =
        plan->packed_weights
            ? launch(plan, plan->pack_steps, plan->steps, queue, args, &args->w, n_wait, wait, done)
            : launch(plan, 0, plan->steps, queue, args, workspace, n_wait, wait, done);
    return err ? clconv_cl_fail(err, "launching a kernel") : CLCONV_OK;
}

/* Remembers the call that used the plan's workspace last. */
static void remember(clconv_plan *plan, cl_command_queue queue, cl_event done)
{
    if (plan->last)
        clReleaseEvent(plan->last);
    plan->last = done;
    if (plan->last_queue == queue)
        return;
    clRetainCommandQueue(queue);
    if (plan->last_queue)
        clReleaseCommandQueue(plan->last_queue);
    plan->last_queue = queue;
}

/* Calls that share the plan's workspace follow each other, whatever their queues. Another queue is
 * flushed first: waiting for an event of a queue that was never flushed hangs rusticl. */
static clconv_status run_with_own_workspace(clconv_plan *plan, cl_command_queue queue,
                                            const clconv_args *args, cl_uint n_wait,
                                            const cl_event *wait, cl_event *event)
{
    const clconv_buffer workspace = {.mem = plan->own_workspace};
    cl_event list[MOST_WAITS], marker = NULL, done = NULL;
    int count = (int)n_wait;
    const cl_event *waits = wait;
    if (plan->last) {
        if (plan->last_queue != queue)
            clFlush(plan->last_queue);
        count = gather_waits(plan, queue, n_wait, wait, list, &marker);
        waits = list;
    }
    if (count < 0)
        return clconv_fail(CLCONV_CL_ERROR, "gathering %u events failed", n_wait);
    const clconv_status status = run(plan, queue, args, &workspace, (cl_uint)count, waits, &done);
    if (marker)
        clReleaseEvent(marker);
    if (status) { /* what was launched before the failure may still be using the workspace */
        if (!clEnqueueMarkerWithWaitList(queue, 0, NULL, &done))
            remember(plan, queue, done);
        return status;
    }
    remember(plan, queue, done);
    if (event) {
        clRetainEvent(done);
        *event = done;
    }
    return CLCONV_OK;
}

clconv_status clconv_enqueue(const clconv_plan *plan, cl_command_queue queue,
                             const clconv_args *caller_args, cl_uint n_wait, const cl_event *wait,
                             cl_event *event)
{
    clconv_args args = {0};
    if (!plan || !caller_args)
        return clconv_fail(CLCONV_INVALID, "clconv_enqueue: plan or args is NULL");
    clconv_status status = clconv_import(&args, sizeof args, caller_args, caller_args->size);
    if (!status)
        status = check_queue(plan, queue);
    if (!status)
        status = check_waits(plan, n_wait, wait);
    if (!status)
        status = check_args(plan, &args);
    if (status)
        return status;
    if (clconv_is_empty(&plan->work)) {
        const cl_int err = clEnqueueMarkerWithWaitList(queue, n_wait, wait, event);
        return err ? clconv_cl_fail(err, "clEnqueueMarkerWithWaitList") : CLCONV_OK;
    }
    status = clconv_check_buffers(plan, &args);
    if (status)
        return status;
    if (plan->work.n == 0) /* stand-ins, never read */
        args.x = args.y = args.w;
    clconv_plan *mutable_plan = (clconv_plan *)plan; /* the lock and what it guards */
    pthread_mutex_lock(&mutable_plan->lock);
    if (plan->own_workspace)
        status = run_with_own_workspace(mutable_plan, queue, &args, n_wait, wait, event);
    else
        status = run(plan, queue, &args, &args.workspace, n_wait, wait, event);
    pthread_mutex_unlock(&mutable_plan->lock);
    return status;
}

/* ---- Packing ------------------------------------------------------------------------------ */

clconv_status clconv_pack_weights(const clconv_plan *plan, cl_command_queue queue,
                                  const clconv_buffer *w, const clconv_buffer *packed,
                                  cl_uint n_wait, const cl_event *wait, cl_event *event)
{
    if (!plan || !w || !packed)
        return clconv_fail(CLCONV_INVALID, "clconv_pack_weights: plan, w or packed is NULL");
    if (!plan->packed)
        return clconv_fail(CLCONV_INVALID,
                           "this plan (%s) reads w as it is: clconv_plan_packed_size is 0",
                           plan->algo->name);
    clconv_status status = check_queue(plan, queue);
    if (!status)
        status = check_waits(plan, n_wait, wait);
    if (!status)
        status = clconv_check_packing(plan, w, packed);
    if (status)
        return status;
    /* Steps that pack read w and write the workspace; x, b and y are stand-ins. */
    const clconv_args args = {.x = *w, .w = *w, .b = *w, .y = *packed};
    clconv_plan *mutable_plan = (clconv_plan *)plan; /* the lock and what it guards */
    pthread_mutex_lock(&mutable_plan->lock);
    const cl_int err = launch(plan, 0, plan->pack_steps, queue, &args, packed, n_wait, wait, event);
    pthread_mutex_unlock(&mutable_plan->lock);
    return err ? clconv_cl_fail(err, "launching a kernel") : CLCONV_OK;
}
