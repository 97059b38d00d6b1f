/* SPDX-License-Identifier: MIT */
/* Elements of every type, and where they lie in memory. */
#include "arrays.h"
#include "case.h"
#include "elements.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Types ----------------------------------------------------------------------------------- */

static uint16_t bits(int32_t dtype, double value)
{
    uint16_t code = 0;
    element_put(dtype, &code, 0, value);
    return code;
}

/* All codes of 16 bits come back as they were, in ascending order. */
static void codes(void **state)
{
    (void)state;
    static const uint16_t infinity[] = {0x7c00, 0x7f80};
    for (size_t t = 0; t < 2; t++) {
        const int32_t dtype = t ? CLCONV_BF16 : CLCONV_F16;
        double last = -1;
        for (unsigned i = 0; i <= infinity[t]; i++) {
            const uint16_t code = (uint16_t)i;
            const double value = element_get(dtype, &code, 0);
            assert_true(value > last);
            assert_int_equal(bits(dtype, value), code);
            assert_int_equal(bits(dtype, -value), code | 0x8000);
            last = value;
        }
        assert_true(isinf(last));
        const uint16_t nan = (uint16_t)(infinity[t] + 1);
        assert_true(isnan(element_get(dtype, &nan, 0)));
        assert_true(bits(dtype, NAN) > infinity[t]);
    }
}

/* Values by IEEE 754 and bfloat16's definition, halves to even, and past the largest. */
static void rounding(void **state)
{
    (void)state;
    static const struct {
        int32_t dtype;
        double value;
        uint16_t code;
    } rows[] = {
        {CLCONV_F16, 1, 0x3c00},
        {CLCONV_F16, -2, 0xc000},
        {CLCONV_F16, 2048, 0x6800},
        {CLCONV_F16, 2049, 0x6800}, /* a half: down to the even one */
        {CLCONV_F16, 2051, 0x6802}, /* a half: up to the even one */
        {CLCONV_F16, 2049.0001, 0x6801},
        {CLCONV_F16, 4095, 0x6c00}, /* up into the next exponent */
        {CLCONV_F16, 65504, 0x7bff},
        {CLCONV_F16, 65519.99, 0x7bff},
        {CLCONV_F16, 65520, 0x7c00},
        {CLCONV_F16, -1e300, 0xfc00},
        {CLCONV_F16, 0x1p-14, 0x0400},
        {CLCONV_F16, 0x1p-24, 0x0001},
        {CLCONV_F16, 0x1p-25, 0x0000},
        {CLCONV_F16, 0x1.8p-24, 0x0002},
        {CLCONV_F16, 0x1.ffcp-15, 0x0400},
        {CLCONV_BF16, 1, 0x3f80},
        {CLCONV_BF16, 256, 0x4380},
        {CLCONV_BF16, 257, 0x4380},
        {CLCONV_BF16, 259, 0x4382},
        {CLCONV_BF16, 0x1.fep127, 0x7f7f},
        {CLCONV_BF16, 0x1.ffp127, 0x7f80},
        {CLCONV_BF16, 0x1p-133, 0x0001},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bits(rows[i].dtype, rows[i].value) != rows[i].code)
            fail_msg("%s of %.9g is %04x, not %04x", element_name(rows[i].dtype), rows[i].value,
                     bits(rows[i].dtype, rows[i].value), rows[i].code);
}

/* A sum is a float before it is shortened: 2049 + 2^-14, though nearer to 2050, is 2049 as one. */
static void stored(void **state)
{
    (void)state;
    assert_true(element_stored(CLCONV_F64, 1.0 / 3) == 1.0 / 3);
    assert_true(element_stored(CLCONV_F32, 1.0 / 3) == (double)(1.0f / 3));
    assert_true(element_stored(CLCONV_F16, 2049 + 0x1p-14) == 2048);
    assert_true(element_stored(CLCONV_BF16, 300) == 300);
    assert_true(element_stored(CLCONV_BF16, 301) == 300);
    assert_true(element_stored(CLCONV_I32, -2000000001) == -2000000001);
}

/* What is filled with the pattern counts as not written, and the first such element is found. */
static void unset(void **state)
{
    (void)state;
    static const int32_t dtypes[] = {CLCONV_F32, CLCONV_F64, CLCONV_F16, CLCONV_BF16, CLCONV_I32};
    for (size_t t = 0; t < sizeof dtypes / sizeof dtypes[0]; t++) {
        const int32_t dtype = dtypes[t];
        double memory[5] = {0};
        for (size_t i = 0; i < 5; i++)
            element_put(dtype, memory, i, dtype == CLCONV_I32 ? (double)INT32_MAX : INFINITY);
        assert_int_equal(element_first_unset(dtype, memory, 5), 5);
        memcpy((char *)memory + 3 * element_bytes(dtype), element_unset(dtype),
               element_bytes(dtype));
        assert_int_equal(element_first_unset(dtype, memory, 5), 3);
        assert_int_equal(element_first_unset(dtype, memory, 3), 3);
    }
}

/* ---- Layouts --------------------------------------------------------------------------------- */

/* Array `array` in memory holds the elements of these counts, in this order. */
static void lies(const char *text, int array, size_t count, const int *order)
{
    char why[200];
    case_spec spec;
    float values[32];
    int8_t memory[32];
    if (!case_parse(text, &spec, why, sizeof why))
        fail_msg("%s", why);
    const clconv_problem p = case_problem(&spec);
    assert_int_equal(array_dtype(&p, array), CLCONV_I8);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)i;
    array_store(&p, array, values, count, memory);
    for (size_t i = 0; i < count; i++) {
        if (memory[i] != order[i])
            fail_msg("%s: place %zu of array %d has element %d, not %d", text, i, array, memory[i],
                     order[i]);
        assert_int_equal(array_place(&p, array, (size_t)order[i]), i);
    }
}

static void layouts(void **state)
{
    (void)state;
    static const int same[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const int filters[] = {0, 2, 1, 3, 4, 6, 5, 7};
    static const int blocks[] = {0, 1, 2, 3, 4, 6, 8, 5, 7, 9};
    static const int two_blocks[] = {0, 2, 1, 3, 4, 6, 5, 7, 8, 9};
    lies("n2c3h1w2k1:i8", ARRAY_X, 12, same);
    lies("n2c3h1w2k1:i8:nhwc", ARRAY_X, 12, (const int[]){0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11});
    lies("n2c2h3w1k1:i8:nhwc", ARRAY_X, 12, (const int[]){0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11});
    lies("c2h3w1k2r2:i8", ARRAY_W, 8, same);
    lies("c2h3w1k2r2:i8:nhwc", ARRAY_W, 8, filters);
    lies("c4h3w1k2r2g2:i8:nhwc", ARRAY_W, 8, filters);
    lies("c4h3w2k4r3g4:i8:nhwc", ARRAY_W, 12, same); /* one channel: nothing to turn */
    lies("c3h3w2k9r2s2:i8:nhwc:shared", ARRAY_W, 12, same);
    lies("c4h3w2k3r2:i8:nhwc:gi=1+3:go=2+1", ARRAY_W, 10, blocks);
    lies("c3h3w2k3r2:i8:nhwc:gi=2+1:go=2+1", ARRAY_W, 10, two_blocks);
    lies("c3h3w2k2r2:i8:nhwc:gi=2+1", ARRAY_W, 6, (const int[]){0, 2, 1, 3, 4, 5});
    lies("c4h3w2k2r2:i8:nhwc:go=1+1", ARRAY_W, 8, filters);
}

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t dtype[ARRAYS];
    } rows[] = {{"c1hw1k1b1", {CLCONV_F32, CLCONV_F32, CLCONV_F32, CLCONV_F32}},
                {"c1hw1k1b1:f16", {CLCONV_F16, CLCONV_F16, CLCONV_F16, CLCONV_F16}},
                {"c1hw1k1:bf16", {CLCONV_BF16, CLCONV_BF16, CLCONV_BF16, CLCONV_BF16}},
                {"c1hw1k1b1:u8", {CLCONV_U8, CLCONV_U8, CLCONV_I32, CLCONV_I32}}};
    char why[200];
    case_spec spec;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(case_parse(rows[i].text, &spec, why, sizeof why));
        const clconv_problem p = case_problem(&spec);
        for (int array = 0; array < ARRAYS; array++)
            assert_int_equal(array_dtype(&p, array), rows[i].dtype[array]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes), cmocka_unit_test(rounding), cmocka_unit_test(stored),
        cmocka_unit_test(unset), cmocka_unit_test(layouts),  cmocka_unit_test(types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
