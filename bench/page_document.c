/* SPDX-License-Identifier: MIT */
/* Reads the benchmark's document: numbers, sets of rows, geometric means. */
#include "page_document.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double report_number(const json_t *object, const char *key)
{
    const json_t *const value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *report_text(const json_t *object, const char *key)
{
    const char *const text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

const char *report_rival(const json_t *row)
{
    static const char mark[] = "rival:";
    const char *const algo = report_text(row, "algo");
    return strncmp(algo, mark, sizeof mark - 1) == 0 ? algo + sizeof mark - 1 : NULL;
}

/* ---- Sets of rows --------------------------------------------------------------------------- */

static void add_key(char *text, size_t room, const json_t *value)
{
    const size_t used = strlen(text);
    if (json_is_string(value))
        snprintf(text + used, room - used, "%s\n", json_string_value(value));
    else
        snprintf(text + used, room - used, "%.17g\n", json_number_value(value));
}

static bool add_to_set(json_t *sets, const char *name, json_t *row)
{
    json_t *set = json_object_get(sets, name);
    if (!set) {
        set = json_array();
        if (json_object_set_new(sets, name, set) != 0)
            return false;
    }
    return json_array_append(set, row) == 0;
}

json_t *report_sets(const json_t *document, const char *const *keys)
{
    size_t i;
    json_t *row, *sets = json_object();
    bool ok = sets != NULL;
    json_array_foreach(json_object_get(document, "rows"), i, row)
    {
        char name[8192] = "";
        for (size_t k = 0; keys[k]; k++)
            add_key(name, sizeof name, json_object_get(row, keys[k]));
        ok = ok && add_to_set(sets, name, row);
    }
    if (ok)
        return sets;
    json_decref(sets);
    return NULL;
}

json_t *report_layers(const json_t *document)
{
    static const char *const keys[] = {"model", "layer", "case", "threads", NULL};
    return report_sets(document, keys);
}

const json_t *report_ours(const json_t *rows)
{
    size_t i;
    const json_t *row, *best = NULL;
    json_array_foreach(rows, i, row)
    {
        const double ms = report_number(row, "median_ms");
        if (!report_rival(row) && ms > 0 && (!best || ms < report_number(best, "median_ms")))
            best = row;
    }
    return best;
}

const json_t *report_of(const json_t *rows, const char *algo)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(report_text(row, "algo"), algo) == 0 && report_number(row, "median_ms") > 0)
            return row;
    }
    return NULL;
}

json_t *report_algos(const json_t *document, bool rivals)
{
    size_t i;
    const char *algo;
    json_t *row, *value, *seen = json_object(), *names = json_array();
    json_array_foreach(json_object_get(document, "rows"), i, row)
    {
        if ((report_rival(row) != NULL) == rivals)
            json_object_set_new(seen, report_text(row, "algo"), json_true());
    }
    json_object_foreach(seen, algo, value) json_array_append_new(names, json_string(algo));
    json_decref(seen);
    return names;
}

/* ---- Geometric means ------------------------------------------------------------------------ */

void geometric_add(geometric *g, double value)
{
    if (!isfinite(value) || value <= 0)
        return;
    g->logs += log(value);
    g->count++;
}

double geometric_mean(const geometric *g)
{
    return g->count ? exp(g->logs / (double)g->count) : NAN;
}
