/* SPDX-License-Identifier: MIT */
/* One run: what happens before, at and after each case, wherever it is executed. */
#include "runner.h"

#include "dump.h"
#include "interrupt.h"
#include "tiers.h"

#include <stdlib.h>
#include <string.h>

bool parse_percent(const char *text, double *out)
{
    char *end = NULL;
    const double value = strtod(text, &end);
    const bool plain = *text >= '0' && *text <= '9' && *end == '\0' &&
                       !text[strspn(text, "0123456789.")]; /* no 0x10, no 1e1 */
    if (!plain || value > 100.0)
        return false;
    *out = value;
    return true;
}

/* All but the device. */
static run_facts facts_of(const runner *run)
{
    const run_options *o = run->options;
    int replaced = 0;
    run_facts facts = {.seed = o->seed,
                       .shard = o->shard,
                       .shards = o->shards,
                       .listed = run->count,
                       .tier_listed = run->tier_count};
    snprintf(facts.library, sizeof facts.library, "%s", clconv_version());
    snprintf(facts.kernel_hash, sizeof facts.kernel_hash, "%s", clconv_kernel_hash(&replaced));
    facts.kernels_replaced = replaced != 0;
    snprintf(facts.quirk_hash, sizeof facts.quirk_hash, "%s", run->quirks.hash);
    snprintf(facts.tier, sizeof facts.tier, "%s", o->case_text ? "" : o->tier);
    snprintf(facts.algo, sizeof facts.algo, "%s", o->algo ? o->algo : "");
    return facts;
}

bool runner_resume(runner *run, char *why, size_t room)
{
    const run_facts now = facts_of(run);
    if (!resume_read(run->resumed, run->options->files.json, &now, run->entries, why, room))
        return false;
    run->finished = run->resumed->count;
    return true;
}

/* The finished entries, as if they had been run by this process. */
static bool take_finished(runner *run, char *why, size_t room)
{
    if (!resume_into(run->resumed, run->report, run->entries, why, room))
        return false;
    for (size_t i = 0; i < run->report->count; i++)
        if (report_is_red(run->report->results[i].verdict.state))
            console_failure(run->report, run->report->results[i].name,
                            &run->report->results[i].verdict);
    run->started -= run->resumed->seconds;
    return true;
}

int runner_begin(runner *run, json_t *card, const char *selector, char *why, size_t room)
{
    const run_options *o = run->options;
    const bool resumed = run->resumed && run->resumed->identity;
    run_facts facts = facts_of(run);
    facts.device = card;
    snprintf(facts.selector, sizeof facts.selector, "%s", selector);
    if (resumed && !resume_same_device(run->resumed, card, why, room)) {
        json_decref(card);
        return EXIT_USAGE;
    }
    run->report = report_open(&facts, resumed ? NULL : o->files.json, why, room);
    if (!run->report)
        return EXIT_DEVICE;
    quirks_match(&run->quirks, card);
    run->report->quirks = quirks_json(&run->quirks);
    run->report->strict = o->strict;
    console_header(run->report);
    run->started = progress_now();
    if (run->resumed)
        printf("resumed  %zu of %zu entries were finished\n", run->finished, run->count);
    if (resumed && !take_finished(run, why, room))
        return EXIT_DEVICE;
    run->progress = progress_start(run->count - run->finished, o->verbose);
    return EXIT_GOOD;
}

void runner_launch(runner *run, size_t entry)
{
    char name[CASE_TEXT], repro[CASE_TEXT + 512];
    if (!run->options->verbose)
        return;
    case_print(&run->entries[entry].spec, name, sizeof name);
    printf("%s\n", report_repro(run->report, name, repro, sizeof repro));
    fflush(stdout);
}

bool runner_result(runner *run, size_t entry, const verdict *v, char *why, size_t room)
{
    const suite_entry *e = &run->entries[entry];
    verdict judged = *v;
    quirks_judge(&run->quirks, &e->spec, &judged);
    v = &judged;
    if (!report_add(run->report, e, v)) {
        snprintf(why, room, "no memory left for results, or no room for the .ndjson file");
        return false;
    }
    if (report_is_red(v->state)) {
        const result *kept = &run->report->results[run->report->count - 1];
        progress_clear(&run->progress);
        console_failure(run->report, kept->name, &kept->verdict);
    } else if (run->options->verbose) {
        printf("  %s%s%s\n", case_state_names[v->state], v->reason[0] ? ": " : "", v->reason);
    }
    progress_step(&run->progress, run->report->total.failed + run->report->total.xpassed);
    return true;
}

bool runner_stopped(const runner *run)
{
    const report *r = run->report;
    return r && (interrupt_signal() ||
                 (run->options->fail_fast && (r->total.failed || r->total.xpassed)));
}

/* How many cases each quirk fits. */
static void count_quirks(runner *run)
{
    const report *r = run->report;
    for (size_t i = 0; run->quirks.count && i < r->count; i++) {
        const quirk *found = quirks_find(&run->quirks, r->results[i].name);
        if (!found)
            continue;
        json_t *one = json_array_get(r->quirks, (size_t)(found - run->quirks.all));
        json_t *applied = json_object_get(one, "applied");
        json_integer_set(applied, json_integer_value(applied) + 1);
    }
}

int runner_finish(runner *run)
{
    char why[4352], unexplained[4352];
    const run_options *o = run->options;
    progress_clear(&run->progress);
    run->report->facts.seconds = progress_now() - run->started;
    if (report_left(run->report))
        run->report->signal = interrupt_signal();
    count_quirks(run);
    const bool explained = explain_failures(run, unexplained, sizeof unexplained);
    if (run->baseline && !baseline_compare(run->report, run->baseline))
        return console_error(EXIT_DEVICE, "no memory to compare with the baseline");
    if (!report_write(run->report, &o->files, o->min_coverage, why, sizeof why))
        return console_error(EXIT_DEVICE, why);
    console_summary(run->report, &o->files, o->min_coverage);
    if (!explained)
        return console_error(EXIT_DEVICE, unexplained);
    return report_judge(run->report, o->min_coverage).exit_code;
}

verdict run_under_quirks(session *s, const quirks *q, const case_spec *c)
{
    verdict v;
    return quirks_skip(q, c, &v) ? v : run_case(s, c);
}

static bool rerun_here(void *user, const case_spec *c, const char *folder, verdict *out, char *why,
                       size_t room)
{
    session *s = user;
    case_tensors tensors;
    *out = run_case(s, c);
    return !folder ||
           dump_case(folder, c, session_tensors(s, &tensors) ? tensors.got : NULL, why, room);
}

int run_here(runner *run)
{
    char why[4352];
    opened_device device;
    const int code = open_device(run->options->device, &device, why, sizeof why);
    if (code != EXIT_GOOD)
        return console_error(code, why);
    run->rerun = rerun_here;
    run->rerun_user = device.session;
    const int begun = runner_begin(run, device.card, device.selector, why, sizeof why);
    bool ok = begun == EXIT_GOOD;
    for (size_t i = run->finished; ok && i < run->count && !runner_stopped(run); i++) {
        runner_launch(run, i);
        const verdict v = run_under_quirks(device.session, &run->quirks, &run->entries[i].spec);
        ok = runner_result(run, i, &v, why, sizeof why);
    }
    /* The verdict first: closing writes the program cache, which on PoCL takes 0.4 s a program. */
    const int verdict_code =
        ok ? runner_finish(run) : console_error(begun == EXIT_GOOD ? EXIT_DEVICE : begun, why);
    session_close(device.session);
    return verdict_code;
}
