/* SPDX-License-Identifier: MIT */
/* Puts the shards of one run together and judges the whole. Parts that do not make a whole are an
 * error: a missing shard must never look like a good run. */
#include "runner.h"

#include "options.h"

#include <popt.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct shard {
    const char *path;
    json_t *document;
    run_facts facts; /* its device belongs to the document */
} shard;

static bool load(shard *s, const char *path, char *why, size_t room)
{
    json_error_t error;
    s->path = path;
    s->document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!s->document)
        snprintf(why, room, "%s: %s", path, error.text);
    else if (!report_facts_read(s->document, &s->facts))
        snprintf(why, room, "%s: is not a document that clconv-conform --json wrote", path);
    else if (json_integer_value(json_object_get(s->document, "left")) != 0 ||
             json_is_true(json_object_get(s->document, "interrupted")))
        snprintf(why, room,
                 "%s: %" JSON_INTEGER_FORMAT " of its %zu entries were not run; --resume runs them",
                 path, json_integer_value(json_object_get(s->document, "left")), s->facts.listed);
    else
        return true;
    return false;
}

/* Whether the shards are of one run, each there once and none missing. */
static bool make_whole(const shard *shards, size_t count, char *why, size_t room)
{
    const run_facts *first = &shards[0].facts;
    size_t listed = 0;
    for (size_t i = 0; i < count; i++) {
        const run_facts *f = &shards[i].facts;
        const char *differs = report_same_device(first->device, f->device)
                                  ? report_facts_difference(first, f)
                                  : "device";
        listed += f->listed;
        if (differs) {
            snprintf(why, room, "%s: its %s is not that of %s; merge takes shards of one run",
                     shards[i].path, differs, shards[0].path);
            return false;
        }
        for (size_t j = 0; j < i; j++)
            if (shards[j].facts.shard == f->shard) {
                snprintf(why, room, "%s: is shard %" PRId64 "/%" PRId64 ", and so is %s",
                         shards[i].path, f->shard, f->shards, shards[j].path);
                return false;
            }
    }
    if ((int64_t)count != first->shards || listed != first->tier_listed) {
        snprintf(why, room,
                 "%zu of %" PRId64 " shards with %zu of %zu entries: the run is not complete",
                 count, first->shards, listed, first->tier_listed);
        return false;
    }
    return true;
}

static bool add_cases(report *r, const shard *s, char *why, size_t room)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(s->document, "cases"), i, one)
    {
        suite_entry entry;
        verdict v;
        const char *name = json_string_value(json_object_get(one, "case"));
        const char *origin = json_string_value(json_object_get(one, "origin"));
        const char *minimal = json_string_value(json_object_get(one, "minimal"));
        char reason[256];
        if (!name || !origin || !case_parse(name, &entry.spec, reason, sizeof reason) ||
            !report_verdict_read(one, &v) || !entry.spec.algo[0] || v.state == STATE_REFUSED) {
            snprintf(why, room, "%s: entry %zu of its cases is malformed", s->path, i);
            return false;
        }
        snprintf(entry.origin, sizeof entry.origin, "%s", origin);
        if (!report_add(r, &entry, &v) ||
            (minimal && !report_set_minimal(r, r->count - 1, minimal))) {
            snprintf(why, room, "%s: no memory for its cases", s->path);
            return false;
        }
    }
    return true;
}

static void add_refusals(report *r, const shard *s)
{
    const char *algo, *sentence;
    json_t *one, *times;
    json_object_foreach(json_object_get(s->document, "algorithms"), algo, one)
        json_object_foreach(json_object_get(one, "refusals"), sentence, times)
            report_add_refusals(r, algo, sentence, (size_t)json_integer_value(times));
}

/* The shards have read the same quirks (run.quirk_hash): what differs is how often each applied. */
static void add_quirks(report *r, const shard *s)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(s->document, "quirks"), i, one)
    {
        json_t *sum = json_object_get(json_array_get(r->quirks, i), "applied");
        if (sum)
            json_integer_set(sum, json_integer_value(sum) +
                                      json_integer_value(json_object_get(one, "applied")));
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every entry accounted for, no case twice. */
static bool complete(const report *r, char *why, size_t room)
{
    if (r->count + r->total.refused != r->facts.tier_listed) {
        snprintf(why, room, "the shards hold %zu entries, the run has %zu",
                 r->count + r->total.refused, r->facts.tier_listed);
        return false;
    }
    const char **names = malloc((r->count + 1) * sizeof *names);
    bool ok = names != NULL;
    for (size_t i = 0; ok && i < r->count; i++)
        names[i] = r->results[i].name;
    if (ok)
        qsort(names, r->count, sizeof *names, by_name);
    else
        snprintf(why, room, "no memory to compare the cases");
    for (size_t i = 1; ok && i < r->count; i++)
        if (strcmp(names[i - 1], names[i]) == 0) {
            snprintf(why, room, "the case %.400s is in two shards", names[i]);
            ok = false;
        }
    free(names);
    return ok;
}

static report *merge(const shard *shards, size_t count, char *why, size_t room)
{
    run_facts facts = shards[0].facts;
    facts.shard = facts.shards = 1;
    facts.listed = facts.tier_listed;
    facts.device = json_incref(facts.device);
    for (size_t i = 1; i < count; i++) /* shards run side by side: the slowest counts */
        if (shards[i].facts.seconds > facts.seconds)
            facts.seconds = shards[i].facts.seconds;
    report *r = report_open(&facts, NULL, why, room);
    bool ok = r != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        ok = add_cases(r, &shards[i], why, room);
        if (ok)
            add_refusals(r, &shards[i]);
        if (ok && i == 0)
            r->quirks = json_deep_copy(json_object_get(shards[0].document, "quirks"));
        else if (ok)
            add_quirks(r, &shards[i]);
    }
    if (ok && complete(r, why, room))
        return r;
    report_close(r);
    return NULL;
}

/* Prints and writes the whole run; the exit code. */
static int tell(report *whole, const report_files *files, double min_coverage,
                const json_t *baseline)
{
    char why[4608];
    console_header(whole);
    for (size_t i = 0; i < whole->count; i++)
        if (report_is_red(whole->results[i].verdict.state))
            console_failure(whole, whole->results[i].name, &whole->results[i].verdict);
    if (baseline && !baseline_compare(whole, baseline))
        return console_error(EXIT_DEVICE, "no memory to compare with the baseline");
    if (!report_write(whole, files, min_coverage, why, sizeof why))
        return console_error(EXIT_DEVICE, why);
    console_summary(whole, files, min_coverage);
    return report_judge(whole, min_coverage).exit_code;
}

static int merge_files(const char **paths, size_t count, const report_files *files,
                       double min_coverage, const char *baseline_path, bool strict)
{
    char why[4608];
    json_t *baseline = NULL;
    shard *shards = calloc(count, sizeof *shards);
    report *whole = NULL;
    bool ok = shards != NULL;
    snprintf(why, sizeof why, "no memory for %zu shards", count);
    for (size_t i = 0; ok && i < count; i++)
        ok = load(&shards[i], paths[i], why, sizeof why);
    if (ok && baseline_path)
        ok = (baseline = baseline_load(baseline_path, why, sizeof why)) != NULL;
    if (ok && make_whole(shards, count, why, sizeof why))
        whole = merge(shards, count, why, sizeof why);
    if (whole)
        whole->strict = strict;
    const int code =
        whole ? tell(whole, files, min_coverage, baseline) : console_error(EXIT_USAGE, why);
    json_decref(baseline);
    report_close(whole);
    for (size_t i = 0; shards && i < count; i++)
        json_decref(shards[i].document);
    free(shards);
    return code;
}

int merge_main(int argc, const char **argv)
{
    report_files files = {NULL, NULL, NULL};
    char *coverage = NULL, *baseline = NULL, why[512];
    double min_coverage = RUN_MIN_COVERAGE;
    int code = EXIT_USAGE, strict = 0;
    struct poptOption options[] = {
        {"json", 0, POPT_ARG_STRING, &files.json, 0, "Write the whole run as JSON", "FILE"},
        {"junit", 0, POPT_ARG_STRING, &files.junit, 0, "Write it as JUnit XML", "FILE"},
        {"html", 0, POPT_ARG_STRING, &files.html, 0, "Write it as a page to read", "FILE"},
        {"baseline", 0, POPT_ARG_STRING, &baseline, 0,
         "Tell what fails or passes since an earlier --json", "FILE"},
        {"min-coverage", 0, POPT_ARG_STRING, &coverage, 0,
         "Percent of the applicable cases that must have run (95)", "PCT"},
        {"strict", 0, POPT_ARG_NONE, &strict, 0,
         "A warning or a skipped case is too little evidence", NULL},
        POPT_AUTOHELP POPT_TABLEEND};
    number_options(options);
    poptContext context = poptGetContext("clconv-conform merge", argc, argv, options, 0);
    poptSetOtherOptionHelp(context, "SHARD.json ...");
    const bool taken = take_options(context, options, why, sizeof why);
    const char **paths = poptGetArgs(context);
    size_t count = 0;
    while (paths && paths[count])
        count++;
    if (!taken)
        code = EXIT_USAGE;
    else if (coverage && !parse_percent(coverage, &min_coverage))
        snprintf(why, sizeof why, "merge: --min-coverage takes 0 to 100, but got '%s'", coverage);
    else if (!report_files_distinct(&files, why, sizeof why))
        code = EXIT_USAGE;
    else if (!count)
        snprintf(why, sizeof why, "merge: name the JSON document of every shard of one run");
    else
        code = EXIT_GOOD;
    code = code == EXIT_GOOD
               ? merge_files(paths, count, &files, min_coverage, baseline, strict != 0)
               : console_error(code, why);
    release_texts(options);
    poptFreeContext(context);
    return code;
}
