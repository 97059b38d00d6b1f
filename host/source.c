/* SPDX-License-Identifier: MIT */
/* Kernel sources: built into the library, or read from CLCONV_KERNEL_DIR; and their hash. */
#include "cache.h"

#include "embed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

extern const embedded_file clconv_kernel_files[];

static const char *replacement_folder(void)
{
    const char *folder = getenv("CLCONV_KERNEL_DIR");
    return folder && folder[0] ? folder : NULL;
}

static const embedded_file *find(const char *name, size_t length)
{
    for (const embedded_file *kernel = clconv_kernel_files; kernel->name; kernel++)
        if (!strncmp(kernel->name, name, length) && !kernel->name[length])
            return kernel;
    return NULL;
}

static clconv_status open_kernel(const embedded_file *kernel, FILE **out)
{
    char path[4096];
    const char *folder = replacement_folder();
    if (!folder) {
        /* glibc takes a length of 0 as an error; no kernel file is empty */
        *out = fmemopen((void *)kernel->bytes, kernel->length, "r");
        return *out ? CLCONV_OK
                    : clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for kernel sources");
    }
    snprintf(path, sizeof path, "%s/%s", folder, kernel->name);
    *out = fopen(path, "r");
    return *out ? CLCONV_OK
                : clconv_fail(CLCONV_BUILD_FAILED, "%s: cannot be read (CLCONV_KERNEL_DIR)", path);
}

/* `#include "name.cl"` -> the kernel file; NULL for any other line. */
static const embedded_file *included(const char *line)
{
    static const char start[] = "#include \"";
    if (strncmp(line, start, sizeof start - 1))
        return NULL;
    return find(line + sizeof start - 1, strcspn(line + sizeof start - 1, "\""));
}

/* The file with its includes in place of their lines: compilers have no folder to look in. */
static clconv_status append(const embedded_file *kernel, bool expand, FILE *to)
{
    FILE *from = NULL;
    char *line = NULL;
    size_t room = 0;
    clconv_status status = open_kernel(kernel, &from);
    while (!status && getline(&line, &room, from) >= 0) {
        const embedded_file *other = expand ? included(line) : NULL;
        if (other)
            status = append(other, expand, to);
        else
            fputs(line, to);
    }
    if (from && ferror(from) && !status)
        status = clconv_fail(CLCONV_BUILD_FAILED, "%s: cannot be read", kernel->name);
    free(line);
    if (from)
        fclose(from);
    return status;
}

static clconv_status append_all(FILE *to)
{
    clconv_status status = CLCONV_OK;
    for (const embedded_file *kernel = clconv_kernel_files; kernel->name && !status; kernel++)
        status = append(kernel, false, to);
    return status;
}

static clconv_status append_stem(const char *stem, FILE *to)
{
    char name[64];
    snprintf(name, sizeof name, "%s.cl", stem);
    const embedded_file *kernel = find(name, strlen(name));
    return kernel ? append(kernel, true, to)
                  : clconv_fail(CLCONV_BUILD_FAILED, "there is no kernel file %s", name);
}

clconv_status clconv_kernel_source(const char *stem, char **out)
{
    size_t length = 0;
    *out = NULL;
    FILE *memory = open_memstream(out, &length);
    if (!memory)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for kernel sources");
    clconv_status status = stem ? append_stem(stem, memory) : append_all(memory);
    if (fclose(memory) && !status)
        status = clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for kernel sources");
    if (status) {
        free(*out);
        *out = NULL;
    }
    return status;
}

uint64_t clconv_stem_hash(const char *stem)
{
    char *source = NULL;
    uint64_t hash = 0;
    if (!clconv_kernel_source(stem, &source))
        hash = XXH3_64bits(source, strlen(source));
    free(source);
    return hash;
}

const char *clconv_kernel_hash(int *replaced)
{
    static _Thread_local char text[17];
    char *source = NULL;
    if (replaced)
        *replaced = replacement_folder() != NULL;
    if (clconv_kernel_source(NULL, &source))
        return "unreadable";
    snprintf(text, sizeof text, "%016" PRIx64, (uint64_t)XXH3_64bits(source, strlen(source)));
    free(source);
    return text;
}
