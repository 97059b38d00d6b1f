/* SPDX-License-Identifier: MIT */
/* Seeded draws: families of shapes that covers of the axes reach too seldom. */
#include "axes.h"
#include "problems.h"

#include <string.h>

enum { DRAWN_MACS = 4000000, LARGEST_IMAGE = 40, RANDOM_TIMES = 9 };

typedef enum profile_kind {
    PLAIN,
    POINTWISE,
    SHARED,
    SHARED_SUM,
    SHARED_MEAN,
    UNEVEN
} profile_kind;

/* A family of shapes. Lists end with 0. */
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

/* What a draw takes its filter and its image from. */
typedef struct filter_source {
    const filter_set *filters;
    size_t filter_count;
    bool any_image; /* any size up to LARGEST_IMAGE, not only those of the axis */
} filter_source;

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

/* The axes that the profile does not fix are free. */
static axis_row draw_row(const profile *from, const filter_source *source, uint64_t *random)
{
    axis_row row;
    for (int i = 0; i < AXIS_COUNT; i++)
        row.value[i] = axes[i].values[axes_random(random) % (uint64_t)axes[i].count];
    for (int i = AXIS_H; source->any_image && i <= AXIS_W; i++)
        row.value[i] = 1 + (int)(axes_random(random) % LARGEST_IMAGE);
    const size_t filter = from->kind == POINTWISE ? 0 : axes_random(random) % source->filter_count;
    memcpy(&row.value[AXIS_R], source->filters->at[filter], sizeof source->filters->at[filter]);
    for (int i = AXIS_TOP; from->kind == POINTWISE && i <= AXIS_RIGHT; i++)
        row.value[i] = 0;
    row.value[AXIS_GROUPS] = choose(from->groups, 8, random);
    row.value[AXIS_IN] = choose(from->in, 8, random);
    row.value[AXIS_OUT] = choose(from->out, 8, random);
    return row;
}

/* One feasible draw within the limit of work. */
static void draw(const profile *from, const filter_source *source, uint64_t *random, case_spec *c)
{
    clconv_work_size work = {.size = sizeof work};
    do {
        const axis_row row = draw_row(from, source, random);
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

static void draw_all(problem_list *list, const filter_source *source, uint64_t seed, int times)
{
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        uint64_t random = seed * 1000003u + case_hash(profiles[i].name) + source->any_image;
        for (int d = 0; d < times * profiles[i].draws; d++) {
            case_spec c;
            draw(&profiles[i], source, &random, &c);
            add_drawn(list, &c, profiles[i].name);
        }
    }
}

void add_draws(problem_list *list, uint64_t seed)
{
    filter_set pool;
    list->failed = list->failed || !axes_filters(2, &pool);
    if (!list->failed)
        draw_all(list, &(filter_source){&pool, DRAWN_FILTERS, false}, seed, 1);
}

void add_random(problem_list *list, uint64_t seed)
{
    filter_set pool;
    list->failed = list->failed || !axes_filters(3, &pool);
    if (!list->failed)
        draw_all(list, &(filter_source){&pool, pool.count, true}, seed, RANDOM_TIMES);
}
