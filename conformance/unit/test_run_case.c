/* SPDX-License-Identifier: MIT */
/* run_case against a library that is wrong on purpose: every kind of verdict must appear. */
#include "session.h"
#include "stand_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static session *the_session;

static verdict run(int how, const char *text)
{
    case_spec c;
    char why[256];
    assert_true(case_parse(text, &c, why, sizeof why));
    today = how;
    enqueued = 0;
    return run_case(the_session, &c);
}

static const char plain_case[] = "n2c4h5w6k4r3s2ph1g2b1:algo=naive";

static void expect(int how, const char *text, case_state state, const char *kind,
                   const char *reason)
{
    const verdict v = run(how, text);
    if (v.state != state || strcmp(v.kind, kind) != 0 || !strstr(v.reason, reason))
        fail_msg("sabotage %d of %s gave %s %s: %s", how, text, case_state_names[v.state], v.kind,
                 v.reason);
}

static void test_honest_passes(void **state)
{
    (void)state;
    expect(HONEST, plain_case, STATE_PASS, "", "");
    expect(HONEST, "n2c4h5w6k4r3s2ph1g2:algo=naive:data=real:seed=3", STATE_PASS, "", "");
    expect(HONEST, "c3h5w6k9rs3b1:shared:reduce=mean", STATE_PASS, "", "");
    expect(HONEST, "c3h5w6k8rs3g3:gi=1+1+1:go=3+3+2:algo=auto", STATE_PASS, "", "");
    expect(HONEST, "n0c3h5w6k2rs3b1:algo=naive", STATE_PASS, "", "");
}

static void test_wrong_results(void **state)
{
    (void)state;
    expect(WRONG_ELEMENT, plain_case, STATE_FAIL, "value", "1 of 200 outputs wrong");
    expect(WRONG_ELEMENT, plain_case, STATE_FAIL, "value", "first n=0 k=0 p=0 q=1:");
    expect(WRONG_LAST, plain_case, STATE_FAIL, "value", "first n=1 k=3 p=4 q=4:");
    expect(WRONG_LAST, "c4h5w6k4r3s2:data=real", STATE_FAIL, "bound", "1 of 60 outputs wrong");
    expect(NOT_A_NUMBER, plain_case, STATE_FAIL, "value", "got nan");
    expect(NOT_A_NUMBER, "c4h5w6k4r3s2:data=real", STATE_FAIL, "bound", "got nan");
    expect(UNWRITTEN_LAST, plain_case, STATE_FAIL, "unwritten", "first n=1 k=3 p=4 q=4:");
    expect(EXACT_SIZE_ONLY, plain_case, STATE_FAIL, "value", "buffers of exact size");
    expect(WANDERING, "c4h5w6k4r3s2:data=real", STATE_FAIL, "nondeterministic",
           "other bits at n=0 k=0 p=0 q=2");
}

/* Every type and layout, in every direction, in buffers whose length is no whole number of words.
 */
static void test_types(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "n1c3h5w5k3r3s2ph1g3b1:dir=%s", "n2c6h5w7k5r2s3p1g2b1:gi=1+5:go=3+2:dir=%s",
        "n1c3h5w7k6r2s2b1:shared:dir=%s", "n2c3h5w4k6r2:shared:reduce=sum:dir=%s",
        "n0c3h5w4k2r2b1:dir=%s"};
    static const char *const types[] = {":f64", ":f16", ":bf16", ":i8", ":u8"};
    static const char *const layouts[] = {"", ":nhwc"};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (size_t t = 0; t < 5; t++)
            for (size_t l = 0; l < 2; l++)
                for (size_t op = 0; op < (t < 3 ? 3 : 1); op++) {
                    char text[128], problem[96];
                    snprintf(problem, sizeof problem, forms[f], case_direction_words[op]);
                    snprintf(text, sizeof text, "%s%s%s", problem, types[t], layouts[l]);
                    expect(HONEST, text, STATE_PASS, "", "");
                    snprintf(text, sizeof text, "%s%s%s:data=real", problem, types[t], layouts[l]);
                    expect(HONEST, text, t < 3 ? STATE_PASS : STATE_SKIP, t < 3 ? "" : "data", "");
                }
}

/* In every direction and layout, with gaps in both x and y, which nobody may write. */
static void test_views(void **state)
{
    (void)state;
    for (size_t op = 0; op < 3; op++)
        for (int nhwc = 0; nhwc < 2; nhwc++)
            for (int view = 1; view <= 3; view++) {
                char text[128];
                snprintf(text, sizeof text, "n2c4h5w6k6r3s2ph1g2b1:f16%s:dir=%s:view=%d",
                         nhwc ? ":nhwc" : "", case_direction_words[op], view);
                expect(HONEST, text, STATE_PASS, "", "");
                expect(WRONG_LAST, text, STATE_FAIL, "value", "1 of ");
            }
    expect(HONEST, "n0c4h5w6k6r3s2ph1g2b1:view=1", STATE_PASS, "", "");
    expect(WRITE_GAP, "c4h5w6k6r3s2ph1g2b1:view=1", STATE_FAIL, "guard_write",
           "y: wrote into a gap of its view, at byte 20");
    expect(UNWRITTEN_LAST, "c1hw1k1:view=2", STATE_FAIL, "unwritten", "1 still hold the poison");
}

static void test_wrong_types(void **state)
{
    (void)state;
    expect(WRONG_LAST, "c4h5w6k4r3s2:f16:nhwc", STATE_FAIL, "value", "first n=0 k=3 p=2 q=4:");
    expect(WRONG_LAST, "c4h5w6k4r3s2:i8", STATE_FAIL, "value", "1 of 60 outputs wrong");
    expect(WRONG_LAST, "c4h5w6k4r3s2:bf16:data=real", STATE_FAIL, "bound", "1 of 60");
    expect(NOT_A_NUMBER, "c4h5w6k4r3s2:f64", STATE_FAIL, "value", "got nan");
    expect(UNWRITTEN_LAST, "c4h5w6k4r3s2:f16", STATE_FAIL, "unwritten",
           "got nan (from memory nobody wrote)");
    expect(UNWRITTEN_LAST, "c4h5w6k4r3s2:bf16", STATE_FAIL, "unwritten", "1 still hold the poison");
    expect(UNWRITTEN_LAST, "c4h5w6k4r3s2:f64", STATE_FAIL, "unwritten", "1 still hold the poison");
    expect(UNWRITTEN_LAST, "c4h5w6k4r3s2:u8", STATE_FAIL, "unwritten", "1 still hold the poison");
    expect(WRITE_BEFORE, "c4h5w6k4r3s2:f16", STATE_FAIL, "guard_write",
           "y: wrote 0x0000 at 8 bytes before");
    expect(CHANGE_WEIGHT, "c4h5w6k4r3s2:f64", STATE_FAIL, "input_modified",
           "w: element 47 changed");
}

static void test_damage(void **state)
{
    (void)state;
    expect(WRITE_BEFORE, plain_case, STATE_FAIL, "guard_write",
           "y: wrote 0x3f800000 at 8 bytes before");
    expect(WRITE_AFTER, plain_case, STATE_FAIL, "guard_write",
           "y: wrote 0x3f800000 at 0 bytes past");
    expect(WRITE_AFTER_INPUT, plain_case, STATE_FAIL, "guard_write",
           "x: wrote 0x3f800000 at 4 bytes past");
    expect(WRITE_AFTER_WORKSPACE, plain_case, STATE_FAIL, "guard_write", "workspace: wrote");
    expect(CHANGE_WEIGHT, plain_case, STATE_FAIL, "input_modified", "w: element 47 changed");
    expect(WRITE_AFTER, "n0c3h5w6k2rs3b1:algo=naive", STATE_FAIL, "guard_write", "y: wrote");
}

/* Enqueues of a case with exact data are numbers 0 (guards), 1 (exact size), 2 and 3 (sub-buffers,
 * in flight together). */
static void test_third_run(void **state)
{
    (void)state;
    expect(HONEST, plain_case, STATE_PASS, "", "");
    assert_int_equal(enqueued, 4);
    expect(HONEST, "c4h5w6k4r3s2:data=real", STATE_PASS, "", "");
    assert_int_equal(enqueued, 2);
    expect(SUB_BUFFER_ONLY, plain_case, STATE_FAIL, "value", "; sub-buffers, two in flight");
    expect(SECOND_FLIGHT_ONLY, plain_case, STATE_FAIL, "value", "; sub-buffers, two in flight");
    expect(SUB_BUFFER_BEFORE, plain_case, STATE_FAIL, "guard_write",
           "x: wrote 0x3f800000 at 4 bytes before");
    expect(SUB_BUFFER_AFTER, plain_case, STATE_FAIL, "guard_write",
           "workspace: wrote 0x3f800000 at 0 bytes past");
    expect(SECOND_GUARD, plain_case, STATE_FAIL, "guard_write", "second y: wrote");
}

/* A sum takes the NaN of the first poison; a maximum swallows it and needs the number of the
 * second.
 */
static void test_poisons(void **state)
{
    (void)state;
    expect(READS_WORKSPACE, plain_case, STATE_FAIL, "value",
           "(from memory nobody wrote), bound 0; buffers with guards");
    expect(SWALLOWS_NAN, plain_case, STATE_FAIL, "value",
           "got 84811.2891, bound 0; sub-buffers, two in flight");
}

static void test_repeats(void **state)
{
    (void)state;
    const char real[] = "c4h5w6k4r3s2:data=real", many[] = "c4h5w6k4r3s2:data=real:repeat=10";
    expect(KEEPS_STATE, real, STATE_FAIL, "nondeterministic", "other bits at n=0 k=0 p=0 q=0");
    expect(LATE_WANDERING, real, STATE_PASS, "", "");
    expect(LATE_WANDERING, many, STATE_FAIL, "bound", "; buffers of exact size");
    expect(HONEST, many, STATE_PASS, "", "");
    assert_int_equal(enqueued, 11);
}

/* Only plans for special data are told of infinite weights. */
static void test_flag(void **state)
{
    (void)state;
    expect(FORGETS_FLAG, "c4h5w6k4r3s2:data=special", STATE_REFUSED, "refused", "");
    expect(FORGETS_FLAG, "c4h5w6k4r3s2:data=exact", STATE_PASS, "", "");
}

static void test_large(void **state)
{
    (void)state;
    static const char real[] = "c4h5w6k4r3s2ph1:data=real";
    const large_limits usual = the_session->large;
    the_session->large = (large_limits){.elements = 100, .chunk = 64, .samples = 5000};
    expect(HONEST, plain_case, STATE_PASS, "", "");
    assert_int_equal(enqueued, 1);
    expect(HONEST, real, STATE_PASS, "", "");
    expect(HONEST, "n3c3h5w6k9rs3b1:shared:reduce=mean", STATE_PASS, "", "");
    expect(HONEST, "n3c3h5w6k8rs3g3:gi=1+1+1:go=3+3+2:algo=auto", STATE_PASS, "", "");
    expect(WRONG_ELEMENT, plain_case, STATE_FAIL, "value", "first n=0 k=0 p=0 q=1:");
    expect(WRONG_LAST, plain_case, STATE_FAIL, "value", "first n=1 k=3 p=4 q=4:");
    expect(WRONG_LAST, real, STATE_FAIL, "bound", "; a sample of a large case");
    expect(UNWRITTEN_LAST, plain_case, STATE_FAIL, "unwritten",
           "1 of 200 outputs still hold the poison, first n=1 k=3 p=4 q=4");
    expect(WRITE_BEFORE, plain_case, STATE_FAIL, "guard_write", "y: wrote 0x3f800000");
    expect(WRITE_AFTER, plain_case, STATE_FAIL, "guard_write",
           "the guard behind the buffer, at its word 0");
    expect(WRITE_AFTER_INPUT, plain_case, STATE_FAIL, "guard_write", "x: wrote");
    expect(WRITE_AFTER_WORKSPACE, plain_case, STATE_FAIL, "guard_write", "workspace: wrote");
    expect(CHANGE_WEIGHT, plain_case, STATE_FAIL, "input_modified", "the first is 47");
    expect(READS_WORKSPACE, plain_case, STATE_FAIL, "value", "(from memory nobody wrote)");
    expect(HONEST, "c4h5w6k4r3s2ph1:data=ids", STATE_SKIP, "data", "ids");
    expect(ENQUEUE_FAILS, plain_case, STATE_FAIL, "api_error", "CLCONV_INVALID_BUFFER");
    the_session->large = usual;
    expect(HONEST, plain_case, STATE_PASS, "", "");
}

static void test_calls(void **state)
{
    (void)state;
    expect(WRONG_NAME, plain_case, STATE_FAIL, "wrong_algo",
           "asked for naive, the plan runs other");
    expect(ENQUEUE_FAILS, plain_case, STATE_FAIL, "api_error", "CLCONV_INVALID_BUFFER");
    expect(NO_EVENT, plain_case, STATE_FAIL, "api_error", "gave no event");
    expect(EVENT_FAILS, plain_case, STATE_FAIL, "api_error", "waiting for the convolution");
    expect(WRONG_SHAPE, plain_case, STATE_FAIL, "shape", "[2, 4, 5, 6]");
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        clconv_status status;
        case_state state;
        const char *kind;
    } rows[] = {
        {CLCONV_INVALID, STATE_FAIL, "api_error"},
        {CLCONV_NOT_IN_VERSION, STATE_SKIP, "version"},
        {CLCONV_UNSUPPORTED, STATE_UNSUPPORTED, "device"},
        {CLCONV_ALGORITHM_REFUSES, STATE_REFUSED, "refused"},
        {CLCONV_OUT_OF_MEMORY, STATE_SKIP, "device_memory"},
        {CLCONV_BUILD_FAILED, STATE_FAIL, "build_error"},
        {CLCONV_CL_ERROR, STATE_FAIL, "api_error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(PLAN_STATUS + (int)rows[i].status, plain_case, rows[i].state, rows[i].kind, "");
}

static void test_not_run(void **state)
{
    (void)state;
    expect(HONEST, "c4096hw65536k1", STATE_UNSUPPORTED, "memory", "x needs");
    expect(HONEST, "c4h5w6k4:data=ramp", STATE_SKIP, "data", "ramp");
}

static const char data_case[] = "n2c4h5w6k6r3s2ph1g2b1:dir=backward-data:algo=naive";
static const char weights_case[] = "n2c4h5w6k6r3s2ph1g2b1:dir=backward-weights:algo=naive";

static void test_gradients_pass(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "n2c4h5w6k6r3s2ph1g2b1",          "n2c4h5w6k6r3s2ph1g2:data=real",
        "c3h5w6k9rs3:shared:reduce=mean", "c3h5w6k8rs3b1g3:gi=1+1+1:go=3+3+2",
        "n2c4h5w6k6r3s2p1g2:pad=reflect", "n0c3h5w6k2rs3b1"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s:dir=backward-data", forms[i]);
        expect(HONEST, text, STATE_PASS, "", "");
        snprintf(text, sizeof text, "%s:dir=backward-weights", forms[i]);
        expect(HONEST, text, STATE_PASS, "", "");
    }
    expect(HONEST, weights_case, STATE_PASS, "", "");
    assert_int_equal(enqueued, 4);
    expect(HONEST, "c4h5w6k4r3s2:dir=backward-data:data=ids", STATE_SKIP, "data", "a gradient");
    expect(HONEST, "c4h5w6k4r3s2:dir=backward-data:data=exact:sweep=3", STATE_SKIP, "data",
           "forward");
    const large_limits usual = the_session->large;
    the_session->large = (large_limits){.elements = 100, .chunk = 64, .samples = 5000};
    expect(HONEST, data_case, STATE_SKIP, "data", "a gradient");
    the_session->large = usual;
}

static void test_wrong_gradients(void **state)
{
    (void)state;
    expect(WRONG_ELEMENT, data_case, STATE_FAIL, "value", "1 of 240 outputs wrong");
    expect(WRONG_ELEMENT, data_case, STATE_FAIL, "value", "first dx n=0 c=0 h=0 w=1:");
    expect(WRONG_LAST, data_case, STATE_FAIL, "value", "first dx n=1 c=3 h=4 w=5:");
    expect(WRONG_ELEMENT, weights_case, STATE_FAIL, "value", "first dw k=0 c=0 r=0 s=1:");
    expect(WRONG_LAST, weights_case, STATE_FAIL, "value", "first db k=5:");
    expect(WRONG_LAST, "c4h5w6k6r3s2g2:dir=backward-weights", STATE_FAIL, "value",
           "first dw k=5 c=1 r=2 s=1:");
    expect(WRONG_LAST, "c3h5w6k6r3s2:shared:dir=backward-weights", STATE_FAIL, "value",
           "first dw k=1 c=0 r=2 s=1:");
    expect(WRONG_LAST, "c3h5w6k3r1s2g2:gi=1+2:go=2+1:dir=backward-weights:data=real", STATE_FAIL,
           "bound", "first dw element 7:");
    expect(UNWRITTEN_LAST, weights_case, STATE_FAIL, "unwritten", "first db k=5:");
    expect(UNWRITTEN_LAST, "n0c3h5w6k2rs3:dir=backward-weights", STATE_FAIL, "unwritten", "dw k=1");
    expect(EXACT_SIZE_ONLY, data_case, STATE_FAIL, "value", "buffers of exact size");
    expect(SUB_BUFFER_ONLY, weights_case, STATE_FAIL, "value", "; sub-buffers, two in flight");
    expect(SECOND_FLIGHT_ONLY, weights_case, STATE_FAIL, "value", "; sub-buffers, two in flight");
    expect(WANDERING, "c4h5w6k4r3s2:dir=backward-data:data=real", STATE_FAIL, "nondeterministic",
           "other bits at dx n=0 c=0 h=0 w=2");
    expect(READS_WORKSPACE, data_case, STATE_FAIL, "value", "(from memory nobody wrote)");
}

static void test_damage_of_gradients(void **state)
{
    (void)state;
    expect(WRITE_BEFORE, data_case, STATE_FAIL, "guard_write",
           "x: wrote 0x3f800000 at 8 bytes before");
    expect(WRITE_AFTER, data_case, STATE_FAIL, "guard_write",
           "x: wrote 0x3f800000 at 0 bytes past");
    expect(CHANGE_WEIGHT, data_case, STATE_FAIL, "input_modified", "w: element 71 changed");
    expect(SECOND_GUARD, data_case, STATE_FAIL, "guard_write", "second x: wrote");
    expect(WRITE_AFTER, weights_case, STATE_FAIL, "guard_write", "b: wrote");
    expect(WRITE_AFTER_INPUT, weights_case, STATE_FAIL, "guard_write", "x: wrote");
    expect(SECOND_GUARD, weights_case, STATE_FAIL, "guard_write", "second b: wrote");
    expect(WRITE_AFTER, "c4h5w6k4r3s2:dir=backward-weights", STATE_FAIL, "guard_write", "w: wrote");
    expect(SECOND_GUARD, "c4h5w6k4r3s2:dir=backward-weights", STATE_FAIL, "guard_write",
           "second w: wrote");
    expect(WRITE_AFTER, "n0c3h5w6k2rs3b1:dir=backward-data", STATE_FAIL, "guard_write", "x: wrote");
}

/* What --dump writes belongs to the case that ran last, and only if it got that far. */
static void test_tensors(void **state)
{
    (void)state;
    case_tensors kept;
    expect(WRONG_ELEMENT, plain_case, STATE_FAIL, "value", "");
    assert_true(session_tensors(the_session, &kept));
    assert_int_equal(kept.reference->shape.y, 200);
    assert_true((double)kept.got[0] == kept.reference->want[0]);
    assert_false((double)kept.got[1] == kept.reference->want[1]);
    expect(ENQUEUE_FAILS, plain_case, STATE_FAIL, "api_error", "");
    assert_false(session_tensors(the_session, &kept));
}

int main(void)
{
    enum { NO_DEVICE = 77 };
    device_entry device;
    char why[512];
    setenv("POCL_SIGFPE_HANDLER", "0", 1);
    if (devices_choose(NULL, &device, why, sizeof why) != EXIT_GOOD ||
        !(the_session = session_open(&device, why, sizeof why))) {
        fprintf(stderr, "skipped: %s\n", why);
        return NO_DEVICE;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_passes),   cmocka_unit_test(test_wrong_results),
        cmocka_unit_test(test_types),           cmocka_unit_test(test_views),
        cmocka_unit_test(test_wrong_types),     cmocka_unit_test(test_damage),
        cmocka_unit_test(test_calls),           cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_not_run),         cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_third_run),       cmocka_unit_test(test_poisons),
        cmocka_unit_test(test_repeats),         cmocka_unit_test(test_flag),
        cmocka_unit_test(test_large),           cmocka_unit_test(test_gradients_pass),
        cmocka_unit_test(test_wrong_gradients), cmocka_unit_test(test_damage_of_gradients),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    session_close(the_session);
    return failed;
}
