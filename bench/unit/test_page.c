/* SPDX-License-Identifier: MIT */
/* The page: well formed whatever the names hold, every layer a point, means and colours as the
 * document has them. No device is needed. */
#include "page.h"

#include "case.h"
#include "classes.h"
#include "compare.h"
#include "plot.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- A page and what an XPath finds in it --------------------------------------------------- */

static json_t *load(void)
{
    json_error_t error;
    json_t *document = json_load_file(DOCUMENT_FILE, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        fail_msg("%s: %s", DOCUMENT_FILE, error.text);
    return document;
}

static xmlDoc *parse(const json_t *document, const json_t *comparison)
{
    char *const text = bench_html(document, comparison);
    assert_non_null(text);
    xmlDoc *const page = xmlReadMemory(text, (int)strlen(text), "page", NULL, XML_PARSE_NONET);
    assert_non_null(page);
    free(text);
    return page;
}

static double number(xmlDoc *page, const char *path)
{
    xmlXPathContext *context = xmlXPathNewContext(page);
    xmlXPathRegisterNs(context, (const xmlChar *)"s",
                       (const xmlChar *)"http://www.w3.org/2000/svg");
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)path, context);
    assert_non_null(found);
    const double value = found->floatval;
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    return value;
}

static void expect(xmlDoc *page, const char *path, double value)
{
    const double found = number(page, path);
    if (fabs(found - value) > 1e-9)
        fail_msg("%s is %g, expected %g", path, found, value);
}

#define IN_PLOT "//s:svg[starts-with(@aria-label, 'Speed')]/s:path"

/* ---- Tests ---------------------------------------------------------------------------------- */

/* Points: our rows with a time, in the shape of their class; the noisy one is hollow. */
static void test_roofline(void **state)
{
    (void)state;
    json_t *document = load();
    xmlDoc *page = parse(document, NULL);
    expect(page, "count(" IN_PLOT ")", 4);
    expect(page, "count(" IN_PLOT "[starts-with(@class, 'k0')])", 1);
    expect(page, "count(" IN_PLOT "[@class = 'k1 weak'])", 1);
    expect(page, "count(" IN_PLOT "[contains(s:title, 'model_a block1.dw')])", 1);
    /* 32 and 64 KiB are one level. */
    expect(page, "count(//s:svg[starts-with(@aria-label, 'Speed')]/s:line[@class = 'ceiling'])", 3);
    expect(page, "count(//s:text[. = '400.0 GB/s, 32 KiB to 64 KiB'])", 1);
    expect(page, "count(//s:text[. = '100.0 GFLOP/s, peak'])", 1);
    xmlFreeDoc(page);
    json_decref(document);
}

/* Twice the speed is as far up wherever it is: a point at the peak lies on the peak's line. */
static void test_places(void **state)
{
    (void)state;
    json_t *document = load(), *row = json_array_get(json_object_get(document, "rows"), 0);
    json_object_set_new(row, "gflops_inside", json_real(100));
    xmlDoc *page = parse(document, NULL);
    const double line = number(page, "number(//s:line[@class = 'ceiling' and @y1 = @y2]/@y1)");
    const double point = number(page, "number(substring-before(substring-after(" IN_PLOT
                                      "[@class = 'k0']/@d, ','), 'm'))");
    assert_true(fabs(line - point) <= 0.1);
    xmlFreeDoc(page);
    json_decref(document);
}

/* 3.2 / 0.08 = 40 and 0.1 / 0.2 = 0.5; together the root of 20. The unsupported one is no bar. */
static void test_rivals(void **state)
{
    (void)state;
    json_t *document = load(), *rows = json_object_get(document, "rows");
    json_t *slow = json_copy(json_array_get(rows, 0)); /* of two of ours the fastest counts */
    json_object_set_new(slow, "median_ms", json_real(1.6));
    json_array_append_new(rows, slow);
    xmlDoc *page = parse(document, NULL);
    expect(page, "number(//table[@id = 'rivals']//tr[td[1] = 'depthwise']/td[3])", 40);
    expect(page, "number(//table[@id = 'rivals']//tr[td[1] = 'grouped']/td[3])", 0.5);
    expect(page, "number(//table[@id = 'rivals']//tr[td[1] = 'all']/td[3])", 4.47);
    expect(page, "number(//table[@id = 'rivals']//tr[td[1] = 'all']/td[2])", 2);
    expect(page, "count(//details)", 2);
    expect(page, "count(//details//s:rect)", 2);
    /* The faster rival's bar ends where the slower one's begins: at 1. */
    expect(page,
           "round(//details//s:rect[1]/@x - //details//s:rect[2]/@x - //details//s:rect[2]/@width)",
           0);
    xmlFreeDoc(page);
    json_decref(document);
}

static void test_rows(void **state)
{
    (void)state;
    json_t *document = load();
    xmlDoc *page = parse(document, NULL);
    expect(page, "count(//table[@id = 'cases']/tbody/tr)", 8);
    expect(page, "count(//table[@id = 'cases']/tbody/tr/td[3]/span[@class = 'alarm'])", 1);
    expect(page, "count(//table[@id = 'cases']//span[. = 'model_b conv <1> & \"x\" ]]> <script>'])",
           2);
    expect(page, "number(//table[@id = 'cases']/tbody/tr[1]/td[4])", 0.08);
    expect(page, "number(//table[@id = 'cases']/tbody/tr[1]/td[5])", 0.3);
    expect(page, "count(//table[@id = 'cases']/tbody/tr[7]/td[. = '-'])", 9);
    expect(page, "count(//table[@id = 'totals']/tbody/tr)", 3);
    expect(page, "count(//code[. = 'clconv-bench --suite small --batch 1,16 --rivals naive'])", 1);
    xmlFreeDoc(page);
    json_decref(document);
}

static void expect_verdict(json_t *document, const char *word)
{
    char path[64];
    xmlDoc *page = parse(document, NULL);
    snprintf(path, sizeof path, "count(//p[b = '%s'])", word);
    expect(page, path, 1);
    xmlFreeDoc(page);
}

static void test_verdict(void **state)
{
    (void)state;
    json_t *document = load(), *rows = json_object_get(document, "rows");
    expect_verdict(document, "FAILED");
    assert_int_equal(json_array_remove(rows, 6), 0);
    expect_verdict(document, "MEASURED"); /* 1 of 7 is noisy */
    json_object_set_new(json_array_get(rows, 0), "status", json_string("NOISY"));
    expect_verdict(document, "NOISY"); /* 2 of 7 */
    json_object_set_new(json_array_get(rows, 0), "verified", json_false());
    expect_verdict(document, "FAILED");
    json_decref(document);
}

static void test_comparison(void **state)
{
    (void)state;
    json_t *before = load(), *now = load(), *row = json_array_get(json_object_get(now, "rows"), 0);
    static const char *const samples = "[9, 9.1, 9.2, 9.3, 9.4, 9.5, 9.6, 9.7, 9.8, 9.9]";
    json_object_set_new(row, "samples_ms", json_loads(samples, 0, NULL));
    json_t *comparison = bench_compare(now, before);
    xmlDoc *page = parse(now, comparison);
    expect(page, "count(//table[@id = 'changes']/tbody/tr)", 1);
    expect(page, "count(//table[@id = 'changes']//td[. = 'SLOWER'])", 1);
    expect(page, "count(//b[. = '1 SLOWER'])", 1);
    expect(page, "count(//b[. = '4 SAME'])", 1);
    xmlFreeDoc(page);
    json_decref(comparison);
    json_decref(before);
    json_decref(now);
}

/* Nothing measured, no ceilings: still a page. */
static void test_empty(void **state)
{
    (void)state;
    json_t *document = json_pack("{s:s, s:{s:s}, s:[]}", "schema", "clconv-bench-1", "device",
                                 "name", "one", "rows");
    xmlDoc *page = parse(document, NULL);
    expect(page, "count(//s:svg)", 0);
    xmlFreeDoc(page);
    json_decref(document);
}

/* No network: nothing that a browser would fetch. */
static void test_self_contained(void **state)
{
    (void)state;
    static const char *const fetches[] = {"src=", "href=", "@import", "url("};
    json_t *document = load();
    char *text = bench_html(document, NULL);
    for (size_t i = 0; i < sizeof fetches / sizeof fetches[0]; i++)
        assert_null(strstr(text, fetches[i]));
    free(text);
    json_decref(document);
}

static void test_axis(void **state)
{
    (void)state;
    double ticks[PLOT_TICKS];
    const plot_axis axis = {.low = 1, .high = 100, .from = 10, .to = 210};
    assert_true(fabs(plot_at(&axis, 10) - 110) < 1e-9);
    assert_int_equal(plot_ticks(&axis, ticks), 7); /* 1, 2, 5, 10, 20, 50, 100 */
    assert_true(ticks[0] == 1 && ticks[2] == 5 && ticks[6] == 100);
    const plot_axis wide = {.low = 0.2, .high = 2e4, .from = 0, .to = 1};
    assert_int_equal(plot_ticks(&wide, ticks), 5); /* 1 to 10,000 */
    assert_true(ticks[0] == 1 && ticks[4] == 1e4);
}

static void test_classes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"c8hw9k8rs3g8", "depthwise"}, {"c8hw9k16rs3g8", "depthwise"},
        {"c8hw9k8g8", "depthwise"},    {"c8hw9k8rs3g4", "grouped"},
        {"c8hw9k8g4", "grouped"},      {"c8hw9k8r1s3", "dense"},
        {"c1hw9k8rs3", "dense"},       {"c8hw9k8", "1x1"},
        {"c8hw9k8:shared", "shared"}};
    char why[128];
    case_spec spec;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(case_parse(rows[i][0], &spec, why, sizeof why));
        assert_string_equal(layer_class(&spec.problem), rows[i][1]);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0, "0"},         {NAN, "-"},        {0.0123456, "0.0123"}, {1, "1.00"},
                {12.345, "12.3"}, {123.45, "123.5"}, {1234.5, "1234"},      {-0.5, "-0.500"}};
    char text[32];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(page_number(rows[i].value, text, sizeof text), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roofline), cmocka_unit_test(test_places),
        cmocka_unit_test(test_rivals),   cmocka_unit_test(test_rows),
        cmocka_unit_test(test_verdict),  cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_empty),    cmocka_unit_test(test_self_contained),
        cmocka_unit_test(test_axis),     cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
