/* SPDX-License-Identifier: MIT */
/* Checks the buffers of a call: context, size, flags, overlap. */
#include "internal.h"

#include <inttypes.h>

/* A buffer of a call, and what the plan does with it. */
typedef struct role {
    const char *name;
    const clconv_buffer *buffer;
    uint64_t bytes;
    size_t element; /* bytes */
    bool read, written;
    cl_mem root;    /* the buffer itself, or the one it is a part of */
    uint64_t first; /* first byte in use, counted from the start of root */
} role;

static clconv_status check_memory(const clconv_plan *plan, role *r)
{
    size_t size = 0, origin = 0;
    cl_context context = NULL;
    cl_mem_object_type type = 0;
    cl_mem_flags flags = 0;
    cl_mem parent = NULL;
    const cl_mem mem = r->buffer->mem;
    if (!mem)
        return clconv_fail(CLCONV_INVALID_BUFFER, "%s is NULL, but %" PRIu64 " bytes are needed",
                           r->name, r->bytes);
    cl_int err = clGetMemObjectInfo(mem, CL_MEM_TYPE, sizeof type, &type, NULL);
    err = err ? err : clGetMemObjectInfo(mem, CL_MEM_CONTEXT, sizeof context, &context, NULL);
    err = err ? err : clGetMemObjectInfo(mem, CL_MEM_SIZE, sizeof size, &size, NULL);
    err = err ? err : clGetMemObjectInfo(mem, CL_MEM_FLAGS, sizeof flags, &flags, NULL);
    err = err ? err
              : clGetMemObjectInfo(mem, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof parent, &parent, NULL);
    if (!err && parent)
        err = clGetMemObjectInfo(mem, CL_MEM_OFFSET, sizeof origin, &origin, NULL);
    if (err || type != CL_MEM_OBJECT_BUFFER)
        return clconv_fail(CLCONV_INVALID_BUFFER, "%s is not an OpenCL buffer (error %d)", r->name,
                           err);
    if (context != plan->ctx->cl)
        return clconv_fail(CLCONV_INVALID_BUFFER, "%s belongs to another cl_context than the plan",
                           r->name);
    if (r->buffer->offset % r->element)
        return clconv_fail(CLCONV_INVALID_BUFFER,
                           "%s: offset %" PRIu64 " is not a multiple of the element size %zu",
                           r->name, r->buffer->offset, r->element);
    if (r->buffer->offset > size || size - r->buffer->offset < r->bytes)
        return clconv_fail(CLCONV_INVALID_BUFFER,
                           "%s needs %" PRIu64 " bytes from offset %" PRIu64
                           " on, but the buffer has %zu",
                           r->name, r->bytes, r->buffer->offset, size);
    if ((r->written && (flags & CL_MEM_READ_ONLY)) || (r->read && (flags & CL_MEM_WRITE_ONLY)))
        return clconv_fail(CLCONV_INVALID_BUFFER, "%s was created %s, but algorithm %s %s it",
                           r->name,
                           flags & CL_MEM_READ_ONLY ? "CL_MEM_READ_ONLY" : "CL_MEM_WRITE_ONLY",
                           plan->algo->name, flags & CL_MEM_READ_ONLY ? "writes" : "reads");
    r->root = parent ? parent : mem;
    r->first = origin + r->buffer->offset;
    return CLCONV_OK;
}

static bool overlap(const role *a, const role *b)
{
    return a->root == b->root && a->first < b->first + b->bytes && b->first < a->first + a->bytes;
}

static clconv_status check_roles(const clconv_plan *plan, role *roles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const clconv_status status = check_memory(plan, &roles[i]);
        if (status)
            return status;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if ((roles[i].written || roles[j].written) && overlap(&roles[i], &roles[j]))
                return clconv_fail(CLCONV_INVALID_BUFFER,
                                   "%s and %s overlap in memory, and one of them is written",
                                   roles[j].name, roles[i].name);
    return CLCONV_OK;
}

/* What a clconv_op does with the tensors: x, w, b, y. */
typedef enum access { READS, WRITES } access;
static const access accesses[][4] = {
    [CLCONV_FORWARD] = {READS, READS, READS, WRITES},
    [CLCONV_BACKWARD_DATA] = {WRITES, READS, READS, READS},
    [CLCONV_BACKWARD_WEIGHTS] = {READS, WRITES, WRITES, READS},
};

/* Of x, w, b, y. */
void clconv_element_bytes(const clconv_work *work, size_t out[4])
{
    const int32_t dtype[] = {work->x_dtype, work->w_dtype, work->b_dtype, work->y_dtype};
    for (size_t i = 0; i < 4; i++)
        out[i] = clconv_dtype_bytes(dtype[i]);
}

clconv_status clconv_check_buffers(const clconv_plan *plan, const clconv_args *args)
{
    const clconv_work *work = &plan->work;
    const access *does = accesses[work->op];
    size_t element[4];
    clconv_element_bytes(work, element);
    const struct {
        const char *name;
        const clconv_buffer *buffer;
        uint64_t bytes;
        size_t element;
    } tensors[] = {
        {"x", &args->x, work->x_bytes, element[0]},
        {plan->packed_weights ? "w, packed," : "w", &args->w,
         plan->packed_weights ? plan->packed : work->w_bytes, element[1]},
        {"b", &args->b, work->b_bytes, element[2]},
        {"y", &args->y, work->y_bytes, element[3]},
    };
    role roles[6];
    size_t count = 0;
    for (size_t i = 0; i < 4; i++)
        if (tensors[i].bytes) /* no bias; or no images */
            roles[count++] = (role){.name = tensors[i].name,
                                    .buffer = tensors[i].buffer,
                                    .bytes = tensors[i].bytes,
                                    .element = tensors[i].element,
                                    .read = does[i] == READS || plan->algo->reads_y ||
                                            work->residual == CLCONV_RESIDUAL_Y,
                                    .written = does[i] == WRITES};
    if (work->residual == CLCONV_RESIDUAL_ARRAY)
        roles[count++] = (role){.name = "residual",
                                .buffer = &args->residual,
                                .bytes = work->y_bytes,
                                .element = element[3],
                                .read = true};
    if (plan->workspace && !plan->own_workspace)
        roles[count++] = (role){.name = "workspace",
                                .buffer = &args->workspace,
                                .bytes = plan->workspace,
                                .element = clconv_sum_bytes(work),
                                .read = true,
                                .written = true};
    return check_roles(plan, roles, count);
}

clconv_status clconv_check_packing(const clconv_plan *plan, const clconv_buffer *w,
                                   const clconv_buffer *packed)
{
    size_t element[4];
    clconv_element_bytes(&plan->work, element);
    role roles[] = {
        {.name = "w",
         .buffer = w,
         .bytes = plan->work.w_bytes,
         .read = true,
         .element = element[1]},
        {.name = "packed",
         .buffer = packed,
         .bytes = plan->packed,
         .read = true,
         .written = true,
         .element = clconv_sum_bytes(&plan->work)},
    };
    return check_roles(plan, roles, sizeof roles / sizeof roles[0]);
}
