/* SPDX-License-Identifier: MIT */
/* Reads files that embed_files (CMakeLists.txt) built into a program. */
#ifndef CLCONV_EMBEDDED_H
#define CLCONV_EMBEDDED_H

#include "embed.h"

/* A file of the table as a string, malloc'ed; NULL when there is none of that name or no memory. */
char *embedded_text(const embedded_file *files, const char *name);

#endif
