/* SPDX-License-Identifier: MIT */
/* The tiers: every case is legal and unique, lists are stable,
 * shards are a partition. No device is needed. */
#include "cases.h"
#include "tiers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_tier(const char *tier, uint64_t seed, uint64_t most_macs)
{
    size_t count = 0;
    suite_entry *entries = generate_tier(tier, seed, &count);
    char **names = calloc(count + 1, sizeof *names);
    assert_true(entries && names && count > 0);
    for (size_t i = 0; i < count; i++) {
        char text[CASE_TEXT], why[256];
        case_spec again;
        clconv_work_size work = {.size = sizeof work};
        const clconv_problem p = suite_problem(&entries[i].spec);
        names[i] = strdup(case_print(&entries[i].spec, text, sizeof text));
        assert_int_equal(clconv_validate(&p), CLCONV_OK);
        assert_int_equal(clconv_problem_work(&p, &work), CLCONV_OK);
        assert_true(work.macs <= most_macs);
        assert_true(strcmp(entries[i].spec.algo, "gemm") != 0 || p.n * p.groups <= 4096);
        assert_true(case_parse(names[i], &again, why, sizeof why));
        assert_string_equal(case_print(&again, text, sizeof text), names[i]);
        if (p.quantization) /* drawn from the seed that the name tells */
            assert_memory_equal(p.quantization, &again.quantization, sizeof again.quantization);
        assert_true(entries[i].spec.algo[0] && entries[i].spec.data[0]);
    }
    qsort(names, count, sizeof *names, by_text);
    for (size_t i = 1; i < count; i++)
        assert_string_not_equal(names[i - 1], names[i]);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(entries);
}

static void test_tiers(void **state)
{
    (void)state;
    check_tier("smoke", 1, 50000);
    check_tier("ci", 1, 20000000);
    check_tier("ci", 7, 20000000);
    check_tier("nightly", 20261120, UINT64_MAX);
    check_tier("qualify", 20261120, UINT64_MAX);
}

/* No case of a table stands there twice, under two names. */
static void test_named_are_distinct(void **state)
{
    (void)state;
    const struct {
        const named_case *cases;
        int32_t op;
    } tables[] = {{smoke_cases, CLCONV_FORWARD},
                  {boundary_cases, CLCONV_FORWARD},
                  {large_cases, CLCONV_FORWARD},
                  {gradient_smoke_cases, CLCONV_BACKWARD_WEIGHTS},
                  {gradient_boundary_cases, CLCONV_BACKWARD_WEIGHTS},
                  {typed_smoke_cases, CLCONV_FORWARD}, /* or as they say */
                  {typed_boundary_cases, CLCONV_FORWARD},
                  {ending_smoke_cases, CLCONV_FORWARD},
                  {ending_boundary_cases, CLCONV_FORWARD}};
    const char *seen[512];
    uint64_t hashes[512];
    size_t count = 0;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const named_case *one = tables[t].cases; one->text; one++, count++) {
            case_spec c;
            char why[256];
            assert_in_range(count, 0, 511);
            assert_true(case_parse(one->text, &c, why, sizeof why));
            if (c.problem.op == CLCONV_FORWARD)
                c.problem.op = tables[t].op;
            const clconv_problem p = case_problem(&c);
            if (clconv_validate(&p) != CLCONV_OK)
                fail_msg("%s: %s", one->text, clconv_last_error());
            hashes[count] = tier_problem_hash(&c);
            seen[count] = one->text;
            for (size_t i = 0; i < count; i++)
                if (hashes[i] == hashes[count])
                    fail_msg("%s is %s again", one->text, seen[i]);
        }
}

static bool same_lists(const suite_entry *a, const suite_entry *b, size_t count)
{
    char left[CASE_TEXT], right[CASE_TEXT];
    for (size_t i = 0; i < count; i++)
        if (strcmp(case_print(&a[i].spec, left, sizeof left),
                   case_print(&b[i].spec, right, sizeof right)) != 0)
            return false;
    return true;
}

static void test_stable(void **state)
{
    (void)state;
    size_t first = 0, second = 0, other = 0;
    suite_entry *a = generate_tier("ci", 1, &first), *b = generate_tier("ci", 1, &second);
    suite_entry *c = generate_tier("ci", 2, &other);
    assert_int_equal(first, second);
    assert_true(same_lists(a, b, first));
    assert_false(same_lists(a, c, first < other ? first : other));
    free(a);
    free(b);
    free(c);
}

/* Equal problems stay in one shard, and no shard is empty or holds nearly all. */
static void test_shards(void **state)
{
    (void)state;
    size_t count = 0, held[3] = {0};
    suite_entry *entries = generate_tier("ci", 1, &count);
    for (size_t i = 0; i < count; i++) {
        case_spec bare = entries[i].spec;
        const uint64_t hash = tier_problem_hash(&bare);
        snprintf(bare.algo, sizeof bare.algo, "other");
        snprintf(bare.data, sizeof bare.data, "other");
        bare.tile[0] = '\0';
        assert_true(tier_problem_hash(&bare) == hash);
        bare.problem.n++;
        assert_true(tier_problem_hash(&bare) != hash);
        held[hash % 3]++;
    }
    for (size_t s = 0; s < 3; s++)
        assert_in_range(held[s], count / 5, count / 2);
    free(entries);
}

static bool tier_has(const suite_entry *entries, size_t count, const char *text)
{
    case_spec c;
    char why[256];
    assert_true(case_parse(text, &c, why, sizeof why));
    for (size_t i = 0; i < count; i++)
        if (tier_problem_hash(&entries[i].spec) == tier_problem_hash(&c))
            return true;
    return false;
}

/* A few members by name, so that an emptied table is noticed. */
static void test_contents(void **state)
{
    (void)state;
    size_t count = 0;
    suite_entry *entries = generate_tier("ci", 1, &count);
    assert_true(tier_has(entries, count, "c8h8w9k24r3s3p1g8"));
    assert_true(tier_has(entries, count, "c128hw56k128rs3p1g32")); /* ResNeXt, layers.csv */
    assert_true(tier_has(entries, count, "n0c6h5w7k6r3s2p1g6"));
    assert_false(tier_has(entries, count, "c96hw27k256rs5p2g2")); /* AlexNet: 224 million MACs */
    free(entries);
    assert_null(generate_tier("none", 1, &count));
    assert_int_equal(count, 0);
}

static bool is_plain(const case_spec *c)
{
    const clconv_tensor *const x = &c->problem.x;
    return x->dtype == CLCONV_F32 && x->layout == CLCONV_LAYOUT_PLAIN && !c->view &&
           !c->epilogue.activation && !c->residual && !c->scaled;
}

/* How many plain entries of an operation have all of these, "" for any. */
static size_t count_op(const suite_entry *entries, size_t count, int32_t op, const char *data,
                       const char *origin)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += entries[i].spec.problem.op == op && is_plain(&entries[i].spec) &&
                 strstr(entries[i].spec.data, data) &&
                 strncmp(entries[i].origin, origin, strlen(origin)) == 0;
    return found;
}

/* How many plain forward entries of a tier have all of these, "" for any. */
static size_t count_of(const suite_entry *entries, size_t count, const char *algo, const char *tile,
                       const char *data, const char *origin)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += entries[i].spec.problem.op == CLCONV_FORWARD && is_plain(&entries[i].spec) &&
                 (!*algo || strcmp(entries[i].spec.algo, algo) == 0) &&
                 strstr(entries[i].spec.tile, tile) && strstr(entries[i].spec.data, data) &&
                 strncmp(entries[i].origin, origin, strlen(origin)) == 0;
    return found;
}

/* A CPU alone would never run the tiles of a GPU. */
static void test_forced_tiles(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"depthwise", "xb=1,yb=4,local=16x1x4"},
        {"depthwise", "xb=4,yb=2"},
        {"depthwise", "xb=8,yb=1"},
        {"direct", "kb=4,xb=1,yb=4,local=16x1x4"},
        {"direct", "kb=8,xb=1,yb=2"},
        {"direct", "kb=4,xb=4,yb=4"},
        {"direct", "kb=8,xb=8,yb=1"},
        {"direct", "kb=1,xb=16,yb=2"},
        {"direct", "kb=1,xb=1,yb=1"},
        {"direct", "lanes,v=4"},
        {"direct", "lanes,v=16,kb=1,xb=14"},
        {"direct", "rows,v=8"},
        {"direct", "local,kb=64"},
        {"depthwise", "rows,v=16"},
        {"depthwise", "lanes,v=8"},
        {"depthwise", "columns,yb=8"},
        {"pointwise", "v=16"},
        {"gemm", "path=direct"},
        {"gemm", "path=indirect"},
    };
    size_t smoke = 0, ci = 0;
    suite_entry *s = generate_tier("smoke", 1, &smoke), *c = generate_tier("ci", 1, &ci);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        assert_in_range(count_of(c, ci, wanted[i][0], wanted[i][1], "exact", ""), 15, ci);
    static const char *const in_smoke[][2] = {{"depthwise", "xb=1,yb=4"},
                                              {"depthwise", "rows,v=4"},
                                              {"depthwise", "lanes,v=4"},
                                              {"depthwise", "xb=4,yb=2"},
                                              {"direct", "kb=8,xb=1,yb=2"},
                                              {"direct", "rows,v=4"},
                                              {"direct", "lanes,v=4"},
                                              {"direct", "local,kb=16"},
                                              {"depthwise", "columns,yb=2"},
                                              {"pointwise", "v=4"},
                                              {"depthwise", "rows,v=16,xb=1,stream=1"}};
    const size_t problems = count_of(s, smoke, "naive", "", "exact", "");
    for (size_t i = 0; i < sizeof in_smoke / sizeof *in_smoke; i++)
        assert_int_equal(count_of(s, smoke, in_smoke[i][0], in_smoke[i][1], "exact", ""), problems);
    free(s);
    free(c);
}

/* Of an algorithm: every filter, and one in each other padding mode. */
enum { PAD_MODES = 3, SWEEPS = 144 + PAD_MODES };

static void test_sweeps(void **state)
{
    (void)state;
    size_t ci = 0, nightly = 0;
    suite_entry *c = generate_tier("ci", 1, &ci), *n = generate_tier("nightly", 1, &nightly);
    assert_int_equal(count_of(c, ci, "naive", "", "", "sweep"), SWEEPS);
    assert_int_equal(count_of(c, ci, "", "", "", "sweep"), SWEEPS + 2 * (7 + PAD_MODES));
    assert_int_equal(count_of(n, nightly, "", "", "", "sweep"), 3 * SWEEPS);
    free(c);
    free(n);
}

/* Each data mode gets its share of what is not a layer. */
static void test_data_modes(void **state)
{
    (void)state;
    size_t count = 0;
    suite_entry *c = generate_tier("ci", 1, &count);
    const size_t exact = count_of(c, count, "naive", "", "exact", "") -
                         count_of(c, count, "naive", "", "exact", "layer") - SWEEPS;
    size_t further = 0;
    for (size_t i = 1; data_mode_names[i]; i++) {
        const size_t share = count_of(c, count, "naive", "", data_mode_names[i], "");
        assert_in_range(share, exact / 10, exact);
        further += share;
    }
    assert_int_equal(further, exact);
    free(c);
}

/* Both directions of as many problems; under naive, a few under the plan's choice. */
static void test_gradients(void **state)
{
    (void)state;
    size_t smoke = 0, ci = 0;
    suite_entry *s = generate_tier("smoke", 1, &smoke), *c = generate_tier("ci", 1, &ci);
    /* The fast algorithms bring their own choices and the tiles of the smoke tier. */
    const struct {
        int32_t op;
        size_t fast, tiles;
    } rows[] = {{CLCONV_BACKWARD_DATA, 3, 7}, {CLCONV_BACKWARD_WEIGHTS, 2, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int32_t op = rows[i].op;
        const size_t all = rows[i].fast + rows[i].tiles;
        assert_int_equal(count_op(s, smoke, op, "exact", ""), 21 + 14 * all);
        assert_int_equal(count_op(s, smoke, op, "real", ""), 8 + 6 * rows[i].fast);
        assert_int_equal(count_op(s, smoke, op, "special", ""), 8 + 5 * all);
        assert_in_range(count_op(c, ci, op, "exact", "gradient: pair"), 100, 800);
        assert_in_range(count_op(c, ci, op, "exact", "gradient: padding mode"), 40, 320);
        assert_in_range(count_op(c, ci, op, "exact", "gradient: draw"), 150, 1200);
        assert_in_range(count_op(c, ci, op, "real", ""), 150, 1400);
    }
    for (size_t i = 0; i < ci; i++)
        if (c[i].spec.problem.op != CLCONV_FORWARD)
            assert_true(tier_asks(c[i].spec.algo, c[i].spec.problem.op) ||
                        strcmp(c[i].spec.algo, "auto") == 0);
    free(s);
    free(c);
}

static void test_nightly(void **state)
{
    (void)state;
    size_t count = 0, other = 0, ci = 0, held = 0;
    suite_entry *a = generate_tier("nightly", 1, &count), *b = generate_tier("nightly", 2, &other);
    suite_entry *c = generate_tier("ci", 1, &ci);
    assert_int_equal(count_of(a, count, "naive", "", "exact", "layer"), 488);
    assert_in_range(count_of(a, count, "naive", "", "exact", "triple"), 800, 1200);
    assert_in_range(count_of(a, count, "naive", "", "exact", "draw"), 2100, 2200);
    assert_false(same_lists(a, b, count < other ? count : other));
    for (size_t i = 0; i < count && i < other; i++) {
        assert_false(a[i].spec.has_seed); /* 1 goes without saying */
        assert_true(b[i].spec.has_seed && b[i].spec.seed == 2);
    }
    for (size_t i = 0; i < ci; i += 97) { /* whatever is in ci */
        char text[CASE_TEXT];
        case_spec bare = c[i].spec;
        bare.algo[0] = bare.tile[0] = bare.data[0] = 0;
        held += tier_has(a, count, case_print(&bare, text, sizeof text));
    }
    assert_int_equal(held, (ci + 96) / 97);
    free(a);
    free(b);
    free(c);
}

/* Those that are for every algorithm. */
static size_t boundary_count(void)
{
    size_t count = 0;
    for (const named_case *one = boundary_cases; one->text; one++)
        count += strstr(one->text, ":algo=") == NULL;
    return count;
}

static size_t smoke_count(void)
{
    size_t count = 0;
    while (smoke_cases[count].text)
        count++;
    return count;
}

static void test_qualify(void **state)
{
    (void)state;
    size_t count = 0, repeated = 0;
    suite_entry *q = generate_tier("qualify", 1, &count);
    for (size_t i = 0; i < count; i++)
        repeated += q[i].spec.repeat == 10;
    /* five algorithms; gemm lacks 6 problems of too many batches */
    assert_int_equal(repeated, 5 * (smoke_count() + boundary_count()) - 6);
    assert_true(tier_has(q, count, "n8c128hw56k128rs3p1g32"));
    assert_int_equal(count_of(q, count, "naive", "", "exact", "large"), 6);
    for (int x = 0; x <= 10; x++)
        for (int y = 0; x + y <= 10; y++)
            for (int z = 0; x + y + z <= 10; z++) {
                char tile[48];
                snprintf(tile, sizeof tile, "local=%dx%dx%d", 1 << x, 1 << y, 1 << z);
                size_t found = 0;
                for (size_t i = 0; i < count; i++)
                    found += strcmp(q[i].spec.tile, tile) == 0;
                assert_int_equal(found, 2 * 4); /* all but gemm */
            }
    free(q);
}

static void test_seeds(void **state)
{
    (void)state;
    assert_int_equal(tier_seed("smoke"), TIER_DEFAULT_SEED);
    assert_int_equal(tier_seed("ci"), TIER_DEFAULT_SEED);
    assert_in_range(tier_seed("nightly"), 20260101, 99991231);
    assert_in_range(tier_seed("qualify"), 20260101, 99991231);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiers),    cmocka_unit_test(test_named_are_distinct),
        cmocka_unit_test(test_stable),   cmocka_unit_test(test_shards),
        cmocka_unit_test(test_contents), cmocka_unit_test(test_forced_tiles),
        cmocka_unit_test(test_sweeps),   cmocka_unit_test(test_data_modes),
        cmocka_unit_test(test_nightly),  cmocka_unit_test(test_qualify),
        cmocka_unit_test(test_seeds),    cmocka_unit_test(test_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
