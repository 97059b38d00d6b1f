/* SPDX-License-Identifier: MIT */
/* --baseline: which changes of state are a new failure or a fix, which cases are only on one side,
 * and which files are no earlier result. No device is needed. */
#include "report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "suite_baseline.XXXXXX";
static const char file[] = "earlier.json";

enum { ABSENT = -1 };

/* A report of the case c<i+1>hw1k1 in each state. */
static report *make_report(const int *states, size_t count)
{
    char why[256], text[64];
    run_facts facts = {.shard = 1, .shards = 1, .device = json_object()};
    report *r = report_open(&facts, NULL, why, sizeof why);
    for (size_t i = 0; i < count; i++) {
        suite_entry entry = {.origin = "test"};
        const verdict v = {.state = (case_state)states[i]};
        snprintf(text, sizeof text, "c%zuhw1k1:algo=naive:data=exact", i + 1);
        assert_true(case_parse(text, &entry.spec, why, sizeof why));
        if (states[i] != ABSENT)
            assert_true(report_add(r, &entry, &v));
    }
    return r;
}

static json_t *compared(const int *before, const int *now, size_t count)
{
    char why[512];
    report *r = make_report(before, count);
    assert_true(report_write(r, &(report_files){.json = file}, 95, why, sizeof why));
    report_close(r);
    json_t *earlier = baseline_load(file, why, sizeof why);
    assert_non_null(earlier);
    r = make_report(now, count);
    assert_true(baseline_compare(r, earlier));
    json_decref(earlier);
    json_t *found = json_incref(r->baseline);
    report_close(r);
    return found;
}

/* Whether a list holds just the case of position `at`, or nothing (ABSENT). */
static void check_list(const json_t *found, const char *key, int at)
{
    char name[64];
    const json_t *list = json_object_get(found, key);
    assert_int_equal(json_array_size(list), at == ABSENT ? 0 : 1);
    snprintf(name, sizeof name, "c%dhw1k1:algo=naive:data=exact", at + 1);
    if (at != ABSENT)
        assert_string_equal(json_string_value(json_array_get(list, 0)), name);
}

static json_int_t count_of(const json_t *found, const char *key)
{
    return json_integer_value(json_object_get(found, key));
}

/* One case before and now, beside one that always passes. */
static void test_changes(void **state)
{
    (void)state;
    static const struct {
        int before, now;
        bool new_fail, fixed, missing, added;
    } changes[] = {
        {STATE_PASS, STATE_PASS, false, false, false, false},
        {STATE_PASS, STATE_FAIL, true, false, false, false},
        {STATE_PASS, STATE_SKIP, false, false, false, false},
        {STATE_FAIL, STATE_FAIL, false, false, false, false},
        {STATE_FAIL, STATE_PASS, false, true, false, false},
        {STATE_FAIL, STATE_SKIP, false, false, false, false}, /* not run: not fixed */
        {STATE_FAIL, STATE_UNSUPPORTED, false, false, false, false},
        {STATE_FAIL, STATE_REFUSED, false, false, true, false},
        {STATE_FAIL, ABSENT, false, false, true, false},
        {STATE_SKIP, STATE_FAIL, true, false, false, false},
        {STATE_SKIP, STATE_PASS, false, false, false, false},
        {ABSENT, STATE_FAIL, true, false, false, true},
        {STATE_PASS, STATE_XPASS, true, false, false, false}, /* the quirk is new, and wrong */
        {STATE_PASS, STATE_XFAIL, false, false, false, false},
        {STATE_FAIL, STATE_XPASS, false, false, false, false},
        {STATE_FAIL, STATE_XFAIL, false, false, false, false},
        {STATE_XFAIL, STATE_FAIL, true, false, false, false}, /* its quirk is gone too early */
        {STATE_XFAIL, STATE_PASS, false, true, false, false},
        {STATE_XPASS, STATE_PASS, false, true, false, false},
        {STATE_XFAIL, STATE_XPASS, true, false, false, false},
        {ABSENT, STATE_PASS, false, false, false, true},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const int before[] = {STATE_PASS, changes[i].before};
        const int now[] = {STATE_PASS, changes[i].now};
        json_t *found = compared(before, now, 2);
        check_list(found, "new_fail", changes[i].new_fail ? 1 : ABSENT);
        check_list(found, "fixed", changes[i].fixed ? 1 : ABSENT);
        assert_int_equal(count_of(found, "missing"), changes[i].missing);
        assert_int_equal(count_of(found, "added"), changes[i].added);
        json_decref(found);
    }
}

static void test_no_result(void **state)
{
    (void)state;
    char why[512];
    assert_null(baseline_load("absent", why, sizeof why));
    assert_non_null(strstr(why, "absent: "));
    assert_true(output_write(file, "{\"schema\":\"clconv-conform/1\"}", why, sizeof why));
    assert_null(baseline_load(file, why, sizeof why));
    assert_non_null(strstr(why, "is not a document that clconv-conform --json wrote"));
}

/* Entries that no run writes: a case twice, one without a state. */
static void test_malformed(void **state)
{
    (void)state;
    char why[512];
    const int states[] = {STATE_PASS, STATE_FAIL};
    for (int flaw = 0; flaw < 2; flaw++) {
        json_decref(compared(states, states, 2));
        json_t *document = json_load_file(file, 0, NULL);
        json_t *cases = json_object_get(document, "cases");
        if (flaw == 0)
            json_array_append(cases, json_array_get(cases, 0));
        else
            json_object_del(json_array_get(cases, 1), "state");
        json_dump_file(document, file, 0);
        json_decref(document);
        assert_null(baseline_load(file, why, sizeof why));
        assert_non_null(strstr(why, flaw == 0 ? "entry 2 of" : "entry 1 of"));
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    remove(file);
    return chdir("..") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_changes),
                                       cmocka_unit_test(test_no_result),
                                       cmocka_unit_test(test_malformed)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
