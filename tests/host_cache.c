/* SPDX-License-Identifier: MIT */
/* The program cache on disk: found again, never trusted when damaged, never in the way; and kernels
 * replaced through CLCONV_KERNEL_DIR. Exit 77 without a device. */
#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "clconv/clconv.h"
#include "devices.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static cl_context context;
static cl_device_id device;
static char root[] = "/tmp/clconv-cache-XXXXXX", folder[64], file[512];

/* A plan in a context of its own; what it built and loaded. */
static clconv_stats plan_once(clconv_status wanted)
{
    clconv_context *ctx = NULL;
    clconv_plan *plan = NULL;
    clconv_problem p;
    clconv_stats stats = {.size = sizeof stats};
    const clconv_plan_options o = {.size = sizeof o, .algorithm = "naive"};
    clconv_problem_init(&p, sizeof p);
    p.c = p.k = 1, p.in[0] = p.in[1] = 4;
    assert_int_equal(clconv_context_create(context, device, &ctx), CLCONV_OK);
    assert_int_equal(clconv_plan_create(ctx, &p, &o, &plan), wanted);
    clconv_context_stats(ctx, &stats);
    clconv_plan_destroy(plan);
    clconv_context_destroy(ctx);
    return stats;
}

/* Files in the cache folder; the path of the last one in `file`. */
static int count_files(void)
{
    int count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *e = open ? readdir(open) : NULL; e; e = readdir(open))
        if (e->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", folder, e->d_name);
            count++;
        }
    if (open)
        closedir(open);
    return count;
}

static void assert_built(clconv_stats s, uint64_t built, uint64_t loaded)
{
    assert_int_equal(s.programs_built, built);
    assert_int_equal(s.programs_loaded, loaded);
}

static void test_found_again(void **state)
{
    (void)state;
    assert_built(plan_once(CLCONV_OK), 1, 0);
    assert_int_equal(count_files(), 1);
    assert_built(plan_once(CLCONV_OK), 0, 1);
    assert_int_equal(count_files(), 1);
}

static long size_of(const char *path)
{
    struct stat s;
    return stat(path, &s) ? -1 : (long)s.st_size;
}

static void flip_byte(long at)
{
    FILE *f = fopen(file, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    const int byte = fgetc(f);
    fseek(f, at, SEEK_SET);
    fputc(byte ^ 0x40, f);
    fclose(f);
}

static void test_damage_falls_back_to_source(void **state)
{
    (void)state;
    assert_int_equal(count_files(), 1);
    const long size = size_of(file);
    const long flips[] = {0, 9, 25, 33, size / 2, size - 1};
    const long cuts[] = {0, 7, 40, size / 2, size - 1};
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        flip_byte(flips[i]);
        assert_built(plan_once(CLCONV_OK), 1, 0); /* and writes a whole file again */
        assert_built(plan_once(CLCONV_OK), 0, 1);
    }
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        assert_int_equal(truncate(file, cuts[i]), 0);
        assert_built(plan_once(CLCONV_OK), 1, 0);
        assert_built(plan_once(CLCONV_OK), 0, 1);
    }
    FILE *f = fopen(file, "ab");
    fputs("junk", f);
    fclose(f);
    assert_built(plan_once(CLCONV_OK), 1, 0);
}

static void test_no_folder(void **state)
{
    (void)state;
    setenv("CLCONV_CACHE_DIR", "", 1);
    assert_built(plan_once(CLCONV_OK), 1, 0);
    assert_built(plan_once(CLCONV_OK), 1, 0);
    setenv("CLCONV_CACHE_DIR", "/dev/null/nowhere", 1); /* cannot be made, even by root */
    assert_built(plan_once(CLCONV_OK), 1, 0);
    setenv("CLCONV_CACHE_DIR", folder, 1);
}

static void write_kernel(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_kernel_folder(void **state)
{
    (void)state;
    int replaced = 1;
    clconv_kernel_hash(&replaced);
    assert_int_equal(replaced, 0);
    setenv("CLCONV_KERNEL_DIR", root, 1);
    clconv_kernel_hash(&replaced);
    assert_int_equal(replaced, 1);
    plan_once(CLCONV_BUILD_FAILED); /* no file there */
    assert_non_null(strstr(clconv_last_error(), "naive.cl: cannot be read"));
    write_kernel("common.cl", "/* nothing */\n");
    write_kernel("naive.cl", "kernel void naive(global float *x) { x[0] = 1.0f }\n");
    plan_once(CLCONV_BUILD_FAILED);
    assert_non_null(strstr(clconv_last_error(), "building naive.cl"));
    assert_non_null(strstr(clconv_last_error(), "error:")); /* the compiler's own words */
    unsetenv("CLCONV_KERNEL_DIR");
    assert_int_equal(strlen(clconv_kernel_hash(NULL)), 16);
}

static int set_up(void **state)
{
    (void)state;
    cl_int err = CL_SUCCESS;
    if (!mkdtemp(root))
        return -1;
    snprintf(folder, sizeof folder, "%s/deep/er", root);
    setenv("CLCONV_CACHE_DIR", folder, 1);
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &err);
    return err ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *where)
{
    (void)s, (void)type, (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    clReleaseContext(context);
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    char why[256];
    device_entry chosen;
    const int code = devices_choose(NULL, &chosen, why, sizeof why);
    if (code)
        return code;
    device = chosen.device;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_again),
        cmocka_unit_test(test_damage_falls_back_to_source),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_kernel_folder),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
