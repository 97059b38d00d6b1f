/* SPDX-License-Identifier: MIT */
/* The table of rivals, and what they have in common. */
#include "contestant.h"

#include <stdio.h>
#include <string.h>

const contestant_kind *const rival_kinds[] = {
    &naive_kind, &clblast_kind, &onednn_any_kind, &onednn_plain_kind, &onednn_e2e_kind, NULL};

const char *rivals_text(char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; rival_kinds[i] && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s, ", rival_kinds[i]->name);
    snprintf(text + used, room > used ? room - used : 0, "onednn");
    return text;
}

/* Whether `word` names this rival: its name, or what stands before its last '-'. */
static bool is_named(const contestant_kind *kind, const char *word, size_t length)
{
    const char *dash = strrchr(kind->name, '-');
    return (strlen(kind->name) == length || (dash && (size_t)(dash - kind->name) == length)) &&
           strncmp(kind->name, word, length) == 0;
}

static bool add(const contestant_kind *kind, const contestant_kind *out[RIVALS_MOST], size_t *count,
                char *why, size_t room)
{
    for (size_t i = 0; i < *count; i++)
        if (out[i] == kind)
            return snprintf(why, room, "--rivals names %s twice", kind->name), false;
    if (kind->absent)
        return snprintf(why, room, "rival %s is not in this clconv-bench: %s", kind->name,
                        kind->absent),
               false;
    out[(*count)++] = kind;
    return true;
}

size_t rivals_read(const char *text, const contestant_kind *out[RIVALS_MOST], char *why,
                   size_t room)
{
    size_t count = 0;
    char known[160];
    for (;; text++) {
        const size_t length = strcspn(text, ",");
        bool found = false;
        for (size_t i = 0; rival_kinds[i]; i++) {
            if (!is_named(rival_kinds[i], text, length))
                continue;
            found = true;
            if (!add(rival_kinds[i], out, &count, why, room))
                return 0;
        }
        if (!found) {
            snprintf(why, room, "--rivals takes %s, but got '%.*s'",
                     rivals_text(known, sizeof known), (int)length, text);
            return 0;
        }
        text += length;
        if (!*text)
            return count;
    }
}

bool rival_problem(const clconv_problem *p, clconv_problem *out, char *why, size_t room)
{
    const char *refusal = p->b.dtype                        ? "a bias"
                          : p->group_in || p->group_out     ? "uneven groups"
                          : p->reduce != CLCONV_REDUCE_NONE ? "a sum over channels"
                          : p->pad_mode                     ? "padding other than zeros"
                          : p->x.dtype != CLCONV_F32        ? "element types other than float32"
                          : p->x.layout && p->shared        ? "a shared kernel in NHWC"
                                                            : NULL;
    *out = *p;
    if (refusal)
        return snprintf(why, room, "the rival is not compared on %s", refusal), false;
    if (p->shared) {
        out->shared = 0;
        out->n = p->n * p->c;
        out->k = p->k / p->c;
        out->c = 1;
    }
    return true;
}
