/* SPDX-License-Identifier: MIT */
/* Data of every type keep their promise: inputs are numbers of the type, sums are exact, and reach
 * where a mistake shows. */
#include "data.h"
#include "number.h"
#include "problems.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const int32_t all_types[] = {CLCONV_F64, CLCONV_F16, CLCONV_BF16, CLCONV_I8, CLCONV_U8};
enum { ALL_TYPES = sizeof all_types / sizeof *all_types };

/* A problem of any form; integers have no mean and no gradient. */
static clconv_problem typed_problem(int32_t dtype, int i, uint64_t *random, int64_t *tables)
{
    clconv_problem p = random_problem((form)(i % FORMS), random, tables);
    p.x.dtype = dtype;
    p.w.dtype = p.y.dtype = 0;
    if (p.b.dtype)
        p.b.dtype = tensor_sum_dtype(dtype);
    if (number_bits(dtype) == 0 && p.reduce == CLCONV_REDUCE_MEAN)
        p.reduce = CLCONV_REDUCE_SUM;
    p.op = number_bits(dtype) ? i / FORMS % 3 : CLCONV_FORWARD;
    if (p.op == CLCONV_BACKWARD_DATA && p.shared)
        p.b.dtype = CLCONV_DTYPE_ABSENT;
    return p;
}

static void load(const clconv_problem *p, const char *mode, uint64_t seed, reference *out)
{
    case_spec c = {.problem = *p, .has_seed = true, .seed = seed};
    char why[256];
    snprintf(c.data, sizeof c.data, "%s", mode);
    *out = (reference){0};
    if (reference_load(out, &c, p, why, sizeof why))
        fail_msg("%s", why);
}

static void assert_numbers_of_type(const clconv_problem *p, const reference *r)
{
    const double *const tensors[] = {
        [TENSOR_X] = r->x, [TENSOR_W] = r->w, [TENSOR_B] = r->b, [TENSOR_Y] = r->y};
    for (tensor_id id = TENSOR_X; id <= TENSOR_Y; id++)
        for (size_t i = 0; tensors[id] && i < tensor_elements(&r->shape, id); i++) {
            double stored, back;
            number_store(tensor_dtype(p, id), tensors[id] + i, 1, &stored, 1);
            number_load(tensor_dtype(p, id), &stored, 1, 1, &back);
            assert_true(back == tensors[id][i] || isnan(back));
        }
}

/* Of a sum, the quotient of a mean apart: as many bits as the type adds up with. */
static bool fits(int32_t dtype, double sum)
{
    if (dtype == CLCONV_F64)
        return true; /* the two oracles agree to the bit: below */
    if (dtype == CLCONV_I8 || dtype == CLCONV_U8)
        return fabs(sum) <= 2147483647.0;
    return (double)(float)sum == sum;
}

static void test_exact(void **state)
{
    (void)state;
    uint64_t random = 9;
    for (int i = 0; i < ALL_TYPES * 30 * FORMS; i++) {
        reference r;
        int64_t tables[8];
        const int32_t dtype = all_types[i % ALL_TYPES];
        const clconv_problem p = typed_problem(dtype, i / ALL_TYPES, &random, tables);
        load(&p, "exact", (uint64_t)i, &r);
        assert_numbers_of_type(&p, &r);
        for (size_t j = 0; p.reduce != CLCONV_REDUCE_MEAN && j < r.shape.outputs; j++) {
            double want, mag;
            int64_t terms;
            const oracle_inputs in = {r.x, r.w, r.b, r.y};
            oracle_gather_at(&p, &in, j, &want, &mag, &terms);
            assert_true(want == r.want[j] && mag == r.mag[j]);
            assert_true(fits(dtype, r.want[j]) && fits(dtype, r.mag[j]));
        }
        reference_free(&r);
    }
}

static clconv_problem layer(int32_t dtype, int64_t channels)
{
    clconv_problem p = plain_problem(2, channels, 9, 10, 12, 3, 3);
    p.x.dtype = dtype;
    p.w.dtype = p.y.dtype = 0;
    p.b.dtype = tensor_sum_dtype(dtype);
    return p;
}

/* What the outputs of a type are to contain, counted over layers and seeds. */
typedef struct census {
    size_t all, ties, infinite, subnormal, rounded;
} census;

static bool is_tie(int32_t dtype, double sum)
{
    const double up = number_result(dtype, sum),
                 ulp = ldexp(1.0, ilogb(sum) + 1 - number_bits(dtype));
    return isfinite(up) && fabs(fabs(up - sum) - ulp / 2.0) == 0.0;
}

static census count_outputs(int32_t dtype)
{
    census c = {0};
    for (uint64_t seed = 0; seed < 24; seed++) {
        reference r;
        const clconv_problem p = layer(dtype, (int64_t)(1 + seed % 4 * 5));
        load(&p, "exact", seed, &r);
        for (size_t i = 0; i < r.shape.outputs; i++) {
            const double stored = number_result(dtype, r.want[i]);
            c.all++;
            c.ties += r.want[i] != 0.0 && is_tie(dtype, r.want[i]);
            c.infinite += isinf(stored) != 0;
            c.subnormal += stored != 0.0 && fabs(stored) < 0x1p-14;
            c.rounded += stored != r.want[i];
        }
        reference_free(&r);
    }
    return c;
}

static void test_edges(void **state)
{
    (void)state;
    const census half = count_outputs(CLCONV_F16), brain = count_outputs(CLCONV_BF16);
    assert_true(half.ties > half.all / 50 && brain.ties > brain.all / 50);
    assert_true(half.rounded > half.all / 2 && brain.rounded > brain.all / 2);
    assert_true(half.infinite > half.all / 50 && half.infinite < half.all / 4);
    assert_true(half.subnormal > half.all / 20 && half.subnormal < half.all / 3);
    assert_int_equal(brain.infinite, 0);
}

/* Outputs that a sum in so many bits gets wrong, of all, in percent. */
static double wrong_percent(int32_t dtype, int bits, int64_t channels)
{
    reference r;
    const clconv_problem p = layer(dtype, channels);
    size_t wrong = 0;
    load(&p, "exact", 3, &r);
    for (size_t i = 0; i < r.shape.outputs; i++) {
        const size_t plane = (size_t)(r.shape.p * r.shape.q), k = i / plane % 12,
                     n = i / plane / 12;
        const size_t top = i % plane / (size_t)r.shape.q, left = i % (size_t)r.shape.q;
        double sum = r.b[k];
        for (size_t t = 0; t < (size_t)channels * 9; t++) {
            const size_t x =
                ((n * (size_t)channels + t / 9) * 9 + top + t / 3 % 3) * 10 + left + t % 3;
            int exponent;
            const double exact = sum + r.x[x] * r.w[k * (size_t)channels * 9 + t];
            const double mantissa = frexp(exact, &exponent);
            sum = ldexp(nearbyint(ldexp(mantissa, bits)), exponent - bits);
        }
        wrong += number_result(dtype, sum) != number_result(dtype, r.want[i]);
    }
    const double percent = 100.0 * (double)wrong / (double)r.shape.outputs;
    reference_free(&r);
    return percent;
}

/* Sums in the bits of the storage type, or of a float where it is a double's, are wrong; so are
 * integers in a float's. */
static void test_narrow_sums_show(void **state)
{
    (void)state;
    assert_true(wrong_percent(CLCONV_F64, 53, 8) == 0.0);
    assert_true(wrong_percent(CLCONV_F64, 50, 8) > 20.0);
    assert_true(wrong_percent(CLCONV_F64, 24, 8) > 90.0);
    assert_true(wrong_percent(CLCONV_F16, 24, 8) == 0.0);
    assert_true(wrong_percent(CLCONV_F16, 11, 8) > 30.0);
    assert_true(wrong_percent(CLCONV_F16, 16, 8) > 0.5);
    assert_true(wrong_percent(CLCONV_BF16, 24, 8) == 0.0);
    assert_true(wrong_percent(CLCONV_BF16, 8, 8) > 50.0);
    assert_true(wrong_percent(CLCONV_I8, 31, 8) == 0.0);
    assert_true(wrong_percent(CLCONV_I8, 24, 8) > 80.0);
    assert_true(wrong_percent(CLCONV_U8, 24, 8) > 80.0);
}

static void test_integers_reach_far(void **state)
{
    (void)state;
    for (int unsigned_ones = 0; unsigned_ones < 2; unsigned_ones++) {
        reference r;
        double low = 0.0, high = 0.0, most = 0.0;
        const clconv_problem p = layer(unsigned_ones ? CLCONV_U8 : CLCONV_I8, 30);
        load(&p, "exact", 1, &r);
        for (size_t i = 0; i < r.shape.x; i++) {
            low = fmin(low, r.x[i]);
            high = fmax(high, r.x[i]);
        }
        for (size_t i = 0; i < r.shape.outputs; i++)
            most = fmax(most, fabs(r.want[i]));
        assert_true(unsigned_ones ? low == 0.0 && high == 255.0 : low == -128.0 && high == 127.0);
        assert_true(most > 0x1p30 && most < 0x1p31);
        reference_free(&r);
    }
}

/* Which modes a type has; sums of integers that may leave int32 have no data. */
static void test_modes(void **state)
{
    (void)state;
    static const char expected[][5] = {
        /* exact real impulse ids special */
        {1, 1, 1, 1, 1}, /* f64 */
        {1, 1, 0, 0, 1}, /* f16 */
        {1, 1, 0, 0, 1}, /* bf16 */
        {1, 0, 0, 0, 0}, /* i8 */
        {1, 0, 0, 0, 0}, /* u8 */
    };
    for (size_t t = 0; t < ALL_TYPES; t++)
        for (size_t m = 0; data_mode_names[m]; m++)
            assert_int_equal(data_mode_has(data_mode_named(data_mode_names[m]), all_types[t]),
                             expected[t][m]);
    clconv_problem p = plain_problem(1, 1 << 15, 1, 1, 1, 1, 1);
    p.x.dtype = CLCONV_U8;
    assert_false(data_fill(&p, "exact", 0, &(data_tensors){NULL}));
    p.c--;
    assert_true(data_fill(&p, "exact", 0, &(data_tensors){NULL}));
}

/* Real and special data are numbers of the type, and special ones are not all finite. */
static void test_other_modes(void **state)
{
    (void)state;
    uint64_t random = 21;
    size_t special = 0, problems = 0;
    for (int i = 0; i < 3 * 20 * FORMS; i++) {
        reference r;
        int64_t tables[8];
        const clconv_problem p = typed_problem(all_types[i % 3], i / 3, &random, tables);
        load(&p, i % 2 ? "special" : "real", (uint64_t)i, &r);
        assert_numbers_of_type(&p, &r);
        bool finite = true;
        for (size_t j = 0; j < r.shape.outputs; j++)
            finite = finite && isfinite(r.want[j]);
        assert_true(i % 2 || finite);
        special += i % 2 && !finite;
        problems += (size_t)(i % 2);
        reference_free(&r);
    }
    assert_true(special > problems / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_narrow_sums_show),
        cmocka_unit_test(test_integers_reach_far),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_other_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
