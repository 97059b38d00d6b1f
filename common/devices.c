/* SPDX-License-Identifier: MIT */
/* Finds OpenCL devices and chooses one. */
#include "devices.h"
#include "options.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Printable ASCII only: names go to terminals, JSON and XML, and some drivers use Latin-1. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

const char *devices_text(cl_device_id device, cl_device_info what, char *text, size_t room)
{
    size_t needed = 0;
    text[0] = '\0';
    if (clGetDeviceInfo(device, what, 0, NULL, &needed) != CL_SUCCESS || needed == 0)
        return text;
    char *whole = malloc(needed + 1);
    if (whole && clGetDeviceInfo(device, what, needed, whole, NULL) == CL_SUCCESS) {
        whole[needed] = '\0';
        const char *first = whole + strspn(whole, " \t\n"); /* some drivers pad their names */
        size_t length = strlen(first);
        while (length && strchr(" \t\n", first[length - 1]))
            length--;
        snprintf(text, room, "%.*s", (int)length, first);
        make_printable(text);
    }
    free(whole);
    return text;
}

/* Adds the devices of one platform; false when memory is exhausted. */
static bool add_platform(cl_platform_id platform, device_entry **list, size_t *count)
{
    cl_uint found = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &found) != CL_SUCCESS || found == 0)
        return true; /* CL_DEVICE_NOT_FOUND is how a platform without devices answers */
    cl_device_id *ids = malloc(found * sizeof *ids);
    device_entry *grown = realloc(*list, (*count + found) * sizeof **list);
    if (grown)
        *list = grown;
    const bool good = ids && grown &&
                      clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, found, ids, NULL) == CL_SUCCESS;
    for (cl_uint i = 0; good && i < found; i++) {
        device_entry *entry = &grown[(*count)++];
        memset(entry, 0, sizeof *entry);
        entry->platform = platform;
        entry->device = ids[i];
        devices_text(ids[i], CL_DEVICE_NAME, entry->name, sizeof entry->name);
        clGetDeviceInfo(ids[i], CL_DEVICE_TYPE, sizeof entry->type, &entry->type, NULL);
        clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof entry->platform_name,
                          entry->platform_name, NULL);
        make_printable(entry->platform_name);
    }
    free(ids);
    return ids && grown;
}

size_t devices_list(device_entry **out)
{
    cl_uint platforms = 0;
    size_t count = 0;
    *out = NULL;
    if (clGetPlatformIDs(0, NULL, &platforms) != CL_SUCCESS || platforms == 0)
        return 0;
    cl_platform_id *ids = malloc(platforms * sizeof *ids);
    if (ids && clGetPlatformIDs(platforms, ids, NULL) == CL_SUCCESS)
        for (cl_uint i = 0; i < platforms && add_platform(ids[i], out, &count); i++)
            ;
    free(ids);
    if (count == 0) {
        free(*out);
        *out = NULL;
    }
    return count;
}

/* GPU before ACCELERATOR before CPU, each only where it is the device's whole type: Oclgrind claims
 * all types at once. Else the first device. */
static size_t preferred(const device_entry *list, size_t count)
{
    static const cl_device_type order[] = {CL_DEVICE_TYPE_GPU, CL_DEVICE_TYPE_ACCELERATOR,
                                           CL_DEVICE_TYPE_CPU};
    for (size_t t = 0; t < sizeof order / sizeof order[0]; t++)
        for (size_t i = 0; i < count; i++)
            if (list[i].type == order[t])
                return i;
    return 0;
}

/* The one device that `wanted` names; `count` with a sentence when none or several are named.
 * `source` is who wants it, for the sentence. */
static size_t named(const char *source, const char *wanted, const device_entry *list, size_t count,
                    char *why, size_t room)
{
    int64_t index = 0;
    size_t found = count, second = count;
    const bool number = options_integer(wanted, &index); /* never part of a name: "5" is no "512" */
    if (number && index >= 0 && (uint64_t)index < count)
        return (size_t)index;
    for (size_t i = count; i-- > 0;)
        if (!number && strstr(list[i].name, wanted)) {
            second = found;
            found = i;
        }
    if (found == count)
        snprintf(why, room,
                 "%s '%s' is neither an index from 0 to %zu nor part of a device's "
                 "name; 'clconv devices' lists them",
                 source, wanted, count - 1);
    else if (second != count)
        snprintf(why, room,
                 "%s '%s' names several devices, such as %zu (%s) and %zu (%s); "
                 "give an index",
                 source, wanted, found, list[found].name, second, list[second].name);
    return second == count ? found : count;
}

int devices_choose(const char *wanted, device_entry *out, char *why, size_t room)
{
    device_entry *list = NULL;
    const size_t count = devices_list(&list);
    if (count == 0) {
        snprintf(why, room,
                 "no OpenCL device found; install a driver, for a CPU the package "
                 "pocl-opencl-icd, and look at 'clinfo -l'");
        return EXIT_NO_DEVICE;
    }
    const char *source = wanted ? "device" : "CLCONV_DEVICE";
    if (!wanted) {
        wanted = getenv("CLCONV_DEVICE");
        if (wanted && !*wanted)
            wanted = NULL; /* set to nothing = not set */
    }
    const size_t chosen =
        wanted ? named(source, wanted, list, count, why, room) : preferred(list, count);
    if (chosen < count)
        *out = list[chosen];
    free(list);
    return chosen < count ? EXIT_GOOD : EXIT_USAGE;
}
