/* SPDX-License-Identifier: MIT */
/* The contract of contexts and plans on this machine's device: choice, refusal, programs. Exit 77
 * without one. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_every_algorithm(void **state)
{
    (void)state;
    clconv_problem p = problem();
    for (size_t i = 0; clconv_algorithm_name(i); i++)
        for (int bias = 0; bias < 2; bias++) {
            p.b.dtype = bias ? CLCONV_F32 : 0;
            clconv_plan *plan = plan_of(&p, clconv_algorithm_name(i), 0);
            if (!plan)
                continue;
            clconv_args a = {sizeof a, .x.mem = x, .w.mem = w, .y.mem = y};
            a.b.mem = bias ? b : NULL;
            cl_event done = NULL;
            assert_string_equal(clconv_plan_algorithm(plan), clconv_algorithm_name(i));
            assert_int_equal(clconv_enqueue(plan, queue, &a, 0, NULL, &done), CLCONV_OK);
            assert_int_equal(clWaitForEvents(1, &done), CL_SUCCESS);
            clReleaseEvent(done);
            assert_result(bias ? b_host : NULL);
            clconv_plan_destroy(plan);
        }
}

/* A work-group's size is part of a tile: used as it is, or refused. */
static void test_named_work_group(void **state)
{
    (void)state;
    clconv_plan *plan = NULL;
    clconv_problem p = problem();
    clconv_plan_options o = {.size = sizeof o, .algorithm = "naive", .tile = "local=2x1x2"};
    assert_int_equal(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_OK);
    assert_non_null(strstr(clconv_plan_explain(plan), "tile local=2x1x2"));
    assert_non_null(strstr(clconv_plan_explain(plan), "in groups of 2 x 1 x 2"));
    clconv_plan_destroy(plan);
    o.algorithm = "direct", o.tile = "kb=4,xb=8,yb=2,local=4x2x1";
    assert_int_equal(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_OK);
    assert_non_null(strstr(clconv_plan_explain(plan), "tile kb=4,xb=8,yb=2,local=4x2x1"));
    assert_non_null(strstr(clconv_plan_explain(plan), "in groups of 4 x 2 x 1"));
    clconv_plan_destroy(plan);
    o.tile = "kb=4,xb=8,yb=2,local=99999x1x1";
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_UNSUPPORTED, "99999 x 1 x 1");
    const char *const malformed[] = {
        "local=0x1x1",  "local=8x1",    "local=8x1x1x",           "local=+8x1x1",
        "local=08x1x1", "xlocal=8x1x1", "local=8x1x1,local=8x1x1"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        o.algorithm = "naive", o.tile = malformed[i];
        assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_ALGORITHM_REFUSES, "tile");
    }
}

/* Stores past the caches are part of a tile, too; by itself a design has them where x and y outgrow
 * the last cache, in rows of whole lines. */
static void test_streams(void **state)
{
    (void)state;
    clconv_traits traits = {.size = sizeof traits};
    clconv_context_traits(ctx, &traits);
    const int64_t rows = 1 + (int64_t)(traits.cache_bytes / (2 * 64 * sizeof(float)));
    const struct {
        const char *tile;
        int64_t h, w;
        bool streams;
    } cases[] = {{"rows,v=16,xb=1", 64, 64, false},
                 {"rows,v=16,xb=1,stream=1", 64, 64, true},
                 {"rows,v=16,xb=1,stream=1", 64, 60, true},
                 {"rows,v=16,xb=1", rows, 64, traits.cache_bytes > 0},
                 {"rows,v=16,xb=1,stream=0", rows, 64, false},
                 {"rows,v=16,xb=1", rows, 72, false},
                 {"rows,v=8,xb=1", rows, 64, false},
                 {"rows,v=8,xb=1,stream=1", 64, 64, true}};
    clconv_problem p = problem();
    clconv_plan_options o = {.size = sizeof o, .algorithm = "depthwise"};
    p.n = p.c = p.k = p.groups = 1;
    for (int d = 0; d < 2; d++)
        p.kernel[d] = 3, p.stride[d] = p.dilation[d] = p.pad_before[d] = p.pad_after[d] = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clconv_plan *plan = NULL;
        o.tile = cases[i].tile;
        p.in[0] = cases[i].h, p.in[1] = cases[i].w;
        assert_int_equal(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_OK);
        assert_non_null(strstr(clconv_plan_explain(plan), o.tile));
        assert_int_equal(!!strstr(clconv_plan_explain(plan), "past the caches"), cases[i].streams);
        clconv_plan_destroy(plan);
    }
    const char *const refused[][3] = {{"depthwise", "rows,v=16,xb=1,stream=2", "tiles"},
                                      {"depthwise", "rows,v=16,xb=1,stream=", "tiles"},
                                      {"depthwise", "xb=4,yb=2,stream=1", "past the caches"},
                                      {"naive", "stream=1", "tile"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        clconv_plan *plan = NULL;
        o.algorithm = refused[i][0], o.tile = refused[i][1];
        assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_ALGORITHM_REFUSES,
                       refused[i][2]);
    }
}

/* gemm multiplies padding as zeros: no plan where that may make NaN. */
static void test_nonfinite_weights(void **state)
{
    (void)state;
    clconv_plan *plan = NULL;
    clconv_problem p = problem();
    clconv_plan_options o = {
        .size = sizeof o, .algorithm = "gemm", .flags = CLCONV_NONFINITE_WEIGHTS};
    p.pad_before[0] = p.pad_before[1] = p.pad_after[0] = p.pad_after[1] = 0;
    const clconv_status without = clconv_plan_create(ctx, &p, &o, &plan);
    if (without == CLCONV_INVALID)
        skip(); /* built without CLBlast */
    assert_int_equal(without, CLCONV_OK);
    clconv_plan_destroy(plan);
    p.pad_after[1] = 1;
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_ALGORITHM_REFUSES, "infinite");
    o.flags = 0;
    assert_int_equal(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_OK);
    clconv_plan_destroy(plan);
}

static void test_plan_refusals(void **state)
{
    (void)state;
    clconv_plan *plan = NULL;
    clconv_problem p = problem();
    clconv_plan_options o = {.size = sizeof o, .algorithm = "winograd"};
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_INVALID, "'winograd'");
    o.algorithm = "naive", o.tile = "xb=3";
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_ALGORITHM_REFUSES, "no tile");
    o.algorithm = NULL;
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_INVALID, "needs an algorithm");
    o = (clconv_plan_options){.size = sizeof o, .algorithm = "depthwise"};
    assert_int_equal(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_ALGORITHM_REFUSES);
    o = (clconv_plan_options){.size = sizeof o, .flags = 64};
    assert_refused(clconv_plan_create(ctx, &p, &o, &plan), CLCONV_NOT_IN_VERSION, "0x40");
    p.groups = 3;
    assert_refused(clconv_plan_create(ctx, &p, NULL, &plan), CLCONV_INVALID, "divisible by 3");
    assert_null(plan);
}

/* Another size of a known problem builds nothing, once rows fill vectors. */
static void test_programs_do_not_depend_on_sizes(void **state)
{
    (void)state;
    clconv_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    for (size_t i = 0; clconv_algorithm_name(i); i++) {
        clconv_problem p = problem();
        p.stride[0] = 2, p.in[1] = 20;
        clconv_plan *first = plan_of(&p, clconv_algorithm_name(i), 0);
        clconv_context_stats(ctx, &before);
        p.in[0] = 3; /* one row of y: its stride no longer matters */
        clconv_plan *row = plan_of(&p, clconv_algorithm_name(i), 0);
        p.n = 3, p.c = 6, p.k = 12, p.groups = 3, p.in[0] = 17, p.in[1] = 31;
        p.pad_before[0] = p.pad_after[1] = 1;
        clconv_plan *second = plan_of(&p, clconv_algorithm_name(i), 0);
        clconv_context_stats(ctx, &after);
        assert_int_equal(before.programs_built + before.programs_loaded,
                         after.programs_built + after.programs_loaded);
        assert_int_equal(before.build_ns, after.build_ns);
        clconv_plan_destroy(first);
        clconv_plan_destroy(row);
        clconv_plan_destroy(second);
    }
}

/* A list is warmed up: its plans build nothing, a bad one is told, the others are built. */
static void test_warm_up(void **state)
{
    (void)state;
    clconv_plan *plan = NULL;
    clconv_stats before = {.size = sizeof before}, after = before;
    clconv_problem list[] = {problem(), problem(), problem()};
    list[0].dilation[1] = 2;
    list[1].groups = 3;
    list[2].dilation[0] = 2;
    clconv_context_stats(ctx, &before);
    assert_refused(clconv_warm_up(ctx, list, sizeof list[0], 3, NULL), CLCONV_INVALID,
                   "divisible by 3");
    clconv_context_stats(ctx, &after);
    assert_int_equal(after.programs_built + after.programs_loaded,
                     before.programs_built + before.programs_loaded + 2);
    before = after;
    for (int i = 0; i < 3; i += 2) {
        assert_int_equal(clconv_plan_create(ctx, &list[i], NULL, &plan), CLCONV_OK);
        clconv_plan_destroy(plan);
    }
    clconv_context_stats(ctx, &after);
    assert_int_equal(after.programs_built + after.programs_loaded,
                     before.programs_built + before.programs_loaded);
    assert_int_equal(clconv_warm_up(ctx, NULL, sizeof list[0], 0, NULL), CLCONV_OK);
    assert_refused(clconv_warm_up(ctx, NULL, sizeof list[0], 1, NULL), CLCONV_INVALID, "missing");
}

static void test_rank_and_explain(void **state)
{
    (void)state;
    const clconv_problem p = problem();
    clconv_choice choice[16];
    const size_t count = clconv_rank(ctx, &p, NULL, choice, sizeof *choice, 16);
    assert_true(count >= 3 && count <= 16);
    assert_null(choice[0].refusal);
    clconv_plan *plan = plan_of(&p, NULL, 0);
    assert_string_equal(clconv_plan_algorithm(plan), choice[0].algorithm);
    for (size_t i = 0; i < count; i++)
        assert_non_null(strstr(clconv_plan_explain(plan), choice[i].algorithm));
    assert_non_null(strstr(clconv_plan_explain(plan), "3072 multiply-adds"));
    clconv_plan_destroy(plan);
}

static void test_foreign_device(void **state)
{
    (void)state;
    clconv_context *none = NULL;
    assert_refused(clconv_context_create(NULL, device, &none), CLCONV_INVALID, "NULL");
    assert_null(none);
    clconv_plan_destroy(NULL);
    clconv_context_destroy(NULL);
}

/* Variants hold what the cost model chooses, once, and all that clconv_rank accepts. */
static void test_variants(void **state)
{
    (void)state;
    enum { MOST = 512 };
    static clconv_variant v[MOST];
    const clconv_problem p = problem();
    clconv_choice choice[16];
    size_t models = 0, defaults = 0, small = 0, accepting = 0;
    const size_t count = clconv_variants(ctx, &p, NULL, v, sizeof *v, MOST);
    assert_true(count > 1 && count < MOST);
    assert_int_equal(clconv_variants(ctx, &p, NULL, NULL, 0, 0), count);
    clconv_plan *plan = plan_of(&p, NULL, CLCONV_UNTUNED);
    for (size_t i = 0; i < count; i++) {
        models += v[i].is_model != 0;
        defaults += v[i].is_default != 0;
        small += !strcmp(v[i].algorithm, "direct") && !strcmp(v[i].tile, "kb=1,xb=1,yb=1");
        assert_true(v[i].expected_ms > 0);
        if (!v[i].is_model)
            continue;
        assert_string_equal(v[i].algorithm, clconv_plan_algorithm(plan));
        assert_non_null(strstr(clconv_plan_explain(plan), v[i].tile));
    }
    clconv_plan_destroy(plan);
    const size_t known = clconv_rank(ctx, &p, NULL, choice, sizeof *choice, 16);
    for (size_t i = 0; i < known; i++)
        accepting += !choice[i].refusal;
    assert_int_equal(models, 1);
    assert_int_equal(small, 1);
    assert_true(defaults >= accepting);
}

int main(void)
{
    const int code = fixture_device();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_algorithm),
        cmocka_unit_test(test_plan_refusals),
        cmocka_unit_test(test_named_work_group),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_nonfinite_weights),
        cmocka_unit_test(test_programs_do_not_depend_on_sizes),
        cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_rank_and_explain),
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_foreign_device),
    };
    return code ? code : cmocka_run_group_tests(tests, set_up, tear_down);
}
