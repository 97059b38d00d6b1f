/* SPDX-License-Identifier: MIT */
/* The library as a contestant: a plan, and its enqueue. */
#include "contestant.h"

#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct library {
    clconv_context *own; /* a rival's, so that its programs are not counted as the library's */
    const arena *arena;
    contestant_facts *facts;
    clconv_plan *plan;
    bool raw;
    cl_mem packed; /* NULL = the plan reads w */
} library;

/* The tile, which the plan's explanation has behind the algorithm's name. */
static void read_tile(const clconv_plan *plan, char *tile, size_t room)
{
    static const char before[] = ", tile ";
    const char *text = strstr(clconv_plan_explain(plan), "algorithm ");
    const char *end = text ? text + strcspn(text, "\n") : NULL;
    const char *at = text ? strstr(text, before) : NULL;
    tile[0] = '\0';
    if (at && at < end)
        snprintf(tile, room, "%.*s", (int)(end - at - (int)sizeof before + 1),
                 at + sizeof before - 1);
}

static contestant_state make_plan(library *l, const arena *a, clconv_context *ctx,
                                  const contestant_option *option, contestant_facts *facts,
                                  char *why, size_t room)
{
    const clconv_plan_options options = {.size = sizeof options,
                                         .algorithm = option->algo,
                                         .tile = option->tile,
                                         .flags = option->raw ? 0 : CLCONV_PACKED_WEIGHTS};
    const clconv_status status = clconv_plan_create(ctx, &a->problem, &options, &l->plan);
    l->arena = a;
    l->facts = facts;
    l->raw = option->raw;
    snprintf(facts->algo, sizeof facts->algo, "%s", option->algo ? option->algo : "auto");
    if (status) {
        snprintf(why, room, "%s", clconv_last_error());
        return status == CLCONV_ALGORITHM_REFUSES || status == CLCONV_UNSUPPORTED
                   ? CONTESTANT_REFUSES
                   : CONTESTANT_BROKEN;
    }
    snprintf(facts->algo, sizeof facts->algo, "%s", clconv_plan_algorithm(l->plan));
    read_tile(l->plan, facts->tile, sizeof facts->tile);
    return CONTESTANT_READY;
}

static contestant_state make(const arena *a, const contestant_option *option, void **state,
                             contestant_facts *facts, char *why, size_t room)
{
    library *l = *state = calloc(1, sizeof *l);
    facts->threads = a->device->units;
    if (!l)
        return snprintf(why, room, "no host memory"), CONTESTANT_BROKEN;
    return make_plan(l, a, a->device->ctx, option, facts, why, room);
}

static bool pack(library *l)
{
    const clconv_buffer w = {.mem = l->arena->mem[ARRAY_W]}, packed = {.mem = l->packed};
    const double from = progress_now();
    if (clconv_pack_weights(l->plan, l->arena->device->queue, &w, &packed, 0, NULL, NULL) ||
        clFinish(l->arena->device->queue))
        return false;
    const double seconds = progress_now() - from;
    l->facts->pack = l->facts->pack > 0 ? fmin(l->facts->pack, seconds) : seconds;
    return true;
}

/* Packs into a new buffer, as the other arrays have new ones in each round. */
static bool begin(void *state)
{
    library *l = state;
    cl_int error = CL_SUCCESS;
    const size_t bytes = l->raw ? 0 : clconv_plan_packed_size(l->plan);
    cl_mem packed =
        bytes ? clCreateBuffer(l->arena->device->cl, CL_MEM_READ_WRITE, bytes, NULL, &error) : NULL;
    if (l->packed)
        clReleaseMemObject(l->packed);
    l->packed = packed;
    return !error && (!packed || pack(l));
}

static bool launch(void *state, cl_command_queue queue, cl_event *event)
{
    const library *l = state;
    const cl_mem *mem = l->arena->mem;
    const clconv_args args = {.size = sizeof args,
                              .x.mem = mem[ARRAY_X],
                              .w.mem = l->packed ? l->packed : mem[ARRAY_W],
                              .b.mem = mem[ARRAY_B],
                              .y.mem = mem[ARRAY_Y]};
    return clconv_enqueue(l->plan, queue, &args, 0, NULL, event) == CLCONV_OK;
}

static void destroy(void *state)
{
    library *l = state;
    if (!l)
        return;
    clconv_plan_destroy(l->plan);
    clconv_context_destroy(l->own);
    if (l->packed)
        clReleaseMemObject(l->packed);
    free(l);
}

const contestant_kind library_kind = {.name = "auto",
                                      .exact = true,
                                      .only_queues = true,
                                      .make = make,
                                      .begin = begin,
                                      .launch = launch,
                                      .destroy = destroy};

static contestant_state make_naive(const arena *a, const contestant_option *option, void **state,
                                   contestant_facts *facts, char *why, size_t room)
{
    const contestant_option naive = {"naive", NULL, true};
    library *l = *state = calloc(1, sizeof *l);
    (void)option;
    facts->threads = a->device->units;
    if (!l || clconv_context_create(a->device->cl, a->device->entry.device, &l->own) != CLCONV_OK)
        return snprintf(why, room, "%s", l ? clconv_last_error() : "no host memory"),
               CONTESTANT_BROKEN;
    return make_plan(l, a, l->own, &naive, facts, why, room);
}

const contestant_kind naive_kind = {
    .name = "naive", .exact = true, .make = make_naive, .launch = launch, .destroy = destroy};
