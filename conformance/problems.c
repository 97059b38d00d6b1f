/* SPDX-License-Identifier: MIT */
/* Collects the convolutions of a tier: written by hand, covering the axes, drawn, and of models. */
#include "problems.h"

#include "axes.h"
#include "cases.h"
#include "tiers.h"

#include <stdlib.h>
#include <string.h>

/* ---- A list without repetition -------------------------------------------------------------- */

/* The text that shards and the search for repetitions go by: the problem alone. */
static const char *problem_text(const case_spec *c, char *text, size_t room)
{
    case_spec bare = *c;
    bare.algo[0] = bare.tile[0] = bare.data[0] = '\0';
    bare.has_seed = false;
    bare.repeat = 0;
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
    problem *const items = realloc(list->items, room * sizeof *items);
    list->items = items ? items : list->items;
    uint64_t *const hashes = realloc(list->hashes, room * sizeof *hashes);
    list->hashes = hashes ? hashes : list->hashes;
    if (items && hashes)
        list->room = room;
    else
        list->failed = true;
    return items && hashes;
}

void problem_list_free(problem_list *list)
{
    free(list->items);
    free(list->hashes);
}

/* The first origin of a problem stays; equal 64-bit hashes count as equal problems. */
static void add_problem(problem_list *list, const case_spec *c, const char *data, unsigned runs,
                        const char *origin)
{
    const uint64_t hash = tier_problem_hash(c);
    for (size_t i = 0; i < list->count; i++)
        if (list->hashes[i] == hash)
            return;
    if (!grow(list))
        return;
    list->hashes[list->count] = hash;
    problem *const added = &list->items[list->count++];
    *added = (problem){.spec = *c, .runs = runs};
    snprintf(added->spec.data, sizeof added->spec.data, "%s", data);
    snprintf(added->origin, sizeof added->origin, "%s", origin);
}

/* One data mode beside exact, chosen by the problem's name so that additions move nothing. */
const char *further_mode(const case_spec *c)
{
    static const char *const modes[] = {"real", "ids", "real", "special", "real", "impulse"};
    return modes[tier_problem_hash(c) % (sizeof modes / sizeof *modes)];
}

const char *gradient_mode(const case_spec *c)
{
    static const char *const modes[] = {"real", "special", "real", ""};
    return modes[tier_problem_hash(c) % (sizeof modes / sizeof *modes)];
}

/* ---- By hand -------------------------------------------------------------------------------- */

bool read_named(problem_list *list, const named_case *named, case_spec *out)
{
    char why[256];
    if (case_parse(named->text, out, why, sizeof why))
        return true;
    fprintf(stderr, "clconv-conform: the built-in case %s: %s\n", named->text, why);
    list->failed = true;
    return false;
}

/* `mode` NULL = as the text says. */
static void add_named(problem_list *list, const named_case *named, const char *prefix,
                      const char *(*mode)(const case_spec *c), unsigned runs)
{
    for (; named->text; named++) {
        case_spec c;
        char origin[sizeof list->items->origin];
        if (!read_named(list, named, &c))
            continue;
        snprintf(origin, sizeof origin, "%s: %s", prefix, named->why);
        add_problem(list, &c, mode ? mode(&c) : c.data, c.algo[0] ? 0 : runs, origin);
    }
}

void add_smoke(problem_list *list)
{
    add_named(list, smoke_cases, "smoke", NULL, RUN_FORCED | RUN_REPEATED);
}

void add_boundary(problem_list *list)
{
    add_named(list, boundary_cases, "boundary", further_mode, RUN_FORCED | RUN_REPEATED);
}

void add_large(problem_list *list)
{
    add_named(list, large_cases, "large", NULL, 0);
}

/* ---- Covers of the axes --------------------------------------------------------------------- */

size_t filter_number(const clconv_problem *p)
{
    for (size_t f = 0; f < filter_pool_count; f++) {
        const int *const at = filter_pool[f];
        bool same = true;
        for (int d = 0; d < 2; d++)
            same = same && p->kernel[d] == at[d] && p->stride[d] == at[2 + d] &&
                   p->dilation[d] == at[4 + d];
        if (same)
            return f;
    }
    return filter_pool_count;
}

bool is_drawn_filter(const clconv_problem *p)
{
    return filter_number(p) < DRAWN_FILTERS;
}

void add_cover(problem_list *list, int strength)
{
    size_t count = 0;
    axis_row *const rows = axes_cover(strength, &count);
    list->failed = list->failed || !rows;
    for (size_t i = 0; i < count; i++) {
        case_spec c;
        axes_problem(&rows[i], &c);
        const bool forced = is_drawn_filter(&c.problem) || strength > 2;
        add_problem(list, &c, further_mode(&c), forced ? RUN_FORCED : 0,
                    strength == 2 ? "pair" : "triple");
    }
    add_modes(list, rows, count, strength);
    free(rows);
}

void add_mode(problem_list *list, const case_spec *c)
{
    add_problem(list, c, further_mode(c), RUN_FORCED, "padding mode");
}

/* ---- Layers --------------------------------------------------------------------------------- */

static void add_layer(problem_list *list, const case_spec *layer, const char *origin)
{
    add_problem(list, layer, "", 0, origin);
}

/* The row's filter, stride, dilation and channels of a group: what makes kernels differ. */
static case_spec layer_kind(const case_spec *layer)
{
    case_spec kind = *layer;
    clconv_problem *const p = &kind.problem;
    p->c /= p->groups;
    p->k /= p->groups;
    p->groups = 1;
    for (int d = 0; d < 2; d++) {
        p->in[d] = 1;
        p->pad_before[d] = p->pad_after[d] = 0;
    }
    return kind;
}

typedef struct layer_filter {
    problem_list *list;
    problem_list kinds; /* that the list has */
    int64_t images;
} layer_filter;

static void add_if_new_kind(void *user, const case_spec *layer, const char *origin)
{
    enum { LAYER_MACS = 20000000 };
    layer_filter *const filter = user;
    const clconv_problem p = case_problem(layer);
    clconv_work_size work = {.size = sizeof work};
    if (p.groups < 2 || clconv_problem_work(&p, &work) != CLCONV_OK || work.macs > LAYER_MACS)
        return;
    const case_spec kind = layer_kind(layer);
    const size_t before = filter->kinds.count;
    add_problem(&filter->kinds, &kind, "", 0, "");
    if (filter->kinds.count > before)
        add_layer(filter->list, layer, origin);
}

static void add_with_images(void *user, const case_spec *layer, const char *origin)
{
    const layer_filter *const filter = user;
    case_spec c = *layer;
    c.problem.n = filter->images;
    add_layer(filter->list, &c, origin);
}

static void each_layer(layer_filter *filter, layer_visitor *visit)
{
    char why[256];
    const bool good = layers_each(visit, filter, why, sizeof why);
    if (!good)
        fprintf(stderr, "clconv-conform: %s\n", why);
    filter->list->failed = filter->list->failed || !good || filter->kinds.failed;
    problem_list_free(&filter->kinds);
}

void add_layers_of_each_kind(problem_list *list)
{
    each_layer(&(layer_filter){.list = list}, add_if_new_kind);
}

void add_all_layers(problem_list *list, int64_t images)
{
    each_layer(&(layer_filter){.list = list, .images = images}, add_with_images);
}

void add_drawn(problem_list *list, const case_spec *c, const char *family)
{
    char origin[sizeof list->items->origin];
    snprintf(origin, sizeof origin, "draw: %s", family);
    add_problem(list, c, further_mode(c), RUN_FORCED, origin);
}

void add_typed(problem_list *list, const case_spec *c, const char *data, const char *origin)
{
    add_problem(list, c, data, 0, origin);
}

void add_gradient(problem_list *list, const case_spec *c, const char *data, unsigned runs,
                  const char *origin)
{
    add_problem(list, c, data, runs, origin);
}

void add_ending(problem_list *list, const case_spec *c, const char *data, unsigned runs,
                const char *origin)
{
    add_problem(list, c, data, runs, origin);
}
