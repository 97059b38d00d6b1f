/* SPDX-License-Identifier: MIT */
/* The JSON document of a run (schema/clconv-conform-1.json) and how merge reads one back. */
#include "report.h"

#include "headroom.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] = "clconv-conform/1";

/* ---- Writing -------------------------------------------------------------------------------- */

json_t *report_facts_json(const run_facts *f)
{
    return json_pack(
        "{s:s, s:O, s:s, s:b, s:{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:f}}", "schema",
        schema, "device", f->device, "kernel_hash", f->kernel_hash, "kernels_replaced",
        (int)f->kernels_replaced, "run", "library", f->library, "quirk_hash", f->quirk_hash, "tier",
        f->tier, "algo", f->algo, "selector", f->selector, "seed", (json_int_t)f->seed, "shard",
        (json_int_t)f->shard, "shards", (json_int_t)f->shards, "listed", (json_int_t)f->listed,
        "tier_listed", (json_int_t)f->tier_listed, "seconds", f->seconds);
}

/* JSON has no infinity: an error over a bound of 0 prints as the largest double. */
static double finite(double value)
{
    return isfinite(value) ? value : DBL_MAX;
}

json_t *report_verdict_json(const char *name, const verdict *v)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:s*}", "case", name, "state",
                     case_state_names[v->state], "kind", v->kind, "reason", v->reason, "headroom",
                     finite(v->headroom), "seconds", v->seconds, "culprit",
                     v->culprit[0] ? v->culprit : NULL);
}

static json_t *tally_json(const tally *t)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "run", (json_int_t)t->run,
                     "applicable", (json_int_t)tally_applicable(t), "skipped",
                     (json_int_t)t->skipped, "unsupported", (json_int_t)t->unsupported, "failed",
                     (json_int_t)t->failed, "xfailed", (json_int_t)t->xfailed, "xpassed",
                     (json_int_t)t->xpassed, "refused", (json_int_t)t->refused, "headroom",
                     finite(t->headroom));
}

static json_t *algorithms_json(const report *r)
{
    json_t *all = json_object();
    for (size_t i = 0; i < r->algo_count; i++) {
        json_t *one = tally_json(&r->algos[i]);
        json_object_set(one, "refusals", r->algos[i].refusals);
        json_object_set_new(all, r->algos[i].algo, one);
    }
    return all;
}

static json_t *cases_json(const report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->count; i++) {
        json_t *one = report_verdict_json(r->results[i].name, &r->results[i].verdict);
        json_object_set_new(one, "origin", json_string(r->results[i].origin));
        if (r->results[i].minimal)
            json_object_set_new(one, "minimal", json_string(r->results[i].minimal));
        json_array_append_new(all, one);
    }
    return all;
}

json_t *report_document(const report *r, double min_coverage)
{
    const judgement j = report_judge(r, min_coverage);
    json_t *document = report_facts_json(&r->facts);
    json_object_set_new(document, "verdict", json_string(j.sentence));
    json_object_set_new(document, "exit_status", json_integer(j.exit_code));
    json_object_set_new(document, "interrupted", json_boolean(r->signal));
    json_object_set_new(document, "left", json_integer((json_int_t)report_left(r)));
    json_object_set_new(document, "totals", tally_json(&r->total));
    json_object_set_new(document, "coverage", json_real(report_coverage(r)));
    json_object_set_new(document, "algorithms", algorithms_json(r));
    json_object_set_new(document, "headroom", headroom_json(r));
    json_object_set_new(document, "strict", json_boolean(r->strict));
    json_object_set_new(document, "warnings", report_warnings(r));
    if (r->quirks)
        json_object_set(document, "quirks", r->quirks);
    if (r->baseline)
        json_object_set(document, "baseline", r->baseline);
    json_object_set_new(document, "cases", cases_json(r));
    return document;
}

/* ---- Files ---------------------------------------------------------------------------------- */

bool report_files_distinct(const report_files *files, char *why, size_t room)
{
    char stream[4096] = "";
    if (files->json)
        snprintf(stream, sizeof stream, "%s.ndjson", files->json);
    const char *const paths[] = {files->json, files->junit, files->html,
                                 files->json && *files->json ? stream : NULL};
    return outputs_distinct(paths, 4, why, room);
}

bool report_files_writable(const report_files *files, char *why, size_t room)
{
    return output_writable(files->json, why, room) && output_writable(files->junit, why, room) &&
           output_writable(files->html, why, room);
}

/* Takes over `text`; NULL = there was no memory to make it. */
static bool write_text(const char *path, char *text, void (*release)(void *), char *why,
                       size_t room)
{
    const bool ok = output_write(path, text, why, room);
    if (text)
        release(text);
    return ok;
}

bool report_write(const report *r, const report_files *files, double min_coverage, char *why,
                  size_t room)
{
    bool ok = true;
    if (files->json) {
        json_t *document = report_document(r, min_coverage);
        char *text = json_dumps(document, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        json_decref(document);
        ok = write_text(files->json, text, free, why, room);
    }
    if (ok && files->junit)
        ok = write_text(files->junit, report_junit(r), free, why, room);
    if (ok && files->html)
        ok = write_text(files->html, report_html(r, min_coverage), free, why, room);
    return ok;
}

/* ---- Reading -------------------------------------------------------------------------------- */

bool report_verdict_read(const json_t *from, verdict *v)
{
    const char *state = NULL, *kind = NULL, *reason = NULL, *culprit = "";
    *v = (verdict){0};
    if (json_unpack((json_t *)from, "{s:s, s:s, s:s, s:F, s:F, s?s}", "state", &state, "kind",
                    &kind, "reason", &reason, "headroom", &v->headroom, "seconds", &v->seconds,
                    "culprit", &culprit) != 0)
        return false;
    snprintf(v->culprit, sizeof v->culprit, "%s", culprit);
    snprintf(v->kind, sizeof v->kind, "%s", kind);
    snprintf(v->reason, sizeof v->reason, "%s", reason);
    for (int i = STATE_PASS; i < STATE_COUNT; i++)
        if (strcmp(case_state_names[i], state) == 0) {
            v->state = (case_state)i;
            return true;
        }
    return false;
}

/* Copies one string of an object; false when it is not there or too long. */
static bool read_text(const json_t *object, const char *key, char *out, size_t room)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && snprintf(out, room, "%s", text) < (int)room;
}

bool report_facts_read(const json_t *document, run_facts *f)
{
    json_int_t seed, shard, shards, listed, tier_listed;
    const json_t *run = json_object_get(document, "run");
    *f = (run_facts){0};
    char found[sizeof schema];
    if (!read_text(document, "schema", found, sizeof found) || strcmp(found, schema) != 0 ||
        !read_text(document, "kernel_hash", f->kernel_hash, sizeof f->kernel_hash) ||
        !read_text(run, "quirk_hash", f->quirk_hash, sizeof f->quirk_hash) ||
        !read_text(run, "library", f->library, sizeof f->library) ||
        !read_text(run, "tier", f->tier, sizeof f->tier) ||
        !read_text(run, "algo", f->algo, sizeof f->algo) ||
        !read_text(run, "selector", f->selector, sizeof f->selector) ||
        json_unpack((json_t *)run, "{s:I, s:I, s:I, s:I, s:I, s:F}", "seed", &seed, "shard", &shard,
                    "shards", &shards, "listed", &listed, "tier_listed", &tier_listed, "seconds",
                    &f->seconds) != 0)
        return false;
    f->seed = (uint64_t)seed;
    f->shard = shard;
    f->shards = shards;
    f->listed = (size_t)listed;
    f->tier_listed = (size_t)tier_listed;
    f->kernels_replaced = json_is_true(json_object_get(document, "kernels_replaced"));
    f->device = json_object_get(document, "device"); /* borrowed from the document */
    return json_is_object(f->device) && shards >= 1 && shard >= 1 && shard <= shards;
}

/* ---- Comparing ------------------------------------------------------------------------------ */

bool report_same_device(const json_t *a, const json_t *b)
{
    static const char *const keys[] = {"name", "platform", "version", "driver"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
            return false;
    return true;
}

const char *report_facts_difference(const run_facts *a, const run_facts *b)
{
    if (strcmp(a->kernel_hash, b->kernel_hash) != 0 || a->kernels_replaced != b->kernels_replaced)
        return "kernel_hash";
    if (strcmp(a->library, b->library) != 0)
        return "library";
    if (strcmp(a->quirk_hash, b->quirk_hash) != 0)
        return "quirk_hash";
    if (strcmp(a->tier, b->tier) != 0)
        return "tier";
    if (strcmp(a->algo, b->algo) != 0)
        return "algo";
    if (a->seed != b->seed)
        return "seed";
    if (a->shards != b->shards)
        return "shards";
    return a->tier_listed != b->tier_listed ? "tier_listed" : NULL;
}
