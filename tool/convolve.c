/* SPDX-License-Identifier: MIT */
/* One convolution of host arrays through the public API: buffers, plan, enqueue, read back. */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>

enum { IN_X, IN_W, IN_B, OUT_Y, ARRAYS };

typedef struct job {
    const tool_device *device;
    cl_command_queue queue;
    clconv_plan *plan;
    cl_mem mem[ARRAYS]; /* NULL = no bias */
} job;

/* OpenCL has no empty buffers, so an empty array gets the smallest one. */
static size_t buffer_bytes(const npy_array *array)
{
    return array->bytes ? array->bytes : 4;
}

/* Before anything is allocated on the device: is each array small enough for it. */
static int check_limits(const tool_device *device, const npy_array *const array[ARRAYS])
{
    static const char *const name[ARRAYS] = {"x", "w", "b", "y"};
    cl_ulong most = 0, total = 0;
    uint64_t sum = 0;
    clGetDeviceInfo(device->entry.device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof most, &most, NULL);
    clGetDeviceInfo(device->entry.device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof total, &total, NULL);
    for (size_t i = 0; i < ARRAYS; i++) {
        sum += array[i]->bytes;
        if (array[i]->bytes > most)
            return tool_fail(EXIT_DEVICE,
                             "%s has %zu bytes, but one buffer of %s holds at most "
                             "%" PRIu64,
                             name[i], array[i]->bytes, device->entry.name, (uint64_t)most);
    }
    if (sum > total)
        return tool_fail(EXIT_DEVICE,
                         "x, w, b and y have %" PRIu64 " bytes together, but %s has "
                         "%" PRIu64,
                         sum, device->entry.name, (uint64_t)total);
    return EXIT_GOOD;
}

static int make_plan(job *j, const clconv_problem *p, const char *algorithm)
{
    const clconv_plan_options options = {.size = sizeof options, .algorithm = algorithm};
    const clconv_status status = clconv_plan_create(j->device->context, p, &options, &j->plan);
    return status ? tool_library_error(status) : EXIT_GOOD;
}

/* A buffer for every array, the inputs' data copied into theirs. */
static int fill_buffers(job *j, const npy_array *const array[ARRAYS])
{
    for (size_t i = 0; i < ARRAYS; i++) {
        cl_int error = CL_SUCCESS;
        if (!array[i]->data)
            continue;
        j->mem[i] = clCreateBuffer(j->device->cl, i == OUT_Y ? CL_MEM_READ_WRITE : CL_MEM_READ_ONLY,
                                   buffer_bytes(array[i]), NULL, &error);
        if (error)
            return tool_cl_error(j->device, "clCreateBuffer", error);
        if (i != OUT_Y && array[i]->bytes)
            error = clEnqueueWriteBuffer(j->queue, j->mem[i], CL_TRUE, 0, array[i]->bytes,
                                         array[i]->data, 0, NULL, NULL);
        if (error)
            return tool_cl_error(j->device, "clEnqueueWriteBuffer", error);
    }
    return EXIT_GOOD;
}

static int convolve(job *j, npy_array *y)
{
    const clconv_args args = {.size = sizeof args,
                              .x.mem = j->mem[IN_X],
                              .w.mem = j->mem[IN_W],
                              .b.mem = j->mem[IN_B],
                              .y.mem = j->mem[OUT_Y]};
    cl_event done = NULL;
    const clconv_status status = clconv_enqueue(j->plan, j->queue, &args, 0, NULL, &done);
    if (status)
        return tool_library_error(status);
    cl_int error = clWaitForEvents(1, &done); /* a failed kernel is an error here */
    clReleaseEvent(done);
    if (error)
        return tool_cl_error(j->device, "running the kernels", error);
    if (y->bytes)
        error = clEnqueueReadBuffer(j->queue, j->mem[OUT_Y], CL_TRUE, 0, y->bytes, y->data, 0, NULL,
                                    NULL);
    return error ? tool_cl_error(j->device, "clEnqueueReadBuffer", error) : EXIT_GOOD;
}

/* How much y needs, whether the device holds that, and only then the memory for it. */
static int allocate_output(const tool_device *device, const clconv_problem *p,
                           const npy_array *const array[ARRAYS], npy_array *y)
{
    clconv_work_size work = {.size = sizeof work};
    const clconv_status status = clconv_problem_work(p, &work);
    if (status)
        return tool_library_error(status);
    y->bytes = (size_t)work.y_bytes;
    if (check_limits(device, array))
        return EXIT_DEVICE;
    y->data = malloc(buffer_bytes(y));
    return y->data ? EXIT_GOOD
                   : tool_fail(EXIT_DEVICE, "no host memory for the %zu bytes of y", y->bytes);
}

int run_convolve(const tool_device *device, const clconv_problem *p, const char *algorithm,
                 const npy_array *x, const npy_array *w, const npy_array *b, npy_array *y)
{
    job j = {.device = device};
    cl_int error = CL_SUCCESS;
    const npy_array *const array[ARRAYS] = {x, w, b, y};
    int status = allocate_output(device, p, array, y);
    if (status == EXIT_GOOD)
        status = make_plan(&j, p, algorithm);
    if (status == EXIT_GOOD) {
        j.queue = clCreateCommandQueue(device->cl, device->entry.device, 0, &error);
        status = error ? tool_cl_error(device, "clCreateCommandQueue", error) : EXIT_GOOD;
    }
    if (status == EXIT_GOOD)
        status = fill_buffers(&j, array);
    if (status == EXIT_GOOD)
        status = convolve(&j, y);
    for (size_t i = 0; i < ARRAYS; i++)
        if (j.mem[i])
            clReleaseMemObject(j.mem[i]);
    clconv_plan_destroy(j.plan);
    if (j.queue)
        clReleaseCommandQueue(j.queue);
    return status;
}
