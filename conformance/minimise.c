/* SPDX-License-Identifier: MIT */
/* After a run: makes its failures small (--minimise) and writes their arrays (--dump). */
#include "dump.h"
#include "interrupt.h"
#include "runner.h"
#include "shrink.h"

#include <string.h>

/* So that a run with hundreds of failures, or of hangs, ends. */
enum { FIRST_OF_EACH = 5, SECONDS_EACH = 300 };

typedef struct hunt {
    runner *run;
    const verdict *original;
    verdict smallest; /* of the smallest case that failed like the original */
    size_t runs;
    double deadline;
    bool broken; /* nothing more can be run: `why` says why */
    char *why;
    size_t room;
} hunt;

static shrink_answer fails_alike(void *user, const case_spec *c)
{
    hunt *h = user;
    char name[CASE_TEXT];
    verdict v;
    if (quirks_find(&h->run->quirks, case_print(c, name, sizeof name)))
        return SHRINK_DIFFERS; /* the failure of a quirk is not this one */
    if (interrupt_signal() || progress_now() > h->deadline)
        return SHRINK_STOP;
    if (!h->run->rerun(h->run->rerun_user, c, NULL, &v, h->why, h->room)) {
        h->broken = true;
        return SHRINK_STOP;
    }
    h->runs++;
    if (v.state != STATE_FAIL || strcmp(v.kind, h->original->kind) != 0)
        return SHRINK_DIFFERS;
    h->smallest = v;
    return SHRINK_FAILS;
}

/* Shrinks `c`, the case of result `index`. False with a sentence when nothing can be run. */
static bool minimise(runner *run, size_t index, case_spec *c, char *why, size_t room)
{
    char name[CASE_TEXT];
    const result *from = &run->report->results[index];
    hunt h = {.run = run, .original = &from->verdict, .why = why, .room = room};
    h.deadline = progress_now() + SECONDS_EACH;
    if (fails_alike(&h, c) != SHRINK_FAILS) {
        if (!h.broken && !interrupt_signal())
            printf("MINIMAL: none: %s did not fail so again\n", from->name);
        return !h.broken;
    }
    const shrink_result found = shrink_case(c, SHRINK_MOST_RUNS - h.runs, fails_alike, &h);
    if (h.broken)
        return false;
    report_clean(h.smallest.reason);
    case_print(c, name, sizeof name);
    console_minimal(run->report, from->name, name, &h.smallest, h.runs, found.whole);
    if (report_set_minimal(run->report, index, name))
        return true;
    snprintf(why, room, "no memory left for a minimal case, or no room for the .ndjson file");
    return false;
}

/* Whether fewer than FIRST_OF_EACH failures before this one are of its algorithm and kind. */
static bool among_first(const report *r, size_t index)
{
    size_t before = 0;
    for (size_t i = 0; i < index; i++)
        before += r->results[i].verdict.state == STATE_FAIL &&
                  strcmp(r->results[i].algo, r->results[index].algo) == 0 &&
                  strcmp(r->results[i].verdict.kind, r->results[index].verdict.kind) == 0;
    return before < FIRST_OF_EACH;
}

static bool dump(runner *run, const case_spec *c, char *why, size_t room)
{
    char name[CASE_TEXT], folder[DUMP_PATH];
    verdict v;
    if (!*dump_path(run->options->dump, case_print(c, name, sizeof name), folder)) {
        snprintf(why, room, "%.40s...: the folder name is too long", run->options->dump);
        return false;
    }
    if (!run->rerun(run->rerun_user, c, folder, &v, why, room))
        return false;
    printf("DUMPED: %s\n", folder);
    fflush(stdout);
    return true;
}

bool explain_failures(runner *run, char *why, size_t room)
{
    const run_options *o = run->options;
    size_t left_alone = 0;
    bool ok = true;
    if (!o->minimise && !o->dump)
        return true;
    for (size_t i = 0; ok && !interrupt_signal() && i < run->report->count; i++) {
        case_spec c;
        const result *const one = &run->report->results[i];
        if (one->verdict.state != STATE_FAIL)
            continue;
        ok = case_parse(report_culprit(one->name, &one->verdict), &c, why, room);
        if (ok && one->minimal) /* by the run that is resumed */
            ok = case_parse(one->minimal, &c, why, room);
        else if (ok && o->minimise && among_first(run->report, i))
            ok = minimise(run, i, &c, why, room);
        else
            left_alone += o->minimise;
        if (ok && o->dump && !interrupt_signal())
            ok = dump(run, &c, why, room);
    }
    if (left_alone)
        printf(
            "Not minimised, being beyond the first %d of their algorithm and kind: %zu failures\n",
            FIRST_OF_EACH, left_alone);
    run->report->signal = interrupt_signal();
    return ok;
}
