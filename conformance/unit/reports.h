/* SPDX-License-Identifier: MIT */
/* Reports made by hand, for the tests of verdicts and of files. No device is needed. */
#ifndef CLCONV_UNIT_REPORTS_H
#define CLCONV_UNIT_REPORTS_H

#include "report.h"

#include "tiers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static inline report *open_report(const char *tier, const char *algo, int64_t shards)
{
    char why[256];
    run_facts facts = {.seed = 1, .shard = 1, .shards = shards};
    facts.device = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", "It's <a> device",
                             "platform", "P", "type", "CPU", "vendor", "V", "version", "OpenCL 3.0",
                             "driver", "1", "opencl_c", "OpenCL C 1.2");
    snprintf(facts.tier, sizeof facts.tier, "%s", tier);
    snprintf(facts.algo, sizeof facts.algo, "%s", algo);
    snprintf(facts.selector, sizeof facts.selector, "It's <a> device");
    snprintf(facts.kernel_hash, sizeof facts.kernel_hash, "0123456789abcdef");
    snprintf(facts.library, sizeof facts.library, "0.1.0");
    report *r = report_open(&facts, NULL, why, sizeof why);
    assert_non_null(r);
    return r;
}

static inline void add_problem(report *r, int n, const char *algo, const clconv_problem *kind,
                               case_state state, const char *reason)
{
    suite_entry entry = {.origin = "test"};
    verdict v = {.state = state, .seconds = 0.25};
    case_init(&entry.spec);
    entry.spec.problem.op = kind->op;
    entry.spec.problem.x = kind->x;
    entry.spec.problem.n = n;
    entry.spec.residual = kind->accumulate ? CASE_RESIDUAL_Y : 0;
    entry.spec.quantised = kind->y.dtype != 0;
    entry.spec.problem.c = entry.spec.problem.k = 3;
    entry.spec.problem.in[0] = 4, entry.spec.problem.in[1] = 5;
    snprintf(entry.spec.algo, sizeof entry.spec.algo, "%s", algo);
    snprintf(entry.spec.data, sizeof entry.spec.data, "exact");
    snprintf(v.reason, sizeof v.reason, "%s", reason);
    snprintf(v.kind, sizeof v.kind, "%s", state == STATE_FAIL ? "value" : "");
    assert_true(report_add(r, &entry, &v));
}

static inline void add_op(report *r, int n, const char *algo, clconv_op op, case_state state,
                          const char *reason)
{
    add_problem(r, n, algo, &(clconv_problem){.op = (int32_t)op, .x.dtype = CLCONV_F32}, state,
                reason);
}

static inline void add(report *r, int n, const char *algo, case_state state, const char *reason)
{
    add_op(r, n, algo, CLCONV_FORWARD, state, reason);
}

/* As many passes of epilogues, and of zero points, as a tier asks for. */
static inline void add_ending_passes(report *r, const char *algo)
{
    const clconv_problem ending = {.x.dtype = CLCONV_F32, .accumulate = 1},
                         bytes = {.x.dtype = CLCONV_I8, .y.dtype = CLCONV_I8};
    for (size_t i = 1; i <= tier_ending_quota(r->facts.tier); i++)
        add_problem(r, (int)i, algo, &ending, STATE_PASS, "");
    for (size_t i = 1; i <= tier_quantised_quota(r->facts.tier); i++)
        add_problem(r, (int)i, algo, &bytes, STATE_PASS, "");
}

/* `count` passes for every type and layout that an algorithm is asked for, and for endings. */
static inline void add_typed_passes(report *r, int count, const char *algo)
{
    if (tier_asks_types(algo))
        add_ending_passes(r, algo);
    for (int32_t dtype = CLCONV_F32; dtype <= CLCONV_U8; dtype++)
        for (int i = 1; tier_asks_types(algo) && i <= count; i++) {
            const int32_t layout = dtype == CLCONV_F32 ? CLCONV_LAYOUT_CHANNELS_LAST : 0;
            add_problem(r, i, algo, &(clconv_problem){.x = {.dtype = dtype, .layout = layout}},
                        STATE_PASS, "");
        }
}

/* `count` passes for every algorithm of the library and op that it is asked for. */
static inline void add_plain_passes(report *r, int count)
{
    for (int i = 1; i <= count; i++) {
        for (size_t a = 0; clconv_algorithm_name(a); a++)
            for (clconv_op op = CLCONV_FORWARD; op <= CLCONV_BACKWARD_WEIGHTS; op++)
                if (tier_asks(clconv_algorithm_name(a), op))
                    add_op(r, i, clconv_algorithm_name(a), op, STATE_PASS, "");
    }
}

static inline void add_passes(report *r, int count)
{
    add_plain_passes(r, count);
    for (size_t a = 0; clconv_algorithm_name(a); a++)
        add_typed_passes(r, count, clconv_algorithm_name(a));
}

static inline json_t *one_quirk(bool expired, int applied)
{
    return json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i}]", "id", "q", "action", "xfail",
                     "cases", "*", "reason", "a fault", "link", "https://x", "expires",
                     "2026-01-01", "expired", (int)expired, "applied", applied);
}

static inline int judged(report *r, double min_coverage, const char *sentence)
{
    const judgement j = report_judge(r, min_coverage);
    if (!strstr(j.sentence, sentence))
        fail_msg("\"%s\" is not in \"%s\"", sentence, j.sentence);
    report_close(r);
    return j.exit_code;
}

#endif
