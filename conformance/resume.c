/* SPDX-License-Identifier: MIT */
/* --resume: entries are run and streamed in order, so what is finished is a prefix of their list.
 */
#include "resume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A reader of whole lines: one without its newline was torn when the process ended. */
typedef struct lines {
    FILE *file;
    char *text;
    size_t room, number;
} lines;

static json_t *next_line(lines *l, resumption *r, bool *more)
{
    const ssize_t length = getline(&l->text, &l->room, l->file);
    *more = length > 0 && l->text[length - 1] == '\n';
    if (!*more)
        return NULL;
    l->number++;
    r->whole += length;
    return json_loadb(l->text, (size_t)length - 1, JSON_REJECT_DUPLICATES, NULL);
}

static bool read_identity(resumption *r, lines *l, const run_facts *now, char *why, size_t room)
{
    bool more;
    r->identity = next_line(l, r, &more);
    if (!more)
        return true;
    if (!report_facts_read(r->identity, &r->facts)) {
        snprintf(why, room, "%s: its first line does not say of which run it is", r->path);
        return false;
    }
    const char *differs = report_facts_difference(&r->facts, now);
    if (!differs && r->facts.shard != now->shard)
        differs = "shard";
    if (differs)
        snprintf(why, room, "%s: its %s is not that of this run; without --resume a new one begins",
                 r->path, differs);
    return !differs;
}

static bool keep(resumption *r, const verdict *v)
{
    if ((r->count & (r->count - 1)) == 0) { /* full: room is the next power of two */
        verdict *grown = realloc(r->verdicts, (r->count ? 2 * r->count : 1) * sizeof *grown);
        if (!grown)
            return false;
        r->verdicts = grown;
    }
    r->verdicts[r->count++] = *v;
    r->seconds += v->seconds;
    return true;
}

/* What --minimise found stands in lines of its own, {case, minimal}. */
static bool take_minimal(resumption *r, const json_t *line, const char *name)
{
    json_t *minimal = json_object_get(line, "minimal");
    return name && json_is_string(minimal) && json_object_set(r->minimal, name, minimal) == 0;
}

/* One finished entry after another, each the next of this run's. */
static bool read_verdicts(resumption *r, lines *l, const run_facts *now, const suite_entry *entries,
                          char *why, size_t room)
{
    bool more, ok = true;
    json_t *line = next_line(l, r, &more);
    while (ok && more) {
        verdict v;
        char expected[CASE_TEXT] = "";
        const char *name = json_string_value(json_object_get(line, "case"));
        if (r->count < now->listed)
            case_print(&entries[r->count].spec, expected, sizeof expected);
        ok = take_minimal(r, line, name);
        if (ok)
            ; /* it belongs to a case that stands before it */
        else if (!name || !report_verdict_read(line, &v))
            snprintf(why, room, "%s: line %zu is no finished case", r->path, l->number);
        else if (strcmp(name, expected) != 0)
            snprintf(why, room, "%s: line %zu is %.300s, which is not the next case of this run",
                     r->path, l->number, name);
        else if (!keep(r, &v))
            snprintf(why, room, "no memory for the finished cases");
        else
            ok = true;
        json_decref(line);
        line = ok ? next_line(l, r, &more) : NULL;
    }
    return ok;
}

bool resume_read(resumption *r, const char *json_path, const run_facts *now,
                 const suite_entry *entries, char *why, size_t room)
{
    *r = (resumption){.minimal = json_object()};
    if (snprintf(r->path, sizeof r->path, "%s.ndjson", json_path) >= (int)sizeof r->path) {
        snprintf(why, room, "%.40s...: the file name is too long", json_path);
        return false;
    }
    if (!output_replaceable(r->path, why, room))
        return false;
    lines l = {.file = fopen(r->path, "r")};
    if (!l.file) {
        const int error = errno;
        snprintf(why, room, "%s: cannot be read: %s", r->path, strerror(error));
        return error == ENOENT;
    }
    bool ok = read_identity(r, &l, now, why, room);
    if (ok && r->identity)
        ok = read_verdicts(r, &l, now, entries, why, room);
    free(l.text);
    fclose(l.file);
    return ok;
}

void resume_free(resumption *r)
{
    json_decref(r->identity);
    json_decref(r->minimal);
    free(r->verdicts);
}

bool resume_same_device(const resumption *r, const json_t *device, char *why, size_t room)
{
    if (!r->identity || report_same_device(r->facts.device, device))
        return true;
    snprintf(why, room, "%s: its device is not that of this run; without --resume a new one begins",
             r->path);
    return false;
}

bool resume_into(const resumption *r, report *into, const suite_entry *entries, char *why,
                 size_t room)
{
    for (size_t i = 0; i < r->count; i++)
        if (!report_add(into, &entries[i], &r->verdicts[i])) {
            snprintf(why, room, "no memory for the finished cases");
            return false;
        }
    for (size_t i = 0; i < into->count; i++) {
        const char *minimal = json_string_value(json_object_get(r->minimal, into->results[i].name));
        if (minimal && !report_set_minimal(into, i, minimal)) {
            snprintf(why, room, "no memory for the minimal cases");
            return false;
        }
    }
    if (truncate(r->path, r->whole) == 0)
        into->stream = fopen(r->path, "a");
    if (!into->stream)
        snprintf(why, room, "%s: cannot be written: %s", r->path, strerror(errno));
    return into->stream != NULL;
}
