/* SPDX-License-Identifier: MIT */
/* The device that is measured: its OpenCL objects, what it says about itself, our own
 * kernels. */
#ifndef CLCONV_MEASURED_DEVICE_H
#define CLCONV_MEASURED_DEVICE_H

#include "clconv/clconv.h"
#include "devices.h"

typedef struct measured_device {
    device_entry entry;
    char driver[128], version[128];
    cl_uint units, clock_mhz;
    cl_ulong cache_bytes, local_bytes, max_alloc, global_bytes;
    size_t timer_ns; /* resolution of event times */
    size_t group;    /* work-items per group of our own kernels: 1 on a CPU */
    size_t groups;   /* that fill the device */
    cl_context cl;
    cl_command_queue queue, profiling; /* in order; the second takes event times */
    cl_program program;                /* roofline.cl */
    clconv_context *ctx;               /* of what is measured; a rival has its own */
} measured_device;

/* Exit status, with a sentence in `why`. device_close takes a half-opened one too. */
int device_open(const char *wanted, measured_device *out, char *why, size_t room);
void device_close(measured_device *d);

/* A kernel of roofline.cl; NULL with a sentence. */
cl_kernel device_kernel(const measured_device *d, const char *name, char *why, size_t room);

#endif
