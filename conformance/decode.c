/* SPDX-License-Identifier: MIT */
/* Says what a wrong output shows about its cause: which single element was read (data impulse and
 * ids name it), and which mistake of twist.c would give just these values. */
#include "ending.h"
#include "number.h"
#include "twist.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum {
    LOOKED_AT = 24, /* wrong outputs, spread over all of them */
    NAMED = 3       /* more mistakes that all fit are no explanation */
};

typedef struct witness {
    twist_view view;
    const double *got;
    size_t wrong[LOOKED_AT], right[LOOKED_AT]; /* indices, spread over all */
    size_t count, right_count;
    char *text;
    size_t room, used;
} witness;

static void say(witness *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(witness *s, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int wanted = vsnprintf(s->text + s->used, s->room - s->used, format, list);
    va_end(list);
    const size_t left = s->room - s->used;
    s->used += wanted >= 0 && (size_t)wanted < left ? (size_t)wanted : left - 1;
}

/* What an output of this value is in memory. */
static double stored(const witness *s, double value)
{
    return number_result(tensor_dtype(s->view.p, TENSOR_Y), value);
}

static bool is_wrong(const witness *s, size_t i)
{
    return s->got[i] != stored(s, s->view.ref->want[i]);
}

/* Some of the outputs that are wrong, or right, in steps that meet every row and column. */
static size_t find_some(const witness *s, bool wrong, size_t *found)
{
    const size_t outputs = s->view.ref->shape.y;
    size_t all = 0, seen = 0, count = 0;
    for (size_t i = 0; i < outputs; i++)
        all += is_wrong(s, i) == wrong;
    const size_t step = all ? data_coprime((all + LOOKED_AT - 1) / LOOKED_AT, outputs) : 1;
    for (size_t i = 0; i < outputs; i++)
        if (is_wrong(s, i) == wrong && seen++ % step == 0)
            found[count++] = i;
    return count;
}

static aim aim_at(const witness *s, size_t index)
{
    const oracle_shape *const shape = &s->view.ref->shape;
    aim at = {.q = (int64_t)index % shape->q, .p = (int64_t)index / shape->q % shape->p};
    const int64_t plane = (int64_t)index / shape->q / shape->p;
    at.k = at.bias = plane % shape->k;
    at.n = plane / shape->k;
    return at;
}

/* ---- Which mistake -------------------------------------------------------------------------- */

/* Whether a mistake gives every value that it foretells, `least` of them at least. */
static bool fits(const witness *s, const twist *t, const size_t *at, size_t count, size_t least)
{
    size_t foretold = 0;
    for (size_t i = 0; i < count; i++) {
        const outcome o = twist_outcome(&s->view, t, aim_at(s, at[i]));
        if (o.edge)
            continue;
        if (stored(s, o.value) != s->got[at[i]])
            return false;
        foretold++;
    }
    return foretold >= least;
}

/* Names the mistakes that give the wrong outputs. Those that give the right ones, too, explain all;
 * only where there is none, others are named, as the mistake in the wrong ones. */
static void say_cause(witness *s)
{
    const twist *found[NAMED];
    size_t whole = 0, partial = 0;
    for (const twist *t = twists; s->count >= 2 && t->phrase; t++) {
        if (!fits(s, t, s->wrong, s->count, 2))
            continue;
        const bool everywhere = fits(s, t, s->right, s->right_count, 0);
        if (everywhere && whole == 0)
            partial = 0; /* what was found so far explains less */
        if (!everywhere && whole > 0)
            continue;
        size_t *const count = everywhere ? &whole : &partial;
        if (*count < NAMED)
            found[*count] = t;
        ++*count;
    }
    const size_t named = whole ? whole : partial;
    if (named == 0 || named > NAMED)
        return;
    say(s, "%s%s", s->used ? ": " : "", whole ? "" : "in the wrong outputs, ");
    for (size_t i = 0; i < named; i++)
        say(s, "%s%s", i ? ", or " : "", found[i]->phrase);
}

/* ---- Which element -------------------------------------------------------------------------- */

/* An element of x (n c h w) or of w (k c r s); -1 in all = none. c of x counts over all groups. */
typedef struct element {
    int64_t at[4];
} element;

static const element nothing = {{-1, -1, -1, -1}};

static bool is_nothing(const element *e)
{
    return e->at[0] < 0;
}

static bool equal(const element *a, const element *b, unsigned but)
{
    for (unsigned i = 0; i < 4; i++)
        if (i != but && a->at[i] != b->at[i])
            return false;
    return a->at[but] != b->at[but];
}

static element element_of_x(const clconv_problem *p, int64_t index)
{
    const int64_t channel = index / p->in[1] / p->in[0];
    return (element){
        {channel / p->c, channel % p->c, index / p->in[1] % p->in[0], index % p->in[1]}};
}

/* k is the output channel; of a shared kernel, the filter. */
static element element_of_w(const twist_view *v, int64_t index)
{
    const int64_t taps = v->p->kernel[0] * v->p->kernel[1];
    const data_block *at = v->blocks;
    const data_block *const end = v->p->shared ? at + 1 : at + at->count;
    while (at + 1 < end && (int64_t)at[1].first_w <= index)
        at++;
    const int64_t plane = (index - (int64_t)at->first_w) / taps;
    return (element){{at->first_filter + plane / at->planes, plane % at->planes,
                      index % taps / v->p->kernel[1], index % v->p->kernel[1]}};
}

/* The element whose code the output holds. False: it holds no code at all. */
static bool element_read(const witness *s, size_t index, bool of_x, element *out)
{
    const reference *const ref = s->view.ref;
    const clconv_problem *const p = s->view.p;
    const aim at = aim_at(s, index);
    const int64_t filter = p->shared ? at.k % (p->k / p->c) : at.k;
    const double bias = ref->b ? twist_bias_factor(p) * ref->b[filter] : 0.0;
    const double code = rint(s->got[index] * twist_divisor(p) - bias);
    const size_t count = of_x ? ref->shape.x : ref->shape.w;
    *out = nothing;
    if (!(code >= 0.0 && code <= (double)count) ||
        stored(s, (code + bias) / twist_divisor(p)) != s->got[index])
        return false;
    if (code > 0.0)
        *out =
            of_x ? element_of_x(p, (int64_t)code - 1) : element_of_w(&s->view, (int64_t)code - 1);
    return true;
}

static element element_expected(const witness *s, size_t index, bool of_x)
{
    const twist straight = {0};
    const clconv_problem *const p = s->view.p;
    const outcome o = twist_outcome(&s->view, &straight, aim_at(s, index));
    if (!o.seen)
        return nothing;
    if (!of_x)
        return (element){
            {p->shared ? o.last.k % (p->k / p->c) : o.last.k, o.last.plane, o.last.r, o.last.s}};
    const int64_t c = s->view.blocks[o.last.block].first_in + o.last.c;
    return (element){{o.last.n, c, o.last.row, o.last.column}};
}

static int64_t group_of_input(const twist_view *v, int64_t c)
{
    int64_t block = 0;
    while (block + 1 < v->blocks[0].count && v->blocks[block + 1].first_in <= c)
        block++;
    return block;
}

static const char *element_text(const element *e, bool of_x, char *text, size_t room)
{
    if (is_nothing(e))
        snprintf(text, room, "nothing");
    else
        snprintf(text, room, "%c[%" PRId64 "][%" PRId64 "][%" PRId64 "][%" PRId64 "]",
                 of_x ? 'x' : 'w', e->at[0], e->at[1], e->at[2], e->at[3]);
    return text;
}

/* "output channel 5 reads input channel 0 of group 0; expected group 1" */
static bool say_group(witness *s, const aim *at, const element *read, const element *right)
{
    const twist_view *const v = &s->view;
    if (v->p->shared || v->p->groups < 2 || !equal(read, right, 1))
        return false;
    const int64_t from = group_of_input(v, read->at[1]), to = group_of_input(v, right->at[1]);
    if (from == to)
        return false;
    say(s,
        "output channel %" PRId64 " reads input channel %" PRId64 " of group %" PRId64
        "; expected group %" PRId64,
        at->k, read->at[1] - v->blocks[from].first_in, from, to);
    if (read->at[1] - v->blocks[from].first_in != right->at[1] - v->blocks[to].first_in)
        say(s, ", channel %" PRId64, right->at[1] - v->blocks[to].first_in);
    return true;
}

static void say_element(witness *s, size_t index, bool of_x, const element *read)
{
    static const char *const parts[2][4] = {
        {"the filter of channel", "filter channel", "filter row", "filter column"},
        {"image", "input channel", "row", "column"}};
    const element right = element_expected(s, index, of_x);
    const aim at = aim_at(s, index);
    char read_text[96], right_text[96];
    if (of_x && say_group(s, &at, read, &right))
        return;
    say(s, "output (n=%" PRId64 " k=%" PRId64 " p=%" PRId64 " q=%" PRId64 ") %s ", at.n, at.k, at.p,
        at.q, of_x ? "reads" : "meets the impulse with");
    for (unsigned i = 0; i < 4; i++)
        if (equal(read, &right, i)) {
            say(s, "%s %" PRId64 " where %s %" PRId64 " is right", parts[of_x][i], read->at[i],
                parts[of_x][i], right.at[i]);
            return;
        }
    say(s, "%s where %s %s", element_text(read, of_x, read_text, sizeof read_text),
        element_text(&right, of_x, right_text, sizeof right_text),
        is_nothing(&right) ? "should be" : "is right");
}

/* The first wrong output that names an element; else one that reads nothing; else one that holds no
 * code. Tensors of more elements than there are codes name none. */
static void say_read(witness *s, bool of_x)
{
    const size_t elements = of_x ? s->view.ref->shape.x : s->view.ref->shape.w;
    element read = nothing;
    size_t silent = LOOKED_AT;
    if (elements > DATA_CODES)
        return;
    for (size_t i = 0; i < s->count; i++) {
        const bool coded = element_read(s, s->wrong[i], of_x, &read);
        if (coded && !is_nothing(&read)) {
            say_element(s, s->wrong[i], of_x, &read);
            return;
        }
        silent = coded && silent == LOOKED_AT ? i : silent;
    }
    if (silent < LOOKED_AT) {
        say_element(s, s->wrong[silent], of_x, &nothing);
        return;
    }
    const aim at = aim_at(s, s->wrong[0]);
    say(s,
        "output (n=%" PRId64 " k=%" PRId64 " p=%" PRId64 " q=%" PRId64
        ") holds %.9g; without its bias that is the number of no element of %c",
        at.n, at.k, at.p, at.q, s->got[s->wrong[0]], of_x ? 'x' : 'w');
}

bool explain_data(const clconv_problem *p, const reference *ref, const double *got, char *text,
                  size_t room)
{
    witness s = {.got = got, .text = text, .room = room};
    if (room == 0 || p->op != CLCONV_FORWARD || !ref->exact || ref->special || has_epilogue(p) ||
        p->quantization || !twist_view_open(&s.view, p, ref))
        return false;
    *text = '\0';
    s.count = find_some(&s, true, s.wrong);
    s.right_count = find_some(&s, false, s.right);
    const bool ids = strcmp(ref->mode, "ids") == 0;
    if (s.count && (ids || strcmp(ref->mode, "impulse") == 0))
        say_read(&s, ids);
    say_cause(&s);
    twist_view_close(&s.view);
    return s.used > 0;
}
