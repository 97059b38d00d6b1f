/* SPDX-License-Identifier: MIT */
/* Every call into CLBlast. Its caches race and are process-wide, and so is the lock around it.
 *
 * Plain Sgemm only: CLBlast 1.5.3's strided batches are silently wrong at offsets and strides that
 * our groups have (their no-copy test ignores both). */
#include "internal.h"

#include <clblast_c.h>
#include <stdlib.h>

/* CLBlast takes its indirect kernels for m * n * k >= threshold^3. CPU: where the two take equally
 * long, with the parameters below. */
enum { INDIRECT_ALWAYS = 1, CPU_THRESHOLD = 64, DIRECT_ALWAYS = 1 << 20 };

/* The indirect kernels of CPUs, for which CLBlast has little more than a guess: no local memory,
 * 2 x 4 work-items that keep 32 x 4 sums each in vectors of 8. AMD EPYC (Zen 4), PoCL 3.1, one
 * core, 256 x 784 x 576: 82 GFLOP/s; CLBlast's own parameters reach 13, its direct kernels 8. */
static const struct {
    const char *name;
    size_t value;
} cpu_rows[] = {{"GEMMK", 0}, {"KREG", 1},  {"MWG", 64},  {"NWG", 16},  {"KWG", 32}, {"KWI", 16},
                {"MDIMC", 2}, {"MDIMA", 2}, {"NDIMC", 4}, {"NDIMB", 4}, {"VWM", 8},  {"VWN", 4},
                {"STRM", 0},  {"STRN", 0},  {"SA", 0},    {"SB", 0}};
enum { CPU_ROWS = sizeof cpu_rows / sizeof cpu_rows[0] };

/* A device whose threshold was replaced once: its own (CLBlast's, or that of CPUs) and the one in
 * force. */
typedef struct device_route {
    struct device_route *next;
    cl_device_id device;
    size_t own, now;
} device_route;

/* A context that CLBlast holds programs of. */
typedef struct user {
    struct user *next;
    const clconv_context *ctx;
    bool warm;
} user;

static pthread_mutex_t clblast_lock = PTHREAD_MUTEX_INITIALIZER; /* CLBlast, and these two: */
static device_route *routes;
static user *users;

static clconv_status clblast_fail(CLBlastStatusCode code, const char *what)
{
    static const struct {
        CLBlastStatusCode code;
        clconv_status status;
    } rows[] = {
        {CLBlastTempBufferAllocFailure, CLCONV_OUT_OF_MEMORY},
        {CLBlastOpenCLOutOfHostMemory, CLCONV_OUT_OF_MEMORY},
        {CLBlastInvalidLocalNumDimensions, CLCONV_UNSUPPORTED}, /* its work-groups are too large */
        {CLBlastInvalidLocalThreadsTotal, CLCONV_UNSUPPORTED},
        {CLBlastInvalidLocalThreadsDim, CLCONV_UNSUPPORTED},
        {CLBlastInvalidLocalMemUsage, CLCONV_UNSUPPORTED},
    };
    clconv_status status = CLCONV_CL_ERROR;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            status = rows[i].status;
    return clconv_fail(status, "%s failed on this device: CLBlast status %d", what, (int)code);
}

static CLBlastStatusCode set_threshold(cl_device_id device, size_t threshold)
{
    const char *name = "XGEMM_MIN_INDIRECT_SIZE";
    for (user *u = users; u; u = u->next)
        u->warm = false; /* CLBlast drops its programs at this */
    return CLBlastOverrideParameters(device, "GemmRoutine", CLBlastPrecisionSingle, 1, &name,
                                     &threshold);
}

/* CLBlast's C interface does not tell the threshold, but the temporary memory of a 1 x 1 x k
 * product: none from the direct kernels, some from the others, whose tiles are larger. */
static CLBlastStatusCode find_threshold(cl_command_queue queue, size_t *out)
{
    size_t low = 1, high = DIRECT_ALWAYS;
    while (low < high) {
        const size_t middle = (low + high) / 2, k = middle * middle * middle;
        size_t bytes = 0;
        const CLBlastStatusCode code = CLBlastSGemmTempBufferSize(
            CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, 1, 1, k, 0, k, 0, 1, 0,
            1, &queue, &bytes);
        if (code)
            return code;
        if (bytes)
            high = middle;
        else
            low = middle + 1;
    }
    *out = low;
    return CLBlastSuccess;
}

static CLBlastStatusCode tune_for_cpu(cl_device_id device)
{
    const char *names[CPU_ROWS];
    size_t values[CPU_ROWS];
    for (size_t i = 0; i < CPU_ROWS; i++) {
        names[i] = cpu_rows[i].name;
        values[i] = cpu_rows[i].value;
    }
    const CLBlastStatusCode code =
        CLBlastOverrideParameters(device, "Xgemm", CLBlastPrecisionSingle, CPU_ROWS, names, values);
    return code ? code : set_threshold(device, CPU_THRESHOLD);
}

static bool takes_cpu_rows(const clconv_device *dev)
{
    return dev->wide_vectors && dev->max_group >= 8 && dev->max_item[0] >= 2 &&
           dev->max_item[1] >= 4;
}

static clconv_status add_route(cl_command_queue queue, const clconv_device *dev, device_route **out)
{
    size_t own = CPU_THRESHOLD;
    const CLBlastStatusCode code =
        takes_cpu_rows(dev) ? tune_for_cpu(dev->id) : find_threshold(queue, &own);
    if (code)
        return clblast_fail(code, "setting up CLBlast for the device");
    device_route *route = calloc(1, sizeof *route);
    if (!route)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for CLBlast's threshold");
    *route = (device_route){.next = routes, .device = dev->id, .own = own, .now = own};
    *out = routes = route;
    return CLCONV_OK;
}

/* Puts `path` in force for the device. But for CPUs, CLBlast is left alone until one was forced. */
static clconv_status take_path(cl_command_queue queue, const clconv_device *dev,
                               clconv_gemm_path path)
{
    device_route *route = routes;
    while (route && route->device != dev->id)
        route = route->next;
    if (!route && path == CLCONV_GEMM_OWN && !takes_cpu_rows(dev))
        return CLCONV_OK;
    const clconv_status status = route ? CLCONV_OK : add_route(queue, dev, &route);
    if (status)
        return status;
    const size_t wanted = path == CLCONV_GEMM_OWN      ? route->own
                          : path == CLCONV_GEMM_DIRECT ? DIRECT_ALWAYS
                                                       : INDIRECT_ALWAYS;
    if (wanted == route->now)
        return CLCONV_OK;
    const CLBlastStatusCode code = set_threshold(dev->id, wanted);
    if (code)
        return clblast_fail(code, "CLBlastOverrideParameters");
    route->now = wanted;
    return CLCONV_OK;
}

static user *find_or_add_user(clconv_context *ctx)
{
    user *u = users;
    while (u && u->ctx != ctx)
        u = u->next;
    if (!u && (u = clconv_alloc(ctx, sizeof *u))) {
        *u = (user){.next = users, .ctx = ctx};
        users = u;
    }
    return u;
}

static CLBlastStatusCode multiply(cl_command_queue queue, size_t m, size_t n, size_t k,
                                  const clconv_matrix *a, const clconv_matrix *b,
                                  const clconv_matrix *c)
{
    return CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m, n, k,
                        1.0f, a->mem, a->first, k, b->mem, b->first, n, 0.0f, c->mem, c->first, n,
                        &queue, NULL);
}

/* CLBlast compiles at its first call: a small product on a buffer of our own. */
static clconv_status warm_up(clconv_context *ctx, user *u)
{
    enum { SIDE = 8 };
    cl_int err = CL_SUCCESS;
    if (u->warm)
        return CLCONV_OK;
    const float zeros[3 * SIDE * SIDE] = {0};
    cl_mem mem = clCreateBuffer(ctx->cl, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof zeros,
                                (void *)zeros, &err);
    if (err)
        return clconv_cl_fail(err, "creating a buffer for CLBlast's first call");
    const clconv_matrix a = {mem, 0}, b = {mem, SIDE * SIDE}, c = {mem, 2 * SIDE * SIDE};
    const CLBlastStatusCode code = multiply(ctx->warm_queue, SIDE, SIDE, SIDE, &a, &b, &c);
    err = clFinish(ctx->warm_queue);
    clReleaseMemObject(mem);
    if (code || err)
        return clblast_fail(code ? code : (CLBlastStatusCode)err, "CLBlast's first call");
    u->warm = true;
    return CLCONV_OK;
}

clconv_status clconv_clblast_start(clconv_context *ctx, clconv_gemm_path path)
{
    pthread_mutex_lock(&clblast_lock);
    user *u = find_or_add_user(ctx);
    clconv_status status = u ? take_path(ctx->warm_queue, &ctx->dev, path)
                             : clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a context");
    if (!status)
        status = warm_up(ctx, u);
    pthread_mutex_unlock(&clblast_lock);
    return status;
}

/* CLBlast finds its programs by the cl_context's address, which another context may get next. */
void clconv_clblast_forget(clconv_context *ctx)
{
    pthread_mutex_lock(&clblast_lock);
    for (user **u = &users; *u; u = &(*u)->next)
        if ((*u)->ctx == ctx) {
            user *gone = *u;
            *u = gone->next;
            free(gone);
            CLBlastClearCache();
            for (user *other = users; other; other = other->next)
                other->warm = false;
            break;
        }
    pthread_mutex_unlock(&clblast_lock);
}

clconv_status clconv_clblast_multiply(const clconv_context *ctx, clconv_gemm_path path,
                                      cl_command_queue queue, size_t m, size_t n, size_t k,
                                      const clconv_matrix *a, const clconv_matrix *b,
                                      const clconv_matrix *c)
{
    pthread_mutex_lock(&clblast_lock);
    clconv_status status = take_path(queue, &ctx->dev, path);
    if (!status) {
        const CLBlastStatusCode code = multiply(queue, m, n, k, a, b, c);
        status = code ? clblast_fail(code, "CLBlastSgemm") : CLCONV_OK;
    }
    pthread_mutex_unlock(&clblast_lock);
    return status;
}
