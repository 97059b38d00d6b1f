/* SPDX-License-Identifier: MIT */
/* Weights that are packed once: what a plan asks for, what packing refuses, and that the results
 * with and without it are the same bits. Exit 77 without a device. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static clconv_plan *plan_with(const clconv_problem *p, const char *tile, uint64_t flags)
{
    clconv_plan *plan = NULL;
    const clconv_plan_options options = {
        .size = sizeof options, .algorithm = "direct", .tile = tile, .flags = flags};
    assert_int_equal(clconv_plan_create(ctx, p, &options, &plan), CLCONV_OK);
    return plan;
}

static const char *const tiles[] = {"lanes,v=4,kb=1,xb=4", "lanes,v=4,kb=2,xb=4"};

/* Packed at every call, packed once, and once for plans of several batches. */
static void test_results(void **state)
{
    (void)state;
    clconv_problem p = problem(), one = problem();
    one.n = 1;
    for (size_t i = 0; i < sizeof tiles / sizeof tiles[0]; i++) {
        clconv_plan *each = plan_with(&p, tiles[i], 0);
        clconv_plan *once = plan_with(&p, tiles[i], CLCONV_PACKED_WEIGHTS);
        clconv_plan *single = plan_with(&one, tiles[i], CLCONV_PACKED_WEIGHTS);
        const size_t bytes = clconv_plan_packed_size(once);
        assert_int_equal(bytes, sizeof w_host); /* 4 outputs a group: no lane is empty */
        assert_int_equal(clconv_plan_packed_size(each), bytes);
        assert_int_equal(clconv_plan_workspace(each), bytes);
        assert_int_equal(clconv_plan_workspace(once), 0);
        assert_non_null(strstr(clconv_plan_explain(each), "at every call"));
        assert_non_null(strstr(clconv_plan_explain(once), "once, by clconv_pack_weights"));
        const clconv_args raw = {sizeof raw, .x.mem = x, .w.mem = w, .y.mem = y};
        assert_int_equal(clconv_enqueue(each, queue, &raw, 0, NULL, NULL), CLCONV_OK);
        assert_result(NULL);

        cl_mem room = buffer(context, CL_MEM_READ_WRITE, bytes + 12, NULL);
        const clconv_buffer from = {.mem = w}, packed = {.mem = room, .offset = 12};
        cl_event done = NULL;
        assert_int_equal(clconv_pack_weights(once, queue, &from, &packed, 0, NULL, &done),
                         CLCONV_OK);
        const clconv_args ready = {sizeof ready, .x.mem = x, .w = packed, .y.mem = y};
        assert_int_equal(clconv_enqueue(once, queue, &ready, 1, &done, NULL), CLCONV_OK);
        assert_result(NULL);
        clconv_args second = ready; /* the second image by the plan of one */
        second.x.offset = sizeof x_host / 2, second.y.offset = sizeof y_host / 2;
        assert_int_equal(clconv_enqueue(single, queue, &second, 0, NULL, NULL), CLCONV_OK);
        assert_result(NULL);
        clReleaseEvent(done);
        clReleaseMemObject(room);
        clconv_plan_destroy(each);
        clconv_plan_destroy(once);
        clconv_plan_destroy(single);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    const clconv_problem p = problem();
    clconv_plan *once = plan_with(&p, tiles[0], CLCONV_PACKED_WEIGHTS);
    clconv_plan *naive = plan_of(&p, "naive", CLCONV_PACKED_WEIGHTS);
    const size_t bytes = clconv_plan_packed_size(once);
    cl_mem small = buffer(context, CL_MEM_READ_WRITE, bytes - 4, NULL);
    cl_mem locked = buffer(context, CL_MEM_READ_ONLY, bytes, NULL);
    const clconv_buffer from = {.mem = w}, none = {.mem = NULL}, little = {.mem = small},
                        fixed = {.mem = locked}, both = {.mem = y};
    assert_int_equal(clconv_plan_packed_size(naive), 0);
    assert_refused(clconv_pack_weights(naive, queue, &from, &fixed, 0, NULL, NULL), CLCONV_INVALID,
                   "reads w as it is");
    assert_refused(clconv_pack_weights(once, queue, &from, NULL, 0, NULL, NULL), CLCONV_INVALID,
                   "is NULL");
    assert_refused(clconv_pack_weights(once, queue, &none, &fixed, 0, NULL, NULL),
                   CLCONV_INVALID_BUFFER, "w is NULL");
    assert_refused(clconv_pack_weights(once, queue, &from, &little, 0, NULL, NULL),
                   CLCONV_INVALID_BUFFER, "packed needs 384 bytes");
    assert_refused(clconv_pack_weights(once, queue, &from, &fixed, 0, NULL, NULL),
                   CLCONV_INVALID_BUFFER, "CL_MEM_READ_ONLY");
    assert_refused(clconv_pack_weights(once, queue, &both, &both, 0, NULL, NULL),
                   CLCONV_INVALID_BUFFER, "overlap");
    assert_refused(clconv_pack_weights(once, NULL, &from, &fixed, 0, NULL, NULL), CLCONV_INVALID,
                   "queue");
    const clconv_args unpacked = {sizeof unpacked, .x.mem = x, .w = little, .y.mem = y};
    assert_refused(clconv_enqueue(once, queue, &unpacked, 0, NULL, NULL), CLCONV_INVALID_BUFFER,
                   "w, packed, needs 384 bytes");
    clReleaseMemObject(small);
    clReleaseMemObject(locked);
    clconv_plan_destroy(once);
    clconv_plan_destroy(naive);
}

/* The gradient by x as a convolution: w is copied with its taps in reverse where it is read as it
 * is, and packed so where it is packed; at every call or once. All sums are whole numbers. */
static void test_turned(void **state)
{
    (void)state;
    static const struct {
        const char *tile, *how;
        size_t bytes;
    } turned[] = {{"kb=4,xb=1,yb=1", "copied backwards into 384 bytes", 384},
                  {"lanes,v=4,kb=1,xb=4", "packed backwards into 768 bytes", 768}};
    float dy_host[Y_FLOATS], wanted[X_FLOATS], got[X_FLOATS];
    clconv_problem p = problem();
    p.op = CLCONV_BACKWARD_DATA;
    for (size_t i = 0; i < Y_FLOATS; i++)
        dy_host[i] = (float)(i * i % 7) - 3.0f;
    cl_mem dy = buffer(context, CL_MEM_READ_ONLY, sizeof dy_host, dy_host);
    cl_mem dx = buffer(context, CL_MEM_WRITE_ONLY, sizeof wanted, NULL);
    cl_mem room = buffer(context, CL_MEM_READ_WRITE, 2 * sizeof w_host, NULL); /* half are lanes */
    const clconv_buffer from = {.mem = w}, once = {.mem = room};
    const clconv_args raw = {sizeof raw, .x.mem = dx, .w.mem = w, .y.mem = dy};
    clconv_args ready = raw;
    ready.w = once;
    clconv_plan *naive = plan_of(&p, "naive", 0);
    assert_int_equal(clconv_enqueue(naive, queue, &raw, 0, NULL, NULL), CLCONV_OK);
    assert_int_equal(
        clEnqueueReadBuffer(queue, dx, CL_TRUE, 0, sizeof wanted, wanted, 0, NULL, NULL), 0);
    for (size_t i = 0; i < 2 * sizeof turned / sizeof turned[0]; i++) {
        const bool packs = i % 2;
        clconv_plan *plan = plan_with(&p, turned[i / 2].tile, packs ? CLCONV_PACKED_WEIGHTS : 0);
        assert_non_null(strstr(clconv_plan_explain(plan), turned[i / 2].how));
        assert_int_equal(clconv_plan_workspace(plan), packs ? 0 : turned[i / 2].bytes);
        if (packs)
            assert_int_equal(clconv_pack_weights(plan, queue, &from, &once, 0, NULL, NULL),
                             CLCONV_OK);
        assert_int_equal(clconv_enqueue(plan, queue, packs ? &ready : &raw, 0, NULL, NULL),
                         CLCONV_OK);
        assert_int_equal(clEnqueueReadBuffer(queue, dx, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL),
                         0);
        assert_memory_equal(got, wanted, sizeof got);
        clconv_plan_destroy(plan);
    }
    clReleaseMemObject(dy);
    clReleaseMemObject(dx);
    clReleaseMemObject(room);
    clconv_plan_destroy(naive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_turned),
    };
    const int code = fixture_device();
    return code ? code : cmocka_run_group_tests(tests, set_up, tear_down);
}
