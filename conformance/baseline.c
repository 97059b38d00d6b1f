/* SPDX-License-Identifier: MIT */
/* --baseline: what has changed since an earlier result of the suite. */
#include "report.h"

#include <string.h>

json_t *baseline_load(const char *path, char *why, size_t room)
{
    size_t i;
    run_facts facts;
    json_t *one, *states = json_object();
    json_error_t error = {.text = "no memory"};
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    const json_t *cases = json_object_get(document, "cases");
    bool ok = states && document;
    if (!ok)
        snprintf(why, room, "%s: %s", path, error.text);
    else if (!report_facts_read(document, &facts) || !json_is_array(cases)) {
        snprintf(why, room, "%s: is not a document that clconv-conform --json wrote", path);
        ok = false;
    }
    json_array_foreach(ok ? cases : NULL, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "case"));
        json_t *state = json_object_get(one, "state");
        if (name && json_is_string(state) && !json_object_get(states, name) &&
            json_object_set(states, name, state) == 0)
            continue;
        snprintf(why, room, "%s: entry %zu of its cases is malformed", path, i);
        ok = false;
        break;
    }
    json_decref(document);
    if (ok)
        return states;
    json_decref(states);
    return NULL;
}

static bool was(const char *before, case_state state)
{
    return before && strcmp(before, case_state_names[state]) == 0;
}

bool baseline_compare(report *r, const json_t *earlier)
{
    json_t *new_fail = json_array(), *fixed = json_array();
    json_int_t both = 0;
    bool ok = new_fail && fixed;
    for (size_t i = 0; ok && i < r->count; i++) {
        const result *now = &r->results[i];
        const char *before = json_string_value(json_object_get(earlier, now->name));
        const bool red = was(before, STATE_FAIL) || was(before, STATE_XPASS);
        both += before != NULL;
        if (report_is_red(now->verdict.state) && !red)
            ok = json_array_append_new(new_fail, json_string(now->name)) == 0;
        else if (now->verdict.state == STATE_PASS && (red || was(before, STATE_XFAIL)))
            ok = json_array_append_new(fixed, json_string(now->name)) == 0;
    }
    json_decref(r->baseline);
    r->baseline = json_pack("{s:o, s:o, s:I, s:I}", "new_fail", new_fail, "fixed", fixed, "missing",
                            (json_int_t)json_object_size(earlier) - both, "added",
                            (json_int_t)r->count - both);
    return ok && r->baseline;
}
