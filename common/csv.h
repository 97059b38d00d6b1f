/* SPDX-License-Identifier: MIT */
/* Lines of comma-separated values (RFC 4180, one line per record). */
#ifndef CLCONV_CSV_H
#define CLCONV_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Cuts a line into its fields, in place, quotes removed; the end of line must be gone. Returns how
 * many there are; 0 with a sentence for a quote that is not closed, or text behind one, or more
 * than `most` fields. */
size_t csv_split(char *line, char **field, size_t most, char *why, size_t room);

/* Writes one field, in quotes where it needs them. */
void csv_put(FILE *file, const char *text);

#endif
