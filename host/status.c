/* SPDX-License-Identifier: MIT */
/* Status names, the last-error text of each thread, and the verbose log. */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

static _Thread_local char last_error[1024];

clconv_status clconv_fail(clconv_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

static int verbosity;

static void read_verbosity(void)
{
    const char *text = getenv("CLCONV_VERBOSE");
    verbosity = text ? atoi(text) : 0;
}

void clconv_log(int level, const char *format, ...)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char line[1024];
    va_list arguments;
    pthread_once(&once, read_verbosity);
    if (level > verbosity)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "clconv: %s\n", line); /* one call, so that threads do not mix lines */
}

const char *clconv_last_error(void)
{
    return last_error;
}

static const struct {
    clconv_status status;
    const char *name, *text;
} rows[] = {
#define CLCONV_ROW(name, number, text) {name, #name, text},
    CLCONV_STATUS_MAP(CLCONV_ROW)
#undef CLCONV_ROW
};

const char *clconv_status_name(clconv_status status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].name;
    return "unknown status";
}

const char *clconv_status_text(clconv_status status)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "unknown status";
}

const char *clconv_version(void)
{
    return TEXT(CLCONV_VERSION_MAJOR) "." TEXT(CLCONV_VERSION_MINOR) "." TEXT(CLCONV_VERSION_PATCH);
}
