/* SPDX-License-Identifier: MIT */
/* Finds a built-in file by its name. */
#include "embedded.h"

#include <stdlib.h>
#include <string.h>

char *embedded_text(const embedded_file *files, const char *name)
{
    for (const embedded_file *file = files; file->name; file++) {
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
