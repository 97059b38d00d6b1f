/* SPDX-License-Identifier: MIT */
/* For the test of the page in a browser: writes the page of a document to standard output.
 * bench_render DOCUMENT COPIES [BASELINE]; COPIES times the rows make a page long. */
#include "compare.h"
#include "page.h"

#include <stdio.h>
#include <stdlib.h>

static void repeat(json_t *rows, long copies)
{
    const size_t count = json_array_size(rows);
    for (long copy = 1; copy < copies; copy++)
        for (size_t i = 0; i < count; i++) {
            json_t *const row = json_copy(json_array_get(rows, i));
            json_object_set_new(row, "layer", json_sprintf("layer %ld.%zu", copy, i / 2));
            json_array_append_new(rows, row);
        }
}

int main(int argc, char **argv)
{
    json_t *document = argc > 2 ? json_load_file(argv[1], 0, NULL) : NULL;
    json_t *before = argc > 3 ? json_load_file(argv[3], 0, NULL) : NULL;
    if (!document || (argc > 3 && !before))
        return 2;
    repeat(json_object_get(document, "rows"), atol(argv[2]));
    json_t *comparison = before ? bench_compare(document, before) : NULL;
    char *text = bench_html(document, comparison);
    const int good = text && fputs(text, stdout) >= 0 && fflush(stdout) == 0;
    free(text);
    json_decref(comparison);
    json_decref(before);
    json_decref(document);
    return good ? 0 : 1;
}
