/* SPDX-License-Identifier: MIT */
/* One dimension, as nn.Conv1d: what is accepted, what is refused, in which words. No device. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#define FIELD(name) offsetof(clconv_problem, name)

/* nn.Conv1d: its words, and the numbers of a plane of height 1. */
static void test_one_dimension(void **state)
{
    (void)state;
    const clconv_shape batch = {3, {2, 8, 9}}, alone = {2, {8, 9}}, filters = {3, {12, 2, 4}};
    const clconv_shape plane = {4, {2, 8, 1, 9}}, wide = {4, {12, 2, 1, 4}},
                       other = {3, {12, 3, 4}};
    clconv_problem p;
    clconv_shape out;
    clconv_work_size work = {.size = sizeof work}, flat = {.size = sizeof flat};
    clconv_problem_init(&p, sizeof p);
    p.spatial = 1, p.groups = 4, p.stride[0] = 2, p.dilation[0] = 3;
    assert_int_equal(clconv_describe(&p, &batch, &filters, NULL),
                     CLCONV_INVALID); /* 10 taps wide */
    assert_refused(CLCONV_INVALID, CLCONV_INVALID, "channel: (9). Kernel size: (10). Kernel size");
    p.pad_before[0] = 3, p.pad_after[0] = 1;
    assert_int_equal(clconv_describe(&p, &alone, &filters, NULL), CLCONV_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(clconv_describe(&p, &batch, &filters, NULL), CLCONV_OK);
    assert_int_equal(p.in[0], 9);
    assert_int_equal(clconv_output_shape(&p, &out), CLCONV_OK);
    const clconv_shape wanted = {3, {2, 12, 2}};
    assert_memory_equal(&out, &wanted, sizeof out);
    assert_int_equal(clconv_problem_work(&p, &work), CLCONV_OK);
    assert_refused(clconv_describe(&p, &plane, &filters, NULL), CLCONV_INVALID,
                   "2D (unbatched) or 3D (batched) input to conv1d, but got input of size: [2, 8, "
                   "1, 9]");
    assert_refused(clconv_describe(&p, &batch, &wide, NULL), CLCONV_INVALID,
                   "weight of 3 dimensions (out_channels, in_channels/groups, S)");
    assert_refused(clconv_describe(&p, &batch, &other, NULL), CLCONV_INVALID,
                   "weight of size [12, 3, 4], expected input[2, 8, 9] to have 12 channels");
    clconv_problem_init(&p, sizeof p);
    p.groups = 4, p.stride[1] = 2, p.dilation[1] = 3, p.pad_before[1] = 3, p.pad_after[1] = 1;
    assert_int_equal(clconv_describe(&p, &plane, &wide, NULL), CLCONV_OK);
    assert_int_equal(clconv_problem_work(&p, &flat), CLCONV_OK);
    assert_memory_equal(&work, &flat, sizeof work);
}

static clconv_problem line(void)
{
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.spatial = 1, p.n = 2, p.c = p.k = 4, p.in[0] = 9, p.kernel[0] = 3;
    return p;
}

/* One field of a line set wrong. */
static const struct {
    size_t field;
    int64_t value;
    const char *phrase;
} line_refusals[] = {
    {FIELD(in[1]), 5, "the second axis is set, but spatial is 1"},
    {FIELD(stride[1]), 2, "second axis"},
    {FIELD(dilation[2]), 2, "third axis"},
    {FIELD(pad_after[1]), 1, "second axis"},
    {FIELD(in[0]), -9, "negative dimension: [2, 4, -9]"},
    {FIELD(in[0]), 2, "channel: (2). Kernel size: (3)"},
    {FIELD(kernel[0]), 0, "kernel size should be greater than zero"},
    {FIELD(stride[0]), 0, "non-positive stride is not supported: got (0)"},
    {FIELD(dilation[0]), -1, "but got (-1); 1 is dense"},
    {FIELD(pad_after[0]), -1, "got left 0, right -1"},
    {FIELD(pad_before[0]), INT64_MAX, "exceeds 64 bits at dimension 2"},
    {FIELD(pad_before[0]), INT32_MAX, "the padded length is 2147483656"},
    {FIELD(n), INT64_MAX / 64, "exceeds 2^63 bytes: x [144115188075855871, 4, 9], y"},
};

static void test_line_refusals(void **state)
{
    (void)state;
    clconv_problem p = line();
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    for (size_t i = 0; i < sizeof line_refusals / sizeof line_refusals[0]; i++) {
        p = line();
        memcpy((char *)&p + line_refusals[i].field, &line_refusals[i].value, sizeof(int64_t));
        const clconv_status got = clconv_validate(&p);
        const bool later = strstr(line_refusals[i].phrase, "padded length");
        assert_refused(got, later ? CLCONV_NOT_IN_VERSION : CLCONV_INVALID,
                       line_refusals[i].phrase);
    }
    p = line();
    p.kernel[0] = 4, p.dilation[0] = 3, p.in[0] = 20;
    assert_int_equal(clconv_pad_same(&p), CLCONV_OK);
    assert_int_equal(p.pad_before[0], 4);
    assert_int_equal(p.pad_after[0], 5);
    assert_int_equal(p.pad_after[1], 0);
    p.stride[0] = 2;
    assert_refused(clconv_pad_same(&p), CLCONV_INVALID, "strided convolutions: got stride (2)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_dimension),
        cmocka_unit_test(test_line_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
