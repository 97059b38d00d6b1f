/* SPDX-License-Identifier: MIT */
/* The extensions of a device, whose list may be longer than any buffer of ours. */
#include "runner.h"

#include <stdlib.h>
#include <string.h>

json_t *device_extensions(cl_device_id device)
{
    size_t size = 0;
    json_t *list = json_array();
    if (clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, 0, NULL, &size) != CL_SUCCESS)
        return list;
    char *text = calloc(1, size + 1), *rest = text;
    if (text && clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, size, text, NULL) == CL_SUCCESS)
        for (char *at; (at = strtok_r(rest, " ", &rest));)
            json_array_append_new(list, json_string(report_clean(at)));
    free(text);
    return list;
}
