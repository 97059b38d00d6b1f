/* SPDX-License-Identifier: MIT */
/* Algorithm `gemm`: one CLBlast matrix product per image and group, on the unfolded image (im2col)
 * in the workspace or, for 1x1 filters, on x itself.
 *
 * Plain Sgemm only: CLBlast 1.5.3's strided batches are silently wrong at offsets and strides that
 * our groups have (their no-copy test ignores both). CLBlast's caches race, so that one lock guards
 * every call into it, process-wide like the caches. */
#include "internal.h"

#include <clblast_c.h>
#include <stdlib.h>
#include <string.h>

/* CLBlast takes its indirect kernels for m * n * k >= threshold^3. */
enum { OWN_THRESHOLD = 0, INDIRECT_ALWAYS = 1, DIRECT_ALWAYS = 1 << 20 };
enum { LOCAL_SIZE = 64, LONGEST_ROW = 32768, MOST_ROWS = 65535 };

/* A device whose threshold was replaced once: CLBlast's own and the one in force. */
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

/* plan->step of a segment: [unfold, epilogue) and [epilogue, end). */
typedef struct segment_steps {
    size_t unfold, epilogue, end;
} segment_steps;

typedef struct gemm_plan {
    size_t threshold;
    bool unfolds;
    segment_steps segment[];
} gemm_plan;

static clconv_status clblast_fail(CLBlastStatusCode code, const char *what)
{
    return clconv_fail(code == CLBlastTempBufferAllocFailure ? CLCONV_OUT_OF_MEMORY
                                                             : CLCONV_CL_ERROR,
                       "%s failed: CLBlast status %d", what, (int)code);
}

/* ---- What is accepted --------------------------------------------------------------------- */

/* x itself is the right-hand matrix. */
static bool needs_unfolding(const clconv_work *work)
{
    return work->r != 1 || work->s != 1 || work->stride_h != 1 || work->stride_w != 1 ||
           work->p != work->h || work->q != work->w || work->pad_top || work->pad_left;
}

/* Elements of the unfolded image of one group; INT64_MAX for more than 64 bits hold. */
static int64_t unfolded(const clconv_work *work, const clconv_segment *segment)
{
    int64_t rows = 0, elements = 0;
    if (!clconv_multiply((int64_t)work->r * work->s, segment->in, &rows) ||
        !clconv_multiply(rows, (int64_t)work->p * work->q, &elements))
        return INT64_MAX;
    return elements;
}

static bool read_tile(const char *tile, size_t *threshold)
{
    *threshold = OWN_THRESHOLD;
    if (tile && !strcmp(tile, "path=direct"))
        *threshold = DIRECT_ALWAYS;
    else if (tile && !strcmp(tile, "path=indirect"))
        *threshold = INDIRECT_ALWAYS;
    return !tile || *threshold != OWN_THRESHOLD;
}

static const char *refuses(const clconv_request *request)
{
    size_t threshold;
    const clconv_work *work = request->work;
    const uint64_t most = (uint64_t)INT32_MAX * sizeof(float);
    if (!read_tile(request->tile, &threshold))
        return "gemm has the tiles path=direct and path=indirect only";
    if (work->x_bytes > most || work->w_bytes > most || work->y_bytes > most)
        return "CLBlast counts elements in 32 bits, and an array has more";
    if ((int64_t)work->p * work->q > (int64_t)LONGEST_ROW * MOST_ROWS)
        return "an output plane has more pixels than a grid has work-items";
    for (size_t i = 0; i < work->segments; i++) {
        const clconv_segment *segment = &work->segment[i];
        if (segment->w_out != segment->in * work->r * work->s)
            return "a kernel shared by the channels of a sum is no matrix";
        if (needs_unfolding(work) && unfolded(work, segment) > INT32_MAX)
            return "CLBlast counts elements in 32 bits, and the unfolded image has more";
    }
    return NULL;
}

/* Nothing measures yet what CLBlast reaches on a device, and `auto` may take it only where it was
 * measured to be faster: so it ranks last. */
static double expected_ms(const clconv_request *request)
{
    const double rate = (double)request->dev->compute_units * request->dev->clock_mhz;
    return (double)request->work->macs / (rate + 1.0);
}

static uint64_t workspace(const clconv_request *request)
{
    int64_t most = 0;
    const clconv_work *work = request->work;
    for (size_t i = 0; needs_unfolding(work) && i < work->segments; i++)
        if (unfolded(work, &work->segment[i]) > most)
            most = unfolded(work, &work->segment[i]);
    return (uint64_t)most * sizeof(float);
}

/* ---- CLBlast; all of this under clblast_lock ---------------------------------------------- */

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

/* Puts `threshold` in force for the device. OWN_THRESHOLD leaves CLBlast alone unless we changed
 * it. */
static clconv_status take_route(cl_command_queue queue, cl_device_id device, size_t threshold)
{
    device_route *route = routes;
    while (route && route->device != device)
        route = route->next;
    if (!route && threshold == OWN_THRESHOLD)
        return CLCONV_OK;
    if (!route) {
        size_t own = 0;
        const CLBlastStatusCode code = find_threshold(queue, &own);
        if (code)
            return clblast_fail(code, "asking CLBlast for its threshold");
        route = calloc(1, sizeof *route);
        if (!route)
            return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for CLBlast's threshold");
        *route = (device_route){.next = routes, .device = device, .own = own, .now = own};
        routes = route;
    }
    const size_t wanted = threshold == OWN_THRESHOLD ? route->own : threshold;
    if (wanted == route->now)
        return CLCONV_OK;
    const CLBlastStatusCode code = set_threshold(device, wanted);
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

/* A matrix of a product: rows follow each other without gaps. */
typedef struct matrix {
    cl_mem mem;
    uint64_t first;
} matrix;

/* c (m, n) = a (m, k) b (k, n). */
static CLBlastStatusCode multiply(cl_command_queue queue, size_t m, size_t n, size_t k,
                                  const matrix *a, const matrix *b, const matrix *c)
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
    const matrix a = {mem, 0}, b = {mem, SIDE * SIDE}, c = {mem, 2 * SIDE * SIDE};
    const CLBlastStatusCode code = multiply(ctx->warm_queue, SIDE, SIDE, SIDE, &a, &b, &c);
    err = clFinish(ctx->warm_queue);
    clReleaseMemObject(mem);
    if (code || err)
        return clblast_fail(code ? code : (CLBlastStatusCode)err, "CLBlast's first call");
    u->warm = true;
    return CLCONV_OK;
}

static clconv_status start_clblast(clconv_context *ctx, size_t threshold)
{
    pthread_mutex_lock(&clblast_lock);
    user *u = find_or_add_user(ctx);
    clconv_status status = u ? take_route(ctx->warm_queue, ctx->dev.id, threshold)
                             : clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a context");
    if (!status)
        status = warm_up(ctx, u);
    pthread_mutex_unlock(&clblast_lock);
    return status;
}

/* CLBlast finds its programs by the cl_context's address, which another context may get next. */
static void forget(clconv_context *ctx)
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

/* ---- Plan --------------------------------------------------------------------------------- */

/* The filter, as arguments of gemm_unfold. */
static clconv_status set_filter(cl_kernel kernel, cl_uint first, const clconv_request *request)
{
    cl_int err = CL_SUCCESS;
    const clconv_work *work = request->work;
    const cl_int filter[] = {work->r,        work->s,          work->stride_h,
                             work->stride_w, work->dilation_h, work->dilation_w};
    for (size_t i = 0; i < sizeof filter / sizeof filter[0]; i++)
        clconv_arg(kernel, &first, sizeof filter[i], &filter[i], &err);
    return err ? clconv_cl_fail(err, "clSetKernelArg") : CLCONV_OK;
}

static clconv_status add_segment(clconv_plan *plan, const clconv_request *request,
                                 clconv_program *program, size_t i)
{
    gemm_plan *gemm = plan->algo_data;
    const clconv_work *work = request->work;
    const clconv_segment *segment = &work->segment[i];
    const int64_t pixels = (int64_t)work->p * work->q;
    const int64_t rows = (pixels - 1) / LONGEST_ROW + 1;
    const size_t local = request->dev->max_group < LOCAL_SIZE ? 1 : LOCAL_SIZE;
    clconv_grid grid = {.kernel = "gemm_unfold",
                        .local = {local, 1, 1},
                        .x = (pixels - 1) / rows + 1,
                        .y = rows,
                        .z = segment->in};
    clconv_status status = CLCONV_OK;
    gemm->segment[i].unfold = plan->steps;
    if (gemm->unfolds)
        status = clconv_plan_add_steps(plan, program, &grid, segment, true, set_filter, request);
    gemm->segment[i].epilogue = plan->steps;
    grid.kernel = "gemm_epilogue";
    grid.z = work->n * segment->groups * segment->out;
    if (!status && (work->has_bias || work->divisor != 1.0f))
        status = clconv_plan_add_steps(plan, program, &grid, segment, false, NULL, request);
    gemm->segment[i].end = plan->steps;
    return status;
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    const clconv_work *work = request->work;
    clconv_program *program = NULL;
    gemm_plan *gemm =
        clconv_alloc(plan->ctx, sizeof *gemm + work->segments * sizeof gemm->segment[0]);
    if (!gemm)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a plan");
    plan->algo_data = gemm;
    gemm->unfolds = needs_unfolding(work);
    read_tile(request->tile, &gemm->threshold);
    if (request->tile)
        strncpy(plan->tile, request->tile, sizeof plan->tile - 1);
    clconv_status status = clconv_program_get(plan->ctx, "gemm", "", &program);
    for (size_t i = 0; i < work->segments && !status; i++)
        status = add_segment(plan, request, program, i);
    return status ? status : start_clblast(plan->ctx, gemm->threshold);
}

static void release(clconv_plan *plan)
{
    free(plan->algo_data);
}

/* ---- Enqueue ------------------------------------------------------------------------------ */

/* One call of clconv_enqueue. */
typedef struct run {
    const clconv_plan *plan;
    cl_command_queue queue;
    const clconv_args *args;
    const clconv_buffer *workspace;
} run;

/* Nothing behind it starts before all in front of it is done, on queues out of order too. */
static clconv_status barrier(const run *call)
{
    const cl_int err = clEnqueueBarrierWithWaitList(call->queue, 0, NULL, NULL);
    return err ? clconv_cl_fail(err, "clEnqueueBarrierWithWaitList") : CLCONV_OK;
}

/* Launches steps [first, end), independent of each other, with x_more elements added to x's offset.
 */
static clconv_status launch(const run *call, size_t first, size_t end, int64_t x_more)
{
    const clconv_args *args = call->args;
    const clconv_buffer *b = call->plan->work.has_bias ? &args->b : &args->w; /* w: a stand-in */
    for (size_t i = first; i < end; i++) {
        cl_int err = CL_SUCCESS;
        cl_uint index = 0;
        const clconv_step *step = &call->plan->step[i];
        const struct {
            const clconv_buffer *buffer;
            int64_t add;
        } rows[] = {{&args->x, step->x_add + x_more},
                    {&args->w, step->w_add},
                    {b, step->b_add},
                    {&args->y, step->y_add},
                    {call->workspace, 0}};
        for (size_t j = 0; j < (step->uses_workspace ? 5u : 4u); j++) {
            const cl_ulong offset = rows[j].buffer->offset / sizeof(float) + (cl_ulong)rows[j].add;
            clconv_arg(step->kernel, &index, sizeof(cl_mem), &rows[j].buffer->mem, &err);
            clconv_arg(step->kernel, &index, sizeof offset, &offset, &err);
        }
        if (!err)
            err = clEnqueueNDRangeKernel(call->queue, step->kernel, 3, NULL, step->global,
                                         step->local, 0, NULL, NULL);
        if (err)
            return clconv_cl_fail(err, "launching a kernel");
    }
    return CLCONV_OK;
}

static matrix matrix_at(const clconv_buffer *buffer, int64_t first)
{
    return (matrix){buffer->mem, buffer->offset / sizeof(float) + (uint64_t)first};
}

/* One image of one group. */
static clconv_status run_group(const run *call, size_t i, int64_t n, int64_t g)
{
    const clconv_work *work = &call->plan->work;
    const clconv_segment *segment = &work->segment[i];
    const gemm_plan *gemm = call->plan->algo_data;
    const int64_t x_more = n * work->x_image + g * segment->in * work->h * work->w;
    const int64_t pixels = (int64_t)work->p * work->q;
    const int64_t y_first = segment->y_first + n * work->y_image + g * segment->out * pixels;
    const matrix a = matrix_at(&call->args->w, segment->w_first + g * segment->w_group);
    const matrix b = gemm->unfolds ? matrix_at(call->workspace, 0)
                                   : matrix_at(&call->args->x, segment->x_first + x_more);
    const matrix c = matrix_at(&call->args->y, y_first);
    clconv_status status = CLCONV_OK;
    if (gemm->unfolds) {
        status = launch(call, gemm->segment[i].unfold, gemm->segment[i].epilogue, x_more);
        if (!status)
            status = barrier(call);
    }
    if (!status) {
        const CLBlastStatusCode code =
            multiply(call->queue, (size_t)segment->out, (size_t)pixels,
                     (size_t)segment->in * (size_t)work->r * (size_t)work->s, &a, &b, &c);
        status = code ? clblast_fail(code, "CLBlastSgemm") : CLCONV_OK;
    }
    if (!status && gemm->unfolds)
        status = barrier(call); /* the next group reuses the workspace */
    return status;
}

/* CLBlast hands offsets to its kernels as int. */
static clconv_status check_offsets(const run *call)
{
    const clconv_work *work = &call->plan->work;
    const struct {
        const char *name;
        const clconv_buffer *buffer;
        uint64_t bytes;
    } rows[] = {{"x", &call->args->x, work->x_bytes},
                {"w", &call->args->w, work->w_bytes},
                {"y", &call->args->y, work->y_bytes},
                {"workspace", call->workspace, call->plan->workspace}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].buffer->offset + rows[i].bytes > (uint64_t)INT32_MAX * sizeof(float))
            return clconv_fail(CLCONV_ALGORITHM_REFUSES,
                               "algorithm gemm refuses: %s at offset %llu ends past 2^31 elements, "
                               "which CLBlast counts in 32 bits",
                               rows[i].name, (unsigned long long)rows[i].buffer->offset);
    return CLCONV_OK;
}

static clconv_status run_products(const run *call)
{
    const clconv_plan *plan = call->plan;
    const gemm_plan *gemm = plan->algo_data;
    pthread_mutex_lock(&clblast_lock);
    clconv_status status = take_route(call->queue, plan->ctx->dev.id, gemm->threshold);
    for (size_t i = 0; i < plan->work.segments; i++)
        for (int64_t n = 0; n < plan->work.n; n++)
            for (int64_t g = 0; g < plan->work.segment[i].groups && !status; g++)
                status = run_group(call, i, n, g);
    pthread_mutex_unlock(&clblast_lock);
    return status;
}

static clconv_status enqueue(const clconv_plan *plan, cl_command_queue queue,
                             const clconv_args *args, const clconv_buffer *work_buffer,
                             cl_uint n_wait, const cl_event *wait, cl_event *event)
{
    const gemm_plan *gemm = plan->algo_data;
    const run call = {plan, queue, args, work_buffer};
    clconv_status status = check_offsets(&call);
    if (status)
        return status;
    cl_int err = clEnqueueBarrierWithWaitList(queue, n_wait, wait, NULL);
    if (err)
        return clconv_cl_fail(err, "clEnqueueBarrierWithWaitList");
    status = run_products(&call);
    if (!status && !gemm->unfolds)
        status = barrier(&call);
    for (size_t i = 0; i < plan->work.segments && !status; i++)
        status = launch(&call, gemm->segment[i].epilogue, gemm->segment[i].end, 0);
    if (status)
        return status;
    err = clEnqueueMarkerWithWaitList(queue, 0, NULL, event);
    return err ? clconv_cl_fail(err, "clEnqueueMarkerWithWaitList") : CLCONV_OK;
}

const clconv_algo clconv_algo_gemm = {
    .name = "gemm",
    .refuses = refuses,
    .expected_ms = expected_ms,
    .workspace = workspace,
    .prepare = prepare,
    .enqueue = enqueue,
    .release = release,
    .forget = forget,
    .note = "CLBlast allocates, and may compile, inside every enqueue",
};
