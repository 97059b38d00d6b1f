/* SPDX-License-Identifier: MIT */
/* What the outputs must be, and that a wrong one is noticed. */
#include "case.h"
#include "elements.h"
#include "verify.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static verifier v;
static char why[256];

static clconv_problem problem(case_spec *spec, const char *text)
{
    if (!case_parse(text, spec, why, sizeof why))
        fail_msg("%s", why);
    return case_problem(spec);
}

/* The whole output of a problem this small is sampled, in order. */
static void computes(const char *text, const float *x, const float *w, const float *b,
                     const double *want, size_t count)
{
    case_spec spec;
    const clconv_problem p = problem(&spec, text);
    const verify_inputs in = {.x = x, .w = w, .b = b};
    verify_prepare(&p, &in, &v);
    assert_int_equal(v.outputs, count);
    assert_int_equal(v.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(v.at[i], i);
        if (v.want[i] != want[i])
            fail_msg("%s: output %zu is %g, not %g", text, i, v.want[i], want[i]);
    }
}

static void forms(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3, 4, 5, 6}, w[] = {1, 10, 100, 1000, 10000, 100000}, b[] = {7, 8, 9};
    /* Rows of an image: height and width are not mixed up, padding is absent. */
    computes("c1h2w3k1r1s2pt0pb0pl1pr0", x, w, NULL, (const double[]){10, 21, 32, 40, 54, 65}, 6);
    computes("c1h2w3k1r2s1sh1sw2pt1pb0pl0pr0", x, w, NULL, (const double[]){10, 30, 41, 63}, 4);
    computes("c1h1w6k1r1s2dh1dw3", x, w, NULL, (const double[]){41, 52, 63}, 3);
    /* Dense, grouped, uneven and depthwise; the bias is the output channel's. */
    computes("c3h1w2k2", x, w, NULL, (const double[]){531, 642, 531000, 642000}, 4);
    computes("c2h1w1k2g2b1", x, w, b, (const double[]){8, 28}, 2);
    computes("c3h1w1k3:gi=1+2:go=2+1", x, w, NULL, (const double[]){1, 10, 3200}, 3);
    computes("n2c3h1w1k3g3", x, w, NULL, (const double[]){1, 20, 300, 4, 50, 600}, 6);
    /* Shared: y[c * M + m]; sum adds C * b, mean keeps b. */
    computes("c3h1w1k6:shared", x, w, NULL, (const double[]){1, 10, 2, 20, 3, 30}, 6);
    computes("c3h1w1k6b1:shared:reduce=sum", x, w, b, (const double[]){27, 84}, 2);
    computes("c3h1w1k6b1:shared:reduce=mean", x, w, b, (const double[]){9, 28}, 2);
}

/* The largest possible sum is within 2^24, and no larger amplitude keeps it there. */
static void amplitude(void **state)
{
    (void)state;
    static const char *const text[] = {"c512hw7k9rs3", "c6hw7k6rs3g6", "c6hw7k4rs3:gi=5+1:go=2+2",
                                       "c60hw7k120rs3b1:shared:reduce=sum"};
    static const double terms[] = {4609, 10, 46, 600};
    case_spec spec;
    for (size_t i = 0; i < 4; i++) {
        const clconv_problem p = problem(&spec, text[i]);
        const double a = verify_amplitude(&p);
        assert_true(a >= 1 && a * a * terms[i] <= 0x1p24);
        assert_true(a == 1023 || (a + 1) * (a + 1) * terms[i] > 0x1p24);
    }
    const clconv_problem p = problem(&spec, "c16777216hw1k1");
    assert_int_equal(verify_amplitude(&p), 0);
}

/* By type: no result of 16 bits is rounded, sums of bytes stay below 2^31, and where ones are too
 * many for that there is the rounded sum to compare with, or nothing. */
static void amplitude_of_types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int amplitude;
    } rows[] = {{"c6hw7k6rs3g6:f64", 1023}, {"c6hw7k6rs3g6:f16", 14}, /* 10 * 14^2 <= 2^11 */
                {"c6hw7k6rs3g6:bf16", 5},   {"c512hw7k9rs3:f16", 1},  {"c512hw7k9rs3:bf16", 1},
                {"c2hw1k1:bf16", 9},        {"c6hw7k6rs3g6:i8", 128}, {"c6hw7k6rs3g6:u8", 255},
                {"c131072hw1k1:i8", 127},   {"c131072hw1k1:u8", 127}, {"c16777216hw1k1:f16", 0},
                {"c16777216hw1k1:u8", 11}};
    case_spec spec;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const clconv_problem p = problem(&spec, rows[i].text);
        if (verify_amplitude(&p) != rows[i].amplitude)
            fail_msg("%s: the amplitude is %d, not %d", rows[i].text, verify_amplitude(&p),
                     rows[i].amplitude);
    }
}

static void data(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    float *first = malloc(COUNT * sizeof *first), *second = malloc(COUNT * sizeof *second);
    float least = 0, most = 0;
    assert_true(first && second);
    verify_fill(first, COUNT, CLCONV_F32, 5, 1);
    verify_fill(second, COUNT, CLCONV_F32, 5, 2);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(first[i] != 0 && first[i] == (float)(int)first[i]);
        least = fminf(least, first[i]);
        most = fmaxf(most, first[i]);
    }
    assert_true(least == -5 && most == 5);
    assert_true(memcmp(first, second, COUNT * sizeof *first) != 0);
    free(first);
    free(second);
}

/* Bytes have all their numbers but 0, each with its sign. */
static void bytes(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    static const struct {
        int32_t dtype;
        int amplitude;
        float least, most;
    } rows[] = {{CLCONV_I8, 128, -128, 127}, {CLCONV_U8, 255, 1, 255}, {CLCONV_U8, 3, 1, 3}};
    float *values = malloc(COUNT * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < 3; i++) {
        float least = 1, most = 1;
        verify_fill(values, COUNT, rows[i].dtype, rows[i].amplitude, 1);
        for (size_t j = 0; j < COUNT; j++) {
            assert_true(values[j] != 0);
            least = fminf(least, values[j]);
            most = fmaxf(most, values[j]);
        }
        assert_true(least == rows[i].least && most == rows[i].most);
    }
    free(values);
}

/* Samples of a large output: ascending, the ends among them. */
static void samples(void **state)
{
    (void)state;
    case_spec spec;
    const clconv_problem p = problem(&spec, "c1h100w150k1");
    float *x = calloc(15000, sizeof *x);
    const float w = 1;
    const verify_inputs in = {.x = x, .w = &w};
    verify_prepare(&p, &in, &v);
    assert_int_equal(v.count, VERIFY_SAMPLES);
    assert_int_equal(v.at[0], 0);
    assert_int_equal(v.at[v.count - 1], 14999);
    for (size_t i = 1; i < v.count; i++)
        assert_true(v.at[i] > v.at[i - 1]);
    x[0] = NAN; /* of an output: what was never written, sampled or not */
    assert_false(verify_outputs(&v, x, true, why, sizeof why));
    x[0] = 0;
    size_t between = 1;
    while (between == v.at[between])
        between++;
    x[between] = NAN;
    assert_false(verify_outputs(&v, x, false, why, sizeof why));
    assert_non_null(strstr(why, "it was not written"));
    free(x);
}

static void judgement(void **state)
{
    (void)state;
    case_spec spec;
    const clconv_problem p = problem(&spec, "c1h1w3k1");
    const float x[] = {1000, 2000, 3000}, w = 1000;
    const verify_inputs in = {.x = x, .w = &w};
    float y[] = {1e6f, 2e6f, 3e6f};
    verify_prepare(&p, &in, &v);
    assert_true(verify_outputs(&v, y, true, why, sizeof why));
    y[2] = nextafterf(3e6f, 0);
    assert_false(verify_outputs(&v, y, true, why, sizeof why));
    assert_string_equal(why, "output 2 of 3 is 2999999.75, but must be 3000000");
    assert_true(verify_outputs(&v, y, false, why, sizeof why));
    y[2] = 3e6f * (1 + 1.1e-5f);
    assert_false(verify_outputs(&v, y, false, why, sizeof why));
    y[2] = INFINITY;
    assert_false(verify_outputs(&v, y, false, why, sizeof why));
}

/* Outputs of other types and layouts are looked for where they are: 2 images of 3 channels of 2
 * pixels, the last of them wrong, then one not written. */
static void memory(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t dtype;
        size_t place;
    } rows[] = {{"n2c1h1w2k3:f16", CLCONV_F16, 7},
                {"n2c1h1w2k3:bf16:nhwc", CLCONV_BF16, 9},
                {"n2c1h1w2k3:f64:nhwc", CLCONV_F64, 9},
                {"n2c1h1w2k3:i8:nhwc", CLCONV_I32, 9},
                {"n2c1h1w2k3:u8", CLCONV_I32, 7}};
    const float x[] = {1, 2, 3, 4}, w[] = {5, 6, 7};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        case_spec spec;
        const clconv_problem p = problem(&spec, rows[i].text);
        const verify_inputs in = {.x = x, .w = w};
        const bool nhwc = p.y.layout != 0;
        const int32_t dtype = rows[i].dtype;
        double y[12] = {0};
        verify_prepare(&p, &in, &v);
        for (size_t n = 0; n < 2; n++)
            for (size_t k = 0; k < 3; k++)
                for (size_t q = 0; q < 2; q++)
                    element_put(dtype, y, nhwc ? (n * 2 + q) * 3 + k : (n * 3 + k) * 2 + q,
                                (double)(x[n * 2 + q] * w[k]));
        if (!verify_outputs(&v, y, true, why, sizeof why))
            fail_msg("%s: %s", rows[i].text, why);
        element_put(dtype, y, rows[i].place, 16); /* of image 1, channel 0, pixel 1 */
        assert_false(verify_outputs(&v, y, true, why, sizeof why));
        assert_string_equal(why, "output 7 of 12 is 16, but must be 20");
        memcpy((char *)y + 2 * element_bytes(dtype), element_unset(dtype), element_bytes(dtype));
        assert_false(verify_outputs(&v, y, true, why, sizeof why));
        assert_string_equal(why, dtype == CLCONV_I32
                                     ? "output 2 of 12 is the least int32: it was not written"
                                     : "output 2 of 12 is NaN: it was not written");
    }
}

/* A sum that a type of 16 bits does not have is compared with the nearest one that it has. */
static void rounded(void **state)
{
    (void)state;
    case_spec spec;
    const clconv_problem p = problem(&spec, "c1h1w2k1:bf16");
    const float x[] = {257, 259}, w = 1;
    const verify_inputs in = {.x = x, .w = &w};
    uint16_t y[] = {0x4380, 0x4382}; /* 256, 260 */
    verify_prepare(&p, &in, &v);
    assert_true(verify_outputs(&v, y, true, why, sizeof why));
    y[1] = 0x4381;
    assert_false(verify_outputs(&v, y, true, why, sizeof why));
    assert_string_equal(why, "output 1 of 2 is 258, but must be 260");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),     cmocka_unit_test(amplitude),
        cmocka_unit_test(data),      cmocka_unit_test(samples),
        cmocka_unit_test(judgement), cmocka_unit_test(amplitude_of_types),
        cmocka_unit_test(bytes),     cmocka_unit_test(memory),
        cmocka_unit_test(rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
