/* SPDX-License-Identifier: MIT */
/* Cuts lines of comma-separated values and writes fields. */
#include "csv.h"

#include <string.h>

/* Removes the quotes of the field at `from`; the end of the field, NULL when there is none. */
static char *unquote(char *from)
{
    char *to = from, *at = from + 1;
    bool closed = false;
    for (; *at && !closed; at++) {
        closed = at[0] == '"' && at[1] != '"';
        if (closed)
            continue;
        at += at[0] == '"';
        *to++ = *at;
    }
    *to = '\0';
    return closed && (*at == ',' || *at == '\0') ? at : NULL;
}

size_t csv_split(char *line, char **field, size_t most, char *why, size_t room)
{
    size_t count = 0;
    for (char *at = line;; at++) {
        if (count == most) {
            snprintf(why, room, "more than %zu fields", most);
            return 0;
        }
        field[count++] = at;
        char *end = *at == '"' ? unquote(at) : at + strcspn(at, ",");
        if (!end) {
            snprintf(why, room, "field %zu has a quote that does not close it", count);
            return 0;
        }
        at = end;
        const bool last = *end == '\0';
        *end = '\0';
        if (last)
            return count;
    }
}

void csv_put(FILE *file, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}
