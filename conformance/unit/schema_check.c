/* SPDX-License-Identifier: MIT */
/* Whether JSON documents keep to a schema of ours, for scripts: schema_check SCHEMA DOCUMENT... */
#include "schema.h"

int main(int argc, char **argv)
{
    char why[512];
    json_error_t error;
    json_t *schema = argc > 2 ? json_load_file(argv[1], 0, &error) : NULL;
    int defects = schema == NULL;
    if (!schema)
        fprintf(stderr, "usage: schema_check SCHEMA DOCUMENT...\n");
    for (int i = 2; schema && i < argc; i++) {
        json_t *document = json_load_file(argv[i], JSON_REJECT_DUPLICATES, &error);
        const bool holds =
            document && schema_holds(schema, schema, document, "the document", why, sizeof why);
        if (!document)
            fprintf(stderr, "%s: line %d: %s\n", argv[i], error.line, error.text);
        else if (!holds)
            fprintf(stderr, "%s: %s\n", argv[i], why);
        defects += !holds;
        json_decref(document);
    }
    json_decref(schema);
    return defects > 0;
}
