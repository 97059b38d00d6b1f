/* SPDX-License-Identifier: MIT */
/* Gathers error / bound over the cases of a run. */
#include "headroom.h"

#include "data.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool computed(const result *one)
{
    return one->verdict.state == STATE_PASS || report_is_red(one->verdict.state);
}

/* Data judged bitwise have no bound. Other data count even where every output was exact by luck. */
static bool bounded(const result *one)
{
    static const char key[] = ":data=";
    char name[sizeof((case_spec *)NULL)->data] = "";
    const char *const at = strstr(one->name, key);
    if (at)
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at + strlen(key), ":"), at + strlen(key));
    const data_mode *const mode = data_mode_named(name);
    return computed(one) && mode && !mode->exact;
}

static bool same_place(const result *one, const headroom *h)
{
    return strcmp(one->algo, h->algo) == 0 && strcmp(one->dtype, h->dtype) == 0;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: the smallest value that at least 99 % of them do not exceed. */
static double percentile_99(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[(99 * count + 99) / 100 - 1];
}

static void measure(const report *r, headroom *h, double *values)
{
    h->cases = 0;
    for (size_t i = 0; i < r->count; i++)
        if (bounded(&r->results[i]) && same_place(&r->results[i], h))
            values[h->cases++] = r->results[i].verdict.headroom;
    h->p99 = percentile_99(values, h->cases);
    h->worst = values[h->cases - 1];
}

/* The entry of this result's algorithm and type, made if it is the first. */
static headroom *place_of(headroom *all, size_t *count, const result *one)
{
    for (size_t i = 0; i < *count; i++)
        if (same_place(one, &all[i]))
            return &all[i];
    headroom *fresh = &all[(*count)++];
    *fresh = (headroom){.cases = 0};
    snprintf(fresh->algo, sizeof fresh->algo, "%s", one->algo);
    snprintf(fresh->dtype, sizeof fresh->dtype, "%s", one->dtype);
    return fresh;
}

enum { TYPES = 8 }; /* as many as the grammar has */

static void find_places(const report *r, headroom *all, size_t *count)
{
    for (size_t a = 0; a < r->algo_count; a++)
        for (size_t i = 0; i < r->count; i++)
            if (strcmp(r->results[i].algo, r->algos[a].algo) == 0 && bounded(&r->results[i]))
                place_of(all, count, &r->results[i]);
}

headroom *headroom_measure(const report *r, size_t *count)
{
    headroom *all = calloc(REPORT_MAX_ALGORITHMS * TYPES, sizeof *all);
    double *values = malloc((r->count + 1) * sizeof *values);
    *count = 0;
    if (all && values)
        find_places(r, all, count);
    for (size_t i = 0; i < *count; i++)
        measure(r, &all[i], values);
    free(values);
    if (*count)
        return all;
    free(all);
    return NULL;
}

/* JSON has no infinity: an error over a bound of 0 is the largest double, as in `cases`. */
static double finite(double value)
{
    return isfinite(value) ? value : DBL_MAX;
}

json_t *headroom_json(const report *r)
{
    size_t count;
    headroom *all = headroom_measure(r, &count);
    json_t *document = json_object();
    for (size_t i = 0; i < count; i++) {
        json_t *types = json_object_get(document, all[i].algo);
        if (!types)
            json_object_set_new(document, all[i].algo, types = json_object());
        json_object_set_new(types, all[i].dtype,
                            json_pack("{s:I, s:f, s:f}", "cases", (json_int_t)all[i].cases, "worst",
                                      finite(all[i].worst), "p99", finite(all[i].p99)));
    }
    free(all);
    return document;
}
