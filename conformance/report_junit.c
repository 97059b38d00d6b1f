/* SPDX-License-Identifier: MIT */
/* JUnit XML: the same entries as the JSON document, for CI systems to show. */
#include "markup.h"
#include "report.h"

#include <inttypes.h>
#include <string.h>

static void property(markup *m, const char *name, const char *value)
{
    markup_start(m, "property");
    markup_attribute(m, "name", "%s", name);
    markup_attribute(m, "value", "%s", value ? value : "");
    markup_end(m);
    markup_raw(m, "\n");
}

static void properties(markup *m, const report *r)
{
    const run_facts *f = &r->facts;
    char seed[32], shard[48], left[32];
    snprintf(left, sizeof left, "%zu", report_left(r));
    snprintf(seed, sizeof seed, "%" PRIu64, f->seed);
    snprintf(shard, sizeof shard, "%" PRId64 "/%" PRId64, f->shard, f->shards);
    markup_start(m, "properties");
    markup_raw(m, "\n");
    property(m, "device", json_string_value(json_object_get(f->device, "name")));
    property(m, "platform", json_string_value(json_object_get(f->device, "platform")));
    property(m, "driver", json_string_value(json_object_get(f->device, "driver")));
    property(m, "kernel_hash", f->kernel_hash);
    property(m, "library", f->library);
    property(m, "tier", f->tier);
    property(m, "seed", seed);
    property(m, "shard", shard);
    property(m, "left", left);
    property(m, "interrupted", r->signal ? "true" : "false");
    markup_end(m);
    markup_raw(m, "\n");
}

static void test_case(markup *m, const report *r, const result *one)
{
    char repro[CASE_TEXT + 512];
    const verdict *v = &one->verdict;
    markup_start(m, "testcase");
    markup_attribute(m, "classname", "clconv.%s.%s", one->algo, one->dtype);
    markup_attribute(m, "name", "%s", one->name);
    markup_attribute(m, "time", "%.6f", v->seconds);
    if (report_is_red(v->state)) {
        markup_start(m, "failure");
        markup_attribute(m, "type", "%s", v->kind);
        markup_attribute(m, "message", "%s", v->reason);
        markup_text(m, "REPRO: %s",
                    report_repro(r, report_culprit(one->name, v), repro, sizeof repro));
        if (one->minimal)
            markup_text(m, "\nMINIMAL: %s", report_repro(r, one->minimal, repro, sizeof repro));
        markup_end(m);
    } else if (v->state != STATE_PASS) {
        markup_start(m, "skipped");
        markup_attribute(m, "message", "%s: %s: %s", case_state_names[v->state], v->kind,
                         v->reason);
        markup_end(m);
    }
    markup_end(m);
    markup_raw(m, "\n");
}

static void counts(markup *m, const report *r)
{
    markup_attribute(m, "tests", "%zu", r->count);
    markup_attribute(m, "failures", "%zu", r->total.failed + r->total.xpassed);
    markup_attribute(m, "errors", "0");
    markup_attribute(m, "skipped", "%zu",
                     r->total.skipped + r->total.unsupported + r->total.xfailed);
    markup_attribute(m, "time", "%.3f", r->facts.seconds);
}

char *report_junit(const report *r)
{
    markup m = markup_open();
    markup_raw(&m, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    markup_start(&m, "testsuites");
    counts(&m, r);
    markup_raw(&m, "\n");
    markup_start(&m, "testsuite");
    markup_attribute(&m, "name", "clconv-conform %s", r->facts.tier[0] ? r->facts.tier : "case");
    counts(&m, r);
    markup_raw(&m, "\n");
    properties(&m, r);
    for (size_t i = 0; i < r->count; i++)
        test_case(&m, r, &r->results[i]);
    markup_end(&m);
    markup_raw(&m, "\n");
    markup_end(&m);
    markup_raw(&m, "\n");
    return markup_close(&m);
}
