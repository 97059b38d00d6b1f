/* SPDX-License-Identifier: MIT */
/* Unit tests of problem.c and checks.c: what is accepted, what is refused, in which words. No
 * device. */
#include "clconv/clconv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static clconv_problem plain(void)
{
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.n = 2, p.c = 8, p.k = 12, p.groups = 4;
    p.in[0] = 7, p.in[1] = 5, p.kernel[0] = 3, p.kernel[1] = 2;
    return p;
}

static void assert_refused(clconv_status got, clconv_status wanted, const char *phrase)
{
    if (got != wanted || !strstr(clconv_last_error(), phrase))
        fail_msg("wanted %s with '%s', got %s: %s", clconv_status_name(wanted), phrase,
                 clconv_status_name(got), clconv_last_error());
}

/* One field of the plain problem set wrong. */
#define FIELD(name) offsetof(clconv_problem, name)
static const struct {
    size_t field;
    bool wide; /* int64, else int32 */
    int64_t value;
    clconv_status status;
    const char *phrase;
} refusals[] = {
    {FIELD(groups), true, 0, CLCONV_INVALID, "non-positive groups is not supported"},
    {FIELD(groups), true, -3, CLCONV_INVALID, "got groups=-3"},
    {FIELD(groups), true, 16, CLCONV_INVALID, "expected weight to be at least 16 at dimension 0"},
    {FIELD(groups), true, 5, CLCONV_INVALID, "expected weight to be divisible by 5"},
    {FIELD(c), true, 7, CLCONV_INVALID, "in_channels must be divisible by groups"},
    {FIELD(c), true, 0, CLCONV_INVALID, "0 channels"},
    {FIELD(c), true, -1, CLCONV_INVALID, "negative dimension"},
    {FIELD(n), true, -1, CLCONV_INVALID, "negative dimension"},
    {FIELD(k), true, 0, CLCONV_INVALID, "at least 4 at dimension 0"},
    {FIELD(stride[0]), true, 0, CLCONV_INVALID, "non-positive stride is not supported: got (0, 1)"},
    {FIELD(stride[1]), true, -2, CLCONV_INVALID, "non-positive stride"},
    {FIELD(dilation[0]), true, 0, CLCONV_INVALID, "non-positive dilation"},
    {FIELD(pad_before[0]), true, -1, CLCONV_INVALID,
     "negative padding is not supported: got top -1"},
    {FIELD(pad_after[1]), true, -1, CLCONV_INVALID, "right -1"},
    {FIELD(kernel[0]), true, 0, CLCONV_INVALID, "kernel_height: 0 kernel_width: 2"},
    {FIELD(kernel[1]), true, 6, CLCONV_INVALID, "(7 x 5). Kernel size: (3 x 6)"},
    {FIELD(dilation[0]), true, 4, CLCONV_INVALID, "Kernel size: (9 x 2)"},
    {FIELD(in[0]), true, 0, CLCONV_INVALID, "Calculated padded input size per channel: (0 x 5)"},
    {FIELD(pad_before[0]), true, INT64_MAX, CLCONV_INVALID, "exceeds 64 bits"},
    {FIELD(dilation[0]), true, INT64_MAX, CLCONV_INVALID, "exceeds 64 bits"},
    {FIELD(pad_before[0]), true, INT32_MAX, CLCONV_NOT_IN_VERSION, "padded height is 2147483654"},
    {FIELD(n), true, INT64_MAX / 64, CLCONV_INVALID, "exceeds 2^63 bytes"},
    {FIELD(pad_mode), false, 9, CLCONV_INVALID, "no value of its enum"},
    {FIELD(op), false, 3, CLCONV_INVALID, "no value of its enum"},
    {FIELD(reduce), false, CLCONV_REDUCE_SUM, CLCONV_INVALID, "belongs to a shared kernel"},
    {FIELD(shared), false, 1, CLCONV_INVALID, "takes no groups"},
    {FIELD(spatial), false, 3, CLCONV_INVALID, "spatial is 3"},
    {FIELD(x.dtype), false, CLCONV_I32, CLCONV_NOT_IN_VERSION, "x of type int32"},
    {FIELD(x.dtype), false, 99, CLCONV_INVALID, "no type"},
    {FIELD(w.dtype), false, CLCONV_F64, CLCONV_INVALID, "(float32) and weight type (float64)"},
    {FIELD(b.dtype), false, CLCONV_F64, CLCONV_INVALID, "(float32) and bias type (float64)"},
    {FIELD(y.dtype), false, CLCONV_I32, CLCONV_INVALID, "output type"},
    {FIELD(x.layout), false, 2, CLCONV_INVALID, "no clconv_layout"},
    {FIELD(x.stride[1]), true, -4, CLCONV_INVALID, "negative strides"},
    {FIELD(x.stride[2]), true, 4, CLCONV_INVALID, "an axis that the problem has not"},
    {FIELD(x.stride[0]), true, INT64_MAX, CLCONV_INVALID, "spans more than 2^63"},
    {FIELD(y.stride[0]), true, 4, CLCONV_INVALID, "single memory location (strides 4, 0, 0, 0)"},
    {FIELD(w.stride[1]), true, 4, CLCONV_NOT_IN_VERSION, "strided w"},
    {FIELD(b.stride[0]), true, 4, CLCONV_NOT_IN_VERSION, "strided b"},
    {FIELD(kernel[2]), true, 7, CLCONV_INVALID, "third axis"},
    {FIELD(pad_before[2]), true, -4, CLCONV_INVALID, "third axis"},
    {FIELD(accumulate), false, 2, CLCONV_INVALID, "accumulate is 2"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        clconv_problem p = plain();
        const int32_t narrow = (int32_t)refusals[i].value;
        if (refusals[i].wide)
            memcpy((char *)&p + refusals[i].field, &refusals[i].value, sizeof(int64_t));
        else
            memcpy((char *)&p + refusals[i].field, &narrow, sizeof narrow);
        assert_refused(clconv_validate(&p), refusals[i].status, refusals[i].phrase);
    }
}

static void test_accepted(void **state)
{
    (void)state;
    clconv_problem p = plain();
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    p.n = 0;
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    p.in[1] = 0, p.pad_before[1] = 2; /* W = 0 is legal where N = 0 and the padding makes it wide */
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    p.n = 1;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "Only zero batch or zero channel inputs");
    p = plain();
    p.stride[0] = INT64_C(1) << 40; /* more than the image: one row */
    p.kernel[1] = 1, p.dilation[1] = INT64_C(1) << 40;
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    p = plain();
    p.pad_before[0] = 10; /* more than the kernel: legal */
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
}

/* Windows that fit, by walking. */
static int64_t count_windows(int64_t padded, int64_t kernel, int64_t stride, int64_t dilation)
{
    int64_t count = 0;
    for (int64_t at = 0; at + dilation * (kernel - 1) < padded; at += stride)
        count++;
    return count;
}

/* Sizes at the edge of 64 bits: refused for what is wrong, computed without overflow. */
static void test_large(void **state)
{
    (void)state;
    clconv_problem p = plain();
    p.n = INT64_C(1) << 62, p.in[0] = INT64_C(1) << 40;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "exceeds 2^63 bytes");
    p = plain();
    p.n = 0, p.c = p.k = 4,
    p.in[0] = p.in[1] = INT32_MAX; /* no image, but each would be too large */
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "exceeds 2^63 bytes");
    p = plain();
    p.c = p.k = p.groups = 1 << 29; /* depthwise: 2^29 filters, not 2^58 */
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    const int64_t in[] = {1, 2, 1};
    const clconv_shape x = {4, {1, 4, 3, 3}}, w = {3, {INT64_MAX - 3, 1, 1}};
    clconv_problem_init(&p, sizeof p);
    p.groups = 3, p.group_in = in;
    assert_int_equal(clconv_describe(&p, &x, &w, NULL), CLCONV_INVALID);
}

static void test_output_shape(void **state)
{
    (void)state;
    for (int64_t in = 1; in < 12; in++)
        for (int64_t kernel = 1; kernel < 5; kernel++)
            for (int64_t stride = 1; stride < 5; stride++)
                for (int64_t dilation = 1; dilation < 4; dilation++) {
                    clconv_problem p = plain();
                    clconv_shape y;
                    p.in[0] = in, p.kernel[0] = kernel, p.stride[0] = stride;
                    p.dilation[0] = dilation, p.pad_before[0] = 1, p.pad_after[0] = 2;
                    const int64_t wanted = count_windows(in + 3, kernel, stride, dilation);
                    if (wanted == 0) {
                        assert_int_equal(clconv_output_shape(&p, &y), CLCONV_INVALID);
                        continue;
                    }
                    assert_int_equal(clconv_output_shape(&p, &y), CLCONV_OK);
                    assert_int_equal(y.dim[0], 2);
                    assert_int_equal(y.dim[1], 12);
                    assert_int_equal(y.dim[2], wanted);
                    assert_int_equal(y.dim[3], 4);
                }
}

static void test_same(void **state)
{
    (void)state;
    clconv_problem p = plain();
    clconv_shape y;
    p.kernel[0] = 4, p.dilation[0] = 3;
    assert_int_equal(clconv_pad_same(&p), CLCONV_OK);
    assert_int_equal(p.pad_before[0], 4); /* 9 in all, the odd one below */
    assert_int_equal(p.pad_after[0], 5);
    assert_int_equal(p.pad_before[1], 0); /* kernel 2: one column, on the right */
    assert_int_equal(p.pad_after[1], 1);
    assert_int_equal(clconv_output_shape(&p, &y), CLCONV_OK);
    assert_int_equal(y.dim[2], 7);
    assert_int_equal(y.dim[3], 5);
    p.stride[1] = 2;
    assert_refused(clconv_pad_same(&p), CLCONV_INVALID, "not supported for strided convolutions");
}

static void test_tables(void **state)
{
    (void)state;
    const int64_t out[] = {3, 3, 2}, in[] = {1, 1, 1}, wrong[] = {3, 3, 3}, zero[] = {5, 3, 0};
    clconv_problem p = plain();
    p.c = 3, p.k = 8, p.groups = 3;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "divisible by 3");
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "--group-out");
    p.group_out = out;
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    p.group_in = in;
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    p.group_out = wrong;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "of 9 channels in all, but there are 8");
    p.group_out = zero;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "group 2 has 0 channels");
    p.group_out = out, p.group_in = wrong;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "of 9 channels in all, but there are 3");
}

static void test_work(void **state)
{
    (void)state;
    const int64_t out[] = {3, 3, 2}, in[] = {1, 2, 4};
    clconv_problem p = plain();
    clconv_work_size work = {.size = sizeof work};
    p.c = 7, p.k = 8, p.groups = 3, p.group_out = out, p.group_in = in, p.b.dtype = CLCONV_F32;
    assert_int_equal(clconv_problem_work(&p, &work), CLCONV_OK);
    const uint64_t weights = (3 * 1 + 3 * 2 + 2 * 4) * 6, pixels = 5 * 4;
    assert_int_equal(work.w_bytes, 4 * weights);
    assert_int_equal(work.macs, 2 * pixels * weights);
    assert_int_equal(work.x_bytes, 4 * 2 * 7 * 35);
    assert_int_equal(work.b_bytes, 4 * 8);
    assert_int_equal(work.y_bytes, 4 * 2 * 8 * pixels);
}

static void test_shared(void **state)
{
    (void)state;
    clconv_problem p = plain();
    clconv_shape y;
    clconv_work_size work = {.size = sizeof work};
    p.groups = 1, p.c = 3, p.k = 6, p.shared = 1, p.b.dtype = CLCONV_F32;
    assert_int_equal(clconv_output_shape(&p, &y), CLCONV_OK);
    assert_int_equal(y.dim[1], 6);
    p.reduce = CLCONV_REDUCE_MEAN;
    assert_int_equal(clconv_output_shape(&p, &y), CLCONV_OK);
    assert_int_equal(y.dim[1], 2);
    assert_int_equal(clconv_problem_work(&p, &work), CLCONV_OK);
    assert_int_equal(work.w_bytes, 4 * 2 * 6);
    assert_int_equal(work.b_bytes, 4 * 2);
    assert_int_equal(work.y_bytes, 4 * 2 * 2 * 20);
    assert_int_equal(work.macs, 2 * 6 * 6 * 20);
    p.k = 7;
    assert_refused(clconv_validate(&p), CLCONV_INVALID, "7 is not a multiple of 3");
    p.c = p.k = (1 << 24) + 1;
    assert_refused(clconv_validate(&p), CLCONV_NOT_IN_VERSION, "over 16777217 channels");
    p.reduce = CLCONV_REDUCE_NONE;
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
}

static void test_describe(void **state)
{
    (void)state;
    const clconv_shape x = {4, {2, 8, 5, 5}}, w = {4, {8, 3, 3, 3}}, w2 = {4, {8, 2, 3, 3}};
    const clconv_shape flat = {2, {5, 5}}, image = {3, {8, 5, 5}}, b = {1, {7}}, b2 = {2, {8, 1}};
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.groups = 4;
    assert_refused(clconv_describe(&p, &flat, &w, NULL), CLCONV_INVALID,
                   "3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [5, 5]");
    assert_refused(
        clconv_describe(&p, &x, &w, NULL), CLCONV_INVALID,
        "Given groups=4, weight of size [8, 3, 3, 3], expected input[2, 8, 5, 5] to have "
        "12 channels, but got 8 channels instead");
    assert_refused(clconv_describe(&p, &x, &flat, NULL), CLCONV_INVALID, "got size [5, 5]");
    assert_refused(clconv_describe(&p, &x, &w2, &b), CLCONV_INVALID,
                   "expected bias to be 1-dimensional with 8 elements, but got bias of size [7]");
    assert_refused(clconv_describe(&p, &x, &w2, &b2), CLCONV_INVALID, "bias of size [8, 1]");
    assert_int_equal(clconv_describe(&p, &image, &w2, NULL), CLCONV_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.c, 8);
    assert_int_equal(clconv_describe(&p, &x, &w2, NULL), CLCONV_OK);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.c, 8);
    assert_int_equal(p.k, 8);
    assert_int_equal(p.kernel[1], 3);
    p.groups = 3;
    assert_refused(clconv_describe(&p, &x, &w2, NULL), CLCONV_INVALID, "[[8, 2, 3, 3]]");
    p.groups = 4, p.x.dtype = CLCONV_I8, p.b.dtype = 0; /* whose bias is int32 */
    const clconv_shape b8 = {1, {8}};
    assert_int_equal(clconv_describe(&p, &x, &w2, &b8), CLCONV_OK);
    assert_int_equal(p.b.dtype, CLCONV_I32);
    assert_int_equal(clconv_output_dtype(&p), CLCONV_I32);
}

static void test_describe_blocks(void **state)
{
    (void)state;
    const int64_t out[] = {3, 2}, in[] = {1, 2};
    const clconv_shape x = {4, {1, 3, 5, 5}}, w = {3, {7, 3, 3}}, short_w = {3, {6, 3, 3}};
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.groups = 2, p.group_in = in, p.group_out = out;
    assert_int_equal(clconv_describe(&p, &x, &w, NULL), CLCONV_OK);
    assert_int_equal(p.k, 5);
    assert_int_equal(p.kernel[0], 3);
    assert_refused(clconv_describe(&p, &x, &short_w, NULL), CLCONV_INVALID, "to have 7");
    const int64_t equal_in[] = {2, 4};
    const clconv_shape x6 = {4, {1, 6, 5, 5}}, w24 = {3, {24, 3, 3}};
    clconv_problem_init(&p, sizeof p);
    p.groups = 2, p.group_in = equal_in; /* outputs divide: 24 / 6 = 4 each */
    assert_int_equal(clconv_describe(&p, &x6, &w24, NULL), CLCONV_OK);
    assert_int_equal(p.k, 8);
}

static void test_sizes_of_struct(void **state)
{
    (void)state;
    struct {
        clconv_problem p;
        int64_t later;
    } longer;
    memset(&longer, 0, sizeof longer);
    clconv_problem_init(&longer.p, sizeof longer);
    longer.p.c = longer.p.k = 1, longer.p.in[0] = longer.p.in[1] = 4;
    assert_int_equal(clconv_validate(&longer.p), CLCONV_OK);
    longer.later = 1;
    assert_refused(clconv_validate(&longer.p), CLCONV_NOT_IN_VERSION, "of a struct is set");
    longer.p.size = 0;
    assert_refused(clconv_validate(&longer.p), CLCONV_INVALID, "clconv_problem_init");
    assert_refused(clconv_validate(NULL), CLCONV_INVALID, "NULL");
}

static void test_status_names(void **state)
{
    (void)state;
    assert_string_equal(clconv_status_name(CLCONV_CL_ERROR), "CLCONV_CL_ERROR");
    assert_string_equal(clconv_status_name((clconv_status)77), "unknown status");
    assert_string_equal(clconv_status_text(CLCONV_OK), "success");
    assert_string_equal(clconv_status_text((clconv_status)77), "unknown status");
    assert_string_equal(clconv_version(), "0.1.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_output_shape),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_describe_blocks),
        cmocka_unit_test(test_sizes_of_struct),
        cmocka_unit_test(test_status_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
