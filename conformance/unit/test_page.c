/* SPDX-License-Identifier: MIT */
/* The HTML report: what the heat maps count, percentiles, and that the page is well formed whatever
 * a driver writes into it. No device is needed. */
#include "headroom.h"
#include "heat.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- A report with what a test needs -------------------------------------------------------- */

static report *open_report(void)
{
    char why[256];
    run_facts facts = {.tier = "smoke", .seed = 1, .shard = 1, .shards = 1};
    facts.device = json_pack("{s:s, s:s, s:s, s:I, s:[I, I, I], s:[s, s], s:{s:b, s:b}}", "name",
                             "A & <b> ]]> device", "version", "OpenCL 1.2", "driver", "1",
                             "largest_buffer_bytes", (json_int_t)3 << 29, "max_work_item_sizes",
                             (json_int_t)4, (json_int_t)5, (json_int_t)6, "extensions", "cl_a",
                             "cl_b", "features", "fp64", 1, "fp16", 0);
    report *r = report_open(&facts, NULL, why, sizeof why);
    assert_non_null(r);
    return r;
}

static void add(report *r, const char *name, case_state state, double error)
{
    char why[256];
    suite_entry entry = {.origin = "test"};
    verdict v = {.state = state, .headroom = error};
    snprintf(v.kind, sizeof v.kind, "%s", state == STATE_FAIL ? "value" : "");
    snprintf(v.reason, sizeof v.reason, "%s",
             state == STATE_FAIL ? "<script> & \"x\" ]]> <!-- \\ \xff" : "");
    assert_true(case_parse(name, &entry.spec, why, sizeof why));
    assert_true(report_add(r, &entry, &v));
}

/* ---- Heat maps ------------------------------------------------------------------------------ */

static void assert_cell(const heat_map *map, const char *down, const char *across, size_t run,
                        size_t failed)
{
    char a[32], b[32];
    for (size_t i = 0; i < HEAT_BINS && (i == 0 || map->down.edges[i]); i++)
        for (size_t j = 0; j < HEAT_BINS && (j == 0 || map->across.edges[j]); j++)
            if (strcmp(heat_label(&map->down, i, a, sizeof a), down) == 0 &&
                strcmp(heat_label(&map->across, j, b, sizeof b), across) == 0) {
                assert_int_equal(map->cells[i][j].run, run);
                assert_int_equal(map->cells[i][j].failed, failed);
                return;
            }
    fail_msg("%s has no cell %s, %s", map->title, down, across);
}

static void test_heat(void **state)
{
    (void)state;
    heat_map maps[HEAT_MAPS];
    report *r = open_report();
    add(r, "c6hw40k4r3s8sh2dw3g2:algo=naive:data=exact", STATE_PASS, 0);
    add(r, "c6hw40k4r3s11sh2dw3g2:algo=naive:data=real", STATE_FAIL, 2);
    add(r, "c6hw40k4r3s8sh2dw3g2:algo=direct:data=exact", STATE_SKIP, 0);
    add(r, "c6hw40k4r3s8sh2dw3g2:algo=direct:data=real", STATE_UNSUPPORTED, 0);
    add(r, "n2c6hw40k4r3s8sh2dw3g2:algo=direct:data=exact", STATE_XFAIL, 0);
    add(r, "n2c6hw40k4r3s8sh2dw3g2:algo=naive:data=exact", STATE_XPASS, 0);
    add(r, "c300hw40k300r12s1:algo=naive:data=exact:shared", STATE_PASS, 0);
    add(r, "c5hw9k4st9:gi=1+4:go=2+2:algo=naive:data=exact", STATE_PASS, 0);
    add(r, "c3hw9k3r3p1g3:pad=circular:dir=backward-weights:algo=naive", STATE_FAIL, 0);
    heat_count(r, maps);
    assert_cell(&maps[0], "3", "8-11", 3, 2);
    assert_cell(&maps[0], "12+", "1", 1, 0);
    assert_cell(&maps[0], "1", "3", 0, 0);
    assert_cell(&maps[1], "2", "1", 3, 2);
    assert_cell(&maps[1], "9+", "9+", 1, 0);
    assert_cell(&maps[2], "1", "3", 3, 2);
    assert_cell(&maps[3], "2", "3-4", 4, 2); /* 6 / 2, and the larger of 1 + 4 */
    assert_cell(&maps[3], "257+", "1", 1, 0);
    assert_cell(&maps[4], "forward", "zeros", 5, 2);
    assert_cell(&maps[4], "by w and b", "circular", 1, 1);
    report_close(r);
}

/* Every case is in exactly one cell of each map. */
static void test_heat_total(void **state)
{
    (void)state;
    size_t count;
    heat_map maps[HEAT_MAPS];
    report *r = open_report();
    const verdict passed = {.state = STATE_PASS};
    suite_entry *entries = generate_tier("smoke", 1, &count);
    for (size_t i = 0; i < count; i++)
        assert_true(report_add(r, &entries[i], &passed));
    heat_count(r, maps);
    for (size_t m = 0; m < HEAT_MAPS; m++) {
        size_t sum = 0;
        for (size_t i = 0; i < HEAT_BINS; i++)
            for (size_t j = 0; j < HEAT_BINS; j++)
                sum += maps[m].cells[i][j].run;
        assert_int_equal(sum, count);
    }
    free(entries);
    report_close(r);
}

/* ---- Headroom ------------------------------------------------------------------------------- */

static void test_headroom(void **state)
{
    (void)state;
    size_t count;
    char name[64];
    report *r = open_report();
    for (int i = 1; i <= 200; i++) { /* in no order */
        snprintf(name, sizeof name, "n%dc1hw4k1:algo=naive:data=real", i);
        add(r, name, STATE_PASS, (double)(i * 77 % 200 + 1) / 1000);
    }
    add(r, "c1hw4k1:algo=naive:data=exact", STATE_PASS, 0);
    add(r, "c1hw4k1:algo=naive:data=impulse", STATE_PASS, 0);
    add(r, "c1hw4k1:algo=naive:data=special:seed=3", STATE_PASS, 0);
    add(r, "c1hw4k1:algo=direct:data=real:seed=3", STATE_FAIL, 5);
    add(r, "c1hw5k1:algo=direct:data=real", STATE_SKIP, 0);
    headroom *all = headroom_measure(r, &count);
    assert_int_equal(count, 2);
    const headroom *naive = strcmp(all[0].algo, "naive") == 0 ? &all[0] : &all[1];
    const headroom *direct = naive == all ? &all[1] : &all[0];
    assert_string_equal(naive->dtype, "f32");
    assert_int_equal(naive->cases, 200);
    assert_true(naive->worst == 0.2 && naive->p99 == 0.198);
    assert_int_equal(direct->cases, 1);
    assert_true(direct->worst == 5 && direct->p99 == 5);
    free(all);
    json_t *json = headroom_json(r);
    const json_t *f32 = json_object_get(json_object_get(json, "naive"), "f32");
    assert_true(json_real_value(json_object_get(f32, "p99")) == 0.198);
    json_decref(json);
    report_close(r);
}

static void test_no_headroom(void **state)
{
    (void)state;
    size_t count = 1;
    report *r = open_report();
    add(r, "c1hw4k1:algo=naive:data=exact", STATE_PASS, 0);
    assert_null(headroom_measure(r, &count));
    assert_int_equal(count, 0);
    report_close(r);
}

/* ---- The page ------------------------------------------------------------------------------- */

static xmlNode *find_id(xmlNode *node, const char *id)
{
    for (xmlNode *at = node; at; at = at->next) {
        char *own =
            at->type == XML_ELEMENT_NODE ? (char *)xmlGetProp(at, (const xmlChar *)"id") : NULL;
        const bool found = own && strcmp(own, id) == 0;
        xmlFree(own);
        xmlNode *inside = found ? at : find_id(at->children, id);
        if (inside)
            return inside;
    }
    return NULL;
}

/* As XML, which is stricter than any browser. */
static xmlDoc *parse(const char *text)
{
    xmlDoc *page = xmlReadMemory(text, (int)strlen(text), "page", NULL, XML_PARSE_NONET);
    assert_non_null(page);
    return page;
}

static void test_well_formed(void **state)
{
    (void)state;
    json_error_t error;
    report *r = open_report();
    add(r, "c6hw9k4r3s2g2:algo=naive:data=exact", STATE_FAIL, 0);
    add(r, "c6hw9k4r3s2g2:algo=naive:data=real", STATE_PASS, 0.25);
    char *text = report_html(r, 95);
    xmlDoc *page = parse(text);
    xmlNode *data = find_id(xmlDocGetRootElement(page), "data");
    assert_non_null(data);
    char *content = (char *)xmlNodeGetContent(data);
    assert_null(strpbrk(content, "<>&"));
    json_t *cases = json_loads(content, 0, &error);
    assert_int_equal(json_array_size(cases), 2);
    assert_non_null(strstr(json_string_value(json_array_get(json_array_get(cases, 0), 3)),
                           "value: <script> & \"x\" ]]> <!--"));
    assert_non_null(strstr(text, ">1/2<")); /* kernel 3 x 2 */
    assert_non_null(strstr(text, "1.5 GiB"));
    assert_non_null(strstr(text, "4 x 5 x 6"));
    assert_non_null(strstr(text, "cl_a cl_b"));
    json_decref(cases);
    xmlFree(content);
    xmlFreeDoc(page);
    free(text);
    report_close(r);
}

/* Nothing ran: a page without maps, failures and headroom. */
static void test_empty(void **state)
{
    (void)state;
    report *r = open_report();
    char *text = report_html(r, 95);
    xmlFreeDoc(parse(text));
    assert_null(strstr(text, "class=\"heat\""));
    assert_null(strstr(text, "id=\"headroom\""));
    free(text);
    report_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heat),        cmocka_unit_test(test_heat_total),
        cmocka_unit_test(test_headroom),    cmocka_unit_test(test_no_headroom),
        cmocka_unit_test(test_well_formed), cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
