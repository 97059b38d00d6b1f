/* SPDX-License-Identifier: MIT */
/* Epilogues, zero points and scales of the reference, by numbers worked out by hand; what the tiers
 * have of them; and the wider bound. */
#include "ending.h"

#include "number.h"
#include "tiers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static clconv_problem problem_of(const char *text, case_spec *c)
{
    char why[200] = "";
    if (!case_parse(text, c, why, sizeof why))
        fail_msg("%s: %s", text, why);
    return suite_problem(c);
}

/* One value, of exact data, with a residual. */
static double ended(const char *text, double value, double residual, double *mag)
{
    case_spec c;
    const clconv_problem p = problem_of(text, &c);
    ending_terms terms = {.residual = c.residual ? &residual : NULL, .exact = true};
    case_factors(&c, &terms.alpha, &terms.beta);
    if (!c.scaled)
        terms.alpha = terms.beta = 1.0;
    ending_apply(&p, &terms, 1, &value, mag);
    return value;
}

static void test_epilogues(void **state)
{
    (void)state;
    const double third = (double)(1.0f / 3.0f);
    static const struct {
        const char *text;
        double value, residual, want, mag; /* mag from 1 */
    } rows[] = {
        {"c1hw1k1:act=relu", -1.0, 0.0, 0.0, 1.0},
        {"c1hw1k1:act=relu", 2.0, 0.0, 2.0, 1.0},
        {"c1hw1k1:act=relu:res=array", -1.0, 3.0, 2.0, 4.0},
        {"c1hw1k1:act=clip", -1.0, 0.0, -0.25, 1.0},
        {"c1hw1k1:act=clip", HUGE_VAL, 0.0, 0.5, 1.0},
        {"c1hw1k1:act=clip", 0.375, 0.0, 0.375, 1.0},
        {"c1hw1k1:act=leaky_relu", -128.0, 0.0, -13.0, 1.0},
        {"c1hw1k1:act=leaky_relu", 128.0, 0.0, 128.0, 1.0},
        {"c1hw1k1:act=hardswish", 3.0, 0.0, 3.0, 1.0},
        {"c1hw1k1:act=hardswish", -3.0, 0.0, 0.0, 1.0},
        {"c1hw1k1:act=hardswish", -1.5, 0.0, -0.375, 1.0},
        {"c1hw1k1:act=hardswish", HUGE_VAL, 0.0, HUGE_VAL, 1.0},
        {"c1hw1k1:res=y:scaled=1", 3.0, 0.25, 1.0, 1.0},
        {"c1hw1k1:scaled=1", 3.0, 0.25, 1.5, 0.5},
        {"c1hw1k1:res=array", 0x1p24, 1.0, 0x1p24, 2.0},             /* a tie, to even */
        {"c1hw1k1:res=array", 0x1p24 + 2.0, 1.0, 0x1p24 + 4.0, 2.0}, /* likewise */
        {"c1hw1k1:f64:res=array", 0x1p24, 1.0, 0x1p24 + 1.0, 2.0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double mag = 1.0;
        const double got = ended(rows[i].text, rows[i].value, rows[i].residual, &mag);
        if (got != rows[i].want || mag != rows[i].mag)
            fail_msg("%s of %g: %g and %g", rows[i].text, rows[i].value, got, mag);
    }
    double mag = 1.0; /* a mean is rounded before it goes on */
    assert_true(ended("c1hw1k1:scaled=1", 1.0 / 3.0, 0.0, &mag) == 0.5 * third);
}

static void test_not_a_number_stays(void **state)
{
    (void)state;
    static const char *const words[] = {"relu", "clip", "leaky_relu", "hardswish"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char text[64];
        double mag = 1.0;
        snprintf(text, sizeof text, "c1hw1k1:act=%s:res=array", words[i]);
        assert_true(isnan(ended(text, (double)NAN, 1.0, &mag)));
        assert_true(isnan(ended(text, 1.0, (double)NAN, &mag)));
        assert_true(isnan(ended(text, HUGE_VAL, -HUGE_VAL, &mag)));
    }
    double mag = 1.0;
    assert_true(isnan(ended("c1hw1k1:act=hardswish", -HUGE_VAL, 0.0, &mag)));
    assert_true(ended("c1hw1k1:act=relu", -HUGE_VAL, 0.0, &mag) == 0.0);
}

/* Factors 1/2 and 1/4 of two filters, zero point 10. */
static void test_bytes(void **state)
{
    (void)state;
    case_spec c;
    static const double sums[] = {1.0, 3.0, -1.0, 235.0, 600.0, -300.0, 2.0, 6.0};
    static const double want[] = {10.0, 12.0, 10.0, 69.0, 127.0, -128.0, 10.0, 12.0};
    static const int32_t zeros[] = {-7, 5};
    static const double scales[] = {4.0, 2.0};
    clconv_problem p = problem_of("n2c1h1w2k2:i8:quant=i8", &c);
    clconv_quantization q = {sizeof q, 3, 10, zeros, 2, 0.5, 4.0, scales, 2};
    oracle_shape shape;
    double y[8], x[] = {-128.0, 4.0}, w[] = {1.0, 2.0};
    p.quantization = &q;
    assert_true(oracle_output(&p, &shape) && shape.y == 8);
    memcpy(y, sums, sizeof y);
    ending_quantise(&p, &shape, y);
    for (size_t i = 0; i < 8; i++)
        if (y[i] != want[i])
            fail_msg("sum %g, number %zu, gives %g", sums[i], i, y[i]);
    ending_shift(&p, -1.0, 2, x, w);
    assert_true(x[0] == -131.0 && x[1] == 1.0 && w[0] == 8.0 && w[1] == -3.0);
    ending_shift(&p, 1.0, 2, x, w);
    assert_true(x[0] == -128.0 && w[1] == 2.0);
    p.y.dtype = CLCONV_U8;
    memcpy(y, sums, sizeof y);
    ending_quantise(&p, &shape, y);
    assert_true(y[4] == 255.0 && y[5] == 0.0);
}

/* Large residuals next to large sums, of the type, and not the same everywhere. */
static void test_residuals(void **state)
{
    (void)state;
    case_spec c;
    double want[64], got[64], lower = 0.0;
    for (size_t i = 0; i < 64; i++)
        want[i] = i % 2 ? 0x1p17 : 0x1p-14;
    const clconv_problem p = problem_of("c1hw8k1:f16:res=array", &c);
    ending_residual(&p, 1, false, want, 64, got);
    for (size_t i = 0; i < 64; i++) {
        assert_true(number_result(CLCONV_F16, got[i]) == got[i] && isfinite(got[i]));
        assert_true(fabs(got[i]) <= 2.0 * want[i]);
        lower += got[i] < 0.0;
    }
    assert_true(lower > 16.0 && lower < 48.0);
    ending_residual(&p, 1, true, want, 64, got);
    bool special = false;
    for (size_t i = 0; i < 64; i++)
        special = special || !isfinite(got[i]);
    assert_true(special);
}

/* The bound with `more` roundings and a growth is as much wider, and not wider than that. */
static void test_bound(void **state)
{
    (void)state;
    static const double y[] = {1.0}, mag[] = {1.0};
    static const int64_t terms[] = {8};
    const judge_rule plain = {.dtype = CLCONV_F32},
                     swish = {.dtype = CLCONV_F32, .more = 6, .growth = 0.5};
    const double eleven = 1.0 + 11 * 0x1p-24, wide = 1.0 + 24 * 0x1p-24;
    assert_int_equal(compare_outputs(&eleven, y, mag, terms, 1, &plain).bad, 1);
    assert_int_equal(compare_outputs(&eleven, y, mag, terms, 1, &swish).bad, 0);
    assert_int_equal(compare_outputs(&wide, y, mag, terms, 1, &swish).bad, 0);
    const double wider = 1.0 + 26 * 0x1p-24;
    assert_int_equal(compare_outputs(&wider, y, mag, terms, 1, &swish).bad, 1);
}

static size_t count_of(const suite_entry *entries, size_t count, const char *algo, const char *tile,
                       int activation, int residual)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const case_spec *const c = &entries[i].spec;
        found += strcmp(c->algo, algo) == 0 && strstr(c->tile, tile) &&
                 (activation < 0 || c->epilogue.activation == activation) &&
                 (residual < 0 || c->residual == residual) &&
                 (c->epilogue.activation || c->residual || c->scaled);
    }
    return found;
}

static void test_tiers(void **state)
{
    (void)state;
    static const char *const algos[] = {"naive", "direct", "depthwise", "pointwise"};
    static const char *const tiles[][2] = {
        {"direct", "rows"},    {"direct", "lanes"},    {"direct", "local,"},
        {"direct", "kb="},     {"depthwise", "xb="},   {"depthwise", "columns"},
        {"depthwise", "rows"}, {"depthwise", "lanes"}, {"pointwise", "v="}};
    size_t count = 0;
    suite_entry *const entries = generate_tier("ci", 1, &count);
    for (size_t a = 0; a < sizeof algos / sizeof *algos; a++)
        for (int e = 0; e <= CLCONV_HARDSWISH; e++)
            for (int r = 0; r <= CASE_RESIDUAL_Y; r++)
                assert_in_range(count_of(entries, count, algos[a], "", e, r), 4, count);
    for (size_t t = 0; t < sizeof tiles / sizeof *tiles; t++)
        assert_in_range(count_of(entries, count, tiles[t][0], tiles[t][1], -1, -1), 4, count);
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epilogues), cmocka_unit_test(test_not_a_number_stays),
        cmocka_unit_test(test_bytes),     cmocka_unit_test(test_residuals),
        cmocka_unit_test(test_bound),     cmocka_unit_test(test_tiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
