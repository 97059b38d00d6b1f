/* SPDX-License-Identifier: MIT */
/* Finds OpenCL devices and chooses one the way every clConv program does. */
#ifndef CLCONV_DEVICES_H
#define CLCONV_DEVICES_H

#include <CL/cl.h>

#include <stdbool.h>
#include <stddef.h>

/* Exit codes of every program (README, "Exit status"). */
enum {
    EXIT_GOOD = 0,
    EXIT_DEVICE = 1, /* needed the device to know: unsupported there, refused, I/O, a case failed */
    EXIT_USAGE = 2,  /* decided without a device */
    EXIT_EVIDENCE = 3, /* too little evidence */
    EXIT_NO_DEVICE = 77
};

typedef struct device_entry {
    cl_platform_id platform;
    cl_device_id device;
    char name[256], platform_name[256];
    cl_device_type type;
} device_entry;

/* Every device of every platform, in the order `clconv devices` prints; platforms without devices
 * are skipped. *out is malloc'ed (NULL when there are none). Returns how many. */
size_t devices_list(device_entry **out);

/* Chooses by `wanted`: a whole number is an index as `clconv devices` prints it, anything else a
 * substring of the name (case counts). NULL = CLCONV_DEVICE, else the first device whose type is
 * exactly GPU, else ACCELERATOR, else CPU, else the first. Returns EXIT_GOOD, or EXIT_USAGE /
 * EXIT_NO_DEVICE with a sentence in `why`. */
int devices_choose(const char *wanted, device_entry *out, char *why, size_t room);

/* A string property of a device ("" when the query fails), e.g. CL_DRIVER_VERSION. Returns text. */
const char *devices_text(cl_device_id device, cl_device_info what, char *text, size_t room);

#endif
