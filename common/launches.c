/* SPDX-License-Identifier: MIT */
/* What launches cost that compute nothing: the device, and the host. */
#include "host_time.h"
#include "progress.h"
#include "roofline.h"
#include "stats.h"

#include <math.h>

enum { REPEATS = 21, QUEUED = 100 };

static cl_int launch(cl_command_queue queue, cl_kernel empty, cl_event *event)
{
    const size_t one = 1;
    return clEnqueueNDRangeKernel(queue, empty, 1, NULL, &one, &one, 0, NULL, event);
}

static cl_ulong event_time(cl_event event, cl_profiling_info what)
{
    cl_ulong ns = 0;
    clGetEventProfilingInfo(event, what, sizeof ns, &ns, NULL);
    return ns;
}

/* Microseconds from the end of a marker to the start of the kernel behind it. */
static double gap(const measured_device *d, cl_kernel empty)
{
    cl_event marker = NULL, event = NULL;
    double us = NAN;
    if (!clEnqueueMarkerWithWaitList(d->profiling, 0, NULL, &marker) &&
        !launch(d->profiling, empty, &event) && !clFinish(d->profiling))
        us = ((double)event_time(event, CL_PROFILING_COMMAND_START) -
              (double)event_time(marker, CL_PROFILING_COMMAND_END)) *
             1e-3;
    if (marker)
        clReleaseEvent(marker);
    if (event)
        clReleaseEvent(event);
    return us;
}

/* Microseconds per launch of `count` in a row and a wait. */
static double launch_time(const measured_device *d, cl_kernel empty, int count)
{
    const double from = progress_now();
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < count && !error; i++)
        error = launch(d->queue, empty, NULL);
    if (!error)
        error = clFinish(d->queue);
    return error ? NAN : (progress_now() - from) * 1e6 / count;
}

/* As a launch of a convolution: as many arguments, in three dimensions. */
static bool launch_idle(void *idle, cl_command_queue queue)
{
    const size_t one[3] = {1, 1, 1};
    return !clEnqueueNDRangeKernel(queue, idle, 3, NULL, one, one, 0, NULL, NULL);
}

/* Arguments of kernel idle: arrays with offsets, then whole numbers of 4 and 8 bytes. */
static cl_int set_idle_args(cl_kernel idle, cl_mem array)
{
    enum { ARRAYS = 4, INTS = 12, LONGS = 8 };
    const cl_ulong zero = 0;
    cl_uint i = 0;
    cl_int error = CL_SUCCESS;
    for (int a = 0; a < ARRAYS && !error; a++) {
        error = clSetKernelArg(idle, i++, sizeof array, &array);
        error = error ? error : clSetKernelArg(idle, i++, sizeof(cl_ulong), &zero);
    }
    for (int n = 0; n < INTS + LONGS && !error; n++)
        error = clSetKernelArg(idle, i++, n < INTS ? sizeof(cl_int) : sizeof(cl_ulong), &zero);
    return error;
}

/* Host microseconds of a launch of `idle`; NAN where it cannot be told. */
static double idle_host_us(const measured_device *d)
{
    char why[256];
    double host[REPEATS];
    size_t count = 0;
    cl_int error = CL_SUCCESS;
    cl_kernel idle = device_kernel(d, "idle", why, sizeof why);
    cl_mem array = clCreateBuffer(d->cl, CL_MEM_READ_WRITE, sizeof(cl_float16), NULL, &error);
    if (idle && array && !set_idle_args(idle, array))
        while (count < REPEATS)
            host[count++] = host_time(d, launch_idle, idle, QUEUED) * 1e6;
    if (array)
        clReleaseMemObject(array);
    if (idle)
        clReleaseKernel(idle);
    return stats_median(host, count);
}

bool launches_measure(const measured_device *d, roofline *out, char *why, size_t room)
{
    double one[REPEATS], queued[REPEATS], gaps[REPEATS];
    cl_kernel empty = device_kernel(d, "empty", why, room);
    if (!empty)
        return false;
    launch_time(d, empty, 1);
    gap(d, empty);
    for (int i = 0; i < REPEATS; i++) {
        one[i] = launch_time(d, empty, 1);
        queued[i] = launch_time(d, empty, QUEUED);
        gaps[i] = gap(d, empty);
    }
    clReleaseKernel(empty);
    out->latency_us = stats_median(one, REPEATS);
    out->launch_us = stats_median(queued, REPEATS);
    out->enqueue_us = idle_host_us(d);
    out->gap_us = fmax(0, stats_median(gaps, REPEATS));
    return true;
}
