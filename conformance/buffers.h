/* SPDX-License-Identifier: MIT */
/* Device buffers between guard words, and the host's memory of what they held before the run. */
#ifndef CLCONV_BUFFERS_H
#define CLCONV_BUFFERS_H

#include "fence.h"

#include <CL/cl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* parent = [front | payload | back], in bytes; front and back hold the guard word over and over.
 * With front = back = 0 it is a buffer of exactly the payload's size, which bounds checkers see;
 * behind a fence the memory management unit is one. */
typedef struct guarded {
    const char *name;
    cl_mem mem, part;     /* the parent; the payload as a sub-buffer of it, or NULL */
    unsigned char *image; /* what was uploaded: all of the parent */
    fenced host;          /* the memory of `mem`, where it has a fence */
    size_t front, payload, back, unit;
} guarded;

/* What to make: the payload's bytes, or NULL = `fill` everywhere; `unit` is an element's. */
typedef struct guarded_spec {
    const char *name;
    const void *payload;
    uint32_t fill, guard;
    size_t front, bytes, back, unit;
    cl_mem_flags flags;
    bool sub_buffer; /* `front` then is where one may begin on the device */
    cl_mem_flags sub_flags;
    fence_side fence; /* `mem` then is memory of the host */
} guarded_spec;

/* Creates the parent and enqueues its upload on `queue` without waiting; *uploaded (may be NULL) is
 * the upload's event. CL_OUT_OF_HOST_MEMORY when the image cannot be kept. On failure `out` can be
 * released. */
cl_int guarded_create(cl_context context, cl_command_queue queue, const guarded_spec *spec,
                      guarded *out, cl_event *uploaded);

/* Nothing may use the buffer or its upload any more. */
void guarded_release(guarded *g);

/* Where the payload is, for a kernel: a buffer and the byte offset in it. */
cl_mem guarded_mem(const guarded *g);
size_t guarded_offset(const guarded *g);

typedef enum damage { DAMAGE_NONE, DAMAGE_GUARD, DAMAGE_PAYLOAD } damage;

/* Reads the whole parent back (blocking) and looks for bytes that changed: in the guards, and, with
 * `constant`, in the payload. A sentence in `why`. *now = what was read, the caller's to free. */
cl_int guarded_check(cl_command_queue queue, const guarded *g, bool constant, unsigned char **now,
                     damage *found, char *why, size_t room);

#endif
