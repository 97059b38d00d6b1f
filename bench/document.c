/* SPDX-License-Identifier: MIT */
/* The JSON document of a run. */
#include "classes.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* JSON has no NaN: what was not measured is null. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

/* ---- Device and roofline --------------------------------------------------------------------- */

static const char *type_name(cl_device_type type)
{
    switch (type) {
    case CL_DEVICE_TYPE_GPU:
        return "GPU";
    case CL_DEVICE_TYPE_ACCELERATOR:
        return "accelerator";
    case CL_DEVICE_TYPE_CPU:
        return "CPU";
    default:
        return "several";
    }
}

static json_t *device_json(const measured_device *d)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "name", d->entry.name,
                     "platform", d->entry.platform_name, "driver", d->driver, "version", d->version,
                     "type", type_name(d->entry.type), "compute_units", (json_int_t)d->units,
                     "clock_mhz", (json_int_t)d->clock_mhz, "global_cache_bytes",
                     (json_int_t)d->cache_bytes, "local_mem_bytes", (json_int_t)d->local_bytes,
                     "max_alloc_bytes", (json_int_t)d->max_alloc);
}

static json_t *roofline_json(const roofline *r)
{
    json_t *peaks = json_array(), *levels = json_array();
    for (size_t i = 0; i < r->peaks; i++) {
        json_t *rounds = json_array();
        for (int round = 0; round < ROOF_ROUNDS; round++)
            json_array_append_new(rounds, number(r->peak[i].gflops[round]));
        json_array_append_new(peaks,
                              json_pack("{s:s, s:o}", "name", r->peak[i].name, "gflops", rounds));
    }
    for (size_t i = 0; i < r->levels; i++) {
        const roof_level *l = &r->level[i];
        json_array_append_new(
            levels, json_pack("{s:I, s:o, s:o, s:o}", "bytes", (json_int_t)l->bytes, "copy_gbps",
                              number(l->copy_gbps), "triad_gbps", number(l->triad_gbps),
                              "spread_pct", number(l->spread_pct)));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "gflops", number(r->gflops),
                     "gflops_spread_pct", number(r->gflops_spread_pct), "peaks", peaks, "bandwidth",
                     levels, "launch_us", number(r->launch_us), "latency_us", number(r->latency_us),
                     "enqueue_us", number(r->enqueue_us));
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

/* A value that only a measured row has; `scale` times it. */
static void set_number(json_t *object, const char *key, bool has, double value, double scale)
{
    set(object, key, has ? number(value * scale) : json_null());
}

static json_t *samples_json(const bench_row *row)
{
    json_t *all = json_array();
    for (size_t i = 0; i < row->m.count && row_is_measured(row); i++)
        json_array_append_new(all, json_real(row->m.sample[i] * 1e3));
    return all;
}

static void set_times(json_t *object, const bench_row *row)
{
    const measurement *m = &row->m;
    const bool has = row_is_measured(row);
    set_number(object, "median_ms", has, m->stats.median, 1e3);
    set_number(object, "min_ms", has, m->stats.min, 1e3);
    set_number(object, "p90_ms", has, m->stats.p90, 1e3);
    set_number(object, "mad_ms", has, m->stats.mad, 1e3);
    set_number(object, "u_ms", has, m->stats.u, 1e3);
    set(object, "samples_ms", samples_json(row));
    set(object, "launches_per_sample",
        has ? json_integer((json_int_t)m->launches_per_sample) : json_null());
    set_number(object, "event_ms", has, m->event, 1e3);
    set_number(object, "latency_ms", has, m->latency, 1e3);
    set_number(object, "enqueue_us", has, m->enqueue, 1e6);
    set_number(object, "first_ms", has, m->first, 1e3);
    set_number(object, "pack_ms", has && m->facts.pack > 0, m->facts.pack, 1e3);
}

static void set_work(json_t *object, const bench_row *row, const roofline *roof)
{
    bool compute_bound = false;
    const double ms = roof_ms(roof, &row->work, &compute_bound);
    const double rate = 1e-9 / row->m.stats.median; /* per second, in G */
    const bool has = row_is_measured(row);
    set(object, "macs", json_integer((json_int_t)row->work.macs));
    set(object, "macs_inside", json_integer((json_int_t)row->work.macs_inside));
    set(object, "bytes", json_integer((json_int_t)row->work.bytes));
    set_number(object, "gflops", has, 2 * row->work.macs, rate);
    set_number(object, "gflops_inside", has, 2 * row->work.macs_inside, rate);
    set_number(object, "gbps", has, row->work.bytes, rate);
    set(object, "roof_ms", number(ms));
    set_number(object, "roof_pct", has, row_roof_pct(row, roof), 1);
    set(object, "bound", json_string(compute_bound ? "compute" : "memory"));
}

static json_t *row_json(const bench_row *row, const bench_run *run)
{
    const measurement *m = &row->m;
    const clconv_problem *p = &row->layer->spec.problem;
    json_t *object = json_object();
    set(object, "model", json_string(row->layer->model));
    set(object, "layer", json_string(row->layer->layer));
    set(object, "case", json_string(row->name));
    set(object, "class", json_string(layer_class(p)));
    set(object, "batch", json_integer(row->batch));
    set(object, "count", json_integer(row->layer->count));
    set(object, "mode", json_string(p->shared ? "shared" : "conv"));
    set(object, "direction", json_string(case_direction_words[p->op]));
    set(object, "dtype", json_string(case_dtype_words[p->x.dtype - CLCONV_F32]));
    set(object, "layout", json_string(case_layout_words[p->x.layout]));
    set(object, "algo", json_string(row->algo));
    set(object, "tile", text_or_null(m->facts.tile));
    set(object, "device", json_string(run->device->entry.name));
    set(object, "threads", json_integer((json_int_t)m->facts.threads));
    set_times(object, row);
    set_work(object, row, run->roof);
    set(object, "status", json_string(row_status_names[m->status]));
    set(object, "reason", text_or_null(m->reason));
    set(object, "verified", json_boolean(m->verified));
    return object;
}

/* ---- Totals ---------------------------------------------------------------------------------- */

/* Of one model under one contestant and batch: `first` is its first row. */
static json_t *total_json(const bench_run *run, const bench_row *first)
{
    size_t layers = 0, grouped = 0;
    double ms = 0, grouped_ms = 0, logs = 0;
    for (const bench_row *row = first; row < run->rows + run->count; row++) {
        if (strcmp(row->layer->model, first->layer->model) != 0 || row->batch != first->batch ||
            strcmp(row->asked, first->asked) != 0 || !row_is_measured(row))
            continue;
        const double these = (double)row->layer->count * row->m.stats.median * 1e3;
        layers++;
        ms += these;
        logs += log(row_roof_pct(row, run->roof));
        if (layer_is_grouped(row->layer)) {
            grouped++;
            grouped_ms += these;
        }
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "model", first->layer->model,
                     "algo", first->asked, "batch", (json_int_t)first->batch, "layers",
                     (json_int_t)layers, "grouped_layers", (json_int_t)grouped, "ms", number(ms),
                     "grouped_ms", number(grouped_ms), "roof_pct_geomean",
                     number(layers ? exp(logs / (double)layers) : NAN));
}

static bool is_first(const bench_run *run, size_t at)
{
    const bench_row *row = &run->rows[at];
    for (size_t i = 0; i < at; i++)
        if (strcmp(run->rows[i].layer->model, row->layer->model) == 0 &&
            run->rows[i].batch == row->batch && strcmp(run->rows[i].asked, row->asked) == 0)
            return false;
    return true;
}

static json_t *totals_json(const bench_run *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->count; i++)
        if (is_first(run, i))
            json_array_append_new(all, total_json(run, &run->rows[i]));
    return all;
}

/* ---- Document -------------------------------------------------------------------------------- */

json_t *bench_document(const bench_run *run)
{
    char date[16] = "";
    const time_t now = time(NULL);
    struct tm utc;
    clconv_stats stats = {.size = sizeof stats};
    json_t *rows = json_array();
    if (gmtime_r(&now, &utc))
        strftime(date, sizeof date, "%Y-%m-%d", &utc);
    clconv_context_stats(run->device->ctx, &stats);
    for (size_t i = 0; i < run->count; i++)
        json_array_append_new(rows, row_json(&run->rows[i], run));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:{s:f, s:f, s:I, s:b, s:s?}, s:o, s:I, s:o, s:o}", "schema",
        "clconv-bench-1", "version", clconv_version(), "kernel_hash", clconv_kernel_hash(NULL),
        "date", date, "device", device_json(run->device), "settings", "min_time_s",
        run->limits.min_time, "max_time_s", run->limits.max_time, "seed", (json_int_t)run->seed,
        "strict", (int)run->strict, "command", run->command, "roofline", roofline_json(run->roof),
        "programs_built", (json_int_t)(stats.programs_built + stats.programs_loaded), "rows", rows,
        "totals", totals_json(run));
}
