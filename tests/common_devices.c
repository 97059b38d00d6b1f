/* SPDX-License-Identifier: MIT */
/* Choosing a device: by index, by name, by CLCONV_DEVICE, by type; and none at all. */
#include "devices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static device_entry *list;
static size_t count;

static void takes_every_index(void **state)
{
    (void)state;
    char index[24], why[700] = "";
    device_entry chosen;
    for (size_t i = 0; i < count; i++) {
        snprintf(index, sizeof index, "%zu", i);
        assert_int_equal(devices_choose(index, &chosen, why, sizeof why), EXIT_GOOD);
        assert_ptr_equal(chosen.device, list[i].device);
        assert_string_equal(chosen.name, list[i].name);
    }
}

static void refuses_what_names_no_single_device(void **state)
{
    (void)state;
    char past[24], why[700];
    device_entry chosen;
    snprintf(past, sizeof past, "%zu", count);
    const char *const none[] = {past, "-1", "99999", "no such device"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        why[0] = '\0';
        assert_int_equal(devices_choose(none[i], &chosen, why, sizeof why), EXIT_USAGE);
        assert_non_null(strstr(why, none[i]));
    }
    if (count > 1) {
        assert_int_equal(devices_choose("", &chosen, why, sizeof why), EXIT_USAGE);
        assert_non_null(strstr(why, "names several"));
    }
}

/* A whole name chooses its device, unless another device's name holds it too. */
static void takes_names(void **state)
{
    (void)state;
    char why[700];
    device_entry chosen;
    for (size_t i = 0; i < count; i++) {
        size_t holders = 0;
        for (size_t j = 0; j < count; j++)
            holders += strstr(list[j].name, list[i].name) != NULL;
        const int status = devices_choose(list[i].name, &chosen, why, sizeof why);
        assert_int_equal(status, holders == 1 ? EXIT_GOOD : EXIT_USAGE);
        if (status == EXIT_GOOD)
            assert_ptr_equal(chosen.device, list[i].device);
    }
}

static void obeys_the_environment(void **state)
{
    (void)state;
    char why[700], last[24];
    device_entry chosen, preferred;
    unsetenv("CLCONV_DEVICE");
    assert_int_equal(devices_choose(NULL, &preferred, why, sizeof why), EXIT_GOOD);
    setenv("CLCONV_DEVICE", "", 1);
    assert_int_equal(devices_choose(NULL, &chosen, why, sizeof why), EXIT_GOOD);
    assert_ptr_equal(chosen.device, preferred.device);
    snprintf(last, sizeof last, "%zu", count - 1);
    setenv("CLCONV_DEVICE", last, 1);
    assert_int_equal(devices_choose(NULL, &chosen, why, sizeof why), EXIT_GOOD);
    assert_ptr_equal(chosen.device, list[count - 1].device);
    setenv("CLCONV_DEVICE", "no such device", 1);
    assert_int_equal(devices_choose(NULL, &chosen, why, sizeof why), EXIT_USAGE);
    assert_non_null(strstr(why, "CLCONV_DEVICE"));
    assert_int_equal(devices_choose("0", &chosen, why, sizeof why), EXIT_GOOD); /* wins over it */
    unsetenv("CLCONV_DEVICE");
}

/* GPU, ACCELERATOR, CPU as the whole type, in this order. */
static void prefers_by_type(void **state)
{
    (void)state;
    static const cl_device_type order[] = {CL_DEVICE_TYPE_GPU, CL_DEVICE_TYPE_ACCELERATOR,
                                           CL_DEVICE_TYPE_CPU};
    char why[700];
    device_entry chosen;
    assert_int_equal(devices_choose(NULL, &chosen, why, sizeof why), EXIT_GOOD);
    for (size_t t = 0; t < 3 && chosen.type != order[t]; t++)
        for (size_t i = 0; i < count; i++)
            assert_true(list[i].type != order[t]);
}

/* 77 where the machine has no OpenCL driver: the loader is pointed at an empty folder. */
static int choose_without_drivers(void)
{
    char why[700] = "";
    device_entry chosen;
    setenv("OCL_ICD_VENDORS", "/nonexistent/", 1);
    const int status = devices_choose(NULL, &chosen, why, sizeof why);
    return status == EXIT_NO_DEVICE && strstr(why, "no OpenCL device found") ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_index), cmocka_unit_test(refuses_what_names_no_single_device),
        cmocka_unit_test(takes_names),       cmocka_unit_test(obeys_the_environment),
        cmocka_unit_test(prefers_by_type),
    };
    int status = 0;
    const pid_t child = fork(); /* before the loader has looked for drivers in this process */
    if (child == 0)
        _exit(choose_without_drivers());
    if (waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "a machine without drivers is not told so\n");
        return 1;
    }
    setenv("POCL_DEVICES", "pthread basic", 0); /* PoCL then has two, for the ambiguous names */
    count = devices_list(&list);
    if (count == 0)
        return EXIT_NO_DEVICE;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(list);
    return failed;
}
