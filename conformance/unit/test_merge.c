/* SPDX-License-Identifier: MIT */
/* merge takes the shards of one run, all of them, each once; anything else is exit status 2. The
 * shards are made here; no device is needed. */
#include "runner.h"

#include "tiers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "suite_merge.XXXXXX";

/* What differs from a good shard of the smoke tier. */
typedef struct flaw {
    uint64_t seed;
    const char *tier, *device, *hash, *algo;
    bool drop_one, fail_one;
} flaw;

/* Writes shard i of n as a run would in which everything passed. */
static const char *write_shard(const char *name, int64_t i, int64_t n, flaw f)
{
    char why[256];
    size_t count = 0, mine = 0;
    suite_entry *entries = generate_tier("smoke", 1, &count);
    for (size_t e = 0; e < count; e++)
        mine += (int64_t)(tier_problem_hash(&entries[e].spec) % (uint64_t)n) == i - 1;
    run_facts facts = {.seed = f.seed ? f.seed : 1, .shard = i, .shards = n};
    facts.listed = mine;
    facts.tier_listed = count;
    facts.device = json_pack("{s:s, s:s, s:s, s:s}", "name", f.device ? f.device : "D", "platform",
                             "P", "version", "V", "driver", "1");
    snprintf(facts.tier, sizeof facts.tier, "%s", f.tier ? f.tier : "smoke");
    snprintf(facts.algo, sizeof facts.algo, "%s", f.algo ? f.algo : "");
    snprintf(facts.kernel_hash, sizeof facts.kernel_hash, "%s", f.hash ? f.hash : "0123");
    report *r = report_open(&facts, NULL, why, sizeof why);
    for (size_t e = 0; e < count; e++) {
        verdict v = {.state = f.fail_one ? STATE_FAIL : STATE_PASS};
        if ((int64_t)(tier_problem_hash(&entries[e].spec) % (uint64_t)n) != i - 1)
            continue;
        if (!f.drop_one)
            assert_true(report_add(r, &entries[e], &v));
        if (f.fail_one)
            assert_true(report_set_minimal(r, r->count - 1, "c1hw1k1"));
        f.drop_one = f.fail_one = false;
    }
    const report_files files = {.json = name};
    assert_true(report_write(r, &files, 95, why, sizeof why));
    report_close(r);
    free(entries);
    return name;
}

static int merge_two(const char *a, const char *b)
{
    const char *argv[] = {"merge", a, b, "--json", "all.json", NULL};
    return merge_main(5, argv);
}

static void test_whole(void **state)
{
    (void)state;
    const char *one = write_shard("1", 1, 2, (flaw){0});
    assert_int_equal(merge_two(one, write_shard("2", 2, 2, (flaw){0})), EXIT_GOOD);
    json_t *all = json_load_file("all.json", 0, NULL);
    size_t count = 0;
    free(generate_tier("smoke", 1, &count));
    assert_int_equal(json_array_size(json_object_get(all, "cases")), count);
    assert_string_equal(json_string_value(json_object_get(all, "verdict")), "PASS");
    json_decref(all);
    assert_int_equal(merge_two(one, write_shard("2", 2, 2, (flaw){.fail_one = true})), EXIT_DEVICE);
    all = json_load_file("all.json", 0, NULL);
    size_t i, minimal = 0;
    json_t *entry;
    json_array_foreach(json_object_get(all, "cases"), i, entry) minimal +=
        json_object_get(entry, "minimal") != NULL;
    assert_int_equal(minimal, 1);
    json_decref(all);
}

static void test_baseline(void **state)
{
    (void)state;
    const char *argv[] = {"merge", "1", "2", "--json", "all.json", "--baseline", "a", NULL};
    write_shard("1", 1, 2, (flaw){0});
    write_shard("2", 2, 2, (flaw){.fail_one = true});
    write_shard("a", 1, 1, (flaw){0});
    assert_int_equal(merge_main(7, argv), EXIT_DEVICE); /* the run's own status */
    json_t *all = json_load_file("all.json", 0, NULL);
    const json_t *baseline = json_object_get(all, "baseline");
    assert_int_equal(json_array_size(json_object_get(baseline, "new_fail")), 1);
    assert_int_equal(json_array_size(json_object_get(baseline, "fixed")), 0);
    assert_int_equal(json_integer_value(json_object_get(baseline, "missing")), 0);
    assert_int_equal(json_integer_value(json_object_get(baseline, "added")), 0);
    json_decref(all);
    argv[6] = "not-there";
    assert_int_equal(merge_main(7, argv), EXIT_USAGE);
}

static void test_parts_of_other_runs(void **state)
{
    (void)state;
    const flaw flaws[] = {{.seed = 2},      {.tier = "ci"},    {.device = "E"},
                          {.hash = "abcd"}, {.algo = "naive"}, {.drop_one = true}};
    const char *one = write_shard("1", 1, 2, (flaw){0});
    for (size_t i = 0; i < sizeof flaws / sizeof flaws[0]; i++)
        assert_int_equal(merge_two(one, write_shard("2", 2, 2, flaws[i])), EXIT_USAGE);
    assert_int_equal(merge_two(one, write_shard("2", 2, 3, (flaw){0})), EXIT_USAGE);
}

static void test_missing_and_double(void **state)
{
    (void)state;
    const char *one = write_shard("1", 1, 2, (flaw){0});
    const char *alone[] = {"merge", one, NULL};
    assert_int_equal(merge_main(2, alone), EXIT_USAGE);
    assert_int_equal(merge_two(one, one), EXIT_USAGE);
    assert_int_equal(merge_two(one, "not-there"), EXIT_USAGE);
    char why[256];
    assert_true(output_write("junk", "{\"schema\":\"clconv-conform/1\"}", why, 256));
    assert_int_equal(merge_two(one, "junk"), EXIT_USAGE);
}

/* The same cases under two shard numbers: the count is right, the cases are not. */
static void test_same_cases_twice(void **state)
{
    (void)state;
    size_t count = 0;
    free(generate_tier("smoke", 1, &count));
    const char *one = write_shard("1", 1, 1, (flaw){0});
    json_t *document = json_load_file(one, 0, NULL);
    json_t *run = json_object_get(document, "run");
    json_object_set_new(run, "shards", json_integer(2));
    json_object_set_new(run, "tier_listed", json_integer((json_int_t)(2 * count)));
    json_dump_file(document, "a", 0);
    json_object_set_new(run, "shard", json_integer(2));
    json_dump_file(document, "b", 0);
    json_decref(document);
    assert_int_equal(merge_two("a", "b"), EXIT_USAGE);
}

/* Entries that no run writes: a refusal is counted, not listed, and every case names its algorithm.
 */
static void test_entries_of_no_run(void **state)
{
    (void)state;
    static const char *const flaws[][2] = {{"state", "REFUSED"}, {"case", "c3hw5k4"}};
    for (size_t i = 0; i < sizeof flaws / sizeof flaws[0]; i++) {
        const char *argv[] = {"merge", write_shard("1", 1, 1, (flaw){0}), NULL};
        assert_int_equal(merge_main(2, argv), EXIT_GOOD);
        json_t *document = json_load_file("1", 0, NULL);
        json_t *entry = json_array_get(json_object_get(document, "cases"), 0);
        json_object_set_new(entry, flaws[i][0], json_string(flaws[i][1]));
        json_dump_file(document, "1", 0);
        json_decref(document);
        assert_int_equal(merge_main(2, argv), EXIT_USAGE);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"1", "2", "a", "b", "junk", "all.json"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove(names[i]);
    return chdir("..") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_parts_of_other_runs),
        cmocka_unit_test(test_missing_and_double),
        cmocka_unit_test(test_same_cases_twice),
        cmocka_unit_test(test_entries_of_no_run),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
