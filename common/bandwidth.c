/* SPDX-License-Identifier: MIT */
/* Measures how many bytes the device moves at each level of its memory. */
#include "roofline.h"

#include "progress.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>

enum { COPY, TRIAD, STREAMS };
static const char *const stream_kernel[STREAMS] = {"copy", "triad"};
static const int stream_arrays[STREAMS] = {2, 3}; /* that a working set consists of */

static const double smallest = 32 << 10, /* bytes */
    enough = 5e-4,                       /* seconds of one launch */
    allowed = 2.0;                       /* seconds for all working sets */

typedef struct streams {
    const measured_device *device;
    cl_kernel kernel[STREAMS];
    cl_mem mem[3];
} streams;

/* Seconds of one launch over a working set; NAN = it failed. */
static double stream_time(const streams *s, int which, double bytes, cl_int passes)
{
    const size_t items = s->device->groups * s->device->group;
    const cl_int vectors = (cl_int)(bytes / stream_arrays[which] / (16 * sizeof(float)));
    clSetKernelArg(s->kernel[which], 3, sizeof vectors, &vectors);
    clSetKernelArg(s->kernel[which], 4, sizeof passes, &passes);
    const double from = progress_now();
    cl_int error = clEnqueueNDRangeKernel(s->device->queue, s->kernel[which], 1, NULL, &items,
                                          &s->device->group, 0, NULL, NULL);
    if (!error)
        error = clFinish(s->device->queue);
    return error ? NAN : progress_now() - from;
}

/* GB/s, best and worst of ROOF_ROUNDS; passes are doubled until a launch is long enough. */
static bool measure_stream(const streams *s, int which, double bytes, double *best, double *worst)
{
    cl_int passes = 1;
    double seconds;
    stream_time(s, which, bytes, 1); /* touches the pages */
    while ((seconds = stream_time(s, which, bytes, passes)) < enough && passes < 1 << 24)
        passes *= 2;
    const double vectors = floor(bytes / stream_arrays[which] / (16 * sizeof(float)));
    const double moved = vectors * 16 * sizeof(float) * stream_arrays[which] * passes * 1e-9;
    *best = 0;
    *worst = INFINITY;
    for (int round = 0; round < ROOF_ROUNDS && !isnan(seconds); round++) {
        seconds = stream_time(s, which, bytes, passes);
        *best = fmax(*best, moved / seconds);
        *worst = fmin(*worst, moved / seconds);
    }
    return !isnan(seconds);
}

static bool measure_level(const streams *s, double bytes, roof_level *level)
{
    double best[STREAMS], worst[STREAMS];
    for (int i = 0; i < STREAMS; i++)
        if (!measure_stream(s, i, bytes, &best[i], &worst[i]))
            return false;
    const int faster = best[TRIAD] > best[COPY];
    *level = (roof_level){bytes, best[COPY], best[TRIAD],
                          100 * (best[faster] - worst[faster]) / best[faster]};
    return true;
}

/* The arrays of the largest working set; those of a smaller one begin where these do. */
static bool open_streams(const measured_device *d, double largest, streams *s, char *why,
                         size_t room)
{
    cl_int error = CL_SUCCESS;
    s->device = d;
    for (int i = 0; i < 3 && !error; i++)
        s->mem[i] = clCreateBuffer(d->cl, CL_MEM_READ_WRITE,
                                   (size_t)(largest / (i < 2 ? 2 : 3)) + 64, NULL, &error);
    if (error)
        return snprintf(why, room, "no buffers for the roofline: OpenCL error %d", error), false;
    for (int k = 0; k < STREAMS; k++) {
        s->kernel[k] = device_kernel(d, stream_kernel[k], why, room);
        for (cl_uint i = 0; i < 3 && s->kernel[k]; i++)
            clSetKernelArg(s->kernel[k], i, sizeof s->mem[i], &s->mem[i]);
    }
    return s->kernel[COPY] && s->kernel[TRIAD];
}

static void close_streams(streams *s)
{
    for (int i = 0; i < 3; i++)
        if (s->mem[i])
            clReleaseMemObject(s->mem[i]);
    for (int k = 0; k < STREAMS; k++)
        if (s->kernel[k])
            clReleaseKernel(s->kernel[k]);
}

/* Four times the last cache, as far as the device can hold it. */
static double largest_set(const measured_device *d)
{
    const double wanted = 4 * (d->cache_bytes ? (double)d->cache_bytes : 16 << 20);
    return fmin(wanted, fmin((double)d->max_alloc, (double)d->global_bytes / 4));
}

bool bandwidth_measure(const measured_device *d, roofline *out, char *why, size_t room)
{
    streams s = {0};
    const double largest = largest_set(d);
    bool good = open_streams(d, largest, &s, why, room);
    for (int i = 0; i < STREAMS && good; i++)
        stream_time(&s, i, smallest, 1); /* the first launch compiles, on some drivers */
    const double from = progress_now();
    double bytes = smallest;
    while (good && out->levels < ROOF_LEVELS) {
        good = measure_level(&s, bytes, &out->level[out->levels]);
        if (!good)
            snprintf(why, room, "the kernels of the roofline do not run on %s", d->entry.name);
        out->levels += good;
        if (bytes >= largest || progress_now() - from > allowed)
            break;
        /* Past the last cache there is only one more level to see. */
        bytes = 2 * bytes > (double)d->cache_bytes ? largest : 2 * bytes;
    }
    close_streams(&s);
    return good;
}

bool roofline_measure(const measured_device *d, roofline *out, char *why, size_t room)
{
    *out = (roofline){0};
    return peaks_measure(d, out, why, room) && bandwidth_measure(d, out, why, room) &&
           launches_measure(d, out, why, room);
}
