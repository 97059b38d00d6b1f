/* SPDX-License-Identifier: MIT */
/* The device that is measured: its OpenCL objects, what it says about itself, the bench's own
 * kernels. */
#ifndef CLCONV_BENCH_DEVICE_H
#define CLCONV_BENCH_DEVICE_H

#include "clconv/clconv.h"
#include "devices.h"

typedef struct bench_device {
    device_entry entry;
    char driver[128], version[128];
    cl_uint units, clock_mhz;
    cl_ulong cache_bytes, local_bytes, max_alloc, global_bytes;
    size_t timer_ns; /* resolution of event times */
    size_t group;    /* work-items per group of the bench's own kernels: 1 on a CPU */
    size_t groups;   /* that fill the device */
    cl_context cl;
    cl_command_queue queue, profiling; /* in order; the second takes event times */
    cl_program program;                /* cl/bench.cl */
    clconv_context *ctx;               /* of what is measured; a rival has its own */
} bench_device;

/* Exit status, with a sentence in `why`. device_close takes a half-opened one too. */
int device_open(const char *wanted, bench_device *out, char *why, size_t room);
void device_close(bench_device *d);

/* A kernel of cl/bench.cl; NULL with a sentence. */
cl_kernel device_kernel(const bench_device *d, const char *name, char *why, size_t room);

#endif
