/* SPDX-License-Identifier: MIT */
/* Lists the programs that the library builds on a GPU for the layers of a table, without one: the
 * OpenCL calls of planning are answered here, and clBuildProgram writes down what it was given.
 *
 * usage: offline_programs FOLDER LAYERS.csv...
 * FOLDER gets <stem>.cl, the source; stdout a line `stem<TAB>options` per program. */
#include <clconv/clconv.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;     /* where sources go */
static char stem[64];          /* the kernel file that is being built */
static cl_ulong private_bytes; /* of every kernel */
static char anything;          /* every handle points here */

/* ---- A GPU that only plans ------------------------------------------------------------------ */

static cl_int answer(const void *value, size_t bytes, size_t room, void *out, size_t *size)
{
    if (out && room < bytes)
        return CL_INVALID_VALUE;
    if (out)
        memcpy(out, value, bytes);
    if (size)
        *size = bytes;
    return CL_SUCCESS;
}

cl_int clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t room, void *out, size_t *size)
{
    static const cl_device_type type = CL_DEVICE_TYPE_GPU;
    static const cl_uint number = 64, megahertz = 1000, one = 1;
    static const cl_bool yes = CL_TRUE;
    static const cl_device_fp_config doubles = CL_FP_FMA;
    static const cl_ulong memory = (cl_ulong)1 << 40, local = 32768;
    static const size_t group = 1024, items[3] = {1024, 1024, 1024};
    static const char version[] = "OpenCL 1.2 ";
    static cl_platform_id platform = (cl_platform_id)&anything;
    static const struct {
        cl_device_info what;
        const void *value;
        size_t bytes;
    } rows[] = {
        {CL_DEVICE_TYPE, &type, sizeof type},
        {CL_DEVICE_VERSION, version, sizeof version},
        {CL_DEVICE_COMPILER_AVAILABLE, &yes, sizeof yes},
        {CL_DEVICE_MAX_COMPUTE_UNITS, &number, sizeof number},
        {CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, &one, sizeof one},
        {CL_DEVICE_MAX_CLOCK_FREQUENCY, &megahertz, sizeof megahertz},
        {CL_DEVICE_MAX_WORK_GROUP_SIZE, &group, sizeof group},
        {CL_DEVICE_MAX_WORK_ITEM_SIZES, items, sizeof items},
        {CL_DEVICE_MAX_MEM_ALLOC_SIZE, &memory, sizeof memory},
        {CL_DEVICE_LOCAL_MEM_SIZE, &local, sizeof local},
        {CL_DEVICE_DOUBLE_FP_CONFIG, &doubles, sizeof doubles},
        {CL_DEVICE_PLATFORM, &platform, sizeof platform},
    };
    (void)id;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].what == what)
            return answer(rows[i].value, rows[i].bytes, room, out, size);
    return answer(version, sizeof version, room, out, size); /* names and versions */
}

cl_int clGetPlatformInfo(cl_platform_id id, cl_platform_info what, size_t room, void *out,
                         size_t *size)
{
    (void)id;
    (void)what;
    return answer("", 1, room, out, size);
}

cl_int clGetContextInfo(cl_context context, cl_context_info what, size_t room, void *out,
                        size_t *size)
{
    const cl_device_id device = (cl_device_id)&anything;
    (void)context;
    return what == CL_CONTEXT_DEVICES ? answer(&device, sizeof device, room, out, size)
                                      : CL_INVALID_VALUE;
}

cl_int clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id id, cl_kernel_work_group_info what,
                                size_t room, void *out, size_t *size)
{
    const size_t group = 1024;
    (void)kernel;
    (void)id;
    if (what == CL_KERNEL_PRIVATE_MEM_SIZE)
        return answer(&private_bytes, sizeof private_bytes, room, out, size);
    return what == CL_KERNEL_WORK_GROUP_SIZE ? answer(&group, sizeof group, room, out, size)
                                             : CL_INVALID_VALUE;
}

/* A stem names the last kernel of its file, but of four files. */
static void find_stem(const char *text)
{
    static const char word[] = "kernel void ";
    static const char *const others[][2] = {{"gemm_epilogue", "gemm"},
                                            {"naive_bias", "naive_backward"},
                                            {"turn_weights", "turned"},
                                            {"bias_pixels", "direct_pixels"}};
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        sscanf(at, "kernel void %63[a-z_]", stem);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!strcmp(stem, others[i][0]))
            strcpy(stem, others[i][1]);
}

/* The source of a stem, the same for all its programs. */
cl_program clCreateProgramWithSource(cl_context context, cl_uint count, const char **text,
                                     const size_t *lengths, cl_int *err)
{
    char path[4096];
    (void)context;
    find_stem(text[0]);
    snprintf(path, sizeof path, "%s/%s.cl", folder, stem);
    FILE *file = count == 1 && !lengths ? fopen(path, "w") : NULL;
    const bool written = file && fputs(text[0], file) >= 0;
    *err = file && !fclose(file) && written ? CL_SUCCESS : CL_INVALID_VALUE;
    return *err ? NULL : (cl_program)&anything;
}

cl_int clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                      const char *options, void(CL_CALLBACK *done)(cl_program, void *), void *user)
{
    (void)program;
    (void)count;
    (void)devices;
    (void)done;
    (void)user;
    return printf("%s\t%s\n", stem, options) > 0 ? CL_SUCCESS : CL_OUT_OF_HOST_MEMORY;
}

cl_kernel clCreateKernel(cl_program program, const char *name, cl_int *err)
{
    (void)program;
    (void)name;
    *err = CL_SUCCESS;
    return (cl_kernel)&anything;
}

cl_command_queue clCreateCommandQueue(cl_context context, cl_device_id id,
                                      cl_command_queue_properties properties, cl_int *err)
{
    (void)context;
    (void)id;
    (void)properties;
    *err = CL_SUCCESS;
    return (cl_command_queue)&anything;
}

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t bytes, void *host, cl_int *err)
{
    (void)context;
    (void)flags;
    (void)bytes;
    (void)host;
    *err = CL_SUCCESS;
    return (cl_mem)&anything;
}

static cl_uint rounds; /* of the kernel that counts them: host/loops.c */

cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t bytes, const void *value)
{
    (void)kernel;
    if (index == 1 && bytes == sizeof rounds)
        memcpy(&rounds, value, sizeof rounds);
    return CL_SUCCESS;
}

/* The only result that planning reads: of a device that runs long loops to their end. */
cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem mem, cl_bool waits, size_t offset,
                           size_t bytes, void *out, cl_uint n_wait, const cl_event *wait,
                           cl_event *event)
{
    cl_uint x = rounds;
    (void)queue;
    (void)mem;
    (void)waits;
    (void)offset;
    (void)n_wait;
    (void)wait;
    (void)event;
    for (cl_uint i = 0; i < rounds; i++)
        x = (x ^ x >> 15) * 2246822519u + i;
    return bytes == sizeof x ? memcpy(out, &x, sizeof x), CL_SUCCESS : CL_INVALID_VALUE;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *global, const size_t *local,
                              cl_uint n_wait, const cl_event *wait, cl_event *event)
{
    (void)queue;
    (void)kernel;
    (void)dimensions;
    (void)offset;
    (void)global;
    (void)local;
    (void)n_wait;
    (void)wait;
    (void)event;
    return CL_SUCCESS;
}

/* Calls that only need to succeed. */
#define SUCCEEDS(name, type)                                                                       \
    cl_int name(type object)                                                                       \
    {                                                                                              \
        (void)object;                                                                              \
        return CL_SUCCESS;                                                                         \
    }
SUCCEEDS(clFinish, cl_command_queue)
SUCCEEDS(clRetainContext, cl_context)
SUCCEEDS(clRetainDevice, cl_device_id)
SUCCEEDS(clReleaseContext, cl_context)
SUCCEEDS(clReleaseDevice, cl_device_id)
SUCCEEDS(clReleaseCommandQueue, cl_command_queue)
SUCCEEDS(clReleaseMemObject, cl_mem)
SUCCEEDS(clReleaseProgram, cl_program)
SUCCEEDS(clReleaseKernel, cl_kernel)

/* Algorithm gemm warms CLBlast up, which has programs of its own. CLBlastSuccess is 0. */
int CLBlastSgemm(void);
int CLBlastSgemm(void)
{
    return 0;
}

/* ---- The table ------------------------------------------------------------------------------ */

/* model,layer,n,c,h,w,k,r,s,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,groups,count[,mode] */
static bool read_layer(const char *line, clconv_problem *p)
{
    int64_t pad[2];
    clconv_problem_init(p, sizeof *p);
    const int got = sscanf(line,
                           "%*[^,],%*[^,],%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64
                           ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64
                           ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",",
                           &p->n, &p->c, &p->in[0], &p->in[1], &p->k, &p->kernel[0], &p->kernel[1],
                           &p->stride[0], &p->stride[1], &pad[0], &pad[1], &p->dilation[0],
                           &p->dilation[1], &p->groups);
    p->pad_before[0] = p->pad_after[0] = pad[0];
    p->pad_before[1] = p->pad_after[1] = pad[1];
    p->shared = strstr(line, ",shared") != NULL;
    return got == 14;
}

/* Where kernels need memory for registers, none that minds may be kept. */
static bool is_chosen_well(const clconv_plan *plan)
{
    return !plan || !private_bytes ||
           (!strstr(clconv_plan_explain(plan), "tile local,") &&
            !strstr(clconv_plan_explain(plan), "tile columns,"));
}

/* Plans a layer with every algorithm that takes it. */
static bool plan_layer(clconv_context *ctx, const clconv_problem *p)
{
    bool good = true;
    const char *algorithm;
    for (size_t i = 0; good && (algorithm = clconv_algorithm_name(i)); i++) {
        clconv_plan *plan = NULL;
        const clconv_plan_options options = {.size = sizeof options, .algorithm = algorithm};
        const clconv_status status = clconv_plan_create(ctx, p, &options, &plan);
        good = (status == CLCONV_OK || status == CLCONV_ALGORITHM_REFUSES) && is_chosen_well(plan);
        clconv_plan_destroy(plan);
    }
    return good;
}

/* The layer, and its gradients. */
static bool plan_directions(clconv_context *ctx, clconv_problem p)
{
    bool good = true;
    for (p.op = CLCONV_FORWARD; good && p.op <= CLCONV_BACKWARD_WEIGHTS; p.op++)
        good = plan_layer(ctx, &p);
    return good;
}

/* The layer in every type besides float32. Bytes have no gradients, but filters of the other sign.
 */
static bool plan_types(clconv_context *ctx, clconv_problem p)
{
    static const int32_t floats[] = {CLCONV_F64, CLCONV_F16, CLCONV_BF16},
                         bytes[] = {CLCONV_I8, CLCONV_U8};
    bool good = true;
    for (size_t i = 0; good && i < sizeof floats / sizeof floats[0]; i++) {
        p.x.dtype = floats[i];
        good = plan_directions(ctx, p);
    }
    for (size_t i = 0; good && i < 4; i++) {
        p.x.dtype = bytes[i / 2];
        p.w.dtype = bytes[i % 2];
        good = plan_layer(ctx, &p);
    }
    return good;
}

/* The layer as it stands, and the most usual filter in every type and padding mode. */
static bool plan_variants(clconv_context *ctx, const clconv_problem *layer)
{
    clconv_problem p = *layer;
    bool good = plan_directions(ctx, p);
    const bool usual = p.kernel[0] == 3 && p.kernel[1] == 3 && p.stride[0] == 1 &&
                       p.dilation[0] == 1 && p.pad_before[0] == 1 && !p.shared;
    if (usual)
        good = good && plan_types(ctx, p);
    for (int mode = CLCONV_PAD_REFLECT; usual && good && mode <= CLCONV_PAD_CIRCULAR; mode++) {
        p.pad_mode = mode;
        good = plan_layer(ctx, &p);
    }
    return good;
}

static bool plan_layers(clconv_context *ctx, FILE *table)
{
    char line[512];
    size_t layers = 0;
    bool good = fgets(line, sizeof line, table) != NULL; /* the column names */
    for (; good && fgets(line, sizeof line, table); layers++) {
        clconv_problem p;
        good = read_layer(line, &p) && plan_variants(ctx, &p);
        if (!good)
            fprintf(stderr, "offline_programs: cannot plan the layer %s%s\n", line,
                    clconv_last_error());
    }
    return good && layers > 0;
}

/* The layers of the tables on a GPU whose kernels need `bytes` of private memory. */
static bool plan_tables(char **paths, cl_ulong bytes)
{
    clconv_context *ctx = NULL;
    private_bytes = bytes;
    const clconv_status status =
        clconv_context_create((cl_context)&anything, (cl_device_id)&anything, &ctx);
    bool good = !status;
    if (status)
        fprintf(stderr, "offline_programs: %s\n", clconv_last_error());
    for (; good && *paths; paths++) {
        FILE *table = fopen(*paths, "r");
        good = table && plan_layers(ctx, table);
        if (table)
            fclose(table);
        else
            perror(*paths);
    }
    clconv_context_destroy(ctx);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: offline_programs FOLDER LAYERS.csv...\n");
        return 2;
    }
    folder = argv[1];
    setenv("CLCONV_CACHE_DIR", "", 1); /* every program is built, none is kept */
    /* Also what the library takes where a design's kernel needs memory for its registers. */
    return plan_tables(argv + 2, 0) && plan_tables(argv + 2, 4096) ? 0 : 1;
}
