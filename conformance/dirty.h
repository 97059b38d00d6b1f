/* SPDX-License-Identifier: MIT */
/* A kernel of the suite's own that leaves NaN in the device's local memory. */
#ifndef CLCONV_DIRTY_H
#define CLCONV_DIRTY_H

#include <CL/cl.h>

#include <stddef.h>

typedef struct dirty {
    cl_program program;
    cl_kernel kernel; /* NULL until the first use */
    size_t global, local;
} dirty;

/* Enqueues the kernel, which is built when it is needed first; *done is its event. */
cl_int dirty_enqueue(dirty *d, cl_command_queue queue, cl_event *done);
void dirty_release(dirty *d);

#endif
