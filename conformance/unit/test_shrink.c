/* SPDX-License-Identifier: MIT */
/* The shrinking loop against faults that are known: it must arrive at the smallest case, ask only
 * for valid ones, none twice, and keep to its budget. No device is needed. */
#include "shrink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef bool fault(const clconv_problem *p);

typedef struct trial {
    fault *fails;
    size_t runs, stop_at; /* 0 = never stop */
    uint64_t seen[SHRINK_MOST_RUNS];
    char last[CASE_TEXT]; /* the last candidate that failed */
} trial;

static shrink_answer ask(void *user, const case_spec *candidate)
{
    trial *t = user;
    const clconv_problem p = case_problem(candidate);
    char name[CASE_TEXT];
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    const uint64_t hash = case_hash(case_print(candidate, name, sizeof name));
    assert_true(t->runs < SHRINK_MOST_RUNS);
    for (size_t i = 0; i < t->runs; i++)
        assert_true(t->seen[i] != hash);
    t->seen[t->runs++] = hash;
    if (t->stop_at && t->runs == t->stop_at)
        return SHRINK_STOP;
    if (!t->fails(&p))
        return SHRINK_DIFFERS;
    memcpy(t->last, name, sizeof name);
    return SHRINK_FAILS;
}

static shrink_result shrink(const char *from, fault *fails, size_t budget, trial *t, case_spec *c)
{
    char why[256];
    *t = (trial){.fails = fails};
    if (!case_parse(from, c, why, sizeof why))
        fail_msg("%s", why);
    const clconv_problem p = case_problem(c);
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    assert_true(fails(&p));
    const shrink_result found = shrink_case(c, budget, ask, t);
    assert_int_equal(found.runs, t->runs);
    return found;
}

static void arrives(const char *from, fault *fails, const char *smallest)
{
    trial t;
    case_spec c;
    char name[CASE_TEXT];
    const shrink_result found = shrink(from, fails, SHRINK_MOST_RUNS, &t, &c);
    assert_true(found.whole);
    assert_string_equal(case_print(&c, name, sizeof name), smallest);
}

/* ---- Faults --------------------------------------------------------------------------------- */

static bool always(const clconv_problem *p)
{
    (void)p;
    return true;
}

static bool wide_filter(const clconv_problem *p)
{
    return p->in[1] >= 5 && p->kernel[1] >= 2;
}

static bool swapped_dilation(const clconv_problem *p)
{
    return p->dilation[0] != p->dilation[1];
}

static bool swapped_stride(const clconv_problem *p)
{
    return p->stride[0] != p->stride[1] && p->kernel[0] >= 3;
}

static bool second_group(const clconv_problem *p)
{
    return p->groups >= 2 && p->k / p->groups >= 3;
}

static bool right_padding(const clconv_problem *p)
{
    return p->pad_after[1] >= 2 && p->b.dtype != CLCONV_DTYPE_ABSENT && p->n > 1;
}

static bool two_filters(const clconv_problem *p)
{
    return p->shared && p->k / p->c >= 2 && p->c >= 3;
}

static bool mean(const clconv_problem *p)
{
    return p->reduce == CLCONV_REDUCE_MEAN;
}

static bool uneven_in(const clconv_problem *p)
{
    bool uneven = false;
    for (int64_t g = 1; p->group_in && g < p->groups; g++)
        uneven = uneven || p->group_in[g] != p->group_in[0];
    return uneven;
}

/* Height and width can only go down together, a step or two at a time. */
static bool diagonal(const clconv_problem *p)
{
    return p->in[0] <= p->in[1] + 1 && p->in[1] <= p->in[0] + 1;
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static void test_smallest(void **state)
{
    (void)state;
    arrives("n2c6h17w38k12r3s4sh2pt2pl1pr3dw2g3b1:algo=direct:data=real:seed=7", always,
            "c1hw1k1:algo=direct:data=real:seed=7");
    arrives("n2c6h17w38k12r3s4sh2pt2pl1pr3dw2g3b1:algo=naive", wide_filter,
            "c1h1w5k1s2:algo=naive");
    arrives("n4c128hw56k128rs3p1g32", wide_filter, "c1h1w5k1s2");
    arrives("n2c7h15w32k5r4s3p2dh2dw3b1", swapped_dilation, "c1hw1k1dw2");
    arrives("n2c7h15w32k5r4s3p2dh4dw1b1", swapped_dilation, "c1hw1k1dh2");
    arrives("n2c7h15w32k5r4s3sh1sw3p2dh4dw1b1", swapped_stride, "c1h3w1k1r3sw2");
    arrives("n2c24h15w32k40r4s3p2g8b1", second_group, "c2hw1k6g2");
    arrives("n3c24h15w32k40r4s3p5b1", right_padding, "n2c1hw1k1pr2b1");
    arrives("c8h8w9k24r3s3p1g8", always, "c1hw1k1");
}

static void test_forms(void **state)
{
    (void)state;
    arrives("n2c5h7w9k20r3s2p2b1:shared:reduce=sum", two_filters, "c3hw1k6:shared");
    arrives("n2c5h7w9k20r3s2p2b1:shared:reduce=mean", mean, "c1hw1k1:shared:reduce=mean");
    arrives("n2c12h7w19k14r3s2pt1pl1g3b1:gi=1+10+1:go=1+1+12", always, "c1hw1k1");
    arrives("n2c12h7w19k14r3s2pt1pl1g3b1:gi=1+10+1:go=1+1+12", uneven_in, "c3hw1k2g2:gi=1+2");
    arrives("c8h7w9k9r3s3p1g3:gi=3+3+2", uneven_in, "c3hw1k2g2:gi=2+1");
}

/* A fault that takes long: the budget ends the search, and what is left still fails. */
static void test_budget(void **state)
{
    (void)state;
    for (size_t budget = 0; budget <= SHRINK_MOST_RUNS + 50; budget += 50) {
        trial t;
        case_spec c;
        char name[CASE_TEXT];
        const shrink_result found =
            shrink("n3c64h1999w2000k96r7s7p6g4b1", diagonal, budget, &t, &c);
        const clconv_problem p = case_problem(&c);
        assert_false(found.whole);
        assert_int_equal(found.runs, budget < SHRINK_MOST_RUNS ? budget : SHRINK_MOST_RUNS);
        assert_true(diagonal(&p));
        assert_true(budget == 0 || strcmp(case_print(&c, name, sizeof name), t.last) == 0);
    }
}

static void test_stop(void **state)
{
    (void)state;
    char why[256];
    case_spec c;
    trial t = {.fails = always, .stop_at = 3};
    assert_true(case_parse("n9c7h15w32k5", &c, why, sizeof why));
    const shrink_result found = shrink_case(&c, SHRINK_MOST_RUNS, ask, &t);
    assert_false(found.whole);
    assert_int_equal(found.runs, 3);
    assert_int_equal(t.runs, 3);
}

static bool narrow_type(const clconv_problem *p)
{
    return p->x.dtype == CLCONV_BF16;
}

static bool last_channel(const clconv_problem *p)
{
    return p->x.layout == CLCONV_LAYOUT_CHANNELS_LAST && p->c > 1;
}

/* Float32 and NCHW where the fault is there, too. */
static void test_types(void **state)
{
    (void)state;
    arrives("n2c4h5w6k4r3s2p1g2b1:bf16:nhwc:pad=reflect", narrow_type, "c1hw1k1:bf16");
    arrives("n2c4h5w6k4r3s2p1g2b1:bf16:nhwc", last_channel, "c2hw1k1:nhwc");
    arrives("n2c4h5w6k4r3s2p1g2b1:i8:nhwc", always, "c1hw1k1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest), cmocka_unit_test(test_forms), cmocka_unit_test(test_types),
        cmocka_unit_test(test_budget),   cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
