/* SPDX-License-Identifier: MIT */
/* Measures layer after layer and writes what came of it. */
#include "bench.h"

#include "compare.h"
#include "errors.h"
#include "output.h"
#include "page.h"
#include "progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int fail(int status, const char *sentence)
{
    errors_print(sentence);
    return status;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

/* Batches of a layer: those asked for, or its own. */
static size_t batches_of(const bench_options *o, const layer_row *layer,
                         int64_t batch[BENCH_BATCHES])
{
    for (size_t i = 0; i < o->batches; i++)
        batch[i] = o->batch[i];
    if (!o->batches)
        batch[0] = layer->spec.problem.n;
    return o->batches ? o->batches : 1;
}

/* Rows of one layer and batch. */
static size_t contestants_of(const bench_options *o)
{
    return o->algos * (o->text.raw ? 2 : 1) + o->rivals;
}

/* The canonical case without what is not the convolution. */
static char *case_name(const case_spec *spec)
{
    char text[CASE_TEXT];
    case_spec bare = *spec;
    bare.algo[0] = bare.tile[0] = bare.data[0] = '\0';
    bare.has_seed = false;
    case_print(&bare, text, sizeof text);
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static bench_row *add_row(bench_run *run)
{
    if (run->count == run->room) {
        const size_t room = run->room ? 2 * run->room : 64;
        bench_row *grown = realloc(run->rows, room * sizeof *grown);
        if (!grown)
            return NULL;
        run->rows = grown;
        run->room = room;
    }
    bench_row *row = &run->rows[run->count];
    memset(row, 0, sizeof *row);
    return row;
}

/* Names the row by who measured, or tried to. A compiler's log becomes one line. */
static void name_row(bench_row *row)
{
    measurement *m = &row->m;
    const char *asked = m->option.algo ? m->option.algo : "auto";
    for (char *c = m->reason; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    if (m->kind == &library_kind) {
        const char *before = m->option.raw ? "raw:" : "";
        snprintf(row->asked, sizeof row->asked, "%s%s", before, asked);
        snprintf(row->algo, sizeof row->algo, "%s%s", before,
                 m->facts.algo[0] ? m->facts.algo : asked);
    } else {
        snprintf(row->asked, sizeof row->asked, "rival:%s", m->kind->name);
        memcpy(row->algo, row->asked, sizeof row->algo);
    }
}

static bool list_row(bench_run *run, const layer_row *layer, const case_spec *spec,
                     const contestant_kind *kind, contestant_option option)
{
    const clconv_problem p = case_problem(spec);
    bench_row *row = add_row(run);
    char *name = row ? case_name(spec) : NULL;
    if (!name)
        return false;
    *row = (bench_row){.layer = layer,
                       .name = name,
                       .batch = spec->problem.n,
                       .work = work_of(&p),
                       .m = {.kind = kind, .option = option}};
    run->count++;
    return true;
}

/* Who measures a layer: its own algorithm, or those of --algo, then the rivals. */
static bool list_rows(const bench_options *o, bench_run *run, const layer_row *layer, int64_t batch)
{
    case_spec spec;
    char why[400];
    const case_spec *c = &layer->spec;
    const contestant_option own = {.algo = c->algo, .tile = c->tile[0] ? c->tile : NULL},
                            none = {0};
    bool good = layer_with_batch(layer, batch, &spec, why, sizeof why);
    for (size_t i = 0; i < o->algos * (o->text.raw ? 2 : 1) && good; i++) {
        contestant_option option = c->algo[0] ? own : o->algo[i % o->algos];
        option.raw = i >= o->algos;
        good = list_row(run, layer, &spec, &library_kind, option);
    }
    for (size_t i = 0; i < o->rivals && good; i++)
        good = list_row(run, layer, &spec, o->rival[i], none);
    return good;
}

static bool list_all(const bench_options *o, bench_run *run)
{
    int64_t batch[BENCH_BATCHES];
    for (size_t i = 0; i < o->layers.count; i++) {
        const size_t batches = batches_of(o, &o->layers.layers[i], batch);
        for (size_t b = 0; b < batches; b++)
            if (!list_rows(o, run, &o->layers.layers[i], batch[b]))
                return false;
    }
    return true;
}

/* ---- Visits ---------------------------------------------------------------------------------- */

/* A layer that has no buffers: nobody can do it. */
static void refuse_all(measurement *const *m, size_t count, arena_state state, const char *why)
{
    for (size_t i = 0; i < count; i++) {
        m[i]->status = state == ARENA_TOO_LARGE ? ROW_UNSUPPORTED : ROW_FAILED;
        m[i]->verified = false;
        m[i]->visits++;
        snprintf(m[i]->reason, sizeof m[i]->reason, "%s", why);
    }
}

/* The contestants of one layer and batch, whose rows begin at `first`. */
static void visit(const bench_options *o, bench_run *run, const spin *canary, size_t first)
{
    static arena a; /* large: it holds the verifier */
    measurement *m[CONTEST_MOST];
    char why[400] = "";
    case_spec spec;
    const size_t count = contestants_of(o);
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        m[i] = &run->rows[first + i].m;
        open = open || measurement_is_open(m[i]);
    }
    if (!open ||
        !layer_with_batch(run->rows[first].layer, run->rows[first].batch, &spec, why, sizeof why))
        return;
    const uint64_t seed = spec.has_seed ? spec.seed : o->seed;
    const arena_state state = arena_open(run->device, &spec, seed, &a, why, sizeof why);
    if (state == ARENA_GOOD)
        contest_visit(&a, run->roof, canary, &o->limits, m, count);
    else
        refuse_all(m, count, state, why);
    arena_close(&a);
    for (size_t i = 0; i < count; i++)
        name_row(&run->rows[first + i]);
}

/* ---- Run ------------------------------------------------------------------------------------- */

static size_t failures(const bench_run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        count += run->rows[i].m.status == ROW_FAILED;
    return count;
}

/* Visits every layer, then every layer again; at the last visit its rows are printed. */
static bool measure_all(const bench_options *o, bench_run *run, const spin *canary)
{
    const size_t step = contestants_of(o);
    if (!list_all(o, run))
        return false;
    progress p = progress_start(CONTEST_VISITS * run->count / step, false);
    for (int turn = 1; turn <= CONTEST_VISITS; turn++)
        for (size_t first = 0; first < run->count; first += step) {
            visit(o, run, canary, first);
            if (turn == CONTEST_VISITS) {
                progress_clear(&p);
                table_rows(run, first, step, o->text.verbose);
            }
            progress_step(&p, failures(run));
        }
    progress_clear(&p);
    return true;
}

/* Nothing for no path; frees the text. */
static bool write_text(const char *path, char *text, char *why, size_t room)
{
    const bool good = !path || output_write(path, text, why, room);
    free(text);
    return good;
}

static int write_files(const bench_options *o, const bench_run *run, const json_t *document,
                       const json_t *comparison)
{
    char why[4352];
    const bench_texts *t = &o->text;
    const size_t layout = JSON_INDENT(1) | JSON_REAL_PRECISION(7);
    const bool good =
        document &&
        write_text(t->json, t->json ? json_dumps(document, layout) : NULL, why, sizeof why) &&
        write_text(t->csv, t->csv ? bench_csv(run) : NULL, why, sizeof why) &&
        write_text(t->html, t->html ? bench_html(document, comparison) : NULL, why, sizeof why);
    return good ? EXIT_GOOD : fail(EXIT_DEVICE, document ? why : "no host memory for the results");
}

/* Whether some contestant of the library's measured the layer that begins at row `at`. */
static bool is_covered(const bench_run *run, size_t at, size_t contestants)
{
    for (size_t i = at; i < at + contestants && i < run->count; i++)
        if (run->rows[i].m.kind == &library_kind && row_is_measured(&run->rows[i]))
            return true;
    return false;
}

static int judge(const bench_options *o, const bench_run *run, size_t slower)
{
    size_t thin = 0;
    char why[200];
    const size_t contestants = contestants_of(o);
    if (failures(run)) {
        snprintf(why, sizeof why, "%zu of %zu rows failed or gave wrong results", failures(run),
                 run->count);
        return fail(EXIT_DEVICE, why);
    }
    for (size_t i = 0; i < run->count; i += contestants)
        if (!is_covered(run, i, contestants)) {
            snprintf(why, sizeof why, "%.80s: no algorithm asked for does this layer here",
                     run->rows[i].name);
            return fail(EXIT_DEVICE, why);
        }
    for (size_t i = 0; i < run->count; i++)
        thin += run->rows[i].m.status == ROW_NOISY || run->rows[i].m.status == ROW_THROTTLED;
    if (!o->text.strict || (!thin && !slower))
        return EXIT_GOOD;
    if (slower) {
        snprintf(why, sizeof why, "--strict: %zu of %zu rows are SLOWER than the baseline", slower,
                 run->count);
        return fail(EXIT_EVIDENCE, why);
    }
    snprintf(why, sizeof why, "--strict: %zu of %zu rows are NOISY or THROTTLED", thin, run->count);
    return fail(EXIT_EVIDENCE, why);
}

/* What leaves the program once all is measured; the exit status. */
static int finish(const bench_options *o, const bench_run *run, const json_t *baseline)
{
    json_t *document = bench_document(run);
    json_t *comparison = baseline ? bench_compare(document, baseline) : NULL;
    table_summary(run);
    if (comparison)
        bench_compare_print(comparison, stdout);
    int status = write_files(o, run, document, comparison);
    status = status ? status : judge(o, run, bench_compare_slower(comparison));
    json_decref(document);
    json_decref(comparison);
    return status;
}

static int run_on(const bench_options *o, const measured_device *d, const json_t *baseline,
                  char *why, size_t room)
{
    roofline roof;
    spin canary;
    char *const command = bench_command(o);
    bench_run run = {.device = d,
                     .roof = &roof,
                     .limits = o->limits,
                     .seed = o->seed,
                     .strict = o->text.strict,
                     .command = command,
                     .form = {o->text.direction, o->text.dtype, o->text.layout}};
    if (!roofline_measure(d, &roof, why, room) || !spin_open(d, canary_kernel, &canary, why, room))
        return fail(EXIT_DEVICE, why);
    table_header(&run);
    const int status = measure_all(o, &run, &canary)
                           ? finish(o, &run, baseline)
                           : fail(EXIT_DEVICE, "no host memory for the results");
    for (size_t i = 0; i < run.count; i++) {
        measurement_free(&run.rows[i].m);
        free(run.rows[i].name);
    }
    free(run.rows);
    free(command);
    spin_close(&canary);
    return status;
}

/* With the baseline, if one is given: a wrong file is known before anything is measured. */
static int run_beside(const bench_options *o, const measured_device *d, char *why, size_t room)
{
    const char *const path = o->text.baseline;
    json_t *baseline = path ? bench_baseline(path, d->entry.name, why, room) : NULL;
    if (path && !baseline)
        return fail(EXIT_USAGE, why);
    const int status = run_on(o, d, baseline, why, room);
    json_decref(baseline);
    return status;
}

int bench_main(const bench_options *o)
{
    char why[4352];
    measured_device device;
    if (!output_writable(o->text.json, why, sizeof why) ||
        !output_writable(o->text.csv, why, sizeof why) ||
        !output_writable(o->text.html, why, sizeof why))
        return fail(EXIT_DEVICE, why);
    int status = device_open(o->text.device, &device, why, sizeof why);
    status = status ? fail(status, why) : run_beside(o, &device, why, sizeof why);
    device_close(&device);
    return status;
}

int bench_list(const bench_options *o)
{
    int64_t batch[BENCH_BATCHES];
    char why[400];
    case_spec spec;
    for (size_t i = 0; i < o->layers.count; i++) {
        const layer_row *layer = &o->layers.layers[i];
        const size_t batches = batches_of(o, layer, batch);
        for (size_t b = 0; b < batches; b++) {
            char *name =
                layer_with_batch(layer, batch[b], &spec, why, sizeof why) ? case_name(&spec) : NULL;
            printf("%s\t%s\t%s\n", name ? name : why, layer->model, layer->layer);
            free(name);
        }
    }
    return EXIT_GOOD;
}
