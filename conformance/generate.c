/* SPDX-License-Identifier: MIT */
/* Makes the list of cases of a tier: no device is asked, so the list is the same everywhere. */
#include "forced_tiles.h"
#include "problems.h"
#include "tiers.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Tiers ---------------------------------------------------------------------------------- */

static void smoke_problems(problem_list *list, uint64_t seed)
{
    (void)seed; /* nothing is drawn */
    add_smoke(list);
    add_gradient_smoke(list);
    add_typed_smoke(list);
    add_ending_smoke(list);
}

static void add_wide(problem_list *list, uint64_t seed, unsigned gradient_runs)
{
    add_boundary(list);
    add_cover(list, 2);
    add_draws(list, seed);
    add_layers_of_each_kind(list);
    add_gradient_boundary(list, gradient_runs);
    add_gradients_again(list, gradient_runs);
    add_typed_boundary(list);
    add_types(list);
    add_typed_draws(list);
    add_ending_boundary(list);
    add_endings(list);
    add_quantised(list);
}

static void ci_problems(problem_list *list, uint64_t seed)
{
    add_wide(list, seed, 0);
}

static void nightly_problems(problem_list *list, uint64_t seed)
{
    smoke_problems(list, seed);
    add_wide(list, seed, RUN_FORCED);
    add_cover(list, 3);
    add_random(list, seed);
    add_all_layers(list, 1);
    add_gradients_again(list, RUN_FORCED);
    add_all_types(list);
    add_typed_draws(list);
}

static void qualify_problems(problem_list *list, uint64_t seed)
{
    nightly_problems(list, seed);
    add_all_layers(list, 8);
    add_large(list);
}

typedef enum sweep_scope { NO_SWEEP, SWEEP_FEW, SWEEP_ALL } sweep_scope;

typedef struct tier {
    const char *name;
    void (*problems)(problem_list *list, uint64_t seed);
    size_t quota, typed_quota, ending_quota, quantised_quota;
    bool all_tiles;  /* forced ones are chosen among all, not among a GPU's own */
    bool fresh_seed; /* without --seed: today's */
    bool qualifies;  /* repetitions and every size of work-group */
    sweep_scope sweeps;
} tier;

static const tier tiers[] = {
    {"smoke", smoke_problems, 4, 2, 8, 4, false, false, false, NO_SWEEP},
    {"ci", ci_problems, 50, 30, 150, 70, true, false, false, SWEEP_FEW},
    {"nightly", nightly_problems, 500, 250, 150, 70, true, true, false, SWEEP_ALL},
    {"qualify", qualify_problems, 500, 250, 150, 70, true, true, true, SWEEP_ALL},
};

/* The algorithms that compute gradients; those that take few of the suite's are asked for a part of
 * the quota. */
static const struct gradient {
    const char *algo;
    int32_t op;
    size_t part;
} gradients[] = {
    {"naive", CLCONV_BACKWARD_DATA, 1},     {"naive", CLCONV_BACKWARD_WEIGHTS, 1},
    {"direct", CLCONV_BACKWARD_DATA, 1},    {"direct", CLCONV_BACKWARD_WEIGHTS, 1},
    {"depthwise", CLCONV_BACKWARD_DATA, 8}, {"depthwise", CLCONV_BACKWARD_WEIGHTS, 4},
    {"pointwise", CLCONV_BACKWARD_DATA, 4},
};

static const struct gradient *find_gradient(const char *algo, int32_t op)
{
    for (size_t i = 0; i < sizeof gradients / sizeof *gradients; i++)
        if (gradients[i].op == op && strcmp(gradients[i].algo, algo) == 0)
            return &gradients[i];
    return NULL;
}

bool tier_asks(const char *algo, int32_t op)
{
    return op == CLCONV_FORWARD || find_gradient(algo, op);
}

const char *const tier_names[] = {"smoke", "ci", "nightly", "qualify", NULL};

static const tier *find_tier(const char *name)
{
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
        if (strcmp(tiers[i].name, name) == 0)
            return &tiers[i];
    return NULL;
}

size_t tier_quota(const char *name)
{
    const tier *const found = find_tier(name);
    return found ? found->quota : 0;
}

size_t tier_typed_quota(const char *name)
{
    const tier *const found = find_tier(name);
    return found ? found->typed_quota : 0;
}

size_t tier_ending_quota(const char *name)
{
    const tier *const found = find_tier(name);
    return found ? found->ending_quota : 0;
}

size_t tier_quantised_quota(const char *name)
{
    const tier *const found = find_tier(name);
    return found ? found->quantised_quota : 0;
}

bool tier_asks_types(const char *algo)
{
    return strcmp(algo, "naive") == 0;
}

size_t tier_wants(const char *name, const char *algo, int32_t op)
{
    const struct gradient *const gradient = find_gradient(algo, op);
    const size_t quota = tier_quota(name);
    if (!gradient)
        return op == CLCONV_FORWARD ? quota : 0;
    return (quota + gradient->part - 1) / gradient->part;
}

/* A day's shards agree on its date without being told. */
uint64_t tier_seed(const char *name)
{
    const tier *const found = find_tier(name);
    const time_t now = time(NULL);
    struct tm day;
    if (!found || !found->fresh_seed || !gmtime_r(&now, &day))
        return TIER_DEFAULT_SEED;
    return (uint64_t)((day.tm_year + 1900) * 10000 + (day.tm_mon + 1) * 100 + day.tm_mday);
}

/* ---- Entries -------------------------------------------------------------------------------- */

typedef struct entry_list {
    suite_entry *items;
    size_t count, room;
    uint64_t seed;
    bool failed;
} entry_list;

static void add_entry(entry_list *out, const problem *from, const char *algo, const char *tile,
                      const char *data)
{
    if (out->count == out->room) {
        const size_t room = out->room ? 2 * out->room : 1024;
        suite_entry *const items = realloc(out->items, room * sizeof *items);
        out->failed = out->failed || !items;
        if (!items)
            return;
        out->items = items;
        out->room = room;
    }
    suite_entry *const entry = &out->items[out->count++];
    entry->spec = from->spec;
    memcpy(entry->origin, from->origin, sizeof entry->origin);
    case_spec *const c = &entry->spec;
    snprintf(c->algo, sizeof c->algo, "%s", algo);
    snprintf(c->tile, sizeof c->tile, "%s", tile);
    snprintf(c->data, sizeof c->data, "%s", data);
    c->has_seed = out->seed != TIER_DEFAULT_SEED;
    c->seed = c->has_seed ? out->seed : 0;
    case_draw(c);
}

/* The device's choice and the tiles beside it, for every algorithm that has a choice; or what the
 * case names, and nothing else. */
static void add_choices(entry_list *out, const tier *t, const problem *p, const char *data,
                        bool forced)
{
    if (p->spec.algo[0]) {
        add_entry(out, p, p->spec.algo, p->spec.tile, data);
        return;
    }
    for (size_t a = 0; clconv_algorithm_name(a); a++) {
        const char *tiles[MOST_TILES];
        const char *const algo = clconv_algorithm_name(a);
        const size_t count = forced ? tiles_beside(p, algo, t->all_tiles, tiles) : 0;
        if (has_tiles_instead(algo) || !tier_asks(algo, p->spec.problem.op))
            continue;
        add_entry(out, p, algo, "", data);
        for (size_t i = 0; i < count; i++)
            add_entry(out, p, algo, tiles[i], data);
    }
}

/* Exact data, problem by problem so that neighbours share the oracle's result. */
static void add_exact(entry_list *out, const tier *t, const problem_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        add_choices(out, t, &list->items[i], "exact", true);
}

/* Special data under forced tiles, too: they ask what becomes of lanes that hold nothing. */
static void add_further_data(entry_list *out, const tier *t, const problem_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const problem *const p = &list->items[i];
        if (p->spec.data[0])
            add_choices(out, t, p, p->spec.data, strcmp(p->spec.data, "special") == 0);
    }
}

/* A tile that stands instead of the choice is a path of CLBlast, which has no limit of 65,536
 * planes to find but works batch by batch: PoCL 3.1 takes minutes for that many (2026-11-20). */
static bool has_few_batches(const clconv_problem *p)
{
    enum { MOST_BATCHES = 4096 };
    return p->n * (p->shared ? p->c : p->groups) <= MOST_BATCHES;
}

/* Then path by path, because changing CLBlast's path is slow. */
static void add_tiles_instead(entry_list *out, const problem_list *list)
{
    for (size_t f = 0; forced_tiles[f].algo; f++)
        for (size_t i = 0; forced_tiles[f].when == INSTEAD && i < list->count; i++) {
            const problem *const p = &list->items[i];
            if (p->spec.algo[0] || p->spec.problem.op || !has_few_batches(&p->spec.problem))
                continue;
            add_entry(out, p, forced_tiles[f].algo, forced_tiles[f].tile, "exact");
            if (p->spec.data[0])
                add_entry(out, p, forced_tiles[f].algo, forced_tiles[f].tile, p->spec.data);
        }
}

static void add_repetitions(entry_list *out, const problem_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t a = 0; (list->items[i].runs & RUN_REPEATED) && clconv_algorithm_name(a); a++) {
            problem repeated = list->items[i];
            if (has_tiles_instead(clconv_algorithm_name(a)) &&
                !has_few_batches(&repeated.spec.problem))
                continue;
            repeated.spec.repeat = 10;
            add_entry(out, &repeated, clconv_algorithm_name(a), "", "exact");
        }
}

/* Every shape of up to 1,024 work-items whose sides are powers of two, each over a few problems in
 * turn. What a device cannot launch is unsupported there. */
static void add_local_sizes(entry_list *out)
{
    enum { MOST_LOG = 10, PROBLEMS_EACH = 2 };
    problem_list list = {0};
    size_t turn = 0;
    add_smoke(&list);
    for (int x = 0; list.count && x <= MOST_LOG; x++)
        for (int y = 0; x + y <= MOST_LOG; y++)
            for (int z = 0; x + y + z <= MOST_LOG; z++)
                for (int i = 0; i < PROBLEMS_EACH; i++, turn++)
                    for (size_t a = 0; clconv_algorithm_name(a); a++) {
                        char tile[sizeof list.items->spec.tile];
                        const char *const algo = clconv_algorithm_name(a);
                        snprintf(tile, sizeof tile, "local=%dx%dx%d", 1 << x, 1 << y, 1 << z);
                        if (!has_tiles_instead(algo))
                            add_entry(out, &list.items[turn % list.count], algo, tile, "exact");
                    }
    out->failed = out->failed || list.failed;
    problem_list_free(&list);
}

/* ---- Sweeps --------------------------------------------------------------------------------- */

/* Filters of `direct` and `depthwise` in ci, where each is a program of its own: those that other
 * cases have, and two more. R, S, stride_h, stride_w, dilation_h, dilation_w. */
static const int few_filters[][6] = {
    {1, 1, 1, 1, 1, 1}, {3, 3, 1, 1, 1, 1}, {3, 3, 2, 2, 1, 1}, {3, 2, 1, 1, 1, 1},
    {2, 3, 1, 1, 1, 1}, {2, 3, 2, 1, 1, 2}, {3, 2, 1, 2, 2, 1},
};

static void add_sweep(entry_list *out, const char *algo, const char *channels, const int filter[6],
                      const char *mode)
{
    char text[128], why[128];
    problem p = {.origin = "sweep: every small image and padding"};
    snprintf(text, sizeof text, "%shw5r%ds%dsh%dsw%ddh%ddw%d%s:sweep=5", channels, filter[0],
             filter[1], filter[2], filter[3], filter[4], filter[5], mode);
    out->failed = out->failed || !case_parse(text, &p.spec, why, sizeof why);
    add_entry(out, &p, algo, "", "exact");
}

/* Filters of up to 3 x 3, strides and dilations of up to 2: 144. */
static void add_every_sweep(entry_list *out, const char *algo, const char *channels)
{
    for (int i = 0; i < 3 * 3 * 2 * 2 * 2 * 2; i++) {
        const int filter[6] = {1 + i % 3,      1 + i / 3 % 3,  1 + i / 9 % 2,
                               1 + i / 18 % 2, 1 + i / 36 % 2, 1 + i / 72};
        add_sweep(out, algo, channels, filter, "");
    }
}

static void add_sweeps(entry_list *out, sweep_scope scope)
{
    static const struct {
        const char *algo, *channels;
        bool one_program; /* for all filters */
    } rows[] = {{"naive", "n2c4k4g2", true},
                {"depthwise", "n2c2k4g2", false},
                {"direct", "n2c4k4g2", false}};
    for (size_t r = 0; scope != NO_SWEEP && r < sizeof rows / sizeof *rows; r++)
        if (rows[r].one_program || scope == SWEEP_ALL)
            add_every_sweep(out, rows[r].algo, rows[r].channels);
        else
            for (size_t f = 0; f < sizeof few_filters / sizeof *few_filters; f++)
                add_sweep(out, rows[r].algo, rows[r].channels, few_filters[f], "");
    static const char *const modes[] = {":pad=reflect", ":pad=replicate", ":pad=circular"};
    for (size_t r = 0; scope != NO_SWEEP && r < sizeof rows / sizeof *rows; r++)
        for (size_t m = 0; m < sizeof modes / sizeof *modes; m++)
            add_sweep(out, rows[r].algo, rows[r].channels, few_filters[1], modes[m]);
}

/* ---- All of it ------------------------------------------------------------------------------ */

suite_entry *generate_tier(const char *name, uint64_t seed, size_t *count)
{
    problem_list list = {0};
    entry_list out = {.seed = seed};
    const tier *const t = find_tier(name);
    *count = 0;
    if (t)
        t->problems(&list, seed);
    if (t && !list.failed) {
        add_sweeps(&out, t->sweeps);
        add_exact(&out, t, &list);
        add_further_data(&out, t, &list);
        add_tiles_instead(&out, &list);
        if (t->qualifies) {
            add_repetitions(&out, &list);
            add_local_sizes(&out);
        }
    }
    if (list.failed || out.failed) {
        free(out.items);
        out.items = NULL;
        out.count = 0;
    }
    *count = out.count;
    problem_list_free(&list);
    return out.items;
}
