/* SPDX-License-Identifier: MIT */
/* The grammar of cases: canonical forms, what each form means, every refusal. */
#include "case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What is read, and how it prints. */
static const char *const canonical[][2] = {
    {"c8h7w5k16", "c8h7w5k16"},
    {"k16w5h7c8", "c8h7w5k16"},
    {"c8hw7k16", "c8hw7k16"},
    {"c8h7w7k16", "c8hw7k16"},
    {"n1c1hw1k1r1s1sh1sw1ph0pw0dh1dw1g1b0", "c1hw1k1"},
    {"n2c6h7w5k9r2s3sh2sw1ph0pw2dh1dw3g3b1", "n2c6h7w5k9r2s3sh2pw2dw3g3b1"},
    {"n0c1hw1k1", "n0c1hw1k1"},
    {"c128hw56k128rs3p1g32", "c128hw56k128rs3p1g32"},
    {"c8hw9k8r3st2", "c8hw9k8r3st2"},
    {"c8hw9k8s3sw2", "c8hw9k8s3sw2"},
    {"c8hw9k8rs3d2", "c8hw9k8rs3d2"},
    {"c8hw9k8rs3dh2dw2", "c8hw9k8rs3d2"},
    {"c8hw9k8rs3ph1pw1", "c8hw9k8rs3p1"},
    {"c8hw9k8rs3ph1pw2", "c8hw9k8rs3ph1pw2"},
    {"c8hw9k8rs3p1pt2", "c8hw9k8rs3pt2pb1pl1pr1"},
    {"c8hw9k8rs3p1pt0", "c8hw9k8rs3pb1pl1pr1"},
    {"c8hw9k8rs3ph1pw2pr0", "c8hw9k8rs3pt1pb1pl2"},
    {"c8hw9k8rs3pt1pb1pl1pr1", "c8hw9k8rs3p1"},
    {"c8hw9k8rs3pt1pb1", "c8hw9k8rs3ph1"},
    {"c8hw9k8rs3p1pt1", "c8hw9k8rs3p1"},
    {"c8hw9k8rs3pb1", "c8hw9k8rs3pb1"},
    {"c008hw09k8", "c8hw9k8"},
    {"c8hw9k8:f32:nchw:reduce=none:pad=zeros:dir=forward", "c8hw9k8"},
    {"c8hw9k8:bf16", "c8hw9k8:bf16"},
    {"c8hw9k8:nhwc:f64", "c8hw9k8:f64:nhwc"},
    {"c3hw9k6:reduce=mean:shared", "c3hw9k6:shared:reduce=mean"},
    {"c3hw9k8:go=3+3+2", "c3hw9k8g3:go=3+3+2"},
    {"c3hw9k8g3:go=3+3+2:gi=1+1+1", "c3hw9k8g3:gi=1+1+1:go=3+3+2"},
    {"c4hw9k8:gi=4", "c4hw9k8:gi=4"},
    {"c8hw9k8:seed=0", "c8hw9k8:seed=0"},
    {"c8hw9k8:seed=18446744073709551615", "c8hw9k8:seed=18446744073709551615"},
    {"c8hw9k8b1:seed=7:data=real:tile=kb=4,xb=8:algo=direct:dir=backward-data:pad=reflect",
     "c8hw9k8b1:pad=reflect:dir=backward-data:algo=direct:tile=kb=4,xb=8:data=real:seed=7"},
    {"c8hw9k8:view=2:repeat=10:sweep=5:seed=3:data=exact",
     "c8hw9k8:data=exact:seed=3:sweep=5:repeat=10:view=2"},
    {"c9223372036854775807hw1k1", "c9223372036854775807hw1k1"},
    {"c8hw9k8:scaled=1:res=y:act=hardswish:view=1", "c8hw9k8:view=1:act=hardswish:res=y:scaled=1"},
    {"c8hw9k8:act=none:res=none:quant=none", "c8hw9k8"},
    {"c8hw9k8:quant=u8:i8", "c8hw9k8:i8:quant=u8"},
};

static void prints_canonically(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++) {
        for (int again = 0; again < 2; again++) { /* the canonical form reads as itself */
            case_spec c;
            char why[200] = "", text[CASE_TEXT];
            if (!case_parse(canonical[i][again], &c, why, sizeof why))
                fail_msg("%s: %s", canonical[i][again], why);
            assert_string_equal(case_print(&c, text, sizeof text), canonical[i][1]);
        }
    }
}

static void means_what_it_says(void **state)
{
    (void)state;
    case_spec c;
    char why[200];
    assert_true(
        case_parse("n2c3h7w5k9r2s4sh5sw6pt1pb8pl10pr11dh12dw13g3b1:u8:nhwc:gi=1+1+1"
                   ":pad=circular:dir=backward-weights:algo=naive:tile=a=1:data=real:seed=4",
                   &c, why, sizeof why));
    const clconv_problem p = case_problem(&c);
    assert_int_equal(p.size, sizeof p);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.c, 3);
    assert_int_equal(p.in[0], 7);
    assert_int_equal(p.in[1], 5);
    assert_int_equal(p.k, 9);
    assert_int_equal(p.kernel[0], 2);
    assert_int_equal(p.kernel[1], 4);
    assert_int_equal(p.stride[0], 5);
    assert_int_equal(p.stride[1], 6);
    assert_int_equal(p.pad_before[0], 1);
    assert_int_equal(p.pad_after[0], 8);
    assert_int_equal(p.pad_before[1], 10);
    assert_int_equal(p.pad_after[1], 11);
    assert_int_equal(p.dilation[0], 12);
    assert_int_equal(p.dilation[1], 13);
    assert_int_equal(p.groups, 3);
    assert_int_equal(p.x.dtype, CLCONV_U8);
    assert_int_equal(p.b.dtype, CLCONV_I32);
    assert_int_equal(p.x.layout, CLCONV_LAYOUT_CHANNELS_LAST);
    assert_int_equal(p.w.layout, CLCONV_LAYOUT_CHANNELS_LAST);
    assert_int_equal(p.y.layout, CLCONV_LAYOUT_CHANNELS_LAST);
    assert_int_equal(p.pad_mode, CLCONV_PAD_CIRCULAR);
    assert_int_equal(p.op, CLCONV_BACKWARD_WEIGHTS);
    assert_ptr_equal(p.group_in, c.group_in);
    assert_null(p.group_out);
    assert_int_equal(p.group_in[2], 1);
    assert_string_equal(c.algo, "naive");
    assert_string_equal(c.tile, "a=1");
    assert_string_equal(c.data, "real");
    assert_true(c.has_seed && c.seed == 4);
    assert_int_equal(c.sweep + c.repeat + c.view, 0);

    assert_true(case_parse("c3hw9k6b1:f64:shared:reduce=sum", &c, why, sizeof why));
    assert_int_equal(c.problem.shared, 1);
    assert_int_equal(c.problem.reduce, CLCONV_REDUCE_SUM);
    assert_int_equal(c.problem.groups, 1);
    assert_int_equal(c.problem.b.dtype, CLCONV_F64);
    assert_true(case_parse("c3hw9k6", &c, why, sizeof why));
    assert_int_equal(c.problem.x.dtype, CLCONV_F32);
    assert_int_equal(c.problem.b.dtype, CLCONV_DTYPE_ABSENT);
}

static clconv_problem problem_of(const char *text, case_spec *c)
{
    char why[200] = "";
    if (!case_parse(text, c, why, sizeof why))
        fail_msg("%s: %s", text, why);
    const clconv_problem p = case_problem(c);
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    return p;
}

static void has_epilogues(void **state)
{
    (void)state;
    case_spec c;
    double alpha, beta;
    clconv_problem p = problem_of("c3hw9k6:f16:nhwc:act=clip:res=array:scaled=1", &c);
    assert_ptr_equal(p.epilogue, &c.epilogue);
    assert_int_equal(p.epilogue->activation, CLCONV_CLIP);
    assert_true(p.epilogue->low == -0.25 && p.epilogue->high == 0.5);
    assert_int_equal(p.residual.dtype, CLCONV_F16);
    assert_int_equal(p.residual.layout, CLCONV_LAYOUT_CHANNELS_LAST);
    assert_int_equal(p.accumulate, 0);
    case_factors(&c, &alpha, &beta);
    assert_true(alpha == 0.5 && beta == -2.0);
    p = problem_of("c3hw9k6:res=y", &c);
    assert_null(p.epilogue);
    assert_int_equal(p.residual.dtype, CLCONV_DTYPE_ABSENT);
    assert_int_equal(p.accumulate, 1);
    case_factors(&c, &alpha, &beta);
    assert_true(alpha == 0.0 && beta == 0.0);
    p = problem_of("c3hw9k6:scaled=1", &c);
    assert_non_null(p.epilogue);
    case_factors(&c, &alpha, &beta);
    assert_true(alpha == 0.5 && beta == 0.0);
    p = problem_of("c3hw9k6:f64:act=leaky_relu", &c);
    assert_int_equal(p.epilogue->activation, CLCONV_LEAKY_RELU);
    assert_true(p.epilogue->slope == 13.0 / 128.0);
}

static void draws_zero_points(void **state)
{
    (void)state;
    case_spec c;
    clconv_problem p = problem_of("c3hw9k6:i8:quant=u8:seed=5", &c);
    const clconv_quantization first = *p.quantization;
    assert_int_equal(p.y.dtype, CLCONV_U8);
    assert_true(first.w_zeros == 6 && first.w_scales == 6);
    assert_in_range(first.y_zero, 0, 255);
    c.seed = 6;
    case_draw(&c);
    assert_true(case_problem(&c).quantization->w_zero != first.w_zero ||
                c.quantization.x_zero != first.x_zero);
    c.problem.k = 12, c.problem.groups = 3;
    case_draw(&c);
    p = case_problem(&c);
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    p = problem_of("c3hw9k17:u8:quant=i32", &c); /* more filters than entries: one for all */
    assert_true(p.quantization->w_zeros == 1 && clconv_output_dtype(&p) == CLCONV_I32);
    p = problem_of("c3hw9k6:u8:shared:quant=i8", &c);
    assert_int_equal(p.quantization->w_zeros, 2);
}

/* What is refused, and a phrase of the sentence. */
static const char *const refused[][2] = {
    {"", "'c' is missing"},
    {"c8", "'h' is missing"},
    {"c8hw7", "'k' is missing"},
    {"c8h7k8", "'w' is missing"},
    {"c8hw7k8c8", "'c8' sets again"},
    {"c8hw7h7k8", "'h7' sets again"},
    {"c8h7w7hw7k8", "'hw7' sets again"},
    {"c8hw7k8p1ph1", "'ph1' sets again"},
    {"c8hw7k8pt1p1", "'p1' sets again"},
    {"c8hw7k8p1pt1pt1", "'pt1' sets again"},
    {"c8hw7k8z3", "'z' in 'z3' is not a key"},
    {"c8hw7k8rs", "expected a key and a number such as 'c64' at 'rs'"},
    {"c8hw7k8 ", "character 8"},
    {"c8hw7k8\n", "character 8"},
    {"c8hw7k8x", "at 'x'"},
    {"c8hw7k-8", "at 'k-8'"},
    {"C8hw7k8", "at 'C8hw7k8'"},
    {"c8.5hw7k8", "at '.5hw7k8'"},
    {"c9223372036854775808hw7k8", "does not fit in 64 bits"},
    {"c99999999999999999999999999999999999999999hw7k8", "does not fit in 64 bits"},
    {"c8hw7k8b2", "b is 0 or 1, but got b2"},
    {"c8hw7k8:", "':' is not a suffix"},
    {"c8hw7k8::f32", "':' is not a suffix"},
    {"c8hw7k8:float32", "':float32' is not a suffix"},
    {"c8hw7k8:shared=1", "':shared' is not a suffix"},
    {"c8hw7k8:f32:f64", "':dtype' is given twice"},
    {"c8hw7k8:nchw:nhwc", "':layout' is given twice"},
    {"c8hw7k8:shared:shared", "':shared' is given twice"},
    {"c8hw7k8:algo=naive:algo=naive", "':algo' is given twice"},
    {"c8hw7k8:reduce=max", "':reduce=' is one of none, sum, mean, but got 'max'"},
    {"c8hw7k8:pad=mirror", "one of zeros, reflect, replicate, circular"},
    {"c8hw7k8:dir=backward", "one of forward, backward-data, backward-weights"},
    {"c8hw7k8:algo=", "needs 1 to 15 characters"},
    {"c8hw7k8:algo=sixteen_letters_", "needs 1 to 15 characters"},
    {"c8hw7k8:seed=", "not a whole number"},
    {"c8hw7k8:seed=-1", "not a whole number"},
    {"c8hw7k8:seed=1x", "not a whole number"},
    {"c8hw7k8:seed=18446744073709551616", "not a whole number"},
    {"c8hw7k8:sweep=0", "':sweep=' is a whole number from 1 to 9, but got '0'"},
    {"c8hw7k8:sweep=10", "from 1 to 9"},
    {"c8hw7k8:sweep=5x", "from 1 to 9"},
    {"c8hw7k8:repeat=", "':repeat=' is a whole number from 1 to 1000"},
    {"c8hw7k8:view=4", "':view=' is a whole number from 1 to 3, but got '4'"},
    {"c8hw7k8:act=gelu", "one of none, relu, clip, leaky_relu, hardswish"},
    {"c8hw7k8:res=x", "one of none, array, y"},
    {"c8hw7k8:scaled=2", "from 1 to 1"},
    {"c8hw7k8:quant=i16", "one of none, i32, i8, u8"},
    {"c8hw7k8:repeat=2:repeat=2", "':repeat' is given twice"},
    {"c8hw7k8:go=3+3+", "':go=3+3+' is not a list"},
    {"c8hw7k8:go=", "is not a list"},
    {"c8hw7k8:gi=1,1", "is not a list"},
    {"c3hw7k8g2:go=3+3+2", "g2 beside a table of 3 groups"},
    {"c3hw7k8:gi=1+2:go=3+3+2", ":gi lists 2 groups but :go lists 3"},
    {"c3hw7k6g1:shared", "g is not given with :shared"},
    {"c3hw7k6:shared:gi=3", ":gi and :go are not given with :shared"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        case_spec c;
        char why[300] = "";
        if (case_parse(refused[i][0], &c, why, sizeof why))
            fail_msg("'%s' was accepted", refused[i][0]);
        if (!strstr(why, refused[i][1]))
            fail_msg("'%s' says '%s', not '%s'", refused[i][0], why, refused[i][1]);
        if (strchr(why, '\n'))
            fail_msg("'%s' says more than one line", refused[i][0]);
    }
}

static void bounds_tables_and_length(void **state)
{
    (void)state;
    char text[CASE_TEXT * 2] = "c256hw1k256:gi=1", why[200], printed[CASE_TEXT];
    case_spec c;
    for (int i = 1; i < CASE_MAX_GROUPS; i++)
        strcat(text, "+1");
    assert_true(case_parse(text, &c, why, sizeof why));
    assert_int_equal(c.problem.groups, CASE_MAX_GROUPS);
    assert_true(case_parse(case_print(&c, printed, sizeof printed), &c, why, sizeof why));
    strcat(text, "+1");
    assert_false(case_parse(text, &c, why, sizeof why));
    memset(text, '1', sizeof text - 1);
    assert_false(case_parse(text, &c, why, sizeof why));
    assert_non_null(strstr(why, "longer than"));
}

static void printing_respects_its_room(void **state)
{
    (void)state;
    case_spec c;
    char why[200], text[12];
    memset(text, '#', sizeof text);
    assert_true(case_parse("c128hw56k128rs3p1g32", &c, why, sizeof why));
    assert_string_equal(case_print(&c, text, 8), "c128hw5");
    assert_int_equal(text[8], '#');
}

static void hashes_are_fnv1a(void **state)
{
    (void)state;
    assert_true(case_hash("") == UINT64_C(0xcbf29ce484222325)); /* published test vectors */
    assert_true(case_hash("a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(case_hash("foobar") == UINT64_C(0x85944171f73967e8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_canonically),
        cmocka_unit_test(means_what_it_says),
        cmocka_unit_test(has_epilogues),
        cmocka_unit_test(draws_zero_points),
        cmocka_unit_test(refuses),
        cmocka_unit_test(bounds_tables_and_length),
        cmocka_unit_test(printing_respects_its_room),
        cmocka_unit_test(hashes_are_fnv1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
