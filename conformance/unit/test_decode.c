/* SPDX-License-Identifier: MIT */
/* Convolutions that are wrong on purpose, and the sentence that must be said about each. */
#include "problems.h"
#include "twist.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef enum fault {
    NONE,
    GROUP_ZERO,
    NEXT_ROW,
    PREVIOUS_COLUMN,
    R_S_SWAPPED,
    BACKWARDS,
    NEXT_FILTER,
    NO_LAST_ROW,
    IMAGE_ZERO,
    STRIDES_SWAPPED,
    NO_DILATION_W,
    OUTPUT_TRANSPOSED,
    NO_BIAS,
    HALVED,
    NO_LAST_IMAGE_ROW,
    NEXT_ROW_IN_TAIL,
    ONE_ROW_ONCE
} fault;

/* A plain loop over even groups that makes one mistake. */
static double wrong_output(const clconv_problem *p, const reference *f, fault made, int64_t n,
                           int64_t k, int64_t i, int64_t j)
{
    const int64_t in = p->c / p->groups, group = made == GROUP_ZERO ? 0 : k / (p->k / p->groups);
    const int64_t rows = p->kernel[0], columns = p->kernel[1];
    const bool swapped = made == STRIDES_SWAPPED;
    const int64_t filter = made == NEXT_FILTER ? (k + 1) % p->k : k;
    double sum = f->b && made != NO_BIAS ? f->b[k] : 0.0;
    if (made == OUTPUT_TRANSPOSED) {
        const int64_t flat = i * f->shape.q + j;
        i = flat % f->shape.p;
        j = flat / f->shape.p;
    }
    if (made == IMAGE_ZERO)
        n = 0;
    for (int64_t c = 0; c < in; c++)
        for (int64_t r = 0; r < rows - (made == NO_LAST_ROW); r++)
            for (int64_t s = 0; s < columns; s++) {
                int64_t row = i * p->stride[swapped] - p->pad_before[0] + r * p->dilation[0];
                int64_t column = j * p->stride[!swapped] - p->pad_before[1] +
                                 s * (made == NO_DILATION_W ? 1 : p->dilation[1]);
                int64_t tap = r * columns + s;
                if (made == R_S_SWAPPED)
                    tap = s * rows + r;
                if (made == BACKWARDS)
                    tap = rows * columns - 1 - tap;
                row += made == NEXT_ROW ||
                       (made == ONE_ROW_ONCE && n == 1 && k == 3 && i == 1 && j == 2);
                row += made == NEXT_ROW_IN_TAIL && j >= 2;
                column -= made == PREVIOUS_COLUMN;
                if (made == NO_LAST_IMAGE_ROW && row == p->in[0] - 1)
                    continue;
                if (row < 0 || row >= p->in[0] || column < 0 || column >= p->in[1])
                    continue;
                const int64_t channel = n * p->c + group * in + c;
                sum += f->x[(channel * p->in[0] + row) * p->in[1] + column] *
                       f->w[(filter * in + c) * rows * columns + tap];
            }
    return (double)(float)(made == HALVED ? sum / 2.0 : sum);
}

/* Explains the output of a faulty convolution; false when there is nothing wrong in it, or to say.
 */
static bool explain(const clconv_problem *p, const char *mode, uint64_t seed, fault made,
                    char *text, size_t room)
{
    case_spec c = {.problem = *p, .has_seed = true, .seed = seed};
    snprintf(c.data, sizeof c.data, "%s", mode);
    reference f = {0};
    char why[256];
    assert_null(reference_load(&f, &c, p, why, sizeof why));
    double *const got = calloc(f.shape.y, sizeof *got);
    size_t at = 0, wrong = 0;
    for (int64_t n = 0; n < f.shape.n; n++)
        for (int64_t k = 0; k < f.shape.k; k++)
            for (int64_t i = 0; i < f.shape.p; i++)
                for (int64_t j = 0; j < f.shape.q; j++, at++)
                    got[at] = wrong_output(p, &f, made, n, k, i, j);
    for (size_t i = 0; i < f.shape.y; i++)
        wrong += got[i] != (double)(float)f.want[i];
    const bool said = explain_data(p, &f, got, text, room);
    assert_true(wrong > 0 || !said);
    if (wrong == 0)
        snprintf(text, room, "all right");
    free(got);
    reference_free(&f);
    return said;
}

/* Two images, three groups, everything of h and w different. */
static clconv_problem grouped(void)
{
    clconv_problem p = plain_problem(2, 6, 9, 11, 9, 3, 2);
    p.groups = 3;
    p.stride[1] = 2;
    p.dilation[0] = 1, p.dilation[1] = 3;
    p.pad_before[0] = p.pad_after[0] = 1;
    p.b.dtype = CLCONV_F32;
    return p;
}

/* What must be said of a fault under any mode; exact data show no element before it. */
static const struct {
    fault made;
    const char *cause;
} rows[] = {
    {GROUP_ZERO, "every group reads the channels of group 0"},
    {NEXT_ROW, "rows are off by one, the next is read"},
    {PREVIOUS_COLUMN, "columns are off by one, the previous is read"},
    {R_S_SWAPPED, "r and s look swapped in the filter"},
    {BACKWARDS, "the filter is read backwards"},
    {NEXT_FILTER, "filters are off by one, the next is used"},
    {NO_LAST_ROW, "the last row of the filter is left out"},
    {IMAGE_ZERO, "every image is read from image 0"},
    {STRIDES_SWAPPED, "stride_h and stride_w look swapped"},
    {NO_DILATION_W, "dilation_w is taken as 1"},
    {OUTPUT_TRANSPOSED, "the output is transposed"},
    {NO_BIAS, "the bias is left out"},
    {NO_LAST_IMAGE_ROW, ": the last row of the image is left out"},
    {NEXT_ROW_IN_TAIL, ": in the wrong outputs, rows are off by one, the next is read"},
};

static void test_causes(void **state)
{
    (void)state;
    static const char *const modes[] = {"impulse", "ids", "exact"};
    const clconv_problem p = grouped();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t m = 0; m < 3; m++)
            for (uint64_t seed = 0; seed < 4; seed++) {
                char text[512] = "";
                const bool said = explain(&p, modes[m], seed, rows[i].made, text, sizeof text);
                if (!said ||
                    !strstr(text, rows[i].cause + (m == 2 && rows[i].cause[0] == ':' ? 2 : 0)))
                    fail_msg("%s seed %d: '%s', wanted '%s'", modes[m], (int)seed, text,
                             rows[i].cause);
            }
}

/* A right output is not explained, nor is one that no mistake of the table gives. */
static void test_says_no_more_than_it_knows(void **state)
{
    (void)state;
    const clconv_problem p = grouped();
    char text[512];
    assert_false(explain(&p, "ids", 1, NONE, text, sizeof text));
    assert_false(explain(&p, "exact", 1, HALVED, text, sizeof text));
    assert_false(explain(&p, "real", 1, NEXT_ROW, text, sizeof text));
    assert_false(explain(&p, "special", 1, NEXT_ROW, text, sizeof text));
    for (uint64_t seed = 0; seed < 8; seed++) /* one wrong output shows an element, no pattern */
        if (explain(&p, "ids", seed, ONE_ROW_ONCE, text, sizeof text))
            assert_null(strstr(text, "off by one"));
}

static void expect_text(const clconv_problem *p, const char *mode, uint64_t seed, fault made,
                        const char *wanted)
{
    char text[512] = "";
    assert_true(explain(p, mode, seed, made, text, sizeof text));
    if (strncmp(text, wanted, strlen(wanted)) != 0)
        fail_msg("'%s', wanted '%s'", text, wanted);
}

/* The first wrong output that holds a number, by hand: filters of one tap leave no choice. */
static void test_elements(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(2, 2, 4, 5, 6, 1, 1);
    p.groups = 2;
    expect_text(&p, "ids", 0, GROUP_ZERO,
                "output channel 3 reads input channel 0 of group 0; expected group 1");
    expect_text(&p, "ids", 0, NEXT_ROW,
                "output (n=0 k=0 p=0 q=0) reads row 1 where row 0 is right: rows are off by one");
    expect_text(&p, "ids", 0, PREVIOUS_COLUMN,
                "output (n=0 k=0 p=2 q=1) reads column 0 where column 1 is right: columns");
    expect_text(&p, "ids", 0, IMAGE_ZERO,
                "output (n=1 k=0 p=0 q=0) reads image 0 where image 1 is right: ");
}

/* Without a mistake the decoder's convolution is the oracle's, for problems of every form. */
static void test_no_mistake(void **state)
{
    (void)state;
    const twist straight = {.phrase = NULL};
    uint64_t random = 5;
    for (uint64_t i = 0; i < 30 * FORMS; i++) {
        int64_t tables[8];
        const clconv_problem p = random_problem((form)(i % FORMS), &random, tables);
        case_spec c = {.problem = p, .has_seed = true, .seed = i};
        snprintf(c.data, sizeof c.data, "%s", data_mode_names[i / FORMS % 4]);
        reference f = {0};
        twist_view v;
        char why[256];
        assert_null(reference_load(&f, &c, &p, why, sizeof why));
        assert_true(twist_view_open(&v, &p, &f));
        for (size_t at = 0; at < f.shape.y; at++) {
            aim out = {.q = (int64_t)at % f.shape.q, .p = (int64_t)at / f.shape.q % f.shape.p};
            out.k = out.bias = (int64_t)at / f.shape.q / f.shape.p % f.shape.k;
            out.n = (int64_t)at / f.shape.q / f.shape.p / f.shape.k;
            const outcome o = twist_outcome(&v, &straight, out);
            assert_false(o.edge);
            assert_true(fabs(o.value - f.want[at]) <= 1e-12 * f.mag[at]);
        }
        twist_view_close(&v);
        reference_free(&f);
    }
}

/* One output of a problem is given the value of another element; what is said must begin so. */
static void expect_planted(const clconv_problem *p, const char *mode, size_t at, double code,
                           const char *wanted)
{
    case_spec c = {.problem = *p, .has_seed = true};
    snprintf(c.data, sizeof c.data, "%s", mode);
    reference f = {0};
    char text[512] = "";
    assert_null(reference_load(&f, &c, p, text, sizeof text));
    double *const got = calloc(f.shape.y, sizeof *got);
    for (size_t i = 0; i < f.shape.y; i++)
        got[i] = (double)(float)f.want[i];
    const double factor = p->shared ? (double)p->c : 1.0;
    const size_t filter = at / (size_t)(f.shape.p * f.shape.q) % f.shape.b;
    got[at] = (double)(float)((code + factor * f.b[filter]) / factor);
    assert_true(explain_data(p, &f, got, text, sizeof text));
    if (strcmp(text, wanted) != 0)
        fail_msg("'%s', wanted '%s'", text, wanted);
    free(got);
    reference_free(&f);
}

/* Numbers of elements by hand: blocks of unequal width, and a quotient that is no whole number. */
static void test_planted_elements(void **state)
{
    (void)state;
    static const int64_t in[] = {1, 2}, out[] = {2, 1};
    clconv_problem uneven = plain_problem(2, 3, 2, 3, 3, 1, 1);
    uneven.groups = 2, uneven.group_in = in, uneven.group_out = out;
    uneven.b.dtype = CLCONV_F32;
    /* x[1][0][1][2] is element 23, output n=1 k=1 p=1 q=2 element 29 */
    expect_planted(&uneven, "ids", 29, 1 + 22,
                   "output (n=1 k=1 p=1 q=2) reads column 1 where column 2 is right");
    expect_planted(&uneven, "ids", 29, 1 + 5,
                   "output (n=1 k=1 p=1 q=2) reads image 0 where image 1 is right");
    expect_planted(&uneven, "ids", 29, 1 + 2,
                   "output (n=1 k=1 p=1 q=2) reads x[0][0][0][2] where x[1][0][1][2] is right");
    expect_planted(&uneven, "ids", 29, 1 + 29,
                   "output channel 1 reads input channel 0 of group 1; expected group 0");
    expect_planted(&uneven, "ids", 29, 0,
                   "output (n=1 k=1 p=1 q=2) reads nothing where x[1][0][1][2] is right");
    expect_planted(&uneven, "ids", 29, 0.5,
                   "output (n=1 k=1 p=1 q=2) holds 1.25; without its bias that is the number of no "
                   "element of x");
    /* w[2][1][0][0] is the last of four; the output's own weight is w[1][0][0][0] */
    expect_planted(&uneven, "impulse", 29, 1 + 3,
                   "output (n=1 k=1 p=1 q=2) meets the impulse with w[2][1][0][0] where "
                   "w[1][0][0][0] is right");
    clconv_problem mean = plain_problem(1, 7, 2, 3, 14, 1, 1);
    mean.shared = 1, mean.reduce = CLCONV_REDUCE_MEAN;
    mean.b.dtype = CLCONV_F32;
    expect_planted(&mean, "impulse", 7, 1,
                   "output (n=0 k=1 p=0 q=1) meets the impulse with the filter of channel 0 where "
                   "the filter of "
                   "channel 1 is right");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causes),           cmocka_unit_test(test_says_no_more_than_it_knows),
        cmocka_unit_test(test_elements),         cmocka_unit_test(test_no_mistake),
        cmocka_unit_test(test_planted_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
