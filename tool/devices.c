/* SPDX-License-Identifier: MIT */
/* `clconv devices`: what this machine offers, for a person or as JSON. */
#include "tool.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JSON };
static const struct poptOption options[] = {
    {"json", '\0', POPT_ARG_NONE, NULL, JSON + 1, "the same as JSON", NULL}, POPT_TABLEEND};

static const tool_command command = {
    "[--json]",
    "\nLists the OpenCL devices of this machine. The index or any part of the name that only one\n"
    "device has is what --device and CLCONV_DEVICE take. '*' marks the device that is used\n"
    "without them.\n"
    "\n"
    "Examples\n"
    "  clconv devices\n"
    "  clconv devices --json | jq '.devices[] | .name'\n"
    "  CLCONV_DEVICE=1 clconv devices          shows what that would choose\n",
    options};

/* What matters here about a device. */
typedef struct facts {
    char driver[128], version[128], c_version[128];
    char type[48];
    cl_uint units, clock;
    cl_ulong global, largest, local;
    size_t group;
    bool fp64, fp16, out_of_order, unified;
} facts;

static void get(cl_device_id device, cl_device_info what, size_t bytes, void *out)
{
    memset(out, 0, bytes);
    clGetDeviceInfo(device, what, bytes, out, NULL);
}

/* "CPU", or every type a device claims. */
static void type_text(cl_device_type type, char *text, size_t room)
{
    static const struct {
        cl_device_type bit;
        const char *name;
    } row[] = {
        {CL_DEVICE_TYPE_GPU, "GPU"},
        {CL_DEVICE_TYPE_ACCELERATOR, "ACCELERATOR"},
        {CL_DEVICE_TYPE_CPU, "CPU"},
        {CL_DEVICE_TYPE_CUSTOM, "CUSTOM"},
    };
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        if ((type & row[i].bit) && used < room)
            used +=
                (size_t)snprintf(text + used, room - used, "%s%s", used ? "+" : "", row[i].name);
}

static bool has_extension(cl_device_id device, const char *extension)
{
    char list[8192];
    devices_text(device, CL_DEVICE_EXTENSIONS, list, sizeof list);
    return strstr(list, extension) != NULL;
}

static facts get_facts(const device_entry *entry)
{
    const cl_device_id id = entry->device;
    facts f;
    cl_command_queue_properties queue = 0;
    cl_bool unified = CL_FALSE;
    memset(&f, 0, sizeof f);
    devices_text(id, CL_DRIVER_VERSION, f.driver, sizeof f.driver);
    devices_text(id, CL_DEVICE_VERSION, f.version, sizeof f.version);
    devices_text(id, CL_DEVICE_OPENCL_C_VERSION, f.c_version, sizeof f.c_version);
    type_text(entry->type, f.type, sizeof f.type);
    get(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof f.units, &f.units);
    get(id, CL_DEVICE_MAX_CLOCK_FREQUENCY, sizeof f.clock, &f.clock);
    get(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof f.global, &f.global);
    get(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof f.largest, &f.largest);
    get(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof f.local, &f.local);
    get(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof f.group, &f.group);
    get(id, CL_DEVICE_QUEUE_PROPERTIES, sizeof queue, &queue);
    get(id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified);
    f.fp64 = has_extension(id, "cl_khr_fp64");
    f.fp16 = has_extension(id, "cl_khr_fp16");
    f.out_of_order = (queue & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) != 0;
    f.unified = unified == CL_TRUE;
    return f;
}

/* "15.2 GiB", "32 KiB" */
static const char *size_text(cl_ulong bytes, char text[24])
{
    static const char *const unit[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t i = 0;
    for (; value >= 1024 && i < 4; i++)
        value /= 1024;
    snprintf(text, 24, value == (double)(uint64_t)value ? "%.0f %s" : "%.1f %s", value, unit[i]);
    return text;
}

static void print_device(size_t index, const device_entry *entry, bool chosen)
{
    const facts f = get_facts(entry);
    char global[24], largest[24], local[24];
    printf("%c %zu  %s\n", chosen ? '*' : ' ', index, entry->name);
    printf("      platform    %s (%s)\n", entry->platform_name, f.version);
    printf("      type        %s, driver %s, %s\n", f.type, f.driver, f.c_version);
    printf("      compute     %u units at %u MHz, work-groups up to %zu\n", f.units, f.clock,
           f.group);
    printf("      memory      %s, largest buffer %s, local %s\n", size_text(f.global, global),
           size_text(f.largest, largest), size_text(f.local, local));
    printf(
        "      features    fp64 %s, fp16 %s, out-of-order queue %s, memory shared with host %s\n",
        f.fp64 ? "yes" : "no", f.fp16 ? "yes" : "no", f.out_of_order ? "yes" : "no",
        f.unified ? "yes" : "no");
}

static json_t *device_json(size_t index, const device_entry *entry, bool chosen)
{
    const facts f = get_facts(entry);
    return json_pack("{s:I, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, "
                     "s:b, s:b, s:b}",
                     "index", (json_int_t)index, "chosen", chosen, "name", entry->name, "platform",
                     entry->platform_name, "type", f.type, "driver", f.driver, "version", f.version,
                     "opencl_c_version", f.c_version, "compute_units", (json_int_t)f.units,
                     "clock_mhz", (json_int_t)f.clock, "global_bytes", (json_int_t)f.global,
                     "max_alloc_bytes", (json_int_t)f.largest, "local_bytes", (json_int_t)f.local,
                     "max_work_group", (json_int_t)f.group, "fp64", f.fp64, "fp16", f.fp16,
                     "out_of_order_queue", f.out_of_order, "host_unified_memory", f.unified);
}

static void print_json(const device_entry *list, size_t count, size_t chosen)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(devices, device_json(i, &list[i], i == chosen));
    json_t *root = json_pack("{s:o}", "devices", devices);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

/* A CLCONV_DEVICE that names no single device spoils the mark, not the list. */
static int print_devices(bool json)
{
    char why[700];
    device_entry *list = NULL, choice;
    const size_t count = devices_list(&list);
    const int status = devices_choose(NULL, &choice, why, sizeof why);
    size_t chosen = 0;
    while (chosen < count && (status || list[chosen].device != choice.device))
        chosen++;
    if (json)
        print_json(list, count, chosen);
    for (size_t i = 0; i < count && !json; i++)
        print_device(i, &list[i], i == chosen);
    free(list);
    fflush(stdout);
    return status ? tool_fail(status, "%s", why) : EXIT_GOOD;
}

int tool_devices(int argc, const char **argv)
{
    tool_line line;
    int status = tool_parse(&command, NULL, argc, argv, &line);
    if (status == EXIT_GOOD && !line.helped)
        status = print_devices(line.value[JSON] != NULL);
    tool_line_free(&line);
    return status;
}
