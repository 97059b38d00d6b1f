/* SPDX-License-Identifier: MIT */
/* What a run left behind: guards and inputs as they were, every output right, and bit for bit what
 * the case's first run gave. */
#include "trial.h"

#include "codec.h"
#include "ending.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whether what lies between a view's elements is as it was; else a sentence. */
static bool gaps_kept(const trial *t, tensor_id tensor, const guarded *g, const unsigned char *now,
                      char *why, size_t room)
{
    unsigned char *const before = malloc(g->payload + 1);
    size_t at = 0;
    if (!before)
        return true;
    memcpy(before, g->image + g->front, g->payload);
    codec_copy(&t->problem, &t->s->ref.shape, tensor, now + g->front, before);
    while (at < g->payload && before[at] == now[g->front + at])
        at++;
    if (at < g->payload)
        snprintf(why, room, "%s: wrote into a gap of its view, at byte %zu", g->name, at);
    free(before);
    return at == g->payload;
}

/* Takes over what a role's buffer holds now, if it is an output. */
static void take_output(trial *t, int r, const guarded *g, const unsigned char *now,
                        double *const got[2], damage *found, char *why, size_t room)
{
    tensor_id tensor;
    const oracle_shape *const shape = &t->s->ref.shape;
    if (!role_tensor(r, &tensor) || !tensor_is_written(&t->problem, tensor))
        return;
    if (*found == DAMAGE_NONE && codec_has_gaps(&t->problem, tensor) &&
        !gaps_kept(t, tensor, g, now, why, room))
        *found = DAMAGE_GUARD;
    codec_decode(&t->problem, shape, tensor, now + g->front,
                 got[r / ROLES_OF_FLIGHT] + tensor_place(&t->problem, shape, tensor));
    t->s->output = got[r / ROLES_OF_FLIGHT];
}

/* Guards of all buffers first: an overrun explains whatever else is wrong. */
bool check_buffers(trial *t, const run_buffers *run, double *const got[2])
{
    static const char *const kinds[] = {
        [DAMAGE_GUARD] = "guard_write", [DAMAGE_PAYLOAD] = "input_modified"};
    damage worst = DAMAGE_NONE;
    char sentence[256] = "";
    for (int i = 0; i < ROLES; i++) {
        damage found = DAMAGE_NONE;
        char why[256] = "";
        unsigned char *now;
        if (!run->at[i].mem)
            continue;
        const bool input = role_is_input(&t->problem, i);
        const cl_int err =
            guarded_check(t->s->queue, &run->at[i], input, &now, &found, why, sizeof why);
        if (err == CL_SUCCESS)
            take_output(t, i, &run->at[i], now, got, &found, why, sizeof why);
        free(now);
        if (err != CL_SUCCESS)
            return settle_cl(t, err, "reading the buffers back");
        if (found != DAMAGE_NONE && (worst == DAMAGE_NONE || found < worst)) {
            worst = found;
            memcpy(sentence, why, sizeof sentence);
        }
    }
    return worst == DAMAGE_NONE || settle(t, STATE_FAIL, kinds[worst], "%s", sentence);
}

/* "dx n=0 c=1 h=2 w=3": element `index` of a tensor of four dimensions, of which the last three
 * are given. */
static void describe_place(const char *format, size_t index, const int64_t dim[3], char *text,
                           size_t room)
{
    const size_t a = (size_t)dim[0], b = (size_t)dim[1], c = (size_t)dim[2];
    snprintf(text, room, format, index / c / b / a, index / c / b % a, index / c % b, index % c);
}

/* Where groups are uneven, w has no four dimensions. */
static void describe_weight(const clconv_problem *p, size_t index, char *text, size_t room)
{
    if (p->group_in || p->group_out)
        snprintf(text, room, "dw element %zu", index);
    else
        describe_place("dw k=%zu c=%zu r=%zu s=%zu", index,
                       (int64_t[]){p->shared ? 1 : p->c / p->groups, p->kernel[0], p->kernel[1]},
                       text, room);
}

void describe_element(const clconv_problem *p, const oracle_shape *shape, size_t index, char *text,
                      size_t room)
{
    if (p->op == CLCONV_FORWARD)
        describe_place("n=%zu k=%zu p=%zu q=%zu", index, (int64_t[]){shape->k, shape->p, shape->q},
                       text, room);
    else if (p->op == CLCONV_BACKWARD_DATA)
        describe_place("dx n=%zu c=%zu h=%zu w=%zu", index, (int64_t[]){p->c, p->in[0], p->in[1]},
                       text, room);
    else if (index < shape->w)
        describe_weight(p, index, text, room);
    else
        snprintf(text, room, "db k=%zu", index - shape->w);
}

static bool is_pattern(int32_t dtype, double value, uint32_t word)
{
    const double filled = number_of_pattern(dtype, number_pattern(dtype, word));
    return number_identity(value) == number_identity(filled);
}

/* A NaN that an arithmetic operation made from a guard still has the guard's bits. */
const char *nan_origin(int32_t dtype, double value)
{
    for (int i = 0; i < ROLES; i++) {
        if (role_rows[i].input_guard && is_pattern(dtype, value, role_rows[i].input_guard))
            return " (from the guard of an input)";
        if (is_pattern(dtype, value, role_rows[i].fill))
            return " (from memory nobody wrote)";
    }
    return "";
}

bool settle_outputs(trial *t, const comparison *found, size_t count, size_t element,
                    const char *run)
{
    char where[128];
    describe_element(&t->problem, &t->s->ref.shape, element, where, sizeof where);
    const int32_t dtype = tensor_output_dtype(&t->problem);
    const int digits = dtype == CLCONV_F64 ? 17 : dtype == CLCONV_I32 ? 10 : 9;
    const char *kind = t->s->ref.exact ? "value" : "bound";
    if (found->unwritten == found->bad)
        kind = "unwritten";
    return settle(t, STATE_FAIL, kind,
                  "%zu of %zu outputs wrong (%zu still hold the poison), first %s: expected %.*g, "
                  "got %.*g%s, bound %.3g; %s",
                  found->bad, count, found->unwritten, where, digits, found->expected, digits,
                  found->got, nan_origin(dtype, found->got), found->bound, run);
}

judge_rule rule_of(const trial *t)
{
    const int32_t dtype = tensor_output_dtype(&t->problem);
    const uint32_t poison = number_pattern(dtype, role_rows[ROLE_Y].fill);
    return (judge_rule){.dtype = dtype,
                        .exact = t->s->ref.exact,
                        .special = t->s->ref.special,
                        .mean = t->problem.reduce == CLCONV_REDUCE_MEAN,
                        .more = ending_roundings(&t->problem),
                        .growth = ending_growth(&t->problem),
                        .flush = t->s->flush,
                        .poison = number_identity(number_of_pattern(dtype, poison))};
}

/* OpenCL leaves open which bits a NaN has. */
static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool check_repeat(trial *t, const run_kind *kind, const double *got)
{
    const oracle_shape *const shape = &t->s->ref.shape;
    const double *const first = t->s->got[0];
    size_t at = 0;
    if (memcmp(first, got, shape->outputs * sizeof *first) == 0)
        return true;
    while (at < shape->outputs && same(first[at], got[at]))
        at++;
    if (at == shape->outputs)
        return true;
    char where[128];
    describe_element(&t->problem, shape, at, where, sizeof where);
    return settle(t, STATE_FAIL, "nondeterministic",
                  "the same input gave other bits at %s: %.9g, then %.9g; %s", where, first[at],
                  got[at], kind->name);
}

/* Adds what the values show about the cause. Always false. */
static bool explain(trial *t, const double *got)
{
    char *const reason = t->verdict.reason;
    const size_t length = strlen(reason), room = sizeof t->verdict.reason - length;
    char text[256];
    if (explain_data(&t->problem, &t->s->ref, got, text, sizeof text))
        snprintf(reason + length, room, "; %s", text);
    return false;
}

bool check_output(trial *t, const run_kind *kind, const double *got)
{
    const reference *const ref = &t->s->ref;
    const judge_rule rule = rule_of(t);
    const comparison found =
        compare_outputs(got, ref->want, ref->mag, ref->terms, ref->shape.outputs, &rule);
    if (found.headroom > t->verdict.headroom)
        t->verdict.headroom = found.headroom;
    if (found.bad > 0) {
        settle_outputs(t, &found, ref->shape.outputs, found.first, kind->name);
        return explain(t, got);
    }
    return t->outputs++ == 0 || check_repeat(t, kind, got);
}
