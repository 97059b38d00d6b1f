/* SPDX-License-Identifier: MIT */
/* The comparison with a baseline: statistics worked out by hand, and that a change is found where
 * there is one and not where there is none. No device is needed. */
#include "compare.h"
#include "compare_stats.h"
#include "page_document.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLE(...)                                                                                \
    ((sample){(const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double)})

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g, expected %.9g", value, expected);
}

/* ---- Statistics ----------------------------------------------------------------------------- */

/* No pair has the longer time in a: u = 0. Mean 9/2, variance 3*3*7/12 = 21/4;
 * z = (9/2 - 1/2) / sqrt(21/4) = 1.74574, p = 0.080856. */
static void test_rank_test(void **state)
{
    (void)state;
    const rank_test t = rank_test_of(SAMPLE(1, 2, 3), SAMPLE(4, 5, 6));
    assert_near(t.u, 0, 0);
    assert_near(t.p, 0.080856, 1e-6);
    const rank_test turned = rank_test_of(SAMPLE(4, 5, 6), SAMPLE(1, 2, 3));
    assert_near(turned.u, 9, 0);
    assert_near(turned.p, t.p, 1e-15);
}

/* 2 = 2 twice, so u = 1/2 + 1/2. Three equal times: variance 3*2/12 * (6 - 24/20) = 12/5;
 * z = (|1 - 3| - 1/2) / sqrt(12/5) = 0.968246, p = 0.332922. */
static void test_ties(void **state)
{
    (void)state;
    const rank_test t = rank_test_of(SAMPLE(1, 2, 2), SAMPLE(2, 3));
    assert_near(t.u, 1, 0);
    assert_near(t.p, 0.332922, 1e-6);
    assert_near(rank_test_of(SAMPLE(7, 7, 7), SAMPLE(7, 7)).p, 1, 0);
}

/* Medians 2 and 5. A sample of one time has one median, so the interval is that of the other:
 * each of 1, 2, 3 stands at the middle of at least 1/4 of the resamples. */
static void test_ratio(void **state)
{
    (void)state;
    const ratio_interval plain = ratio_of(SAMPLE(1, 2, 3), SAMPLE(4, 5, 6), 1);
    assert_near(plain.ratio, 0.4, 1e-15);
    const ratio_interval even = ratio_of(SAMPLE(1, 2, 3, 10), SAMPLE(5, 5), 1);
    assert_near(even.ratio, 0.5, 1e-15);
    const ratio_interval one = ratio_of(SAMPLE(1, 2, 3), SAMPLE(2), 1);
    assert_near(one.low, 0.5, 0);
    assert_near(one.high, 1.5, 0);
    /* Of 1 to 11: the median of a resample is at most 2 with probability 0.007, 3 with 0.051. */
    const ratio_interval many = ratio_of(SAMPLE(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), SAMPLE(6), 1);
    assert_near(many.low, 3 / 6.0, 0);
    assert_near(many.high, 9 / 6.0, 0);
    const ratio_interval again = ratio_of(SAMPLE(1, 2, 3), SAMPLE(4, 5, 6), 1);
    assert_true(again.low == plain.low && again.high == plain.high);
}

/* ---- Documents ------------------------------------------------------------------------------ */

enum { SAMPLES = 40 };

/* Times around `ms` with a spread of 2 %, in an order and with a fine structure that `salt` turns.
 */
static json_t *times(double ms, unsigned salt)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < SAMPLES; i++)
        json_array_append_new(
            list, json_real(ms * (1 + 0.02 * ((i * 37 + salt * 11) % 41 / 41.0 - 0.5))));
    return list;
}

static void add_row(json_t *document, const char *name, const char *algo, double ms, unsigned salt)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:f, s:o}", "model", "m", "layer",
                            name, "case", name, "algo", algo, "threads", 1, "status", "OK",
                            "reason", "", "median_ms", ms, "samples_ms", times(ms, salt));
    assert_int_equal(json_array_append_new(json_object_get(document, "rows"), row), 0);
}

static json_t *open_document(void)
{
    return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:[]}", "schema", "clconv-bench-1", "date",
                     "2026-01-02", "kernel_hash", "0123456789abcdef", "device", "name", "one",
                     "driver", "1", "rows");
}

static const json_t *entry(const json_t *comparison, const char *name)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(comparison, "rows"), i, one)
    {
        if (strcmp(report_text(one, "case"), name) == 0)
            return one;
    }
    return NULL;
}

static void assert_verdict(const json_t *comparison, const char *name, const char *verdict)
{
    assert_string_equal(report_text(entry(comparison, name), "verdict"), verdict);
}

/* Found: 10 % either way. Not found: nothing, and 1 %, which is certain but too little to matter.
 */
static void test_verdicts(void **state)
{
    (void)state;
    json_t *before = open_document(), *now = open_document();
    static const char *const names[] = {"c1", "c2", "c3", "c4"};
    static const double shifts[] = {1, 1.1, 1 / 1.1, 1.01};
    for (unsigned i = 0; i < 4; i++) {
        add_row(before, names[i], "direct", 2, i);
        add_row(now, names[i], "direct", 2 * shifts[i], i + 7);
    }
    add_row(before, "c5", "direct", 1, 0);
    add_row(now, "c6", "direct", 1, 0);
    add_row(before, "c7", "rival:naive", 1, 0);
    add_row(now, "c7", "rival:naive", 2, 0);
    json_t *c = bench_compare(now, before);
    assert_verdict(c, "c1", "SAME");
    assert_verdict(c, "c2", "SLOWER");
    assert_verdict(c, "c3", "FASTER");
    assert_verdict(c, "c4", "SAME");
    assert_true(report_number(entry(c, "c4"), "p") < 0.01);
    assert_true(report_number(entry(c, "c1"), "p") > 0.01);
    assert_near(report_number(entry(c, "c2"), "ratio"), 1.1, 1e-9);
    assert_verdict(c, "c5", "GONE");
    assert_verdict(c, "c6", "NEW");
    assert_null(entry(c, "c7"));
    assert_int_equal(bench_compare_slower(c), 1);
    const json_t *const means = json_object_get(c, "means");
    assert_near(report_number(means, "rival_ratio"), 2, 1e-12);
    assert_near(report_number(means, "ratio"), pow(1.01, 0.25), 1e-12);
    assert_string_equal(report_text(json_array_get(json_object_get(c, "rows"), 0), "case"), "c2");
    json_decref(c);
    json_decref(before);
    json_decref(now);
}

static json_t *row(json_t *document, size_t i)
{
    return json_array_get(json_object_get(document, "rows"), i);
}

/* Twice the time, but three samples: chance explains that in one of ten. */
static void test_few(void **state)
{
    (void)state;
    json_t *before = open_document(), *now = open_document();
    add_row(before, "c1", "direct", 1, 0);
    add_row(now, "c1", "direct", 2, 0);
    json_object_set_new(row(before, 0), "samples_ms", json_pack("[f, f, f]", 1.0, 1.01, 1.02));
    json_object_set_new(row(now, 0), "samples_ms", json_pack("[f, f, f]", 2.0, 2.01, 2.02));
    json_t *c = bench_compare(now, before);
    assert_true(report_number(entry(c, "c1"), "low") > 1.9);
    assert_verdict(c, "c1", "SAME");
    json_decref(c);
    json_decref(before);
    json_decref(now);
}

/* Three times the time, by rows that say themselves that they know it only so well. */
static void test_uncertain(void **state)
{
    (void)state;
    json_t *before = open_document(), *now = open_document();
    add_row(before, "c1", "direct", 1, 0);
    add_row(now, "c1", "direct", 3, 0);
    json_object_set_new(row(before, 0), "u_ms", json_real(0.5));
    json_object_set_new(row(now, 0), "u_ms", json_real(1.6));
    json_t *c = bench_compare(now, before);
    assert_verdict(c, "c1", "SAME");
    json_decref(c);
    json_object_set_new(row(now, 0), "u_ms", json_real(1.4));
    c = bench_compare(now, before);
    assert_verdict(c, "c1", "SLOWER");
    json_decref(c);
    json_decref(before);
    json_decref(now);
}

/* Without a time now, without one before, without one at all; with a clock that changed. */
static void test_no_times(void **state)
{
    (void)state;
    json_t *before = open_document(), *now = open_document();
    static const char *const names[] = {"c1", "c2", "c3", "c4"};
    for (unsigned i = 0; i < 4; i++) {
        add_row(before, names[i], "direct", 1, i);
        add_row(now, names[i], "direct", 2, i);
    }
    json_object_set_new(row(now, 0), "samples_ms", json_null());
    json_object_set_new(row(now, 0), "reason", json_string("3 outputs are wrong"));
    json_object_set_new(row(before, 1), "samples_ms", json_array());
    json_object_set_new(row(now, 2), "samples_ms", json_null());
    json_object_set_new(row(before, 2), "samples_ms", json_null());
    json_object_set_new(row(now, 3), "status", json_string("THROTTLED"));
    json_t *c = bench_compare(now, before);
    assert_verdict(c, "c1", "GONE");
    assert_string_equal(report_text(entry(c, "c1"), "reason"), "3 outputs are wrong");
    assert_verdict(c, "c2", "NEW");
    assert_verdict(c, "c3", "SAME");
    assert_verdict(c, "c4", "UNSURE");
    assert_int_equal(bench_compare_slower(c), 0);
    json_decref(c);
    json_decref(before);
    json_decref(now);
}

/* One layer that stands in two models is measured twice, and compared twice; what another algorithm
 * did is no earlier time. */
static void test_repeated(void **state)
{
    (void)state;
    json_t *before = open_document(), *now = open_document();
    for (unsigned i = 0; i < 2; i++) {
        add_row(before, "c1", "direct", 1 + i, i);
        add_row(now, "c1", "direct", 1 + i, i);
    }
    add_row(now, "c1", "direct", 1, 0);
    add_row(before, "c2", "direct", 1, 0);
    add_row(now, "c2", "naive", 1, 0);
    json_t *c = bench_compare(now, before), *counts = json_object_get(c, "counts");
    assert_near(report_number(counts, "SAME"), 2, 0);
    assert_near(report_number(counts, "NEW"), 2, 0);
    assert_near(report_number(counts, "GONE"), 1, 0);
    json_decref(c);
    json_decref(before);
    json_decref(now);
}

/* ---- Files and text ------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_refused(const char *path, const char *words)
{
    char why[512] = "";
    assert_null(bench_baseline(path, "one", why, sizeof why));
    assert_ptr_equal(strstr(why, path), why);
    assert_non_null(strstr(why, words));
}

static void test_files(void **state)
{
    (void)state;
    char why[512], path[] = "baseline-XXXXXX";
    assert_true(mkstemp(path) >= 0);
    json_t *document = open_document();
    char *text = json_dumps(document, 0);
    write_file(path, text);
    json_t *read = bench_baseline(path, "one", why, sizeof why);
    assert_non_null(read);
    json_decref(read);
    json_object_set_new(json_object_get(document, "device"), "name", json_string("other"));
    free(text);
    text = json_dumps(document, 0);
    write_file(path, text);
    assert_refused(path, "is of the device \"other\", this one is \"one\"");
    write_file(path, "{\"schema\": \"clconv-conform/1\", \"rows\": []}");
    assert_refused(path, "is not a document that clconv-bench --json wrote");
    write_file(path, "{");
    assert_refused(path, "expected");
    remove(path);
    assert_refused(path, "unable to open");
    free(text);
    json_decref(document);
}

static void test_text(void **state)
{
    (void)state;
    char text[2048] = "";
    json_t *before = open_document(), *now = open_document();
    add_row(before, "c1", "direct", 1, 0);
    add_row(now, "c1", "direct", 2, 0);
    add_row(before, "c2", "direct", 1, 0);
    add_row(now, "c2", "direct", 1, 0);
    json_t *c = bench_compare(now, before);
    FILE *out = fmemopen(text, sizeof text, "w");
    bench_compare_print(c, out);
    fclose(out);
    assert_non_null(strstr(text, "2026-01-02, kernels 01234567): 1 SLOWER, 0 FASTER, 1 SAME"));
    assert_non_null(strstr(text, "\nclConv: 1.414 of the time before, geometric mean of 2 rows\n"));
    assert_non_null(strstr(text, "\nSLOWER  2.000x"));
    assert_null(strstr(text, "rivals"));
    assert_null(strstr(text, "c2"));
    json_decref(c);
    json_decref(before);
    json_decref(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rank_test), cmocka_unit_test(test_ties),
        cmocka_unit_test(test_ratio),     cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_few),       cmocka_unit_test(test_uncertain),
        cmocka_unit_test(test_no_times),  cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_files),     cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
