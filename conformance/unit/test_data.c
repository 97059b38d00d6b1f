/* SPDX-License-Identifier: MIT */
/* The data keep their promise: exact data fit into 24 bits in any order, and fill them; probes show
 * one element at a time. */
#include "problems.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A problem's data and what both oracles need. */
typedef struct filled {
    clconv_problem problem;
    oracle_shape shape;
    double *x, *w, *b;
    double *y, *mag;
    int64_t *terms;
} filled;

static filled fill(clconv_problem p, const char *mode, uint64_t seed)
{
    filled f = {.problem = p};
    assert_true(oracle_output(&p, &f.shape));
    f.x = calloc(f.shape.x, sizeof *f.x);
    f.w = calloc(f.shape.w, sizeof *f.w);
    f.b = f.shape.b ? calloc(f.shape.b, sizeof *f.b) : NULL;
    f.y = calloc(f.shape.y, sizeof *f.y);
    f.mag = calloc(f.shape.y, sizeof *f.mag);
    f.terms = calloc(f.shape.y, sizeof *f.terms);
    assert_true(data_fill(&p, mode, seed, &(data_tensors){.x = f.x, .w = f.w, .b = f.b}));
    oracle_scatter(&p, &(oracle_inputs){.x = f.x, .w = f.w, .b = f.b}, f.y, f.mag, f.terms);
    return f;
}

static void empty(filled *f)
{
    void *const owned[] = {f->x, f->w, f->b, f->y, f->mag, f->terms};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
}

static double largest(const double *values, size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

/* Sums of absolute values stay within 2^24 units of 2^-24, whatever the order. */
static void test_exact_fits(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (uint64_t i = 0; i < 60; i++)
        for (int kind = 0; kind < FORMS; kind++) {
            int64_t tables[8];
            filled f = fill(random_problem((form)kind, &random, tables), "exact", i);
            const double factor =
                f.problem.reduce == CLCONV_REDUCE_MEAN ? (double)f.problem.c : 1.0;
            for (size_t j = 0; j < f.shape.y; j++)
                assert_true(factor * f.mag[j] <= 1.0);
            for (size_t j = 0; j < f.shape.x; j++)
                assert_true(fmod(f.x[j], 0x1p-12) == 0.0);
            for (size_t j = 0; j < f.shape.w; j++)
                assert_true(fmod(f.w[j], 0x1p-12) == 0.0);
            for (size_t j = 0; j < f.shape.b; j++)
                assert_true(fmod(f.b[j], 0x1p-24) == 0.0);
            empty(&f);
        }
}

/* Lengths of ordinary layers: 3x3 depthwise to 3x3 over 512 channels. */
static const int64_t channel_rows[] = {1, 3, 16, 64, 128, 512};

static clconv_problem layer(int64_t channels)
{
    clconv_problem p = plain_problem(1, channels, 6, 7, 4, 3, 3);
    p.b.dtype = CLCONV_F32;
    return p;
}

/* The largest operands are really there, and real sums reach beyond 2^20 units, of both signs. */
static void test_exact_fills(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof channel_rows / sizeof *channel_rows; row++)
        for (uint64_t seed = 0; seed < 8; seed++) {
            filled f = fill(layer(channel_rows[row]), "exact", seed);
            const double terms = 9.0 * (double)channel_rows[row];
            const double worst =
                terms * largest(f.x, f.shape.x) * largest(f.w, f.shape.w) + largest(f.b, f.shape.b);
            double low = 0.0, high = 0.0;
            for (size_t i = 0; i < f.shape.y; i++) {
                low = fmin(low, f.y[i]);
                high = fmax(high, f.y[i]);
            }
            assert_true(worst <= 1.0 && worst > 0.999);
            assert_true(low < -0x1p-4 && high > 0x1p-4); /* 2^20 units of 2^-24 */
            empty(&f);
        }
}

/* To `bits` significant bits. */
static double rounded(double value, int bits)
{
    int exponent;
    const double mantissa = frexp(value, &exponent);
    return ldexp(nearbyint(ldexp(mantissa, bits)), exponent - bits);
}

/* Outputs that a wrong way of summing gets wrong, of all, in percent. */
static double wrong_percent(const filled *f, int accumulator_bits, double output_unit)
{
    const clconv_problem *const p = &f->problem;
    size_t wrong = 0;
    for (size_t i = 0; i < f->shape.y; i++) {
        const size_t plane = (size_t)(f->shape.p * f->shape.q), k = i / plane;
        const int64_t top = (int64_t)(i % plane) / f->shape.q, left = (int64_t)i % f->shape.q;
        double sum = f->b[k];
        for (int64_t c = 0; c < p->c; c++)
            for (int64_t t = 0; t < 9; t++)
                sum = rounded(sum + f->x[(c * p->in[0] + top + t / 3) * p->in[1] + left + t % 3] *
                                        f->w[((int64_t)k * p->c + c) * 9 + t],
                              accumulator_bits);
        if (output_unit > 0.0)
            sum = nearbyint(sum / output_unit) * output_unit;
        wrong += sum != f->y[i];
    }
    return 100.0 * (double)wrong / (double)f->shape.y;
}

/* 24 bits are right everywhere; half precision, 16 or 20 bits, or an output rounded to 1/1024 or
 * 1/65536 show on most outputs. */
static void test_exact_shows_lost_bits(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof channel_rows / sizeof *channel_rows; row++) {
        filled f = fill(layer(channel_rows[row]), "exact", 5);
        assert_true(wrong_percent(&f, 24, 0.0) == 0.0);
        assert_true(wrong_percent(&f, 11, 0.0) > 90.0);
        assert_true(wrong_percent(&f, 16, 0.0) > 80.0);
        assert_true(wrong_percent(&f, 20, 0.0) > 10.0);
        assert_true(wrong_percent(&f, 24, 0x1p-10) > 90.0);
        assert_true(wrong_percent(&f, 24, 0x1p-16) > 90.0);
        empty(&f);
    }
}

/* Sums by float arithmetic in a shuffled order are the oracle's to the last bit. */
static void test_exact_in_any_order(void **state)
{
    (void)state;
    uint64_t random = 11;
    clconv_problem p = plain_problem(1, 40, 3, 3, 3, 3, 3);
    p.b.dtype = CLCONV_F32;
    filled f = fill(p, "exact", 2);
    for (size_t k = 0; k < 3; k++)
        for (int trial = 0; trial < 20; trial++) {
            enum { TERMS = 360 };
            size_t order[TERMS];
            float sum = (float)f.b[k];
            for (size_t i = 0; i < TERMS; i++)
                order[i] = i;
            for (size_t i = TERMS - 1; i > 0; i--) {
                const size_t other = (size_t)pick(&random, 0, (int64_t)i), kept = order[i];
                order[i] = order[other];
                order[other] = kept;
            }
            for (size_t i = 0; i < TERMS; i++)
                sum += (float)f.x[order[i]] * (float)f.w[k * TERMS + order[i]];
            assert_true((double)sum == f.y[k]);
        }
    empty(&f);
}

static size_t equal_neighbours(const double *values, size_t count, size_t step)
{
    size_t equal = 0;
    for (size_t i = step; i < count; i++)
        equal += values[i] == values[i - step];
    return equal;
}

/* No ramp and no repetition: a wrong index must meet another value. */
static void test_neighbours_differ(void **state)
{
    (void)state;
    filled f = fill(plain_problem(2, 16, 12, 13, 16, 3, 3), "exact", 1);
    const size_t steps[] = {1, 3, 9, 13, 144, 156};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        assert_true(equal_neighbours(f.x, f.shape.x, steps[i]) < f.shape.x / 50);
        assert_true(equal_neighbours(f.w, f.shape.w, steps[i]) < f.shape.w / 50);
    }
    size_t same_step = 0;
    for (size_t i = 2; i < f.shape.x; i++)
        same_step += f.x[i] - f.x[i - 1] == f.x[i - 1] - f.x[i - 2];
    assert_true(same_step < f.shape.x / 50);
    empty(&f);
}

static bool same_numbers(const double *a, const double *b, size_t count)
{
    return memcmp(a, b, count * sizeof *a) == 0;
}

/* Impulse has other seeds move the ones in x, ids those in w; the other modes draw all anew. */
static void test_deterministic(void **state)
{
    (void)state;
    for (size_t m = 0; data_mode_names[m]; m++) {
        filled a = fill(layer(3), data_mode_names[m], 4), b = fill(layer(3), data_mode_names[m], 4);
        filled c = fill(layer(3), data_mode_names[m], 6);
        assert_true(same_numbers(a.x, b.x, a.shape.x));
        assert_true(same_numbers(a.w, b.w, a.shape.w));
        assert_true(same_numbers(a.b, b.b, a.shape.b));
        const bool ids = strcmp(data_mode_names[m], "ids") == 0;
        const bool impulse = strcmp(data_mode_names[m], "impulse") == 0;
        assert_true(same_numbers(a.x, c.x, a.shape.x) == ids);
        assert_true(same_numbers(a.w, c.w, a.shape.w) == impulse);
        assert_false(same_numbers(a.b, c.b, a.shape.b));
        assert_false(same_numbers(a.x, a.w, a.shape.w));
        empty(&a), empty(&b), empty(&c);
    }
}

static void make_indicator(double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] != 0.0;
}

/* Outputs in which one product is not zero; none may have two. */
static size_t count_probed(filled *f)
{
    size_t probed = 0;
    make_indicator(f->x, f->shape.x);
    make_indicator(f->w, f->shape.w);
    oracle_scatter(&f->problem, &(oracle_inputs){.x = f->x, .w = f->w}, f->y, f->mag, f->terms);
    for (size_t i = 0; i < f->shape.y; i++) {
        const double products =
            f->y[i] * (f->problem.reduce == CLCONV_REDUCE_MEAN ? (double)f->problem.c : 1.0);
        assert_true(products < 1.5);
        probed += products > 0.5;
    }
    return probed;
}

/* Every value is a code of a single element and the bias, and exact in float32. */
static void test_one_product(void **state)
{
    (void)state;
    static const char *const modes[] = {"impulse", "ids"};
    for (size_t m = 0; m < 2; m++) {
        uint64_t random = 17;
        size_t probed = 0, all = 0;
        for (uint64_t i = 0; i < 60 * FORMS; i++) {
            int64_t tables[8];
            filled f = fill(random_problem((form)(i % FORMS), &random, tables), modes[m], i);
            for (size_t j = 0; j < f.shape.y && f.problem.reduce != CLCONV_REDUCE_MEAN; j++)
                assert_true((double)(float)f.y[j] == f.y[j]);
            for (size_t j = 0; j < f.shape.b; j++)
                assert_true(fmod(f.b[j], 1.0) != 0.0);
            probed += count_probed(&f);
            all += f.shape.y;
            empty(&f);
        }
        assert_true(probed > all / 5); /* the rest see padding or an empty place */
    }
}

/* Inside the image, whatever stride and dilation, three windows in four see an impulse, and their
 * impulses meet every weight. */
static void test_impulses_meet_all_weights(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(2, 4, 40, 44, 4, 3, 2);
    p.groups = 2;
    p.stride[0] = 2, p.stride[1] = 3, p.dilation[0] = 3, p.dilation[1] = 2;
    bool met[64] = {false};
    for (uint64_t seed = 0; seed < 4; seed++) {
        filled f = fill(p, "impulse", seed);
        size_t seen = 0;
        for (size_t i = 0; i < f.shape.y; i++) {
            seen += f.y[i] > 0.0;
            met[(size_t)f.y[i]] = true;
        }
        assert_true(seen > f.shape.y * 7 / 10 && seen < f.shape.y * 8 / 10);
        empty(&f);
    }
    for (size_t i = 0; i <= 48; i++) /* 4 filters of 2 channels of 3 x 2 */
        assert_true(met[i]);
}

/* The ones of the filters stand at every tap in turn. */
static void test_ids_read_every_tap(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        filled f = fill(plain_problem(1, 5, 6, 7, 30, 3, 2), "ids", seed);
        for (size_t tap = 0; tap < 30; tap++) {
            double ones = 0.0;
            for (size_t k = 0; k < 30; k++)
                ones += f.w[k * 30 + tap];
            assert_true(ones == 1.0);
        }
        assert_true(f.x[0] == 1.0 && f.x[209] == 210.0);
        empty(&f);
    }
}

static void test_real_ranges(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        filled f = fill(plain_problem(1, 8, 32, 32, 4, 3, 3), "real", seed);
        double low = 1.0, high = -1.0;
        for (size_t i = 0; i < f.shape.x; i++) {
            low = fmin(low, f.x[i]);
            high = fmax(high, f.x[i]);
        }
        assert_true(high > 0.99 && high < 1.0);
        assert_true(seed % 2 ? low >= 0.0 && low < 0.01 : low >= -1.0 && low < -0.99);
        empty(&f);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    double x[16], w[16];
    const clconv_problem p = plain_problem(1, 1, 4, 4, 1, 3, 3);
    const data_tensors to = {.x = x, .w = w};
    assert_false(data_fill(&p, "exactly", 0, &to));
    assert_false(data_fill(&p, "", 0, &to));
    clconv_problem wide = plain_problem(1, 1, 4096, 4097, 1, 4096, 4097); /* > 2^24 terms */
    assert_false(data_fill(&wide, "exact", 0, &(data_tensors){NULL}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_fits),
        cmocka_unit_test(test_exact_fills),
        cmocka_unit_test(test_exact_shows_lost_bits),
        cmocka_unit_test(test_exact_in_any_order),
        cmocka_unit_test(test_neighbours_differ),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_one_product),
        cmocka_unit_test(test_impulses_meet_all_weights),
        cmocka_unit_test(test_ids_read_every_tap),
        cmocka_unit_test(test_real_ranges),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
