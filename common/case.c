/* SPDX-License-Identifier: MIT */
/* Reads a convolution in one word. */
#include "case_rows.h"
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIT(id)   (1u << (id))
#define ALL_SIDES (BIT(PT) | BIT(PB) | BIT(PL) | BIT(PR))

/* Keys that set several sizes at once. */
static const struct {
    const char *letters;
    unsigned sizes;
} short_row[] = {
    {"hw", BIT(H) | BIT(W)},   {"rs", BIT(R) | BIT(S)},   {"st", BIT(SH) | BIT(SW)},
    {"ph", BIT(PT) | BIT(PB)}, {"pw", BIT(PL) | BIT(PR)}, {"p", ALL_SIDES},
    {"d", BIT(DH) | BIT(DW)},
};

enum { BARE_DTYPE = SUFFIXES, BARE_LAYOUT, BARE_SHARED }; /* the ones without "=" */

/* Input longer than this is refused, so that the canonical form always fits in CASE_TEXT. */
enum { LONGEST_INPUT = CASE_TEXT - 512 };

void case_init(case_spec *c)
{
    memset(c, 0, sizeof *c);
    clconv_problem_init(&c->problem, sizeof c->problem);
    c->epilogue = (clconv_epilogue){
        .size = sizeof c->epilogue, .low = -0.25, .high = 0.5, .slope = 13.0 / 128.0};
}

/* A bias has x's type; integer convolutions accumulate in int32 and have a bias of it. */
static int32_t bias_type(int32_t dtype)
{
    return dtype == CLCONV_I8 || dtype == CLCONV_U8 ? CLCONV_I32 : dtype;
}

void case_set_dtype(clconv_problem *p, int32_t dtype)
{
    p->x.dtype = dtype;
    if (p->b.dtype)
        p->b.dtype = bias_type(dtype);
}

void case_set_layout(clconv_problem *p, int32_t layout)
{
    p->x.layout = p->w.layout = p->y.layout = layout;
}

/* ---- Reading ------------------------------------------------------------------------------ */

typedef struct reader {
    const char *at; /* what is still unread */
    case_spec *spec;
    int64_t size[SIZES];
    unsigned seen;  /* sizes set so far */
    unsigned sides; /* of these, the paddings set by pt, pb, pl or pr */
    unsigned suffixes;
    size_t groups_in, groups_out;
    char *why;
    size_t room;
} reader;

static bool fail(reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(reader *r, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(r->why, r->room, format, list);
    va_end(list);
    return false;
}

/* The sizes that a key sets, 0 for a word that is no key. */
static unsigned key_sizes(const char *key, size_t length)
{
    for (size_t i = 0; i < sizeof short_row / sizeof short_row[0]; i++)
        if (strlen(short_row[i].letters) == length &&
            strncmp(short_row[i].letters, key, length) == 0)
            return short_row[i].sizes;
    for (unsigned i = 0; i < SIZES; i++)
        if (strlen(case_sizes[i].key) == length && strncmp(case_sizes[i].key, key, length) == 0)
            return BIT(i);
    return 0;
}

/* One "letters digits" pair. */
static bool read_size(reader *r)
{
    const size_t letters = strspn(r->at, "abcdefghijklmnopqrstuvwxyz");
    const size_t digits = strspn(r->at + letters, "0123456789");
    const int shown = (int)(letters + digits ? letters + digits : 1);
    if (letters == 0 || digits == 0)
        return fail(r, "case: expected a key and a number such as 'c64' at '%.40s'", r->at);
    const unsigned sizes = key_sizes(r->at, letters);
    if (!sizes)
        return fail(r,
                    "case: '%.*s' in '%.*s' is not a key (n c h w k r s sh sw ph pw dh dw g b, "
                    "hw rs st p d, pt pb pl pr)",
                    (int)letters, r->at, shown, r->at);
    const bool side = (sizes & ALL_SIDES) && !(sizes & (sizes - 1));
    if (sizes & (side ? r->sides : r->seen))
        return fail(r, "case: '%.*s' sets again what an earlier key has set", shown, r->at);
    char number[32];
    int64_t value = 0;
    snprintf(number, sizeof number, "%.*s", (int)digits, r->at + letters);
    if (digits >= sizeof number || !options_integer(number, &value))
        return fail(r, "case: the number in '%.*s' does not fit in 64 bits", shown, r->at);
    for (unsigned i = 0; i < SIZES; i++)
        if (sizes & BIT(i))
            r->size[i] = value;
    r->seen |= sizes;
    r->sides |= side ? sizes : 0;
    r->at += letters + digits;
    return true;
}

/* All sizes, up to the first ':' or the end. */
static bool read_sizes(reader *r)
{
    for (unsigned i = 0; i < SIZES; i++)
        r->size[i] = case_sizes[i].absent;
    while (*r->at && *r->at != ':')
        if (!read_size(r))
            return false;
    for (unsigned i = 0; i < SIZES; i++)
        if (r->size[i] < 0)
            return fail(r,
                        "case: '%s' is missing (c, h, w and k are required, for example "
                        "c8hw32k16rs3p1)",
                        case_sizes[i].key);
    if (r->size[B] > 1)
        return fail(r, "case: b is 0 or 1, but got b%" PRId64, r->size[B]);
    return true;
}

static bool once(reader *r, unsigned suffix, const char *name)
{
    if (r->suffixes & BIT(suffix))
        return fail(r, "case: ':%s' is given twice", name);
    r->suffixes |= BIT(suffix);
    return true;
}

static bool not_a_suffix(reader *r, const char *word)
{
    return fail(r,
                "case: ':%.40s' is not a suffix (f32 f64 f16 bf16 i8 u8 i32, nchw nhwc, shared, "
                "reduce= gi= go= pad= dir= algo= tile= data= seed= sweep= repeat= view= act= res= "
                "scaled= quant=)",
                word);
}

/* A suffix without "=". */
static bool read_word(reader *r, const char *word)
{
    clconv_problem *p = &r->spec->problem;
    const int dtype = options_word(word, case_dtype_words);
    const int layout = options_word(word, case_layout_words);
    if (dtype >= 0) {
        case_set_dtype(p, CLCONV_F32 + dtype);
        return once(r, BARE_DTYPE, "dtype");
    }
    if (layout >= 0) {
        case_set_layout(p, layout);
        return once(r, BARE_LAYOUT, "layout");
    }
    if (strcmp(word, "shared") == 0) {
        p->shared = 1;
        return once(r, BARE_SHARED, "shared");
    }
    return not_a_suffix(r, word);
}

static bool read_text(reader *r, suffix_id id, const char *value)
{
    const size_t room = case_suffixes[id].room;
    if (!*value || strlen(value) >= room)
        return fail(r, "case: ':%s=' needs 1 to %zu characters, but got '%.60s'",
                    case_suffixes[id].key, room - 1, value);
    memcpy((char *)r->spec + case_suffixes[id].offset, value, strlen(value) + 1);
    return true;
}

static bool read_choice(reader *r, suffix_id id, const char *value)
{
    char words[80];
    const int32_t word = options_word(value, case_suffixes[id].words);
    if (word < 0)
        return fail(r, "case: ':%s=' is one of %s, but got '%.40s'", case_suffixes[id].key,
                    options_words_text(case_suffixes[id].words, words, sizeof words), value);
    memcpy((char *)r->spec + case_suffixes[id].offset, &word, sizeof word);
    return true;
}

static bool read_number(reader *r, suffix_id id, const char *value)
{
    int64_t number = 0;
    if (!options_integer(value, &number) || number < 1 || number > case_suffixes[id].most)
        return fail(r, "case: ':%s=' is a whole number from 1 to %" PRId32 ", but got '%.40s'",
                    case_suffixes[id].key, case_suffixes[id].most, value);
    const int32_t fits = (int32_t)number;
    memcpy((char *)r->spec + case_suffixes[id].offset, &fits, sizeof fits);
    return true;
}

static bool read_table(reader *r, suffix_id id, const char *value)
{
    case_spec *c = r->spec;
    size_t *count = id == GI ? &r->groups_in : &r->groups_out;
    if (!options_list(value, '+', 1, CASE_MAX_GROUPS, id == GI ? c->group_in : c->group_out, count))
        return fail(r, "case: ':%s=%.60s' is not a list of 1 to %d channel counts such as 3+3+2",
                    case_suffixes[id].key, value, CASE_MAX_GROUPS);
    *(id == GI ? &c->has_group_in : &c->has_group_out) = true;
    return true;
}

static bool read_seed(reader *r, const char *value)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long seed = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end || errno == ERANGE)
        return fail(r, "case: ':seed=%.40s' is not a whole number below 2^64", value);
    r->spec->seed = seed;
    r->spec->has_seed = true;
    return true;
}

/* A suffix with "=": `key` is cut off already. */
static bool read_value(reader *r, const char *key, const char *value)
{
    unsigned id = 0;
    while (id < SUFFIXES && strcmp(case_suffixes[id].key, key) != 0)
        id++;
    if (id == SUFFIXES)
        return not_a_suffix(r, key);
    if (!once(r, id, key))
        return false;
    if (case_suffixes[id].words)
        return read_choice(r, (suffix_id)id, value);
    if (case_suffixes[id].room)
        return read_text(r, (suffix_id)id, value);
    if (case_suffixes[id].most)
        return read_number(r, (suffix_id)id, value);
    return id == SEED ? read_seed(r, value) : read_table(r, (suffix_id)id, value);
}

/* One ":word" or ":key=value". */
static bool read_suffix(reader *r)
{
    char text[LONGEST_INPUT];
    const size_t length = strcspn(++r->at, ":");
    snprintf(text, sizeof text, "%.*s", (int)length, r->at);
    r->at += length;
    char *equals = strchr(text, '=');
    if (!equals)
        return read_word(r, text);
    *equals = '\0';
    return read_value(r, text, equals + 1);
}

/* What the sizes and the suffixes must agree on. */
static bool settle_groups(reader *r)
{
    case_spec *c = r->spec;
    const size_t table = c->has_group_out ? r->groups_out : r->groups_in;
    if (c->problem.shared && (r->seen & BIT(G)))
        return fail(r, "case: g is not given with :shared (one filter bank serves every channel)");
    if (c->problem.shared && table)
        return fail(r, "case: :gi and :go are not given with :shared");
    if (c->has_group_in && c->has_group_out && r->groups_in != r->groups_out)
        return fail(r, "case: :gi lists %zu groups but :go lists %zu", r->groups_in, r->groups_out);
    if (table && (r->seen & BIT(G)) && r->size[G] != (int64_t)table)
        return fail(r, "case: g%" PRId64 " beside a table of %zu groups", r->size[G], table);
    if (table)
        r->size[G] = (int64_t)table;
    return true;
}

static int64_t *size_of(clconv_problem *p, unsigned id)
{
    return (int64_t *)(void *)((char *)p + case_sizes[id].offset);
}

bool case_parse(const char *text, case_spec *c, char *why, size_t room)
{
    reader r = {.at = text, .spec = c, .why = why, .room = room};
    case_init(c);
    if (strlen(text) >= LONGEST_INPUT)
        return fail(&r, "case: longer than %d characters", LONGEST_INPUT - 1);
    for (const char *at = text; *at; at++)
        if (*at <= ' ' || *at > '~')
            return fail(&r,
                        "case: one word of printable ASCII characters, but character %td is not",
                        at - text + 1);
    if (!read_sizes(&r))
        return false;
    while (*r.at)
        if (!read_suffix(&r))
            return false;
    if (!settle_groups(&r))
        return false;
    for (unsigned i = 0; i < B; i++)
        *size_of(&c->problem, i) = r.size[i];
    c->problem.b.dtype = r.size[B] ? bias_type(c->problem.x.dtype) : CLCONV_DTYPE_ABSENT;
    case_draw(c);
    return true;
}
