/* SPDX-License-Identifier: MIT */
/* Epilogues: every design stores activation(alpha * v + beta * residual) for the v that it stores
 * without one, to the bit; and what is refused. Exit 77 without a device. */
#include "fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 1 << 16, MOST_VARIANTS = 512 };

typedef struct ending {
    clconv_epilogue epilogue;
    bool residual, accumulate;
    double alpha, beta;
} ending;

static const ending endings[] = {
    {{sizeof(clconv_epilogue), CLCONV_RELU, 0, 0, 0}, true, false, 0, 0},
    {{sizeof(clconv_epilogue), CLCONV_CLIP, -1.5, 6, 0}, false, false, 0.75, 0},
    {{sizeof(clconv_epilogue), CLCONV_LEAKY_RELU, 0, 0, 0.01}, true, false, -1.25, 0.3},
    {{sizeof(clconv_epilogue), CLCONV_HARDSWISH, 0, 0, 0}, false, false, 0, 0},
    {{sizeof(clconv_epilogue), CLCONV_ACTIVATION_NONE, 0, 0, 0}, false, true, 0.5, -2},
};
enum { ENDINGS = sizeof endings / sizeof endings[0] };

/* As the header says it. */
static float activate(const clconv_epilogue *e, float v)
{
    const float low = (float)e->low, high = (float)e->high, slope = (float)e->slope;
    switch (e->activation) {
    case CLCONV_RELU:
        return v < 0 ? 0 : v;
    case CLCONV_CLIP:
        return v < low ? low : v > high ? high : v;
    case CLCONV_LEAKY_RELU:
        return v < 0 ? slope * v : v;
    case CLCONV_HARDSWISH:
        return v * (v < -3 ? 0 : v > 3 ? 1 : (v + 3) * (1.0f / 6.0f));
    default:
        return v;
    }
}

static float end(const ending *e, float v, float residual)
{
    const bool both = e->alpha == 0 && e->beta == 0;
    const float alpha = both ? 1 : (float)e->alpha, beta = both ? 1 : (float)e->beta;
    const float scaled = alpha * v;
    return activate(&e->epilogue,
                    e->residual || e->accumulate ? fmaf(beta, residual, scaled) : scaled);
}

typedef struct arrays {
    cl_mem x, w, b, residual, y;
    size_t outputs;
    float held[MOST], plain[MOST], ended[MOST];
} arrays;

static cl_mem random_buffer(size_t bytes, float *copy)
{
    static uint32_t state = 1;
    float *const data = malloc(bytes);
    for (size_t i = 0; i < bytes / sizeof *data; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
    }
    if (copy)
        memcpy(copy, data, bytes);
    const cl_mem mem = buffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, data);
    free(data);
    return mem;
}

static void open_arrays(const clconv_problem *p, arrays *a)
{
    clconv_work_size size = {.size = sizeof size};
    assert_int_equal(clconv_problem_work(p, &size), CLCONV_OK);
    a->outputs = (size_t)size.y_bytes / sizeof(float);
    assert_true(a->outputs <= MOST);
    a->x = random_buffer((size_t)size.x_bytes, NULL);
    a->w = random_buffer((size_t)size.w_bytes, NULL);
    a->b = random_buffer((size_t)size.b_bytes, NULL);
    a->residual = random_buffer((size_t)size.y_bytes, a->held);
    a->y = random_buffer((size_t)size.y_bytes, NULL);
}

static void close_arrays(arrays *a)
{
    const cl_mem all[] = {a->x, a->w, a->b, a->residual, a->y};
    for (size_t i = 0; i < 5; i++)
        clReleaseMemObject(all[i]);
}

/* False where the variant refuses. y holds the residual's values before. */
static bool run(const clconv_problem *p, const clconv_variant *v, const ending *e, arrays *a,
                float *out)
{
    clconv_plan *plan = NULL;
    const size_t bytes = a->outputs * sizeof(float);
    const clconv_plan_options options = {
        .size = sizeof options, .algorithm = v->algorithm, .tile = v->tile[0] ? v->tile : NULL};
    const clconv_status status = clconv_plan_create(ctx, p, &options, &plan);
    if (status == CLCONV_ALGORITHM_REFUSES)
        return false;
    assert_int_equal(status, CLCONV_OK);
    clconv_args args = {
        .size = sizeof args, .x.mem = a->x, .w.mem = a->w, .b.mem = a->b, .y.mem = a->y};
    if (e) {
        args.alpha = e->alpha, args.beta = e->beta;
        args.residual.mem = e->residual ? a->residual : NULL;
    }
    clEnqueueWriteBuffer(queue, a->y, CL_TRUE, 0, bytes, a->held, 0, NULL, NULL);
    assert_int_equal(clconv_enqueue(plan, queue, &args, 0, NULL, NULL), CLCONV_OK);
    clEnqueueReadBuffer(queue, a->y, CL_TRUE, 0, bytes, out, 0, NULL, NULL);
    clconv_plan_destroy(plan);
    return true;
}

/* False where the variant refuses the ending. */
static bool compare(const clconv_problem *plain, const clconv_variant *v, const ending *e,
                    arrays *a)
{
    clconv_problem p = *plain;
    p.epilogue = &e->epilogue;
    p.accumulate = e->accumulate;
    p.residual.dtype = e->residual ? CLCONV_F32 : 0;
    if (!run(&p, v, e, a, a->ended))
        return false;
    assert_true(run(plain, v, NULL, a, a->plain));
    for (size_t i = 0; i < a->outputs; i++) {
        const float wanted = end(e, a->plain[i], a->held[i]);
        if (a->ended[i] != wanted)
            fail_msg("%s %s, activation %d: output %zu is %.9g, not %.9g", v->algorithm, v->tile,
                     e->epilogue.activation, i, (double)a->ended[i], (double)wanted);
    }
    return true;
}

static clconv_problem shape(int64_t c, int64_t k, int64_t groups, int64_t image, int64_t taps)
{
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.n = 2, p.c = c, p.k = k, p.groups = groups;
    p.in[0] = image - 2, p.in[1] = image;
    p.kernel[0] = p.kernel[1] = taps;
    for (int axis = 0; axis < 2; axis++)
        p.pad_before[axis] = p.pad_after[axis] = taps / 2;
    p.b.dtype = CLCONV_F32;
    return p;
}

/* Every design with its own tile, the endings in turn: those that it has. */
static void test_designs(void **state)
{
    (void)state;
    static clconv_variant variant[MOST_VARIANTS];
    static arrays a;
    const clconv_problem problems[] = {shape(19, 19, 19, 21, 3), shape(32, 64, 2, 14, 3),
                                       shape(18, 6, 3, 35, 3), shape(160, 24, 1, 11, 1),
                                       shape(19, 38, 19, 9, 3)};
    size_t turn = 0;
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        const size_t count =
            clconv_variants(ctx, &problems[i], NULL, variant, sizeof *variant, MOST_VARIANTS);
        open_arrays(&problems[i], &a);
        for (size_t v = 0; v < count && v < MOST_VARIANTS; v++)
            if (variant[v].is_default && strcmp(variant[v].algorithm, "gemm"))
                while (!compare(&problems[i], &variant[v], &endings[turn++ % ENDINGS], &a))
                    assert_true(turn < MOST_VARIANTS);
        close_arrays(&a);
    }
}

/* naive with all of them. */
static void test_endings(void **state)
{
    (void)state;
    static arrays a;
    const clconv_problem p = shape(6, 4, 2, 7, 3);
    const clconv_variant naive = {.algorithm = "naive"};
    open_arrays(&p, &a);
    for (size_t e = 0; e < ENDINGS; e++)
        assert_true(compare(&p, &naive, &endings[e], &a));
    close_arrays(&a);
}

static void test_refusals(void **state)
{
    (void)state;
    clconv_epilogue e = {.size = sizeof e, .activation = CLCONV_CLIP, .low = 2, .high = 1};
    clconv_problem p = problem();
    p.epilogue = &e;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "a clip from 2 to 1 holds nothing");
    e.activation = 9;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "activation 9 is no clconv_activation");
    e = (clconv_epilogue){.size = sizeof e, .activation = CLCONV_LEAKY_RELU, .slope = NAN};
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "slope of a leaky relu is NaN");
    e.slope = 0.1;
    p.op = CLCONV_BACKWARD_WEIGHTS;
    assert_refused(clconv_validate(&p), CLCONV_NOT_IN_VERSION, "epilogue of a gradient");
    p.op = CLCONV_FORWARD, p.x.dtype = CLCONV_I8;
    assert_refused(clconv_validate(&p), CLCONV_NOT_IN_VERSION, "epilogue of int8 or uint8");
    p = problem();
    p.accumulate = 2;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "accumulate is 2");
    p.accumulate = 1, p.residual.dtype = CLCONV_F32;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "a residual beside accumulate");
    p.accumulate = 0, p.residual.dtype = CLCONV_F16;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "residual's type (float16)");
    p.residual.dtype = CLCONV_F32, p.residual.layout = CLCONV_LAYOUT_CHANNELS_LAST;
    assert_refused(clconv_validate(&p), CLCONV_NOT_IN_VERSION, "another layout");
}

/* What a call gives must be what the problem has. */
static void test_arguments(void **state)
{
    (void)state;
    clconv_problem p = problem(), bare = problem();
    p.residual.dtype = CLCONV_F32;
    clconv_plan *with = plan_of(&p, "naive", 0), *without = plan_of(&bare, "naive", 0);
    clconv_args args = {.size = sizeof args, .x.mem = x, .w.mem = w, .y.mem = y, .beta = 2};
    assert_refused(clconv_enqueue(without, queue, &args, 0, NULL, NULL), CLCONV_INVALID,
                   "no epilogue to take them");
    assert_refused(clconv_enqueue(with, queue, &args, 0, NULL, NULL), CLCONV_INVALID_BUFFER,
                   "residual is NULL");
    args.residual.mem = y;
    assert_refused(clconv_enqueue(with, queue, &args, 0, NULL, NULL), CLCONV_INVALID_BUFFER,
                   "y and residual overlap");
    args.beta = 0;
    assert_refused(clconv_enqueue(without, queue, &args, 0, NULL, NULL), CLCONV_INVALID_BUFFER,
                   "a residual is given, but the problem has none");
    clconv_plan_destroy(with);
    clconv_plan_destroy(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_designs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_endings, set_up, tear_down),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test_setup_teardown(test_arguments, set_up, tear_down),
    };
    const int status = fixture_device();
    return status ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
