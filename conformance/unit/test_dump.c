/* SPDX-License-Identifier: MIT */
/* The arrays of --dump: their names, shapes and contents, as our own reader sees them. No device is
 * needed. */
#include "dump.h"

#include "npy.h"
#include "number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "suite_dump.XXXXXX";

static const char *full(const char *case_folder, const char *file)
{
    static char path[DUMP_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", case_folder, file);
    return path;
}

static void check_array(const char *case_folder, const char *file, int32_t dtype, const char *shape,
                        const void *data)
{
    npy_array a;
    char text[128], why[512];
    if (!npy_read(full(case_folder, file), &a, why, sizeof why))
        fail_msg("%s", why);
    assert_int_equal(a.dtype, dtype);
    assert_string_equal(npy_shape_text(&a.shape, text, sizeof text), shape);
    assert_true(a.bytes == 0 || memcmp(a.data, data, a.bytes) == 0);
    npy_free(&a);
}

static void check_dump(const char *name, const char *x, const char *w, const char *b, const char *y)
{
    case_spec c;
    reference r = {0};
    char why[512], path[DUMP_PATH];
    assert_true(case_parse(name, &c, why, sizeof why));
    const clconv_problem p = case_problem(&c);
    assert_int_equal(clconv_validate(&p), CLCONV_OK);
    assert_null(reference_load(&r, &c, &p, why, sizeof why));
    double *got = malloc((r.shape.y + 1) * sizeof *got);
    float *stored = malloc((r.shape.y + 1) * sizeof *stored);
    assert_true(got && stored);
    for (size_t i = 0; i < r.shape.y; i++)
        got[i] = (double)(stored[i] = (float)i);
    if (!dump_case(dump_path(".", name, path), &c, got, why, sizeof why))
        fail_msg("%s", why);
    check_array(path, "x.npy", CLCONV_F32, x, r.stored[TENSOR_X]);
    check_array(path, "w.npy", CLCONV_F32, w, r.stored[TENSOR_W]);
    check_array(path, "expected.npy", CLCONV_F64, y, r.want);
    check_array(path, "got.npy", CLCONV_F32, y, stored);
    if (b)
        check_array(path, "b.npy", CLCONV_F32, b, r.stored[TENSOR_B]);
    else
        assert_int_equal(access(full(path, "b.npy"), F_OK), -1);
    free(got);
    free(stored);
    reference_free(&r);
}

static void test_shapes(void **state)
{
    (void)state;
    check_dump("n2c6h7w5k9r2s3sh2g3b1:data=real:seed=7", "[2, 6, 7, 5]", "[9, 2, 2, 3]", "[9]",
               "[2, 9, 3, 3]");
    check_dump("n2c3h5w7k6r2:shared", "[2, 3, 5, 7]", "[2, 1, 2, 1]", NULL, "[2, 6, 4, 7]");
    check_dump("n2c3h5w7k6r2b1:shared:reduce=mean", "[2, 3, 5, 7]", "[2, 1, 2, 1]", "[2]",
               "[2, 2, 4, 7]");
    check_dump("c6h5w4k8r2s3g3b1:gi=1+3+2:go=3+1+4", "[1, 6, 5, 4]", "[14, 2, 3]", "[8]",
               "[1, 8, 4, 2]");
    check_dump("c6h5w4k8r2s3g3:go=3+1+4", "[1, 6, 5, 4]", "[8, 2, 2, 3]", NULL, "[1, 8, 4, 2]");
    check_dump("n0c4h5w7k6r3s2g2b1", "[0, 4, 5, 7]", "[6, 2, 3, 2]", "[6]", "[0, 6, 3, 6]");
}

/* Of a gradient what it reads, and what it should and did write: db apart from dw. */
static void test_gradients(void **state)
{
    (void)state;
    case_spec c;
    reference r = {0};
    char why[512];
    double got[100];
    float stored[100];
    for (int i = 0; i < 100; i++)
        got[i] = (double)(stored[i] = (float)i);
    assert_true(case_parse("c2h5w4k3r2s3b1:dir=backward-weights", &c, why, sizeof why));
    const clconv_problem p = case_problem(&c);
    assert_null(reference_load(&r, &c, &p, why, sizeof why));
    assert_true(dump_case("weights", &c, got, why, sizeof why));
    check_array("weights", "x.npy", CLCONV_F32, "[1, 2, 5, 4]", r.stored[TENSOR_X]);
    check_array("weights", "y.npy", CLCONV_F32, "[1, 3, 4, 2]", r.stored[TENSOR_Y]);
    check_array("weights", "expected.npy", CLCONV_F64, "[3, 2, 2, 3]", r.want);
    check_array("weights", "got.npy", CLCONV_F32, "[3, 2, 2, 3]", stored);
    check_array("weights", "expected_b.npy", CLCONV_F64, "[3]", r.want + 36);
    check_array("weights", "got_b.npy", CLCONV_F32, "[3]", stored + 36);
    assert_int_equal(access("weights/w.npy", F_OK), -1);
    assert_int_equal(access("weights/b.npy", F_OK), -1);
    c.problem.op = CLCONV_BACKWARD_DATA;
    const clconv_problem data = case_problem(&c);
    assert_null(reference_load(&r, &c, &data, why, sizeof why));
    assert_true(dump_case("data", &c, got, why, sizeof why));
    check_array("data", "w.npy", CLCONV_F32, "[3, 2, 2, 3]", r.stored[TENSOR_W]);
    check_array("data", "b.npy", CLCONV_F32, "[2]", r.stored[TENSOR_B]);
    check_array("data", "y.npy", CLCONV_F32, "[1, 3, 4, 2]", r.stored[TENSOR_Y]);
    check_array("data", "expected.npy", CLCONV_F64, "[1, 2, 5, 4]", r.want);
    check_array("data", "got.npy", CLCONV_F32, "[1, 2, 5, 4]", stored);
    assert_int_equal(access("data/x.npy", F_OK), -1);
    reference_free(&r);
}

/* Arrays are what was on the device: in the type of each and with channels last. */
static void test_types(void **state)
{
    (void)state;
    case_spec c;
    reference r = {0};
    char why[512];
    assert_true(case_parse("n2c6h5w4k9r2s3g3b1:bf16:nhwc", &c, why, sizeof why));
    const clconv_problem p = case_problem(&c);
    assert_null(reference_load(&r, &c, &p, why, sizeof why));
    double *const got = calloc(r.shape.outputs, sizeof *got);
    uint16_t *const stored = calloc(r.shape.outputs, sizeof *stored);
    double *const want = calloc(r.shape.outputs, sizeof *want);
    assert_true(got && stored && want);
    for (size_t i = 0; i < r.shape.outputs; i++) { /* n k p q, of which k moves behind q */
        const size_t plane = (size_t)(r.shape.p * r.shape.q), image = plane * 9;
        const size_t at = i / image * image + i % plane * 9 + i / plane % 9;
        got[i] = (double)(i % 200);
        number_store(CLCONV_BF16, &got[i], 1, stored + at, 1);
        want[at] = r.want[i];
    }
    assert_true(dump_case("types", &c, got, why, sizeof why));
    check_array("types", "x.npy", CLCONV_BF16, "[2, 5, 4, 6]", r.stored[TENSOR_X]);
    check_array("types", "w.npy", CLCONV_BF16, "[9, 2, 3, 2]", r.stored[TENSOR_W]);
    check_array("types", "b.npy", CLCONV_BF16, "[9]", r.stored[TENSOR_B]);
    check_array("types", "got.npy", CLCONV_BF16, "[2, 4, 2, 9]", stored);
    check_array("types", "expected.npy", CLCONV_F64, "[2, 4, 2, 9]", want);
    free(got);
    free(stored);
    free(want);
    assert_true(case_parse("c6h5w4k8r2s3g3b1:u8:nhwc:gi=1+3+2:go=3+1+4", &c, why, sizeof why));
    const clconv_problem uneven = case_problem(&c);
    assert_null(reference_load(&r, &c, &uneven, why, sizeof why));
    assert_true(dump_case("uneven", &c, NULL, why, sizeof why));
    check_array("uneven", "w.npy", CLCONV_U8, "[84]", r.stored[TENSOR_W]);
    check_array("uneven", "b.npy", CLCONV_I32, "[8]", r.stored[TENSOR_B]);
    reference_free(&r);
}

/* What an earlier run left must not pass for this one's. */
static void test_no_output(void **state)
{
    (void)state;
    case_spec c;
    char why[512];
    assert_true(case_parse("c1hw2k1", &c, why, sizeof why));
    const double got[4] = {0};
    assert_true(dump_case("silent", &c, got, why, sizeof why));
    assert_int_equal(access("silent/got.npy", F_OK), 0);
    assert_true(dump_case("silent", &c, NULL, why, sizeof why));
    assert_int_equal(access("silent/got.npy", F_OK), -1);
    assert_int_equal(access("silent/expected.npy", F_OK), 0);
}

static void test_names(void **state)
{
    (void)state;
    char path[DUMP_PATH], other[DUMP_PATH], name[1000], dir[DUMP_PATH];
    assert_string_equal(dump_path("d", "c1hw2k1:algo=x:tile=kb=4,xb=8", path),
                        "d/c1hw2k1_algo=x_tile=kb=4_xb=8");
    assert_string_equal(dump_path("d", "../a b", path), "d/___a_b");
    memset(name, 'n', sizeof name);
    name[999] = '\0';
    dump_path("d", name, path);
    assert_true(strlen(path) < 255);
    name[998] = 'm';
    assert_string_not_equal(dump_path("d", name, other), path);
    memset(dir, 'd', sizeof dir);
    dir[sizeof dir - 100] = '\0';
    assert_string_equal(dump_path(dir, name, path), "");
}

static void test_not_writable(void **state)
{
    (void)state;
    case_spec c;
    char why[512];
    assert_true(case_parse("c1hw2k1", &c, why, sizeof why));
    assert_false(dump_case("absent/folder", &c, NULL, why, sizeof why));
    assert_non_null(strstr(why, "absent/folder: cannot be made"));
    FILE *file = fopen("file", "w");
    assert_non_null(file);
    fclose(file);
    assert_false(dump_case("file", &c, NULL, why, sizeof why));
    assert_non_null(strstr(why, "file: exists and is not a folder"));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return chdir("..") == 0 ? system(command) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes), cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_types),  cmocka_unit_test(test_no_output),
        cmocka_unit_test(test_names),  cmocka_unit_test(test_not_writable),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
