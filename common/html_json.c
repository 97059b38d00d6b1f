/* SPDX-License-Identifier: MIT */
/* Writes entries of a JSON document as facts of a card. */
#include "html.h"

#include <string.h>

/* "largest_buffer_bytes" as "largest buffer", with a unit behind the number. */
static void number_fact(markup *m, char *name, json_int_t value)
{
    static const char bytes[] = " bytes", mhz[] = " mhz";
    char *const blank = strrchr(name, ' ');
    if (blank && strcmp(blank, bytes) == 0) {
        *blank = '\0';
        html_bytes(m, name, value);
    } else if (blank && strcmp(blank, mhz) == 0) {
        *blank = '\0';
        html_fact(m, name, "%" JSON_INTEGER_FORMAT " MHz", value);
    } else {
        html_fact(m, name, "%" JSON_INTEGER_FORMAT, value);
    }
}

/* Numbers are the sizes of dimensions, words are names. */
static void list_fact(markup *m, const char *name, const json_t *list)
{
    size_t i;
    json_t *one;
    markup_leaf(m, "dt", NULL, "%s", name);
    markup_start(m, "dd");
    json_array_foreach(list, i, one)
    {
        if (json_is_integer(one))
            markup_text(m, "%s%" JSON_INTEGER_FORMAT, i ? " x " : "", json_integer_value(one));
        else
            markup_text(m, "%s%s", i ? " " : "", json_string_value(one));
    }
    markup_end(m);
}

/* One entry under its own name, with blanks for underscores. */
void html_json(markup *m, const char *key, const json_t *value)
{
    char name[64];
    snprintf(name, sizeof name, "%s", key);
    for (char *at = name; *at; at++)
        *at = *at == '_' ? ' ' : *at;
    if (json_is_string(value))
        html_fact(m, name, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        html_fact(m, name, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_integer(value))
        number_fact(m, name, json_integer_value(value));
    else if (json_is_array(value))
        list_fact(m, name, value);
}
