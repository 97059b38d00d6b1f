/* SPDX-License-Identifier: MIT */
/* What is kept on disk, and the sources of the programs that are. */
#ifndef CLCONV_CACHE_H
#define CLCONV_CACHE_H

#include "internal.h"

/* cache.c: what a stored binary is found by: version, device, driver, options and source. */
typedef struct clconv_cache_key {
    uint64_t half[2];
} clconv_cache_key;
/* The folder, or false when nothing is to be kept. */
bool clconv_cache_folder(char *path, size_t room);
/* Makes the folders that a file is to be in, as far as that goes. */
void clconv_cache_make_folders(char *path);
clconv_cache_key clconv_cache_key_of(const clconv_context *ctx, const char *source,
                                     const char *options);
/* The stored binary, malloc'ed; NULL when there is none that is whole. */
unsigned char *clconv_cache_load(const clconv_cache_key *key, size_t *length);
void clconv_cache_save(const clconv_cache_key *key, const unsigned char *binary, size_t length);

/* source.c: the source text of a stem ("naive"), embedded or from CLCONV_KERNEL_DIR, with its
 * includes; malloc'ed. `stem` NULL = every kernel file one after another, for the hash. */
clconv_status clconv_kernel_source(const char *stem, char **out);
/* A hash of that text; 0 where it cannot be read. */
uint64_t clconv_stem_hash(const char *stem);

#endif
