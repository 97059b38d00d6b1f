/* SPDX-License-Identifier: MIT */
/* Tensors in memory: each element where the definition of its layout says, and back. */
#include "codec.h"
#include "problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Element numbers that fit every type. */
static double *numbers(size_t count)
{
    double *const out = malloc((count + 1) * sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++)
        out[i] = (double)(i * 37 % 101);
    return out;
}

static double element(int32_t dtype, const void *bytes, size_t at)
{
    double value;
    number_load(dtype, (const char *)bytes + at * number_bytes(dtype), 1, 1, &value);
    return value;
}

/* Encodes and decodes; returns the bytes, of which none behind the last may be touched. */
static void *encode(const clconv_problem *p, const oracle_shape *shape, tensor_id id,
                    const double *from)
{
    const size_t count = tensor_elements(shape, id), bytes = codec_bytes(p, shape, id);
    unsigned char *const out = malloc(bytes + 8);
    double *const back = malloc((count + 1) * sizeof *back);
    assert_true(out && back);
    memset(out, 0xa5, bytes + 8);
    codec_encode(p, shape, id, from, out);
    codec_decode(p, shape, id, out, back);
    assert_true(count == 0 || memcmp(from, back, count * sizeof *back) == 0);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(out[bytes + i], 0xa5);
    free(back);
    return out;
}

static void check_images(const clconv_problem *p, const oracle_shape *shape, tensor_id id)
{
    const bool x = id == TENSOR_X;
    const bool last = (x ? p->x.layout : p->y.layout) == CLCONV_LAYOUT_CHANNELS_LAST;
    const size_t c = (size_t)(x ? p->c : shape->k), h = (size_t)(x ? p->in[0] : shape->p);
    const size_t w = (size_t)(x ? p->in[1] : shape->q), count = tensor_elements(shape, id);
    double *const from = numbers(count);
    void *const bytes = encode(p, shape, id, from);
    for (size_t i = 0; i < count; i++) {
        const size_t col = i % w, row = i / w % h, channel = i / w / h % c, n = i / w / h / c;
        const size_t at = last ? ((n * h + row) * w + col) * c + channel : i;
        assert_true(element(tensor_dtype(p, id), bytes, at) == from[i]);
    }
    free(from);
    free(bytes);
}

/* Block after block of (outputs, inputs, R, S), or (outputs, R, S, inputs). */
static void check_filters(const clconv_problem *p, const oracle_shape *shape)
{
    const bool last = p->w.layout == CLCONV_LAYOUT_CHANNELS_LAST;
    double *const from = numbers(shape->w);
    void *const bytes = encode(p, shape, TENSOR_W, from);
    const size_t taps = (size_t)(p->kernel[0] * p->kernel[1]);
    size_t block = 0;
    for (int64_t g = 0; g < (p->shared ? 1 : p->groups); g++) {
        const size_t in = (size_t)(p->shared ? 1 : p->group_in ? p->group_in[g] : p->c / p->groups);
        const size_t out = (size_t)(p->shared      ? p->k / p->c
                                    : p->group_out ? p->group_out[g]
                                                   : p->k / p->groups);
        for (size_t i = 0; i < out * in * taps; i++) {
            const size_t tap = i % taps, c = i / taps % in, k = i / taps / in;
            const size_t at = block + (last ? (k * taps + tap) * in + c : i);
            assert_true(element(tensor_dtype(p, TENSOR_W), bytes, at) == from[block + i]);
        }
        block += out * in * taps;
    }
    assert_int_equal(block, shape->w);
    free(from);
    free(bytes);
}

static void test_layouts(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (int i = 0; i < 40 * FORMS; i++) {
        int64_t tables[8];
        oracle_shape shape;
        clconv_problem p = random_problem((form)(i % FORMS), &random, tables);
        p.x.dtype = CLCONV_F32 + (int32_t)pick(&random, 0, 5);
        p.w.dtype = p.y.dtype = 0;
        p.x.layout = (int32_t)pick(&random, 0, 1);
        p.w.layout = (int32_t)pick(&random, 0, 1);
        p.y.layout = (int32_t)pick(&random, 0, 1);
        assert_true(oracle_output(&p, &shape));
        check_images(&p, &shape, TENSOR_X);
        check_images(&p, &shape, TENSOR_Y);
        check_filters(&p, &shape);
    }
}

/* Where the strides say, no two elements in one place, and the gaps are left alone. */
static void test_views(void **state)
{
    (void)state;
    static const char *const texts[] = {"n2c3h4w5k6r2s3", "n2c3h4w5k6r2s3:nhwc:f16",
                                        "n1c1h1w7k1:u8", "n3c2h1w1k3b1:f64:nhwc"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (int view = 1; view <= 3; view++) {
            char why[128];
            case_spec c;
            oracle_shape s;
            assert_true(case_parse(texts[t], &c, why, sizeof why));
            c.view = view;
            const clconv_problem p = suite_problem(&c);
            assert_true(oracle_output(&p, &s));
            assert_int_equal(clconv_validate(&p), CLCONV_OK);
            assert_true(codec_has_gaps(&p, TENSOR_X) && codec_has_gaps(&p, TENSOR_Y));
            const size_t unit = number_bytes(tensor_dtype(&p, TENSOR_X));
            const size_t bytes = codec_bytes(&p, &s, TENSOR_X);
            unsigned char *const left = malloc(bytes), *const copy = malloc(bytes);
            double *const from = numbers(s.x);
            void *const stored = encode(&p, &s, TENSOR_X, from);
            memset(left, 0, bytes);
            memset(copy, 0xa5, bytes);
            codec_copy(&p, &s, TENSOR_X, stored, copy);
            assert_memory_equal(stored, copy, bytes); /* gaps were 0xa5 in both */
            for (size_t i = 0; i < s.x; i++) {
                const size_t w = i % (size_t)p.in[1], row = i / (size_t)p.in[1];
                const size_t h = row % (size_t)p.in[0], plane = row / (size_t)p.in[0];
                const size_t at = plane / (size_t)p.c * (size_t)p.x.stride[0] +
                                  plane % (size_t)p.c * (size_t)p.x.stride[1] +
                                  h * (size_t)p.x.stride[3] + w * (size_t)p.x.stride[4];
                assert_true(element(tensor_dtype(&p, TENSOR_X), stored, at) == from[i]);
                assert_int_equal(left[at * unit]++, 0);
            }
            assert_int_equal(left[bytes - unit], 1); /* the last byte is an element's */
            free(left);
            free(copy);
            free(from);
            free(stored);
        }
}

static void test_types(void **state)
{
    (void)state;
    clconv_problem p = plain_problem(1, 2, 3, 4, 2, 2, 2);
    p.x.dtype = CLCONV_U8;
    p.w.dtype = p.y.dtype = 0;
    assert_int_equal(tensor_dtype(&p, TENSOR_W), CLCONV_U8);
    assert_int_equal(tensor_dtype(&p, TENSOR_B), CLCONV_I32);
    assert_int_equal(tensor_dtype(&p, TENSOR_Y), CLCONV_I32);
    assert_int_equal(tensor_output_dtype(&p), CLCONV_I32);
    p.x.dtype = CLCONV_BF16;
    assert_int_equal(tensor_dtype(&p, TENSOR_B), CLCONV_BF16);
    for (p.op = CLCONV_FORWARD; p.op <= CLCONV_BACKWARD_WEIGHTS; p.op++)
        assert_int_equal(tensor_output_dtype(&p), CLCONV_BF16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_layouts), cmocka_unit_test(test_views),
                                       cmocka_unit_test(test_types)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
