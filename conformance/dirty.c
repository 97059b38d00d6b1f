/* SPDX-License-Identifier: MIT */
/* Fills the local memory with NaN before a convolution. A kernel that reads what it did not write
 * there finds zeros after the start of a driver, and its own values of yesterday in a test. */
#include "dirty.h"

static const char source[] =
    "kernel void fill_local(local volatile uint *memory, const uint words)\n"
    "{\n"
    "    for (uint i = get_local_id(0); i < words; i += get_local_size(0))\n"
    "        memory[i] = 0xffffffffu;\n"
    "}\n";

enum {
    MOST_BYTES = 32 * 1024,
    MOST_ITEMS = 64,    /* of a work-group */
    GROUPS_PER_UNIT = 4 /* so that every compute unit runs some */
};

static cl_int query_sizes(dirty *d, cl_device_id device, cl_uint *words)
{
    cl_ulong local_bytes = 0;
    cl_uint units = 1;
    size_t items = 1;
    cl_int err =
        clGetDeviceInfo(device, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local_bytes, &local_bytes, NULL);
    err = err ? err
              : clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    err = err ? err
              : clGetKernelWorkGroupInfo(d->kernel, device, CL_KERNEL_WORK_GROUP_SIZE, sizeof items,
                                         &items, NULL);
    if (local_bytes / 2 > MOST_BYTES) /* half: PoCL ends the process when a kernel needs too much */
        local_bytes = 2 * MOST_BYTES;
    *words = (cl_uint)(local_bytes / 2 / sizeof(cl_uint));
    d->local = items < MOST_ITEMS ? items : MOST_ITEMS;
    d->global = d->local * units * GROUPS_PER_UNIT;
    return err;
}

static cl_int build(dirty *d, cl_context context, cl_device_id device)
{
    const char *text = source;
    cl_int err = CL_SUCCESS;
    cl_uint words = 0;
    d->program = clCreateProgramWithSource(context, 1, &text, NULL, &err);
    err = err ? err : clBuildProgram(d->program, 1, &device, "", NULL, NULL);
    if (err == CL_SUCCESS)
        d->kernel = clCreateKernel(d->program, "fill_local", &err);
    err = err ? err : query_sizes(d, device, &words);
    err = err ? err : clSetKernelArg(d->kernel, 0, words * sizeof words, NULL);
    err = err ? err : clSetKernelArg(d->kernel, 1, sizeof words, &words);
    if (err != CL_SUCCESS)
        dirty_release(d);
    return err;
}

cl_int dirty_enqueue(dirty *d, cl_command_queue queue, cl_event *done)
{
    cl_int err = CL_SUCCESS;
    if (!d->kernel) {
        cl_context context = NULL;
        cl_device_id device = NULL;
        err = clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
        err =
            err ? err : clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof device, &device, NULL);
        err = err ? err : build(d, context, device);
    }
    return err ? err
               : clEnqueueNDRangeKernel(queue, d->kernel, 1, NULL, &d->global, &d->local, 0, NULL,
                                        done);
}

void dirty_release(dirty *d)
{
    if (d->kernel)
        clReleaseKernel(d->kernel);
    if (d->program)
        clReleaseProgram(d->program);
    *d = (dirty){0};
}
