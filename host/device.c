/* SPDX-License-Identifier: MIT */
/* Contexts, and what a device can do: queried features and limits, never vendor names. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

clconv_status clconv_cl_fail(cl_int err, const char *what)
{
    const bool memory = err == CL_OUT_OF_HOST_MEMORY || err == CL_MEM_OBJECT_ALLOCATION_FAILURE;
    return clconv_fail(memory ? CLCONV_OUT_OF_MEMORY : CLCONV_CL_ERROR,
                       "%s failed: OpenCL error %d", what, err);
}

void *clconv_alloc(clconv_context *ctx, size_t bytes)
{
    __atomic_fetch_add(&ctx->allocations, 1, __ATOMIC_RELAXED);
    return calloc(1, bytes ? bytes : 1);
}

/* Half a second at one multiply-add per compute unit and cycle, which every device exceeds: a
 * launch below that cannot freeze a display. A CPU drives none. */
static uint64_t launch_limit(const clconv_device *dev)
{
    if (dev->wide_vectors)
        return UINT64_MAX;
    return ((uint64_t)dev->compute_units * dev->clock_mhz + 1) * 500000u;
}

clconv_status clconv_device_query(cl_device_id id, clconv_device *out)
{
    clconv_device dev = {.id = id};
    const struct {
        cl_device_info what;
        size_t bytes;
        void *value;
    } rows[] = {
        {CL_DEVICE_TYPE, sizeof dev.type, &dev.type},
        {CL_DEVICE_MAX_COMPUTE_UNITS, sizeof dev.compute_units, &dev.compute_units},
        {CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof dev.clock_mhz, &dev.clock_mhz},
        {CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof dev.max_group, &dev.max_group},
        {CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof dev.max_item, dev.max_item},
        {CL_DEVICE_LOCAL_MEM_SIZE, sizeof dev.local_bytes, &dev.local_bytes},
        {CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof dev.max_alloc, &dev.max_alloc},
        {CL_DEVICE_GLOBAL_MEM_SIZE, sizeof dev.global_bytes, &dev.global_bytes},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cl_int err = clGetDeviceInfo(id, rows[i].what, rows[i].bytes, rows[i].value, NULL);
        if (err)
            return clconv_cl_fail(err, "clGetDeviceInfo");
    }
    dev.wide_vectors = (dev.type & CL_DEVICE_TYPE_CPU) && !(dev.type & CL_DEVICE_TYPE_GPU);
    dev.launch_macs = launch_limit(&dev);
    *out = dev;
    return CLCONV_OK;
}

static void append_text(char *text, size_t room, cl_device_id id, cl_device_info what)
{
    const size_t used = strlen(text);
    if (used + 2 < room && !clGetDeviceInfo(id, what, room - used - 2, text + used, NULL))
        strcat(text, "\n");
    else
        text[used] = '\0';
}

/* What a binary depends on besides source and options. */
static void fill_cache_key(clconv_context *ctx)
{
    static const cl_device_info parts[] = {CL_DEVICE_NAME, CL_DEVICE_VENDOR, CL_DEVICE_VERSION,
                                           CL_DRIVER_VERSION};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        append_text(ctx->cache_key, sizeof ctx->cache_key, ctx->dev.id, parts[i]);
}

static clconv_status check_membership(cl_context context, cl_device_id device)
{
    cl_device_id devices[64];
    size_t bytes = 0;
    const cl_int err =
        clGetContextInfo(context, CL_CONTEXT_DEVICES, sizeof devices, devices, &bytes);
    if (err)
        return clconv_cl_fail(err, "clGetContextInfo");
    for (size_t i = 0; i < bytes / sizeof devices[0]; i++)
        if (devices[i] == device)
            return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID, "the device is none of the context's %zu devices",
                       bytes / sizeof devices[0]);
}

clconv_status clconv_context_create(cl_context context, cl_device_id device, clconv_context **out)
{
    cl_int err = CL_SUCCESS;
    if (!out)
        return clconv_fail(CLCONV_INVALID, "clconv_context_create: out is NULL");
    *out = NULL;
    if (!context || !device)
        return clconv_fail(CLCONV_INVALID, "clconv_context_create: context or device is NULL");
    clconv_status status = check_membership(context, device);
    if (status)
        return status;
    clconv_context *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a context");
    ctx->shares = 1;
    ctx->allocations = 1;
    pthread_mutex_init(&ctx->lock, NULL);
    clRetainContext(context);
    ctx->cl = context;
    status = clconv_device_query(device, &ctx->dev);
    if (!status) {
        fill_cache_key(ctx);
        ctx->warm_queue = clCreateCommandQueue(context, device, 0, &err);
        if (!err)
            ctx->stand_in = clCreateBuffer(context, CL_MEM_READ_WRITE, 16, NULL, &err);
        status = err ? clconv_cl_fail(err, "creating the context's queue and buffer") : CLCONV_OK;
    }
    if (status)
        clconv_context_destroy(ctx);
    else
        *out = ctx;
    return status;
}

void clconv_context_destroy(clconv_context *ctx)
{
    if (!ctx || __atomic_sub_fetch(&ctx->shares, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; clconv_algos[i]; i++)
        if (clconv_algos[i]->forget)
            clconv_algos[i]->forget(ctx);
    clconv_programs_release(ctx);
    if (ctx->stand_in)
        clReleaseMemObject(ctx->stand_in);
    if (ctx->warm_queue)
        clReleaseCommandQueue(ctx->warm_queue);
    clReleaseContext(ctx->cl);
    pthread_mutex_destroy(&ctx->lock);
    free(ctx);
}

void clconv_context_stats(const clconv_context *ctx, clconv_stats *out)
{
    const clconv_stats stats = {
        .size = out->size,
        .programs_built = __atomic_load_n(&ctx->built, __ATOMIC_RELAXED),
        .programs_loaded = __atomic_load_n(&ctx->loaded, __ATOMIC_RELAXED),
        .build_ns = __atomic_load_n(&ctx->build_ns, __ATOMIC_RELAXED),
        .host_allocations = __atomic_load_n(&ctx->allocations, __ATOMIC_RELAXED),
    };
    memcpy(out, &stats, out->size < sizeof stats ? out->size : sizeof stats);
}
