/* SPDX-License-Identifier: MIT */
/* Problems for the unit tests, written down without the library. */
#ifndef CLCONV_PROBLEMS_H
#define CLCONV_PROBLEMS_H

#include "suite.h"

/* n c h w k r s with everything else at its default and no bias. */
static inline clconv_problem plain_problem(int64_t n, int64_t c, int64_t h, int64_t w, int64_t k,
                                           int64_t r, int64_t s)
{
    return (clconv_problem){.size = sizeof(clconv_problem),
                            .spatial = 2,
                            .n = n,
                            .c = c,
                            .k = k,
                            .in = {h, w, 1},
                            .kernel = {r, s, 1},
                            .stride = {1, 1, 1},
                            .dilation = {1, 1, 1},
                            .groups = 1,
                            .x = {.dtype = CLCONV_F32},
                            .w = {.dtype = CLCONV_F32},
                            .y = {.dtype = CLCONV_F32}};
}

/* A small linear congruential generator (Knuth's MMIX constants), so that the problems do not
 * change when the data generator does. A number of [low, high]. */
static inline int64_t pick(uint64_t *state, int64_t low, int64_t high)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (int64_t)((*state >> 33) % (uint64_t)(high - low + 1));
}

typedef enum form {
    FORM_DENSE,
    FORM_GROUPED,
    FORM_DEPTHWISE,
    FORM_SHARED,
    FORM_SUM,
    FORM_MEAN,
    FORM_UNEVEN,
    FORMS
} form;

static inline void pick_channels(form kind, uint64_t *state, clconv_problem *p, int64_t *tables)
{
    const int64_t groups = pick(state, 2, 4), multiplier = pick(state, 1, 3);
    switch (kind) {
    case FORM_DENSE:
        break;
    case FORM_GROUPED:
        p->groups = groups;
        p->c = groups * pick(state, 1, 3);
        p->k = groups * pick(state, 1, 3);
        break;
    case FORM_DEPTHWISE:
        p->groups = p->c;
        p->k = p->c * multiplier;
        break;
    case FORM_UNEVEN:
        p->groups = groups;
        p->c = p->k = 0;
        p->group_in = tables;
        p->group_out = tables + groups;
        for (int64_t g = 0; g < groups; g++) {
            p->c += tables[g] = pick(state, 1, 3);
            p->k += tables[groups + g] = pick(state, 1, 4);
        }
        break;
    default:
        p->shared = 1;
        p->k = p->c * multiplier;
        p->reduce = kind == FORM_SHARED
                        ? CLCONV_REDUCE_NONE
                        : (kind == FORM_SUM ? CLCONV_REDUCE_SUM : CLCONV_REDUCE_MEAN);
    }
}

/* A problem of a form, its window always fitting, every parameter of h and w drawn apart. `tables`
 * has room for 8. */
static inline clconv_problem random_problem(form kind, uint64_t *state, int64_t *tables)
{
    clconv_problem p = plain_problem(pick(state, 1, 2), pick(state, 1, 5), 0, 0, pick(state, 1, 5),
                                     pick(state, 1, 4), pick(state, 1, 4));
    for (int axis = 0; axis < 2; axis++) {
        p.stride[axis] = pick(state, 1, 3);
        p.dilation[axis] = pick(state, 1, 3);
        p.pad_before[axis] = pick(state, 0, 4);
        p.pad_after[axis] = pick(state, 0, 4);
        const int64_t reach = p.dilation[axis] * (p.kernel[axis] - 1) + 1;
        const int64_t least = reach - p.pad_before[axis] - p.pad_after[axis];
        p.in[axis] = pick(state, least > 1 ? least : 1, (least > 1 ? least : 1) + 6);
    }
    if (pick(state, 0, 1))
        p.b.dtype = CLCONV_F32;
    pick_channels(kind, state, &p, tables);
    return p;
}

#endif
