/* SPDX-License-Identifier: MIT */
/* Option values: what is a number, a list or a word, and what is refused. */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } row[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"7", true, 7},
        {"007", true, 7},
        {"-3", true, -3},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"--1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"2x", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
        {"nan", false, 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        int64_t value = 123;
        assert_int_equal(options_integer(row[i].text, &value), row[i].good);
        assert_int_equal(value, row[i].good ? row[i].value : 123);
    }
}

static void lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char separator;
        size_t min, max, count; /* count 0 = refused */
    } row[] = {
        {"1", ',', 1, 2, 1},
        {"1,2", ',', 1, 2, 2},
        {"1,2,3", ',', 1, 2, 0},
        {"1,2", ',', 3, 4, 0},
        {"3+3+2", '+', 1, 9, 3},
        {"3,3,2", '+', 1, 9, 0},
        {"1,", ',', 1, 4, 0},
        {",1", ',', 1, 4, 0},
        {"1,,2", ',', 1, 4, 0},
        {"1, 2", ',', 1, 4, 0},
        {"", ',', 1, 4, 0},
        {"1,2x", ',', 1, 4, 0},
        {"1,9223372036854775808", ',', 1, 4, 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        int64_t value[9] = {0};
        size_t count = 0;
        const bool good =
            options_list(row[i].text, row[i].separator, row[i].min, row[i].max, value, &count);
        assert_int_equal(good, row[i].count != 0);
        assert_int_equal(count, row[i].count);
    }
    int64_t value[3] = {0};
    size_t count = 0;
    assert_true(options_list("5,-6,7", ',', 3, 3, value, &count));
    assert_int_equal(value[0], 5);
    assert_int_equal(value[1], -6);
    assert_int_equal(value[2], 7);
}

static void numbers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",   ",",   "1,",  ",1",  "1,,2",  " 1",      "1 ",
                                        "+1", "0x1", "nan", "inf", "1e999", "1,2,3,4", "one"};
    double value[3] = {0};
    size_t count = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(options_numbers(wrong[i], ',', 1, 3, value, &count));
    assert_true(options_numbers("-1.5,.25,1e-3", ',', 1, 3, value, &count));
    assert_int_equal(count, 3);
    assert_true(value[0] == -1.5 && value[1] == 0.25 && value[2] == 1e-3);
}

static void words(void **state)
{
    (void)state;
    static const char *const list[] = {"none", "sum", "mean", NULL};
    assert_int_equal(options_word("none", list), 0);
    assert_int_equal(options_word("mean", list), 2);
    assert_int_equal(options_word("Mean", list), -1);
    assert_int_equal(options_word("mea", list), -1);
    assert_int_equal(options_word("", list), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(lists),
        cmocka_unit_test(numbers),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
