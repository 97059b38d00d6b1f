/* SPDX-License-Identifier: MIT */
/* Opens the chosen device for the subcommands that compute. */
#include "tool.h"

#include <string.h>

int tool_cl_error(const tool_device *device, const char *call, cl_int error)
{
    return tool_fail(EXIT_DEVICE, "%s: OpenCL error %d on %s", call, error, device->entry.name);
}

int tool_device_open(const char *wanted, tool_device *out)
{
    char why[700];
    cl_int error = CL_SUCCESS;
    memset(out, 0, sizeof *out);
    const int status = devices_choose(wanted, &out->entry, why, sizeof why);
    if (status)
        return tool_fail(status, "%s", why);
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)out->entry.platform, 0};
    out->cl = clCreateContext(properties, 1, &out->entry.device, NULL, NULL, &error);
    if (error)
        return tool_cl_error(out, "clCreateContext", error);
    const clconv_status created = clconv_context_create(out->cl, out->entry.device, &out->context);
    return created ? tool_library_error(created) : EXIT_GOOD;
}

void tool_device_close(tool_device *device)
{
    clconv_context_destroy(device->context);
    if (device->cl)
        clReleaseContext(device->cl);
}
