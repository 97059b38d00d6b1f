/* SPDX-License-Identifier: MIT */
/* What a run left behind: guards and inputs as they were, every output right, and bit for bit what
 * the case's first run gave. */
#include "trial.h"

#include <math.h>
#include <string.h>

/* Guards of all buffers first: an overrun explains whatever else is wrong. */
bool check_buffers(trial *t, const run_buffers *run, float *const got[2])
{
    static const char *const kinds[] = {
        [DAMAGE_GUARD] = "guard_write", [DAMAGE_PAYLOAD] = "input_modified"};
    damage worst = DAMAGE_NONE;
    char sentence[256] = "";
    for (int i = 0; i < ROLES; i++) {
        damage found = DAMAGE_NONE;
        char why[256] = "";
        if (!run->at[i].mem)
            continue;
        float *const out = role_is_output(i) ? got[i == ROLE_Y2] : NULL;
        const cl_int err =
            guarded_check(t->s->queue, &run->at[i], role_is_input(i), out, &found, why, sizeof why);
        if (err != CL_SUCCESS)
            return settle_cl(t, err, "reading the buffers back");
        if (out)
            t->s->output = out;
        if (found != DAMAGE_NONE && (worst == DAMAGE_NONE || found < worst)) {
            worst = found;
            memcpy(sentence, why, sizeof sentence);
        }
    }
    return worst == DAMAGE_NONE || settle(t, STATE_FAIL, kinds[worst], "%s", sentence);
}

void describe_element(const oracle_shape *shape, size_t index, char *text, size_t room)
{
    const size_t q = (size_t)shape->q, p = (size_t)shape->p, k = (size_t)shape->k;
    snprintf(text, room, "n=%zu k=%zu p=%zu q=%zu", index / q / p / k, index / q / p % k,
             index / q % p, index % q);
}

/* A NaN that an arithmetic operation made from a guard still has the guard's bits. */
const char *nan_origin(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < ROLES; i++) {
        if (role_is_input(i) && bits == role_rows[i].guard)
            return " (from the guard of an input)";
        if (bits == role_rows[i].fill && bits != 0)
            return " (from memory nobody wrote)";
    }
    return "";
}

bool settle_outputs(trial *t, const comparison *found, size_t count, size_t element,
                    const char *run)
{
    char where[128];
    const float got = (float)found->got;
    const oracle_shape *const shape = &t->s->ref.shape;
    describe_element(shape, element, where, sizeof where);
    const char *kind = t->s->ref.exact ? "value" : "bound";
    if (found->unwritten == found->bad)
        kind = "unwritten";
    return settle(t, STATE_FAIL, kind,
                  "%zu of %zu outputs wrong (%zu still hold the poison), first %s: expected %.9g, "
                  "got %.9g%s, bound %.3g; %s",
                  found->bad, count, found->unwritten, where, found->expected, found->got,
                  nan_origin(got), found->bound, run);
}

judge_rule rule_of(const trial *t)
{
    return (judge_rule){.exact = t->s->ref.exact,
                        .special = t->s->ref.special,
                        .mean = t->problem.reduce == CLCONV_REDUCE_MEAN,
                        .flush = t->s->flush,
                        .poison = role_rows[ROLE_Y].fill};
}

/* OpenCL leaves open which bits a NaN has. */
static bool same(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool check_repeat(trial *t, const run_kind *kind, const float *got)
{
    const oracle_shape *const shape = &t->s->ref.shape;
    const float *const first = t->s->got[0];
    size_t at = 0;
    if (memcmp(first, got, shape->y * sizeof *first) == 0)
        return true;
    while (at < shape->y && same(first[at], got[at]))
        at++;
    if (at == shape->y)
        return true;
    char where[128];
    describe_element(shape, at, where, sizeof where);
    return settle(t, STATE_FAIL, "nondeterministic",
                  "the same input gave other bits at %s: %.9g, then %.9g; %s", where,
                  (double)first[at], (double)got[at], kind->name);
}

/* Adds what the values show about the cause. Always false. */
static bool explain(trial *t, const float *got)
{
    char *const reason = t->verdict.reason;
    const size_t length = strlen(reason), room = sizeof t->verdict.reason - length;
    char text[256];
    if (explain_data(&t->problem, &t->s->ref, got, text, sizeof text))
        snprintf(reason + length, room, "; %s", text);
    return false;
}

bool check_output(trial *t, const run_kind *kind, const float *got)
{
    const reference *const ref = &t->s->ref;
    const judge_rule rule = rule_of(t);
    const comparison found =
        compare_outputs(got, ref->y, ref->mag, ref->terms, ref->shape.y, &rule);
    if (found.headroom > t->verdict.headroom)
        t->verdict.headroom = found.headroom;
    if (found.bad > 0) {
        settle_outputs(t, &found, ref->shape.y, found.first, kind->name);
        return explain(t, got);
    }
    return t->outputs++ == 0 || check_repeat(t, kind, got);
}
