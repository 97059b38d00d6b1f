/* SPDX-License-Identifier: MIT */
/* How much work a layer is, and what the roofline says about it. */
#include "case.h"
#include "work.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static layer_work work_of_case(const char *text)
{
    char why[256];
    case_spec spec;
    if (!case_parse(text, &spec, why, sizeof why))
        fail_msg("%s", why);
    const clconv_problem p = case_problem(&spec);
    return work_of(&p);
}

static void is(const char *text, double macs, double inside, double bytes)
{
    const layer_work work = work_of_case(text);
    assert_true(work.macs == macs);
    assert_true(work.macs_inside == inside);
    assert_true(work.bytes == bytes);
}

static void counts(void **state)
{
    (void)state;
    /* 3 outputs of 3 taps along each axis: 9 pairs, of which the two ends lose one each. */
    is("c1hw3k1rs3p1", 81, 49, 4 * (9 + 9 + 9));
    is("c1hw3k1rs3", 9, 9, 4 * (9 + 9 + 1));
    is("n2c6hw3k4rs3p1g2b1", 2 * 4 * 3 * 81, 2 * 4 * 3 * 49,
       4 * (2 * 6 * 9 + 4 * 3 * 9 + 4 + 2 * 4 * 9));
    is("c3hw3k6rs3p1:shared", 6 * 81, 6 * 49, 4 * (27 + 2 * 9 + 6 * 9));
    /* By type: half the bytes in 16 bits, and int32 sums of bytes; as many multiply-adds. */
    is("c1hw3k1rs3p1:f16", 81, 49, 2 * (9 + 9 + 9));
    is("c1hw3k1rs3p1:bf16:nhwc", 81, 49, 2 * (9 + 9 + 9));
    is("c1hw3k1rs3p1:f16:dir=backward-weights", 81, 49, 2 * (9 + 9 + 9));
    is("c1hw3k1rs3p1:f64", 81, 49, 8 * (9 + 9 + 9));
    is("c1hw3k1rs3p1b1:u8", 81, 49, 9 + 9 + 4 * (1 + 9));
    /* Height: 2 outputs at stride 2 of taps 2 apart over 3 rows with 1 above: rows -1 1 3, 1 3 5.
     */
    is("c1h3w1k1r3s1sh2sw1pt1pb3pl0pr0dh2dw1", 6, 2, 4 * (3 + 3 + 2));
    /* 4 outputs of one tap, of which only the last is no padding. */
    is("c1hw1k1pt3", 4, 1, 4 * (1 + 1 + 4));
}

static const roofline two_levels = {.gflops = 100,
                                    .levels = 2,
                                    .level = {{.bytes = 1000, .copy_gbps = 50, .triad_gbps = 40},
                                              {.bytes = 4000, .copy_gbps = 8, .triad_gbps = 10}}};

static void bandwidth(void **state)
{
    (void)state;
    assert_true(roof_bandwidth(&two_levels, 1) == 50);
    assert_true(roof_bandwidth(&two_levels, 1000) == 50);
    assert_true(roof_bandwidth(&two_levels, 1001) == 10);
    assert_true(roof_bandwidth(&two_levels, 4001) == 10); /* past the largest */
}

static void roof(void **state)
{
    (void)state;
    bool compute = false;
    const layer_work heavy = {.macs = 1e9, .macs_inside = 0.5e9, .bytes = 1000},
                     light = {.macs = 1, .macs_inside = 1, .bytes = 2000};
    assert_true(fabs(roof_ms(&two_levels, &heavy, &compute) - 10) < 1e-12); /* padding left out */
    assert_true(compute);
    assert_true(fabs(roof_ms(&two_levels, &light, &compute) - 2e-4) < 1e-16);
    assert_false(compute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(bandwidth),
        cmocka_unit_test(roof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
