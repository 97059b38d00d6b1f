/* SPDX-License-Identifier: MIT */
/* Files that programs write: whole or not at all. */
#ifndef CLCONV_OUTPUT_H
#define CLCONV_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a file may go there: a rename would replace even a device such as /dev/null, and a pipe
 * would wait for its reader. */
bool output_replaceable(const char *path, char *why, size_t room);

/* Whether a file can be written there, found out by trying; NULL = yes. */
bool output_writable(const char *path, char *why, size_t room);

/* Writes a file under a temporary name and renames it; NULL as text = there was no memory to make
 * it. On failure no file stays. */
bool output_write(const char *path, const char *text, char *why, size_t room);

/* Whether each path that is not NULL has a name, and no two are of one file. */
bool outputs_distinct(const char *const *paths, size_t count, char *why, size_t room);

#endif
