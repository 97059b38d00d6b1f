/* SPDX-License-Identifier: MIT */
/* Special data hold what they promise, have one right answer whatever the order of summation, and
 * the judge tells right from wrong among NaN, infinities and subnormals. */
#include "data.h"
#include "number.h"
#include "problems.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { POISON = 0x7fccc0de, TERMS = 1024, PROBLEMS = 40 };
#define POISON_IDENTITY UINT64_C(0x7ff9981bc0000000) /* that NaN as a double */

/* How a device may compute. */
typedef struct arithmetic {
    bool fused, bias_last, flush, padding_is_zero;
} arithmetic;

typedef struct term {
    float x, w;
} term;

static float flushed(float value, const arithmetic *a)
{
    return a->flush && fabsf(value) < FLT_MIN ? 0.0f : value;
}

/* The products of one output; with padding_is_zero those outside the image too, with x = 0. */
static size_t list_terms(const clconv_problem *p, const reference *f, size_t index,
                         const arithmetic *a, term *out)
{
    const int64_t j = (int64_t)index % f->shape.q, i = (int64_t)index / f->shape.q % f->shape.p;
    const int64_t plane = (int64_t)index / f->shape.q / f->shape.p;
    const int64_t n = plane / f->shape.k, k = plane % f->shape.k;
    const data_block from = data_block_of(p, k);
    const int64_t rows = p->kernel[0], columns = p->kernel[1];
    size_t count = 0;
    for (int64_t t = 0; t < from.in_count * rows * columns; t++) {
        const int64_t c = t / columns / rows, r = t / columns % rows, s = t % columns;
        const int64_t row = i * p->stride[0] - p->pad_before[0] + r * p->dilation[0];
        const int64_t column = j * p->stride[1] - p->pad_before[1] + s * p->dilation[1];
        const bool inside = row >= 0 && row < p->in[0] && column >= 0 && column < p->in[1];
        const int64_t w_plane = (k - from.first_out) * from.planes + (from.planes > 1 ? c : 0);
        const int64_t x_plane = n * p->c + from.first_in + c;
        if (!inside && !a->padding_is_zero)
            continue;
        assert_true(count < TERMS);
        out[count].x = inside ? (float)f->x[(x_plane * p->in[0] + row) * p->in[1] + column] : 0.0f;
        out[count++].w = (float)f->w[(int64_t)from.first_w + (w_plane * rows + r) * columns + s];
    }
    return count;
}

/* The same sum in another order each time. */
static float compute(const clconv_problem *p, const reference *f, size_t index, const arithmetic *a,
                     uint64_t *random)
{
    static term terms[TERMS];
    size_t count = list_terms(p, f, index, a, terms);
    const size_t k = index / (size_t)(f->shape.p * f->shape.q) % (size_t)f->shape.k;
    const float factor = p->reduce == CLCONV_REDUCE_NONE ? 1.0f : (float)p->c;
    const float bias = f->b ? flushed((float)f->b[p->shared ? k % f->shape.b : k], a) : 0.0f;
    float sum = a->bias_last ? 0.0f : flushed(factor * bias, a);
    for (; count > 0; count--) {
        const size_t at = (size_t)pick(random, 0, (int64_t)count - 1);
        const float x = flushed(terms[at].x, a), w = flushed(terms[at].w, a);
        sum = flushed(a->fused ? fmaf(x, w, sum) : sum + flushed(x * w, a), a);
        terms[at] = terms[count - 1];
    }
    if (a->bias_last)
        sum = flushed(sum + flushed(factor * bias, a), a);
    return p->reduce == CLCONV_REDUCE_MEAN ? flushed(sum / (float)p->c, a) : sum;
}

/* A problem of any form with its special data; `seed` also chooses the problem. */
static clconv_problem load(uint64_t seed, reference *f, int64_t *tables)
{
    uint64_t random = seed;
    const clconv_problem p = random_problem((form)(seed % FORMS), &random, tables);
    case_spec c = {.problem = p, .data = "special", .has_seed = true, .seed = seed};
    char why[256];
    assert_null(reference_load(f, &c, &p, why, sizeof why));
    assert_true(f->exact && f->special);
    return p;
}

/* Wrong outputs of one problem under an arithmetic, judged for a device that flushes or not. */
static size_t wrong_outputs(uint64_t seed, const arithmetic *a, bool flush, size_t *all)
{
    reference f = {0};
    int64_t tables[8];
    const clconv_problem p = load(seed, &f, tables);
    const judge_rule rule = {.dtype = CLCONV_F32,
                             .exact = true,
                             .special = true,
                             .mean = p.reduce == CLCONV_REDUCE_MEAN,
                             .flush = flush,
                             .poison = POISON_IDENTITY};
    double *const got = calloc(f.shape.y, sizeof *got);
    uint64_t random = seed + 1;
    for (size_t i = 0; i < f.shape.y; i++)
        got[i] = (double)compute(&p, &f, i, a, &random);
    const comparison found = compare_outputs(got, f.want, f.mag, f.terms, f.shape.y, &rule);
    *all += f.shape.y;
    free(got);
    reference_free(&f);
    return found.bad;
}

static size_t wrong_in_all(const arithmetic *a, bool flush)
{
    size_t bad = 0, all = 0;
    for (uint64_t seed = 0; seed < PROBLEMS * FORMS; seed++)
        bad += wrong_outputs(seed, a, flush, &all);
    assert_true(all > 10000);
    return bad;
}

/* Fused or not, the bias first or last, every order drawn anew: right to the last bit. */
static void test_order_does_not_matter(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const arithmetic a = {.fused = i & 1, .bias_last = i & 2};
        assert_int_equal(wrong_in_all(&a, false), 0);
        assert_int_equal(wrong_in_all(&a, true), 0);
    }
}

/* Flushing is right on a device that says so, and wrong on one that does not. */
static void test_flushing(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const arithmetic a = {.fused = i & 1, .bias_last = i & 2, .flush = true};
        assert_int_equal(wrong_in_all(&a, true), 0);
        assert_true(wrong_in_all(&a, false) > 1000);
    }
}

/* Zero times a weight instead of an absent tap is seen. */
static void test_padding_is_absent(void **state)
{
    (void)state;
    const arithmetic a = {.padding_is_zero = true};
    assert_true(wrong_in_all(&a, false) > 100);
}

typedef struct census {
    size_t nan, infinite, negative_zero, subnormal, largest;
} census;

static void count_values(const double *values, size_t count, census *into)
{
    for (size_t i = 0; i < count; i++) {
        const float value = (float)values[i];
        into->nan += isnan(value) != 0;
        into->infinite += isinf(value) != 0;
        into->negative_zero += value == 0.0f && signbit(value);
        into->subnormal += fpclassify(value) == FP_SUBNORMAL;
        into->largest += fabsf(value) == FLT_MAX;
    }
}

static void assert_all_kinds(const census *c)
{
    assert_true(c->nan && c->infinite && c->negative_zero && c->subnormal && c->largest);
}

/* Every kind of value stands in every tensor, and most outputs can still be compared as numbers. */
static void test_every_kind(void **state)
{
    (void)state;
    census x = {0}, w = {0}, b = {0};
    size_t finite = 0, infinite = 0, all = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        const int64_t channels = 12 + (int64_t)(seed % 13);
        clconv_problem p = plain_problem(2, 3, 9, 11, channels, 3, 2);
        p.b.dtype = CLCONV_F32;
        case_spec c = {.problem = p, .data = "special", .has_seed = true, .seed = seed};
        reference f = {0};
        char why[256];
        assert_null(reference_load(&f, &c, &p, why, sizeof why));
        count_values(f.x, f.shape.x, &x);
        count_values(f.w, f.shape.w, &w);
        count_values(f.b, f.shape.b, &b);
        for (size_t i = 0; i < f.shape.y; i++) {
            finite += isfinite(f.want[i]) != 0;
            infinite += isinf(f.want[i]) != 0;
        }
        all += f.shape.y;
        reference_free(&f);
    }
    assert_all_kinds(&x);
    assert_all_kinds(&w);
    assert_all_kinds(&b);
    assert_true(finite > all / 4 * 3 && infinite > all / 50 && finite + infinite < all);
}

/* ---- The judge ------------------------------------------------------------------------------ */

static size_t bad(double got, double y, int64_t terms, const judge_rule *rule)
{
    const double mag = fabs(y);
    return compare_outputs(&got, &y, &mag, &terms, 1, rule).bad;
}

static const judge_rule plain = {
    .dtype = CLCONV_F32, .exact = true, .special = true, .poison = POISON_IDENTITY};
static const judge_rule flushing = {
    .dtype = CLCONV_F32, .exact = true, .special = true, .flush = true, .poison = POISON_IDENTITY};
static const judge_rule mean = {
    .dtype = CLCONV_F32, .exact = true, .special = true, .mean = true, .poison = POISON_IDENTITY};

static void test_judge(void **state)
{
    (void)state;
    const double nan = (double)NAN, inf = (double)INFINITY;
    const struct {
        double got, y;
        size_t bad, bad_flushing, bad_mean;
    } rows[] = {
        {nan, nan, 0, 0, 0},
        {-nan, nan, 0, 0, 0},
        {nan, 1.0, 1, 1, 1},
        {nan, inf, 1, 1, 1},
        {nan, 0.0, 1, 1, 1},
        {1.0, nan, 1, 1, 1},
        {0.0, nan, 1, 1, 1},
        {inf, nan, 1, 1, 1},
        {inf, inf, 0, 0, 0},
        {-inf, -inf, 0, 0, 0},
        {-inf, inf, 1, 1, 1},
        {inf, -inf, 1, 1, 1},
        {(double)FLT_MAX, inf, 1, 1, 1},
        {inf, (double)FLT_MAX, 1, 1, 1},
        {inf, 1.0, 1, 1, 1},
        {inf, 0x1p200, 0, 0, 0},
        {-inf, 0x1p200, 1, 1, 1},
        {(double)FLT_MAX, 0x1p200, 1, 1, 1},
        {-0.0, 0.0, 0, 0, 0},
        {0.0, -0.0, 0, 0, 0},
        {0.0, 0x1p-127, 1, 0, 1},
        {-0.0, 0x1p-127, 1, 0, 1},
        {0x1p-127, 0x1p-127, 0, 0, 0},
        {0x1p-149, 0.0, 1, 0, 0},
        {0x1p-148, 0.0, 1, 0, 1},
        {0x1.000002p0, 1.0, 1, 1, 1},
        {0x1p-122, 0.0, 1, 1, 1},
        {0x1p-30, 0.0, 1, 1, 1},
        {(double)FLT_MAX, (double)FLT_MAX, 0, 0, 0},
        {-inf, -0x1p200, 0, 0, 0},
        {inf, -0x1p200, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(bad(rows[i].got, rows[i].y, 1, &plain), rows[i].bad);
        assert_int_equal(bad(rows[i].got, rows[i].y, 1, &flushing), rows[i].bad_flushing);
        assert_int_equal(bad(rows[i].got, rows[i].y, 1, &mean), rows[i].bad_mean);
    }
}

/* Three flushes for each of two terms and the bias: 9 * 2^-126, and not more. */
static void test_flush_bound(void **state)
{
    (void)state;
    assert_int_equal(bad(9.0 * 0x1p-126, 0.0, 2, &flushing), 0);
    assert_int_equal(bad(-9.0 * 0x1p-126, 0.0, 2, &flushing), 0);
    assert_int_equal(bad(9.001 * 0x1p-126, 0.0, 2, &flushing), 1);
}

/* What nobody wrote is wrong where NaN is right, too. */
static void test_unwritten_nan(void **state)
{
    (void)state;
    const double got = number_of_pattern(CLCONV_F32, POISON), y = (double)NAN, mag = 1.0;
    const int64_t terms = 1;
    const comparison found = compare_outputs(&got, &y, &mag, &terms, 1, &plain);
    assert_int_equal(found.bad, 1);
    assert_int_equal(found.unwritten, 1);
}

/* Not even special data make a NaN right where the rule is another one's. */
static void test_only_special(void **state)
{
    (void)state;
    const judge_rule exact = {.dtype = CLCONV_F32, .exact = true, .flush = true, .mean = true};
    assert_int_equal(bad((double)NAN, (double)NAN, 1, &exact), 1);
    assert_int_equal(bad(0.0, 0x1p-127, 1, &exact), 1);
    const judge_rule real = {.dtype = CLCONV_F32, .special = false};
    assert_int_equal(bad((double)INFINITY, (double)INFINITY, 1, &real), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_does_not_matter),
        cmocka_unit_test(test_flushing),
        cmocka_unit_test(test_padding_is_absent),
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_flush_bound),
        cmocka_unit_test(test_unwritten_nan),
        cmocka_unit_test(test_only_special),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
