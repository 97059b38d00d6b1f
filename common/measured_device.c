/* SPDX-License-Identifier: MIT */
/* Opens the device that is measured. */
#include "measured_device.h"

#include "embed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const embedded_file roofline_kernels[];

static void get(cl_device_id device, cl_device_info what, size_t bytes, void *out)
{
    memset(out, 0, bytes);
    clGetDeviceInfo(device, what, bytes, out, NULL);
}

static void get_facts(measured_device *d)
{
    size_t most = 0;
    const cl_device_id id = d->entry.device;
    devices_text(id, CL_DRIVER_VERSION, d->driver, sizeof d->driver);
    devices_text(id, CL_DEVICE_VERSION, d->version, sizeof d->version);
    get(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof d->units, &d->units);
    get(id, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof d->clock_mhz, &d->clock_mhz);
    get(id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof d->cache_bytes, &d->cache_bytes);
    get(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof d->local_bytes, &d->local_bytes);
    get(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof d->max_alloc, &d->max_alloc);
    get(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof d->global_bytes, &d->global_bytes);
    get(id, CL_DEVICE_PROFILING_TIMER_RESOLUTION, sizeof d->timer_ns, &d->timer_ns);
    get(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof most, &most);
    const size_t units = d->units ? d->units : 1;
    const bool cpu = d->entry.type == CL_DEVICE_TYPE_CPU;
    d->group = cpu ? 1 : most < 256 ? most : 256;
    d->groups = cpu ? units : 8 * units;
}

static cl_int open_queues(measured_device *d)
{
    cl_int error = CL_SUCCESS;
    const cl_device_id id = d->entry.device;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)d->entry.platform, 0};
    d->cl = clCreateContext(properties, 1, &id, NULL, NULL, &error);
    if (!error)
        d->queue = clCreateCommandQueue(d->cl, id, 0, &error);
    if (!error)
        d->profiling = clCreateCommandQueue(d->cl, id, CL_QUEUE_PROFILING_ENABLE, &error);
    return error;
}

static cl_int build(measured_device *d)
{
    cl_int error = CL_SUCCESS;
    cl_device_fp_config config = 0;
    const char *source = (const char *)roofline_kernels[0].bytes;
    get(d->entry.device, CL_DEVICE_SINGLE_FP_CONFIG, sizeof config, &config);
    const char *options = config & CL_FP_FMA ? "-D MULTIPLY_ADD=fma" : "";
    d->program = clCreateProgramWithSource(d->cl, 1, &source, &roofline_kernels[0].length, &error);
    return error ? error : clBuildProgram(d->program, 1, &d->entry.device, options, NULL, NULL);
}

int device_open(const char *wanted, measured_device *out, char *why, size_t room)
{
    memset(out, 0, sizeof *out);
    const int status = devices_choose(wanted, &out->entry, why, room);
    if (status)
        return status;
    get_facts(out);
    cl_int error = open_queues(out);
    if (error) {
        snprintf(why, room, "the device \"%s\" cannot be opened: OpenCL error %d", out->entry.name,
                 error);
        return EXIT_DEVICE;
    }
    error = build(out);
    if (error) {
        snprintf(why, room, "the kernels of the roofline do not build on \"%s\": OpenCL error %d",
                 out->entry.name, error);
        return EXIT_DEVICE;
    }
    if (clconv_context_create(out->cl, out->entry.device, &out->ctx) == CLCONV_OK)
        return EXIT_GOOD;
    snprintf(why, room, "%s", clconv_last_error());
    return EXIT_DEVICE;
}

cl_kernel device_kernel(const measured_device *d, const char *name, char *why, size_t room)
{
    cl_int error = CL_SUCCESS;
    cl_kernel kernel = clCreateKernel(d->program, name, &error);
    if (error)
        snprintf(why, room, "kernel %s: OpenCL error %d on %s", name, error, d->entry.name);
    return kernel;
}

void device_close(measured_device *d)
{
    clconv_context_destroy(d->ctx);
    if (d->program)
        clReleaseProgram(d->program);
    if (d->profiling)
        clReleaseCommandQueue(d->profiling);
    if (d->queue)
        clReleaseCommandQueue(d->queue);
    if (d->cl)
        clReleaseContext(d->cl);
}
