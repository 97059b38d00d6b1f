/* SPDX-License-Identifier: MIT */
/* Prints sentences about what is wrong. */
#include "errors.h"

#include <stdarg.h>
#include <stdio.h>

void errors_print(const char *sentence)
{
    char line[6000]; /* the longest file name there can be, and a sentence about it */
    snprintf(line, sizeof line, "%s", sentence);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = *c == '\n' || *c == '\t' ? ' ' : '?';
    fprintf(stderr, "%s\n", line);
}

bool errors_why(char *why, size_t room, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(why, room, format, list);
    va_end(list);
    return false;
}
