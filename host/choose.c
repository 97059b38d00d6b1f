/* SPDX-License-Identifier: MIT */
/* Chooses: every design's answer to a problem, the best of each algorithm, the best of all. */
#include "choose.h"
#include "tuning.h"
#include "turned.h"

#include <stdlib.h>
#include <string.h>

#define ALGO(name) extern const clconv_algo clconv_algo_##name;
#include "algos.inc"
#undef ALGO

const clconv_algo *const clconv_algos[] = {
#define ALGO(name) &clconv_algo_##name,
#include "algos.inc"
#undef ALGO
    NULL,
};

const char *const clconv_algo_words[] = {
#define ALGO(name) #name,
#include "algos.inc"
#undef ALGO
    NULL,
};

const char *clconv_algorithm_name(size_t i)
{
    const char *last = NULL;
    for (size_t j = 0, seen = 0; clconv_algos[j]; j++) {
        if (last && !strcmp(clconv_algos[j]->name, last)) /* designs of one name are neighbours */
            continue;
        last = clconv_algos[j]->name;
        if (seen++ == i)
            return last;
    }
    return NULL;
}

static const char other_design[] = "the tile is of another design";
static const char forward_only[] = "it computes no gradients";
static const char gradients_only[] = "it computes gradients only";
static const char other_gradient[] = "it computes the other gradient only";
static const char no_weights[] = "it computes no gradients by w";
static const char no_convolution[] =
    "of gradients by x it computes those at stride 1, with zeros as padding, no more than the "
    "filter reaches over";

/* Whether a tile is one of this design; *rest is what follows its word, NULL = nothing. A tile
 * begins with a word or with a size, "xb=4". */
static bool strip_word(const char *tile, const char *design, const char **rest)
{
    const size_t length = tile ? strcspn(tile, ",=") : 0;
    *rest = tile;
    if (!tile)
        return true;
    if (tile[length] == '=')
        return !design;
    *rest = tile[length] ? tile + length + 1 : NULL;
    return design && strlen(design) == length && !strncmp(tile, design, length);
}

static const char *op_refuses(const clconv_algo *algo, int32_t op)
{
    if (op == CLCONV_FORWARD)
        return algo->gradients ? gradients_only : NULL;
    if (algo->turns)
        return op == CLCONV_BACKWARD_DATA ? NULL : no_weights;
    if (!algo->gradients)
        return forward_only;
    return algo->gradients >> op & 1 ? NULL : other_gradient;
}

/* What several designs would ask in the same words. */
static const char *device_refuses(const clconv_algo *algo, const clconv_request *request)
{
    const clconv_device *dev = request->dev;
    if (algo->for_gpus && !request->tile && dev->wide_vectors)
        return "the device has vectors, which this design leaves idle";
    if (algo->for_gpus && !request->tile && atomic_load(&dev->few_registers))
        return "many sums were seen to leave this device's registers";
    if (!((algo->types ? algo->types : 1u << CLCONV_F32) >> request->work->x_dtype & 1))
        return "it computes other types only";
    if (!request->work->plain && !algo->strided)
        return "it reads dense NCHW and OIHW only";
    if (request->work->filter && !algo->quantizes)
        return "it has no zero points and scales";
    if (request->work->has_ending && !algo->ends)
        return "it has no epilogue";
    if (request->work->residual == CLCONV_RESIDUAL_Y && !algo->accumulates)
        return "it may store an element of y twice, so that nothing can be added to it";
    if (request->work->pad_mode && !algo->pad_modes)
        return "it pads with zeros only";
    if (request->stream == CLCONV_STREAM_YES &&
        (!algo->streams || clconv_is_converted(request->work)))
        return "it stores nothing past the caches";
    if (algo->zero_padding && request->nonfinite_weights && clconv_reads_padding(request->work))
        return "it multiplies padding as zeros, and the weights may be infinite";
    return NULL;
}

static const char *workspace_refuses(const clconv_candidate *c)
{
    const clconv_request *request = &c->request;
    if (request->workspace_limit && c->choice.workspace > request->workspace_limit)
        return "it needs more workspace than workspace_limit allows";
    if (c->choice.workspace > request->dev->max_alloc)
        return "its workspace exceeds the device's largest buffer";
    return NULL;
}

/* ---- The cost model --------------------------------------------------------------------------
 */

/* Of all units together. Those of a CPU have two multiply-adders, so that its measured peak says at
 * which clock it really runs. */
static double cycles_per_ms(const clconv_device *dev)
{
    if (dev->wide_vectors)
        return dev->traits.macs_per_s * 1e-3 /
               (2.0 * (dev->native_floats ? dev->native_floats : 1));
    return 1e3 * dev->compute_units * dev->clock_mhz;
}

/* Arrays are read and written once; a workspace is written and read; raw weights are packed by a
 * launch of their own. */
static clconv_cost expect(const clconv_candidate *c)
{
    const clconv_work *work = c->request.work;
    const clconv_traits *traits = &c->request.dev->traits;
    const bool packs = !c->request.packed_weights && clconv_packed_bytes(c->algo, &c->request) > 0;
    const double bytes = (double)(work->x_bytes + work->w_bytes + work->b_bytes + work->y_bytes) +
                         2.0 * (double)c->choice.workspace;
    const double bytes_per_s =
        bytes <= traits->cache_bytes ? traits->cache_bytes_per_s : traits->memory_bytes_per_s;
    const double narrower = work->x_dtype == CLCONV_F64 ? 0.5 : 1.0;
    const double rate = narrower * c->algo->macs_per_cycle(&c->request);
    return (clconv_cost){
        .macs_per_cycle = rate,
        .compute_ms = (double)work->macs / (cycles_per_ms(c->request.dev) * rate),
        .memory_ms = 1e3 * bytes / bytes_per_s,
        .launch_ms = 1e3 * (double)work->segments * (packs ? 2 : 1) * traits->launch_s,
    };
}

clconv_candidate clconv_ask(const clconv_algo *algo, const clconv_request *asked)
{
    clconv_candidate c = {.algo = algo, .request = *asked, .choice = {.algorithm = algo->name}};
    const clconv_request *request = &c.request;
    if (!strip_word(asked->tile, algo->design, &c.request.tile)) {
        c.choice.refusal = other_design;
        return c;
    }
    c.choice.refusal = op_refuses(algo, asked->work->op);
    if (!c.choice.refusal && asked->work->op != CLCONV_FORWARD && !algo->gradients) {
        c.request.work = asked->turned;
        c.choice.refusal = asked->turned ? NULL : no_convolution;
    }
    if (!c.choice.refusal)
        c.choice.refusal = algo->refuses(request);
    if (!c.choice.refusal)
        c.choice.refusal = device_refuses(algo, request);
    if (c.choice.refusal)
        return c;
    c.choice.workspace = algo->workspace ? algo->workspace(request) : 0;
    if (!request->packed_weights)
        c.choice.workspace += clconv_packed_bytes(algo, request);
    c.cost = expect(&c);
    c.choice.expected_ms =
        (c.cost.compute_ms > c.cost.memory_ms ? c.cost.compute_ms : c.cost.memory_ms) +
        c.cost.launch_ms;
    c.choice.refusal = workspace_refuses(&c);
    return c;
}

/* ---- Order -----------------------------------------------------------------------------------
 */

static int by_value(double a, double b)
{
    return (a > b) - (a < b);
}

/* Whether a design has only said that another is meant. */
static bool stands_back(const clconv_candidate *c)
{
    const char *const why = c->choice.refusal;
    static const char *const other[] = {other_design,   forward_only, gradients_only,
                                        other_gradient, no_weights,   no_convolution};
    size_t i = 0;
    while (i < sizeof other / sizeof other[0] && other[i] != why)
        i++;
    return i < sizeof other / sizeof other[0];
}

/* Those that accept first, what was tuned before all, then by time, where bytes decide that by
 * computing; a tile's own design has the better reason to refuse. */
static int by_preference(const void *left, const void *right)
{
    const clconv_candidate *a = left, *b = right;
    if (!a->choice.refusal != !b->choice.refusal)
        return a->choice.refusal ? 1 : -1;
    if (a->choice.refusal)
        return stands_back(a) - stands_back(b);
    if (!a->row != !b->row)
        return a->row ? -1 : 1;
    const int order = by_value(a->choice.expected_ms, b->choice.expected_ms);
    return order ? order : by_value(a->cost.compute_ms, b->cost.compute_ms);
}

const clconv_algo *clconv_design_of(const char *name, const char *tile, int32_t op)
{
    const char *rest;
    for (size_t i = 0; clconv_algos[i]; i++)
        if (!strcmp(clconv_algos[i]->name, name) && !op_refuses(clconv_algos[i], op) &&
            strip_word(tile, clconv_algos[i]->design, &rest))
            return clconv_algos[i];
    return NULL;
}

/* What the tuning table says, if it says something; a refusal if not. */
static clconv_candidate ask_table(const clconv_request *request)
{
    bool exact = false;
    const bool open = request->tuning && !request->tile && !request->local[0];
    const clconv_row *row = open ? clconv_row_find(request->tuning, request->work, &exact) : NULL;
    if (!row)
        return (clconv_candidate){.choice.refusal = other_design};
    clconv_request asked = *request;
    asked.tile = row->tile[0] ? row->tile : NULL;
    clconv_candidate c = clconv_ask(row->algo, &asked);
    c.row = row;
    c.exact = exact;
    return c;
}

size_t clconv_candidates(const clconv_request *request,
                         clconv_candidate out[CLCONV_MOST_ALGORITHMS])
{
    size_t count = 0;
    const clconv_candidate tuned = ask_table(request);
    for (size_t i = 0; clconv_algos[i] && count < CLCONV_MOST_ALGORITHMS; i++) {
        const clconv_candidate c = clconv_ask(clconv_algos[i], request);
        clconv_candidate *const last = count ? &out[count - 1] : NULL;
        if (!last || strcmp(last->algo->name, c.algo->name))
            out[count++] = c;
        else if (by_preference(&c, last) < 0)
            *last = c;
    }
    for (size_t i = 0; !tuned.choice.refusal && i < count; i++)
        if (!strcmp(out[i].algo->name, tuned.algo->name))
            out[i] = tuned;
    qsort(out, count, sizeof *out, by_preference);
    return count;
}

clconv_status clconv_choose(const clconv_request *request, const char *name, clconv_candidate *out)
{
    clconv_candidate all[CLCONV_MOST_ALGORITHMS];
    const size_t count = clconv_candidates(request, all);
    size_t found = 0;
    while (name && found < count && strcmp(all[found].algo->name, name))
        found++;
    if (found == count)
        return clconv_fail(CLCONV_INVALID,
                           "there is no algorithm '%s'; `clconv explain CASE` lists them", name);
    *out = all[found];
    if (out->choice.refusal)
        return clconv_fail(CLCONV_ALGORITHM_REFUSES, "algorithm %s refuses: %s", out->algo->name,
                           out->choice.refusal);
    return CLCONV_OK;
}
