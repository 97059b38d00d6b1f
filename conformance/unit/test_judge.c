/* SPDX-License-Identifier: MIT */
/* The verdict's rules: which sentence and which exit status a run ends with. */
#include "reports.h"

#include <signal.h>

static void test_good(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add_passes(r, (int)tier_quota("smoke"));
    add(r, 100, "naive", STATE_UNSUPPORTED, "no float64");
    add(r, 101, "naive", STATE_REFUSED, "not grouped");
    assert_int_equal(judged(r, 95, "PASS"), EXIT_GOOD);
}

static void test_failure_wins(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add(r, 1, "naive", STATE_FAIL, "wrong");
    add(r, 2, "naive", STATE_SKIP, "no memory");
    assert_int_equal(judged(r, 95, "FAIL: 1 of 1 cases failed"), EXIT_DEVICE);
}

static void test_coverage(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add_passes(r, 10);
    for (int i = 0; i < 30; i++)
        add(r, 200 + i, "naive", STATE_SKIP, "no memory");
    const double run = (double)r->total.run;
    assert_true(report_coverage(r) == run / (run + 30.0));
    assert_int_equal(report_judge(r, 10).exit_code, EXIT_GOOD);
    assert_int_equal(judged(r, 95, "coverage"), EXIT_EVIDENCE);
}

static void test_quota(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add_plain_passes(r, (int)tier_quota("smoke") - 1);
    assert_int_equal(judged(r, 95, "accepted"), EXIT_EVIDENCE);
}

/* Gradients fill no other quota than their own, and nobody asks for the plan's choice. */
static void test_quota_of_gradients(void **state)
{
    (void)state;
    const int quota = (int)tier_quota("smoke");
    report *r = open_report("smoke", "", 1);
    add_plain_passes(r, quota - 1);
    for (size_t a = 0; clconv_algorithm_name(a); a++)
        add_op(r, 100, clconv_algorithm_name(a), CLCONV_BACKWARD_DATA, STATE_PASS, "");
    assert_non_null(strstr(report_judge(r, 95).sentence, "algorithm naive accepted 3 cases"));
    for (size_t a = 0; clconv_algorithm_name(a); a++)
        add(r, 100, clconv_algorithm_name(a), STATE_PASS, "");
    assert_non_null(strstr(report_judge(r, 95).sentence, "naive accepted 3 gradients of w, tier"));
    add_op(r, 100, "naive", CLCONV_BACKWARD_WEIGHTS, STATE_UNSUPPORTED, "");
    assert_non_null(strstr(report_judge(r, 95).sentence, "direct accepted 3 gradients of w, tier"));
    add_op(r, 100, "direct", CLCONV_BACKWARD_WEIGHTS, STATE_PASS, "");
    add_op(r, 100, "auto", CLCONV_BACKWARD_WEIGHTS, STATE_PASS, "");
    add_typed_passes(r, quota, "naive");
    assert_int_equal(judged(r, 95, "PASS"), EXIT_GOOD);
}

/* Every type and layout has a quota of its own; what the device cannot do does not count against
 * it.
 */
static void test_quota_of_types(void **state)
{
    (void)state;
    const int quota = (int)tier_typed_quota("smoke");
    const clconv_problem half = {.x.dtype = CLCONV_F16},
                         last = {.x = {.dtype = CLCONV_F32, .layout = CLCONV_LAYOUT_CHANNELS_LAST}};
    report *r = open_report("smoke", "", 1);
    add_plain_passes(r, (int)tier_quota("smoke"));
    assert_non_null(strstr(report_judge(r, 95).sentence, "naive accepted 0 cases of f64, tier"));
    for (int32_t dtype = CLCONV_F64; dtype <= CLCONV_U8; dtype++)
        for (int i = dtype == CLCONV_F16; i < quota; i++)
            add_problem(r, i, "naive", &(clconv_problem){.x.dtype = dtype}, STATE_UNSUPPORTED, "");
    assert_non_null(strstr(report_judge(r, 95).sentence, "naive accepted 1 cases of f16, tier"));
    add_problem(r, 100, "naive", &half, STATE_PASS, "");
    assert_non_null(strstr(report_judge(r, 95).sentence, "naive accepted 0 cases of nhwc, tier"));
    for (int i = 0; i < quota; i++)
        add_problem(r, 200 + i, "naive", &last, STATE_PASS, "");
    assert_non_null(strstr(report_judge(r, 95).sentence, "accepted 0 cases of epilogues, tier"));
    add_ending_passes(r, "naive");
    assert_int_equal(judged(r, 95, "PASS"), EXIT_GOOD);
}

static void test_quota_of_zero_points(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add_passes(r, (int)tier_quota("smoke"));
    for (size_t i = 0; i < r->algo_count; i++)
        r->algos[i].accepted_quantised = 1;
    assert_int_equal(judged(r, 95, "accepted 1 cases of zero points, tier smoke asks for 4"),
                     EXIT_EVIDENCE);
}

/* Entries that were not run are never a PASS, neither of a whole run nor of a part. */
static void test_partial(void **state)
{
    (void)state;
    static const struct {
        const char *tier, *algo;
        int64_t shards;
    } runs[] = {{"smoke", "", 1}, {"ci", "", 2}, {"ci", "naive", 1}, {"", "", 1}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        report *r = open_report(runs[i].tier, runs[i].algo, runs[i].shards);
        add_passes(r, (int)tier_quota("smoke"));
        add(r, 900, "naive", STATE_REFUSED, "not grouped");
        r->facts.listed = r->count + 1;
        assert_int_equal(report_judge(r, 95).exit_code, EXIT_GOOD);
        r->facts.listed++;
        assert_int_equal(report_judge(r, 95).exit_code, EXIT_EVIDENCE);
        r->facts.listed++;
        add(r, 901, "naive", STATE_FAIL, "wrong");
        assert_int_equal(judged(r, 95, "stopped there, 1 of"), EXIT_DEVICE);
    }
}

/* An expected failure is neither red nor run; an unexpected pass is red. */
static void test_expected_failures(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add_passes(r, 100);
    const size_t run = r->total.run;
    add(r, 900, "naive", STATE_XFAIL, "as expected");
    assert_int_equal(r->total.run, run);
    assert_int_equal(tally_applicable(&r->total), run + 1);
    assert_true(report_coverage(r) == (double)run / (double)(run + 1));
    assert_int_equal(report_judge(r, 99.99).exit_code, EXIT_EVIDENCE);
    assert_string_equal(report_judge(r, 95).sentence, "PASS, 1 cases fail as quirks expect");
    add(r, 901, "naive", STATE_XPASS, "passes");
    assert_int_equal(r->total.run, run + 1);
    assert_int_equal(judged(r, 95, "FAIL: 1 passed that a quirk expects to fail"), EXIT_DEVICE);
    r = open_report("", "naive", 1);
    add(r, 1, "naive", STATE_XFAIL, "as expected");
    assert_int_equal(judged(r, 95, "PASS, 1 cases"), EXIT_GOOD);
}

/* An expired quirk is a warning in the tiers that one runs by hand, and red in the others. */
static void test_expired_quirk(void **state)
{
    (void)state;
    static const struct {
        const char *tier;
        bool expired;
        int64_t shards;
        int code;
    } rows[] = {{"smoke", true, 1, EXIT_GOOD},     {"ci", true, 2, EXIT_GOOD},
                {"nightly", true, 2, EXIT_DEVICE}, {"qualify", true, 2, EXIT_DEVICE},
                {"nightly", false, 2, EXIT_GOOD},  {"", true, 1, EXIT_GOOD}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        report *r = open_report(rows[i].tier, "", rows[i].shards);
        add_passes(r, 100);
        r->quirks = one_quirk(rows[i].expired, 1);
        json_t *warnings = report_warnings(r);
        assert_int_equal(json_array_size(warnings), rows[i].expired);
        json_decref(warnings);
        assert_int_equal(judged(r, 95, rows[i].code ? "FAIL: quirk q has expired" : "PASS"),
                         rows[i].code);
    }
}

static void test_strict(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add_passes(r, 100);
    r->strict = true;
    r->quirks = one_quirk(false, 1);
    assert_int_equal(report_judge(r, 95).exit_code, EXIT_GOOD);
    json_decref(r->quirks);
    r->quirks = one_quirk(false, 0);
    assert_non_null(
        strstr(report_judge(r, 95).sentence, "for --strict: 1 warnings, first: quirk q"));
    assert_int_equal(report_judge(r, 95).exit_code, EXIT_EVIDENCE);
    r->strict = false;
    assert_int_equal(report_judge(r, 95).exit_code, EXIT_GOOD);
    r->strict = true;
    add(r, 900, "naive", STATE_SKIP, "no memory");
    assert_int_equal(judged(r, 95, "for --strict: 1 cases were skipped; 1 warnings"),
                     EXIT_EVIDENCE);
}

static void test_interrupted(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add(r, 1, "naive", STATE_PASS, "");
    add(r, 2, "naive", STATE_FAIL, "wrong");
    r->facts.listed = 10;
    r->signal = SIGTERM;
    assert_int_equal(judged(r, 95, "INTERRUPTED by SIGTERM: 8 of 10 entries were not run; 1 of 2"),
                     128 + SIGTERM);
}

static void test_nothing_at_all(void **state)
{
    (void)state;
    assert_int_equal(judged(open_report("ci", "", 1), 95, "coverage"), EXIT_EVIDENCE);
}

/* Shards and single algorithms are not judged for what only the whole can show. */
static void test_parts(void **state)
{
    (void)state;
    report *r = open_report("ci", "", 2);
    add(r, 1, "naive", STATE_SKIP, "no memory");
    assert_int_equal(judged(r, 95, "shard 1/2"), EXIT_GOOD);
    r = open_report("ci", "naive", 1);
    add(r, 1, "naive", STATE_PASS, "");
    add(r, 2, "naive", STATE_SKIP, "no memory");
    assert_int_equal(judged(r, 95, "PASS"), EXIT_GOOD);
    r = open_report("", "direct", 1);
    add(r, 1, "direct", STATE_REFUSED, "only for squares");
    assert_int_equal(judged(r, 95, "only for squares"), EXIT_DEVICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_failure_wins),
        cmocka_unit_test(test_coverage),       cmocka_unit_test(test_quota),
        cmocka_unit_test(test_partial),        cmocka_unit_test(test_expected_failures),
        cmocka_unit_test(test_expired_quirk),  cmocka_unit_test(test_strict),
        cmocka_unit_test(test_interrupted),    cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_parts),          cmocka_unit_test(test_quota_of_gradients),
        cmocka_unit_test(test_quota_of_types), cmocka_unit_test(test_quota_of_zero_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
