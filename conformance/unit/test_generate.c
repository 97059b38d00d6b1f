/* SPDX-License-Identifier: MIT */
/* The tiers: every pair is covered, every case is legal and unique, lists are stable, shards are a
 * partition. No device is needed. */
#include "axes.h"
#include "cases.h"
#include "tiers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
    axis_row *rows = axes_pairs(&count);
    assert_non_null(rows);
    for (int i = 0; i < AXIS_COUNT; i++)
        for (int j = i + 1; j < AXIS_COUNT; j++)
            for (int a = 0; a < axes[i].count; a++)
                for (int b = 0; b < axes[j].count; b++) {
                    const int u = axes[i].values[a], v = axes[j].values[b];
                    if (!axes_pair_feasible(i, u, j, v))
                        continue;
                    pairs++;
                    if (!some_row_holds(rows, count, i, u, j, v))
                        fail_msg("%s=%d with %s=%d is in no row", axes[i].name, u, axes[j].name, v);
                }
    assert_int_equal(pairs, 3591);    /* with this pool, padding makes all pairs feasible */
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
    for (int i = 0; i < AXIS_COUNT; i++)
        row.value[i] = AXIS_UNSET;
    assert_true(axes_feasible(&row));
    row.value[AXIS_R] = 7, row.value[AXIS_S] = 1, row.value[AXIS_DH] = 3, row.value[AXIS_DW] = 1;
    row.value[AXIS_H] = 5; /* 5 + 7 + 7 = 19 = 3 * 6 + 1 */
    assert_true(axes_feasible(&row));
    row.value[AXIS_H] = 3;
    assert_false(axes_feasible(&row));
    assert_false(axes_pair_feasible(AXIS_R, 1, AXIS_R, 2));
}

static void test_pool_covers_its_pairs(void **state)
{
    (void)state;
    assert_in_range(filter_pool_count, 36, 40);
    for (int f = 0; f < FILTER_FIELDS; f++)
        for (int g = f + 1; g < FILTER_FIELDS; g++)
            for (int a = 0; a < axes[AXIS_R + f].count; a++)
                for (int b = 0; b < axes[AXIS_R + g].count; b++) {
                    bool found = false;
                    for (size_t r = 0; r < filter_pool_count; r++)
                        found = found || (filter_pool[r][f] == axes[AXIS_R + f].values[a] &&
                                          filter_pool[r][g] == axes[AXIS_R + g].values[b]);
                    assert_true(found);
                }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_tier(const char *tier, uint64_t most_macs)
{
    size_t count = 0;
    suite_entry *entries = generate_tier(tier, 1, &count);
    char **names = calloc(count + 1, sizeof *names);
    assert_true(entries && names && count > 0);
    for (size_t i = 0; i < count; i++) {
        char text[CASE_TEXT], why[256];
        case_spec again;
        clconv_work_size work = {.size = sizeof work};
        const clconv_problem p = case_problem(&entries[i].spec);
        names[i] = strdup(case_print(&entries[i].spec, text, sizeof text));
        assert_int_equal(clconv_validate(&p), CLCONV_OK);
        assert_int_equal(clconv_problem_work(&p, &work), CLCONV_OK);
        assert_true(work.macs <= most_macs);
        assert_true(case_parse(names[i], &again, why, sizeof why));
        assert_string_equal(case_print(&again, text, sizeof text), names[i]);
        assert_true(entries[i].spec.algo[0] && entries[i].spec.data[0]);
    }
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 1; i < count; i++)
        assert_string_not_equal(names[i - 1], names[i]);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(entries);
}

static void test_smoke_is_small(void **state)
{
    (void)state;
    check_tier("smoke", 50000);
}

static void test_ci_is_bounded(void **state)
{
    (void)state;
    check_tier("ci", 20000000);
}

static bool same_lists(const suite_entry *a, const suite_entry *b, size_t count)
{
    char left[CASE_TEXT], right[CASE_TEXT];
    for (size_t i = 0; i < count; i++)
        if (strcmp(case_print(&a[i].spec, left, sizeof left),
                   case_print(&b[i].spec, right, sizeof right)) != 0)
            return false;
    return true;
}

static void test_stable(void **state)
{
    (void)state;
    size_t first = 0, second = 0, other = 0;
    suite_entry *a = generate_tier("ci", 1, &first), *b = generate_tier("ci", 1, &second);
    suite_entry *c = generate_tier("ci", 2, &other);
    assert_int_equal(first, second);
    assert_true(same_lists(a, b, first));
    assert_false(same_lists(a, c, first < other ? first : other));
    free(a);
    free(b);
    free(c);
}

/* Equal problems stay in one shard, and no shard is empty or holds nearly all. */
static void test_shards(void **state)
{
    (void)state;
    size_t count = 0, held[3] = {0};
    suite_entry *entries = generate_tier("ci", 1, &count);
    for (size_t i = 0; i < count; i++) {
        case_spec bare = entries[i].spec;
        const uint64_t hash = tier_problem_hash(&bare);
        snprintf(bare.algo, sizeof bare.algo, "other");
        snprintf(bare.data, sizeof bare.data, "other");
        bare.tile[0] = '\0';
        assert_true(tier_problem_hash(&bare) == hash);
        bare.problem.n++;
        assert_true(tier_problem_hash(&bare) != hash);
        held[hash % 3]++;
    }
    for (size_t s = 0; s < 3; s++)
        assert_in_range(held[s], count / 5, count / 2);
    free(entries);
}

static bool tier_has(const suite_entry *entries, size_t count, const char *text)
{
    case_spec c;
    char why[256];
    assert_true(case_parse(text, &c, why, sizeof why));
    for (size_t i = 0; i < count; i++)
        if (tier_problem_hash(&entries[i].spec) == tier_problem_hash(&c))
            return true;
    return false;
}

/* A few members by name, so that an emptied table is noticed. */
static void test_contents(void **state)
{
    (void)state;
    size_t count = 0;
    suite_entry *entries = generate_tier("ci", 1, &count);
    assert_true(tier_has(entries, count, "c8h8w9k24r3s3p1g8"));
    assert_true(tier_has(entries, count, "c128hw56k128rs3p1g32")); /* ResNeXt, layers.csv */
    assert_true(tier_has(entries, count, "n0c6h5w7k6r3s2p1g6"));
    assert_false(tier_has(entries, count, "c96hw27k256rs5p2g2")); /* AlexNet: 224 million MACs */
    free(entries);
    assert_null(generate_tier("none", 1, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_feasible),
        cmocka_unit_test(test_pool_covers_its_pairs),
        cmocka_unit_test(test_smoke_is_small),
        cmocka_unit_test(test_ci_is_bounded),
        cmocka_unit_test(test_stable),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
