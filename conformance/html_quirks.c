/* SPDX-License-Identifier: MIT */
/* The page's part about quirks and warnings. */
#include "markup.h"
#include "report.h"

static const char *text_of(const json_t *one, const char *key)
{
    return json_string_value(json_object_get(one, key));
}

static void quirk_item(markup *m, const json_t *one)
{
    markup_start(m, "li");
    markup_leaf(m, "b", NULL, "%s", text_of(one, "id"));
    markup_text(m, " %s of %" JSON_INTEGER_FORMAT " cases, ", text_of(one, "action"),
                json_integer_value(json_object_get(one, "applied")));
    markup_leaf(m, "code", NULL, "%s", text_of(one, "cases"));
    markup_text(m, ": %s", text_of(one, "reason"));
    markup_leaf(m, "span", json_is_true(json_object_get(one, "expired")) ? "bad" : "note",
                "until %s; %s", text_of(one, "expires"), text_of(one, "link"));
    markup_end(m);
}

void html_quirks(markup *m, const report *r)
{
    size_t i;
    json_t *one, *warnings = report_warnings(r);
    if (json_array_size(r->quirks) || json_array_size(warnings)) {
        markup_start(m, "section");
        markup_leaf(m, "h2", NULL, "Quirks of this device: %zu cases fail as expected",
                    r->total.xfailed);
        markup_start(m, "ul");
        json_array_foreach(r->quirks, i, one) quirk_item(m, one);
        json_array_foreach(warnings, i, one)
            markup_leaf(m, "li", "thin", "%s", json_string_value(one));
        markup_end(m);
        markup_end(m);
    }
    json_decref(warnings);
}
