/* SPDX-License-Identifier: MIT */
/* One device under test: its OpenCL objects, and what stays from one case to the next. */
#ifndef CLCONV_SESSION_H
#define CLCONV_SESSION_H

#include "suite.h"

struct session {
    device_entry device;
    cl_context cl;
    cl_command_queue queue, upload_queue; /* in order */
    clconv_context *ctx;
    cl_ulong max_alloc, global_bytes;
    bool flush; /* the device has no subnormal numbers */
    reference ref;
    float *got[2]; /* output of each run, room for `got_room` elements */
    size_t got_room;
    const float *output; /* the last one read back in this case, or NULL */
};

/* Makes room for two outputs of `elements`; false when the host has none. */
bool session_reserve(session *s, size_t elements);

#endif
