/* SPDX-License-Identifier: MIT */
/* --baseline: which rows became slower or faster since an earlier document. */
#include "compare.h"

#include "compare_stats.h"
#include "page_document.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A change is called one only if chance is a bad explanation and it is more than this factor. */
static const double chance = 0.01, factor = 1.03;

static const char schema[] = "clconv-bench-1";

json_t *bench_baseline(const char *path, const char *device, char *why, size_t room)
{
    json_error_t error = {.text = "no memory"};
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    const char *const name = report_text(json_object_get(document, "device"), "name");
    if (!document)
        snprintf(why, room, "%s: %s", path, error.text);
    else if (strcmp(report_text(document, "schema"), schema) != 0 ||
             !json_is_array(json_object_get(document, "rows")))
        snprintf(why, room, "%s: is not a document that clconv-bench --json wrote", path);
    else if (strcmp(name, device) != 0)
        snprintf(why, room, "%s: is of the device \"%s\", this one is \"%s\"", path, name, device);
    else
        return document;
    json_decref(document);
    return NULL;
}

/* ---- One row -------------------------------------------------------------------------------- */

/* The sorted samples of a row; the caller frees .times. None for a row without a time. */
static sample samples_of(const json_t *row)
{
    size_t i;
    json_t *one;
    const json_t *list = json_object_get(row, "samples_ms");
    const size_t count = json_array_size(list);
    double *const times = count ? malloc(count * sizeof *times) : NULL;
    if (!times)
        return (sample){0};
    json_array_foreach(list, i, one) times[i] = json_number_value(one);
    stats_median(times, count); /* sorts */
    return (sample){times, count};
}

static bool throttled(const json_t *row)
{
    return strcmp(report_text(row, "status"), "THROTTLED") == 0;
}

/* Whether the medians differ by no more than the rows themselves say they are uncertain: u_ms knows
 * of a machine that drifts, ranks and bootstrap take each sample for independent. */
static bool within_u(const json_t *now, const json_t *before, double apart)
{
    return fabs(apart) <= report_number(now, "u_ms") + report_number(before, "u_ms");
}

static const char *judge(const json_t *now, const json_t *before, const ratio_interval *r, double p)
{
    if (throttled(now) || throttled(before))
        return "UNSURE"; /* the device changed its clock: the times are of no one speed */
    if (p < chance && r->low > factor)
        return "SLOWER";
    if (p < chance && r->high < 1 / factor)
        return "FASTER";
    return "SAME";
}

static bool add_numbers(json_t *entry, const ratio_interval *r, const rank_test *t, sample now,
                        sample before)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"before_ms", sample_median(before)},
                   {"now_ms", sample_median(now)},
                   {"ratio", r->ratio},
                   {"low", r->low},
                   {"high", r->high},
                   {"u", t->u},
                   {"p", t->p}};
    bool ok = true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        ok = json_object_set_new(entry, numbers[i].key, json_real(numbers[i].value)) == 0 && ok;
    return ok;
}

/* What says which row it is, taken from it; the verdict is added. */
static json_t *entry_of(const json_t *row, const char *verdict, const char *reason)
{
    return json_pack("{s:O, s:O, s:O, s:O, s:O, s:s, s:s}", "model", json_object_get(row, "model"),
                     "layer", json_object_get(row, "layer"), "case", json_object_get(row, "case"),
                     "algo", json_object_get(row, "algo"), "threads",
                     json_object_get(row, "threads"), "verdict", verdict, "reason", reason);
}

/* A row that only one side has. */
static json_t *lone_entry(const json_t *now, const json_t *before)
{
    return entry_of(now ? now : before, now ? "NEW" : "GONE", "");
}

/* A row that both have; one without a time is as good as missing, and its reason says why. */
static json_t *pair_entry(const json_t *now, const json_t *before)
{
    sample a = samples_of(now), b = samples_of(before);
    json_t *entry;
    if (a.count && b.count) {
        const rank_test t = rank_test_of(a, b);
        const ratio_interval r = ratio_of(a, b, 1);
        const double apart = sample_median(a) - sample_median(b);
        entry =
            entry_of(now, within_u(now, before, apart) ? "SAME" : judge(now, before, &r, t.p), "");
        if (!add_numbers(entry, &r, &t, a, b)) {
            json_decref(entry);
            entry = NULL;
        }
    } else {
        entry = entry_of(now,
                         a.count   ? "NEW"
                         : b.count ? "GONE"
                                   : "SAME",
                         report_text(a.count ? before : now, "reason"));
    }
    free((void *)a.times);
    free((void *)b.times);
    return entry;
}

/* ---- All rows ------------------------------------------------------------------------------- */

typedef struct join_state {
    json_t *entries;
    geometric ours, rivals; /* now / before; a rival that changed says the machine did */
} join_state;

/* The rows of one key on both sides, first with first: a layer may stand in several models. */
static bool join_set(join_state *c, const json_t *now, const json_t *before)
{
    const size_t here = json_array_size(now), there = json_array_size(before);
    bool ok = true;
    for (size_t i = 0; ok && (i < here || i < there); i++) {
        const json_t *const a = json_array_get(now, i), *const b = json_array_get(before, i);
        const bool rival = report_rival(a ? a : b) != NULL;
        geometric_add(rival ? &c->rivals : &c->ours,
                      report_number(a, "median_ms") / report_number(b, "median_ms"));
        if (rival)
            continue;
        json_t *const entry = a && b ? pair_entry(a, b) : lone_entry(a, b);
        ok = entry && json_array_append_new(c->entries, entry) == 0;
    }
    return ok;
}

static bool join(join_state *c, const json_t *now, const json_t *before)
{
    static const char *const keys[] = {"case", "algo", "threads", NULL};
    const char *key;
    json_t *rows, *here = report_sets(now, keys), *there = report_sets(before, keys);
    bool ok = here && there;
    json_object_foreach(ok ? here : NULL, key, rows)
    {
        ok = ok && join_set(c, rows, json_object_get(there, key));
    }
    json_object_foreach(ok ? there : NULL, key, rows)
    {
        ok = ok && (json_object_get(here, key) || join_set(c, NULL, rows));
    }
    json_decref(here);
    json_decref(there);
    return ok;
}

/* The slowest first, then what has no ratio. */
static int by_ratio(const void *a, const void *b)
{
    const double x = report_number(*(json_t *const *)a, "ratio");
    const double y = report_number(*(json_t *const *)b, "ratio");
    return isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x < y) - (x > y);
}

static json_t *sorted(json_t *entries)
{
    const size_t count = json_array_size(entries);
    json_t *result = json_array(), **list = malloc((count + 1) * sizeof(json_t *));
    for (size_t i = 0; list && i < count; i++)
        list[i] = json_array_get(entries, i);
    if (list)
        qsort(list, count, sizeof *list, by_ratio);
    for (size_t i = 0; list && i < count; i++)
        json_array_append(result, list[i]);
    free(list);
    return result;
}

static json_t *count_verdicts(const json_t *entries)
{
    static const char *const words[] = {"SLOWER", "FASTER", "SAME", "UNSURE", "NEW", "GONE"};
    json_t *counts = json_object();
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        json_int_t count = 0;
        for (size_t i = 0; i < json_array_size(entries); i++)
            count += strcmp(report_text(json_array_get(entries, i), "verdict"), words[w]) == 0;
        json_object_set_new(counts, words[w], json_integer(count));
    }
    return counts;
}

/* A mean of nothing is no number and stays out. */
static json_t *means_of(const join_state *c)
{
    return json_pack("{s:I, s:o*, s:I, s:o*}", "rows", (json_int_t)c->ours.count, "ratio",
                     json_real(geometric_mean(&c->ours)), "rival_rows", (json_int_t)c->rivals.count,
                     "rival_ratio", json_real(geometric_mean(&c->rivals)));
}

json_t *bench_compare(const json_t *now, const json_t *before)
{
    join_state c = {.entries = json_array()};
    json_t *result = NULL;
    if (c.entries && join(&c, now, before))
        result =
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "date", report_text(before, "date"),
                      "kernel_hash", report_text(before, "kernel_hash"), "driver",
                      report_text(json_object_get(before, "device"), "driver"), "counts",
                      count_verdicts(c.entries), "means", means_of(&c), "rows", sorted(c.entries));
    json_decref(c.entries);
    return result;
}

size_t bench_compare_slower(const json_t *comparison)
{
    return (size_t)json_integer_value(
        json_object_get(json_object_get(comparison, "counts"), "SLOWER"));
}

/* ---- Text ----------------------------------------------------------------------------------- */

static void print_entry(const json_t *entry, FILE *out)
{
    const char *const verdict = report_text(entry, "verdict");
    fprintf(out, "%-6s ", verdict);
    if (json_object_get(entry, "ratio"))
        fprintf(out, "%6.3fx (%.3f to %.3f, p %.1g)  %.4g -> %.4g ms  ",
                report_number(entry, "ratio"), report_number(entry, "low"),
                report_number(entry, "high"), report_number(entry, "p"),
                report_number(entry, "before_ms"), report_number(entry, "now_ms"));
    fprintf(out, "%s %s  %s  %s%s%s\n", report_text(entry, "model"), report_text(entry, "layer"),
            report_text(entry, "case"), report_text(entry, "algo"),
            *report_text(entry, "reason") ? ": " : "", report_text(entry, "reason"));
}

static void print_mean(const json_t *means, const char *who, const char *ratio, const char *rows,
                       FILE *out)
{
    if (report_number(means, rows) > 0)
        fprintf(out, "%s: %.3f of the time before, geometric mean of %g rows\n", who,
                report_number(means, ratio), report_number(means, rows));
}

void bench_compare_print(const json_t *comparison, FILE *out)
{
    size_t i;
    const char *word, *comma = "";
    json_t *count, *entry;
    fprintf(out, "since the baseline (%s, kernels %.8s): ", report_text(comparison, "date"),
            report_text(comparison, "kernel_hash"));
    json_object_foreach(json_object_get(comparison, "counts"), word, count)
    {
        fprintf(out, "%s%" JSON_INTEGER_FORMAT " %s", comma, json_integer_value(count), word);
        comma = ", ";
    }
    fprintf(out, "\n");
    print_mean(json_object_get(comparison, "means"), "clConv", "ratio", "rows", out);
    print_mean(json_object_get(comparison, "means"), "rivals", "rival_ratio", "rival_rows", out);
    json_array_foreach(json_object_get(comparison, "rows"), i, entry)
    {
        const bool same = strcmp(report_text(entry, "verdict"), "SAME") == 0;
        if (*report_text(entry, "reason") || (!same && json_object_get(entry, "ratio")))
            print_entry(entry, out);
    }
}
