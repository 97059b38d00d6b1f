/* SPDX-License-Identifier: MIT */
/* Few rows that hold every pair, or every triple, of values of the axes: greedy, and quick because
 * what is still open lies in bit sets. */
#include "axes.h"

#include <stdlib.h>
#include <string.h>

/* Every value of every axis has a number, its bit in a set. A pair is the triple of its two values
 * and ALWAYS, which every row holds: one search serves both. */
enum { MOST_VALUES = 127, ALWAYS = MOST_VALUES, NUMBERS, WORDS = NUMBERS / 64 };

/* Rows tried for each that is taken, and filters tried for each row. */
enum { ATTEMPTS = 16, FILTER_ATTEMPTS = 4 };

typedef struct bits {
    uint64_t word[WORDS];
} bits;

typedef struct cover {
    int strength;
    const filter_set *filters; /* NULL = a cover of filters: R to DW are chosen one by one */
    int numbers;
    struct {
        int axis, value;
    } of[MOST_VALUES];
    int first[AXIS_COUNT];       /* number of an axis's first value */
    bits open[NUMBERS][NUMBERS]; /* [a][b] holds c: feasible, in no row yet; in all six orders */
    uint64_t left, random;
} cover;

static bool has(const bits *set, int number)
{
    return set->word[number / 64] >> (number % 64) & 1;
}

static void put(bits *set, int number)
{
    set->word[number / 64] |= UINT64_C(1) << (number % 64);
}

static int count_bits(uint64_t word)
{
    int count = 0;
    for (; word; word &= word - 1)
        count++;
    return count;
}

static int count_common(const bits *a, const bits *b)
{
    int count = 0;
    for (int i = 0; i < WORDS; i++)
        count += count_bits(a->word[i] & b->word[i]);
    return count;
}

/* ---- What is to be held --------------------------------------------------------------------- */

static bool set_value(const cover *c, axis_row *row, int number)
{
    if (number == ALWAYS)
        return true;
    int *const value = &row->value[c->of[number].axis];
    if (*value != AXIS_UNSET && *value != c->of[number].value)
        return false;
    *value = c->of[number].value;
    return true;
}

static bool row_of(const cover *c, const int triple[3], axis_row *row)
{
    axes_clear(row);
    for (int i = 0; i < 3; i++)
        if (!set_value(c, row, triple[i]))
            return false;
    return true;
}

static void open_triple(cover *c, int x, int y, int z)
{
    const int triple[3] = {x, y, z};
    axis_row row;
    if (!row_of(c, triple, &row) ||
        !(c->filters ? axes_completable(&row, c->filters) : axes_feasible(&row)))
        return;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (i != j)
                put(&c->open[triple[i]][triple[j]], triple[3 - i - j]);
    c->left++;
}

static void number_values(cover *c)
{
    c->numbers = 0;
    for (int i = 0; i < AXIS_COUNT; i++) {
        const bool filter = i >= AXIS_R && i <= AXIS_DW;
        c->first[i] = c->numbers;
        for (int v = 0; (c->filters || filter) && v < axes[i].count; v++) {
            c->of[c->numbers].axis = i;
            c->of[c->numbers++].value = axes[i].values[v];
        }
    }
}

static void open_all(cover *c)
{
    for (int x = 0; x < c->numbers; x++)
        for (int y = x + 1; y < c->numbers; y++) {
            if (c->of[x].axis == c->of[y].axis)
                continue;
            if (c->strength == 2)
                open_triple(c, x, y, ALWAYS);
            for (int z = y + 1; c->strength == 3 && z < c->numbers; z++)
                if (c->of[z].axis != c->of[y].axis)
                    open_triple(c, x, y, z);
        }
}

/* ---- A row ---------------------------------------------------------------------------------- */

/* A row in the making: its values by number, and as a set. */
typedef struct draft {
    axis_row row;
    int number[AXIS_COUNT + 1], count;
    bits set;
    int gain; /* open triples that it holds */
} draft;

/* Open triples of a value and two that the row has; each is met from both of these. */
static int gain_of(const cover *c, const draft *d, int number)
{
    int twice = 0;
    for (int i = 0; i < d->count; i++)
        twice += count_common(&c->open[number][d->number[i]], &d->set);
    return twice / 2;
}

static void add_value(const cover *c, draft *d, int number)
{
    d->gain += gain_of(c, d, number);
    d->number[d->count++] = number;
    put(&d->set, number);
}

static int number_of(const cover *c, int i, int value)
{
    for (int v = 0; v < axes[i].count; v++)
        if (axes[i].values[v] == value)
            return c->first[i] + v;
    return ALWAYS;
}

static draft draft_of(const cover *c, const axis_row *row)
{
    draft d = {.row = *row};
    add_value(c, &d, ALWAYS);
    for (int i = 0; i < AXIS_COUNT; i++)
        if (row->value[i] != AXIS_UNSET)
            add_value(c, &d, number_of(c, i, row->value[i]));
    return d;
}

/* An open triple near a random place. */
static void pick_open(cover *c, int triple[3])
{
    const bits none = {{0}};
    size_t at = (size_t)(axes_random(&c->random) % (NUMBERS * NUMBERS));
    while (memcmp(&c->open[at / NUMBERS][at % NUMBERS], &none, sizeof none) == 0)
        at = (at + 1) % (NUMBERS * NUMBERS);
    triple[0] = (int)(at / NUMBERS);
    triple[1] = (int)(at % NUMBERS);
    triple[2] = (int)(axes_random(&c->random) % NUMBERS);
    while (!has(&c->open[triple[0]][triple[1]], triple[2]))
        triple[2] = (triple[2] + 1) % NUMBERS;
}

/* The best of a few filters that the open triple allows. */
static draft begin_row(cover *c)
{
    int triple[3];
    axis_row row;
    pick_open(c, triple);
    row_of(c, triple, &row);
    if (!c->filters)
        return draft_of(c, &row);
    draft best = {.gain = -1};
    size_t f = (size_t)axes_random(&c->random) % c->filters->count;
    for (size_t tried = 0, found = 0; tried < c->filters->count && found < FILTER_ATTEMPTS;
         tried++, f = (f + 1) % c->filters->count) {
        axis_row filled = row;
        if (!axes_take_filter(&filled, c->filters->at[f]))
            continue;
        found++;
        const draft d = draft_of(c, &filled);
        if (d.gain > best.gain)
            best = d;
    }
    return best;
}

/* The value with most open triples among what the row has; ties by chance. */
static void fill_axis(cover *c, draft *d, int i)
{
    int best = -1, best_gain = -1;
    const int start = (int)(axes_random(&c->random) % (uint64_t)axes[i].count);
    for (int v = 0; v < axes[i].count; v++) {
        const int chosen = (start + v) % axes[i].count;
        axis_row candidate = d->row;
        candidate.value[i] = axes[i].values[chosen];
        const int gain = axes_feasible(&candidate) ? gain_of(c, d, c->first[i] + chosen) : -1;
        if (gain > best_gain) {
            best_gain = gain;
            best = chosen;
        }
    }
    d->row.value[i] = axes[i].values[best];
    add_value(c, d, c->first[i] + best);
}

static draft greedy_row(cover *c)
{
    int order[AXIS_COUNT], count = 0;
    for (int i = 0; i < AXIS_COUNT; i++)
        if (c->filters || (i >= AXIS_R && i <= AXIS_DW))
            order[count++] = i;
    for (int i = count - 1; i > 0; i--) {
        const int j = (int)(axes_random(&c->random) % (uint64_t)(i + 1));
        const int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    draft d = begin_row(c);
    for (int i = 0; i < count; i++)
        if (d.row.value[order[i]] == AXIS_UNSET)
            fill_axis(c, &d, order[i]);
    return d;
}

static void close_row(cover *c, const draft *d)
{
    c->left -= (uint64_t)d->gain;
    for (int i = 0; i < d->count; i++)
        for (int j = 0; j < d->count; j++)
            for (int w = 0; w < WORDS; w++)
                c->open[d->number[i]][d->number[j]].word[w] &= ~d->set.word[w];
}

/* Every attempt begins with an open triple, so each row closes at least one. */
static draft best_row(cover *c)
{
    draft best = greedy_row(c);
    for (int attempt = 1; attempt < ATTEMPTS; attempt++) {
        const draft d = greedy_row(c);
        if (d.gain > best.gain)
            best = d;
    }
    close_row(c, &best);
    return best;
}

/* ---- The covers ----------------------------------------------------------------------------- */

static cover *cover_create(int strength, const filter_set *filters)
{
    cover *const c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->strength = strength;
    c->filters = filters;
    c->random = 1;
    number_values(c);
    open_all(c);
    return c;
}

bool axes_filters(int strength, filter_set *out)
{
    memcpy(out->at, filter_pool, filter_pool_count * sizeof *filter_pool);
    out->count = filter_pool_count;
    cover *const c = cover_create(strength, NULL);
    for (size_t f = 0; c && f < filter_pool_count; f++) {
        axis_row row;
        axes_clear(&row);
        axes_take_filter(&row, filter_pool[f]);
        const draft d = draft_of(c, &row);
        close_row(c, &d);
    }
    while (c && c->left > 0 && out->count < FILTER_ROOM) {
        const draft d = best_row(c);
        memcpy(out->at[out->count++], &d.row.value[AXIS_R], sizeof *out->at);
    }
    const bool whole = c && c->left == 0;
    free(c);
    return whole;
}

axis_row *axes_cover(int strength, size_t *count)
{
    filter_set filters;
    axis_row *rows = NULL;
    *count = 0;
    cover *const c = axes_filters(strength, &filters) ? cover_create(strength, &filters) : NULL;
    bool ok = c != NULL;
    while (ok && c->left > 0) {
        axis_row *const grown = realloc(rows, (*count + 1) * sizeof *rows);
        ok = grown != NULL;
        rows = ok ? grown : rows;
        if (ok)
            rows[(*count)++] = best_row(c).row;
    }
    free(c);
    if (!ok) {
        free(rows);
        rows = NULL;
        *count = 0;
    }
    return rows;
}
