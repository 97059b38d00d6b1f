/* SPDX-License-Identifier: MIT */
/* Collects verdicts, counts them and says what they prove. */
#include "report.h"

#include "tiers.h"

#include <libxml/xmlstring.h>

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const dtype_words[] = {"?", "f32", "f64", "f16", "bf16", "i8", "u8", "i32"};

char *report_clean(char *text)
{
    const bool utf8 = xmlCheckUTF8((const unsigned char *)text);
    for (char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
        else if (!utf8 && (unsigned char)*at >= 0x80)
            *at = '?';
    }
    return text;
}

/* ---- Collecting ----------------------------------------------------------------------------- */

static tally *tally_of(report *r, const char *algo)
{
    for (size_t i = 0; i < r->algo_count; i++)
        if (strcmp(r->algos[i].algo, algo) == 0)
            return &r->algos[i];
    if (r->algo_count == REPORT_MAX_ALGORITHMS)
        return NULL;
    tally *fresh = &r->algos[r->algo_count];
    snprintf(fresh->algo, sizeof fresh->algo, "%s", algo);
    fresh->refusals = json_object();
    r->algo_count += fresh->refusals != NULL;
    return fresh->refusals ? fresh : NULL;
}

/* One NDJSON line, flushed so that a crash of the driver loses nothing. Takes over `line`. */
static bool stream_line(report *r, json_t *line)
{
    bool ok = true;
    if (r->stream)
        ok = line && json_dumpf(line, r->stream, JSON_COMPACT) == 0 &&
             fputc('\n', r->stream) >= 0 && fflush(r->stream) == 0;
    json_decref(line);
    return ok;
}

static bool open_stream(report *r, const char *json_path, char *why, size_t room)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s.ndjson", json_path) >= (int)sizeof path) {
        snprintf(why, room, "%.40s...: the file name is too long", json_path);
        return false;
    }
    if (!output_replaceable(path, why, room))
        return false;
    r->stream = fopen(path, "w");
    if (!r->stream || !stream_line(r, report_facts_json(&r->facts))) {
        snprintf(why, room, "%s: cannot be written", path);
        return false;
    }
    return true;
}

report *report_open(const run_facts *facts, const char *json_path, char *why, size_t room)
{
    report *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(why, room, "no memory for a report");
        json_decref(facts->device);
        return NULL;
    }
    r->facts = *facts;
    for (size_t i = 0; clconv_algorithm_name(i); i++)
        if (!facts->algo[0] || strcmp(facts->algo, clconv_algorithm_name(i)) == 0)
            tally_of(r, clconv_algorithm_name(i));
    if (json_path && !open_stream(r, json_path, why, room)) {
        report_close(r);
        return NULL;
    }
    return r;
}

void report_close(report *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++) {
        free(r->results[i].name);
        free(r->results[i].minimal);
    }
    for (size_t i = 0; i < r->algo_count; i++)
        json_decref(r->algos[i].refusals);
    free(r->results);
    if (r->stream)
        fclose(r->stream);
    json_decref(r->facts.device);
    json_decref(r->baseline);
    free(r);
}

static void count_verdict(tally *t, const verdict *v)
{
    t->run += v->state == STATE_PASS || v->state == STATE_FAIL;
    t->failed += v->state == STATE_FAIL;
    t->skipped += v->state == STATE_SKIP;
    t->unsupported += v->state == STATE_UNSUPPORTED;
    if (v->headroom > t->headroom)
        t->headroom = v->headroom;
}

void report_add_refusals(report *r, const char *algo, const char *sentence, size_t times)
{
    tally *t = tally_of(r, algo);
    if (!t)
        return;
    const json_int_t before = json_integer_value(json_object_get(t->refusals, sentence));
    json_object_set_new(t->refusals, sentence, json_integer(before + (json_int_t)times));
    t->refused += times;
    r->total.refused += times;
}

static bool keep(report *r, const suite_entry *entry, const char *name, const verdict *v)
{
    if (r->count == r->room) {
        const size_t more = r->room ? 2 * r->room : 256;
        result *grown = realloc(r->results, more * sizeof *grown);
        if (!grown)
            return false;
        r->results = grown;
        r->room = more;
    }
    result *kept = &r->results[r->count];
    *kept = (result){.verdict = *v};
    kept->name = malloc(strlen(name) + 1);
    if (!kept->name)
        return false;
    strcpy(kept->name, name);
    snprintf(kept->origin, sizeof kept->origin, "%s", entry->origin);
    snprintf(kept->algo, sizeof kept->algo, "%s", entry->spec.algo);
    const int32_t dtype = entry->spec.problem.x.dtype;
    snprintf(kept->dtype, sizeof kept->dtype, "%s", dtype_words[dtype < 8 ? dtype : 0]);
    r->count++;
    return true;
}

bool report_set_minimal(report *r, size_t index, const char *name)
{
    char *const copy = malloc(strlen(name) + 1);
    if (!copy)
        return false;
    free(r->results[index].minimal);
    r->results[index].minimal = strcpy(copy, name);
    return true;
}

bool report_add(report *r, const suite_entry *entry, const verdict *v)
{
    char name[CASE_TEXT];
    verdict clean = *v;
    report_clean(clean.kind);
    report_clean(clean.reason);
    case_print(&entry->spec, name, sizeof name);
    const bool streamed = stream_line(r, report_verdict_json(name, &clean));
    if (v->state == STATE_REFUSED) {
        report_add_refusals(r, entry->spec.algo, clean.reason, 1);
        return streamed;
    }
    tally *t = tally_of(r, entry->spec.algo);
    if (!t || !keep(r, entry, name, &clean))
        return false;
    count_verdict(t, &clean);
    count_verdict(&r->total, &clean);
    return streamed;
}

/* ---- Judging -------------------------------------------------------------------------------- */

size_t report_left(const report *r)
{
    const size_t done = r->count + r->total.refused;
    return r->facts.listed > done ? r->facts.listed - done : 0;
}

double report_coverage(const report *r)
{
    const size_t applicable = r->total.run + r->total.skipped;
    return applicable ? (double)r->total.run / (double)applicable : 0.0;
}

bool report_is_whole(const report *r)
{
    return r->facts.shards == 1 && r->facts.tier[0] && !r->facts.algo[0];
}

/* An algorithm with too few cases; what the device cannot do does not count against it. */
static const tally *quota_missed(const report *r)
{
    const size_t quota = tier_quota(r->facts.tier);
    for (size_t i = 0; i < r->algo_count; i++)
        if (r->algos[i].run + r->algos[i].skipped + r->algos[i].unsupported < quota)
            return &r->algos[i];
    return NULL;
}

/* Adds to a sentence, which is cut when it gets too long. */
static void say(judgement *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(judgement *j, const char *format, ...)
{
    const size_t used = strlen(j->sentence);
    va_list list;
    va_start(list, format);
    vsnprintf(j->sentence + used, sizeof j->sentence - used, format, list);
    va_end(list);
}

static judgement judge_evidence(const report *r, double min_coverage)
{
    judgement j = {EXIT_EVIDENCE, ""};
    const tally *poor = quota_missed(r);
    if (100.0 * report_coverage(r) < min_coverage)
        say(&j, "TOO LITTLE EVIDENCE: coverage %.2f %% is below %.2f %%",
            100.0 * report_coverage(r), min_coverage);
    else if (poor)
        say(&j, "TOO LITTLE EVIDENCE: algorithm %s accepted %zu cases, tier %s asks for %zu",
            poor->algo, poor->run + poor->skipped, r->facts.tier, tier_quota(r->facts.tier));
    else
        j = (judgement){EXIT_GOOD, "PASS"};
    return j;
}

/* The most frequent refusal, for a run in which nothing else happened. */
static const char *refusal(const report *r)
{
    const char *sentence, *best = "";
    json_t *times;
    json_int_t most = 0;
    for (size_t i = 0; i < r->algo_count; i++)
        json_object_foreach(r->algos[i].refusals, sentence,
                            times) if (json_integer_value(times) > most)
        {
            most = json_integer_value(times);
            best = sentence;
        }
    if (!most && r->count)
        best = r->results[0].verdict.reason;
    return best;
}

static judgement judge_interrupted(const report *r)
{
    judgement j = {128 + r->signal, ""};
    const size_t left = report_left(r);
    say(&j, "INTERRUPTED by %s", r->signal == SIGINT ? "SIGINT" : "SIGTERM");
    if (left)
        say(&j, ": %zu of %zu entries were not run", left, r->facts.listed);
    else
        say(&j, " while failures were being explained");
    if (r->total.failed)
        say(&j, "; %zu of %zu cases failed", r->total.failed, r->total.run);
    return j;
}

static judgement judge_failure(const report *r)
{
    judgement j = {EXIT_DEVICE, ""};
    const size_t left = report_left(r);
    say(&j, "FAIL: %zu of %zu cases failed", r->total.failed, r->total.run);
    if (left)
        say(&j, "; stopped there, %zu of %zu entries were not run", left, r->facts.listed);
    return j;
}

judgement report_judge(const report *r, double min_coverage)
{
    judgement j = {EXIT_GOOD, "PASS"};
    const size_t left = report_left(r);
    if (r->signal) {
        j = judge_interrupted(r);
    } else if (r->total.failed) {
        j = judge_failure(r);
    } else if (left) {
        j = (judgement){EXIT_EVIDENCE, ""};
        say(&j, "TOO LITTLE EVIDENCE: %zu of %zu entries were not run", left, r->facts.listed);
    } else if (report_is_whole(r)) {
        j = judge_evidence(r, min_coverage);
    } else if (r->facts.shards == 1 && r->total.run == 0) {
        j = (judgement){EXIT_DEVICE, ""};
        say(&j, "FAIL: nothing ran: %.240s", refusal(r));
    } else if (r->facts.shards > 1) {
        say(&j, " for shard %" PRId64 "/%" PRId64 "; merge judges the whole", r->facts.shard,
            r->facts.shards);
    }
    return j;
}

const char *report_repro(const report *r, const char *name, char *text, size_t room)
{
    size_t used = (size_t)snprintf(text, room, "clconv-conform --device '");
    for (const char *at = r->facts.selector; *at && used + 8 < room; at++) {
        const char *shell = *at == '\'' ? "'\\''" : (char[]){*at, '\0'};
        used += (size_t)snprintf(text + used, room - used, "%s", shell);
    }
    snprintf(text + used, room - used, "' --case '%s'", name);
    return text;
}
