/* SPDX-License-Identifier: MIT */
/* The tuning table: which row decides a plan, which are ignored, and that nothing is lost. Exit 77
 * without a device. */
#define _XOPEN_SOURCE 700 /* nftw, mkdtemp */
#include "fixture.h"

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

static char root[] = "/tmp/clconv-tuning-XXXXXX", folder[64], kernels[64];
static const char small_tile[] = "kb=1,xb=1,yb=1", other_tile[] = "kb=1,xb=1,yb=2";

/* ---- Tools ----------------------------------------------------------------------------------- */

/* Contexts know the table that there was when they were made. */
static void renew_context(void)
{
    clconv_context_destroy(ctx);
    assert_int_equal(clconv_context_create(context, device, &ctx), CLCONV_OK);
}

static void save(const clconv_problem *p, const char *algorithm, const char *tile)
{
    clconv_tuned row = {.size = sizeof row, .ms = 1.25, .model_ms = 2.5};
    snprintf(row.algorithm, sizeof row.algorithm, "%s", algorithm);
    snprintf(row.tile, sizeof row.tile, "%s", tile);
    if (clconv_tuning_save(ctx, p, &row))
        fail_msg("saving: %s", clconv_last_error());
    renew_context();
}

static clconv_tuned find(const clconv_problem *p)
{
    clconv_tuned row = {.size = sizeof row};
    assert_int_equal(clconv_tuning_find(ctx, p, &row), CLCONV_OK);
    return row;
}

/* What the plan says of a problem holds the phrase. */
static void assert_explained(const clconv_problem *p, const char *algorithm, uint32_t flags,
                             const char *phrase)
{
    clconv_plan *plan = plan_of(p, algorithm, flags);
    assert_non_null(plan);
    if (!strstr(clconv_plan_explain(plan), phrase))
        fail_msg("no '%s' in\n%s", phrase, clconv_plan_explain(plan));
    clconv_plan_destroy(plan);
}

static char *read_table(void)
{
    static char text[8192];
    FILE *file = fopen(clconv_tuning_path(), "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void write_table(const char *text)
{
    FILE *file = fopen(clconv_tuning_path(), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    renew_context();
}

/* The line of the table that begins with "layer ", without its end. */
static void read_row(char *row, size_t room)
{
    const char *line = strstr(read_table(), "\nlayer ");
    assert_non_null(line);
    snprintf(row, room, "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
}

/* ---- Which row decides ----------------------------------------------------------------------- */

static void test_order_of_choice(void **state)
{
    (void)state;
    clconv_choice choice[16];
    clconv_problem p = problem();
    assert_int_equal(find(&p).scope, 0);
    assert_explained(&p, NULL, 0, "chosen by  the cost model");
    save(&p, "direct", small_tile);
    const clconv_tuned row = find(&p);
    assert_true(row.scope == 2 && row.own);
    assert_string_equal(row.algorithm, "direct");
    assert_string_equal(row.tile, small_tile);
    assert_true(row.ms > 1.24 && row.ms < 1.26 && row.model_ms > 2.49 && row.model_ms < 2.51);
    p.n = 7, p.b.dtype = CLCONV_F32; /* neither counts */
    assert_explained(&p, NULL, 0, "tile kb=1,xb=1,yb=1\n");
    assert_explained(&p, NULL, 0,
                     "the tuning table, own row: 1.2500 ms, the cost model's choice "
                     "2.5000 ms, measured at 6x5");
    assert_explained(&p, NULL, CLCONV_UNTUNED, "chosen by  the cost model");
    assert_explained(&p, "naive", 0, "chosen by  its name");
    clconv_plan *named = plan_of(&p, "direct", 0); /* the row gives it no tile either */
    assert_null(strstr(clconv_plan_explain(named), small_tile));
    clconv_plan_destroy(named);
    clconv_rank(ctx, &p, NULL, choice, sizeof *choice, 16);
    assert_string_equal(choice[0].algorithm, "direct");
    p.stride[0] = 2; /* another layer */
    assert_int_equal(find(&p).scope, 0);
    save(&p, "naive", "");
    assert_explained(&p, NULL, 0, "algorithm  naive\nchosen by  the tuning table");
}

/* The nearest of several images, and no program more. */
static void test_another_image(void **state)
{
    (void)state;
    clconv_problem small = problem(), large = problem(), p = problem();
    clconv_stats before = {.size = sizeof before}, after = before;
    large.in[0] = 60, large.in[1] = 50;
    save(&small, "direct", small_tile);
    save(&large, "direct", other_tile);
    assert_explained(&small, NULL, 0, small_tile);
    assert_explained(&large, NULL, 0, other_tile);
    clconv_context_stats(ctx, &before);
    p.in[0] = 8, p.in[1] = 9;
    assert_int_equal(find(&p).scope, 1);
    assert_explained(&p, NULL, 0, small_tile);
    assert_explained(&p, NULL, 0, "measured at the nearest image, 6x5");
    p.in[0] = 300, p.in[1] = 40;
    assert_explained(&p, NULL, 0, other_tile);
    clconv_context_stats(ctx, &after);
    assert_int_equal(before.programs_built + before.programs_loaded,
                     after.programs_built + after.programs_loaded);
    save(&large, "direct", small_tile); /* in place of the one there was */
    assert_string_equal(find(&large).tile, small_tile);
    assert_null(strstr(read_table(), other_tile));
}

static void test_refused_tile(void **state)
{
    (void)state;
    clconv_choice choice[16];
    clconv_problem p = problem();
    save(&p, "depthwise", "xb=1,yb=1"); /* groups of two channels */
    assert_int_equal(find(&p).scope, 2);
    assert_explained(&p, NULL, 0, "chosen by  the cost model");
    save(&p, "direct", "rows,v=16,kb=8,xb=4"); /* rows of four pixels */
    assert_explained(&p, NULL, 0, "chosen by  the cost model");
    const size_t count = clconv_rank(ctx, &p, NULL, choice, sizeof *choice, 16);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(choice[i].algorithm, "direct"))
            assert_null(choice[i].refusal); /* other tiles of it do accept */
}

/* A row of the library's class is outdone by a row of one's own. */
static void test_own_before_shipped(void **state)
{
    (void)state;
    clconv_problem p;
    clconv_problem_init(&p, sizeof p);
    p.c = p.k = p.groups = 1024, p.in[0] = p.in[1] = 7, p.kernel[0] = p.kernel[1] = 3;
    for (int d = 0; d < 2; d++)
        p.pad_before[d] = p.pad_after[d] = 1;
    if (!find(&p).scope)
        skip(); /* no rows for devices like this */
    assert_int_equal(find(&p).own, 0);
    save(&p, "naive", "");
    assert_int_equal(find(&p).own, 1);
    assert_string_equal(find(&p).algorithm, "naive");
}

/* ---- Which rows are ignored ------------------------------------------------------------------ */

/* The table with one word of its row (0 = "layer") replaced. */
static void write_with_word(const char *row, int word, const char *text)
{
    char line[1200] = "", copy[1000], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", row);
    char *part = strtok_r(copy, " ", &rest);
    for (int i = 0; part; part = strtok_r(NULL, " ", &rest), i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", i ? " " : "",
                 i == word ? text : part);
    strcat(line, "\n");
    write_table(line);
}

static void test_rows_that_do_not_hold(void **state)
{
    (void)state;
    char row[1000], driver[400];
    const clconv_problem p = problem();
    enum { DEVICE = 1, LAYER, IMAGE, VERSION, KERNELS, ALGORITHM, TILE, NS, MODEL_NS };
    save(&p, "direct", small_tile);
    read_row(row, sizeof row);
    assert_int_equal(sscanf(row, "layer %399s", driver), 1);
    strcat(driver, "x"); /* another driver */
    const struct {
        int word;
        const char *text;
    } changes[] = {{DEVICE, driver},
                   {LAYER, "2x2x4:r3s2"},
                   {IMAGE, "6x5"},
                   {IMAGE, "6x5-0x4"},
                   {VERSION, "0.0.9"},
                   {KERNELS, "0123456789abcdef"},
                   {ALGORITHM, "winograd"},
                   {TILE, "lanes"},
                   {TILE, "no,such=1"},
                   {NS, "fast"},
                   {NS, "0"},
                   {NS, "-5"},
                   {MODEL_NS, "7 8"},
                   {MODEL_NS, "7x"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_with_word(row, changes[i].word, changes[i].text);
        clconv_plan *plan = plan_of(&p, NULL, 0);
        assert_non_null(plan);
        if (!strstr(clconv_plan_explain(plan), "chosen by  the cost model"))
            fail_msg("word %d '%s' is not seen", changes[i].word, changes[i].text);
        clconv_plan_destroy(plan);
    }
    char text[1400]; /* and lines that are no rows at all */
    snprintf(text, sizeof text, "layer\ndevice x\njunk\n\n# a comment\n%s\nlayer cut off", row);
    write_table(text);
    assert_explained(&p, NULL, 0, "the tuning table, own row");
}

static void copy_kernel(const char *name, const char *more)
{
    char from[600], to[600], text[4096];
    snprintf(from, sizeof from, "%s/%s.cl", KERNEL_FOLDER, name);
    snprintf(to, sizeof to, "%s/%s.cl", kernels, name);
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    assert_true(in && out);
    for (size_t got; (got = fread(text, 1, sizeof text, in)) > 0;)
        fwrite(text, 1, got, out);
    fputs(more, out);
    fclose(in);
    fclose(out);
}

/* An edited kernel voids its design's rows alone, an edited include those of all that have it. */
static void test_edited_kernels(void **state)
{
    (void)state;
    static const char *const files[] = {"naive",     "direct", "common",  "types", "ending",
                                        "quantized", "strips", "padding", "bank"};
    clconv_problem p = problem(), other = problem();
    other.stride[0] = 2;
    save(&p, "direct", small_tile);
    save(&other, "naive", "");
    setenv("CLCONV_KERNEL_DIR", kernels, 1);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        copy_kernel(files[i], "");
    renew_context();
    assert_true(find(&p).scope == 2 && find(&other).scope == 2);
    copy_kernel("direct", "/* edited */\n");
    renew_context();
    assert_true(find(&p).scope == 0 && find(&other).scope == 2);
    copy_kernel("direct", "");
    copy_kernel("strips", "/* edited */\n");
    renew_context();
    assert_true(find(&p).scope == 0 && find(&other).scope == 2);
    copy_kernel("common", "/* edited */\n");
    renew_context();
    assert_true(find(&p).scope == 0 && find(&other).scope == 0);
    unsetenv("CLCONV_KERNEL_DIR");
    renew_context();
    assert_true(find(&p).scope == 2 && find(&other).scope == 2);
}

/* ---- The file -------------------------------------------------------------------------------- */

static void test_no_folder(void **state)
{
    (void)state;
    const clconv_problem p = problem();
    const clconv_tuned row = {.size = sizeof row, .algorithm = "naive", .ms = 1, .model_ms = 1};
    setenv("CLCONV_CACHE_DIR", "", 1);
    assert_string_equal(clconv_tuning_path(), "");
    assert_refused(clconv_tuning_save(ctx, &p, &row), CLCONV_INVALID, "CLCONV_CACHE_DIR");
    setenv("CLCONV_CACHE_DIR", "/dev/null/nowhere", 1);
    assert_refused(clconv_tuning_save(ctx, &p, &row), CLCONV_FILE_ERROR, "/dev/null/nowhere");
    setenv("CLCONV_CACHE_DIR", folder, 1);
    clconv_tuned wrong = row;
    snprintf(wrong.tile, sizeof wrong.tile, "a b");
    assert_refused(clconv_tuning_save(ctx, &p, &wrong), CLCONV_INVALID, "no tile 'a b'");
    snprintf(wrong.algorithm, sizeof wrong.algorithm, "winograd");
    assert_refused(clconv_tuning_save(ctx, &p, &wrong), CLCONV_INVALID, "'winograd'");
}

static void test_traits(void **state)
{
    (void)state;
    clconv_traits guessed = {.size = sizeof guessed}, known = guessed;
    const clconv_problem p = problem();
    clconv_context_traits(ctx, &guessed);
    assert_true(!guessed.measured && guessed.macs_per_s > 0 && guessed.memory_bytes_per_s > 0);
    const clconv_traits traits = {sizeof traits, 1, 5e11, 3e6, 4e10, 2e10, 3e-6, 4e11};
    save(&p, "direct", small_tile);
    assert_int_equal(clconv_tuning_save_traits(ctx, &traits), CLCONV_OK);
    renew_context();
    clconv_context_traits(ctx, &known);
    assert_true(known.measured == 1 && known.half_macs_per_s == 4e11);
    assert_true(known.macs_per_s == 5e11 && known.cache_bytes == 3e6);
    assert_true(known.cache_bytes_per_s == 4e10 && known.memory_bytes_per_s == 2e10);
    assert_true(known.launch_s > 2.9e-6 && known.launch_s < 3.1e-6);
    assert_int_equal(find(&p).scope, 2); /* both lines stay */
    save(&p, "direct", other_tile);
    clconv_context_traits(ctx, &guessed);
    assert_int_equal(guessed.measured, 1);
}

/* The scope that the row has for the device's class with `more` behind it, beside such traits. */
static void assert_scope(double half_macs_per_s, const char *row, const char *more, int scope)
{
    const clconv_traits traits = {sizeof traits, 1, 5e11, 3e6, 4e10, 2e10, 3e-6, half_macs_per_s};
    const clconv_problem p = problem();
    clconv_traits known = {.size = sizeof known};
    char text[8192 + 1000];
    write_table("");
    assert_int_equal(clconv_tuning_save_traits(ctx, &traits), CLCONV_OK);
    snprintf(text, sizeof text, "%s%.*s%s%s\n", read_table(), (int)strcspn(row, "|"), row, more,
             strchr(row + strcspn(row, "|"), ' '));
    write_table(text);
    assert_int_equal(find(&p).scope, scope);
    clconv_context_traits(ctx, &known);
    assert_int_equal(known.measured, 1);
}

/* Rows for CPUs of half units hold where vectors half as wide were measured to do as much. */
static void test_half_units(void **state)
{
    (void)state;
    char row[1000];
    const clconv_problem p = problem();
    save(&p, "direct", small_tile);
    read_row(row, sizeof row);
    if (strncmp(row, "layer cpu", 9))
        skip(); /* no class of this device has half units */
    assert_scope(5e11, row, "", 2);
    assert_scope(4.9e11, row, "half", 2);
    assert_scope(2.5e11, row, "half", 0);
    assert_scope(0, row, "half", 0); /* not known */
    assert_scope(5e11, row, "halfway", 0);
}

/* ---- Each test has a folder without a table -------------------------------------------------- */

static int start_empty(void **state)
{
    (void)state;
    unlink(clconv_tuning_path());
    renew_context();
    return 0;
}

static int set_up_folder(void **state)
{
    if (!mkdtemp(root))
        return -1;
    snprintf(folder, sizeof folder, "%s/cache", root);
    snprintf(kernels, sizeof kernels, "%s/kernels", root);
    setenv("CLCONV_CACHE_DIR", folder, 1);
    return mkdir(kernels, 0700) || set_up(state);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *where)
{
    (void)s, (void)type, (void)where;
    return remove(path);
}

static int tear_down_folder(void **state)
{
    return tear_down(state) || nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const int code = fixture_device();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order_of_choice, start_empty),
        cmocka_unit_test_setup(test_another_image, start_empty),
        cmocka_unit_test_setup(test_refused_tile, start_empty),
        cmocka_unit_test_setup(test_own_before_shipped, start_empty),
        cmocka_unit_test_setup(test_rows_that_do_not_hold, start_empty),
        cmocka_unit_test_setup(test_edited_kernels, start_empty),
        cmocka_unit_test_setup(test_no_folder, start_empty),
        cmocka_unit_test_setup(test_traits, start_empty),
        cmocka_unit_test_setup(test_half_units, start_empty),
    };
    return code ? code : cmocka_run_group_tests(tests, set_up_folder, tear_down_folder);
}
