/* SPDX-License-Identifier: MIT */
/* The OpenCL side of the longer examples: a device, a context, a queue, buffers. */
#ifndef EXAMPLES_OPENCL_H
#define EXAMPLES_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <clconv/clconv.h>

#include <stddef.h>

typedef struct opencl {
    cl_device_id device;
    cl_context context;
    cl_command_queue queue; /* out of order where the device can */
    char name[128];
} opencl;

/* Opens the first device; exits with 77 and a sentence when there is none. */
void opencl_open(opencl *cl);
void opencl_close(opencl *cl);

/* A buffer of `count` floats, filled from `values` unless that is NULL. */
cl_mem opencl_buffer(const opencl *cl, const float *values, size_t count);

/* Exits with a sentence unless the call was good. */
void check_cl(cl_int err, const char *what);
void check_conv(clconv_status status);

#endif
