/* SPDX-License-Identifier: MIT */
/* Opens the device under test and describes it for the report. */
#include "runner.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    cl_device_type type;
    const char *name;
} device_types[] = {{CL_DEVICE_TYPE_GPU, "GPU"},
                    {CL_DEVICE_TYPE_ACCELERATOR, "accelerator"},
                    {CL_DEVICE_TYPE_CPU, "CPU"}};

static const char *type_name(cl_device_type type)
{
    for (size_t i = 0; i < sizeof device_types / sizeof device_types[0]; i++)
        if (device_types[i].type == type)
            return device_types[i].name;
    return "several";
}

static void add_text(json_t *card, const char *key, const char *value)
{
    char text[256];
    snprintf(text, sizeof text, "%s", value);
    json_object_set_new(card, key, json_string(report_clean(text)));
}

static void add_property(json_t *card, const char *key, cl_device_id device, cl_device_info what)
{
    char text[256];
    add_text(card, key, devices_text(device, what, text, sizeof text));
}

/* A whole number of 4 or 8 bytes, as the device returns it; absent when the query fails. */
static void add_number(json_t *card, const char *key, cl_device_id device, cl_device_info what)
{
    unsigned char bytes[8];
    size_t size = 0;
    cl_uint narrow = 0;
    cl_ulong wide = 0;
    if (clGetDeviceInfo(device, what, sizeof bytes, bytes, &size) != CL_SUCCESS)
        return;
    if (size == sizeof narrow)
        memcpy(&narrow, bytes, sizeof narrow);
    else if (size == sizeof wide)
        memcpy(&wide, bytes, sizeof wide);
    json_object_set_new(card, key, json_integer((json_int_t)(size == 4 ? narrow : wide)));
}

json_t *device_card(const device_entry *d)
{
    json_t *card = json_object();
    add_text(card, "name", d->name);
    add_text(card, "platform", d->platform_name);
    add_text(card, "type", type_name(d->type));
    add_property(card, "vendor", d->device, CL_DEVICE_VENDOR);
    add_property(card, "version", d->device, CL_DEVICE_VERSION);
    add_property(card, "driver", d->device, CL_DRIVER_VERSION);
    add_property(card, "opencl_c", d->device, CL_DEVICE_OPENCL_C_VERSION);
    add_number(card, "compute_units", d->device, CL_DEVICE_MAX_COMPUTE_UNITS);
    add_number(card, "clock_mhz", d->device, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    add_number(card, "max_work_group_size", d->device, CL_DEVICE_MAX_WORK_GROUP_SIZE);
    add_number(card, "local_memory_bytes", d->device, CL_DEVICE_LOCAL_MEM_SIZE);
    add_number(card, "global_memory_bytes", d->device, CL_DEVICE_GLOBAL_MEM_SIZE);
    add_number(card, "largest_buffer_bytes", d->device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    json_object_set_new(card, "extensions", device_extensions(d->device));
    return card;
}

/* What --device takes to find this one again: its name, or its index when names are ambiguous. */
static void find_selector(const device_entry *d, char *text, size_t room)
{
    device_entry *all = NULL;
    const size_t count = devices_list(&all);
    size_t matches = 0, index = 0;
    for (size_t i = 0; i < count; i++) {
        matches += strstr(all[i].name, d->name) != NULL;
        index = all[i].device == d->device ? i : index;
    }
    if (matches == 1)
        snprintf(text, room, "%s", d->name);
    else
        snprintf(text, room, "%zu", index);
    free(all);
}

int open_device(const char *wanted, opened_device *out, char *why, size_t room)
{
    device_entry device;
    *out = (opened_device){0};
    const int code = devices_choose(wanted, &device, why, room);
    if (code != EXIT_GOOD)
        return code;
    out->session = session_open(&device, why, room);
    if (!out->session)
        return EXIT_DEVICE;
    out->card = device_card(&device);
    find_selector(&device, out->selector, sizeof out->selector);
    return EXIT_GOOD;
}
