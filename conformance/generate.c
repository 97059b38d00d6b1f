/* SPDX-License-Identifier: MIT */
/* Makes the list of cases of a tier: no device is asked, so the list is the same everywhere. */
#include "axes.h"
#include "cases.h"
#include "tiers.h"

#include <stdlib.h>
#include <string.h>

enum { LAYER_MACS = 20000000, DRAWN_MACS = 4000000 };

/* Draws vary sizes over the first filters of the pool, pairs go through them all: a cold cache has
 * fewer programs to compile. */
enum { DRAWN_FILTERS = 8 };

/* ---- A list without repetition -------------------------------------------------------------- */

typedef struct problem_list {
    suite_entry *items; /* data = "real" asks for real data beside exact ones */
    uint64_t *hashes;
    size_t count, room;
    bool failed;
} problem_list;

/* The text that shards and the search for repetitions go by: the problem alone. */
static const char *problem_text(const case_spec *c, char *text, size_t room)
{
    case_spec bare = *c;
    bare.algo[0] = bare.tile[0] = bare.data[0] = '\0';
    bare.has_seed = false;
    return case_print(&bare, text, room);
}

uint64_t tier_problem_hash(const case_spec *c)
{
    char text[CASE_TEXT];
    return case_hash(problem_text(c, text, sizeof text));
}

static bool grow(problem_list *list)
{
    if (list->count < list->room)
        return true;
    const size_t room = list->room ? 2 * list->room : 64;
    suite_entry *items = realloc(list->items, room * sizeof *items);
    if (items)
        list->items = items;
    uint64_t *hashes = realloc(list->hashes, room * sizeof *hashes);
    if (hashes)
        list->hashes = hashes;
    list->failed = list->failed || !items || !hashes;
    if (!list->failed)
        list->room = room;
    return !list->failed;
}

/* The first origin of a problem stays; equal 64-bit hashes count as equal problems. */
static void add_problem(problem_list *list, const case_spec *c, bool real, const char *origin)
{
    const uint64_t hash = tier_problem_hash(c);
    for (size_t i = 0; i < list->count; i++)
        if (list->hashes[i] == hash)
            return;
    if (!grow(list))
        return;
    suite_entry *entry = &list->items[list->count];
    entry->spec = *c;
    snprintf(entry->spec.data, sizeof entry->spec.data, "%s", real ? "real" : "");
    snprintf(entry->origin, sizeof entry->origin, "%s", origin);
    list->hashes[list->count++] = hash;
}

/* Real data for one problem in three, chosen by its name so that additions move nothing. */
static bool wants_real(const case_spec *c)
{
    return tier_problem_hash(c) % 3 == 0;
}

/* ---- Sources -------------------------------------------------------------------------------- */

static void add_named(problem_list *list, const named_case *named, const char *prefix)
{
    for (; named->text; named++) {
        case_spec c;
        char why[256], origin[sizeof list->items->origin];
        if (!case_parse(named->text, &c, why, sizeof why)) {
            fprintf(stderr, "clconv-conform: the built-in case %s: %s\n", named->text, why);
            list->failed = true;
            continue;
        }
        snprintf(origin, sizeof origin, "%s: %s", prefix, named->why);
        add_problem(list, &c, strcmp(c.data, "real") == 0, origin);
    }
}

static void add_pairs(problem_list *list)
{
    size_t count = 0;
    axis_row *rows = axes_pairs(&count);
    list->failed = list->failed || !rows;
    for (size_t i = 0; i < count; i++) {
        case_spec c;
        axes_problem(&rows[i], &c);
        add_problem(list, &c, wants_real(&c), "pair");
    }
    free(rows);
}

typedef enum profile_kind {
    PLAIN,
    POINTWISE,
    SHARED,
    SHARED_SUM,
    SHARED_MEAN,
    UNEVEN
} profile_kind;

/* A family of shapes that pairs reach too seldom. Lists end with 0. */
typedef struct profile {
    const char *name;
    int draws;
    int groups[8], in[8], out[8];
    profile_kind kind;
} profile;

static const profile profiles[] = {
    {"dense", 30, {1}, {1, 2, 3, 5, 8, 17, 33}, {1, 3, 4, 7, 8, 9, 17}, PLAIN},
    {"grouped", 40, {2, 3, 5, 8}, {2, 3, 4, 5, 8, 17}, {1, 2, 3, 4, 7, 9, 16}, PLAIN},
    {"depthwise", 50, {2, 3, 5, 8, 15, 17, 33}, {1}, {1, 2, 3}, PLAIN},
    {"pointwise", 40, {1, 2, 3, 8}, {1, 3, 4, 8, 17, 40}, {1, 2, 5, 8, 9, 17, 33}, POINTWISE},
    {"shared", 12, {1, 2, 3, 5, 17}, {1}, {1, 2, 3, 4, 7}, SHARED},
    {"shared sum", 12, {1, 2, 3, 5, 17}, {1}, {1, 2, 3, 4, 7}, SHARED_SUM},
    {"shared mean", 12, {1, 2, 3, 5, 17}, {1}, {1, 2, 3, 4, 7}, SHARED_MEAN},
    {"uneven groups", 24, {2, 3, 4, 5}, {1, 2, 3, 5, 8}, {1, 2, 3, 5, 9}, UNEVEN},
};

static int choose(const int *values, size_t room, uint64_t *random)
{
    size_t count = 0;
    while (count < room && values[count])
        count++;
    return values[axes_random(random) % count];
}

/* A table entry per group, each drawn; the totals follow. */
static void make_uneven(const profile *from, case_spec *c, uint64_t *random)
{
    clconv_problem *p = &c->problem;
    p->c = p->k = 0;
    for (int64_t g = 0; g < p->groups; g++) {
        p->c += c->group_in[g] = choose(from->in, 8, random);
        p->k += c->group_out[g] = choose(from->out, 8, random);
    }
    c->has_group_in = c->has_group_out = true;
}

/* One feasible draw within the limit of work; the axes that the profile does not fix are free. */
static void draw(const profile *from, uint64_t *random, case_spec *c)
{
    clconv_work_size work = {.size = sizeof work};
    do {
        axis_row row;
        for (int i = 0; i < AXIS_COUNT; i++)
            row.value[i] = axes[i].values[axes_random(random) % (uint64_t)axes[i].count];
        const size_t filter = from->kind == POINTWISE ? 0 : axes_random(random) % DRAWN_FILTERS;
        memcpy(&row.value[AXIS_R], filter_pool[filter], sizeof filter_pool[filter]);
        for (int i = AXIS_TOP; from->kind == POINTWISE && i <= AXIS_RIGHT; i++)
            row.value[i] = 0;
        row.value[AXIS_GROUPS] = choose(from->groups, 8, random);
        row.value[AXIS_IN] = choose(from->in, 8, random);
        row.value[AXIS_OUT] = choose(from->out, 8, random);
        axes_problem(&row, c);
        if (from->kind == UNEVEN)
            make_uneven(from, c, random);
        if (from->kind >= SHARED && from->kind <= SHARED_MEAN) {
            c->problem.groups = 1;
            c->problem.shared = 1;
            c->problem.reduce = (int32_t)(from->kind - SHARED); /* none, sum, mean */
        }
        const clconv_problem p = case_problem(c);
        if (!axes_feasible(&row) || clconv_problem_work(&p, &work) != CLCONV_OK)
            work.macs = UINT64_MAX;
    } while (work.macs > DRAWN_MACS);
}

static void add_draws(problem_list *list, uint64_t seed)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        char origin[sizeof list->items->origin];
        snprintf(origin, sizeof origin, "draw: %s", profiles[i].name);
        uint64_t random = seed * 1000003u + case_hash(profiles[i].name);
        for (int d = 0; d < profiles[i].draws; d++) {
            case_spec c;
            draw(&profiles[i], &random, &c);
            add_problem(list, &c, wants_real(&c), origin);
        }
    }
}

static void add_layer(void *user, const case_spec *layer, const char *origin)
{
    add_problem(user, layer, false, origin);
}

static void smoke_problems(problem_list *list, uint64_t seed)
{
    (void)seed; /* nothing is drawn */
    add_named(list, smoke_cases, "smoke");
}

static void ci_problems(problem_list *list, uint64_t seed)
{
    char why[256];
    add_named(list, boundary_cases, "boundary");
    add_pairs(list);
    add_draws(list, seed);
    if (!layers_each(LAYER_MACS, add_layer, list, why, sizeof why)) {
        fprintf(stderr, "clconv-conform: %s\n", why);
        list->failed = true;
    }
}

/* ---- Tiers ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*problems)(problem_list *list, uint64_t seed);
    size_t quota;
} tiers[] = {{"smoke", smoke_problems, 4}, {"ci", ci_problems, 50}};

const char *const tier_names[] = {"smoke", "ci", NULL};

size_t tier_quota(const char *tier)
{
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
        if (strcmp(tiers[i].name, tier) == 0)
            return tiers[i].quota;
    return 0;
}

/* Paths inside one algorithm that its own choice would leave untested. */
static const struct {
    const char *algo, *tile;
} forced_tiles[] = {{"gemm", "path=direct"}, {"gemm", "path=indirect"}};
enum { FORCED_TILES = sizeof forced_tiles / sizeof forced_tiles[0] };

static bool has_forced_tiles(const char *algo)
{
    for (size_t i = 0; i < FORCED_TILES; i++)
        if (strcmp(forced_tiles[i].algo, algo) == 0)
            return true;
    return false;
}

typedef struct entry_list {
    suite_entry *items;
    size_t count;
    uint64_t seed;
} entry_list;

static void add_entry(entry_list *out, const suite_entry *problem, const char *algo,
                      const char *tile, const char *data)
{
    suite_entry *entry = &out->items[out->count++];
    *entry = *problem;
    case_spec *c = &entry->spec;
    snprintf(c->algo, sizeof c->algo, "%s", algo);
    snprintf(c->tile, sizeof c->tile, "%s", tile);
    snprintf(c->data, sizeof c->data, "%s", data);
    c->has_seed = out->seed != TIER_DEFAULT_SEED;
    c->seed = c->has_seed ? out->seed : 0;
}

/* Algorithms without forced tiles, problem by problem so that neighbours share the oracle's result.
 */
static void add_chosen_tiles(entry_list *out, const problem_list *list, const char *data)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t a = 0; clconv_algorithm_name(a); a++) {
            const bool wanted = strcmp(data, "exact") == 0 || list->items[i].spec.data[0];
            if (wanted && !has_forced_tiles(clconv_algorithm_name(a)))
                add_entry(out, &list->items[i], clconv_algorithm_name(a), "", data);
        }
}

/* Then path by path, because changing CLBlast's path is slow. */
static void add_forced_tiles(entry_list *out, const problem_list *list, const char *algo)
{
    for (size_t f = 0; f < FORCED_TILES; f++) {
        if (strcmp(forced_tiles[f].algo, algo) != 0)
            continue;
        for (size_t i = 0; i < list->count; i++) {
            add_entry(out, &list->items[i], algo, forced_tiles[f].tile, "exact");
            if (list->items[i].spec.data[0])
                add_entry(out, &list->items[i], algo, forced_tiles[f].tile, "real");
        }
    }
}

static size_t algorithm_count(void)
{
    size_t count = 0;
    while (clconv_algorithm_name(count))
        count++;
    return count;
}

suite_entry *generate_tier(const char *tier, uint64_t seed, size_t *count)
{
    problem_list list = {0};
    entry_list out = {.seed = seed};
    *count = 0;
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
        if (strcmp(tiers[i].name, tier) == 0)
            tiers[i].problems(&list, seed);
    if (!list.failed && list.count)
        out.items = calloc(list.count * 2 * (algorithm_count() + FORCED_TILES), sizeof *out.items);
    if (out.items) {
        add_chosen_tiles(&out, &list, "exact");
        add_chosen_tiles(&out, &list, "real");
        for (size_t a = 0; clconv_algorithm_name(a); a++)
            add_forced_tiles(&out, &list, clconv_algorithm_name(a));
        *count = out.count;
    }
    free(list.items);
    free(list.hashes);
    return out.items;
}
