/* SPDX-License-Identifier: MIT */
/* What the programs say when something is wrong. */
#ifndef CLCONV_ERRORS_H
#define CLCONV_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

/* One line on stderr. White space becomes blanks and other control characters '?': a file name, an
 * option or a compiler's log may hold them, and would add lines or move a terminal's cursor. */
void errors_print(const char *sentence);

/* Writes a sentence into `why`, of `room` bytes. Always false, so that a check can return it. */
bool errors_why(char *why, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
