/* SPDX-License-Identifier: MIT */
/* Contexts, and what a device can do: queried features and limits, never vendor names. */
#include "tuning.h"

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
    atomic_fetch_add(&ctx->allocations, 1);
    return calloc(1, bytes ? bytes : 1);
}

/* Half a second at a quarter of a multiply-add per compute unit and cycle, which `naive`, the
 * slowest algorithm, reaches: a launch below that does not freeze a display. A CPU drives none. */
static double launch_limit(const clconv_device *dev)
{
    return dev->wide_vectors ? 1e30 : 0.5 * 0.25 * 1e6 * dev->compute_units * dev->clock_mhz;
}

/* The kernels are OpenCL C 1.2 from source. */
static clconv_status check_version(cl_device_id id)
{
    char version[128] = "";
    int major = 0, minor = 0;
    cl_bool compiler = CL_FALSE;
    clGetDeviceInfo(id, CL_DEVICE_VERSION, sizeof version, version, NULL);
    clGetDeviceInfo(id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    if (sscanf(version, "OpenCL %d.%d", &major, &minor) != 2 || major * 10 + minor < 12)
        return clconv_fail(CLCONV_UNSUPPORTED, "the device is '%s'; OpenCL 1.2 is needed", version);
    if (!compiler)
        return clconv_fail(CLCONV_UNSUPPORTED, "the device has no OpenCL C compiler");
    return CLCONV_OK;
}

/* Two multiply-adds of a vector in every unit and cycle; bandwidths in the proportion to it that an
 * Intel Xeon had (one core, 2026-11-20). */
static clconv_traits guess_traits(const clconv_device *dev)
{
    cl_ulong cache = 0; /* some drivers do not say */
    const double floats = dev->native_floats ? dev->native_floats : 1;
    const double peak = 2e6 * floats * dev->compute_units * dev->clock_mhz;
    clGetDeviceInfo(dev->id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache, NULL);
    return (clconv_traits){.size = sizeof(clconv_traits),
                           .macs_per_s = peak,
                           .cache_bytes = (double)cache,
                           .cache_bytes_per_s = 0.5 * peak,
                           .memory_bytes_per_s = 0.15 * peak,
                           .launch_s = 5e-6};
}

static clconv_status query(cl_device_id id, clconv_device *out)
{
    clconv_device dev = {.id = id};
    size_t items[16] = {0}; /* a device may have more than three dimensions */
    cl_device_fp_config config = 0;
    const clconv_status status = check_version(id);
    if (status)
        return status;
    const struct {
        cl_device_info what;
        size_t bytes;
        void *value;
    } rows[] = {
        {CL_DEVICE_TYPE, sizeof dev.type, &dev.type},
        {CL_DEVICE_MAX_COMPUTE_UNITS, sizeof dev.compute_units, &dev.compute_units},
        {CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof dev.native_floats, &dev.native_floats},
        {CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof dev.clock_mhz, &dev.clock_mhz},
        {CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof dev.max_group, &dev.max_group},
        {CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof items, items},
        {CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof dev.max_alloc, &dev.max_alloc},
        {CL_DEVICE_LOCAL_MEM_SIZE, sizeof dev.local_bytes, &dev.local_bytes},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const cl_int err = clGetDeviceInfo(id, rows[i].what, rows[i].bytes, rows[i].value, NULL);
        if (err)
            return clconv_cl_fail(err, "clGetDeviceInfo");
    }
    memcpy(dev.max_item, items, sizeof dev.max_item);
    dev.doubles = !clGetDeviceInfo(id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof config, &config, NULL) &&
                  config != 0;
    if (dev.clock_mhz == 0) /* some drivers do not know */
        dev.clock_mhz = 100;
    dev.wide_vectors = (dev.type & CL_DEVICE_TYPE_CPU) && !(dev.type & CL_DEVICE_TYPE_GPU);
    dev.launch_macs = launch_limit(&dev);
    dev.traits = guess_traits(&dev);
    *out = dev;
    return CLCONV_OK;
}

clconv_status clconv_work_on(const clconv_context *ctx, const clconv_problem *p, clconv_work *out)
{
    const clconv_status status = clconv_work_create(p, out);
    if (status || out->x_dtype != CLCONV_F64 || ctx->dev.doubles)
        return status;
    clconv_work_free(out);
    return clconv_fail(CLCONV_UNSUPPORTED,
                       "float64 on a device without cl_khr_fp64; float32 is there");
}

/* What a binary depends on besides source and options. PoCL tells its compiler's version only in
 * the platform's. */
static void fill_cache_key(clconv_context *ctx)
{
    static const cl_device_info parts[] = {CL_DEVICE_NAME, CL_DEVICE_VENDOR, CL_DEVICE_VERSION,
                                           CL_DRIVER_VERSION};
    enum { PART = 256 };
    char text[PART] = "", *end = ctx->cache_key;
    cl_platform_id platform = NULL;
    clGetDeviceInfo(ctx->dev.id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    if (!clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof text, text, NULL))
        end += sprintf(end, "%s\n", text);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!clGetDeviceInfo(ctx->dev.id, parts[i], sizeof text, text, NULL))
            end += sprintf(end, "%s\n", text);
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
    clRetainDevice(device);
    ctx->cl = context;
    ctx->dev.id = device;
    status = query(device, &ctx->dev);
    if (!status) {
        fill_cache_key(ctx);
        clconv_tuning_load(ctx);
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
    if (!ctx || atomic_fetch_sub(&ctx->shares, 1) > 1)
        return;
    for (size_t i = 0; clconv_algos[i]; i++)
        if (clconv_algos[i]->forget)
            clconv_algos[i]->forget(ctx);
    clconv_programs_release(ctx);
    clconv_tuning_free(ctx);
    if (ctx->stand_in)
        clReleaseMemObject(ctx->stand_in);
    if (ctx->warm_queue)
        clReleaseCommandQueue(ctx->warm_queue);
    clReleaseDevice(ctx->dev.id);
    clReleaseContext(ctx->cl);
    pthread_mutex_destroy(&ctx->lock);
    free(ctx);
}

void clconv_context_stats(const clconv_context *ctx, clconv_stats *out)
{
    if (!ctx || !out || out->size < sizeof out->size)
        return;
    const clconv_stats stats = {
        .size = out->size,
        .programs_built = atomic_load(&ctx->built),
        .programs_loaded = atomic_load(&ctx->loaded),
        .build_ns = atomic_load(&ctx->build_ns),
        .host_allocations = atomic_load(&ctx->allocations),
    };
    clconv_export(out, out->size, &stats, sizeof stats);
}

void clconv_context_traits(const clconv_context *ctx, clconv_traits *out)
{
    if (!ctx || !out || out->size < sizeof out->size)
        return;
    clconv_traits traits = ctx->dev.traits;
    traits.size = out->size;
    clconv_export(out, out->size, &traits, sizeof traits);
}
