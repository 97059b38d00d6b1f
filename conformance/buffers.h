/* SPDX-License-Identifier: MIT */
/* Device buffers between guard words, and the host's memory of what they held before the run. */
#ifndef CLCONV_BUFFERS_H
#define CLCONV_BUFFERS_H

#include "fence.h"

#include <CL/cl.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* parent = [front | payload | back], in words of 4 bytes; front and back hold the guard word. With
 * front = back = 0 it is a buffer of exactly the payload's size, which bounds checkers see; behind
 * a fence the memory management unit is one. */
typedef struct guarded {
    const char *name;
    cl_mem mem, part; /* the parent; the payload as a sub-buffer of it, or NULL */
    uint32_t *image;  /* what was uploaded: all of the parent */
    fenced host;      /* the memory of `mem`, where it has a fence */
    size_t front, payload, back;
} guarded;

/* What to make: payload words, or NULL = `fill` everywhere. */
typedef struct guarded_spec {
    const char *name;
    const void *payload;
    uint32_t fill, guard;
    size_t front, words, back;
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

/* Reads the whole parent back (blocking) and looks for words that changed: in the guards, and, with
 * `constant`, in the payload. Copies the payload to `out` (may be NULL). A sentence in `why`. */
cl_int guarded_check(cl_command_queue queue, const guarded *g, bool constant, void *out,
                     damage *found, char *why, size_t room);

#endif
