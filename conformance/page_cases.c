/* SPDX-License-Identifier: MIT */
/* The cases of a run: failures in full, all of them as data for report.js. */
#include "page.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Failures ------------------------------------------------------------------------------- */

enum { KINDS = 24 }; /* RULES.md, rule 24, has 13 */

/* The kinds of failure that occur; returns how many. */
static size_t find_kinds(const report *r, const char *kinds[KINDS])
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t k = 0;
        while (k < count && strcmp(kinds[k], r->results[i].verdict.kind) != 0)
            k++;
        if (report_is_red(r->results[i].verdict.state) && k == count && count < KINDS)
            kinds[count++] = r->results[i].verdict.kind;
    }
    return count;
}

static size_t count_failures(const report *r, const char *algo, const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += report_is_red(r->results[i].verdict.state) &&
                 strcmp(r->results[i].algo, algo) == 0 &&
                 strcmp(r->results[i].verdict.kind, kind) == 0;
    return count;
}

void page_kinds(markup *m, const report *r)
{
    const char *kinds[KINDS];
    html_column columns[KINDS + 1] = {{"algorithm", false}};
    if (!page_red(r))
        return;
    const size_t count = find_kinds(r, kinds);
    html_section(m, "What fails");
    for (size_t k = 0; k < count; k++)
        columns[k + 1] = (html_column){kinds[k], true};
    html_table(m, "kinds", columns, count + 1);
    for (size_t i = 0; i < r->algo_count; i++) {
        if (!r->algos[i].failed && !r->algos[i].xpassed)
            continue;
        markup_start(m, "tr");
        markup_leaf(m, "td", NULL, "%s", r->algos[i].algo);
        for (size_t k = 0; k < count; k++)
            page_count(m, count_failures(r, r->algos[i].algo, kinds[k]), "number alarm");
        markup_end(m);
    }
    html_table_end(m);
    markup_end(m);
}

static void failure_item(markup *m, const report *r, const result *one)
{
    char repro[CASE_TEXT + 512];
    markup_start(m, "li");
    markup_leaf(m, "b", NULL, "%s", one->verdict.kind);
    markup_text(m, " %s", one->verdict.reason);
    const char *const replayed = report_culprit(one->name, &one->verdict);
    markup_leaf(m, "code", NULL, "%s", report_repro(r, replayed, repro, sizeof repro));
    if (one->minimal) {
        markup_leaf(m, "span", "note", "the smallest case that fails so:");
        markup_leaf(m, "code", NULL, "%s", report_repro(r, one->minimal, repro, sizeof repro));
    }
    markup_leaf(m, "span", "note", "%s, %s", one->algo, one->origin);
    markup_end(m);
}

void page_failures(markup *m, const report *r)
{
    if (!page_red(r))
        return;
    html_section(m, "Failures, each with the line that replays it");
    markup_start(m, "ol");
    for (size_t i = 0; i < r->count; i++)
        if (report_is_red(r->results[i].verdict.state))
            failure_item(m, r, &r->results[i]);
    markup_end(m);
    markup_end(m);
}

/* ---- All cases ------------------------------------------------------------------------------ */

/* Columns as in page_cases; null where a case of exact data has no headroom. */
static json_t *case_json(const result *one)
{
    const verdict *v = &one->verdict;
    char reason[sizeof v->kind + sizeof v->reason + 2];
    snprintf(reason, sizeof reason, "%s%s%s", v->kind, v->kind[0] ? ": " : "", v->reason);
    json_t *headroom =
        v->headroom > 0 ? json_real(isfinite(v->headroom) ? v->headroom : DBL_MAX) : json_null();
    return json_pack("[s, s, s, s, o, f, s]", one->name, case_state_names[v->state], one->algo,
                     reason, headroom, round(1e4 * v->seconds) / 10, one->origin);
}

/* JSON inside <script>: no text may end the element or look like markup, in HTML or in XML. */
static void raw_json(markup *m, const char *text)
{
    char *const safe = malloc(6 * strlen(text) + 1);
    char *end = safe;
    if (!safe)
        return;
    for (; *text; text++)
        if (strchr("<>&", *text))
            end += sprintf(end, "\\u%04x", (unsigned)*text);
        else
            *end++ = *text;
    *end = '\0';
    markup_raw(m, safe);
    free(safe);
}

static void case_data(markup *m, const report *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->count; i++)
        json_array_append_new(all, case_json(&r->results[i]));
    char *const text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(4));
    markup_start(m, "script");
    markup_attribute(m, "type", "application/json");
    markup_attribute(m, "id", "data");
    raw_json(m, text ? text : "[]");
    markup_end(m);
    free(text);
    json_decref(all);
}

void page_cases(markup *m, const report *r)
{
    static const html_column columns[] = {
        {"case", false},         {"state", false}, {"algorithm", false},      {"reason", false},
        {"error / bound", true}, {"ms", true},     {"why it is there", false}};
    char title[48];
    snprintf(title, sizeof title, "All %zu cases", r->count);
    html_section(m, title);
    markup_raw(m, "<p class=\"controls\"><input id=\"filter\" type=\"search\" "
                  "placeholder=\"show only cases with this text\" "
                  "aria-label=\"show only cases with this text\"/> "
                  "<select id=\"state\" aria-label=\"show only this state\">"
                  "<option value=\"\">every state</option></select> "
                  "<span id=\"shown\" class=\"note\" role=\"status\"></span></p>"
                  "<noscript><p class=\"note\">This list needs JavaScript; the JSON document of "
                  "the run holds the same cases.</p></noscript>");
    html_table(m, "cases", columns, sizeof columns / sizeof columns[0]);
    html_table_end(m);
    markup_raw(m,
               "<p><button id=\"more\" type=\"button\" hidden=\"hidden\">show more</button></p>");
    case_data(m, r);
    markup_end(m);
}
