/* SPDX-License-Identifier: MIT */
/* The shrinking loop: each dimension goes to its minimum, else by half the way, by a quarter, ...,
 * by one. What algorithm, tile, data and seed say stays. */
#include "shrink.h"

#include "suite.h"

#include <stddef.h>
#include <string.h>

/* ---- Channels: per group, so that groups and channels shrink apart ----------------------------
 */

static int64_t table_sum(const int64_t *table, int64_t groups)
{
    int64_t sum = 0;
    for (int64_t g = 0; g < groups; g++)
        sum += table[g];
    return sum;
}

static int64_t table_most(const int64_t *table, int64_t groups)
{
    int64_t most = 0;
    for (int64_t g = 0; g < groups; g++)
        most = table[g] > most ? table[g] : most;
    return most;
}

/* Every entry by as much as the largest, so that uneven groups stay uneven while they can. */
static void lower_table(int64_t *table, int64_t groups, int64_t most)
{
    const int64_t less = table_most(table, groups) - most;
    for (int64_t g = 0; g < groups; g++)
        table[g] = table[g] > less ? table[g] - less : 1;
}

static int64_t get_in(const case_spec *c)
{
    const clconv_problem *p = &c->problem;
    return c->has_group_in ? table_most(c->group_in, p->groups) : p->c / p->groups;
}

/* Filters of a group; of the one bank that a shared kernel applies to each channel. */
static int64_t get_out(const case_spec *c)
{
    const clconv_problem *p = &c->problem;
    return c->has_group_out ? table_most(c->group_out, p->groups)
                            : p->k / (p->shared ? p->c : p->groups);
}

static void set_channels(case_spec *c, int64_t in, int64_t out)
{
    clconv_problem *p = &c->problem;
    p->c = c->has_group_in ? table_sum(c->group_in, p->groups) : in * p->groups;
    p->k = c->has_group_out ? table_sum(c->group_out, p->groups)
                            : out * (p->shared ? p->c : p->groups);
}

static void set_in(case_spec *c, int64_t in)
{
    const int64_t out = get_out(c);
    if (c->has_group_in)
        lower_table(c->group_in, c->problem.groups, in);
    set_channels(c, in, out);
}

static void set_out(case_spec *c, int64_t out)
{
    const int64_t in = get_in(c);
    if (c->has_group_out)
        lower_table(c->group_out, c->problem.groups, out);
    set_channels(c, in, out);
}

static int64_t get_groups(const case_spec *c)
{
    return c->problem.groups;
}

/* The first groups stay. */
static void set_groups(case_spec *c, int64_t groups)
{
    const int64_t in = get_in(c), out = get_out(c);
    c->problem.groups = groups;
    set_channels(c, in, out);
}

/* Groups of a table; 1 without one, where it matters not which groups stay. */
static int64_t get_table_groups(const case_spec *c)
{
    return c->has_group_in || c->has_group_out ? c->problem.groups : 1;
}

/* The last groups stay. */
static void set_table_groups(case_spec *c, int64_t groups)
{
    const int64_t gone = c->problem.groups - groups;
    memmove(c->group_in, c->group_in + gone, (size_t)groups * sizeof c->group_in[0]);
    memmove(c->group_out, c->group_out + gone, (size_t)groups * sizeof c->group_out[0]);
    set_groups(c, groups);
}

static int64_t get_in_table(const case_spec *c)
{
    return c->has_group_in;
}

static void drop_in_table(case_spec *c, int64_t absent)
{
    const int64_t in = get_in(c), out = get_out(c);
    c->has_group_in = absent;
    set_channels(c, in, out);
}

static int64_t get_out_table(const case_spec *c)
{
    return c->has_group_out;
}

static void drop_out_table(case_spec *c, int64_t absent)
{
    const int64_t in = get_in(c), out = get_out(c);
    c->has_group_out = absent;
    set_channels(c, in, out);
}

static int64_t get_bias(const case_spec *c)
{
    return c->problem.b.dtype != CLCONV_DTYPE_ABSENT;
}

static void drop_bias(case_spec *c, int64_t absent)
{
    (void)absent;
    c->problem.b.dtype = CLCONV_DTYPE_ABSENT;
}

static int64_t get_reduce(const case_spec *c)
{
    return c->problem.reduce != CLCONV_REDUCE_NONE;
}

static void drop_reduce(case_spec *c, int64_t absent)
{
    (void)absent;
    c->problem.reduce = CLCONV_REDUCE_NONE;
}

static int64_t get_pad_mode(const case_spec *c)
{
    return c->problem.pad_mode != CLCONV_PAD_ZEROS;
}

static void drop_pad_mode(case_spec *c, int64_t absent)
{
    (void)absent;
    c->problem.pad_mode = CLCONV_PAD_ZEROS;
}

static int64_t get_layout(const case_spec *c)
{
    return c->problem.x.layout != CLCONV_LAYOUT_PLAIN;
}

static void drop_layout(case_spec *c, int64_t absent)
{
    (void)absent;
    c->problem.x.layout = c->problem.w.layout = c->problem.y.layout = CLCONV_LAYOUT_PLAIN;
}

static int64_t get_type(const case_spec *c)
{
    return c->problem.x.dtype != CLCONV_F32;
}

static void drop_type(case_spec *c, int64_t absent)
{
    (void)absent;
    c->problem.x.dtype = CLCONV_F32;
    if (c->problem.b.dtype)
        c->problem.b.dtype = CLCONV_F32;
}

static int64_t get_view(const case_spec *c)
{
    return c->view;
}

static void drop_view(case_spec *c, int64_t view)
{
    c->view = (int32_t)view;
}

static int64_t get_activation(const case_spec *c)
{
    return c->epilogue.activation != CLCONV_ACTIVATION_NONE;
}

static void drop_activation(case_spec *c, int64_t absent)
{
    (void)absent;
    c->epilogue.activation = CLCONV_ACTIVATION_NONE;
}

/* To an array, then to none. */
static int64_t get_residual(const case_spec *c)
{
    return c->residual;
}

static void drop_residual(case_spec *c, int64_t residual)
{
    c->residual = (int32_t)residual;
}

static int64_t get_scaled(const case_spec *c)
{
    return c->scaled;
}

static void drop_scaled(case_spec *c, int64_t absent)
{
    c->scaled = (int32_t)absent;
}

/* To a y of int32, then to none. */
static int64_t get_quantised(const case_spec *c)
{
    return c->quantised;
}

static void drop_quantised(case_spec *c, int64_t quantised)
{
    c->quantised = (int32_t)quantised;
}

/* ---- Dimensions ----------------------------------------------------------------------------- */

/* Either a field of the problem or a pair of functions. */
typedef struct dimension {
    int64_t least;
    size_t field;
    int64_t (*get)(const case_spec *);
    void (*set)(case_spec *, int64_t);
} dimension;

#define FIELD(name, least)                                                                         \
    {                                                                                              \
        least, offsetof(clconv_problem, name), NULL, NULL                                          \
    }
#define COMPUTED(least, get, set)                                                                  \
    {                                                                                              \
        least, 0, get, set                                                                         \
    }

/* Sizes first: they cost no compilation. Padding before the image, which then stands for it: a case
 * without padding says more than one with a smaller image. */
static const dimension dimensions[] = {
    FIELD(n, 1),
    COMPUTED(1, get_groups, set_groups),
    COMPUTED(1, get_table_groups, set_table_groups),
    COMPUTED(1, get_out, set_out),
    COMPUTED(1, get_in, set_in),
    FIELD(pad_before[0], 0),
    FIELD(pad_after[0], 0),
    FIELD(pad_before[1], 0),
    FIELD(pad_after[1], 0),
    FIELD(in[0], 1),
    FIELD(in[1], 1),
    FIELD(dilation[0], 1),
    FIELD(dilation[1], 1),
    FIELD(stride[0], 1),
    FIELD(stride[1], 1),
    FIELD(kernel[0], 1),
    FIELD(kernel[1], 1),
    COMPUTED(0, get_pad_mode, drop_pad_mode),
    COMPUTED(0, get_bias, drop_bias),
    COMPUTED(0, get_reduce, drop_reduce),
    COMPUTED(0, get_scaled, drop_scaled),
    COMPUTED(0, get_activation, drop_activation),
    COMPUTED(0, get_residual, drop_residual),
    COMPUTED(0, get_quantised, drop_quantised),
    COMPUTED(0, get_view, drop_view),
    COMPUTED(0, get_layout, drop_layout),
    COMPUTED(0, get_type, drop_type),
    COMPUTED(0, get_in_table, drop_in_table),
    COMPUTED(0, get_out_table, drop_out_table),
};

static int64_t dimension_get(const dimension *d, const case_spec *c)
{
    int64_t value;
    if (d->get)
        return d->get(c);
    memcpy(&value, (const char *)&c->problem + d->field, sizeof value);
    return value;
}

static void dimension_set(const dimension *d, case_spec *c, int64_t value)
{
    if (d->set)
        d->set(c, value);
    else
        memcpy((char *)&c->problem + d->field, &value, sizeof value);
}

/* ---- Search --------------------------------------------------------------------------------- */

typedef struct search {
    case_spec *best;
    shrink_probe *probe;
    void *user;
    size_t budget, runs;
    bool stopped;
    uint64_t asked[SHRINK_MOST_RUNS]; /* hashes: a later pass need not run what passed before */
} search;

static bool asked_before(const search *s, uint64_t hash)
{
    for (size_t i = 0; i < s->runs; i++)
        if (s->asked[i] == hash)
            return true;
    return false;
}

/* Whether the best case still fails with one dimension at `value`; if so, it is the best case. */
static bool attempt(search *s, const dimension *d, int64_t value)
{
    char name[CASE_TEXT];
    case_spec candidate = *s->best;
    dimension_set(d, &candidate, value);
    case_draw(&candidate);
    const clconv_problem p = suite_problem(&candidate);
    const uint64_t hash = case_hash(case_print(&candidate, name, sizeof name));
    if (s->stopped || clconv_validate(&p) != CLCONV_OK || asked_before(s, hash))
        return false;
    if (s->runs == s->budget) {
        s->stopped = true;
        return false;
    }
    s->asked[s->runs++] = hash;
    const shrink_answer answer = s->probe(s->user, &candidate);
    s->stopped = answer == SHRINK_STOP;
    if (answer == SHRINK_FAILS)
        *s->best = candidate;
    return answer == SHRINK_FAILS;
}

static bool lower(search *s, const dimension *d)
{
    const int64_t first = dimension_get(d, s->best);
    int64_t value = first, step = value - d->least;
    while (step > 0 && !s->stopped) {
        if (attempt(s, d, value - step))
            value = dimension_get(d, s->best);
        else
            step /= 2;
        step = step < value - d->least ? step : value - d->least;
    }
    return value != first;
}

shrink_result shrink_case(case_spec *c, size_t budget, shrink_probe *probe, void *user)
{
    const size_t most = budget < SHRINK_MOST_RUNS ? budget : SHRINK_MOST_RUNS;
    search s = {.best = c, .probe = probe, .user = user, .budget = most};
    bool changed = true;
    while (changed && !s.stopped) {
        changed = false;
        for (size_t i = 0; i < sizeof dimensions / sizeof dimensions[0]; i++)
            changed = lower(&s, &dimensions[i]) || changed;
    }
    return (shrink_result){s.runs, !s.stopped};
}
