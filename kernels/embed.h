/* SPDX-License-Identifier: MIT */
/* A file built into a program: what embed.cmake writes tables of. */
#ifndef CLCONV_EMBED_H
#define CLCONV_EMBED_H

#include <stddef.h>

typedef struct embedded_file {
    const char *name; /* without folders; NULL ends a table */
    const unsigned char *bytes;
    size_t length;
} embedded_file;

#endif
