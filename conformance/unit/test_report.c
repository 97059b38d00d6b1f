/* SPDX-License-Identifier: MIT */
/* Reports: the verdict's rules, JSON against its schema, JUnit against the JSON, text that is unfit
 * for either. No device is needed. */
#include "report.h"

#include "schema.h"
#include "tiers.h"

#include <libxml/parser.h>
#include <libxml/xmlstring.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- A report with what a test needs -------------------------------------------------------- */

static report *open_report(const char *tier, const char *algo, int64_t shards)
{
    char why[256];
    run_facts facts = {.seed = 1, .shard = 1, .shards = shards};
    facts.device = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", "It's <a> device",
                             "platform", "P", "type", "CPU", "vendor", "V", "version", "OpenCL 3.0",
                             "driver", "1", "opencl_c", "OpenCL C 1.2");
    snprintf(facts.tier, sizeof facts.tier, "%s", tier);
    snprintf(facts.algo, sizeof facts.algo, "%s", algo);
    snprintf(facts.selector, sizeof facts.selector, "It's <a> device");
    snprintf(facts.kernel_hash, sizeof facts.kernel_hash, "0123456789abcdef");
    snprintf(facts.library, sizeof facts.library, "0.1.0");
    report *r = report_open(&facts, NULL, why, sizeof why);
    assert_non_null(r);
    return r;
}

static void add(report *r, int n, const char *algo, case_state state, const char *reason)
{
    suite_entry entry = {.origin = "test"};
    verdict v = {.state = state, .seconds = 0.25};
    case_init(&entry.spec);
    entry.spec.problem.n = n;
    entry.spec.problem.c = entry.spec.problem.k = 3;
    entry.spec.problem.in[0] = 4, entry.spec.problem.in[1] = 5;
    snprintf(entry.spec.algo, sizeof entry.spec.algo, "%s", algo);
    snprintf(entry.spec.data, sizeof entry.spec.data, "exact");
    snprintf(v.reason, sizeof v.reason, "%s", reason);
    snprintf(v.kind, sizeof v.kind, "%s", state == STATE_FAIL ? "value" : "");
    assert_true(report_add(r, &entry, &v));
}

/* `count` passes for every algorithm of the library. */
static void add_passes(report *r, int count)
{
    for (int i = 1; i <= count; i++)
        for (size_t a = 0; clconv_algorithm_name(a); a++)
            add(r, i, clconv_algorithm_name(a), STATE_PASS, "");
}

static json_t *one_quirk(bool expired, int applied)
{
    return json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i}]", "id", "q", "action", "xfail",
                     "cases", "*", "reason", "a fault", "link", "https://x", "expires",
                     "2026-01-01", "expired", (int)expired, "applied", applied);
}

static int judged(report *r, double min_coverage, const char *sentence)
{
    const judgement j = report_judge(r, min_coverage);
    if (!strstr(j.sentence, sentence))
        fail_msg("\"%s\" is not in \"%s\"", sentence, j.sentence);
    report_close(r);
    return j.exit_code;
}

/* ---- The verdict ---------------------------------------------------------------------------- */

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
    for (int i = 0; i < 10; i++)
        add(r, 200 + i, "naive", STATE_SKIP, "no memory");
    const double run = (double)r->total.run;
    assert_true(report_coverage(r) == run / (run + 10.0));
    assert_int_equal(report_judge(r, 10).exit_code, EXIT_GOOD);
    assert_int_equal(judged(r, 95, "coverage"), EXIT_EVIDENCE);
}

static void test_quota(void **state)
{
    (void)state;
    report *r = open_report("smoke", "", 1);
    add_passes(r, (int)tier_quota("smoke") - 1);
    assert_int_equal(judged(r, 95, "accepted"), EXIT_EVIDENCE);
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

/* ---- Files ---------------------------------------------------------------------------------- */

static void check_schema(const json_t *document)
{
    char why[256];
    json_t *schema = json_load_file(SCHEMA_FILE, 0, NULL);
    assert_non_null(schema);
    if (!schema_holds(schema, schema, document, "the document", why, sizeof why))
        fail_msg("%s", why);
    json_decref(schema);
}

static report *mixed_report(void)
{
    report *r = open_report("smoke", "", 1);
    add_passes(r, 5);
    add(r, 50, "naive", STATE_FAIL, "y[1] is <3> & \"not\" 4\x01\xff");
    assert_true(report_set_minimal(r, r->count - 1, "c1hw1k1:algo=naive:data=exact"));
    add(r, 51, "naive", STATE_SKIP, "no memory");
    add(r, 52, "naive", STATE_UNSUPPORTED, "no feature");
    add(r, 55, "naive", STATE_XFAIL, "as expected");
    add(r, 56, "naive", STATE_XPASS, "it passes");
    r->quirks = one_quirk(true, 2);
    add(r, 53, "direct", STATE_REFUSED, "it's not grouped");
    add(r, 54, "direct", STATE_REFUSED, "it's not grouped");
    json_t *earlier = json_pack("{s:s}", "c1hw1k1", "PASS");
    assert_true(baseline_compare(r, earlier));
    json_decref(earlier);
    return r;
}

static void test_json(void **state)
{
    (void)state;
    report *r = mixed_report();
    json_t *document = report_document(r, 95);
    check_schema(document);
    const json_t *baseline = json_object_get(document, "baseline");
    assert_int_equal(json_array_size(json_object_get(baseline, "new_fail")), 2);
    const json_t *totals = json_object_get(document, "totals");
    const json_int_t run = json_integer_value(json_object_get(totals, "run"));
    assert_int_equal(run + 2, json_integer_value(json_object_get(totals, "applicable")));
    assert_int_equal(json_array_size(json_object_get(document, "cases")), (size_t)run + 3);
    const json_t *direct = json_object_get(json_object_get(document, "algorithms"), "direct");
    const json_t *refusals = json_object_get(direct, "refusals");
    assert_int_equal(json_integer_value(json_object_get(refusals, "it's not grouped")), 2);
    size_t i, minimal = 0;
    json_t *one;
    json_array_foreach(json_object_get(document, "cases"), i, one)
    {
        const char *small = json_string_value(json_object_get(one, "minimal"));
        minimal += small && strcmp(small, "c1hw1k1:algo=naive:data=exact") == 0;
    }
    assert_int_equal(minimal, 1);
    json_decref(document);
    report_close(r);
}

static size_t count_children(const xmlNode *node, const char *name)
{
    size_t count = 0;
    for (const xmlNode *child = node->children; child; child = child->next)
        count += child->type == XML_ELEMENT_NODE && strcmp((const char *)child->name, name) == 0;
    return count;
}

static size_t attribute(const xmlNode *node, const char *name)
{
    char *text = (char *)xmlGetProp(node, (const xmlChar *)name);
    assert_non_null(text);
    const size_t value = strtoul(text, NULL, 10);
    xmlFree(text);
    return value;
}

static void test_junit_agrees(void **state)
{
    (void)state;
    report *r = mixed_report();
    char *text = report_junit(r);
    xmlDoc *document = xmlReadMemory(text, (int)strlen(text), "junit", NULL, XML_PARSE_NONET);
    assert_non_null(document);
    const xmlNode *suite = xmlDocGetRootElement(document)->children;
    while (suite && suite->type != XML_ELEMENT_NODE)
        suite = suite->next;
    assert_non_null(suite);
    size_t failures = 0, skips = 0, at = 0;
    for (const xmlNode *child = suite->children; child; child = child->next) {
        if (child->type != XML_ELEMENT_NODE || strcmp((const char *)child->name, "testcase") != 0)
            continue;
        char *name = (char *)xmlGetProp(child, (const xmlChar *)"name");
        assert_string_equal(name, r->results[at++].name);
        xmlFree(name);
        failures += count_children(child, "failure");
        skips += count_children(child, "skipped");
    }
    assert_int_equal(at, r->count);
    assert_int_equal(attribute(suite, "tests"), r->count);
    assert_int_equal(attribute(suite, "failures"), failures);
    assert_int_equal(attribute(suite, "skipped"), skips);
    assert_int_equal(failures, 2);
    assert_int_equal(skips, 3);
    xmlFreeDoc(document);
    free(text);
    report_close(r);
}

static void test_html(void **state)
{
    (void)state;
    report *r = mixed_report();
    char *text = report_html(r, 95);
    assert_non_null(strstr(text, "FAIL: 1 of"));
    assert_non_null(strstr(text, "It's &lt;a&gt; device"));
    assert_non_null(strstr(text, "clconv-conform --device 'It'\\''s"));
    assert_non_null(strstr(text, "2 new failures, 0 fixed; cases only there 1, only here"));
    assert_non_null(strstr(text, "--case 'c1hw1k1:algo=naive:data=exact'"));
    assert_null(strstr(text, "src="));
    assert_null(strstr(text, "href="));
    free(text);
    report_close(r);
}

/* What a driver says of its files is kept, where they are is not. */
static void test_no_paths(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"/home/me/a.cl:3: error", "a.cl:3: error"},
        {"cannot rename '/tmp/x/y.tmp' to \"/home/me/z\"", "cannot rename 'y.tmp' to \"z\""},
        {"1/2 of it, see https://x.y/z (-I/usr/include)",
         "1/2 of it, see https://x.y/z (-I/usr/include)"},
        {"in /tmp/", "in "},
        {"a / b", "a / b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        report *r = open_report("smoke", "", 1);
        add(r, 1, "naive", STATE_FAIL, rows[i][0]);
        assert_string_equal(r->results[0].verdict.reason, rows[i][1]);
        report_close(r);
    }
}

static void test_clean(void **state)
{
    (void)state;
    char control[] = "a\tb\x7f", broken[] = "x\xc3\x28", utf8[] = "\xc3\xa4";
    assert_string_equal(report_clean(control), "a b ");
    assert_string_equal(report_clean(broken), "x?(");
    assert_string_equal(report_clean(utf8), "\xc3\xa4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_failure_wins),
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_quota),
        cmocka_unit_test(test_expected_failures),
        cmocka_unit_test(test_expired_quirk),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_junit_agrees),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_no_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
