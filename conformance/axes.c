/* SPDX-License-Identifier: MIT */
/* The table of axes and the greedy pairwise cover over it. */
#include "axes.h"

#include <stdlib.h>
#include <string.h>

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
    const axis *sizes = &axes[image];
    const int taps = row->value[filter];
    const int length =
        row->value[image] == AXIS_UNSET ? sizes->values[sizes->count - 1] : row->value[image];
    return length + padding(row->value[before], taps) + padding(row->value[after], taps) >=
           row->value[dilation] * (taps - 1) + 1;
}

bool axes_feasible(const axis_row *row)
{
    if (row->value[AXIS_R] == AXIS_UNSET)
        return true; /* the pointwise filter fits everywhere */
    return side_fits(row, AXIS_H, AXIS_R, AXIS_DH, AXIS_TOP, AXIS_BOTTOM) &&
           side_fits(row, AXIS_W, AXIS_S, AXIS_DW, AXIS_LEFT, AXIS_RIGHT);
}

static void set_filter(axis_row *row, size_t pool_row)
{
    for (int f = 0; f < FILTER_FIELDS; f++)
        row->value[AXIS_R + f] = filter_pool[pool_row][f];
}

static void clear(axis_row *row)
{
    for (int i = 0; i < AXIS_COUNT; i++)
        row->value[i] = AXIS_UNSET;
}

/* Puts two values and a filter into an otherwise empty row; false when they contradict or do not
 * fit. */
static bool hold_pair(axis_row *row, size_t filter, int i, int a, int j, int b)
{
    clear(row);
    set_filter(row, filter);
    if ((row->value[i] != AXIS_UNSET && row->value[i] != a) ||
        (row->value[j] != AXIS_UNSET && row->value[j] != b))
        return false;
    row->value[i] = a;
    row->value[j] = b;
    return axes_feasible(row);
}

bool axes_pair_feasible(int i, int a, int j, int b)
{
    axis_row row;
    for (size_t f = 0; f < filter_pool_count; f++)
        if (hold_pair(&row, f, i, a, j, b))
            return true;
    return false;
}

/* ---- Pairs ---------------------------------------------------------------------------------- */

/* open[i][a][j][b], i < j, by value index: a feasible pair that no row holds yet. */
typedef struct pair_table {
    bool open[AXIS_COUNT][AXIS_MAX_VALUES][AXIS_COUNT][AXIS_MAX_VALUES];
    size_t left;
} pair_table;

static int value_index(int i, int value)
{
    for (int v = 0; v < axes[i].count; v++)
        if (axes[i].values[v] == value)
            return v;
    return -1;
}

static void open_pairs(pair_table *table)
{
    memset(table, 0, sizeof *table);
    for (int i = 0; i < AXIS_COUNT; i++)
        for (int j = i + 1; j < AXIS_COUNT; j++)
            for (int a = 0; a < axes[i].count; a++)
                for (int b = 0; b < axes[j].count; b++)
                    if (axes_pair_feasible(i, axes[i].values[a], j, axes[j].values[b])) {
                        table->open[i][a][j][b] = true;
                        table->left++;
                    }
}

/* The row's cell of the table for axes i and j, whichever comes first; NULL while one is unset. */
static bool *cell(pair_table *table, const axis_row *row, int i, int j)
{
    const int first = i < j ? i : j, second = i < j ? j : i;
    const int a = value_index(first, row->value[first]);
    const int b = value_index(second, row->value[second]);
    return a < 0 || b < 0 ? NULL : &table->open[first][a][second][b];
}

/* How many open pairs one axis of the row is in. */
static size_t held_by_axis(pair_table *table, const axis_row *row, int i)
{
    size_t held = 0;
    for (int j = 0; j < AXIS_COUNT; j++) {
        const bool *open = j == i ? NULL : cell(table, row, i, j);
        held += open && *open;
    }
    return held;
}

static size_t held_pairs(pair_table *table, const axis_row *row)
{
    size_t twice = 0;
    for (int i = 0; i < AXIS_COUNT; i++)
        twice += held_by_axis(table, row, i);
    return twice / 2;
}

static void close_pairs(pair_table *table, const axis_row *row)
{
    for (int i = 0; i < AXIS_COUNT; i++)
        for (int j = i + 1; j < AXIS_COUNT; j++) {
            bool *open = cell(table, row, i, j);
            table->left -= *open;
            *open = false;
        }
}

/* The value that closes most open pairs with what the row already has; ties by chance. */
static void fill_slot(pair_table *table, axis_row *row, int slot, uint64_t *random)
{
    axis_row best = *row;
    size_t best_held = 0;
    const int choices = axes[slot].count;
    const int start = (int)(axes_random(random) % (uint64_t)choices);
    for (int c = 0; c < choices; c++) {
        axis_row candidate = *row;
        candidate.value[slot] = axes[slot].values[(start + c) % choices];
        if (!axes_feasible(&candidate))
            continue;
        const size_t held = held_by_axis(table, &candidate, slot);
        if (best.value[slot] == AXIS_UNSET || held > best_held) {
            best = candidate;
            best_held = held;
        }
    }
    *row = best;
}

static const int slots[] = {AXIS_N,      AXIS_IN,   AXIS_OUT,   AXIS_GROUPS, AXIS_H,   AXIS_W,
                            AXIS_BOTTOM, AXIS_LEFT, AXIS_RIGHT, AXIS_TOP,    AXIS_BIAS};
enum { SLOTS = sizeof slots / sizeof slots[0], ATTEMPTS = 16 };

/* A row that begins with an open pair, so that each closes at least one. */
static axis_row greedy_row(pair_table *table, const int pair[4], uint64_t *random)
{
    int order[SLOTS];
    memcpy(order, slots, sizeof order);
    for (size_t i = SLOTS - 1; i > 0; i--) {
        const size_t j = (size_t)(axes_random(random) % (i + 1));
        const int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    axis_row row;
    size_t filter = (size_t)(axes_random(random) % filter_pool_count);
    while (!hold_pair(&row, filter, pair[0], pair[1], pair[2], pair[3]))
        filter = (filter + 1) % filter_pool_count;
    for (size_t i = 0; i < SLOTS; i++)
        if (row.value[order[i]] == AXIS_UNSET)
            fill_slot(table, &row, order[i], random);
    return row;
}

/* The first open pair at or after a random place, as axis, value, axis, value. */
static void open_pair(const pair_table *table, uint64_t *random, int pair[4])
{
    const bool *flat = &table->open[0][0][0][0];
    size_t at = (size_t)(axes_random(random) % sizeof table->open);
    while (!flat[at])
        at = (at + 1) % sizeof table->open;
    const size_t b = at % AXIS_MAX_VALUES, j = at / AXIS_MAX_VALUES % AXIS_COUNT;
    const size_t a = at / AXIS_MAX_VALUES / AXIS_COUNT % AXIS_MAX_VALUES;
    const size_t i = at / AXIS_MAX_VALUES / AXIS_COUNT / AXIS_MAX_VALUES;
    pair[0] = (int)i;
    pair[1] = axes[i].values[a];
    pair[2] = (int)j;
    pair[3] = axes[j].values[b];
}

axis_row *axes_pairs(size_t *count)
{
    pair_table *table = malloc(sizeof *table);
    axis_row *rows = NULL;
    *count = 0;
    if (!table)
        return NULL;
    open_pairs(table);
    uint64_t random = 1;
    while (table->left > 0) {
        axis_row best = {{0}};
        size_t best_held = 0;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int pair[4];
            open_pair(table, &random, pair);
            const axis_row row = greedy_row(table, pair, &random);
            const size_t held = held_pairs(table, &row);
            if (held > best_held) {
                best = row;
                best_held = held;
            }
        }
        axis_row *grown = realloc(rows, (*count + 1) * sizeof *rows);
        if (!grown)
            break;
        rows = grown;
        rows[(*count)++] = best;
        close_pairs(table, &best);
    }
    free(table);
    return rows;
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
