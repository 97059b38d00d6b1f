/* SPDX-License-Identifier: MIT */
/* What gradients must be: each output scatters its share, as the chain rule has it, where verify
 * gathers. */
#include "case.h"
#include "padding.h"
#include "verify.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 4096 };

static verifier v, bias;
static char why[256];
static float x[MOST], w[MOST], b[MOST], y[MOST];
static double dx[MOST], dw[MOST], db[MOST];

static clconv_problem problem(case_spec *spec, const char *text)
{
    if (!case_parse(text, spec, why, sizeof why))
        fail_msg("%s", why);
    const clconv_problem p = case_problem(spec);
    if (clconv_validate(&p) != CLCONV_OK)
        fail_msg("%s: %s", text, clconv_last_error());
    return p;
}

/* ---- By scattering --------------------------------------------------------------------------- */

/* What an output channel reads: its group's channels, or for a shared kernel one or all. */
typedef struct reads {
    int64_t first, channels, w, w_step, bias;
} reads;

static reads reads_of(const clconv_problem *p, int64_t k)
{
    const int64_t taps = p->kernel[0] * p->kernel[1], bank = p->k / p->c;
    if (p->shared)
        return (reads){p->reduce ? 0 : k / bank, p->reduce ? p->c : 1, k % bank * taps, 0,
                       k % bank};
    reads r = {.bias = k};
    for (int64_t g = 0, before = 0;; g++) {
        const int64_t out = p->group_out ? p->group_out[g] : p->k / p->groups;
        r.channels = p->group_in ? p->group_in[g] : p->c / p->groups;
        if (k < before + out) {
            r.w += (k - before) * r.channels * taps;
            r.w_step = taps;
            return r;
        }
        r.w += out * r.channels * taps;
        r.first += r.channels;
        before += out;
    }
}

static void scatter_output(const clconv_problem *p, const int64_t at[4], double dy, double mean)
{
    const reads r = reads_of(p, at[1]);
    db[r.bias] += dy * (p->reduce == CLCONV_REDUCE_SUM ? (double)p->c : 1);
    for (int64_t c = 0; c < r.channels; c++)
        for (int64_t tap = 0; tap < p->kernel[0] * p->kernel[1]; tap++) {
            const int64_t t[] = {tap / p->kernel[1], tap % p->kernel[1]};
            int64_t place[2];
            for (int d = 0; d < 2; d++)
                place[d] = padding_position(
                    p, d, at[2 + d] * p->stride[d] + t[d] * p->dilation[d] - p->pad_before[d]);
            if (place[0] < 0 || place[0] >= p->in[0] || place[1] < 0 || place[1] >= p->in[1])
                continue;
            const int64_t i =
                ((at[0] * p->c + r.first + c) * p->in[0] + place[0]) * p->in[1] + place[1];
            const int64_t j = r.w + c * r.w_step + tap;
            dx[i] += dy * (double)w[j] / mean;
            dw[j] += dy * (double)x[i] / mean;
        }
}

/* Gradients of all of y; the lengths of x, w, b and y. */
static void scatter(const clconv_problem *p, size_t count[4])
{
    clconv_shape s;
    clconv_work_size size = {.size = sizeof size};
    assert_int_equal(clconv_output_shape(p, &s), CLCONV_OK);
    assert_int_equal(clconv_problem_work(p, &size), CLCONV_OK);
    const uint64_t bytes[] = {size.x_bytes, size.w_bytes, size.b_bytes, size.y_bytes};
    float *const data[] = {x, w, b, y};
    for (size_t i = 0; i < 4; i++) {
        count[i] = (size_t)bytes[i] / sizeof(float);
        assert_true(count[i] <= MOST);
        verify_fill(data[i], count[i], CLCONV_F32, 9, i + 1);
        memset((double *[]){dx, dw, db, db}[i], 0, MOST * sizeof *dx);
    }
    for (int64_t i = 0; i < (int64_t)count[3]; i++) {
        const int64_t *n = s.dim;
        const int64_t at[] = {i / (n[1] * n[2] * n[3]), i / (n[2] * n[3]) % n[1], i / n[3] % n[2],
                              i % n[3]};
        scatter_output(p, at, (double)y[i], p->reduce == CLCONV_REDUCE_MEAN ? (double)p->c : 1);
    }
}

/* ---- Comparison ------------------------------------------------------------------------------ */

/* Means round; everything else is exact. */
static void same(const char *text, const char *what, const verifier *got, const double *want,
                 size_t count, double largest)
{
    assert_string_equal(got->name, what);
    assert_int_equal(got->outputs, count);
    assert_int_equal(got->count, count);
    for (size_t i = 0; i < count; i++) {
        if (!(fabs(got->want[i] - want[i]) <= 1e-12 * (1 + got->scale[i])))
            fail_msg("%s: %s %zu is %g, not %g", text, what, i, got->want[i], want[i]);
        if (!(got->scale[i] >= fabs(got->want[i]) && got->scale[i] <= largest))
            fail_msg("%s: %s %zu has the scale %g", text, what, i, got->scale[i]);
    }
}

/* The most that the magnitudes of the data (1 to 9) can sum up to, as verify_amplitude has it:
 * the amplitude tells the number of terms. */
static double bound(const clconv_problem *p)
{
    const double amplitude = verify_amplitude(p);
    return 81 * 0x1p24 / (amplitude * amplitude);
}

static void check(const char *text)
{
    char word[200];
    size_t count[4];
    case_spec spec;
    snprintf(word, sizeof word, "%s:dir=backward-data", text);
    clconv_problem p = problem(&spec, word);
    scatter(&p, count);
    const bool has_bias = p.b.dtype != 0;
    verify_inputs in = {.w = w, .y = y, .b = has_bias ? b : NULL};
    for (size_t i = 0; has_bias && i < count[0]; i++)
        dx[i] += (double)b[(int64_t)i / (p.in[0] * p.in[1]) % p.c];
    verify_prepare(&p, &in, &v);
    same(word, "dx", &v, dx, count[0], bound(&p));
    snprintf(word, sizeof word, "%s:dir=backward-weights", text);
    p = problem(&spec, word);
    scatter(&p, count);
    in = (verify_inputs){.x = x, .y = y};
    verify_prepare(&p, &in, &v);
    same(word, "dw", &v, dw, count[1], bound(&p));
    verify_prepare_bias(&p, &in, &bias);
    same(word, "db", &bias, db, has_bias ? count[2] : bias.outputs, bound(&p));
}

static void gradients(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "c2h5w4k3rs1",
        "n2c3h5w4k2r3s2",
        "c2h6w7k3r2s3sh2sw1pt2pb0pl1pr3",
        "n2c2h8w9k2rs3st2p1d2",
        "c1h8w8k2r1s2sh3sw3", /* rows that no window reaches */
        "n2c6h4w5k4rs3p1g2b1",
        "c3h5w4k6rs3p1g3b1",
        "c4h4w5k5rs2b1:gi=1+3:go=3+2",
        "c4h4w5k9r2s3:gi=1+1+2",
        "n2c3h5w4k6r3s2p1:shared",
        "n2c3h5w4k6r3s2p1:shared:reduce=sum",
        "c3h5w4k3r3s2p1st2:shared:reduce=mean",
        "n2c2h4w5k3rs3pt3pb1pl2pr1:pad=reflect",
        "c2h3w2k2rs3pt4pb1pl0pr5st2:pad=replicate",
        "c1h1w1k1rs3p2:pad=replicate",
        "c4h3w4k4rs3pt3pb2pl1pr4g2d2:pad=circular",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check(texts[i]);
}

/* The bias of a shared kernel, which backward-data does not take. */
static void shared_bias(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "n2c3h5w4k6r3s2p1b1:shared:dir=backward-weights",
        "n2c3h5w4k6r3s2p1b1:shared:reduce=sum:dir=backward-weights",
        "n2c3h5w4k6r3s2p1b1:shared:reduce=mean:dir=backward-weights"};
    for (size_t i = 0; i < 3; i++) {
        size_t count[4];
        case_spec spec;
        const clconv_problem p = problem(&spec, texts[i]);
        scatter(&p, count);
        const verify_inputs in = {.x = x, .y = y};
        verify_prepare_bias(&p, &in, &bias);
        same(texts[i], "db", &bias, db, count[2], bound(&p));
    }
}

/* A sentence names the gradient. */
static void judgement(void **state)
{
    (void)state;
    case_spec spec;
    const clconv_problem p = problem(&spec, "c1h1w2k1:dir=backward-weights");
    const float in_x[] = {2, 3}, in_y[] = {10, 100};
    const verify_inputs in = {.x = in_x, .y = in_y};
    float out[] = {320};
    verify_prepare(&p, &in, &v);
    assert_true(verify_outputs(&v, out, true, why, sizeof why));
    out[0] = 302;
    assert_false(verify_outputs(&v, out, true, why, sizeof why));
    assert_string_equal(why, "dw 0 of 1 is 302, but must be 320");
}

/* Terms of the longest sum, and that a layer whose weights sum much has fewer samples. */
static void large(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double terms;
    } rows[] = {{"c8hw9k512rs3:dir=backward-data", 4609},
                {"c8hw9k512rs3g4b1:dir=backward-data", 1153},
                {"c6hw7k6rs3:gi=5+1:go=2+4:dir=backward-data", 37},
                {"c6hw7k6rs3p1:pad=circular:dir=backward-data", 487},
                {"n4c8hw20k8rs3p1:dir=backward-weights", 1600},
                {"n4c8hw20k8rs3p1:shared:dir=backward-weights", 12800}};
    case_spec spec;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const clconv_problem p = problem(&spec, rows[i].text);
        const double a = verify_amplitude(&p);
        assert_true(a >= 1 && a * a * rows[i].terms <= 0x1p24);
        assert_true(a == 1023 || (a + 1) * (a + 1) * rows[i].terms > 0x1p24);
    }
    clconv_problem p = problem(&spec, "n16c9hw1024k9:dir=backward-weights");
    assert_int_equal(verify_amplitude(&p), 1);
    p = problem(&spec, "n17c1hw1024k1:dir=backward-weights");
    assert_int_equal(verify_amplitude(&p), 0);
    p = problem(&spec, "c64hw1024k2:dir=backward-weights");
    float *zeros = calloc(64 << 20, sizeof *zeros);
    const verify_inputs in = {.x = zeros, .y = zeros};
    assert_non_null(zeros);
    verify_prepare(&p, &in, &v);
    assert_int_equal(v.outputs, 128);
    assert_int_equal(v.count, 64); /* of 2^20 products, with 2^26 in all */
    assert_int_equal(v.at[0], 0);
    assert_int_equal(v.at[63], 127);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients),
        cmocka_unit_test(shared_bias),
        cmocka_unit_test(judgement),
        cmocka_unit_test(large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
