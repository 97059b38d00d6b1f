/* SPDX-License-Identifier: MIT */
/* Kernel sources: built into the library, or read from CLCONV_KERNEL_DIR; and their hash. */
#include "internal.h"

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

static bool copy_file(const char *path, FILE *to)
{
    char block[4096];
    size_t got = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        fwrite(block, 1, got, to);
    const bool whole = !ferror(file);
    fclose(file);
    return whole;
}

static clconv_status append(const embedded_file *kernel, FILE *to)
{
    char path[4096];
    const char *folder = replacement_folder();
    if (!folder) {
        fwrite(kernel->bytes, 1, kernel->length, to);
        return CLCONV_OK;
    }
    snprintf(path, sizeof path, "%s/%s", folder, kernel->name);
    return copy_file(path, to)
               ? CLCONV_OK
               : clconv_fail(CLCONV_BUILD_FAILED, "%s: cannot be read (CLCONV_KERNEL_DIR)", path);
}

/* common.cl, the first file, belongs to every stem. */
static bool wanted(const embedded_file *kernel, const char *stem)
{
    const size_t length = stem ? strlen(stem) : 0;
    return !stem || kernel == clconv_kernel_files ||
           (!strncmp(kernel->name, stem, length) && !strcmp(kernel->name + length, ".cl"));
}

clconv_status clconv_kernel_source(const char *stem, char **out)
{
    size_t length = 0;
    clconv_status status = CLCONV_OK;
    *out = NULL;
    FILE *memory = open_memstream(out, &length);
    if (!memory)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for kernel sources");
    for (const embedded_file *kernel = clconv_kernel_files; kernel->name && !status; kernel++)
        if (wanted(kernel, stem))
            status = append(kernel, memory);
    if (fclose(memory) && !status)
        status = clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for kernel sources");
    if (status) {
        free(*out);
        *out = NULL;
    }
    return status;
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
