/* SPDX-License-Identifier: MIT */
/* Layer tables: what is read, what is refused with which words, and the built-in suites. */
#include "layers.h"

#include "csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS "model,layer,n,c,h,w,k,r,s,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,groups,count"

static char why[CASE_TEXT];

static bool read_text(const char *text, layer_list *list)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(file);
    memset(list, 0, sizeof *list);
    why[0] = '\0';
    const bool good = layers_read(file, "t.csv", list, why, sizeof why);
    fclose(file);
    return good;
}

static void is_case(const layer_row *layer, const char *text)
{
    char got[CASE_TEXT];
    assert_string_equal(case_print(&layer->spec, got, sizeof got), text);
}

static void rows(void **state)
{
    (void)state;
    layer_list list;
    assert_true(read_text(COLUMNS "\r\n"
                                  "a, first (x1) ,2,6,9,7,12,3,5,2,1,1,3,1,2,3,4\r\n"
                                  "\r\n"
                                  "\"b \"\"q\"\"\",\"c,d\",1,4,5,5,4,1,1,1,1,0,0,1,1,1,1",
                          &list));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.layers[0].layer, " first (x1) ");
    assert_int_equal(list.layers[0].count, 4);
    is_case(&list.layers[0], "n2c6h9w7k12r3s5sh2ph1pw3dw2g3");
    assert_string_equal(list.layers[1].model, "b \"q\"");
    assert_string_equal(list.layers[1].layer, "c,d");
    assert_true(layer_is_grouped(&list.layers[0]) && !layer_is_grouped(&list.layers[1]));
    layers_select(&list, "a", true);
    assert_int_equal(list.count, 1);
    layers_select(&list, "b", false);
    assert_int_equal(list.count, 0);
    layers_free(&list);
}

static void modes(void **state)
{
    (void)state;
    layer_list list;
    assert_true(read_text(COLUMNS ",mode\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,1,1,shared\n"
                                  "a,c,1,3,5,6,12,3,3,1,1,1,1,1,1,3,1,conv\n",
                          &list));
    is_case(&list.layers[0], "c3h5w6k12rs3p1:shared");
    is_case(&list.layers[1], "c3h5w6k12rs3p1g3");
    assert_true(layer_is_grouped(&list.layers[0]));
    layers_free(&list);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sentence;
    } row[] = {
        {"", "t.csv: is empty"},
        {"model,layer\n", "t.csv:1: the columns are model,layer,n,c,h,w,"},
        {COLUMNS ",extra\n", "t.csv:1: the columns are"},
        {COLUMNS "\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,1\n", "t.csv:2: 16 fields, but there are 17"},
        {COLUMNS "\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,1,1,conv\n",
         "t.csv:2: 18 fields, but there are 17"},
        {COLUMNS "\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,1,1,conv,x\n", "t.csv:2: more than 18 fields"},
        {COLUMNS "\n\na,b,1,3,5x,6,12,3,3,1,1,1,1,1,1,1,1\n",
         "t.csv:3: h is no whole number: '5x'"},
        {COLUMNS "\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,,1\n", "t.csv:2: groups is no whole number: ''"},
        {COLUMNS "\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,1,0\n", "t.csv:2: count is at least 1"},
        {COLUMNS "\na,b,0,3,5,6,12,3,3,1,1,1,1,1,1,1,1\n", "t.csv:2: n is 0"},
        {COLUMNS "\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,2,1\n", "t.csv:2: "},
        {COLUMNS "\na,b,1,3,5,6,12,3,3,0,1,1,1,1,1,1,1\n", "t.csv:2: "},
        {COLUMNS "\n\"a,b,1\n", "t.csv:2: field 1 has a quote that does not close it"},
        {COLUMNS "\n\"a\"x,b\n", "t.csv:2: field 1 has a quote"},
        {COLUMNS "\n\"a\"\"\n", "t.csv:2: field 1 has a quote"},
        {COLUMNS "\n\"\n", "t.csv:2: field 1 has a quote"},
        {COLUMNS ",mode\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,1,1,fold\n",
         "t.csv:2: mode is conv or shared, but got 'fold'"},
        {COLUMNS ",mode\na,b,1,3,5,6,12,3,3,1,1,1,1,1,1,3,1,shared\n",
         "t.csv:2: mode shared has groups 1, but got 3"},
        {COLUMNS ",mode\na,b,1,3,5,6,13,3,3,1,1,1,1,1,1,1,1,shared\n", "t.csv:2: "},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        layer_list list;
        assert_false(read_text(row[i].text, &list));
        if (strncmp(why, row[i].sentence, strlen(row[i].sentence)) != 0)
            fail_msg("row %zu: '%s' does not begin with '%s'", i, why, row[i].sentence);
        assert_true(strlen(why) > strlen("t.csv:2: "));
        layers_free(&list);
    }
}

static void suites(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t layers, grouped;
    } row[] = {{"core", 70, 70}, {"layers", 555, 221}, {"quick", 6, 5}, {"worklist", 32, 28}};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        layer_list list = {0};
        if (!layers_suite(row[i].name, &list, why, sizeof why))
            fail_msg("%s", why);
        assert_int_equal(list.count, row[i].layers);
        layers_select(&list, NULL, true);
        assert_int_equal(list.count, row[i].grouped);
        layers_free(&list);
    }
    layer_list list = {0};
    assert_true(layers_suite("worklist", &list, why, sizeof why));
    layers_select(&list, "fold", false);
    is_case(&list.layers[3], "c64hw112k512rs5p2:shared");
    layers_free(&list);
    assert_false(layers_suite("cor", &list, why, sizeof why));
    assert_string_equal(why, "--suite is one of core, quick, worklist, layers, but got 'cor'");
}

static void cases(void **state)
{
    (void)state;
    layer_list list = {0};
    assert_true(layers_case("c3hw8k6rs3:seed=7:algo=direct:tile=kb=4", &list, why, sizeof why));
    assert_string_equal(list.layers[0].model, "case");
    assert_string_equal(list.layers[0].layer, "c3hw8k6rs3:seed=7:algo=direct:tile=kb=4");
    assert_false(layers_case("c3hw8", &list, why, sizeof why));
    assert_false(layers_case("c3hw8k6:data=real", &list, why, sizeof why));
    assert_false(layers_case("c3hw8k6:tile=kb=4", &list, why, sizeof why));
    assert_false(layers_case("c3hw8k6:sweep=2", &list, why, sizeof why));
    assert_false(layers_case("n0c3hw8k6", &list, why, sizeof why));
    assert_false(layers_case("c3hw8k6:i32", &list, why, sizeof why));
    assert_int_equal(list.count, 1);
    layers_free(&list);
}

/* What options say of all layers: the arrays get types and layouts that belong together. */
static void forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        layers_form form;
        const char *sentence; /* or the case that comes out */
    } row[] = {
        {"c3hw8k6b1", {.dtype = "f16"}, "c3hw8k6b1:f16"},
        {"c3hw8k6b1", {.dtype = "u8", .layout = "nhwc"}, "c3hw8k6b1:u8:nhwc"},
        {"c3hw8k6b1:f16", {"backward-weights", "f16", NULL}, "c3hw8k6b1:f16:dir=backward-weights"},
        {"c3hw8k6:nhwc", {.layout = "nhwc"}, "c3hw8k6:nhwc"},
        {"c3hw8k6:bf16", {NULL, NULL, NULL}, "c3hw8k6:bf16"},
        {"c3hw8k6", {.dtype = "float16"}, "--dtype is one of f32, f64, f16, bf16, i8, u8, i32"},
        {"c3hw8k6", {.dtype = "i32"}, "x of type int32 is not in this version"},
        {"c3hw8k6", {.layout = "nc"}, "--layout is one of nchw, nhwc, but got 'nc'"},
        {"c3hw8k6:bf16", {.dtype = "f16"}, "--dtype f16 beside :bf16 of the case"},
        {"c3hw8k6:nhwc", {.layout = "nchw"}, "--layout nchw beside :nhwc of the case"},
        {"c3hw8k6:dir=backward-data", {"backward-weights", NULL, NULL}, "--direction backward-w"},
        {"c3hw8k6", {"backward-data", "i8", NULL}, "only tensors of floating point type have"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        layer_list list = {0};
        assert_true(layers_case(row[i].text, &list, why, sizeof why));
        if (layers_set(&list, &row[i].form, why, sizeof why))
            case_print(&list.layers[0].spec, why, CASE_TEXT);
        if (strncmp(why, row[i].sentence, strlen(row[i].sentence)) != 0)
            fail_msg("row %zu: '%s' does not begin with '%s'", i, why, row[i].sentence);
        const clconv_problem *p = &list.layers[0].spec.problem;
        assert_true(p->w.layout == p->x.layout && p->y.layout == p->x.layout);
        layers_free(&list);
    }
}

/* What csv_put writes, csv_split reads. */
static void quotes(void **state)
{
    (void)state;
    static const char *const text[] = {"plain", "a,b", "say \"x\"", "", "\"", ",\","};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        char *line = NULL, *field[3];
        size_t size = 0;
        FILE *file = open_memstream(&line, &size);
        csv_put(file, text[i]);
        fputc(',', file);
        csv_put(file, text[i]);
        fclose(file);
        assert_int_equal(csv_split(line, field, 3, why, sizeof why), 2);
        assert_string_equal(field[0], text[i]);
        assert_string_equal(field[1], text[i]);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),   cmocka_unit_test(modes), cmocka_unit_test(refusals),
        cmocka_unit_test(suites), cmocka_unit_test(cases), cmocka_unit_test(forms),
        cmocka_unit_test(quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
