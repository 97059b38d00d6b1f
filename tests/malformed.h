/* SPDX-License-Identifier: MIT */
/* .npy files that are wrong, each in one way, and what the message must say. */
#ifndef CLCONV_MALFORMED_H
#define CLCONV_MALFORMED_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

typedef struct malformed_file {
    const char *name;    /* without folder */
    const char *version; /* two characters: major and minor; NULL = `header` is the whole file */
    int64_t length;      /* as the file claims; -1 = the true one */
    const char *header;
    size_t data;        /* bytes that follow */
    const char *phrase; /* the message holds it */
} malformed_file;

/* Ended by a row without name. */
extern const malformed_file malformed_files[];

/* Writes one row to `path`. */
bool malformed_write(const malformed_file *row, const char *path);

#endif
