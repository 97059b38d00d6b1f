/* SPDX-License-Identifier: MIT */
/* One convolution or gradient of host arrays through the public API: buffers, plan, enqueue, read
 * back. */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct job {
    const tool_device *device;
    const run_request *request;
    cl_command_queue queue;
    clconv_plan *plan;
    cl_mem mem[TENSORS]; /* NULL = no bias */
} job;

/* OpenCL has no empty buffers, so an empty array gets the smallest one. */
static size_t buffer_bytes(const npy_array *array)
{
    return array->bytes ? array->bytes : 4;
}

/* A bias that there is not has no dimensions. */
static bool is_there(const npy_array *array)
{
    return array->shape.rank > 0;
}

/* Before anything is allocated on the device: is each array small enough for it. */
static int check_limits(const tool_device *device, const run_request *request,
                        const npy_array array[TENSORS])
{
    cl_ulong most = 0, total = 0;
    uint64_t sum = 0;
    clGetDeviceInfo(device->entry.device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof most, &most, NULL);
    clGetDeviceInfo(device->entry.device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof total, &total, NULL);
    for (run_tensor t = 0; t < TENSORS; t++) {
        sum += array[t].bytes;
        if (array[t].bytes > most)
            return tool_fail(EXIT_DEVICE,
                             "%s has %zu bytes, but one buffer of %s holds at most "
                             "%" PRIu64,
                             run_options[run_file(request, t)].longName, array[t].bytes,
                             device->entry.name, (uint64_t)most);
    }
    if (sum > total)
        return tool_fail(EXIT_DEVICE,
                         "inputs and outputs have %" PRIu64 " bytes together, but %s has "
                         "%" PRIu64,
                         sum, device->entry.name, (uint64_t)total);
    return EXIT_GOOD;
}

static int make_plan(job *j, const char *algorithm)
{
    const clconv_plan_options options = {.size = sizeof options, .algorithm = algorithm};
    const clconv_status status =
        clconv_plan_create(j->device->context, &j->request->problem, &options, &j->plan);
    return status ? tool_library_error(status) : EXIT_GOOD;
}

/* A buffer for every array, the inputs' data copied into theirs. */
static int fill_buffers(job *j, const npy_array array[TENSORS])
{
    for (run_tensor t = 0; t < TENSORS; t++) {
        cl_int error = CL_SUCCESS;
        const bool output = run_writes(j->request, t);
        if (!is_there(&array[t]))
            continue;
        j->mem[t] = clCreateBuffer(j->device->cl, output ? CL_MEM_READ_WRITE : CL_MEM_READ_ONLY,
                                   buffer_bytes(&array[t]), NULL, &error);
        if (error)
            return tool_cl_error(j->device, "clCreateBuffer", error);
        if (!output && array[t].bytes)
            error = clEnqueueWriteBuffer(j->queue, j->mem[t], CL_TRUE, 0, array[t].bytes,
                                         array[t].data, 0, NULL, NULL);
        if (error)
            return tool_cl_error(j->device, "clEnqueueWriteBuffer", error);
    }
    return EXIT_GOOD;
}

static int convolve(job *j, npy_array array[TENSORS])
{
    const clconv_args args = {
        .size = sizeof args,
        .x.mem = j->mem[TENSOR_X],
        .w.mem = j->mem[TENSOR_W],
        .b.mem = j->mem[TENSOR_B],
        .y.mem = j->mem[TENSOR_Y],
        .residual.mem = j->mem[TENSOR_RESIDUAL],
        .alpha = j->request->problem.epilogue || j->mem[TENSOR_RESIDUAL] ? j->request->alpha : 0,
        .beta = j->mem[TENSOR_RESIDUAL] ? j->request->beta : 0};
    cl_event done = NULL;
    const clconv_status status = clconv_enqueue(j->plan, j->queue, &args, 0, NULL, &done);
    if (status)
        return tool_library_error(status);
    cl_int error = clWaitForEvents(1, &done); /* a failed kernel is an error here */
    clReleaseEvent(done);
    if (error)
        return tool_cl_error(j->device, "running the kernels", error);
    for (run_tensor t = 0; t < TENSORS && !error; t++)
        if (run_writes(j->request, t) && array[t].bytes)
            error = clEnqueueReadBuffer(j->queue, j->mem[t], CL_TRUE, 0, array[t].bytes,
                                        array[t].data, 0, NULL, NULL);
    return error ? tool_cl_error(j->device, "clEnqueueReadBuffer", error) : EXIT_GOOD;
}

/* How much the outputs need, whether the device holds that, and only then the memory for it. */
static int allocate_outputs(const tool_device *device, const run_request *request,
                            npy_array array[TENSORS])
{
    clconv_work_size work = {.size = sizeof work};
    const clconv_status status = clconv_problem_work(&request->problem, &work);
    if (status)
        return tool_library_error(status);
    const uint64_t bytes[TENSORS] = {work.x_bytes, work.w_bytes, work.b_bytes, work.y_bytes};
    for (run_tensor t = 0; t < TENSORS; t++)
        if (run_writes(request, t))
            array[t].bytes = (size_t)bytes[t];
    if (check_limits(device, request, array))
        return EXIT_DEVICE;
    for (run_tensor t = 0; t < TENSORS; t++)
        if (run_writes(request, t) && is_there(&array[t])) {
            array[t].data = malloc(buffer_bytes(&array[t]));
            if (!array[t].data)
                return tool_fail(EXIT_DEVICE, "no host memory for an output of %zu bytes",
                                 array[t].bytes);
        }
    return EXIT_GOOD;
}

int run_convolve(const tool_device *device, const run_request *request, const char *algorithm,
                 npy_array array[TENSORS])
{
    job j = {.device = device, .request = request};
    cl_int error = CL_SUCCESS;
    int status = allocate_outputs(device, request, array);
    if (status == EXIT_GOOD)
        status = make_plan(&j, algorithm);
    if (status == EXIT_GOOD) {
        j.queue = clCreateCommandQueue(device->cl, device->entry.device, 0, &error);
        status = error ? tool_cl_error(device, "clCreateCommandQueue", error) : EXIT_GOOD;
    }
    if (status == EXIT_GOOD)
        status = fill_buffers(&j, array);
    if (status == EXIT_GOOD)
        status = convolve(&j, array);
    for (run_tensor t = 0; t < TENSORS; t++)
        if (j.mem[t])
            clReleaseMemObject(j.mem[t]);
    clconv_plan_destroy(j.plan);
    if (j.queue)
        clReleaseCommandQueue(j.queue);
    return status;
}
