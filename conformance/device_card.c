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

static bool query(cl_device_id device, cl_device_info what, size_t size, void *value)
{
    return clGetDeviceInfo(device, what, size, value, NULL) == CL_SUCCESS;
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

static const struct {
    const char *key;
    cl_device_info what;
} numbers[] = {{"compute_units", CL_DEVICE_MAX_COMPUTE_UNITS},
               {"clock_mhz", CL_DEVICE_MAX_CLOCK_FREQUENCY},
               {"max_work_group_size", CL_DEVICE_MAX_WORK_GROUP_SIZE},
               {"local_memory_bytes", CL_DEVICE_LOCAL_MEM_SIZE},
               {"global_memory_bytes", CL_DEVICE_GLOBAL_MEM_SIZE},
               {"largest_buffer_bytes", CL_DEVICE_MAX_MEM_ALLOC_SIZE}};

/* The three dimensions that a launch of ours may have. */
static void add_item_sizes(json_t *card, cl_device_id device)
{
    size_t sizes[16] = {0}; /* a device may have more than three dimensions */
    if (!query(device, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof sizes, sizes))
        return;
    json_object_set_new(
        card, "max_work_item_sizes",
        json_pack("[I, I, I]", (json_int_t)sizes[0], (json_int_t)sizes[1], (json_int_t)sizes[2]));
}

/* OpenCL counts it in bits. */
static void add_alignment(json_t *card, cl_device_id device)
{
    cl_uint bits;
    if (query(device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof bits, &bits))
        json_object_set_new(card, "base_address_align_bytes", json_integer(bits / 8));
}

static bool has_extension(const json_t *extensions, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(extensions, i, one)
    {
        if (strcmp(json_string_value(one), name) == 0)
            return true;
    }
    return false;
}

/* Since OpenCL 2.1 sub-groups are a number, before and beside that an extension. */
static bool has_sub_groups(cl_device_id device, const json_t *extensions)
{
    enum { MAX_NUM_SUB_GROUPS = 0x105C }; /* CL_DEVICE_MAX_NUM_SUB_GROUPS, not in 1.2's header */
    cl_uint most = 0;
    return (query(device, MAX_NUM_SUB_GROUPS, sizeof most, &most) && most > 0) ||
           has_extension(extensions, "cl_khr_subgroups") ||
           has_extension(extensions, "cl_intel_subgroups");
}

static void add_features(json_t *card, cl_device_id device, const json_t *extensions)
{
    cl_device_fp_config single = 0, twice = 0;
    cl_command_queue_properties queue = 0;
    query(device, CL_DEVICE_SINGLE_FP_CONFIG, sizeof single, &single);
    query(device, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof twice, &twice);
    query(device, CL_DEVICE_QUEUE_PROPERTIES, sizeof queue, &queue);
    json_object_set_new(card, "features",
                        json_pack("{s:b, s:b, s:b, s:b, s:b, s:b}", "fp64", twice != 0, "fp16",
                                  (int)has_extension(extensions, "cl_khr_fp16"), "fp32_subnormals",
                                  (single & CL_FP_DENORM) != 0, "fp32_fma",
                                  (single & CL_FP_FMA) != 0, "out_of_order_queue",
                                  (queue & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0,
                                  "sub_groups", (int)has_sub_groups(device, extensions)));
}

json_t *device_card(const device_entry *d)
{
    char text[256];
    json_t *card = json_object();
    add_text(card, "name", d->name);
    add_text(card, "platform", d->platform_name);
    if (clGetPlatformInfo(d->platform, CL_PLATFORM_VERSION, sizeof text, text, NULL) == CL_SUCCESS)
        add_text(card, "platform_version", text);
    add_text(card, "type", type_name(d->type));
    add_property(card, "vendor", d->device, CL_DEVICE_VENDOR);
    add_property(card, "version", d->device, CL_DEVICE_VERSION);
    add_property(card, "driver", d->device, CL_DRIVER_VERSION);
    add_property(card, "opencl_c", d->device, CL_DEVICE_OPENCL_C_VERSION);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        add_number(card, numbers[i].key, d->device, numbers[i].what);
    add_item_sizes(card, d->device);
    add_alignment(card, d->device);
    json_t *extensions = device_extensions(d->device);
    add_features(card, d->device, extensions);
    json_object_set_new(card, "extensions", extensions);
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
