/* SPDX-License-Identifier: MIT */
/* Allocates, fills and reads the buffers of a layer. */
#include "arena.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What an op writes; the rest it reads. */
static const bool written[][ARENA_ARRAYS] = {
    [CLCONV_FORWARD] = {[ARENA_Y] = true},
    [CLCONV_BACKWARD_DATA] = {[ARENA_X] = true},
    [CLCONV_BACKWARD_WEIGHTS] = {[ARENA_W] = true, [ARENA_B] = true}};
static const char *const names[ARENA_ARRAYS] = {"x", "w", "b", "y"};

bool arena_writes(const arena *a, int i)
{
    return a->bytes[i] && written[a->problem.op][i];
}

static const verifier *verifier_of(const arena *a, int i)
{
    return i == ARENA_B ? &a->bias : &a->verifier;
}

const char *arena_element(const arena *a, int i)
{
    return verifier_of(a, i)->name;
}

float *arena_map(const arena *a, int i, cl_map_flags flags)
{
    cl_int error = CL_SUCCESS;
    float *data = clEnqueueMapBuffer(a->device->queue, a->mem[i], CL_TRUE, flags, 0, a->bytes[i], 0,
                                     NULL, NULL, &error);
    return error ? NULL : data;
}

void arena_unmap(const arena *a, int i, float *data)
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
    for (int i = 0; i < ARENA_ARRAYS; i++) {
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

/* Data in what is read, and from these what must be written. */
static bool fill(arena *a, int amplitude, uint64_t seed)
{
    float *data[ARENA_ARRAYS] = {NULL};
    bool mapped = true;
    for (int i = 0; i < ARENA_ARRAYS; i++)
        if (reads(a, i)) {
            data[i] = arena_map(a, i, CL_MAP_READ | CL_MAP_WRITE);
            mapped = mapped && data[i];
        }
    if (mapped) {
        for (int i = 0; i < ARENA_ARRAYS; i++)
            if (data[i])
                verify_fill(data[i], a->bytes[i] / sizeof(float), amplitude,
                            seed * ARENA_ARRAYS + (uint64_t)i);
        const verify_inputs in = {data[ARENA_X], data[ARENA_W], data[ARENA_B], data[ARENA_Y]};
        verify_prepare(&a->problem, &in, &a->verifier);
        if (arena_writes(a, ARENA_B))
            verify_prepare_bias(&a->problem, &in, &a->bias);
    }
    for (int i = 0; i < ARENA_ARRAYS; i++)
        if (data[i])
            arena_unmap(a, i, data[i]);
    return mapped;
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
        return snprintf(
                   why, room,
                   "an element of the result sums over 2^24 products: no data are exact; fewer "
                   "channels, images or pixels are"),
               ARENA_TOO_LARGE;
    for (int i = 0; i < ARENA_ARRAYS && !error; i++)
        if (out->bytes[i])
            out->mem[i] = clCreateBuffer(d->cl, CL_MEM_READ_WRITE, out->bytes[i], NULL, &error);
    if (!error && fill(out, amplitude, seed))
        return ARENA_GOOD;
    snprintf(why, room, "the buffers of the layer: OpenCL error %d",
             error ? error : CL_MAP_FAILURE);
    return ARENA_BROKEN;
}

static void release(const cl_mem mem[ARENA_ARRAYS])
{
    for (int i = 0; i < ARENA_ARRAYS; i++)
        if (mem[i])
            clReleaseMemObject(mem[i]);
}

void arena_close(arena *a)
{
    release(a->mem);
}

bool arena_move(arena *a)
{
    cl_mem moved[ARENA_ARRAYS] = {NULL};
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < ARENA_ARRAYS && !error; i++)
        if (a->mem[i])
            moved[i] = clCreateBuffer(a->device->cl, CL_MEM_READ_WRITE, a->bytes[i], NULL, &error);
    for (int i = 0; i < ARENA_ARRAYS && !error; i++)
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
    const float nothing = NAN;
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < ARENA_ARRAYS && !error; i++)
        if (arena_writes(a, i))
            error = clEnqueueFillBuffer(a->device->queue, a->mem[i], &nothing, sizeof nothing, 0,
                                        a->bytes[i], 0, NULL, NULL);
    return !error && !clFinish(a->device->queue);
}

static bool verify_array(const arena *a, int i, bool exact, char *why, size_t room)
{
    float *data = arena_map(a, i, CL_MAP_READ);
    if (!data)
        return snprintf(why, room, "%s cannot be read back", names[i]), false;
    const bool right = verify_outputs(verifier_of(a, i), data, exact, why, room);
    arena_unmap(a, i, data);
    return right;
}

bool arena_verify(const arena *a, bool exact, char *why, size_t room)
{
    bool right = true;
    for (int i = 0; i < ARENA_ARRAYS && right; i++)
        right = !arena_writes(a, i) || verify_array(a, i, exact, why, room);
    return right;
}
