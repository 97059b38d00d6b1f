/* SPDX-License-Identifier: MIT */
/* The table of axes, the pool of filters, and which values can meet. */
#include "axes.h"

const axis axes[AXIS_COUNT] = {
    [AXIS_N] = {"n", 3, {1, 2, 3}},
    [AXIS_IN] = {"c/g", 7, {1, 2, 3, 4, 5, 8, 17}},
    [AXIS_OUT] = {"k/g", 5, {1, 2, 3, 4, 7}},
    [AXIS_GROUPS] = {"g", 5, {1, 2, 3, 5, 8}},
    [AXIS_H] = {"h", 11, {1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 33}},
    [AXIS_W] = {"w", 11, {1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 33}},
    [AXIS_R] = {"r", 6, {1, 2, 3, 4, 5, 7}},
    [AXIS_S] = {"s", 6, {1, 2, 3, 4, 5, 7}},
    [AXIS_SH] = {"sh", 3, {1, 2, 3}},
    [AXIS_SW] = {"sw", 3, {1, 2, 3}},
    [AXIS_DH] = {"dh", 3, {1, 2, 3}},
    [AXIS_DW] = {"dw", 3, {1, 2, 3}},
    [AXIS_TOP] = {"pt", 5, {0, 1, 2, PAD_KERNEL_LESS_ONE, PAD_KERNEL}},
    [AXIS_BOTTOM] = {"pb", 5, {0, 1, 2, PAD_KERNEL_LESS_ONE, PAD_KERNEL}},
    [AXIS_LEFT] = {"pl", 5, {0, 1, 2, PAD_KERNEL_LESS_ONE, PAD_KERNEL}},
    [AXIS_RIGHT] = {"pr", 5, {0, 1, 2, PAD_KERNEL_LESS_ONE, PAD_KERNEL}},
    [AXIS_BIAS] = {"b", 2, {0, 1}},
};

/* clang-format off */
const int filter_pool[][FILTER_FIELDS] = {
    {1, 1, 1, 1, 1, 1}, {3, 3, 1, 1, 1, 1}, {3, 3, 2, 2, 1, 1}, {5, 5, 1, 1, 1, 1},
    {2, 4, 1, 2, 3, 2}, {1, 5, 3, 2, 2, 3}, {5, 1, 2, 3, 2, 2}, {7, 2, 2, 1, 3, 3},
    {4, 7, 3, 3, 3, 1}, {2, 7, 1, 3, 1, 3}, {4, 2, 3, 1, 1, 2}, {7, 4, 3, 1, 2, 1},
    {3, 2, 1, 3, 2, 3}, {1, 3, 2, 3, 3, 2}, {5, 3, 3, 2, 2, 3}, {7, 5, 1, 3, 1, 2},
    {4, 4, 2, 3, 1, 3}, {3, 1, 3, 2, 3, 2}, {2, 5, 2, 1, 3, 1}, {7, 7, 2, 2, 2, 2},
    {2, 2, 3, 2, 2, 1}, {4, 1, 1, 2, 2, 3}, {5, 7, 3, 1, 3, 2}, {1, 2, 2, 3, 3, 1},
    {2, 1, 2, 3, 2, 1}, {5, 4, 1, 2, 1, 2}, {4, 3, 3, 1, 2, 3}, {3, 5, 2, 1, 2, 3},
    {5, 2, 3, 2, 2, 3}, {1, 4, 3, 2, 1, 3}, {1, 7, 2, 1, 2, 3}, {3, 4, 3, 1, 3, 1},
    {7, 3, 3, 2, 3, 1}, {3, 7, 3, 1, 3, 1}, {7, 1, 2, 3, 1, 2}, {4, 5, 3, 1, 3, 2},
    {2, 3, 3, 1, 3, 1},
};
/* clang-format on */
const size_t filter_pool_count = sizeof filter_pool / sizeof filter_pool[0];

uint64_t axes_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* ---- Feasibility ---------------------------------------------------------------------------- */

/* Elements a padding axis adds; unset = the most that it could. */
static int padding(int value, int filter)
{
    if (value == AXIS_UNSET)
        return filter > 2 ? filter : 2;
    if (value == PAD_KERNEL_LESS_ONE)
        return filter - 1;
    return value == PAD_KERNEL ? filter : value;
}

/* Whether the dilated filter fits the padded image on one side of it. */
static bool side_fits(const axis_row *row, int image, int filter, int dilation, int before,
                      int after)
{
    if (row->value[filter] == AXIS_UNSET)
        return true; /* one tap fits everywhere */
    const axis *sizes = &axes[image];
    const int taps = row->value[filter];
    const int step = row->value[dilation] == AXIS_UNSET ? 1 : row->value[dilation];
    const int length =
        row->value[image] == AXIS_UNSET ? sizes->values[sizes->count - 1] : row->value[image];
    return length + padding(row->value[before], taps) + padding(row->value[after], taps) >=
           step * (taps - 1) + 1;
}

bool axes_feasible(const axis_row *row)
{
    return side_fits(row, AXIS_H, AXIS_R, AXIS_DH, AXIS_TOP, AXIS_BOTTOM) &&
           side_fits(row, AXIS_W, AXIS_S, AXIS_DW, AXIS_LEFT, AXIS_RIGHT);
}

void axes_clear(axis_row *row)
{
    for (int i = 0; i < AXIS_COUNT; i++)
        row->value[i] = AXIS_UNSET;
}

bool axes_take_filter(axis_row *row, const int filter[FILTER_FIELDS])
{
    for (int f = 0; f < FILTER_FIELDS; f++) {
        int *const value = &row->value[AXIS_R + f];
        if (*value != AXIS_UNSET && *value != filter[f])
            return false;
        *value = filter[f];
    }
    return axes_feasible(row);
}

bool axes_completable(const axis_row *row, const filter_set *filters)
{
    for (size_t f = 0; f < filters->count; f++) {
        axis_row filled = *row;
        if (axes_take_filter(&filled, filters->at[f]))
            return true;
    }
    return false;
}

void axes_number(const axis_row *row, int number[AXIS_COUNT])
{
    for (int i = 0, first = 0; i < AXIS_COUNT; first += axes[i++].count)
        for (int v = 0; v < axes[i].count; v++)
            if (axes[i].values[v] == row->value[i])
                number[i] = first + v;
}

void axes_problem(const axis_row *row, case_spec *out)
{
    const int *v = row->value;
    case_init(out);
    clconv_problem *p = &out->problem;
    p->n = v[AXIS_N];
    p->groups = v[AXIS_GROUPS];
    p->c = p->groups * v[AXIS_IN];
    p->k = p->groups * v[AXIS_OUT];
    for (int d = 0; d < 2; d++) {
        p->in[d] = v[AXIS_H + d];
        p->kernel[d] = v[AXIS_R + d];
        p->stride[d] = v[AXIS_SH + d];
        p->dilation[d] = v[AXIS_DH + d];
        p->pad_before[d] = padding(v[AXIS_TOP + 2 * d], v[AXIS_R + d]);
        p->pad_after[d] = padding(v[AXIS_BOTTOM + 2 * d], v[AXIS_R + d]);
    }
    p->b.dtype = v[AXIS_BIAS] ? CLCONV_F32 : CLCONV_DTYPE_ABSENT;
}
