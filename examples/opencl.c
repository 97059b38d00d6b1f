/* SPDX-License-Identifier: MIT */
/* The OpenCL side of the longer examples: a device, a context, a queue, buffers. */
#include "opencl.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_PLATFORMS = 16 };

void check_cl(cl_int err, const char *what)
{
    if (err != CL_SUCCESS) {
        fprintf(stderr, "%s failed with OpenCL error %d\n", what, err);
        exit(EXIT_FAILURE);
    }
}

void check_conv(clconv_status status)
{
    if (status != CLCONV_OK) {
        fprintf(stderr, "%s\n", clconv_last_error());
        exit(EXIT_FAILURE);
    }
}

static cl_device_id first_device(void)
{
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint count = 0;
    cl_device_id device = NULL;
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &count) != CL_SUCCESS)
        return NULL;
    for (cl_uint i = 0; i < count && i < MAX_PLATFORMS && !device; i++)
        clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device, NULL);
    return device;
}

void opencl_open(opencl *cl)
{
    *cl = (opencl){.device = first_device()};
    if (!cl->device) {
        fprintf(stderr, "no OpenCL device on this machine\n");
        exit(77);
    }
    cl_int err = CL_SUCCESS;
    cl->context = clCreateContext(NULL, 1, &cl->device, NULL, NULL, &err);
    check_cl(err, "clCreateContext");

    cl_command_queue_properties can = 0;
    clGetDeviceInfo(cl->device, CL_DEVICE_QUEUE_PROPERTIES, sizeof can, &can, NULL);
    cl->queue = clCreateCommandQueue(cl->context, cl->device,
                                     can & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &err);
    check_cl(err, "clCreateCommandQueue");
    clGetDeviceInfo(cl->device, CL_DEVICE_NAME, sizeof cl->name, cl->name, NULL);
}

void opencl_close(opencl *cl)
{
    clReleaseCommandQueue(cl->queue);
    clReleaseContext(cl->context);
}

cl_mem opencl_buffer(const opencl *cl, const float *values, size_t count)
{
    cl_int err = CL_SUCCESS;
    cl_mem_flags flags = CL_MEM_READ_WRITE | (values ? CL_MEM_COPY_HOST_PTR : 0);
    /* OpenCL takes a pointer to non-const here, and only reads through it. */
    cl_mem buffer =
        clCreateBuffer(cl->context, flags, count * sizeof *values, (void *)values, &err);
    check_cl(err, "clCreateBuffer");
    return buffer;
}
