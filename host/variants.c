/* SPDX-License-Identifier: MIT */
/* What could compute a problem, without building anything: algorithms in order of choice, and every
 * design with every tile. */
#include "choose.h"
#include "turned.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static clconv_status create_works(const clconv_context *ctx, const clconv_problem *p,
                                  clconv_work *work, clconv_work *turned)
{
    clconv_status status = clconv_work_on(ctx, p, work);
    if (status)
        return status;
    status = clconv_work_turn(work, turned);
    if (status)
        clconv_work_free(work);
    return status;
}

size_t clconv_rank(clconv_context *ctx, const clconv_problem *p,
                   const clconv_plan_options *caller_options, clconv_choice *out,
                   size_t choice_size, size_t max)
{
    clconv_work work, turned;
    clconv_plan_options options;
    clconv_candidate candidate[CLCONV_MOST_ALGORITHMS];
    if (!ctx || (out && choice_size == 0)) {
        clconv_fail(CLCONV_INVALID, "clconv_rank: the context is NULL or choice_size is 0");
        return 0;
    }
    if (clconv_plan_options_import(caller_options, &options) ||
        create_works(ctx, p, &work, &turned))
        return 0;
    options.algorithm = options.tile = NULL;
    const clconv_request request = clconv_request_of(ctx, &work, &turned, &options, NULL);
    const size_t count = clconv_candidates(&request, candidate);
    for (size_t i = 0; out && i < count && i < max; i++)
        clconv_export((char *)out + i * choice_size, choice_size, &candidate[i].choice,
                      sizeof candidate[i].choice);
    clconv_work_free(&work);
    clconv_work_free(&turned);
    return count;
}

/* ---- Variants --------------------------------------------------------------------------------
 */

/* Where the variants of a problem are written, as many as there is room for. */
typedef struct variant_list {
    char *out;
    size_t size, max, count;
    const clconv_algo *model; /* the design that the cost model chooses */
} variant_list;

static void add_variant(variant_list *list, const clconv_algo *algo, const clconv_request *request,
                        const char *tile, bool is_default)
{
    clconv_variant v = {.is_default = is_default, .is_model = is_default && algo == list->model};
    clconv_request asked = *request;
    asked.tile = tile[0] ? tile : NULL;
    const clconv_candidate c = clconv_ask(algo, &asked);
    if (c.choice.refusal)
        return;
    snprintf(v.algorithm, sizeof v.algorithm, "%s", algo->name);
    snprintf(v.tile, sizeof v.tile, "%s", tile);
    v.expected_ms = c.choice.expected_ms;
    v.workspace = c.choice.workspace;
    if (list->out && list->count < list->max)
        clconv_export(list->out + list->count * list->size, list->size, &v, sizeof v);
    list->count++;
}

/* The next tile, the last key's value changing fastest; false after the last one. */
static bool next_tile(const clconv_tile_key *keys, size_t *at)
{
    size_t i = 0;
    while (keys[i].key)
        i++;
    while (i-- > 0) {
        if (keys[i].values[++at[i]])
            return true;
        at[i] = 0;
    }
    return false;
}

/* Every tile of a design. Some refuse as their own choice what they accept by name: then none is
 * the default. */
static void add_design(variant_list *list, const clconv_algo *algo, const clconv_request *request)
{
    size_t at[CLCONV_TILE_KEYS] = {0};
    int value[CLCONV_TILE_KEYS], own[CLCONV_TILE_KEYS] = {0};
    char tile[CLCONV_TILE_TEXT], own_tile[CLCONV_TILE_TEXT] = "";
    if (!algo->keys) {
        /* Or its name alone would mean another design. */
        assert(clconv_ask(algo, request).choice.refusal ||
               clconv_design_of(algo->name, NULL, request->work->op) == algo);
        add_variant(list, algo, request, "", true);
        return;
    }
    if (!clconv_ask(algo, request).choice.refusal && algo->find_tile(request, own))
        clconv_tile_write(algo->design, algo->keys, own, own_tile, sizeof own_tile);
    do {
        for (size_t i = 0; algo->keys[i].key; i++)
            value[i] = algo->keys[i].values[at[i]];
        clconv_tile_write(algo->design, algo->keys, value, tile, sizeof tile);
        add_variant(list, algo, request, tile, !strcmp(tile, own_tile));
    } while (next_tile(algo->keys, at));
}

size_t clconv_variants(clconv_context *ctx, const clconv_problem *p,
                       const clconv_plan_options *caller_options, clconv_variant *out,
                       size_t variant_size, size_t max)
{
    clconv_work work, turned;
    clconv_plan_options options;
    clconv_candidate chosen;
    variant_list list = {(char *)out, variant_size, max, 0, NULL};
    if (!ctx || (out && variant_size == 0)) {
        clconv_fail(CLCONV_INVALID, "clconv_variants: the context is NULL or variant_size is 0");
        return 0;
    }
    if (clconv_plan_options_import(caller_options, &options) ||
        create_works(ctx, p, &work, &turned))
        return 0;
    options.algorithm = options.tile = NULL;
    options.flags |= CLCONV_UNTUNED;
    const clconv_request request = clconv_request_of(ctx, &work, &turned, &options, NULL);
    if (!clconv_choose(&request, NULL, &chosen))
        list.model = chosen.algo;
    for (size_t i = 0; clconv_algos[i]; i++)
        add_design(&list, clconv_algos[i], &request);
    clconv_work_free(&work);
    clconv_work_free(&turned);
    return list.count;
}
