/* SPDX-License-Identifier: MIT */
/* Parts of a tensor, made one by one, are the tensor that is made whole. */
#include "data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 4096 };

static void compare_parts(const clconv_problem *p, const oracle_shape *size, const char *mode,
                          uint64_t seed, tensor_id tensor, const double *whole, size_t count,
                          size_t step)
{
    double part[MOST];
    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i += step) {
        const size_t here = count - i < step ? count - i : step;
        assert_true(data_range(p, size, mode, seed, tensor, i, here, part));
        if (memcmp(part, whole + i, here * sizeof *part) != 0)
            fail_msg("%s, tensor %d: elements from %zu on differ, steps of %zu", mode, (int)tensor,
                     i, step);
    }
}

static void compare_all(const char *text, const char *mode, uint64_t seed)
{
    static const size_t steps[] = {1, 7, 64, MOST};
    case_spec c;
    oracle_shape size;
    char why[256];
    static double x[MOST], w[MOST], b[MOST];
    assert_true(case_parse(text, &c, why, sizeof why));
    const clconv_problem p = case_problem(&c);
    assert_true(oracle_output(&p, &size));
    assert_true(data_fill(&p, mode, seed, &(data_tensors){x, w, size.b ? b : NULL, NULL}));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        compare_parts(&p, &size, mode, seed, TENSOR_X, x, size.x, steps[i]);
        compare_parts(&p, &size, mode, seed, TENSOR_W, w, size.w, steps[i]);
        compare_parts(&p, &size, mode, seed, TENSOR_B, b, size.b, steps[i]);
    }
}

static void test_parts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "n2c4h5w6k6r3s2g2b1", "c6hw9k8rs3g3:gi=1+3+2:go=3+3+2", "c6hw9k8rs3b1g3:gi=1+3+2:go=4+1+3",
        "n3c3h5w6k9rs3b1:shared:reduce=mean", "c3h5w6k9rs3b1:shared"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (uint64_t seed = 1; seed < 4; seed++) {
            compare_all(texts[i], "exact", seed);
            compare_all(texts[i], "real", seed);
        }
}

static void test_refused(void **state)
{
    (void)state;
    case_spec c;
    oracle_shape size;
    double value;
    char why[256];
    assert_true(case_parse("c1024h255w1k1r255s1ph1b1", &c, why, sizeof why));
    c.problem.c = (int64_t)1 << 24; /* no exact data for so many terms */
    const clconv_problem p = case_problem(&c);
    assert_true(oracle_output(&p, &size));
    assert_false(data_range(&p, &size, "exact", 1, TENSOR_X, 0, 1, &value));
    assert_true(data_range(&p, &size, "real", 1, TENSOR_X, 0, 1, &value));
    assert_false(data_range(&p, &size, "ids", 1, TENSOR_X, 0, 1, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
