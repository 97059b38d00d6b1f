/* SPDX-License-Identifier: MIT */
/* One run: what happens before, at and after each case, wherever it is executed. */
#include "runner.h"

#include "dump.h"
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

bool runner_begin(runner *run, json_t *card, const char *selector, char *why, size_t room)
{
    const run_options *o = run->options;
    int replaced = 0;
    run_facts facts = {.device = card,
                       .seed = o->seed,
                       .shard = o->shard,
                       .shards = o->shards,
                       .listed = run->count,
                       .tier_listed = run->tier_count};
    snprintf(facts.selector, sizeof facts.selector, "%s", selector);
    snprintf(facts.library, sizeof facts.library, "%s", clconv_version());
    snprintf(facts.kernel_hash, sizeof facts.kernel_hash, "%s", clconv_kernel_hash(&replaced));
    facts.kernels_replaced = replaced != 0;
    snprintf(facts.tier, sizeof facts.tier, "%s", o->case_text ? "" : o->tier);
    snprintf(facts.algo, sizeof facts.algo, "%s", o->algo ? o->algo : "");
    run->report = report_open(&facts, o->files.json, why, room);
    if (!run->report)
        return false;
    console_header(run->report);
    run->started = progress_now();
    run->progress = progress_start(run->count, o->verbose);
    return true;
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
    if (!report_add(run->report, e, v)) {
        snprintf(why, room, "no memory left for results, or no room for the .ndjson file");
        return false;
    }
    if (v->state == STATE_FAIL) {
        const result *kept = &run->report->results[run->report->count - 1];
        progress_clear(&run->progress);
        console_failure(run->report, kept->name, &kept->verdict);
    } else if (run->options->verbose) {
        printf("  %s%s%s\n", case_state_names[v->state], v->reason[0] ? ": " : "", v->reason);
    }
    progress_step(&run->progress, run->report->total.failed);
    return true;
}

int runner_finish(runner *run)
{
    char why[4352], unexplained[4352];
    const run_options *o = run->options;
    progress_clear(&run->progress);
    run->report->facts.seconds = progress_now() - run->started;
    const bool explained = explain_failures(run, unexplained, sizeof unexplained);
    if (!report_write(run->report, &o->files, o->min_coverage, why, sizeof why))
        return console_error(EXIT_DEVICE, why);
    console_summary(run->report, &o->files, o->min_coverage);
    if (!explained)
        return console_error(EXIT_DEVICE, unexplained);
    return report_judge(run->report, o->min_coverage).exit_code;
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
    char why[1024];
    opened_device device;
    const int code = open_device(run->options->device, &device, why, sizeof why);
    if (code != EXIT_GOOD)
        return console_error(code, why);
    run->rerun = rerun_here;
    run->rerun_user = device.session;
    bool ok = runner_begin(run, device.card, device.selector, why, sizeof why);
    for (size_t i = 0; ok && i < run->count; i++) {
        runner_launch(run, i);
        const verdict v = run_case(device.session, &run->entries[i].spec);
        ok = runner_result(run, i, &v, why, sizeof why);
    }
    /* The verdict first: closing writes the program cache, which on PoCL takes 0.4 s a program. */
    const int verdict_code = ok ? runner_finish(run) : console_error(EXIT_DEVICE, why);
    session_close(device.session);
    return verdict_code;
}
