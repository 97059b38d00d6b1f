/* SPDX-License-Identifier: MIT */
/* Drivers that leave loops early, played by clSetKernelArg of this program, which stands before the
 * loader's: it makes the loop that counts as short as such a driver does. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "fixture.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ASKED = 1 << 17, GIVEN = 65535, LONG_SUM = 20000 };

static bool cutting;
static int asked;

cl_int clSetKernelArg(cl_kernel kernel, cl_uint index, size_t bytes, const void *value)
{
    static cl_int (*real)(cl_kernel, cl_uint, size_t, const void *);
    const cl_uint given = GIVEN;
    cl_uint word = 0;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clSetKernelArg");
    if (value && bytes == sizeof word)
        memcpy(&word, value, sizeof word);
    const bool counts = index == 1 && word == ASKED;
    asked += counts;
    return real(kernel, index, bytes, counts && cutting ? &given : value);
}

/* A sum of `products` products. */
static clconv_status make_plan(clconv_context *own, int64_t products, const char *algorithm)
{
    clconv_problem p;
    clconv_plan *plan = NULL;
    const clconv_plan_options options = {.size = sizeof options, .algorithm = algorithm};
    clconv_problem_init(&p, sizeof p);
    p.n = p.k = p.in[0] = p.in[1] = p.kernel[0] = p.kernel[1] = 1;
    p.c = products;
    const clconv_status status = clconv_plan_create(own, &p, &options, &plan);
    clconv_plan_destroy(plan);
    return status;
}

/* All algorithms, and the plan's own choice behind the last. */
static void test_refusals(void **state)
{
    (void)state;
    clconv_context *own = NULL;
    cutting = true, asked = 0;
    assert_int_equal(clconv_context_create(context, device, &own), CLCONV_OK);
    assert_int_equal(make_plan(own, 1000, "naive"), CLCONV_OK);
    assert_int_equal(asked, 0); /* a short sum costs nothing */
    assert_refused(make_plan(own, LONG_SUM, "naive"), CLCONV_UNSUPPORTED, "leaves loops before");
    assert_refused(make_plan(own, LONG_SUM, "direct"), CLCONV_UNSUPPORTED, "leaves loops before");
    assert_int_equal(make_plan(own, LONG_SUM, "gemm"), CLCONV_UNSUPPORTED);
    assert_int_equal(make_plan(own, LONG_SUM, NULL), CLCONV_UNSUPPORTED);
    assert_int_equal(asked, 1);
    clconv_context_destroy(own);
}

static void test_whole_loops(void **state)
{
    (void)state;
    clconv_context *own = NULL;
    cutting = false, asked = 0;
    assert_int_equal(clconv_context_create(context, device, &own), CLCONV_OK);
    assert_int_equal(make_plan(own, LONG_SUM, "naive"), CLCONV_OK);
    assert_int_equal(make_plan(own, LONG_SUM, NULL), CLCONV_OK);
    assert_int_equal(asked, 1);
    clconv_context_destroy(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_whole_loops),
    };
    const int code = fixture_device();
    return code ? code : cmocka_run_group_tests(tests, set_up, tear_down);
}
