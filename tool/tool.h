/* SPDX-License-Identifier: MIT */
/* What the subcommands of `clconv` share. */
#ifndef CLCONV_TOOL_H
#define CLCONV_TOOL_H

#include "clconv/clconv.h"
#include "devices.h"
#include "npy.h"

#include <popt.h>

/* ---- Subcommands: each gets its own name as argv[0] and returns an exit status --------------- */

int tool_devices(int argc, const char **argv);
int tool_run(int argc, const char **argv);
int tool_explain(int argc, const char **argv);
int tool_tune(int argc, const char **argv);

/* ---- Errors and command lines: command.c ------------------------------------------------------
 */

/* One sentence on stderr; returns `status`. */
int tool_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, then where to read about the command `name`; returns 2. */
int tool_wrong_usage(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The library's sentence on stderr; 2 for what was decided without a device, else 1. */
int tool_library_error(clconv_status status);

/* Exit 2 naming the algorithms when `name` is none of them; NULL is fine. */
int tool_check_algorithm(const char *name);

enum { TOOL_MAX_OPTIONS = 48 };

typedef struct tool_command {
    const char *arguments; /* what follows the name in the usage line */
    const char *text;      /* after the options: what it does, examples */
    /* Long options only; the `val` of row i is i + 1, `arg` is NULL, the last row is zero. */
    const struct poptOption *options;
} tool_command;

/* What a command line said; all strings are owned. */
typedef struct tool_line {
    char *value[TOOL_MAX_OPTIONS]; /* by row; NULL = not given, "" for an option without value */
    char *operand;                 /* the one argument that is no option */
    bool helped;                   /* --help was answered: nothing else to do */
} tool_line;

/* Exit status 0, or 2 with a sentence printed. An option twice or an unknown one is an error, and
 * so is an operand where `operand` is NULL; else `operand` names the one that must be there. */
int tool_parse(const tool_command *command, const char *operand, int argc, const char **argv,
               tool_line *line);
void tool_line_free(tool_line *line);

/* ---- Devices: open.c --------------------------------------------------------------------------
 */

typedef struct tool_device {
    device_entry entry;
    cl_context cl;
    clconv_context *context;
} tool_device;

/* Chooses (devices.h) and opens. Exit status with a sentence printed. tool_device_close takes a
 * half-opened one too. */
int tool_device_open(const char *wanted, tool_device *out);
void tool_device_close(tool_device *device);

/* Prints "call: OpenCL error -5 on NAME" and returns 1. */
int tool_cl_error(const tool_device *device, const char *call, cl_int error);

#endif
