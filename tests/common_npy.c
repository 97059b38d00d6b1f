/* SPDX-License-Identifier: MIT */
/* .npy files: what NumPy writes is read, what is written reads back, what is wrong is refused. */
#include "malformed.h"
#include "npy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/clconv-npy-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails, and the run with it, when a test left a file */
}

static void refuses_malformed_files(void **state)
{
    (void)state;
    for (const malformed_file *row = malformed_files; row->name; row++) {
        const char *path = in_folder(row->name);
        npy_array array;
        char why[600] = "";
        assert_true(malformed_write(row, path));
        if (npy_read(path, &array, why, sizeof why))
            fail_msg("%s was read", row->name);
        assert_null(array.data);
        if (strncmp(why, path, strlen(path)) != 0 || !strstr(why, row->phrase))
            fail_msg("%s says '%s', not '%s'", row->name, why, row->phrase);
        for (const char *c = why; *c; c++)
            assert_true(*c >= ' ' && *c <= '~');
        unlink(path);
    }
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    npy_array array;
    char why[300];
    assert_false(npy_read(in_folder("absent.npy"), &array, why, sizeof why));
    assert_non_null(strstr(why, "absent.npy: No such file"));
    assert_false(npy_read(folder, &array, why, sizeof why));
    assert_non_null(strstr(why, "not a regular file"));
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_false(npy_read(in_folder("pipe"), &array, why, sizeof why)); /* and does not wait */
    assert_non_null(strstr(why, "not a regular file"));
    unlink(in_folder("pipe"));
    char name[400] = "";
    memset(name, 'x', sizeof name - 1);
    assert_false(npy_read(name, &array, why, sizeof why)); /* the name is cut, not the sentence */
    assert_int_equal(strspn(why, "x") + strlen(": File name too long"), sizeof why - 1);
    assert_non_null(strstr(why, "xxx: File name too long"));
}

/* Headers that are right although NumPy would space them otherwise. */
static void reads_any_right_header(void **state)
{
    (void)state;
    static const struct {
        malformed_file file;
        int32_t dtype, rank;
    } row[] = {
        {{"a", "\1\0", -1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", 24,
          NULL},
         CLCONV_F32,
         2},
        {{"b", "\2\0", -1, "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f8\"}", 48, NULL},
         CLCONV_F64,
         2},
        {{"c", "\1\0", -1, "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}", 6, NULL},
         CLCONV_U8,
         1},
        {{"d", "\1\0", -1, "{'descr': '<i1', 'fortran_order': False, 'shape': ()}", 1, NULL},
         CLCONV_I8,
         0},
        {{"e", "\1\0", -1, "{'descr': '<u2', 'fortran_order': False, 'shape': (0, 5, 1, 7)}", 0,
          NULL},
         CLCONV_BF16,
         4},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        npy_array array;
        char why[300] = "";
        assert_true(malformed_write(&row[i].file, in_folder("right.npy")));
        if (!npy_read(in_folder("right.npy"), &array, why, sizeof why))
            fail_msg("%s", why);
        assert_int_equal(array.dtype, row[i].dtype);
        assert_int_equal(array.shape.rank, row[i].rank);
        assert_int_equal(array.bytes, row[i].file.data);
        assert_non_null(array.data);
        npy_free(&array);
        unlink(in_folder("right.npy"));
    }
}

static void reads_back_what_it_writes(void **state)
{
    (void)state;
    static const int32_t dtype[] = {CLCONV_F32, CLCONV_F64, CLCONV_F16, CLCONV_BF16,
                                    CLCONV_I8,  CLCONV_U8,  CLCONV_I32};
    static const size_t bytes[] = {4, 8, 2, 2, 1, 1, 4};
    unsigned char data[24 * 8];
    char why[300] = "";
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 37);
    for (size_t i = 0; i < sizeof dtype / sizeof dtype[0]; i++)
        for (int32_t rank = 1; rank <= 8; rank++) {
            npy_array out = {dtype[i], {rank, {24, 1, 1, 1, 1, 1, 1, 1}}, 24 * bytes[i], data};
            npy_array in;
            assert_true(npy_write(in_folder("y.npy"), &out, why, sizeof why));
            if (!npy_read(in_folder("y.npy"), &in, why, sizeof why))
                fail_msg("%s", why);
            assert_int_equal(in.dtype, out.dtype);
            assert_int_equal(in.shape.rank, rank);
            assert_memory_equal(in.shape.dim, out.shape.dim, (size_t)rank * sizeof *in.shape.dim);
            assert_int_equal(in.bytes, out.bytes);
            assert_memory_equal(in.data, data, out.bytes);
            npy_free(&in);
        }
    unlink(in_folder("y.npy"));
}

/* The bytes that numpy.save writes for numpy.zeros((2, 3), numpy.float32). */
static void writes_what_numpy_writes(void **state)
{
    (void)state;
    static const char expected[] =
        "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    const float data[6] = {0};
    npy_array out = {CLCONV_F32, {2, {2, 3}}, sizeof data, (void *)(uintptr_t)data};
    unsigned char file[200];
    char why[300];
    assert_true(npy_write(in_folder("y.npy"), &out, why, sizeof why));
    FILE *stream = fopen(in_folder("y.npy"), "rb");
    assert_non_null(stream);
    assert_int_equal(fread(file, 1, sizeof file, stream), 128 + sizeof data);
    fclose(stream);
    assert_memory_equal(file, expected, sizeof expected - 1);
    for (size_t i = sizeof expected - 1; i < 127; i++)
        assert_int_equal(file[i], ' ');
    assert_int_equal(file[127], '\n');
    unlink(in_folder("y.npy"));
}

static void leaves_nothing_when_writing_fails(void **state)
{
    (void)state;
    float data[2] = {1, 2};
    const npy_array out = {CLCONV_F32, {1, {2}}, sizeof data, data};
    const npy_array odd = {99, {1, {2}}, sizeof data, data};
    char why[300];
    assert_false(npy_write(in_folder("absent/y.npy"), &out, why, sizeof why));
    assert_non_null(strstr(why, "absent/y.npy: No such file"));
    assert_false(npy_write(in_folder("y.npy"), &odd, why, sizeof why));
    assert_int_equal(mkdir(in_folder("dir"), 0700), 0);
    assert_false(npy_write(in_folder("dir"), &out, why, sizeof why));
    assert_non_null(strstr(why, "not a regular file"));
    rmdir(in_folder("dir"));
    /* Never replaces a device by a file, whatever rename would allow. */
    assert_false(npy_write("/dev/null", &out, why, sizeof why));
}

static void shapes_read_as_pytorch_prints_them(void **state)
{
    (void)state;
    char text[60];
    const clconv_shape four = {4, {2, 3, 7, 5}}, none = {0, {0}};
    const clconv_shape one = {1, {INT64_MAX}};
    assert_string_equal(npy_shape_text(&four, text, sizeof text), "[2, 3, 7, 5]");
    assert_string_equal(npy_shape_text(&none, text, sizeof text), "[]");
    assert_string_equal(npy_shape_text(&one, text, sizeof text), "[9223372036854775807]");
    assert_string_equal(npy_shape_text(&four, text, 6), "[2, 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_malformed_files),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(reads_any_right_header),
        cmocka_unit_test(reads_back_what_it_writes),
        cmocka_unit_test(writes_what_numpy_writes),
        cmocka_unit_test(leaves_nothing_when_writing_fails),
        cmocka_unit_test(shapes_read_as_pytorch_prints_them),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
