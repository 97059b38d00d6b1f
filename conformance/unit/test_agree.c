/* SPDX-License-Identifier: MIT */
/* The two oracles say the same, in every output, of every problem that the smoke and ci tiers have.
 */
#include "case.h"
#include "tiers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Exact data: not even the order of summation may show. */
static void compare_oracles(const case_spec *c)
{
    const clconv_problem p = case_problem(c);
    oracle_shape shape;
    assert_true(oracle_output(&p, &shape));
    const size_t count = shape.outputs;
    double *const x = malloc((shape.x + 1) * sizeof *x), *const w = malloc(shape.w * sizeof *w);
    double *const b = shape.b ? malloc(shape.b * sizeof *b) : NULL;
    double *const dy = malloc((shape.y + 1) * sizeof *dy);
    double *const want = malloc((4 * count + 1) * sizeof *want), *const mag = want + 2 * count;
    int64_t *const terms = malloc((2 * count + 1) * sizeof *terms);
    assert_true(x && w && (b || !shape.b) && dy && want && terms);
    const bool bias = !tensor_is_written(&p, TENSOR_B);
    const oracle_inputs in = {x, w, bias ? b : NULL, dy};
    assert_true(data_fill(&p, "exact", c->seed, &(data_tensors){x, w, bias ? b : NULL, dy}));
    oracle_scatter(&p, &in, want, mag, terms);
    oracle_gather(&p, &in, want + count, mag + count, terms + count);
    assert_memory_equal(terms, terms + count, count * sizeof *terms);
    for (size_t i = 0; i < count; i++)
        assert_true(want[i] == want[count + i] && mag[i] == mag[count + i]);
    void *const owned[] = {x, w, b, dy, want, terms};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
}

/* Each problem once; cases of one stand together in a tier, or come again for another path. */
static void compare_tier(const char *tier, size_t least)
{
    size_t count, compared = 0;
    suite_entry *const entries = generate_tier(tier, TIER_DEFAULT_SEED, &count);
    uint64_t *const done = calloc(count, sizeof *done);
    assert_true(entries && done);
    for (size_t i = 0; i < count; i++) {
        const uint64_t problem = tier_problem_hash(&entries[i].spec);
        size_t known = 0;
        while (known < compared && done[known] != problem)
            known++;
        if (known < compared)
            continue;
        done[compared++] = problem;
        compare_oracles(&entries[i].spec);
    }
    assert_true(compared >= least);
    free(done);
    free(entries);
}

static void test_smoke(void **state)
{
    (void)state;
    compare_tier("smoke", 16);
}

static void test_ci(void **state)
{
    (void)state;
    compare_tier("ci", 400);
}

/* 1.2e8 products: the second oracle is asked for a sample. */
static void test_sample(void **state)
{
    (void)state;
    case_spec c;
    char why[256];
    reference r = {0};
    assert_true(case_parse("c64hw56k64rs3p1:data=real", &c, why, sizeof why));
    const clconv_problem p = case_problem(&c);
    assert_null(reference_load(&r, &c, &p, why, sizeof why));
    assert_true((double)r.shape.y * 9.0 * 64.0 > 2.0 * REFERENCE_PRODUCTS);
    reference_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_smoke), cmocka_unit_test(test_ci),
                                       cmocka_unit_test(test_sample)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
