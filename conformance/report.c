/* SPDX-License-Identifier: MIT */
/* Collects verdicts and counts them. */
#include "report.h"

#include "ending.h"

#include <libxml/xmlstring.h>

#include <stdlib.h>
#include <string.h>

const char *const report_dtype_words[REPORT_DTYPES] = {"?",    "f32", "f64", "f16",
                                                       "bf16", "i8",  "u8",  "i32"};

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

/* Takes the folders off absolute paths in a driver's text: a result that is published must not tell
 * who made it and where. */
static void strip_folders(char *text)
{
    char *out = text;
    for (const char *at = text; *at; *out++ = *at++) {
        const bool path = *at == '/' && at[1] != ' ' && (at == text || strchr(" '\"(=<,", at[-1]));
        const char *end = path ? at + strcspn(at, " '\"()<>,:;") : at;
        while (end > at && end[-1] != '/')
            end--;
        at = end; /* the file's name, or where it was */
        if (!*at)
            break;
    }
    *out = '\0';
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
    json_decref(r->quirks);
    free(r);
}

bool report_is_red(case_state state)
{
    return state == STATE_FAIL || state == STATE_XPASS;
}

static void count_verdict(tally *t, const verdict *v)
{
    t->run += v->state == STATE_PASS || report_is_red(v->state);
    t->xfailed += v->state == STATE_XFAIL;
    t->xpassed += v->state == STATE_XPASS;
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
    snprintf(kept->dtype, sizeof kept->dtype, "%s",
             report_dtype_words[entry->spec.problem.x.dtype]);
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
    return stream_line(r, json_pack("{s:s, s:s}", "case", r->results[index].name, "minimal", name));
}

bool report_add(report *r, const suite_entry *entry, const verdict *v)
{
    char name[CASE_TEXT];
    verdict clean = *v;
    const clconv_problem p = case_problem(&entry->spec);
    report_clean(clean.kind);
    strip_folders(report_clean(clean.reason));
    case_print(&entry->spec, name, sizeof name);
    const bool streamed = stream_line(r, report_verdict_json(name, &clean));
    if (v->state == STATE_REFUSED) {
        report_add_refusals(r, entry->spec.algo, clean.reason, 1);
        return streamed;
    }
    tally *t = tally_of(r, entry->spec.algo);
    if (!t || !keep(r, entry, name, &clean))
        return false;
    t->accepted[entry->spec.problem.op]++;
    t->accepted_dtype[entry->spec.problem.x.dtype]++;
    t->accepted_layout[entry->spec.problem.x.layout]++;
    t->accepted_endings += has_epilogue(&p);
    t->accepted_quantised += p.quantization != NULL;
    count_verdict(t, &clean);
    count_verdict(&r->total, &clean);
    return streamed;
}
