/* SPDX-License-Identifier: MIT */
/* Finds a built-in file by its name. */
#include "assets.h"

#include "embed.h"

#include <stdlib.h>
#include <string.h>

extern const embedded_file suite_files[];

char *asset_text(const char *name)
{
    for (const embedded_file *file = suite_files; file->name; file++) {
        if (strcmp(file->name, name) != 0)
            continue;
        char *text = malloc(file->length + 1);
        if (!text)
            return NULL;
        memcpy(text, file->bytes, file->length);
        text[file->length] = '\0';
        return text;
    }
    return NULL;
}
