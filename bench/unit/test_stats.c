/* SPDX-License-Identifier: MIT */
/* Medians, their interval, and when a row is noisy or throttled. */
#include "stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void is(double got, double want)
{
    assert_true(fabs(got - want) <= 1e-12 * fabs(want));
}

static void nothing(void **state)
{
    (void)state;
    const time_stats s = stats_of(NULL, 0);
    assert_true(isnan(s.median) && isnan(s.min) && isnan(s.p90) && isnan(s.mad) && isnan(s.u));
}

static void locations(void **state)
{
    (void)state;
    const double odd[] = {5, 1, 4, 2, 3}, even[] = {4, 1, 3, 2};
    double ten[] = {10, 9, 8, 7, 6, 5, 4, 3, 2, 1};
    is(stats_of(odd, 5).median, 3);
    is(stats_of(odd, 5).min, 1);
    is(stats_of(odd, 5).mad, 1);
    is(stats_of(even, 4).median, 2.5);
    is(stats_of(even, 4).mad, 1);
    is(stats_of(ten, 10).p90, 9);
    is(stats_of(ten, 10).median, 5.5);
    is(stats_of(ten, 10).mad, 2.5);
    is(stats_median(ten, 10), 5.5);
}

/* Six blocks of three: the interval is from the least of their medians to the greatest. */
static void interval(void **state)
{
    (void)state;
    const double steady[18] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    const double outliers[18] = {7, 7, 9, 7, 8, 7, 1, 7, 7, 7, 7, 7, 7, 7, 99, 7, 7, 7};
    const double drift[18] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    const double few[] = {3, 1, 2, 5};
    is(stats_of(steady, 18).u, 0);
    is(stats_of(outliers, 18).u, 0);
    is(stats_of(drift, 18).u, 7.5); /* (17 - 2) / 2 */
    is(stats_of(drift, 6).u, 2.5);
    is(stats_of(few, 4).u, 4); /* the whole range */
    is(stats_of(few, 1).u, 0);
}

/* The samples stay in their order. */
static void order_is_kept(void **state)
{
    (void)state;
    const double sample[] = {3, 1, 2, 9, 4, 8, 7};
    stats_of(sample, 7);
    assert_true(sample[0] == 3 && sample[1] == 1 && sample[6] == 7);
}

/* In how many of many series of noise around 1 the interval holds 1: 97 % of independent noise. */
static void coverage(void **state)
{
    (void)state;
    enum { SERIES = 2000, LENGTH = 60 };
    uint64_t random = 1;
    int held = 0;
    for (int i = 0; i < SERIES; i++) {
        double sample[LENGTH], least = INFINITY, most = -INFINITY;
        for (int j = 0; j < LENGTH; j++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            sample[j] = 1 + ((double)(random >> 40) / (1 << 24) - 0.5) * 0.1;
        }
        for (int block = 0; block < 6; block++) {
            const double median = stats_of(sample + 10 * block, 10).median;
            least = fmin(least, median);
            most = fmax(most, median);
        }
        is(stats_of(sample, LENGTH).u, 0.5 * (most - least));
        held += least <= 1 && 1 <= most;
    }
    assert_in_range(held, 95 * SERIES / 100, 99 * SERIES / 100);
}

static void verdicts(void **state)
{
    (void)state;
    const time_stats good = {.median = 1, .u = 0.03}, wide = {.median = 1, .u = 0.0301},
                     none = {.median = NAN, .u = NAN};
    assert_int_equal(stats_judge(&good, 6, 1, 1), ROW_OK);
    assert_int_equal(stats_judge(&good, 5, 1, 1), ROW_NOISY);
    assert_int_equal(stats_judge(&wide, 100, 1, 1), ROW_NOISY);
    assert_int_equal(stats_judge(&none, 100, 1, 1), ROW_NOISY);
    assert_int_equal(stats_judge(&good, 100, 1, 1.049), ROW_OK);
    assert_int_equal(stats_judge(&good, 100, 1, 1.051), ROW_THROTTLED);
    assert_int_equal(stats_judge(&wide, 100, 1, 0.94), ROW_THROTTLED);
    assert_int_equal(stats_judge(&good, 100, INFINITY, INFINITY), ROW_THROTTLED);
    assert_string_equal(row_status_names[ROW_UNSUPPORTED], "UNSUPPORTED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),       cmocka_unit_test(locations), cmocka_unit_test(interval),
        cmocka_unit_test(order_is_kept), cmocka_unit_test(coverage),  cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
