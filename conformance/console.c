/* SPDX-License-Identifier: MIT */
/* What a run prints: the device first, failures with their replay lines, the verdict last. */
#include "runner.h"

#include "errors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* Colour only on a terminal and never with NO_COLOR (no-color.org). */
static const char *colour(const char *sequence)
{
    const char *off = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(off && *off) ? sequence : "";
}

static const char red[] = "\033[31m", green[] = "\033[32m", yellow[] = "\033[33m",
                  plain[] = "\033[0m";

static const char *card_text(const run_facts *f, const char *key)
{
    const char *text = json_string_value(json_object_get(f->device, key));
    return text ? text : "";
}

void console_header(const report *r)
{
    const run_facts *f = &r->facts;
    printf("device   %s (%s, driver %s)\n", card_text(f, "name"), card_text(f, "version"),
           card_text(f, "driver"));
    printf("kernels  %s%s\n", f->kernel_hash,
           f->kernels_replaced ? " (kernels replaced by CLCONV_KERNEL_DIR)" : "");
    printf("tier     %s%s%s, %zu entries", f->tier[0] ? f->tier : "one case",
           f->algo[0] ? ", algorithm " : "", f->algo, f->listed);
    if (f->shards > 1)
        printf(" of shard %" PRId64 "/%" PRId64, f->shard, f->shards);
    printf(", seed %" PRIu64 "\n", f->seed);
    fflush(stdout);
}

void console_failure(const report *r, const char *name, const verdict *v)
{
    char repro[CASE_TEXT + 512];
    printf("%s%s%s %s: %s: %s\n", colour(red), case_state_names[v->state], colour(plain), name,
           v->kind, v->reason);
    printf("REPRO: %s\n", report_repro(r, report_culprit(name, v), repro, sizeof repro));
    fflush(stdout);
}

void console_minimal(const report *r, const char *from, const char *name, const verdict *v,
                     size_t runs, bool whole)
{
    char repro[CASE_TEXT + 512];
    printf("%sMINIMAL:%s %s\n  %s: %s\n", colour(red), colour(plain), name, v->kind, v->reason);
    printf("  %zu runs, from %s%s\n", runs, from,
           whole ? "" : "; cut short, it may not be minimal");
    printf("REPRO: %s\n", report_repro(r, name, repro, sizeof repro));
    fflush(stdout);
}

static void print_algorithms(const report *r)
{
    printf("\n%-12s %9s %7s %6s %6s %8s %12s %8s %13s\n", "algorithm", "accepted", "failed",
           "xfail", "xpass", "skipped", "unsupported", "refused", "error/bound");
    for (size_t i = 0; i < r->algo_count; i++) {
        const tally *t = &r->algos[i];
        printf("%-12s %9zu %7zu %6zu %6zu %8zu %12zu %8zu %13.3g\n", t->algo, tally_applicable(t),
               t->failed, t->xfailed, t->xpassed, t->skipped, t->unsupported, t->refused,
               t->headroom);
    }
}

static void print_skips(const report *r)
{
    enum { SHOWN = 5 };
    size_t shown = 0;
    for (size_t i = 0; i < r->count; i++) {
        const verdict *v = &r->results[i].verdict;
        if (v->state != STATE_SKIP && v->state != STATE_UNSUPPORTED && v->state != STATE_XFAIL)
            continue;
        if (shown++ < SHOWN)
            printf("%s %s: %s: %s\n", case_state_names[v->state], r->results[i].name, v->kind,
                   v->reason);
    }
    if (shown > SHOWN)
        printf("... and %zu more of these (--json lists them)\n", shown - SHOWN);
}

/* Quirks of this device, and what is suspicious without being red. */
static void print_quirks(const report *r)
{
    size_t i;
    json_t *one, *warnings = report_warnings(r);
    json_array_foreach(r->quirks, i, one)
        printf("quirk    %s: %s, %" JSON_INTEGER_FORMAT " cases: %s (%s)\n",
               json_string_value(json_object_get(one, "id")),
               json_string_value(json_object_get(one, "action")),
               json_integer_value(json_object_get(one, "applied")),
               json_string_value(json_object_get(one, "reason")),
               json_string_value(json_object_get(one, "link")));
    json_array_foreach(warnings, i, one)
        printf("%sWARNING%s  %s\n", colour(yellow), colour(plain), json_string_value(one));
    json_decref(warnings);
}

static void print_names(const json_t *names, const char *word, const char *tone)
{
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
        printf("%s%s%s %s\n", colour(tone), word, colour(plain), json_string_value(name));
}

static void print_baseline(const json_t *baseline)
{
    const json_t *new_fail = json_object_get(baseline, "new_fail");
    const json_t *fixed = json_object_get(baseline, "fixed");
    print_names(new_fail, "NEW-FAIL", red);
    print_names(fixed, "FIXED", green);
    printf("baseline new failures %zu, fixed %zu, cases only there %" JSON_INTEGER_FORMAT
           ", only here %" JSON_INTEGER_FORMAT "\n",
           json_array_size(new_fail), json_array_size(fixed),
           json_integer_value(json_object_get(baseline, "missing")),
           json_integer_value(json_object_get(baseline, "added")));
}

void console_summary(const report *r, const report_files *files, double min_coverage)
{
    const judgement j = report_judge(r, min_coverage);
    const char *tone = j.exit_code == EXIT_GOOD       ? green
                       : j.exit_code == EXIT_EVIDENCE ? yellow
                                                      : red;
    print_skips(r);
    print_algorithms(r);
    const double seconds = r->facts.seconds;
    printf(
        "\n%zu cases in %.1f s, %.0f per second; coverage %.1f %%, unsupported %zu, failed %zu\n",
        r->total.run, seconds, seconds > 0 ? (double)r->total.run / seconds : 0.0,
        100.0 * report_coverage(r), r->total.unsupported, r->total.failed);
    print_quirks(r);
    if (r->baseline)
        print_baseline(r->baseline);
    const char *const paths[] = {files->json, files->junit, files->html};
    for (size_t i = 0; i < 3; i++)
        if (paths[i])
            printf("report   %s\n", paths[i]);
    printf("run %zu / applicable %zu / skipped %zu: %s%s%s\n", r->total.run,
           tally_applicable(&r->total), r->total.skipped, colour(tone), j.sentence, colour(plain));
    fflush(stdout);
}

int console_error(int exit_code, const char *sentence)
{
    fflush(stdout);
    errors_print(sentence);
    return exit_code;
}
