/* SPDX-License-Identifier: MIT */
/* The oracle's own conversions: every number of 16 bits, every place between two of them, and the
 * boundaries by hand. */
#include "number.h"

#include "clconv/dtypes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint16_t narrowed(int32_t dtype, double value)
{
    uint16_t bits;
    number_store(dtype, &value, 1, &bits, 1);
    return bits;
}

static double widened(int32_t dtype, uint16_t bits)
{
    double value;
    number_load(dtype, &bits, 1, 1, &value);
    return value;
}

static const int32_t narrow_types[] = {CLCONV_F16, CLCONV_BF16};
enum { NARROW_TYPES = 2, VALUES = 65536 };
static const uint16_t infinity_bits[NARROW_TYPES] = {0x7c00, 0x7f80};

static void test_every_value_returns(void **state)
{
    (void)state;
    for (int t = 0; t < NARROW_TYPES; t++)
        for (int bits = 0; bits < VALUES; bits++) {
            const double value = widened(narrow_types[t], (uint16_t)bits);
            const uint16_t back = narrowed(narrow_types[t], value);
            if ((bits & 0x7fff) > infinity_bits[t]) { /* NaN; signalling ones become quiet */
                assert_true(isnan(value));
                assert_true((back & 0x7fff) > infinity_bits[t]);
                continue;
            }
            assert_int_equal(back, bits);
            assert_true((signbit(value) != 0) == (bits >= 0x8000));
            assert_true((isinf(value) != 0) == ((bits & 0x7fff) == infinity_bits[t]));
        }
}

/* bfloat16 is the upper half of a float. */
static void test_brain_is_half_a_float(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < VALUES; bits++) {
        const uint32_t word = bits << 16;
        float value;
        memcpy(&value, &word, sizeof value);
        if (!isnan(value))
            assert_true(widened(CLCONV_BF16, (uint16_t)bits) == (double)value);
    }
}

/* Half-way between two neighbours is the even one, anything off it the nearer one. Neighbours
 * ascend by construction of the bits, zero to infinity, which stands where the next number would.
 */
static void test_every_tie(void **state)
{
    (void)state;
    for (int t = 0; t < NARROW_TYPES; t++)
        for (uint16_t bits = 0; bits < infinity_bits[t]; bits++) {
            const double low = widened(narrow_types[t], bits);
            const double before = widened(narrow_types[t], bits ? bits - 1 : 0);
            const double high = bits + 1 == infinity_bits[t] ? low + (low - before)
                                                             : widened(narrow_types[t], bits + 1);
            const double middle = low + (high - low) / 2.0;
            assert_true(high > low);
            for (int sign = 0; sign < 2; sign++) {
                const double s = sign ? -1.0 : 1.0;
                const uint16_t from = (uint16_t)(bits | sign << 15);
                assert_int_equal(narrowed(narrow_types[t], s * middle), from + bits % 2);
                assert_int_equal(narrowed(narrow_types[t], s * nextafter(middle, low)), from);
                assert_int_equal(narrowed(narrow_types[t], s * nextafter(middle, high)), from + 1);
            }
        }
}

static void test_boundaries(void **state)
{
    (void)state;
    const struct {
        int32_t dtype;
        double value;
        uint16_t bits;
    } rows[] = {
        {CLCONV_F16, 1.0, 0x3c00},         {CLCONV_F16, -2.0, 0xc000},
        {CLCONV_F16, 65504.0, 0x7bff},     {CLCONV_F16, 65519.99, 0x7bff},
        {CLCONV_F16, 65520.0, 0x7c00},     {CLCONV_F16, -65520.0, 0xfc00},
        {CLCONV_F16, 1e300, 0x7c00},       {CLCONV_F16, 0x1p-14, 0x0400},
        {CLCONV_F16, 0x1.ffep-15, 0x0400}, /* half-way to the smallest normal number */
        {CLCONV_F16, 0x1p-24, 0x0001},     {CLCONV_F16, 0x1p-25, 0x0000},
        {CLCONV_F16, 0x1.8p-24, 0x0002},   {CLCONV_F16, -0x1p-26, 0x8000},
        {CLCONV_F16, 0x1p-1074, 0x0000},   {CLCONV_F16, -0.0, 0x8000},
        {CLCONV_BF16, 1.0, 0x3f80},        {CLCONV_BF16, 0x1.01p0, 0x3f80},
        {CLCONV_BF16, 0x1.03p0, 0x3f82},   {CLCONV_BF16, 0x1.ffp127, 0x7f80},
        {CLCONV_BF16, 0x1.fep127, 0x7f7f}, {CLCONV_BF16, 0x1p-133, 0x0001},
        {CLCONV_BF16, 0x1p-134, 0x0000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(narrowed(rows[i].dtype, rows[i].value), rows[i].bits);
    assert_true(isnan(widened(CLCONV_F16, narrowed(CLCONV_F16, (double)NAN))));
    assert_true(isnan(widened(CLCONV_BF16, narrowed(CLCONV_BF16, (double)NAN))));
}

/* A sum in float that ends half-way between two numbers, by its own rounding, goes to the even one.
 */
static void test_results_round_twice(void **state)
{
    (void)state;
    const double half = 1.0 + 0x1p-11 + 0x1p-40, brain = 1.0 + 0x1p-8 + 0x1p-40;
    assert_true(number_result(CLCONV_F16, half) == 1.0);
    assert_int_equal(narrowed(CLCONV_F16, half), 0x3c01);
    assert_true(number_result(CLCONV_BF16, brain) == 1.0);
    assert_int_equal(narrowed(CLCONV_BF16, brain), 0x3f81);
    assert_true(number_result(CLCONV_F32, 1.0 + 0x1p-24) == 1.0);
    assert_true(number_result(CLCONV_F64, 1.0 + 0x1p-24) == 1.0 + 0x1p-24);
    assert_true(number_result(CLCONV_I32, 2147483647.0) == 2147483647.0);
    assert_true(isinf(number_result(CLCONV_F16, 65520.0)));
}

static void test_whole_numbers(void **state)
{
    (void)state;
    const double values[] = {-128.0, 127.0, 255.0, -2147483648.0};
    int8_t i8[2];
    uint8_t u8[5] = {0};
    int32_t i32;
    double back[2];
    number_store(CLCONV_I8, values, 2, i8, 1);
    number_load(CLCONV_I8, i8, 1, 2, back);
    assert_true(i8[0] == -128 && i8[1] == 127 && back[0] == -128.0 && back[1] == 127.0);
    number_store(CLCONV_U8, values + 1, 2, u8, 3);
    number_load(CLCONV_U8, u8, 3, 2, back);
    assert_true(u8[0] == 127 && u8[3] == 255 && u8[1] == 0 && u8[4] == 0);
    assert_true(back[0] == 127.0 && back[1] == 255.0);
    number_store(CLCONV_I32, values + 3, 1, &i32, 1);
    assert_true(i32 == INT32_MIN);
}

/* The words of float that guards and poison are made of: NaN stays one, and tells from which. */
static void test_patterns(void **state)
{
    (void)state;
    const uint32_t words[] = {0x7fca0a01u, 0x7fca0a02u, 0x7fca0a03u, 0x7fca0a04u,
                              0x7fccc0deu, 0x7fcdd0d1u, 0x7fcdd0d2u};
    enum { WORDS = sizeof words / sizeof *words };
    const int32_t types[] = {CLCONV_F32, CLCONV_F64, CLCONV_F16, CLCONV_BF16};
    for (size_t t = 0; t < 4; t++)
        for (size_t i = 0; i < WORDS; i++) {
            const double one = number_of_pattern(types[t], number_pattern(types[t], words[i]));
            assert_true(isnan(one));
            for (size_t j = 0; j < i; j++)
                assert_true(number_identity(one) !=
                            number_identity(
                                number_of_pattern(types[t], number_pattern(types[t], words[j]))));
        }
    assert_int_equal(number_pattern(CLCONV_F32, 0x7fccc0deu), 0x7fccc0deu);
    assert_int_equal(number_pattern(CLCONV_I8, 0x7fccc0deu), 0x7fccc0deu);
    assert_int_equal(number_pattern(CLCONV_F16, 0x45b0b0a1u), 0x45b0b0a1u);
    assert_true(isfinite(number_of_pattern(CLCONV_F64, 0x45b0b0a1u)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_value_returns),
        cmocka_unit_test(test_brain_is_half_a_float),
        cmocka_unit_test(test_every_tie),
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_results_round_twice),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
