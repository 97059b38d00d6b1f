/* SPDX-License-Identifier: MIT */
/* Reads what the options say, strictly, and lists what is to be measured. */
#include "bench.h"

#include "errors.h"
#include "options.h"
#include "output.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers --------------------------------------------------------------------------------- */

static bool read_seconds(const char *name, const char *text, double absent, double *out, char *why,
                         size_t room)
{
    static const double most = 3600;
    char *end = NULL;
    *out = text ? strtod(text, &end) : absent;
    const bool digits = !text || (*text >= '0' && *text <= '9') || *text == '.';
    return (digits && (!text || (end != text && !*end)) && *out > 0 && *out <= most) ||
           errors_why(why, room, "--%s takes seconds over 0, %.0f at most, but got '%s'", name,
                      most, text);
}

static bool read_numbers(bench_options *o, char *why, size_t room)
{
    const bench_texts *t = &o->text;
    int64_t seed = 1;
    if (t->batch && !options_list(t->batch, ',', 1, BENCH_BATCHES, o->batch, &o->batches))
        return errors_why(why, room,
                          "--batch takes 1 to %d whole numbers such as 1,8, but got '%s'",
                          BENCH_BATCHES, t->batch);
    for (size_t i = 0; i < o->batches; i++)
        if (o->batch[i] < 1)
            return errors_why(why, room, "--batch: a layer has at least 1 image, but got %" PRId64,
                              o->batch[i]);
    if (t->seed && (!options_integer(t->seed, &seed) || seed < 0))
        return errors_why(why, room,
                          "--seed takes a whole number from 0 to %" PRId64 ", but got '%s'",
                          INT64_MAX, t->seed);
    o->seed = (uint64_t)seed;
    if (!read_seconds("min-time", t->min_time, 0.1, &o->limits.min_time, why, room) ||
        !read_seconds("max-time", t->max_time, fmax(1, o->limits.min_time), &o->limits.max_time,
                      why, room))
        return false;
    return o->limits.max_time >= o->limits.min_time ||
           errors_why(why, room, "--max-time %g is under --min-time %g", o->limits.max_time,
                      o->limits.min_time);
}

/* ---- Algorithms ------------------------------------------------------------------------------ */

static bool known_algorithm(const char *name, char *why, size_t room)
{
    const char *names[BENCH_ALGOS + 1] = {NULL};
    char words[256];
    for (size_t i = 0; i < BENCH_ALGOS && clconv_algorithm_name(i); i++)
        names[i] = clconv_algorithm_name(i);
    return options_word(name, names) >= 0 ||
           errors_why(why, room, "there is no algorithm '%s' (auto, %s)", name,
                      options_words_text(names, words, sizeof words));
}

/* "auto,direct": each once. */
static bool read_algorithms(bench_options *o, char *why, size_t room)
{
    if (snprintf(o->words, sizeof o->words, "%s", o->text.algo) >= (int)sizeof o->words)
        return errors_why(why, room, "--algo is longer than %zu characters", sizeof o->words - 1);
    for (char *word = o->words, *end = word; end; word = end + 1) {
        end = strchr(word, ',');
        if (end)
            *end = '\0';
        const char *algo = strcmp(word, "auto") == 0 ? NULL : word;
        if (algo && !known_algorithm(algo, why, room))
            return false;
        for (size_t i = 0; i < o->algos; i++)
            if (algo == o->algo[i].algo ||
                (algo && o->algo[i].algo && strcmp(algo, o->algo[i].algo) == 0))
                return errors_why(why, room, "--algo names %s twice", word);
        if (o->algos == BENCH_ALGOS)
            return errors_why(why, room, "--algo takes %d names at most", BENCH_ALGOS);
        o->algo[o->algos++].algo = algo;
        if (!end)
            break;
    }
    return true;
}

/* ---- Layers ---------------------------------------------------------------------------------- */

static bool read_layers(bench_options *o, char *why, size_t room)
{
    const bench_texts *t = &o->text;
    if (t->layers && t->suite)
        return errors_why(why, room, "--layers and --suite are two tables: give one of them");
    if (t->layers && !layers_file(t->layers, &o->layers, why, room))
        return false;
    const char *suite = t->suite ? t->suite : t->model ? "layers" : "core";
    if (!t->layers && (t->suite || !t->cases) && !layers_suite(suite, &o->layers, why, room))
        return false;
    layers_select(&o->layers, t->model, t->grouped_only);
    for (char **text = t->cases; text && *text; text++)
        if (!layers_case(*text, &o->layers, why, room))
            return false;
    const layers_form form = {t->direction, t->dtype, t->layout};
    if (!layers_set(&o->layers, &form, why, room))
        return false;
    return o->layers.count > 0 ||
           errors_why(why, room, "no layer is left: the table has none%s%s%s",
                      t->model ? " of the model " : "", t->model ? t->model : "",
                      t->grouped_only ? " with groups" : "");
}

bool layer_with_batch(const layer_row *layer, int64_t batch, case_spec *out, char *why, size_t room)
{
    *out = layer->spec;
    out->problem.n = batch;
    const clconv_problem p = case_problem(out);
    return clconv_validate(&p) == CLCONV_OK ||
           errors_why(why, room, "%s %s with %" PRId64 " images: %s", layer->model, layer->layer,
                      batch, clconv_last_error());
}

/* What layers and algorithms must agree on. */
static bool check_layers(const bench_options *o, char *why, size_t room)
{
    case_spec spec;
    for (size_t i = 0; i < o->layers.count; i++) {
        const case_spec *c = &o->layers.layers[i].spec;
        if (c->algo[0] && o->text.algo)
            return errors_why(why, room, "--algo %s beside algo=%s of the case: give one of them",
                              o->text.algo, c->algo);
        if (c->algo[0] && !known_algorithm(c->algo, why, room))
            return false;
        for (size_t b = 0; b < o->batches; b++)
            if (!layer_with_batch(&o->layers.layers[i], o->batch[b], &spec, why, room))
                return false;
    }
    return true;
}

/* ---- Options --------------------------------------------------------------------------------- */

bool options_settle(bench_options *o, char *why, size_t room)
{
    const char *const files[] = {o->text.json, o->text.csv, o->text.html};
    if (!read_numbers(o, why, room) || (o->text.algo && !read_algorithms(o, why, room)))
        return false;
    if (!o->text.algo)
        o->algos = 1; /* the plan's own choice */
    if (o->text.rivals && !(o->rivals = rivals_read(o->text.rivals, o->rival, why, room)))
        return false;
    return outputs_distinct(files, sizeof files / sizeof files[0], why, room) &&
           read_layers(o, why, room) && check_layers(o, why, room);
}

void options_free(bench_options *o)
{
    layers_free(&o->layers);
}
