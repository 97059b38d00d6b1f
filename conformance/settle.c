/* SPDX-License-Identifier: MIT */
/* What an error means for the case that it happened to. */
#include "trial.h"

#include <stdarg.h>

bool settle(trial *t, case_state state, const char *kind, const char *format, ...)
{
    va_list list;
    t->verdict.state = state;
    snprintf(t->verdict.kind, sizeof t->verdict.kind, "%s", kind);
    va_start(list, format);
    vsnprintf(t->verdict.reason, sizeof t->verdict.reason, format, list);
    va_end(list);
    return false;
}

/* Anything that has no row is an api_error. */
bool settle_status(trial *t, clconv_status status, const char *call)
{
    static const struct {
        clconv_status status;
        case_state state;
        const char *kind;
    } rows[] = {
        {CLCONV_NOT_IN_VERSION, STATE_SKIP, "version"},
        {CLCONV_UNSUPPORTED, STATE_UNSUPPORTED, "device"},
        {CLCONV_ALGORITHM_REFUSES, STATE_REFUSED, "refused"},
        {CLCONV_OUT_OF_MEMORY, STATE_SKIP, "device_memory"},
        {CLCONV_BUILD_FAILED, STATE_FAIL, "build_error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return settle(t, rows[i].state, rows[i].kind, "%s", clconv_last_error());
    return settle(t, STATE_FAIL, "api_error", "%s gave %s: %s", call, clconv_status_name(status),
                  clconv_last_error());
}

/* CL_OUT_OF_RESOURCES is no lack of memory: drivers return it after a kernel has crashed. */
bool settle_cl(trial *t, cl_int err, const char *call)
{
    if (err == CL_MEM_OBJECT_ALLOCATION_FAILURE || err == CL_OUT_OF_HOST_MEMORY)
        return settle(t, STATE_SKIP, "device_memory", "%s: out of memory (%d)", call, err);
    return settle(t, STATE_FAIL, "api_error", "%s: OpenCL error %d", call, err);
}
