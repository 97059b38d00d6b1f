/* SPDX-License-Identifier: MIT */
/* The judge is fed outputs that are known to be bad, and must say so; good ones must pass. */
#include "number.h"
#include "suite.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT = 6, POISON = 0x7fccc0de };

static const double expected[COUNT] = {1.0, -2.0, 0.5, -0.25, 3.0, 0.0};
static const double magnitude[COUNT] = {2.0, 2.0, 1.0, 1.0, 4.0, 1.0};
static const int64_t term_count[COUNT] = {9, 9, 9, 9, 9, 4};
static const judge_rule exactly = {
    .dtype = CLCONV_F32, .exact = true, .poison = UINT64_C(0x7ff9981bc0000000)};
static const judge_rule within = {
    .dtype = CLCONV_F32, .exact = false, .poison = UINT64_C(0x7ff9981bc0000000)};

static void good_output(double *got)
{
    for (int i = 0; i < COUNT; i++)
        got[i] = expected[i];
}

static comparison judge(const double *got, const judge_rule *rule)
{
    return compare_outputs(got, expected, magnitude, term_count, COUNT, rule);
}

static void expect_bad(const double *got, const judge_rule *rule, size_t bad, size_t first)
{
    const comparison found = judge(got, rule);
    assert_int_equal(found.bad, bad);
    assert_int_equal(found.first, first);
    assert_true(found.expected == expected[first]);
}

static void test_good_passes(void **state)
{
    (void)state;
    double got[COUNT];
    good_output(got);
    got[5] = -0.0; /* -0 is as good as 0 */
    assert_int_equal(judge(got, &exactly).bad, 0);
    assert_int_equal(judge(got, &within).bad, 0);
    assert_true(judge(got, &exactly).headroom == 0.0);
    assert_int_equal(compare_outputs(NULL, NULL, NULL, NULL, 0, &exactly).bad, 0);
}

/* Every single element, the last included and negative ones too, one unit in the last place off. */
static void test_one_element(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        for (int up = 0; up < 2; up++) {
            double got[COUNT];
            good_output(got);
            got[i] = (double)nextafterf((float)got[i], up ? INFINITY : -INFINITY);
            expect_bad(got, &exactly, 1, i);
        }
}

/* The bound is gamma(terms + 2) * mag on either side of the value, whatever the sign of either. */
static void test_bound_on_both_sides(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        for (int side = -1; side <= 1; side += 2) {
            const double n = (double)(term_count[i] + 2), bound = n * 0x1p-24 * magnitude[i];
            double got[COUNT];
            good_output(got);
            got[i] = (double)(float)(expected[i] + side * 0.85 * bound);
            const comparison inside = judge(got, &within);
            assert_int_equal(inside.bad, 0);
            assert_true(inside.headroom > 0.6 && inside.headroom <= 1.0);
            got[i] = (double)(float)(expected[i] + side * 1.25 * bound);
            expect_bad(got, &within, 1, i);
            assert_true(fabs(judge(got, &within).bound - bound) < 1e-5 * bound);
            assert_true(judge(got, &within).headroom > 1.0);
        }
}

static void test_never_right(void **state)
{
    (void)state;
    const double wrong[] = {(double)NAN, HUGE_VAL, -HUGE_VAL};
    for (size_t v = 0; v < 3; v++)
        for (size_t i = 0; i < COUNT; i++) {
            double got[COUNT];
            good_output(got);
            got[i] = wrong[v];
            expect_bad(got, &exactly, 1, i);
            expect_bad(got, &within, 1, i);
            assert_int_equal(judge(got, &within).unwritten, 0);
            assert_true(isinf(judge(got, &within).headroom));
        }
}

/* A NaN among the expectations excuses nothing either. */
static void test_broken_oracle(void **state)
{
    (void)state;
    const double got[] = {(double)NAN, 1.0};
    const double y[] = {(double)NAN, (double)NAN}, mag[] = {1.0, (double)NAN};
    const int64_t terms[] = {1, 1};
    assert_int_equal(compare_outputs(got, y, mag, terms, 2, &exactly).bad, 2);
    assert_int_equal(compare_outputs(got, y, mag, terms, 2, &within).bad, 2);
}

static void test_swapped_channels(void **state)
{
    (void)state;
    double got[COUNT];
    good_output(got);
    got[0] = expected[1];
    got[1] = expected[0];
    expect_bad(got, &exactly, 2, 0);
    expect_bad(got, &within, 2, 0);
}

static void test_wrong_sign(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT - 1; i++) { /* the last is 0 */
        double got[COUNT];
        good_output(got);
        got[i] = -got[i];
        expect_bad(got, &exactly, 1, i);
        expect_bad(got, &within, 1, i);
    }
}

static void test_short_write(void **state)
{
    (void)state;
    for (size_t written = 0; written < COUNT; written++) {
        double got[COUNT];
        good_output(got);
        for (size_t i = written; i < COUNT; i++)
            got[i] = number_of_pattern(CLCONV_F32, POISON);
        expect_bad(got, &exactly, COUNT - written, written);
        expect_bad(got, &within, COUNT - written, written);
        assert_int_equal(judge(got, &exactly).unwritten, COUNT - written);
    }
}

/* One more rounding for a mean, and n * 2^-126 where subnormals are flushed. */
static void test_allowances(void **state)
{
    (void)state;
    const double y[] = {1.0, 0x1p-127}, mag[] = {1.0, 0x1p-127};
    const int64_t terms[] = {1, 1};
    const double off_by_gamma_4[] = {(double)(float)(1.0 + 3.6 * 0x1p-24), 0x1p-127};
    const double flushed[] = {1.0, 0.0};
    const judge_rule plain = {.dtype = CLCONV_F32}, mean = {.dtype = CLCONV_F32, .mean = true},
                     flush = {.dtype = CLCONV_F32, .flush = true};
    assert_int_equal(compare_outputs(off_by_gamma_4, y, mag, terms, 2, &plain).bad, 1);
    assert_int_equal(compare_outputs(off_by_gamma_4, y, mag, terms, 2, &mean).bad, 0);
    assert_int_equal(compare_outputs(flushed, y, mag, terms, 2, &plain).bad, 1);
    assert_int_equal(compare_outputs(flushed, y, mag, terms, 2, &flush).bad, 0);
}

/* Where gamma is not defined nothing passes: a test that cannot fail would be none. */
static void test_no_bound(void **state)
{
    (void)state;
    const double got[] = {1.0};
    const double y[] = {1.0}, mag[] = {1.0};
    const int64_t terms[] = {1 << 24};
    assert_true(isnan(compare_gamma(CLCONV_F32, 1 << 24)));
    assert_true(compare_gamma(CLCONV_F32, 1) > 0x1p-24 &&
                compare_gamma(CLCONV_F32, 1) < 0x1.00001p-24);
    assert_int_equal(compare_outputs(got, y, mag, terms, 1, &within).bad, 1);
}

static comparison judge_one(double got, double y, double mag, int64_t terms, const judge_rule *rule)
{
    return compare_outputs(&got, &y, &mag, &terms, 1, rule);
}

/* 2 gamma(n) mag in double; in 16 bits half a unit in the last place of the value more, so that a
 * value off by two units, or truncated, is wrong. */
static void test_bounds_of_types(void **state)
{
    (void)state;
    const judge_rule f64 = {.dtype = CLCONV_F64}, f16 = {.dtype = CLCONV_F16},
                     bf16 = {.dtype = CLCONV_BF16};
    const double bound = 2.0 * 11.0 * 0x1p-53 * 3.0;
    assert_int_equal(judge_one(1.0 + 0.9 * bound, 1.0, 3.0, 9, &f64).bad, 0);
    assert_int_equal(judge_one(1.0 - 1.2 * bound, 1.0, 3.0, 9, &f64).bad, 1);
    assert_int_equal(judge_one(1.0 + 0x1p-24, 1.0, 3.0, 9, &f64).bad, 1);
    assert_int_equal(judge_one(1.0, 1.0 + 0x1p-11, 3.0, 9, &f16).bad, 0);
    assert_int_equal(judge_one(1.0, 1.0 + 0x1.8p-11, 3.0, 9, &f16).bad, 1);
    assert_int_equal(judge_one(1.0, 1.0 + 0x1p-8, 3.0, 9, &bf16).bad, 0);
    assert_int_equal(judge_one(1.0, 1.0 + 0x1.8p-8, 3.0, 9, &bf16).bad, 1);
    assert_int_equal(judge_one(0.0, 0x1p-25, 0x1p-25, 9, &f16).bad, 0);
    assert_int_equal(judge_one(0.0, 0x1p-24, 0x1p-24, 9, &f16).bad, 1);
}

/* A sum that is not far from 65520 may become infinity, of its sign; one of bfloat16 may not. */
static void test_overflow(void **state)
{
    (void)state;
    const judge_rule f16 = {.dtype = CLCONV_F16}, bf16 = {.dtype = CLCONV_BF16},
                     exact = {.dtype = CLCONV_F16, .exact = true};
    assert_int_equal(judge_one(HUGE_VAL, 65519.99, 65519.99, 9, &f16).bad, 0);
    assert_true(judge_one(HUGE_VAL, 65519.99, 65519.99, 9, &f16).headroom <= 1.0);
    assert_int_equal(judge_one(-HUGE_VAL, 65519.99, 65519.99, 9, &f16).bad, 1);
    assert_int_equal(judge_one(HUGE_VAL, 60000.0, 60000.0, 9, &f16).bad, 1);
    assert_int_equal(judge_one(HUGE_VAL, 65519.99, 65519.99, 9, &bf16).bad, 1);
    assert_int_equal(judge_one(HUGE_VAL, 65520.0, 65520.0, 9, &exact).bad, 0);
    assert_int_equal(judge_one(HUGE_VAL, 65519.0, 65519.0, 9, &exact).bad, 1);
    assert_int_equal(judge_one(65504.0, 65520.0, 65520.0, 9, &exact).bad, 1);
}

/* Exact data of every type: the stored number, and none beside it. */
static void test_exact_types(void **state)
{
    (void)state;
    const struct {
        int32_t dtype;
        double y, right, wrong;
    } rows[] = {
        {CLCONV_F64, 1.0 + 0x1p-52, 1.0 + 0x1p-52, 1.0},
        {CLCONV_F16, 1.0 + 0x1p-11, 1.0, 1.0 + 0x1p-10},
        {CLCONV_F16, 1.0 + 0x1.8p-10, 1.0 + 0x1p-9, 1.0 + 0x1p-10},
        {CLCONV_BF16, 1.0 + 0x1.8p-8, 1.0 + 0x1p-7, 1.0},
        {CLCONV_I32, -2147483647.0, -2147483647.0, -2147483648.0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const judge_rule rule = {.dtype = rows[i].dtype, .exact = true};
        assert_int_equal(judge_one(rows[i].right, rows[i].y, 2.0, 9, &rule).bad, 0);
        assert_int_equal(judge_one(rows[i].wrong, rows[i].y, 2.0, 9, &rule).bad, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_passes),         cmocka_unit_test(test_one_element),
        cmocka_unit_test(test_bound_on_both_sides), cmocka_unit_test(test_never_right),
        cmocka_unit_test(test_broken_oracle),       cmocka_unit_test(test_swapped_channels),
        cmocka_unit_test(test_wrong_sign),          cmocka_unit_test(test_short_write),
        cmocka_unit_test(test_allowances),          cmocka_unit_test(test_no_bound),
        cmocka_unit_test(test_bounds_of_types),     cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_exact_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
