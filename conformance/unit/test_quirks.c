/* SPDX-License-Identifier: MIT */
/* Quirks: which files are refused with which words, what matches which device and case, and what
 * becomes of a verdict. No device is needed. */
#include "quirks.h"

#include "report.h"
#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "suite_quirks.XXXXXX";

/* The example of quirks/README.md, and what a device must be for it. */
static const char example[] =
    "{\"$comment\": \"SPDX-License-Identifier: MIT\", \"id\": \"acme-even-width\", \"match\": "
    "{\"platform\": \"ACME*\", \"device\": \"X1 *\", \"driver\": \">= 21.1, < 23\", \"extension\": "
    "\"cl_khr_fp16\"}, \"action\": \"xfail\", \"cases\": \"*:algo=gemm:*\", \"reason\": \"one "
    "column "
    "too many\", \"link\": \"https://tracker.example/4711\", \"expires\": \"2027-06-30\"}";

static json_t *card_of(const char *platform, const char *device, const char *driver,
                       const char *extension)
{
    return json_pack("{s:s, s:s, s:s, s:[s, s]}", "platform", platform, "name", device, "driver",
                     driver, "extensions", "cl_khr_fp64", extension);
}

/* The example with one field changed (an empty `value` takes it out), written and read. */
static bool load_changed(const char *field, json_t *value, quirks *q, char *why, size_t room)
{
    json_t *one = json_loads(example, 0, NULL);
    assert_non_null(one);
    const char *dot = strchr(field, '.');
    json_t *object = dot ? json_object_get(one, "match") : one;
    const char *key = dot ? dot + 1 : field;
    if (value)
        json_object_set_new(object, key, value);
    else
        json_object_del(object, key);
    assert_int_equal(json_dump_file(one, "q.json", 0), 0);
    json_decref(one);
    return quirks_load(q, "q.json", false, why, room);
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *version;
        bool fits;
    } rows[] = {
        {"3.1*", "3.1+debian", true},      {"3.1", "3.1+debian", false},
        {">= 3.1", "3.1+debian", true},    {"> 3.1", "3.1+debian", false},
        {"<3.10", "3.9.7", true},          {"< 3.9", "3.10", false},
        {"=3.1", "3.1.0", true},           {"= 3.1", "3.1.1", false},
        {">= 21.1, < 23", "22.9.1", true}, {">= 21.1, < 23", "23.0", false},
        {">= 21.1 < 23", "21.0.9", false}, {"<= 3590", "3590.0 (HSA1.1,LC)", true},
        {">= 1", "Mesa 24.0", true},       {">= 0", "no number", false},
        {"*", "no number", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (quirks_version_fits(rows[i].pattern, rows[i].version) != rows[i].fits)
            fail_msg("%s and %s", rows[i].pattern, rows[i].version);
}

static void test_devices(void **state)
{
    (void)state;
    static const struct {
        const char *platform, *device, *driver, *extension;
        size_t count;
    } rows[] = {
        {"ACME CL", "X1 Pro", "22.0", "cl_khr_fp16", 1},
        {"Other CL", "X1 Pro", "22.0", "cl_khr_fp16", 0},
        {"ACME CL", "X2 Pro", "22.0", "cl_khr_fp16", 0},
        {"ACME CL", "X1 Pro", "23.0", "cl_khr_fp16", 0},
        {"ACME CL", "X1 Pro", "22.0", "cl_khr_fp16_more", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        quirks q;
        char why[512];
        assert_true(load_changed("id", json_string("a"), &q, why, sizeof why));
        json_t *card = card_of(rows[i].platform, rows[i].device, rows[i].driver, rows[i].extension);
        quirks_match(&q, card);
        assert_int_equal(q.count, rows[i].count);
        json_decref(card);
        quirks_free(&q);
    }
}

/* What each field must be; the sentence names file, quirk and field. */
static void test_refusals(void **state)
{
    (void)state;
    struct {
        const char *field;
        json_t *value;
        const char *words;
    } rows[] = {
        {"id", NULL, "q.json: quirk 1: id is missing"},
        {"id", json_string("A B"), "q.json: quirk A B: id is 1 to 40 small letters"},
        {"id", json_integer(1), "q.json: quirk 1: id is no string"},
        {"match", NULL, "q.json: quirk acme-even-width: match is missing"},
        {"match", json_object(), "match names none of"},
        {"match.vendor", json_string("A"), "vendor is no field of a quirk"},
        {"match.device", json_string(""), "device is empty"},
        {"match.driver", json_string(">= x"), "driver is a glob, or a range"},
        {"match.driver", json_string(">= 1; < 2"), "driver is a glob, or a range"},
        {"match.driver", json_string("=> 1"), "driver is a glob, or a range"},
        {"match.driver", json_string(">= 1, 2"), "driver is a glob, or a range"},
        {"action", json_string("ignore"), "action is skip or xfail, but got 'ignore'"},
        {"action", NULL, "action is missing"},
        {"cases", NULL, "cases is missing"},
        {"reason", json_string(""), "reason is empty"},
        {"link", json_string("ftp://x"), "link begins with https://"},
        {"expires", json_string("2027-6-30"), "expires is a day"},
        {"expires", json_string("2027-02-29"), "expires is a day"},
        {"expires", json_string("2027-13-01"), "expires is a day"},
        {"expires", json_string("2027-06-31"), "expires is a day"},
        {"expires", NULL, "expires is missing"},
        {"until", json_string("2027-06-30"), "until is no field of a quirk"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        quirks q;
        char why[512] = "";
        if (load_changed(rows[i].field, rows[i].value, &q, why, sizeof why) ||
            !strstr(why, rows[i].words))
            fail_msg("%s: '%s' instead of '%s'", rows[i].field, why, rows[i].words);
        quirks_free(&q);
    }
}

static void test_files(void **state)
{
    (void)state;
    char why[512], twice[2 * sizeof example + 8];
    quirks q;
    snprintf(twice, sizeof twice, "[%s,\n%s]", example, example);
    assert_true(output_write("q.json", twice, why, sizeof why));
    assert_false(quirks_load(&q, "q.json", false, why, sizeof why));
    assert_string_equal(why, "q.json: quirk acme-even-width: id is that of another quirk");
    quirks_free(&q);
    assert_true(output_write("q.json", "[{]", why, sizeof why));
    assert_false(quirks_load(&q, "q.json", false, why, sizeof why));
    assert_non_null(strstr(why, "q.json: line 1: "));
    quirks_free(&q);
    assert_false(quirks_load(&q, "absent", false, why, sizeof why));
    assert_non_null(strstr(why, "absent: "));
    quirks_free(&q);
    remove("q.json");
    assert_false(quirks_load(&q, ".", false, why, sizeof why));
    assert_string_equal(why, ".: holds no *.json");
    quirks_free(&q);
    assert_true(output_write("q.json", example, why, sizeof why));
    assert_true(quirks_load(&q, ".", true, why, sizeof why));
    assert_true(q.count >= 1 && q.hash[0]);
    quirks_free(&q);
}

/* The schema and the reader agree about what a quirk is made of. */
static void test_schema(void **state)
{
    (void)state;
    char why[512];
    json_t *schema = json_load_file(SCHEMA_FILE, 0, NULL), *one = json_loads(example, 0, NULL);
    assert_non_null(schema);
    if (!schema_holds(schema, schema, one, "the quirk", why, sizeof why))
        fail_msg("%s", why);
    json_decref(one);
    const json_t *names = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(names); i++) {
        quirks q;
        assert_false(
            load_changed(json_string_value(json_array_get(names, i)), NULL, &q, why, sizeof why));
        quirks_free(&q);
    }
    json_decref(schema);
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *action, *name;
        case_state before, after;
        const char *words;
    } rows[] = {
        {"xfail", "c1hw1k1:algo=gemm:data=real", STATE_FAIL, STATE_XFAIL,
         "acme-even-width: one column too many (https://tracker.example/4711); wrong"},
        {"xfail", "c1hw1k1:algo=gemm:data=real", STATE_PASS, STATE_XPASS, "delete the quirk"},
        {"xfail", "c1hw1k1:algo=gemm:data=real", STATE_SKIP, STATE_SKIP, "wrong"},
        {"xfail", "c1hw1k1:algo=gemm:data=real", STATE_REFUSED, STATE_REFUSED, "wrong"},
        {"xfail", "c1hw1k1:algo=naive:data=real", STATE_FAIL, STATE_FAIL, "wrong"},
        {"xfail", "c1hw1k1:algo=naive:data=real", STATE_PASS, STATE_PASS, "wrong"},
        {"skip", "c1hw1k1:algo=gemm:data=real", STATE_FAIL, STATE_SKIP,
         "acme-even-width: one column too many (https://tracker.example/4711)"},
        {"skip", "c1hw1k1:algo=naive:data=real", STATE_FAIL, STATE_FAIL, "wrong"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        quirks q;
        case_spec c;
        char why[512];
        verdict v = {.state = rows[i].before, .reason = "wrong"};
        assert_true(load_changed("action", json_string(rows[i].action), &q, why, sizeof why));
        assert_true(case_parse(rows[i].name, &c, why, sizeof why));
        quirks_skip(&q, &c, &v);
        quirks_judge(&q, &c, &v);
        assert_int_equal(v.state, rows[i].after);
        assert_non_null(strstr(v.reason, rows[i].words));
        quirks_free(&q);
    }
}

/* The last good day, and the day after. */
static void test_expiry(void **state)
{
    (void)state;
    static const char *const days[] = {"1814313600", "1814400000"}; /* 2027-06-30, 2027-07-01 */
    char why[512];
    quirks q;
    for (int i = 0; i < 2; i++) {
        setenv("SOURCE_DATE_EPOCH", days[i], 1);
        assert_true(load_changed("id", json_string("a"), &q, why, sizeof why));
        json_t *list = quirks_json(&q);
        const json_t *one = json_array_get(list, 0);
        assert_int_equal(json_is_true(json_object_get(one, "expired")), i);
        json_decref(list);
        quirks_free(&q);
    }
    setenv("SOURCE_DATE_EPOCH", "today", 1);
    assert_false(load_changed("id", json_string("a"), &q, why, sizeof why));
    assert_non_null(strstr(why, "SOURCE_DATE_EPOCH is a whole number"));
    quirks_free(&q);
    unsetenv("SOURCE_DATE_EPOCH");
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    remove("q.json");
    return chdir("..") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions), cmocka_unit_test(test_devices),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_files),
        cmocka_unit_test(test_schema),   cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_expiry),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
