/* SPDX-License-Identifier: MIT */
/* One run of a case: its buffers, its launches, waiting for them, and what must then hold. */
#include "trial.h"

#include "codec.h"
#include "dirty.h"

#include <string.h>

enum { POISON = 0x7fccc0de, STALE = 0x7fcdd0d1 };

/* Guards around inputs are NaN, so that reading them shows; guards around what is written are
 * finite, so that a NaN computed from another guard and written there shows too. The inside of an
 * output is NaN: computing from what nobody wrote shows. What a workspace holds is the run's to
 * say. All bits differ. These are floats; number_pattern makes the words of other types. */
const role_row role_rows[ROLES] = {
    [ROLE_X] = {"x", 0x7fca0a01u, 0x45b0b0a1u, POISON, 1},
    [ROLE_W] = {"w", 0x7fca0a02u, 0x45b0b0a2u, POISON, 3},
    [ROLE_B] = {"b", 0x7fca0a03u, 0x45b0b0a3u, POISON, 5},
    [ROLE_Y] = {"y", 0x7fca0a04u, 0x45b0b0b1u, POISON, 7},
    [ROLE_RESIDUAL] = {"residual", 0x7fca0a05u, 0x45b0b0a7u, POISON, 23},
    [ROLE_WORKSPACE] = {"workspace", 0, 0x46d0d0d1u, STALE, 9},
    [ROLE_X2] = {"second x", 0, 0x45b0b0a4u, POISON, 17},
    [ROLE_W2] = {"second w", 0, 0x45b0b0a5u, POISON, 19},
    [ROLE_B2] = {"second b", 0, 0x45b0b0a6u, POISON, 21},
    [ROLE_Y2] = {"second y", 0, 0x45b0b0b2u, POISON, 11},
    [ROLE_RESIDUAL2] = {"second residual", 0, 0x45b0b0a8u, POISON, 25},
    [ROLE_WORKSPACE2] = {"second workspace", 0, 0x46d0d0d2u, STALE, 13},
    [ROLE_PACKED] = {"packed weights", 0, 0x46d0d0d3u, 0x7fcdd0d2u, 15},
};

/* Bytes in front of a payload: an odd number of elements, or of the steps that sub-buffers of this
 * device may begin at. */
static size_t bytes_in_front(const session *s, const run_kind *kind, const role_row *row,
                             size_t unit)
{
    const size_t step = s->align_bytes;
    if (kind->place == PLACE_EXACT)
        return 0;
    if (kind->place == PLACE_OFFSET)
        return GUARD_BYTES + row->shift * unit;
    return (GUARD_BYTES + step - 1) / step * step + row->shift * step;
}

/* Exact data stand before a forbidden page, others behind one. */
static fence_side side_of_fence(const trial *t, const run_kind *kind)
{
    if (kind->place != PLACE_EXACT || !t->s->host_memory)
        return FENCE_NONE;
    return strcmp(t->s->ref.mode, "exact") == 0 ? FENCE_BEHIND : FENCE_BEFORE;
}

/* The words of float are those of every type, as far as it has NaN. */
static bool create_buffer(trial *t, const run_kind *kind, role r, const void *payload, size_t bytes,
                          run_buffers *run)
{
    const role_row *const row = &role_rows[r];
    const int32_t dtype = role_dtype(&t->problem, (int)r);
    const size_t unit = number_bytes(dtype);
    const bool workspace = r == ROLE_WORKSPACE || r == ROLE_WORKSPACE2;
    const bool guards = kind->place != PLACE_EXACT;
    const bool input = role_is_input(&t->problem, (int)r);
    const cl_mem_flags flags = input ? CL_MEM_READ_ONLY : CL_MEM_READ_WRITE;
    const guarded_spec spec = {
        .name = row->name,
        .payload = payload,
        .fill = number_pattern(dtype, workspace ? kind->workspace_fill : row->fill),
        .guard = number_pattern(dtype, input ? row->input_guard : row->guard),
        .front = bytes_in_front(t->s, kind, row, unit),
        .bytes = bytes,
        .back = guards ? GUARD_BYTES : 0,
        .unit = unit,
        .flags = guards ? CL_MEM_READ_WRITE : flags,
        .sub_buffer = kind->place == PLACE_SUB_BUFFER,
        .sub_flags = flags,
        .fence = side_of_fence(t, kind)};
    const cl_int err = guarded_create(t->s->cl, t->s->upload_queue, &spec, &run->at[r],
                                      &run->uploaded[run->uploads]);
    if (err != CL_SUCCESS)
        return settle_cl(t, err, "creating the buffers");
    run->uploads++;
    return true;
}

/* The tensors that the op reads, or those that a flight writes. */
static bool create_tensors(trial *t, const run_kind *kind, bool written, int flight,
                           run_buffers *run)
{
    const reference *const ref = &t->s->ref;
    bool good = true;
    for (int r = ROLE_X; good && r < ROLE_WORKSPACE; r++) {
        const tensor_id id = (tensor_id)(TENSOR_X + r);
        if (tensor_is_written(&t->problem, id) != written || (r == ROLE_B && ref->shape.b == 0) ||
            (r == ROLE_RESIDUAL && !t->problem.residual.dtype))
            continue;
        good = create_buffer(t, kind, (role)(r + flight * ROLES_OF_FLIGHT), ref->stored[id],
                             codec_bytes(&t->problem, &ref->shape, id), run);
    }
    return good;
}

static size_t whole_words(size_t bytes)
{
    return (bytes + 3) / 4 * 4;
}

static bool create_buffers(trial *t, const run_kind *kind, const clconv_plan *plan,
                           run_buffers *run)
{
    const size_t workspace = kind->own_workspace ? whole_words(clconv_plan_workspace(plan)) : 0;
    const size_t packed = kind->packed ? whole_words(clconv_plan_packed_size(plan)) : 0;
    bool good = create_tensors(t, kind, false, 0, run) &&
                (!packed || create_buffer(t, kind, ROLE_PACKED, NULL, packed, run));
    for (int f = 0; good && f < kind->flights; f++)
        good = create_tensors(t, kind, true, f, run) &&
               (!workspace || create_buffer(t, kind, (role)(ROLE_WORKSPACE + f * ROLES_OF_FLIGHT),
                                            NULL, workspace, run));
    return good;
}

static clconv_buffer buffer_of(const guarded *g)
{
    return (clconv_buffer){.mem = guarded_mem(g), .offset = guarded_offset(g)};
}

/* What an op writes is each flight's own, what it reads is there once. */
static clconv_buffer buffer_in_flight(const trial *t, const run_buffers *run, role r, int flight)
{
    const int own = role_is_input(&t->problem, (int)r) ? 0 : flight;
    return buffer_of(&run->at[(int)r + own * ROLES_OF_FLIGHT]);
}

static clconv_status enqueue_flight(const trial *t, const clconv_plan *plan, cl_command_queue queue,
                                    const run_kind *kind, const run_buffers *run, int flight,
                                    cl_event *done)
{
    clconv_args args = {.size = sizeof args,
                        .x = buffer_in_flight(t, run, ROLE_X, flight),
                        .w = kind->packed ? buffer_of(&run->at[ROLE_PACKED])
                                          : buffer_in_flight(t, run, ROLE_W, flight),
                        .b = buffer_in_flight(t, run, ROLE_B, flight),
                        .y = buffer_in_flight(t, run, ROLE_Y, flight),
                        .residual = buffer_in_flight(t, run, ROLE_RESIDUAL, flight),
                        .workspace = buffer_in_flight(t, run, ROLE_WORKSPACE, flight)};
    case_factors(t->spec, &args.alpha, &args.beta);
    return clconv_enqueue(plan, queue, &args, kind->by_events ? run->uploads : 0,
                          kind->by_events ? run->uploaded : NULL, kind->by_events ? done : NULL);
}

static clconv_status pack(const clconv_plan *plan, cl_command_queue queue, run_buffers *run)
{
    const clconv_buffer w = buffer_of(&run->at[ROLE_W]), packed = buffer_of(&run->at[ROLE_PACKED]);
    const clconv_status status = clconv_pack_weights(plan, queue, &w, &packed, run->uploads,
                                                     run->uploaded, &run->uploaded[run->uploads]);
    run->uploads += status == CLCONV_OK;
    return status;
}

/* What the convolutions wait for: the uploads, the kernel that dirties the local memory, packing.
 */
static bool prepare_device(trial *t, cl_command_queue queue, const clconv_plan *plan,
                           const run_kind *kind, run_buffers *run)
{
    cl_int err = CL_SUCCESS;
    clFlush(t->s->upload_queue);
    if (kind->dirty_local)
        err = dirty_enqueue(&t->s->dirty, queue, &run->uploaded[run->uploads]);
    if (err != CL_SUCCESS)
        return settle_cl(t, err, "filling the local memory");
    run->uploads += kind->dirty_local;
    const clconv_status status = kind->packed ? pack(plan, queue, run) : CLCONV_OK;
    if (status != CLCONV_OK)
        return settle_status(t, status, "clconv_pack_weights");
    if (!kind->by_events) /* not clFinish: after a flush rusticl returns from it before the work is
                             done */
        clWaitForEvents(run->uploads, run->uploaded);
    return true;
}

static bool wait_for(trial *t, cl_command_queue queue, const cl_event *done, int flights)
{
    cl_int state = CL_COMPLETE;
    cl_int err = done[0] ? clWaitForEvents((cl_uint)flights, done) : clFinish(queue);
    for (int f = 0; done[0] && f < flights && err == CL_SUCCESS && state == CL_COMPLETE; f++)
        err =
            clGetEventInfo(done[f], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    if (err != CL_SUCCESS)
        return settle_cl(t, err, "waiting for the convolution");
    if (state != CL_COMPLETE)
        return settle(t, STATE_FAIL, "api_error", "the convolution ended with status %d", state);
    return true;
}

static bool fly(trial *t, cl_command_queue queue, const clconv_plan *plan, const run_kind *kind,
                run_buffers *run)
{
    cl_event done[2] = {NULL, NULL};
    bool good = prepare_device(t, queue, plan, kind, run);
    for (int f = 0; good && f < kind->flights; f++) {
        const clconv_status status = enqueue_flight(t, plan, queue, kind, run, f, &done[f]);
        if (status != CLCONV_OK)
            good = settle_status(t, status, "clconv_enqueue");
        else if (kind->by_events && !done[f])
            good = settle(t, STATE_FAIL, "api_error", "clconv_enqueue gave no event");
    }
    good = good && wait_for(t, queue, done, kind->flights);
    clFinish(queue); /* also of a flight whose follower failed */
    for (int f = 0; f < 2; f++)
        if (done[f])
            clReleaseEvent(done[f]);
    return good;
}

/* A barrier in such a queue of PoCL costs the square of the commands before it, and `gemm` sets two
 * for each group of each image: where there are many, the queue is in order. */
static cl_command_queue_properties order_of(const trial *t)
{
    enum { MOST_PARTS = 32 };
    const bool few = t->problem.n <= MOST_PARTS && t->problem.groups <= MOST_PARTS &&
                     t->problem.n * t->problem.groups <= MOST_PARTS;
    return few ? t->s->order : 0;
}

/* A queue out of order is opened for one run, because PoCL never forgets its events. */
static bool enqueue_and_wait(trial *t, const clconv_plan *plan, const run_kind *kind,
                             run_buffers *run)
{
    cl_int err = CL_SUCCESS;
    if (!kind->out_of_order)
        return fly(t, t->s->queue, plan, kind, run);
    const cl_command_queue queue =
        clCreateCommandQueue(t->s->cl, t->s->device.device, order_of(t), &err);
    if (err != CL_SUCCESS)
        return settle_cl(t, err, "creating a queue");
    const bool good = fly(t, queue, plan, kind, run);
    clReleaseCommandQueue(queue);
    return good;
}

static void release_buffers(trial *t, run_buffers *run)
{
    clFinish(t->s->upload_queue);
    clFinish(t->s->queue);
    for (cl_uint i = 0; i < run->uploads; i++)
        clReleaseEvent(run->uploaded[i]);
    for (int i = 0; i < ROLES; i++)
        guarded_release(&run->at[i]);
}

bool run_plan(trial *t, const clconv_plan *plan, const run_kind *kind)
{
    run_buffers run = {0};
    double *const *const free_slots = t->s->got + (t->outputs > 0); /* the first output stays */
    bool good = create_buffers(t, kind, plan, &run) && enqueue_and_wait(t, plan, kind, &run) &&
                check_buffers(t, &run, free_slots);
    for (int f = 0; good && f < kind->flights; f++)
        good = check_output(t, kind, free_slots[f]);
    release_buffers(t, &run);
    return good;
}
