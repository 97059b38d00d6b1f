/* SPDX-License-Identifier: MIT */
/* The covers of the axes: every pair, and every triple, of values that can meet is in some row. No
 * device is needed. */
#include "axes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_NUMBERS = 100 };

/* Every value of every axis by number. */
typedef struct numbering {
    int count, axis[MOST_NUMBERS], value[MOST_NUMBERS], first[AXIS_COUNT];
} numbering;

static numbering number_all(void)
{
    numbering n = {0};
    for (int i = 0; i < AXIS_COUNT; i++) {
        n.first[i] = n.count;
        for (int v = 0; v < axes[i].count; v++, n.count++) {
            assert_in_range(n.count, 0, MOST_NUMBERS - 1);
            n.axis[n.count] = i;
            n.value[n.count] = axes[i].values[v];
        }
    }
    return n;
}

static int number_in(const numbering *n, const axis_row *row, int i)
{
    int at = n->first[i];
    while (at < n->count && n->axis[at] == i && n->value[at] != row->value[i])
        at++;
    assert_true(at < n->count && n->axis[at] == i);
    return at;
}

/* held[a][b][c] for a < b < c, of all rows. */
typedef bool held_table[MOST_NUMBERS][MOST_NUMBERS][MOST_NUMBERS];

static void hold_row(held_table held, const numbering *n, const axis_row *row)
{
    int at[AXIS_COUNT];
    for (int i = 0; i < AXIS_COUNT; i++)
        at[i] = number_in(n, row, i);
    for (int i = 0; i < AXIS_COUNT; i++)
        for (int j = i + 1; j < AXIS_COUNT; j++)
            for (int k = j + 1; k < AXIS_COUNT; k++)
                held[at[i]][at[j]][at[k]] = true;
}

static bool can_meet(const numbering *n, const filter_set *filters, int a, int b, int c)
{
    axis_row row;
    axes_clear(&row);
    row.value[n->axis[a]] = n->value[a];
    row.value[n->axis[b]] = n->value[b];
    row.value[n->axis[c]] = n->value[c];
    return axes_completable(&row, filters);
}

/* Every triple that can meet is held, and by counting, nothing that cannot. */
static void check_triples(const axis_row *rows, size_t count, const filter_set *filters)
{
    const numbering n = number_all();
    bool(*held)[MOST_NUMBERS][MOST_NUMBERS] = calloc(1, sizeof(held_table));
    size_t feasible = 0;
    assert_non_null(held);
    for (size_t r = 0; r < count; r++)
        hold_row(held, &n, &rows[r]);
    for (int a = 0; a < n.count; a++)
        for (int b = a + 1; b < n.count; b++)
            for (int c = b + 1; c < n.count; c++) {
                if (n.axis[a] == n.axis[b] || n.axis[b] == n.axis[c])
                    continue;
                const bool can = can_meet(&n, filters, a, b, c);
                feasible += can;
                if (can != held[a][b][c])
                    fail_msg("%s=%d %s=%d %s=%d %s", axes[n.axis[a]].name, n.value[a],
                             axes[n.axis[b]].name, n.value[b], axes[n.axis[c]].name, n.value[c],
                             can ? "is in no row" : "cannot be");
            }
    assert_int_equal(feasible, 90282);
    free(held);
}

static void test_triples(void **state)
{
    (void)state;
    size_t count = 0;
    filter_set filters;
    assert_true(axes_filters(3, &filters));
    axis_row *rows = axes_cover(3, &count);
    assert_non_null(rows);
    assert_in_range(count, 847, 1200); /* 11 x 11 images x 7 channels need 847 */
    for (size_t r = 0; r < count; r++)
        assert_true(axes_feasible(&rows[r]));
    check_triples(rows, count, &filters);
    free(rows);
}

static bool some_row_holds(const axis_row *rows, size_t count, int i, int a, int j, int b)
{
    for (size_t r = 0; r < count; r++)
        if (rows[r].value[i] == a && rows[r].value[j] == b)
            return true;
    return false;
}

static void test_pairs(void **state)
{
    (void)state;
    size_t count = 0, pairs = 0;
    axis_row *rows = axes_cover(2, &count);
    assert_non_null(rows);
    for (int i = 0; i < AXIS_COUNT; i++)
        for (int j = i + 1; j < AXIS_COUNT; j++)
            for (int a = 0; a < axes[i].count; a++)
                for (int b = 0; b < axes[j].count; b++, pairs++)
                    if (!some_row_holds(rows, count, i, axes[i].values[a], j, axes[j].values[b]))
                        fail_msg("%s=%d with %s=%d is in no row", axes[i].name, axes[i].values[a],
                                 axes[j].name, axes[j].values[b]);
    assert_int_equal(pairs, 3591);    /* with the pool, padding makes all of them feasible */
    assert_in_range(count, 121, 150); /* 11 x 11 image sizes need 121 */
    for (size_t r = 0; r < count; r++)
        assert_true(axes_feasible(&rows[r]));
    free(rows);
}

/* Two values that cannot meet are told from those that can. */
static void test_feasible(void **state)
{
    (void)state;
    axis_row row;
    filter_set filters;
    axes_clear(&row);
    assert_true(axes_feasible(&row));
    row.value[AXIS_R] = 7, row.value[AXIS_S] = 1, row.value[AXIS_DH] = 3, row.value[AXIS_DW] = 1;
    row.value[AXIS_H] = 5; /* 5 + 7 + 7 = 19 = 3 * 6 + 1 */
    assert_true(axes_feasible(&row));
    row.value[AXIS_H] = 3;
    assert_false(axes_feasible(&row));
    assert_true(axes_filters(3, &filters));
    assert_false(axes_completable(&row, &filters));
    row.value[AXIS_S] = row.value[AXIS_DH] = row.value[AXIS_DW] = AXIS_UNSET;
    assert_true(axes_completable(&row, &filters));
}

static bool some_filter_holds(const filter_set *set, const int field[3], const int value[3])
{
    for (size_t f = 0; f < set->count; f++)
        if (set->at[f][field[0]] == value[0] && set->at[f][field[1]] == value[1] &&
            set->at[f][field[2]] == value[2])
            return true;
    return false;
}

/* The pool holds every pair of the six (the third field repeats the second); the set for triples
 * begins with the pool and holds every triple. */
static void test_filters(void **state)
{
    (void)state;
    for (int strength = 2; strength <= 3; strength++) {
        filter_set set;
        assert_true(axes_filters(strength, &set));
        assert_in_range(set.count, strength == 2 ? 36 : 108, strength == 2 ? 40 : 140);
        assert_memory_equal(set.at, filter_pool, filter_pool_count * sizeof *filter_pool);
        for (int f = 0; f < FILTER_FIELDS; f++)
            for (int g = f + 1; g < FILTER_FIELDS; g++)
                for (int h = strength == 2 ? g : g + 1; h < (strength == 2 ? g + 1 : 6); h++)
                    for (int i = 0; i < 6 * 6 * 6; i++) {
                        const axis *const of[] = {&axes[AXIS_R + f], &axes[AXIS_R + g],
                                                  &axes[AXIS_R + h]};
                        const int at[] = {i % 6, i / 6 % 6, strength == 2 ? i / 6 % 6 : i / 36};
                        if (at[0] >= of[0]->count || at[1] >= of[1]->count || at[2] >= of[2]->count)
                            continue;
                        const int field[] = {f, g, h};
                        const int value[] = {of[0]->values[at[0]], of[1]->values[at[1]],
                                             of[2]->values[at[2]]};
                        if (!some_filter_holds(&set, field, value))
                            fail_msg("no filter has %s=%d %s=%d %s=%d", of[0]->name, value[0],
                                     of[1]->name, value[1], of[2]->name, value[2]);
                    }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triples),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_feasible),
        cmocka_unit_test(test_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
