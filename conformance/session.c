/* SPDX-License-Identifier: MIT */
/* Opens and closes the device under test. */
#include "session.h"

#include <stdlib.h>

static cl_int open_queues(session *s)
{
    cl_int err = CL_SUCCESS;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)s->device.platform, 0};
    s->cl = clCreateContext(properties, 1, &s->device.device, NULL, NULL, &err);
    if (err == CL_SUCCESS)
        s->queue = clCreateCommandQueue(s->cl, s->device.device, 0, &err);
    if (err == CL_SUCCESS)
        s->upload_queue = clCreateCommandQueue(s->cl, s->device.device, 0, &err);
    return err;
}

static cl_int query_limits(session *s)
{
    cl_device_fp_config config = 0;
    cl_uint align_bits = 0;
    const cl_device_id id = s->device.device;
    cl_int err =
        clGetDeviceInfo(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof s->max_alloc, &s->max_alloc, NULL);
    if (err == CL_SUCCESS)
        err = clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof s->global_bytes,
                              &s->global_bytes, NULL);
    if (err == CL_SUCCESS)
        err = clGetDeviceInfo(id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof config, &config, NULL);
    if (err == CL_SUCCESS)
        err = clGetDeviceInfo(id, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof align_bits, &align_bits,
                              NULL);
    if (err == CL_SUCCESS)
        err = clGetDeviceInfo(id, CL_DEVICE_QUEUE_PROPERTIES, sizeof s->order, &s->order, NULL);
    cl_bool unified = CL_FALSE;
    if (err == CL_SUCCESS)
        err = clGetDeviceInfo(id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, NULL);
    s->host_memory = unified == CL_TRUE;
    s->order &= CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
    s->align_bytes = align_bits > 32 ? align_bits / 8 : 4;
    s->flush = !(config & CL_FP_DENORM);
    return err;
}

session *session_open(const device_entry *device, char *why, size_t room)
{
    session *const s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(why, room, "no host memory for a session");
        return NULL;
    }
    s->device = *device;
    s->large = (large_limits){.elements = INT32_MAX, .chunk = 1 << 22, .samples = 100000};
    cl_int err = query_limits(s);
    if (err == CL_SUCCESS)
        err = open_queues(s);
    if (err != CL_SUCCESS) {
        snprintf(why, room, "the device \"%s\" cannot be opened: OpenCL error %d", device->name,
                 err);
    } else if (clconv_context_create(s->cl, device->device, &s->ctx) == CLCONV_OK) {
        return s;
    } else {
        snprintf(why, room, "%s", clconv_last_error());
    }
    session_close(s);
    return NULL;
}

void session_close(session *s)
{
    if (!s)
        return;
    clconv_context_destroy(s->ctx);
    dirty_release(&s->dirty);
    if (s->upload_queue)
        clReleaseCommandQueue(s->upload_queue);
    if (s->queue)
        clReleaseCommandQueue(s->queue);
    if (s->cl)
        clReleaseContext(s->cl);
    reference_free(&s->ref);
    for (int i = 0; i < SESSION_OUTPUTS; i++)
        free(s->got[i]);
    free(s);
}

bool session_tensors(const session *s, case_tensors *out)
{
    *out = (case_tensors){&s->ref, s->output};
    return s->output != NULL;
}

bool session_reserve(session *s, size_t elements)
{
    bool have = true;
    if (elements <= s->got_room)
        return true;
    for (int i = 0; i < SESSION_OUTPUTS; i++) {
        free(s->got[i]);
        s->got[i] = malloc(elements * sizeof **s->got);
        have = have && s->got[i];
    }
    s->got_room = have ? elements : 0;
    return have;
}
