/* SPDX-License-Identifier: MIT */
/* Both oracles against numbers computed by hand, and against each other on problems of every form.
 */
#include "problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

typedef void (*oracle)(const clconv_problem *p, const oracle_inputs *in, double *y, double *mag,
                       int64_t *terms);

static const oracle oracles[] = {oracle_scatter, oracle_gather};

enum { ROOM = 64 };

/* Both oracles must say exactly `expected`; mag and terms are compared where given. */
static void expect(const clconv_problem *p, const double *x, const double *w, const double *b,
                   size_t count, const double *expected, const double *expected_mag,
                   const int64_t *expected_terms)
{
    oracle_shape shape;
    assert_true(oracle_output(p, &shape));
    assert_int_equal(shape.y, count);
    for (size_t o = 0; o < 2; o++) {
        double y[ROOM], mag[ROOM];
        int64_t terms[ROOM];
        oracles[o](p, &(oracle_inputs){.x = x, .w = w, .b = b}, y, mag, terms);
        for (size_t i = 0; i < count; i++) {
            assert_true(y[i] == expected[i]);
            if (expected_mag)
                assert_true(mag[i] == expected_mag[i]);
            if (expected_terms)
                assert_int_equal(terms[i], expected_terms[i]);
        }
    }
}

/* K = 2 C: the filters of one channel stand together, F1 * R, F2 * R, F3 * G, ... */
static void test_depthwise_multiplier(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 3, 1, 1, 6, 1, 1);
    p.groups = 3;
    const double x[] = {2, 3, 5}, w[] = {1, 10, 100, 1000, 10000, 100000};
    const double y[] = {2, 20, 300, 3000, 50000, 500000};
    const int64_t terms[] = {1, 1, 1, 1, 1, 1};
    expect(&p, x, w, NULL, 6, y, y, terms);
}

static void test_shared_kernel(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 3, 1, 1, 6, 1, 1);
    p.shared = 1;
    p.b.dtype = CLCONV_F32;
    const double x[] = {2, 3, 4}, w[] = {1, -10}, b[] = {0.5, 0.25};
    const double each[] = {2.5, -19.75, 3.5, -29.75, 4.5, -39.75};
    const double each_mag[] = {2.5, 20.25, 3.5, 30.25, 4.5, 40.25};
    expect(&p, x, w, b, 6, each, each_mag, (const int64_t[]){1, 1, 1, 1, 1, 1});
    p.reduce = CLCONV_REDUCE_SUM; /* sum adds C * b */
    expect(&p, x, w, b, 2, (const double[]){10.5, -89.25}, (const double[]){10.5, 90.75},
           (const int64_t[]){3, 3});
    p.reduce = CLCONV_REDUCE_MEAN; /* mean keeps b */
    expect(&p, x, w, b, 2, (const double[]){3.5, -29.75}, (const double[]){3.5, 30.25},
           (const int64_t[]){3, 3});
}

/* Outputs 3, 3, 2 of three channels, then blocks of unequal width. */
static void test_uneven_groups(void **state)
{
    (void)state;
    static const int64_t ones[] = {1, 1, 1}, out[] = {3, 3, 2}, in[] = {1, 2}, two_one[] = {2, 1};
    clconv_problem p = plain_problem(1, 3, 1, 1, 8, 1, 1);
    p.groups = 3;
    p.group_in = ones;
    p.group_out = out;
    const double x[] = {2, 3, 5}, w[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const double y[] = {2, 4, 6, 12, 15, 18, 35, 40};
    expect(&p, x, w, NULL, 8, y, NULL, NULL);
    p.group_in = NULL; /* C divides: the same */
    expect(&p, x, w, NULL, 8, y, NULL, NULL);
    p.groups = 2, p.k = 3, p.group_in = in, p.group_out = two_one;
    const int64_t terms[] = {1, 1, 2};
    expect(&p, x, w, NULL, 3, (const double[]){2, 4, 3 * 3 + 5 * 4}, NULL, terms);
    oracle_shape shape;
    assert_true(oracle_output(&p, &shape));
    assert_int_equal(shape.w, 4);
}

/* Padding left and below only, stride along w only: no axis can stand for the other. */
static void test_four_sided_padding(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 1, 2, 3, 1, 1, 2);
    p.pad_before[1] = 1;
    p.pad_after[0] = 1;
    p.stride[1] = 2;
    p.b.dtype = CLCONV_F32;
    const double x[] = {1, 2, 3, 4, 5, 6}, w[] = {10, 1}, b[] = {0.5};
    const double y[] = {1.5, 23.5, 4.5, 56.5, 0.5, 0.5};
    const int64_t terms[] = {1, 2, 1, 2, 0, 0};
    expect(&p, x, w, b, 6, y, y, terms);
}

static void test_dilation_and_stride(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 1, 1, 5, 1, 1, 3);
    p.dilation[1] = 2;
    const double x[] = {1, 2, 3, 4, 5, 6}, w[] = {1, 10, 100};
    expect(&p, x, w, NULL, 1, (const double[]){531}, NULL, NULL);
    p = plain_problem(1, 1, 3, 2, 1, 2, 1); /* x = [1 2; 3 4; 5 6] */
    expect(&p, x, w, NULL, 4, (const double[]){31, 42, 53, 64}, NULL, NULL);
    p.stride[0] = 2; /* the last row is never read */
    expect(&p, x, w, NULL, 2, (const double[]){31, 42}, NULL, NULL);
}

static void test_empty_batch_and_no_output(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(0, 2, 3, 3, 2, 3, 3);
    const double w[36] = {1};
    expect(&p, NULL, w, NULL, 0, NULL, NULL, NULL);
    oracle_shape shape;
    p.kernel[1] = 4; /* wider than the image */
    assert_false(oracle_output(&p, &shape));
}

/* Counting windows gives what PyTorch's formula gives. */
static void test_output_size(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int i = 0; i < 2000; i++) {
        int64_t tables[8];
        oracle_shape shape;
        const clconv_problem p = random_problem(FORM_DENSE, &random, tables);
        assert_true(oracle_output(&p, &shape));
        const int64_t size[] = {shape.p, shape.q};
        for (int axis = 0; axis < 2; axis++)
            assert_int_equal(size[axis], (p.in[axis] + p.pad_before[axis] + p.pad_after[axis] -
                                          p.dilation[axis] * (p.kernel[axis] - 1) - 1) /
                                                 p.stride[axis] +
                                             1);
    }
}

static void compare_oracles(const clconv_problem *p, uint64_t seed)
{
    oracle_shape shape;
    assert_true(oracle_output(p, &shape));
    double *const x = calloc(shape.x, sizeof *x), *const w = calloc(shape.w, sizeof *w);
    double *const b = p->b.dtype ? calloc(shape.b, sizeof *b) : NULL;
    double *const y = calloc(4 * shape.y, sizeof *y), *const mag = y + 2 * shape.y;
    int64_t *const terms = calloc(2 * shape.y, sizeof *terms);
    const oracle_inputs in = {.x = x, .w = w, .b = b};
    assert_true(data_fill(p, "exact", seed, &(data_tensors){.x = x, .w = w, .b = b}));
    for (size_t o = 0; o < 2; o++)
        oracles[o](p, &in, y + o * shape.y, mag + o * shape.y, terms + o * shape.y);
    for (size_t i = 0; i < shape.y; i++) {
        assert_true(y[i] == y[shape.y + i]); /* exact data: not even the order may show */
        assert_true(mag[i] == mag[shape.y + i]);
        assert_int_equal(terms[i], terms[shape.y + i]);
        double y_alone, mag_alone;
        int64_t terms_alone;
        oracle_gather_at(p, &in, i, &y_alone, &mag_alone, &terms_alone);
        assert_true(y_alone == y[i] && mag_alone == mag[i] && terms_alone == terms[i]);
    }
    free(x);
    free(w);
    free(b);
    free(y);
    free(terms);
}

static void test_oracles_agree(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (uint64_t i = 0; i < 100; i++)
        for (int kind = 0; kind < FORMS; kind++) {
            int64_t tables[8];
            const clconv_problem p = random_problem((form)kind, &random, tables);
            compare_oracles(&p, i);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depthwise_multiplier),
        cmocka_unit_test(test_shared_kernel),
        cmocka_unit_test(test_uneven_groups),
        cmocka_unit_test(test_four_sided_padding),
        cmocka_unit_test(test_dilation_and_stride),
        cmocka_unit_test(test_empty_batch_and_no_output),
        cmocka_unit_test(test_output_size),
        cmocka_unit_test(test_oracles_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
