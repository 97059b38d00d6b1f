/* SPDX-License-Identifier: MIT */
/* Allocates, fills and reads the buffers of a layer. */
#include "arena.h"

#include "elements.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an op writes; the rest it reads. */
static const bool written[][ARRAYS] = {
    [CLCONV_FORWARD] = {[ARRAY_Y] = true},
    [CLCONV_BACKWARD_DATA] = {[ARRAY_X] = true},
    [CLCONV_BACKWARD_WEIGHTS] = {[ARRAY_W] = true, [ARRAY_B] = true}};
static const char *const names[ARRAYS] = {"x", "w", "b", "y"};

bool arena_writes(const arena *a, int i)
{
    return a->bytes[i] && written[a->problem.op][i];
}

static const verifier *verifier_of(const arena *a, int i)
{
    return i == ARRAY_B ? &a->bias : &a->verifier;
}

const char *arena_element(const arena *a, int i)
{
    return verifier_of(a, i)->name;
}

void *arena_map(const arena *a, int i, cl_map_flags flags)
{
    cl_int error = CL_SUCCESS;
    void *data = clEnqueueMapBuffer(a->device->queue, a->mem[i], CL_TRUE, flags, 0, a->bytes[i], 0,
                                    NULL, NULL, &error);
    return error ? NULL : data;
}

void arena_unmap(const arena *a, int i, void *data)
{
    if (data)
        clEnqueueUnmapMemObject(a->device->queue, a->mem[i], data, 0, NULL, NULL);
    clFinish(a->device->queue);
}

static arena_state check_sizes(arena *a, char *why, size_t room)
{
    uint64_t total = 0;
    clconv_work_size size = {.size = sizeof size};
    if (clconv_problem_work(&a->problem, &size) != CLCONV_OK)
        return snprintf(why, room, "%s", clconv_last_error()), ARENA_BROKEN;
    const uint64_t bytes[] = {size.x_bytes, size.w_bytes, size.b_bytes, size.y_bytes};
    for (int i = 0; i < ARRAYS; i++) {
        a->bytes[i] = (size_t)bytes[i];
        total += bytes[i];
        if (bytes[i] > a->device->max_alloc)
            return snprintf(why, room,
                            "%s has %" PRIu64
                            " bytes, but one buffer of this device holds %" PRIu64,
                            names[i], bytes[i], (uint64_t)a->device->max_alloc),
                   ARENA_TOO_LARGE;
    }
    if (total > a->device->global_bytes)
        return snprintf(why, room,
                        "x, w, b and y have %" PRIu64 " bytes, but this device has %" PRIu64, total,
                        (uint64_t)a->device->global_bytes),
               ARENA_TOO_LARGE;
    return ARENA_GOOD;
}

static bool reads(const arena *a, int i)
{
    return a->mem[i] && !arena_writes(a, i);
}

/* New data, counted as in arrays.h, that array i has now, too; NULL with *error. */
static float *fill_array(const arena *a, int i, int amplitude, uint64_t seed, cl_int *error)
{
    const int32_t dtype = array_dtype(&a->problem, i);
    const size_t count = a->bytes[i] / element_bytes(dtype);
    float *values = malloc(count * sizeof *values);
    void *memory = values ? arena_map(a, i, CL_MAP_READ | CL_MAP_WRITE) : NULL;
    if (!memory) {
        *error = values ? CL_MAP_FAILURE : CL_OUT_OF_HOST_MEMORY;
        free(values);
        return NULL;
    }
    verify_fill(values, count, dtype, amplitude, seed * ARRAYS + (uint64_t)i);
    array_store(&a->problem, i, values, count, memory);
    arena_unmap(a, i, memory);
    return values;
}

/* Data in what is read, and from these what must be written. */
static cl_int fill(arena *a, int amplitude, uint64_t seed)
{
    cl_int error = CL_SUCCESS;
    float *values[ARRAYS] = {NULL};
    for (int i = 0; i < ARRAYS && !error; i++)
        if (reads(a, i))
            values[i] = fill_array(a, i, amplitude, seed, &error);
    if (!error) {
        const verify_inputs in = {values[ARRAY_X], values[ARRAY_W], values[ARRAY_B],
                                  values[ARRAY_Y]};
        verify_prepare(&a->problem, &in, &a->verifier);
        if (arena_writes(a, ARRAY_B))
            verify_prepare_bias(&a->problem, &in, &a->bias);
    }
    for (int i = 0; i < ARRAYS; i++)
        free(values[i]);
    return error;
}

arena_state arena_open(const measured_device *d, const case_spec *spec, uint64_t seed, arena *out,
                       char *why, size_t room)
{
    cl_int error = CL_SUCCESS;
    memset(out, 0, sizeof *out);
    out->device = d;
    out->problem = case_problem(spec);
    const arena_state state = check_sizes(out, why, room);
    if (state != ARENA_GOOD)
        return state;
    const int amplitude = verify_amplitude(&out->problem);
    if (amplitude < 1)
        return snprintf(why, room,
                        "an element of the result sums %.0f products, but %.0f at most are exact "
                        "in %s: take fewer channels, images or pixels",
                        verify_terms(&out->problem), verify_most_terms(&out->problem),
                        element_name(out->problem.x.dtype)),
               ARENA_TOO_LARGE;
    for (int i = 0; i < ARRAYS && !error; i++)
        if (out->bytes[i])
            out->mem[i] = clCreateBuffer(d->cl, CL_MEM_READ_WRITE, out->bytes[i], NULL, &error);
    if (!error)
        error = fill(out, amplitude, seed);
    if (!error)
        return ARENA_GOOD;
    snprintf(why, room, "the buffers of the layer: OpenCL error %d", error);
    return ARENA_BROKEN;
}

static void release(const cl_mem mem[ARRAYS])
{
    for (int i = 0; i < ARRAYS; i++)
        if (mem[i])
            clReleaseMemObject(mem[i]);
}

void arena_close(arena *a)
{
    release(a->mem);
}

bool arena_move(arena *a)
{
    cl_mem moved[ARRAYS] = {NULL};
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < ARRAYS && !error; i++)
        if (a->mem[i])
            moved[i] = clCreateBuffer(a->device->cl, CL_MEM_READ_WRITE, a->bytes[i], NULL, &error);
    for (int i = 0; i < ARRAYS && !error; i++)
        if (reads(a, i))
            error = clEnqueueCopyBuffer(a->device->queue, a->mem[i], moved[i], 0, 0, a->bytes[i], 0,
                                        NULL, NULL);
    if (!error)
        error = clFinish(a->device->queue);
    release(error ? moved : a->mem);
    if (!error)
        memcpy(a->mem, moved, sizeof moved);
    return !error;
}

bool arena_poison(const arena *a)
{
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < ARRAYS && !error; i++) {
        const int32_t dtype = array_dtype(&a->problem, i);
        if (arena_writes(a, i))
            error = clEnqueueFillBuffer(a->device->queue, a->mem[i], element_unset(dtype),
                                        element_bytes(dtype), 0, a->bytes[i], 0, NULL, NULL);
    }
    return !error && !clFinish(a->device->queue);
}

static bool verify_array(const arena *a, int i, bool exact, char *why, size_t room)
{
    void *data = arena_map(a, i, CL_MAP_READ);
    if (!data)
        return snprintf(why, room, "%s cannot be read back", names[i]), false;
    const bool right = verify_outputs(verifier_of(a, i), data, exact, why, room);
    arena_unmap(a, i, data);
    return right;
}

bool arena_verify(const arena *a, bool exact, char *why, size_t room)
{
    bool right = true;
    for (int i = 0; i < ARRAYS && right; i++)
        right = !arena_writes(a, i) || verify_array(a, i, exact, why, room);
    return right;
}
