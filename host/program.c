/* SPDX-License-Identifier: MIT */
/* Programs of a context: found, loaded from the disk cache or built, each at most once. */
#include "cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A (kernel, local size) that was launched once. */
typedef struct warmed {
    struct warmed *next;
    char kernel[48];
    size_t local[3];
} warmed;

struct clconv_program {
    clconv_program *next;
    char stem[32], defines[256];
    pthread_mutex_t lock; /* guards what follows: a build blocks only those who want this program */
    cl_program cl;
    clconv_cache_key key;
    bool from_source;
    warmed *warm;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The build log's first lines, for the error text. */
static clconv_status build_failed(clconv_context *ctx, cl_program cl, const char *stem,
                                  const char *options, cl_int err)
{
    char log[600] = "";
    size_t bytes = 0;
    if (!clGetProgramBuildInfo(cl, ctx->dev.id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes) && bytes) {
        char *whole = clconv_alloc(ctx, bytes + 1);
        if (whole &&
            !clGetProgramBuildInfo(cl, ctx->dev.id, CL_PROGRAM_BUILD_LOG, bytes, whole, NULL))
            snprintf(log, sizeof log, "%s", whole);
        free(whole);
    }
    return clconv_fail(CLCONV_BUILD_FAILED, "building %s.cl with '%s' failed (OpenCL error %d): %s",
                       stem, options, err, log);
}

static cl_program load(clconv_context *ctx, const clconv_cache_key *key, const char *options)
{
    size_t length = 0;
    cl_int err = CL_SUCCESS, binary_status = CL_SUCCESS;
    unsigned char *binary = clconv_cache_load(key, &length);
    if (!binary)
        return NULL;
    cl_program cl = clCreateProgramWithBinary(
        ctx->cl, 1, &ctx->dev.id, &length, (const unsigned char **)&binary, &binary_status, &err);
    free(binary);
    if (!err && (binary_status || clBuildProgram(cl, 1, &ctx->dev.id, options, NULL, NULL))) {
        clReleaseProgram(cl);
        cl = NULL;
    }
    return err ? NULL : cl;
}

static clconv_status build(clconv_context *ctx, clconv_program *program, const char *source,
                           const char *options)
{
    cl_int err = CL_SUCCESS;
    cl_program cl = clCreateProgramWithSource(ctx->cl, 1, &source, NULL, &err);
    if (err)
        return clconv_cl_fail(err, "clCreateProgramWithSource");
    err = clBuildProgram(cl, 1, &ctx->dev.id, options, NULL, NULL);
    if (err) {
        const clconv_status status = build_failed(ctx, cl, program->stem, options, err);
        clReleaseProgram(cl);
        return status;
    }
    program->cl = cl;
    program->from_source = true;
    return CLCONV_OK;
}

/* Called with program->lock held. */
static clconv_status make(clconv_context *ctx, clconv_program *program)
{
    char options[300], *source = NULL;
    const uint64_t start = now_ns();
    clconv_status status = clconv_kernel_source(program->stem, &source);
    if (status)
        return status;
    snprintf(options, sizeof options, "-cl-std=CL1.2 %s", program->defines);
    program->key = clconv_cache_key_of(ctx, source, options);
    program->cl = load(ctx, &program->key, options);
    if (program->cl)
        atomic_fetch_add(&ctx->loaded, 1);
    else
        status = build(ctx, program, source, options);
    free(source);
    if (!status && program->from_source)
        atomic_fetch_add(&ctx->built, 1);
    const uint64_t taken = now_ns() - start;
    atomic_fetch_add(&ctx->build_ns, taken);
    clconv_log(2, "program %s %s: %s in %.1f ms", program->stem, program->defines,
               status                 ? "failed"
               : program->from_source ? "built"
                                      : "loaded",
               (double)taken * 1e-6);
    return status;
}

/* The entry of (stem, defines), new and unbuilt if it was not there; NULL on exhaustion. */
static clconv_program *find_or_add(clconv_context *ctx, const char *stem, const char *defines)
{
    clconv_program *found = NULL;
    pthread_mutex_lock(&ctx->lock);
    for (clconv_program *p = ctx->programs; p && !found; p = p->next)
        if (!strcmp(p->defines, defines) && !strcmp(p->stem, stem))
            found = p;
    if (!found && (found = clconv_alloc(ctx, sizeof *found))) {
        snprintf(found->stem, sizeof found->stem, "%s", stem);
        snprintf(found->defines, sizeof found->defines, "%s", defines);
        pthread_mutex_init(&found->lock, NULL);
        found->next = ctx->programs;
        ctx->programs = found;
    }
    pthread_mutex_unlock(&ctx->lock);
    return found;
}

clconv_status clconv_program_get(clconv_context *ctx, const char *stem, const char *defines,
                                 clconv_program **out)
{
    clconv_status status = CLCONV_OK;
    *out = NULL;
    if (strlen(stem) >= sizeof((clconv_program *)0)->stem ||
        strlen(defines) >= sizeof((clconv_program *)0)->defines)
        return clconv_fail(CLCONV_INVALID, "program name '%s' or options '%s' too long", stem,
                           defines);
    clconv_program *program = find_or_add(ctx, stem, defines);
    if (!program)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a program");
    pthread_mutex_lock(&program->lock);
    if (!program->cl)
        status = make(ctx, program);
    pthread_mutex_unlock(&program->lock);
    if (!status)
        *out = program;
    return status;
}

clconv_status clconv_program_kernel(clconv_program *program, const char *name, cl_kernel *out)
{
    cl_int err = CL_SUCCESS;
    *out = clCreateKernel(program->cl, name, &err);
    if (err == CL_OUT_OF_HOST_MEMORY || err == CL_OUT_OF_RESOURCES)
        return clconv_cl_fail(err, "clCreateKernel");
    if (err)
        return clconv_fail(CLCONV_BUILD_FAILED, "%s.cl has no kernel '%s': OpenCL error %d",
                           program->stem, name, err);
    return CLCONV_OK;
}

static warmed *find_warm(const clconv_program *program, const char *name, const size_t local[3])
{
    for (warmed *w = program->warm; w; w = w->next)
        if (!strcmp(w->kernel, name) && !memcmp(w->local, local, sizeof w->local))
            return w;
    return NULL;
}

clconv_status clconv_program_warm(clconv_context *ctx, clconv_program *program, cl_kernel kernel,
                                  const char *name, const size_t local[3])
{
    clconv_status status = CLCONV_OK;
    cl_int err = CL_SUCCESS;
    pthread_mutex_lock(&program->lock);
    if (!find_warm(program, name, local)) {
        warmed *entry = clconv_alloc(ctx, sizeof *entry);
        err = clEnqueueNDRangeKernel(ctx->warm_queue, kernel, 3, NULL, local, local, 0, NULL, NULL);
        if (!err)
            err = clFinish(ctx->warm_queue);
        if (err || !entry) {
            free(entry);
            status = err ? clconv_cl_fail(err, "the first launch of a kernel")
                         : clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a program");
        } else {
            snprintf(entry->kernel, sizeof entry->kernel, "%s", name);
            memcpy(entry->local, local, sizeof entry->local);
            entry->next = program->warm;
            program->warm = entry;
        }
    }
    pthread_mutex_unlock(&program->lock);
    return status;
}

/* Puts the binary of a program built from source into the cache. All devices' binaries are fetched
 * and the array has their exact size: rusticl heeds neither NULL entries nor spare room. */
static void save(const clconv_context *ctx, const clconv_program *program)
{
    enum { MOST = 64 };
    size_t length[MOST] = {0};
    unsigned char *binary[MOST] = {NULL};
    cl_device_id devices[MOST];
    cl_uint count = 0, got = 0;
    if (clGetProgramInfo(program->cl, CL_PROGRAM_NUM_DEVICES, sizeof count, &count, NULL) ||
        count > MOST ||
        clGetProgramInfo(program->cl, CL_PROGRAM_DEVICES, sizeof devices, devices, NULL) ||
        clGetProgramInfo(program->cl, CL_PROGRAM_BINARY_SIZES, sizeof length, length, NULL))
        return;
    while (got < count && (binary[got] = malloc(length[got] ? length[got] : 1)))
        got++;
    const bool read = got == count && !clGetProgramInfo(program->cl, CL_PROGRAM_BINARIES,
                                                        count * sizeof binary[0], binary, NULL);
    for (cl_uint i = 0; i < got; i++) {
        if (read && devices[i] == ctx->dev.id && length[i])
            clconv_cache_save(&program->key, binary[i], length[i]);
        free(binary[i]);
    }
}

void clconv_programs_release(clconv_context *ctx)
{
    char folder[4096];
    const bool keeps = clconv_cache_folder(folder, sizeof folder);
    while (ctx->programs) {
        clconv_program *program = ctx->programs;
        ctx->programs = program->next;
        if (program->cl && program->from_source && keeps)
            save(ctx, program);
        if (program->cl)
            clReleaseProgram(program->cl);
        while (program->warm) {
            warmed *entry = program->warm;
            program->warm = entry->next;
            free(entry);
        }
        pthread_mutex_destroy(&program->lock);
        free(program);
    }
}
