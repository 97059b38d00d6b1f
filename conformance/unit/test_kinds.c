/* SPDX-License-Identifier: MIT */
/* Element types, layouts and views in the tiers: what they meet. No device is needed. */
#include "suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_plain(const case_spec *c)
{
    const clconv_tensor *const x = &c->problem.x;
    return x->dtype == CLCONV_F32 && x->layout == CLCONV_LAYOUT_PLAIN && !c->view;
}

/* What a kind, a type in a layout and a direction, has met in a tier. */
typedef struct meeting {
    size_t cases;
    bool modes[4], views[4], kernel[2][8], stride[2][4], dilation[2][4], image[2][34], n[4], uneven,
        shared;
} meeting;

static void meet(const clconv_problem *p, meeting *m)
{
    m->cases++;
    m->modes[p->pad_mode] = true;
    m->uneven = m->uneven || p->group_in || p->group_out;
    m->shared = m->shared || p->shared;
    for (int d = 0; d < 2; d++) {
        m->kernel[d][p->kernel[d] % 8] = true;
        m->stride[d][p->stride[d] % 4] = m->dilation[d][p->dilation[d] % 4] = true;
        m->image[d][p->in[d] % 34] = true;
    }
    m->n[p->n % 4] = true;
}

/* Every kind meets every padding mode, view and value of the other axes. */
static void test_types(void **state)
{
    (void)state;
    static const int kernels[] = {1, 2, 3, 4, 5, 7},
                     images[] = {1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 33};
    static meeting all[CLCONV_I32][2][3];
    size_t count = 0, shared = 0, uneven = 0;
    suite_entry *c = generate_tier("ci", 1, &count);
    for (size_t i = 0; i < count; i++) {
        const clconv_problem p = case_problem(&c[i].spec);
        if (is_plain(&c[i].spec) || strcmp(c[i].spec.algo, "naive") != 0)
            continue;
        meet(&p, &all[p.x.dtype][p.x.layout][p.op]);
        all[p.x.dtype][p.x.layout][p.op].views[c[i].spec.view] = true;
    }
    for (int32_t dtype = CLCONV_F32; dtype <= CLCONV_U8; dtype++)
        for (int layout = 0; layout < 2; layout++)
            for (int op = 0; op < (dtype < CLCONV_I8 ? 3 : 1); op++) {
                const meeting *const m = &all[dtype][layout][op];
                for (int mode = 0; mode < 4; mode++)
                    assert_true(m->modes[mode]);
                for (int view = dtype == CLCONV_F32 && layout == 0; view < 4; view++)
                    assert_true(m->views[view]);
                for (int d = 0; d < 2; d++) {
                    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
                        assert_true(m->kernel[d][kernels[i]]);
                    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
                        assert_true(m->image[d][images[i]]);
                    for (int step = 1; step <= 3; step++)
                        assert_true(m->stride[d][step] && m->dilation[d][step] && m->n[step]);
                }
                shared += m->shared;
                uneven += m->uneven;
            }
    assert_true(shared > 20 && uneven > 15); /* of 28 */
    free(c);
}

/* Programs of fast algorithms hold filter and type: in ci they are asked under few filters. */
static void test_few_filters(void **state)
{
    (void)state;
    size_t count = 0, filters = 0, asked = 0;
    uint64_t seen[64];
    suite_entry *c = generate_tier("ci", 1, &count);
    for (size_t i = 0; i < count; i++) {
        const clconv_problem *const p = &c[i].spec.problem;
        if (is_plain(&c[i].spec) || c[i].spec.quantised /* refused */ ||
            c[i].spec.tile[0] /* by hand */ || strcmp(c[i].spec.algo, "direct") != 0)
            continue;
        const uint64_t filter =
            (uint64_t)(p->kernel[0] + 16 * p->kernel[1] + 256 * p->stride[0] + 4096 * p->stride[1] +
                       65536 * p->dilation[0] + 1048576 * p->dilation[1]);
        size_t at = 0;
        while (at < filters && seen[at] != filter)
            at++;
        assert_true(at < 64);
        seen[at] = filter;
        filters += at == filters;
        asked++;
    }
    assert_true(filters == 3 && asked > 100);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_types),
                                       cmocka_unit_test(test_few_filters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
