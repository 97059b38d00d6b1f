/* SPDX-License-Identifier: MIT */
/* Chooses: every design's answer to a problem, the best of each algorithm, the best of all. */
#include "internal.h"

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

static const char *workspace_refuses(const clconv_candidate *c)
{
    const clconv_request *request = &c->request;
    if (request->workspace_limit && c->choice.workspace > request->workspace_limit)
        return "it needs more workspace than workspace_limit allows";
    if (c->choice.workspace > request->dev->max_alloc)
        return "its workspace exceeds the device's largest buffer";
    return NULL;
}

static clconv_candidate ask(const clconv_algo *algo, const clconv_request *asked)
{
    clconv_candidate c = {.algo = algo, .request = *asked, .choice = {.algorithm = algo->name}};
    const clconv_request *request = &c.request;
    if (!strip_word(asked->tile, algo->design, &c.request.tile)) {
        c.choice.refusal = other_design;
        return c;
    }
    c.choice.refusal = algo->refuses(request);
    if (c.choice.refusal)
        return c;
    c.choice.workspace = algo->workspace ? algo->workspace(request) : 0;
    if (algo->packed && !request->packed_weights)
        c.choice.workspace += algo->packed(request);
    const double cycles_per_ms = 1e3 * request->dev->compute_units * request->dev->clock_mhz;
    c.choice.expected_ms =
        (double)request->work->macs / (cycles_per_ms * algo->macs_per_cycle(request));
    c.choice.refusal = workspace_refuses(&c);
    return c;
}

/* Those that accept first, then by time; a tile's own design has the better reason to refuse. */
static int by_preference(const void *left, const void *right)
{
    const clconv_choice *a = &((const clconv_candidate *)left)->choice;
    const clconv_choice *b = &((const clconv_candidate *)right)->choice;
    if (!a->refusal != !b->refusal)
        return a->refusal ? 1 : -1;
    if (a->refusal)
        return (a->refusal == other_design) - (b->refusal == other_design);
    return (a->expected_ms > b->expected_ms) - (a->expected_ms < b->expected_ms);
}

size_t clconv_candidates(const clconv_request *request,
                         clconv_candidate out[CLCONV_MOST_ALGORITHMS])
{
    size_t count = 0;
    for (size_t i = 0; clconv_algos[i] && count < CLCONV_MOST_ALGORITHMS; i++) {
        const clconv_candidate c = ask(clconv_algos[i], request);
        clconv_candidate *const last = count ? &out[count - 1] : NULL;
        if (!last || strcmp(last->algo->name, c.algo->name))
            out[count++] = c;
        else if (by_preference(&c, last) < 0)
            *last = c;
    }
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
