/* SPDX-License-Identifier: MIT */
/* Device buffers between guard words: created, uploaded, and checked byte for byte after a run. */
#include "buffers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t parent_bytes(const guarded *g)
{
    return g->front + g->payload + g->back;
}

/* The bytes of a word over and over, wherever in it the memory begins. */
static void fill_bytes(unsigned char *at, size_t bytes, uint32_t word)
{
    size_t i = 0;
    for (; i + sizeof word <= bytes; i += sizeof word)
        memcpy(at + i, &word, sizeof word);
    memcpy(at + i, &word, bytes - i);
}

static unsigned char *parent_image(const guarded_spec *spec)
{
    unsigned char *const image = malloc(spec->front + spec->bytes + spec->back);
    if (!image)
        return NULL;
    fill_bytes(image, spec->front, spec->guard);
    if (spec->payload)
        memcpy(image + spec->front, spec->payload, spec->bytes);
    else
        fill_bytes(image + spec->front, spec->bytes, spec->fill);
    fill_bytes(image + spec->front + spec->bytes, spec->back, spec->guard);
    return image;
}

/* A payload of no bytes (N = 0) is a sub-buffer of its first guards: there are no empty ones. */
static cl_int create_part(const guarded_spec *spec, guarded *out)
{
    cl_int err = CL_SUCCESS;
    const cl_buffer_region region = {spec->front, spec->bytes ? spec->bytes : spec->unit};
    out->part =
        clCreateSubBuffer(out->mem, spec->sub_flags, CL_BUFFER_CREATE_TYPE_REGION, &region, &err);
    return err;
}

cl_int guarded_create(cl_context context, cl_command_queue queue, const guarded_spec *spec,
                      guarded *out, cl_event *uploaded)
{
    cl_int err = CL_SUCCESS;
    guarded_spec sized = *spec;
    *out = (guarded){.name = spec->name,
                     .front = spec->front,
                     .payload = spec->bytes,
                     .back = spec->back,
                     .unit = spec->unit};
    if (parent_bytes(out) == 0) /* an OpenCL buffer of no bytes does not exist (N = 0) */
        sized.back = out->back = spec->unit;
    const size_t bytes = parent_bytes(out);
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
    return g->part ? 0 : g->front;
}

/* The first byte of [from, end) that differs, or end. */
static size_t first_change(const guarded *g, const unsigned char *now, size_t from, size_t end)
{
    if (memcmp(g->image + from, now + from, end - from) == 0)
        return end;
    while (g->image[from] == now[from])
        from++;
    return from;
}

/* The element that byte `at` is part of: elements lie before and behind the payload, too. */
static size_t element_start(const guarded *g, size_t at)
{
    const size_t before = g->front % g->unit;
    return at < before ? 0 : at - (at - before) % g->unit;
}

/* "0x3f800000": the bits of the element at `at`, cut at the parent's ends. */
static const char *bits_text(const guarded *g, const unsigned char *bytes, size_t at, char text[24])
{
    uint64_t bits = 0;
    size_t count = parent_bytes(g) - at < g->unit ? parent_bytes(g) - at : g->unit;
    memcpy(&bits, bytes + at, count);
    snprintf(text, 24, "0x%0*llx", (int)(2 * g->unit), (unsigned long long)bits);
    return text;
}

static void say_guard(const guarded *g, const unsigned char *now, size_t at, char *why, size_t room)
{
    const size_t payload_end = g->front + g->payload;
    char bits[24];
    bits_text(g, now, at, bits);
    if (at < g->front)
        snprintf(why, room, "%s: wrote %s at %zu bytes before the buffer's first byte", g->name,
                 bits, g->front - at);
    else
        snprintf(why, room, "%s: wrote %s at %zu bytes past the buffer's end", g->name, bits,
                 at - payload_end);
}

static damage find_damage(const guarded *g, const unsigned char *now, bool constant, char *why,
                          size_t room)
{
    const size_t payload_end = g->front + g->payload;
    char was[24], is[24];
    size_t at = first_change(g, now, 0, g->front);
    if (at == g->front)
        at = first_change(g, now, payload_end, parent_bytes(g));
    if (at != parent_bytes(g)) {
        say_guard(g, now, element_start(g, at), why, room);
        return DAMAGE_GUARD;
    }
    at = constant ? first_change(g, now, g->front, payload_end) : payload_end;
    if (at == payload_end)
        return DAMAGE_NONE;
    at = element_start(g, at);
    snprintf(why, room, "%s: element %zu changed from %s to %s", g->name, (at - g->front) / g->unit,
             bits_text(g, g->image, at, was), bits_text(g, now, at, is));
    return DAMAGE_PAYLOAD;
}

cl_int guarded_check(cl_command_queue queue, const guarded *g, bool constant, unsigned char **now,
                     damage *found, char *why, size_t room)
{
    const size_t bytes = parent_bytes(g);
    *now = malloc(bytes);
    *found = DAMAGE_NONE;
    if (!*now)
        return CL_OUT_OF_HOST_MEMORY;
    const cl_int err = clEnqueueReadBuffer(queue, g->mem, CL_TRUE, 0, bytes, *now, 0, NULL, NULL);
    if (err == CL_SUCCESS)
        *found = find_damage(g, *now, constant, why, room);
    return err;
}
