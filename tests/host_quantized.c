/* SPDX-License-Identifier: MIT */
/* Zero points and scales of bytes: rounding and saturation at every boundary, zero points and
 * scales by filter, in groups, a shared kernel and a table of groups; and what is refused. Exit 77
 * without a device. */
#include "fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 4096 };

static uint8_t x_bytes[MOST], w_bytes[MOST], y_bytes[4 * MOST];
static int32_t bias[MOST];

static int value_of(int32_t dtype, const void *data, size_t i)
{
    return dtype == CLCONV_I8   ? ((const int8_t *)data)[i]
           : dtype == CLCONV_U8 ? ((const uint8_t *)data)[i]
                                : ((const int32_t *)data)[i];
}

/* By the header's formula. */
static int expected(const clconv_problem *p, int64_t filter, int32_t sum)
{
    const clconv_quantization *q = p->quantization;
    if (!p->y.dtype || p->y.dtype == CLCONV_I32)
        return sum;
    const double scale = q->w_scale[q->w_scales == 1 ? 0 : filter];
    const float factor = (float)(q->x_scale * scale / q->y_scale), product = (float)sum * factor;
    const double real = nearbyint((double)product) + q->y_zero;
    const int low = p->y.dtype == CLCONV_I8 ? -128 : 0, high = low + 255;
    return real < low ? low : real > high ? high : (int)real;
}

static void run(const clconv_problem *p)
{
    clconv_plan *plan = NULL;
    clconv_work_size size = {.size = sizeof size};
    assert_int_equal(clconv_problem_work(p, &size), CLCONV_OK);
    const uint64_t bytes[] = {size.x_bytes, size.w_bytes, size.b_bytes, size.y_bytes};
    void *const data[] = {x_bytes, w_bytes, bias, y_bytes};
    cl_mem mem[4] = {NULL};
    for (size_t i = 0; i < 4; i++)
        if (bytes[i])
            mem[i] = buffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, (size_t)bytes[i],
                            data[i]);
    assert_int_equal(clconv_plan_create(ctx, p, NULL, &plan), CLCONV_OK);
    const clconv_args args = {
        .size = sizeof args, .x.mem = mem[0], .w.mem = mem[1], .b.mem = mem[2], .y.mem = mem[3]};
    assert_int_equal(clconv_enqueue(plan, queue, &args, 0, NULL, NULL), CLCONV_OK);
    clEnqueueReadBuffer(queue, mem[3], CL_TRUE, 0, (size_t)bytes[3], y_bytes, 0, NULL, NULL);
    clconv_plan_destroy(plan);
    for (size_t i = 0; i < 4; i++)
        if (mem[i])
            clReleaseMemObject(mem[i]);
}

/* A 1x1 filter of weight 1 with one filter for each bias: the sums are the biases. */
static void test_boundaries(void **state)
{
    (void)state;
    static const int32_t sums[] = {
        0,   1,        -1,       2,        3,         5,         -3,           -5,  253,
        254, 255,      256,      257,      -255,      -256,      -257,         509, 510,
        511, 16777217, 16777219, 33554435, INT32_MAX, INT32_MIN, INT32_MIN + 1};
    static const double factors[] = {
        0.5, 1.0, 0.25, 1.5, 1e-9, 3.0, 1e9, 167.5 / 33554434}; /* between two floats of a sum */
    static const int32_t zeros[2][3] = {{0, -128, 127}, {0, 128, 255}};
    enum { SUMS = sizeof sums / sizeof sums[0] };
    const double scale = 1.0;
    clconv_quantization q = {.size = sizeof q, .y_scale = 1.0, .w_scale = &scale, .w_scales = 1};
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.c = 1, p.k = SUMS, p.in[0] = p.in[1] = 1;
    p.x.dtype = CLCONV_U8, p.b.dtype = CLCONV_I32, p.quantization = &q;
    memset(x_bytes, 0, sizeof x_bytes);
    memcpy(bias, sums, sizeof sums);
    for (size_t i = 0; i < 2 * 3 * 8; i++) {
        p.y.dtype = i % 2 ? CLCONV_U8 : CLCONV_I8;
        q.y_zero = zeros[i % 2][i / 2 % 3];
        q.x_scale = factors[i / 6];
        run(&p);
        for (int64_t k = 0; k < SUMS; k++)
            if (value_of(p.y.dtype, y_bytes, (size_t)k) != expected(&p, k, sums[k]))
                fail_msg("sum %d, factor %g, zero %d: %d, not %d", sums[k], q.x_scale, q.y_zero,
                         value_of(p.y.dtype, y_bytes, (size_t)k), expected(&p, k, sums[k]));
    }
}

/* The sum of output (k, p, q), padding adding nothing. */
static int32_t sum_of(const clconv_problem *p, int64_t first_in, int64_t in, int64_t k, int64_t row,
                      int64_t col, size_t w_first)
{
    const clconv_quantization *q = p->quantization;
    const int64_t filter = p->shared ? k % (p->k / p->c) : k;
    const int32_t w_zero = q->w_zero ? q->w_zero[q->w_zeros == 1 ? 0 : filter] : 0;
    int32_t sum = p->b.dtype ? bias[filter] : 0;
    for (int64_t c = 0; c < in; c++)
        for (int64_t r = 0; r < p->kernel[0]; r++)
            for (int64_t s = 0; s < p->kernel[1]; s++) {
                const int64_t ih = row + r - p->pad_before[0], iw = col + s - p->pad_before[1];
                if (ih < 0 || ih >= p->in[0] || iw < 0 || iw >= p->in[1])
                    continue;
                const size_t at = (size_t)(((first_in + c) * p->in[0] + ih) * p->in[1] + iw);
                const size_t weight = w_first + (size_t)((c * p->kernel[0] + r) * p->kernel[1] + s);
                sum += (value_of(p->x.dtype, x_bytes, at) - q->x_zero) *
                       (value_of(p->w.dtype, w_bytes, weight) - w_zero);
            }
    return sum;
}

static void check_outputs(const clconv_problem *p)
{
    clconv_shape shape;
    size_t w_first = 0;
    int64_t first_in = 0, g = 0, left = p->group_out ? p->group_out[0] : p->k / p->groups;
    assert_int_equal(clconv_output_shape(p, &shape), CLCONV_OK);
    for (int64_t k = 0; k < p->k; k++, left--) {
        if (left == 0) {
            first_in += p->group_in ? p->group_in[g] : p->c / p->groups;
            left = p->group_out ? p->group_out[++g] : p->k / p->groups;
        }
        const int64_t in = p->shared ? 1 : p->group_in ? p->group_in[g] : p->c / p->groups;
        const int64_t filters = p->shared ? p->k / p->c : p->k;
        const size_t w_at =
            p->shared ? (size_t)((k % filters) * p->kernel[0] * p->kernel[1]) : w_first;
        for (int64_t i = 0; i < shape.dim[2] * shape.dim[3]; i++) {
            const int32_t sum = sum_of(p, p->shared ? k / filters : first_in, in, k,
                                       i / shape.dim[3], i % shape.dim[3], w_at);
            const int got = value_of(clconv_output_dtype(p), y_bytes,
                                     (size_t)(k * shape.dim[2] * shape.dim[3] + i));
            if (got != expected(p, p->shared ? k % filters : k, sum))
                fail_msg("output %lld of channel %lld: %d, not %d", (long long)i, (long long)k, got,
                         expected(p, p->shared ? k % filters : k, sum));
        }
        w_first += (size_t)(in * p->kernel[0] * p->kernel[1]);
    }
}

/* Signs mixed, zero points and scales of every filter, by form. */
static void test_forms(void **state)
{
    (void)state;
    static const int64_t group_in[] = {1, 3, 2}, group_out[] = {2, 3, 1};
    static const int32_t signed_zeros[6] = {0, 3, -7, 127, -128, 1},
                         zeros[6] = {0, 3, 255, 127, 128, 1};
    static const double w_scale[6] = {0.01, 0.5, 0.003, 0.02, 1.0, 0.1};
    static const int32_t types[] = {CLCONV_I8, CLCONV_U8};
    for (size_t i = 0; i < MOST; i++) {
        x_bytes[i] = (uint8_t)(i * 37 + 11);
        w_bytes[i] = (uint8_t)(i * 101 + 5);
        bias[i] = (int32_t)(i * 517) - 900;
    }
    for (size_t i = 0; i < 2 * 2 * 3 * 3; i++) {
        clconv_problem p;
        clconv_problem_init(&p, sizeof p);
        const size_t form = i / 12;
        p.c = form == 1 ? 2 : 6, p.k = 6;
        p.in[0] = 5, p.in[1] = 4, p.kernel[0] = 3, p.kernel[1] = 2;
        p.pad_before[0] = 2, p.pad_after[1] = 1;
        p.x.dtype = types[i % 2], p.w.dtype = types[i / 2 % 2];
        p.y.dtype = i / 4 % 3 == 2 ? CLCONV_I32 : types[i / 4 % 3];
        p.b.dtype = CLCONV_I32;
        p.groups = form == 0 ? 2 : form == 1 ? 1 : 3;
        p.shared = form == 1;
        if (form == 2)
            p.group_in = group_in, p.group_out = group_out;
        const int64_t filters = p.shared ? 3 : 6;
        const clconv_quantization q = {.size = sizeof q,
                                       .x_zero = p.x.dtype == CLCONV_I8 ? -5 : 200,
                                       .y_zero = p.y.dtype == CLCONV_I8 ? 7 : 100,
                                       .w_zero = p.w.dtype == CLCONV_I8 ? signed_zeros : zeros,
                                       .w_zeros = filters,
                                       .x_scale = 0.03,
                                       .y_scale = 0.7,
                                       .w_scale = w_scale,
                                       .w_scales = filters};
        p.quantization = &q;
        run(&p);
        check_outputs(&p);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    const int32_t zero[] = {0, 300};
    const double scale[] = {1.0, -1.0};
    clconv_quantization q = {
        .size = sizeof q, .x_scale = 1, .y_scale = 1, .w_scale = scale, .w_scales = 1};
    clconv_problem p = problem();
    p.quantization = &q;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "are of int8 and uint8, not float32");
    p.x.dtype = CLCONV_U8, p.y.dtype = CLCONV_I8;
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    q.x_zero = -1;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "zero point of x, -1, is no uint8");
    q.x_zero = 0, q.y_zero = 128;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "zero point of y, 128, is no int8");
    q.y_zero = 0, q.w_zero = zero, q.w_zeros = 2;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "one, or one for each of 8 filters");
    q.w_zero = zero + 1, q.w_zeros = 1;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "300 in entry 0");
    q.w_zero = NULL, q.w_scales = 2;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "w_scale has 2 entries");
    q.w_scales = 1, q.w_scale = scale + 1;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "w (entry 0: -1)");
    q.w_scale = scale, q.x_scale = NAN;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "x has nan, y 1");
    q.x_scale = 1e30, q.y_scale = 1e-30;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "a float together");
    p.quantization = NULL;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "bytes need scales");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_boundaries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forms, set_up, tear_down),
        cmocka_unit_test(test_refusals),
    };
    const int status = fixture_device();
    return status ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
