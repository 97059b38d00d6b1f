/* SPDX-License-Identifier: MIT */
/* Plans: made by a chosen design, explained in words. */
#include "choose.h"
#include "tuning.h"
#include "turned.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

clconv_status clconv_plan_options_import(const clconv_plan_options *options,
                                         clconv_plan_options *out)
{
    *out = (clconv_plan_options){.size = sizeof *out};
    if (!options)
        return CLCONV_OK;
    const clconv_status status = clconv_import(out, sizeof *out, options, options->size);
    if (status)
        return status;
    const uint64_t known =
        CLCONV_USER_WORKSPACE | CLCONV_NONFINITE_WEIGHTS | CLCONV_PACKED_WEIGHTS | CLCONV_UNTUNED;
    if (out->flags & ~known)
        return clconv_fail(CLCONV_NOT_IN_VERSION,
                           "plan flags 0x%" PRIx64 " are not in this version", out->flags);
    if (out->tile && !out->algorithm)
        return clconv_fail(CLCONV_INVALID, "tile '%s' needs an algorithm to belong to", out->tile);
    return CLCONV_OK;
}

/* "xb=1,yb=4,local=8x1x2" -> "xb=1,yb=4" in `rest` and 8, 1, 2. Text that does not end so is handed
 * on whole: the algorithm refuses what it does not know. */
static const char *split_tile(const char *tile, char rest[CLCONV_TILE_TEXT], size_t local[3])
{
    char canonical[CLCONV_TILE_TEXT];
    unsigned size[3] = {0};
    const char *const key = tile ? strstr(tile, "local=") : NULL;
    if (!key || (key > tile && key[-1] != ',') ||
        sscanf(key, "local=%5ux%5ux%5u", &size[0], &size[1], &size[2]) != 3)
        return tile;
    snprintf(canonical, sizeof canonical, "local=%ux%ux%u", size[0], size[1], size[2]);
    if (strcmp(key, canonical) || !size[0] || !size[1] || !size[2] ||
        key - tile >= CLCONV_TILE_TEXT)
        return tile;
    for (int d = 0; d < 3; d++)
        local[d] = size[d];
    snprintf(rest, CLCONV_TILE_TEXT, "%.*s", (int)(key > tile ? key - tile - 1 : 0), tile);
    return *rest ? rest : NULL;
}

/* "v=16,xb=1,stream=1" -> "v=16,xb=1" in `rest`. As above. */
static const char *split_stream(const char *tile, char rest[CLCONV_TILE_TEXT], clconv_stream *out)
{
    static const char word[] = ",stream=";
    const char *const key = tile ? strstr(tile, word) : NULL;
    const char *const value = key ? key + sizeof word - 1 : "";
    if ((*value != '0' && *value != '1') || value[1] || key - tile >= CLCONV_TILE_TEXT)
        return tile;
    *out = *value == '1' ? CLCONV_STREAM_YES : CLCONV_STREAM_NO;
    memmove(rest, tile, (size_t)(key - tile));
    rest[key - tile] = '\0';
    return rest;
}

clconv_request clconv_request_of(const clconv_context *ctx, const clconv_work *work,
                                 const clconv_work *turned, const clconv_plan_options *options,
                                 char rest[CLCONV_TILE_TEXT])
{
    clconv_request request = {.dev = &ctx->dev,
                              .work = work,
                              .turned = turned->segments ? turned : NULL,
                              .nonfinite_weights = options->flags & CLCONV_NONFINITE_WEIGHTS,
                              .packed_weights = options->flags & CLCONV_PACKED_WEIGHTS,
                              .workspace_limit = options->workspace_limit};
    if (!options->algorithm && !(options->flags & CLCONV_UNTUNED))
        request.tuning = ctx->tuning;
    request.tile =
        split_stream(split_tile(options->tile, rest, request.local), rest, &request.stream);
    return request;
}

/* plan->tile gets what was named besides: stores, the work-group's size. */
static void note_rest(clconv_plan *plan, const clconv_request *request)
{
    const size_t *const local = request->local;
    size_t used = strlen(plan->tile);
    if (request->stream)
        used += (size_t)snprintf(plan->tile + used, sizeof plan->tile - used, ",stream=%d",
                                 request->stream == CLCONV_STREAM_YES);
    if (local[0])
        snprintf(plan->tile + used, sizeof plan->tile - used, "%slocal=%zux%zux%zu",
                 used ? "," : "", local[0], local[1], local[2]);
}

static void explain_choices(const clconv_plan *plan, const clconv_request *asked, FILE *text)
{
    clconv_candidate candidate[CLCONV_MOST_ALGORITHMS];
    clconv_request request = *asked;
    request.tile = NULL; /* it belongs to the algorithm that was named */
    const size_t count = clconv_candidates(&request, candidate);
    for (size_t i = 0; i < count; i++) {
        const clconv_choice *choice = &candidate[i].choice;
        if (strcmp(choice->algorithm, plan->algo->name))
            fprintf(text, "  %-10s %s\n", choice->algorithm,
                    choice->refusal ? choice->refusal : "accepts too");
    }
}

static void explain_decision(const clconv_candidate *chosen, const char *named, FILE *text)
{
    const clconv_cost *cost = &chosen->cost;
    const clconv_row *row = chosen->row;
    if (named)
        fprintf(text, "chosen by  its name\n");
    else if (row)
        fprintf(text,
                "chosen by  the tuning table, %s: %.4f ms, the cost model's choice %.4f ms, "
                "measured %s %dx%d\n",
                row->scope == CLCONV_ROW_OWN ? "own row" : "row of the library",
                (double)row->ns * 1e-6, (double)row->model_ns * 1e-6,
                chosen->exact ? "at" : "at the nearest image,", (int)row->image[0],
                (int)row->image[1]);
    else
        fprintf(text, "chosen by  the cost model\n");
    fprintf(text,
            "expected   %.4f ms: computing %.4f ms at %.3g multiply-adds per unit and cycle, "
            "memory %.4f ms, launches %.4f ms\n",
            chosen->choice.expected_ms, cost->compute_ms, cost->macs_per_cycle, cost->memory_ms,
            cost->launch_ms);
}

static void explain_weights(const clconv_plan *plan, FILE *text)
{
    const bool turned = clconv_plan_is_turned(plan);
    if (turned)
        fprintf(text, "turned     as the convolution of y that gives x: taps of w backwards, its "
                      "input and output channels exchanged\n");
    if (plan->packed)
        fprintf(text, "weights    %s into %zu bytes %s\n",
                !turned                ? "packed"
                : plan->algo->pack_key ? "packed backwards"
                                       : "copied backwards",
                plan->packed,
                plan->packed_weights ? "once, by clconv_pack_weights"
                                     : "at every call; CLCONV_PACKED_WEIGHTS does it once");
}

static clconv_status explain(clconv_plan *plan, const clconv_request *request, const char *named,
                             const clconv_candidate *chosen)
{
    size_t length = 0;
    const clconv_work *work = &plan->work;
    const uint64_t bytes = work->x_bytes + work->w_bytes + work->b_bytes + work->y_bytes;
    FILE *text = open_memstream(&plan->explain, &length);
    if (!text)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a plan's text");
    fprintf(text, "algorithm  %s%s%s\n", plan->algo->name, plan->tile[0] ? ", tile " : "",
            plan->tile);
    explain_decision(chosen, named, text);
    fprintf(text,
            "work       %" PRIu64 " multiply-adds, %" PRIu64 " bytes (x %" PRIu64 ", w %" PRIu64
            ", b %" PRIu64 ", y %" PRIu64 ")\n",
            work->macs, bytes, work->x_bytes, work->w_bytes, work->b_bytes, work->y_bytes);
    if (plan->algo->enqueue)
        fprintf(text, "launches   the algorithm's own\n");
    else
        fprintf(text, "launches   %zu\n", plan->steps);
    for (size_t i = 0; i < plan->steps && i < 4; i++)
        fprintf(text, "           %zu x %zu x %zu work-items in groups of %zu x %zu x %zu\n",
                plan->step[i].global[0], plan->step[i].global[1], plan->step[i].global[2],
                plan->step[i].local[0], plan->step[i].local[1], plan->step[i].local[2]);
    fprintf(text, "workspace  %zu bytes%s\n", plan->workspace,
            plan->workspace == 0  ? ""
            : plan->own_workspace ? ", the plan's own"
                                  : ", the caller's");
    explain_weights(plan, text);
    if (plan->streams)
        fprintf(text, "stores     past the caches, which x and y outgrow\n");
    if (plan->algo->note)
        fprintf(text, "note       %s\n", plan->algo->note);
    fprintf(text, "others\n");
    explain_choices(plan, request, text);
    return fclose(text) ? clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a plan's text")
                        : CLCONV_OK;
}

static clconv_status prepare_with(clconv_plan *plan, const clconv_plan_options *options,
                                  const clconv_candidate *chosen)
{
    cl_int err = CL_SUCCESS;
    const clconv_request *request = &chosen->request;
    plan->algo = chosen->algo;
    if (clconv_is_empty(&plan->work))
        return CLCONV_OK;
    plan->workspace = (size_t)chosen->choice.workspace;
    plan->packed = (size_t)clconv_packed_bytes(plan->algo, request);
    plan->packed_weights = plan->packed && request->packed_weights;
    if (plan->workspace && !(options->flags & CLCONV_USER_WORKSPACE)) {
        plan->own_workspace =
            clCreateBuffer(plan->ctx->cl, CL_MEM_READ_WRITE, plan->workspace, NULL, &err);
        if (err)
            return clconv_cl_fail(err, "creating the plan's workspace");
    }
    if (plan->work.filter)
        plan->filters =
            clCreateBuffer(plan->ctx->cl, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                           plan->work.filters * sizeof *plan->work.filter, plan->work.filter, &err);
    if (err)
        return clconv_cl_fail(err, "creating the table of zero points and scales");
    clconv_status status = CLCONV_OK;
    if (clconv_turned_bytes(plan->algo, request))
        status = clconv_add_turning(plan, request);
    if (!status)
        status = plan->algo->prepare(plan, request);
    note_rest(plan, request);
    return status;
}

/* What prepare_with has made. */
static void unprepare(clconv_plan *plan)
{
    if (plan->algo && plan->algo->release)
        plan->algo->release(plan);
    for (size_t i = 0; i < plan->steps; i++)
        clReleaseKernel(plan->step[i].kernel);
    if (plan->own_workspace)
        clReleaseMemObject(plan->own_workspace);
    if (plan->filters)
        clReleaseMemObject(plan->filters);
    plan->algo = NULL;
    plan->algo_data = NULL;
    plan->steps = plan->pack_steps = 0;
    plan->own_workspace = plan->filters = NULL;
}

/* Chooses again if a design has found that the device lacks registers for it. */
static clconv_status prepare(clconv_plan *plan, const clconv_plan_options *options,
                             const clconv_request *request, clconv_candidate *chosen)
{
    const bool knew = atomic_load(&plan->ctx->dev.few_registers);
    clconv_status status = clconv_choose(request, options->algorithm, chosen);
    if (!status)
        status = prepare_with(plan, options, chosen);
    if (status != CLCONV_UNSUPPORTED || knew || !atomic_load(&plan->ctx->dev.few_registers))
        return status;
    unprepare(plan);
    status = clconv_choose(request, options->algorithm, chosen);
    return status ? status : prepare_with(plan, options, chosen);
}

clconv_status clconv_plan_create(clconv_context *ctx, const clconv_problem *p,
                                 const clconv_plan_options *caller_options, clconv_plan **out)
{
    clconv_plan_options options;
    clconv_candidate chosen;
    char rest[CLCONV_TILE_TEXT];
    if (!out)
        return clconv_fail(CLCONV_INVALID, "clconv_plan_create: out is NULL");
    *out = NULL;
    if (!ctx)
        return clconv_fail(CLCONV_INVALID, "clconv_plan_create: the context is NULL");
    clconv_status status = clconv_plan_options_import(caller_options, &options);
    if (status)
        return status;
    clconv_plan *plan = clconv_alloc(ctx, sizeof *plan);
    if (!plan)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for a plan");
    plan->ctx = ctx;
    atomic_fetch_add(&ctx->shares, 1);
    pthread_mutex_init(&plan->lock, NULL);
    status = clconv_work_on(ctx, p, &plan->work);
    if (!status)
        status = clconv_work_turn(&plan->work, &plan->turned);
    if (!status) {
        const clconv_request request =
            clconv_request_of(ctx, &plan->work, &plan->turned, &options, rest);
        status = prepare(plan, &options, &request, &chosen);
        if (!status)
            status = explain(plan, &request, options.algorithm, &chosen);
    }
    if (status) {
        clconv_plan_destroy(plan);
        return status;
    }
    clconv_log(1, "plan: %s %s for %" PRId64 " images, %" PRIu64 " multiply-adds", plan->algo->name,
               plan->tile, plan->work.n, plan->work.macs);
    *out = plan;
    return CLCONV_OK;
}

void clconv_plan_destroy(clconv_plan *plan)
{
    if (!plan)
        return;
    unprepare(plan);
    if (plan->last)
        clReleaseEvent(plan->last);
    if (plan->last_queue)
        clReleaseCommandQueue(plan->last_queue);
    clconv_work_free(&plan->work);
    clconv_work_free(&plan->turned);
    free(plan->step);
    free(plan->explain);
    pthread_mutex_destroy(&plan->lock);
    clconv_context_destroy(plan->ctx);
    free(plan);
}

clconv_status clconv_warm_up(clconv_context *ctx, const clconv_problem *problems,
                             size_t problem_size, size_t count, const clconv_plan_options *options)
{
    char sentence[512] = "";
    clconv_status first = CLCONV_OK;
    if (!ctx || (!problems && count) || !problem_size)
        return clconv_fail(CLCONV_INVALID, "clconv_warm_up: the context or the list is missing");
    for (size_t i = 0; i < count; i++) {
        clconv_plan *plan = NULL;
        const void *one = (const char *)problems + i * problem_size;
        const clconv_status status = clconv_plan_create(ctx, one, options, &plan);
        clconv_plan_destroy(plan);
        if (!status || first)
            continue;
        first = status;
        snprintf(sentence, sizeof sentence, "%s", clconv_last_error());
    }
    return first ? clconv_fail(first, "%s", sentence) : CLCONV_OK;
}

size_t clconv_plan_workspace(const clconv_plan *plan)
{
    return plan->workspace;
}

size_t clconv_plan_packed_size(const clconv_plan *plan)
{
    return plan->packed;
}

const char *clconv_plan_algorithm(const clconv_plan *plan)
{
    return plan->algo->name;
}

const char *clconv_plan_explain(const clconv_plan *plan)
{
    return plan->explain;
}
