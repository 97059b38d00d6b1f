/* SPDX-License-Identifier: MIT */
/* Both oracles' gradients: against numbers computed by hand, against each other on problems of
 * every form and padding, and against the convolution by the identity of inner products; and the
 * data that gradients are asked for with. */
#include "padding.h"
#include "problems.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void (*oracle)(const clconv_problem *p, const oracle_inputs *in, double *want, double *mag,
                       int64_t *terms);

static const oracle oracles[] = {oracle_scatter, oracle_gather};

enum { ORACLES = 2, ROOM = 16 };

/* ---- By hand -------------------------------------------------------------------------------- */

/* Both oracles must say exactly `expected`, and `terms` where given. No summand is negative, so
 * that mag is the value. */
static void expect(clconv_problem p, clconv_op op, const oracle_inputs *in, size_t count,
                   const double *expected, const int64_t *expected_terms)
{
    oracle_shape shape;
    p.op = op;
    assert_true(oracle_output(&p, &shape));
    assert_int_equal(shape.outputs, count);
    for (size_t o = 0; o < ORACLES; o++) {
        double want[ROOM], mag[ROOM];
        int64_t terms[ROOM];
        oracles[o](&p, in, want, mag, terms);
        for (size_t i = 0; i < count; i++) {
            if (want[i] != expected[i])
                fail_msg("oracle %zu, element %zu: %g, not %g", o, i, want[i], expected[i]);
            assert_true(mag[i] == expected[i]);
            if (expected_terms)
                assert_int_equal(terms[i], expected_terms[i]);
        }
    }
}

/* y[q] = b + x[q-1] + 10 x[q] + 100 x[q+1] */
static void test_row(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 1, 1, 4, 1, 1, 3);
    p.pad_before[1] = 1;
    p.b.dtype = CLCONV_F32;
    const oracle_inputs in = {(double[]){1, 2, 3, 4}, (double[]){1, 10, 100}, (double[]){0.5},
                              (double[]){2, 3, 5}};
    expect(p, CLCONV_BACKWARD_DATA, &in, 4, (double[]){23.5, 235.5, 350.5, 500.5},
           (int64_t[]){2, 3, 2, 1});
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 4, (double[]){13, 23, 33, 10}, (int64_t[]){2, 3, 3, 3});
    p.b.dtype = CLCONV_DTYPE_ABSENT;
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 3, (double[]){13, 23, 33}, NULL);
}

/* The last row is one that no window reaches. */
static void test_stride(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 1, 6, 1, 1, 3, 1);
    p.stride[0] = 2;
    const oracle_inputs in = {(double[]){1, 2, 3, 4, 5, 6}, (double[]){1, 10, 100}, NULL,
                              (double[]){2, 3}};
    expect(p, CLCONV_BACKWARD_DATA, &in, 6, (double[]){2, 20, 203, 30, 300, 0},
           (int64_t[]){1, 1, 2, 1, 1, 0});
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 3, (double[]){11, 16, 21}, (int64_t[]){2, 2, 2});
}

/* One tap of 2: what stands left of the image adds to the pixel that it repeats. */
static void test_padding(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 1, 1, 3, 1, 1, 1);
    p.pad_before[1] = 1;
    const oracle_inputs in = {(double[]){1, 3, 5}, (double[]){2}, NULL,
                              (double[]){1, 10, 100, 1000}};
    const struct {
        clconv_pad_mode mode;
        double dx[3], dw;
        int64_t terms[3];
    } rows[] = {{CLCONV_PAD_ZEROS, {20, 200, 2000}, 5310, {1, 1, 1}},
                {CLCONV_PAD_REFLECT, {20, 202, 2000}, 5313, {1, 2, 1}},
                {CLCONV_PAD_REPLICATE, {22, 200, 2000}, 5311, {2, 1, 1}},
                {CLCONV_PAD_CIRCULAR, {20, 200, 2002}, 5315, {1, 1, 2}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        p.pad_mode = (int32_t)rows[i].mode;
        expect(p, CLCONV_BACKWARD_DATA, &in, 3, rows[i].dx, rows[i].terms);
        expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 1, &rows[i].dw, NULL);
    }
}

static void test_shared(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 2, 1, 1, 2, 1, 1);
    p.shared = 1;
    const oracle_inputs in = {(double[]){2, 3}, (double[]){10}, NULL, (double[]){5, 7}};
    expect(p, CLCONV_BACKWARD_DATA, &in, 2, (double[]){50, 70}, NULL);
    p.b.dtype = CLCONV_F32;
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 2, (double[]){31, 12}, (int64_t[]){2, 2});
    p.reduce = CLCONV_REDUCE_SUM;
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 2, (double[]){25, 10}, (int64_t[]){2, 1});
    p.reduce = CLCONV_REDUCE_MEAN;
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 2, (double[]){12.5, 5}, (int64_t[]){2, 1});
    p.b.dtype = CLCONV_DTYPE_ABSENT;
    expect(p, CLCONV_BACKWARD_DATA, &in, 2, (double[]){25, 25}, (int64_t[]){1, 1});
    p.reduce = CLCONV_REDUCE_SUM;
    expect(p, CLCONV_BACKWARD_DATA, &in, 2, (double[]){50, 50}, (int64_t[]){1, 1});
}

static void test_uneven(void **state)
{
    (void)state;
    static const int64_t inputs[] = {1, 2}, outputs[] = {2, 1};
    clconv_problem p = plain_problem(1, 3, 1, 1, 3, 1, 1);
    p.groups = 2;
    p.group_in = inputs, p.group_out = outputs;
    p.b.dtype = CLCONV_F32;
    const oracle_inputs in = {(double[]){2, 3, 5}, (double[]){1, 2, 3, 4},
                              (double[]){0.25, 0.5, 0.75}, (double[]){1, 10, 100}};
    expect(p, CLCONV_BACKWARD_DATA, &in, 3, (double[]){21.25, 300.5, 400.75}, (int64_t[]){2, 1, 1});
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 7, (double[]){2, 20, 300, 500, 1, 10, 100}, NULL);
}

static void test_empty_batch(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(0, 2, 3, 3, 2, 3, 3);
    p.groups = 2;
    p.b.dtype = CLCONV_F32;
    const double zeros[20] = {0};
    const oracle_inputs in = {.w = (double[18]){1}, .b = (double[2]){1}};
    expect(p, CLCONV_BACKWARD_DATA, &in, 0, NULL, NULL);
    p.kernel[0] = 2; /* 12 weights and 2 biases */
    expect(p, CLCONV_BACKWARD_WEIGHTS, &in, 14, zeros, NULL);
}

/* ---- Problems of every form ----------------------------------------------------------------- */

/* Exact data of every tensor, and what one oracle makes of them in every op. */
typedef struct computed {
    oracle_shape shape;
    double *x, *w, *b, *dy;
    double *want[3], *mag[3];
    int64_t *terms[3];
} computed;

static clconv_problem as_op(const clconv_problem *p, int op)
{
    clconv_problem one = *p;
    one.op = op;
    if (op == CLCONV_BACKWARD_DATA)
        one.b.dtype = CLCONV_DTYPE_ABSENT; /* forward's bias is another */
    return one;
}

static computed compute(const clconv_problem *p, oracle by, uint64_t seed)
{
    computed c = {.b = NULL};
    const clconv_problem gradient = as_op(p, CLCONV_BACKWARD_WEIGHTS);
    assert_true(oracle_output(p, &c.shape));
    c.x = calloc(c.shape.x, sizeof *c.x);
    c.w = calloc(c.shape.w, sizeof *c.w);
    c.b = p->b.dtype ? calloc(c.shape.b, sizeof *c.b) : NULL;
    c.dy = calloc(c.shape.y, sizeof *c.dy);
    assert_true(data_fill(p, "exact", seed, &(data_tensors){c.x, c.w, c.b, NULL}));
    assert_true(data_fill(&gradient, "exact", seed, &(data_tensors){.y = c.dy}));
    for (int op = 0; op < 3; op++) {
        oracle_shape size;
        const clconv_problem one = as_op(p, op);
        const bool bias = op == CLCONV_FORWARD;
        assert_true(oracle_output(&one, &size));
        c.want[op] = calloc(size.outputs, sizeof *c.want[op]);
        c.mag[op] = calloc(size.outputs, sizeof *c.mag[op]);
        c.terms[op] = calloc(size.outputs, sizeof *c.terms[op]);
        by(&one, &(oracle_inputs){c.x, c.w, bias ? c.b : NULL, c.dy}, c.want[op], c.mag[op],
           c.terms[op]);
    }
    return c;
}

static void empty(computed *c)
{
    void *const owned[] = {c->x, c->w, c->b, c->dy};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    for (int op = 0; op < 3; op++) {
        free(c->want[op]);
        free(c->mag[op]);
        free(c->terms[op]);
    }
}

static double inner(const double *a, const double *b, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * (double)b[i];
    return sum;
}

/* <conv(x, w), dy> = <x, dx> = <w, dw>, and <b, db> where there is a bias. Exact but for a mean. */
static void check_identity(const clconv_problem *p, const computed *c)
{
    const double *const dw = c->want[CLCONV_BACKWARD_WEIGHTS];
    const double slack = p->reduce == CLCONV_REDUCE_MEAN ? 0x1p-40 : 0.0;
    const double forward = inner(c->want[CLCONV_FORWARD], c->dy, c->shape.y);
    const double bias = c->b ? inner(dw + c->shape.w, c->b, c->shape.b) : 0.0;
    const double data = inner(c->want[CLCONV_BACKWARD_DATA], c->x, c->shape.x);
    const double weights = inner(dw, c->w, c->shape.w);
    assert_true(fabs(forward - (data + bias)) <= slack * fabs(forward));
    assert_true(fabs(forward - (weights + bias)) <= slack * fabs(forward));
}

static void each_problem(void (*visit)(const clconv_problem *p, uint64_t seed))
{
    uint64_t random = 23;
    for (uint64_t i = 0; i < 60; i++)
        for (int kind = 0; kind < FORMS; kind++)
            for (int mode = CLCONV_PAD_ZEROS; mode <= CLCONV_PAD_CIRCULAR; mode++) {
                int64_t tables[8];
                clconv_problem p = random_problem((form)kind, &random, tables);
                p.pad_mode = mode;
                p.pad_mode = padding_fits(&p) ? mode : CLCONV_PAD_ZEROS;
                visit(&p, i);
            }
}

static void check_both(const clconv_problem *p, uint64_t seed)
{
    for (size_t o = 0; o < ORACLES; o++) {
        computed c = compute(p, oracles[o], seed);
        check_identity(p, &c);
        empty(&c);
    }
}

static void test_identity(void **state)
{
    (void)state;
    each_problem(check_both);
}

/* Exact data: not even the order may show. */
static void compare_oracles(const clconv_problem *p, uint64_t seed)
{
    computed a = compute(p, oracle_scatter, seed), b = compute(p, oracle_gather, seed);
    for (int op = 0; op < 3; op++) {
        oracle_shape size;
        const clconv_problem one = as_op(p, op);
        const oracle_inputs in = {a.x, a.w, op == CLCONV_FORWARD ? a.b : NULL, a.dy};
        assert_true(oracle_output(&one, &size));
        for (size_t i = 0; i < size.outputs; i++) {
            double want, mag;
            int64_t terms;
            assert_true(a.want[op][i] == b.want[op][i] && a.mag[op][i] == b.mag[op][i]);
            assert_int_equal(a.terms[op][i], b.terms[op][i]);
            oracle_gather_at(&one, &in, i, &want, &mag, &terms);
            assert_true(want == b.want[op][i] && mag == b.mag[op][i] && terms == b.terms[op][i]);
        }
    }
    empty(&a);
    empty(&b);
}

static void test_oracles_agree(void **state)
{
    (void)state;
    each_problem(compare_oracles);
}

/* ---- Data ----------------------------------------------------------------------------------- */

/* An op's inputs in a mode, and what must come out. */
static bool fill(const clconv_problem *p, const char *mode, uint64_t seed, reference *r)
{
    char why[256];
    case_spec c = {.problem = *p, .has_seed = true, .seed = seed};
    snprintf(c.data, sizeof c.data, "%s", mode);
    *r = (reference){0};
    return reference_load(r, &c, p, why, sizeof why) == NULL;
}

/* Sums of absolute values stay within 2^24 units of 2^-24, whatever the order. */
static void check_fit(const clconv_problem *p, uint64_t seed)
{
    for (int op = CLCONV_BACKWARD_DATA; op <= CLCONV_BACKWARD_WEIGHTS; op++) {
        reference r;
        const clconv_problem one = as_op(p, op);
        const double factor = p->reduce == CLCONV_REDUCE_MEAN ? (double)p->c : 1.0;
        assert_true(fill(&one, "exact", seed, &r));
        const size_t products = op == CLCONV_BACKWARD_DATA ? r.shape.x : r.shape.w;
        for (size_t i = 0; i < r.shape.outputs; i++)
            assert_true((i < products ? factor : 0x1p-12) * r.mag[i] <= 1.0);
        reference_free(&r);
    }
}

static void test_exact_fits(void **state)
{
    (void)state;
    each_problem(check_fit);
}

/* Sums reach beyond 2^20 units; those of filters and of biases are of both signs. */
static void test_exact_fills(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(2, 16, 12, 13, 16, 3, 3);
    for (int op = CLCONV_BACKWARD_DATA; op <= CLCONV_BACKWARD_WEIGHTS; op++)
        for (uint64_t seed = 0; seed < 8; seed++) {
            reference r;
            double low = 0.0, high = 0.0;
            p.op = op;
            assert_true(fill(&p, "exact", seed, &r));
            for (size_t i = 0; i < r.shape.outputs; i++) {
                low = fmin(low, r.want[i]);
                high = fmax(high, r.want[i]);
            }
            assert_true(high > 0x1p-4); /* 2^20 units of 2^-24 */
            assert_true(op == CLCONV_BACKWARD_DATA || low < -0x1p-4);
            reference_free(&r);
        }
}

/* What an op reads is there, what it writes is not, and other modes have nothing for it. */
static void test_modes(void **state)
{
    (void)state;
    static const char *const none[] = {"impulse", "ids"};
    clconv_problem p = plain_problem(2, 3, 5, 6, 4, 3, 2);
    p.b.dtype = CLCONV_F32;
    reference r;
    p.op = CLCONV_BACKWARD_DATA;
    assert_true(fill(&p, "real", 3, &r));
    assert_true(!r.x && r.w && r.b && r.y && r.shape.b == 3 && r.shape.outputs == r.shape.x);
    reference_free(&r);
    p.op = CLCONV_BACKWARD_WEIGHTS;
    assert_true(fill(&p, "real", 3, &r));
    assert_true(r.x && !r.w && !r.b && r.y && r.shape.b == 4);
    assert_int_equal(r.shape.outputs, r.shape.w + 4);
    reference_free(&r);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(fill(&p, none[i], 3, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row),        cmocka_unit_test(test_stride),
        cmocka_unit_test(test_padding),    cmocka_unit_test(test_shared),
        cmocka_unit_test(test_uneven),     cmocka_unit_test(test_empty_batch),
        cmocka_unit_test(test_identity),   cmocka_unit_test(test_oracles_agree),
        cmocka_unit_test(test_exact_fits), cmocka_unit_test(test_exact_fills),
        cmocka_unit_test(test_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
