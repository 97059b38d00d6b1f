/* SPDX-License-Identifier: MIT */
/* Prints a convolution in one word, the one form of it that every program prints. */
#include "case_rows.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct writer {
    char *text;
    size_t room, used;
} writer;

static void put(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(writer *w, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(w->text + w->used, w->room - w->used, format, list);
    va_end(list);
    w->used += (size_t)length < w->room - w->used ? (size_t)length : w->room - w->used - 1;
}

static void put_size(writer *w, const int64_t *size, const char *letters, unsigned id)
{
    if (size[id] != case_sizes[id].absent)
        put(w, "%s%" PRId64, letters, size[id]);
}

/* Two sizes under their short form where they agree, each under its own letter where not. */
static void put_pair(writer *w, const int64_t *size, const char *letters, unsigned first)
{
    if (size[first] == size[first + 1]) {
        put_size(w, size, letters, first);
        return;
    }
    put_size(w, size, case_sizes[first].key, first);
    put_size(w, size, case_sizes[first + 1].key, first + 1);
}

/* "p1", "ph1pw2", or the sides one by one. */
static void put_padding(writer *w, const int64_t *size)
{
    const bool even = size[PT] == size[PB] && size[PL] == size[PR];
    if (even && size[PT] == size[PL]) {
        put_size(w, size, "p", PT);
        return;
    }
    if (even) {
        put_size(w, size, "ph", PT);
        put_size(w, size, "pw", PL);
        return;
    }
    for (unsigned i = PT; i <= PR; i++)
        put_size(w, size, case_sizes[i].key, i);
}

/* "3+3+2" */
static void put_table(writer *w, suffix_id id, const int64_t *entry, int64_t groups)
{
    put(w, ":%s=", case_suffixes[id].key);
    for (int64_t i = 0; i < groups; i++)
        put(w, "%s%" PRId64, i ? "+" : "", entry[i]);
}

static void put_sizes(writer *w, const case_spec *c)
{
    int64_t size[SIZES];
    for (unsigned i = 0; i < B; i++)
        memcpy(&size[i], (const char *)&c->problem + case_sizes[i].offset, sizeof size[i]);
    size[B] = c->problem.b.dtype != CLCONV_DTYPE_ABSENT;
    put_size(w, size, "n", N);
    put_size(w, size, "c", C);
    put_pair(w, size, "hw", H);
    put_size(w, size, "k", K);
    put_pair(w, size, "rs", R);
    put_pair(w, size, "st", SH);
    put_padding(w, size);
    put_pair(w, size, "d", DH);
    put_size(w, size, "g", G);
    put_size(w, size, "b", B);
}

/* A suffix of a general form: a word other than the first, a text other than "", a number but 0. */
static void put_suffix(writer *w, const case_spec *c, suffix_id id)
{
    const suffix_row *row = &case_suffixes[id];
    const char *place = (const char *)c + row->offset;
    int32_t value = 0;
    if (row->words || row->most)
        memcpy(&value, place, sizeof value);
    if (value && row->words)
        put(w, ":%s=%s", row->key, row->words[value]);
    if (value && row->most)
        put(w, ":%s=%" PRId32, row->key, value);
    if (row->room && *place)
        put(w, ":%s=%s", row->key, place);
}

const char *case_print(const case_spec *c, char *text, size_t room)
{
    const clconv_problem *p = &c->problem;
    writer w = {text, room, 0};
    put_sizes(&w, c);
    if (p->x.dtype != CLCONV_F32)
        put(&w, ":%s", case_dtype_words[p->x.dtype - CLCONV_F32]);
    if (p->x.layout != CLCONV_LAYOUT_PLAIN)
        put(&w, ":%s", case_layout_words[p->x.layout]);
    if (p->shared)
        put(&w, ":shared");
    for (suffix_id id = REDUCE; id < SUFFIXES; id++) {
        if (id == GI && c->has_group_in)
            put_table(&w, id, c->group_in, p->groups);
        else if (id == GO && c->has_group_out)
            put_table(&w, id, c->group_out, p->groups);
        else if (id == SEED && c->has_seed)
            put(&w, ":%s=%" PRIu64, case_suffixes[id].key, c->seed);
        else
            put_suffix(&w, c, id);
    }
    return text;
}

uint64_t case_hash(const char *canonical)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a, 64 bits */
    for (const char *c = canonical; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    return hash;
}
