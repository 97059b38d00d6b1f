/* SPDX-License-Identifier: MIT */
/* One device under test: its OpenCL objects, and what stays from one case to the next. */
#ifndef CLCONV_SESSION_H
#define CLCONV_SESSION_H

#include "dirty.h"
#include "suite.h"

enum { SESSION_OUTPUTS = 3 };

/* From how many elements in a tensor on a case is large (large.c), and how it is then handled. */
typedef struct large_limits {
    size_t elements, chunk; /* words that go to or from the device at a time */
    size_t samples;         /* outputs that are judged */
} large_limits;

struct session {
    device_entry device;
    cl_context cl;
    cl_command_queue queue, upload_queue; /* in order */
    cl_command_queue_properties order;    /* CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE or 0 */
    clconv_context *ctx;
    dirty dirty;
    cl_ulong max_alloc, global_bytes;
    size_t align_bytes; /* a sub-buffer begins at a multiple of these */
    bool flush;         /* the device has no subnormal numbers */
    bool host_memory;   /* the device uses the host's memory where it is */
    large_limits large;
    reference ref;
    double *got[SESSION_OUTPUTS]; /* the first run's output and a later one's; `got_room` each */
    size_t got_room;
    const double *output; /* the last one read back in this case, or NULL */
};

/* Makes room for the outputs, each of `elements`; false when the host has none. */
bool session_reserve(session *s, size_t elements);

#endif
