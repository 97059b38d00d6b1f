/* SPDX-License-Identifier: MIT */
/* What the verdicts of a run prove, as a sentence and an exit status. */
#include "report.h"

#include "tiers.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

size_t report_left(const report *r)
{
    const size_t done = r->count + r->total.refused;
    return r->facts.listed > done ? r->facts.listed - done : 0;
}

size_t tally_applicable(const tally *t)
{
    return t->run + t->xfailed + t->skipped;
}

double report_coverage(const report *r)
{
    const size_t applicable = tally_applicable(&r->total);
    return applicable ? (double)r->total.run / (double)applicable : 0.0;
}

bool report_is_whole(const report *r)
{
    return r->facts.shards == 1 && r->facts.tier[0] && !r->facts.algo[0];
}

/* An algorithm with too few cases of an op; what the device cannot do does not count against it.
 * `auto` is none. */
static const tally *quota_missed(const report *r, clconv_op *op)
{
    for (size_t i = 0; i < r->algo_count; i++) {
        const tally *const t = &r->algos[i];
        const bool named = strcmp(t->algo, "auto") != 0;
        for (*op = CLCONV_FORWARD; named && *op <= CLCONV_BACKWARD_WEIGHTS; ++*op)
            if (t->accepted[*op] < tier_wants(r->facts.tier, t->algo, *op))
                return t;
    }
    return NULL;
}

/* The element type, layout or ending of which an algorithm that is asked for all has too few cases,
 * in words; NULL without any. */
static const char *typed_quota_missed(const report *r, const tally **of, size_t *accepted,
                                      size_t *asked)
{
    static const char *const layouts[] = {"nchw", "nhwc"};
    const size_t quota = tier_typed_quota(r->facts.tier);
    for (size_t i = 0; i < r->algo_count; i++) {
        *of = &r->algos[i];
        if (!tier_asks_types((*of)->algo))
            continue;
        *asked = quota;
        for (int32_t dtype = CLCONV_F32; dtype <= CLCONV_U8; dtype++)
            if ((*accepted = (*of)->accepted_dtype[dtype]) < quota)
                return report_dtype_words[dtype];
        for (size_t l = 0; l < sizeof layouts / sizeof *layouts; l++)
            if ((*accepted = (*of)->accepted_layout[l]) < quota)
                return layouts[l];
        if ((*accepted = (*of)->accepted_endings) < (*asked = tier_ending_quota(r->facts.tier)))
            return "epilogues";
        *asked = tier_quantised_quota(r->facts.tier);
        if ((*accepted = (*of)->accepted_quantised) < *asked)
            return "zero points";
    }
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
    static const char *const cases[] = {"cases", "gradients of x", "gradients of w"};
    judgement j = {EXIT_EVIDENCE, ""};
    clconv_op op;
    const tally *poor = quota_missed(r, &op), *narrow = NULL;
    size_t accepted = 0, asked = 0;
    const char *const type = typed_quota_missed(r, &narrow, &accepted, &asked);
    if (100.0 * report_coverage(r) < min_coverage)
        say(&j, "TOO LITTLE EVIDENCE: coverage %.2f %% is below %.2f %%",
            100.0 * report_coverage(r), min_coverage);
    else if (poor)
        say(&j, "TOO LITTLE EVIDENCE: algorithm %s accepted %zu %s, tier %s asks for %zu",
            poor->algo, poor->accepted[op], cases[op], r->facts.tier,
            tier_wants(r->facts.tier, poor->algo, op));
    else if (type)
        say(&j, "TOO LITTLE EVIDENCE: algorithm %s accepted %zu cases of %s, tier %s asks for %zu",
            narrow->algo, accepted, type, r->facts.tier, asked);
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

/* What else is wrong, behind a sentence that begins with something worse. */
static void say_red(judgement *j, const report *r, const char *separator)
{
    const tally *t = &r->total;
    if (t->failed)
        say(j, "%s%zu of %zu cases failed", separator, t->failed, t->run);
    if (t->xpassed)
        say(j, "%s%zu passed that a quirk expects to fail: delete the quirk",
            t->failed ? ", " : separator, t->xpassed);
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
    say_red(&j, r, "; ");
    return j;
}

static judgement judge_failure(const report *r)
{
    judgement j = {EXIT_DEVICE, "FAIL"};
    const size_t left = report_left(r);
    say_red(&j, r, ": ");
    if (left)
        say(&j, "; stopped there, %zu of %zu entries were not run", left, r->facts.listed);
    return j;
}

/* The tiers that somebody looks after every day; in the others an expired quirk is a warning. */
static bool must_be_current(const report *r)
{
    return strcmp(r->facts.tier, "nightly") == 0 || strcmp(r->facts.tier, "qualify") == 0;
}

/* An expired quirk of this device, or NULL. */
static const char *expired_quirk(const report *r)
{
    size_t i;
    json_t *one;
    json_array_foreach(r->quirks, i, one) if (
        json_is_true(
            json_object_get(one, "expired"))) return json_string_value(json_object_get(one, "id"));
    return NULL;
}

json_t *report_warnings(const report *r)
{
    size_t i;
    json_t *one, *list = json_array();
    json_array_foreach(r->quirks, i, one)
    {
        const char *id = json_string_value(json_object_get(one, "id"));
        if (json_is_true(json_object_get(one, "expired")))
            json_array_append_new(list,
                                  json_sprintf("quirk %s has expired on %s: renew or delete it", id,
                                               json_string_value(json_object_get(one, "expires"))));
        if (report_is_whole(r) && !report_left(r) &&
            !json_integer_value(json_object_get(one, "applied")))
            json_array_append_new(
                list, json_sprintf("quirk %s is of this device, but of none of the cases", id));
    }
    return list;
}

/* --strict: takes a PASS away. */
static judgement judge_strictly(const report *r, judgement j)
{
    json_t *warnings = report_warnings(r);
    const size_t count = json_array_size(warnings);
    if (count || r->total.skipped) {
        j = (judgement){EXIT_EVIDENCE, "TOO LITTLE EVIDENCE for --strict:"};
        if (r->total.skipped)
            say(&j, " %zu cases were skipped%s", r->total.skipped, count ? ";" : "");
        if (count)
            say(&j, " %zu warnings, first: %s", count,
                json_string_value(json_array_get(warnings, 0)));
    }
    json_decref(warnings);
    return j;
}

static judgement judge_green(const report *r, double min_coverage)
{
    judgement j = {EXIT_GOOD, "PASS"};
    const size_t left = report_left(r);
    if (left) {
        j = (judgement){EXIT_EVIDENCE, ""};
        say(&j, "TOO LITTLE EVIDENCE: %zu of %zu entries were not run", left, r->facts.listed);
    } else if (report_is_whole(r)) {
        j = judge_evidence(r, min_coverage);
    } else if (r->facts.shards == 1 && r->total.run + r->total.xfailed == 0) {
        j = (judgement){EXIT_DEVICE, ""};
        say(&j, "FAIL: nothing ran: %.240s", refusal(r));
    } else if (r->facts.shards > 1) {
        say(&j, " for shard %" PRId64 "/%" PRId64 "; merge judges the whole", r->facts.shard,
            r->facts.shards);
    }
    if (j.exit_code == EXIT_GOOD && r->strict)
        j = judge_strictly(r, j);
    if (j.exit_code == EXIT_GOOD && r->total.xfailed)
        say(&j, ", %zu cases fail as quirks expect", r->total.xfailed);
    return j;
}

judgement report_judge(const report *r, double min_coverage)
{
    judgement expired = {EXIT_DEVICE, ""};
    if (r->signal)
        return judge_interrupted(r);
    if (r->total.failed || r->total.xpassed)
        return judge_failure(r);
    if (!must_be_current(r) || !expired_quirk(r))
        return judge_green(r, min_coverage);
    say(&expired, "FAIL: quirk %s has expired: renew or delete it", expired_quirk(r));
    return expired;
}

const char *report_culprit(const char *name, const verdict *v)
{
    return v->culprit[0] && strcmp(v->kind, "sweep") != 0 ? v->culprit : name;
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
