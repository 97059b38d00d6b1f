/* SPDX-License-Identifier: MIT */
/* Reports: JSON against its schema, JUnit against the JSON, text that is unfit
 * for either. No device is needed. */
#include "reports.h"
#include "schema.h"

#include <libxml/parser.h>
#include <libxml/xmlstring.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
        cmocka_unit_test(test_json),     cmocka_unit_test(test_junit_agrees),
        cmocka_unit_test(test_html),     cmocka_unit_test(test_clean),
        cmocka_unit_test(test_no_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
