/* SPDX-License-Identifier: MIT */
/* Device buffers between guard words: created, uploaded, and checked word for word after a run. */
#include "buffers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t parent_words(const guarded *g)
{
    return g->front + g->payload + g->back;
}

static void fill_words(uint32_t *at, size_t words, uint32_t value)
{
    for (size_t i = 0; i < words; i++)
        at[i] = value;
}

static uint32_t *parent_image(const guarded_spec *spec)
{
    const size_t words = spec->front + spec->words + spec->back;
    uint32_t *const image = malloc(words * sizeof *image);
    if (!image)
        return NULL;
    fill_words(image, spec->front, spec->guard);
    if (spec->payload)
        memcpy(image + spec->front, spec->payload, spec->words * sizeof *image);
    else
        fill_words(image + spec->front, spec->words, spec->fill);
    fill_words(image + spec->front + spec->words, spec->back, spec->guard);
    return image;
}

/* A payload of no bytes (N = 0) is a sub-buffer of its first guard word: there are no empty ones.
 */
static cl_int create_part(const guarded_spec *spec, guarded *out)
{
    cl_int err = CL_SUCCESS;
    const cl_buffer_region region = {spec->front * sizeof(uint32_t),
                                     (spec->words ? spec->words : 1) * sizeof(uint32_t)};
    out->part =
        clCreateSubBuffer(out->mem, spec->sub_flags, CL_BUFFER_CREATE_TYPE_REGION, &region, &err);
    return err;
}

cl_int guarded_create(cl_context context, cl_command_queue queue, const guarded_spec *spec,
                      guarded *out, cl_event *uploaded)
{
    cl_int err = CL_SUCCESS;
    guarded_spec sized = *spec;
    *out = (guarded){
        .name = spec->name, .front = spec->front, .payload = spec->words, .back = spec->back};
    if (parent_words(out) == 0)
        sized.back = out->back = 1; /* an OpenCL buffer of no bytes does not exist (N = 0) */
    const size_t bytes = parent_words(out) * sizeof(uint32_t);
    out->image = parent_image(&sized);
    if (!out->image)
        return CL_OUT_OF_HOST_MEMORY;
    if (spec->fence != FENCE_NONE && !fence_open(&out->host, bytes, spec->fence))
        return CL_OUT_OF_HOST_MEMORY;
    const cl_mem_flags where = out->host.memory ? CL_MEM_USE_HOST_PTR : 0;
    out->mem = clCreateBuffer(context, spec->flags | where, bytes, out->host.memory, &err);
    if (err == CL_SUCCESS)
        err = clEnqueueWriteBuffer(queue, out->mem, CL_FALSE, 0, bytes, out->image, 0, NULL,
                                   uploaded);
    if (err == CL_SUCCESS && spec->sub_buffer)
        err = create_part(spec, out);
    return err;
}

void guarded_release(guarded *g)
{
    if (g->part)
        clReleaseMemObject(g->part);
    if (g->mem)
        clReleaseMemObject(g->mem);
    fence_close(&g->host);
    free(g->image);
    *g = (guarded){0};
}

cl_mem guarded_mem(const guarded *g)
{
    return g->part ? g->part : g->mem;
}

size_t guarded_offset(const guarded *g)
{
    return g->part ? 0 : g->front * sizeof(uint32_t);
}

/* Index of the first word of [from, end) that differs, or end. */
static size_t first_change(const guarded *g, const uint32_t *now, size_t from, size_t end)
{
    if (memcmp(g->image + from, now + from, (end - from) * sizeof *now) == 0)
        return end;
    while (g->image[from] == now[from])
        from++;
    return from;
}

static void say_guard(const guarded *g, const uint32_t *now, size_t at, char *why, size_t room)
{
    const size_t payload_end = g->front + g->payload;
    if (at < g->front)
        snprintf(why, room, "%s: wrote 0x%08x at %zu bytes before the buffer's first byte", g->name,
                 (unsigned)now[at], (g->front - at) * sizeof *now);
    else
        snprintf(why, room, "%s: wrote 0x%08x at %zu bytes past the buffer's end", g->name,
                 (unsigned)now[at], (at - payload_end) * sizeof *now);
}

static damage find_damage(const guarded *g, const uint32_t *now, bool constant, char *why,
                          size_t room)
{
    const size_t payload_end = g->front + g->payload;
    size_t at = first_change(g, now, 0, g->front);
    if (at == g->front)
        at = first_change(g, now, payload_end, parent_words(g));
    if (at != parent_words(g)) {
        say_guard(g, now, at, why, room);
        return DAMAGE_GUARD;
    }
    at = constant ? first_change(g, now, g->front, payload_end) : payload_end;
    if (at == payload_end)
        return DAMAGE_NONE;
    snprintf(why, room, "%s: element %zu changed from 0x%08x to 0x%08x", g->name, at - g->front,
             (unsigned)g->image[at], (unsigned)now[at]);
    return DAMAGE_PAYLOAD;
}

cl_int guarded_check(cl_command_queue queue, const guarded *g, bool constant, void *out,
                     damage *found, char *why, size_t room)
{
    const size_t bytes = parent_words(g) * sizeof(uint32_t);
    uint32_t *const now = malloc(bytes);
    *found = DAMAGE_NONE;
    if (!now)
        return CL_OUT_OF_HOST_MEMORY;
    const cl_int err = clEnqueueReadBuffer(queue, g->mem, CL_TRUE, 0, bytes, now, 0, NULL, NULL);
    if (err == CL_SUCCESS) {
        *found = find_damage(g, now, constant, why, room);
        if (out)
            memcpy(out, now + g->front, g->payload * sizeof *now);
    }
    free(now);
    return err;
}
