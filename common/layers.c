/* SPDX-License-Identifier: MIT */
/* Reads layer tables. */
#include "layers.h"

#include "csv.h"
#include "embed.h"
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

extern const embedded_file layer_suites[];

/* The numbers of a row, after model and layer; `mode` may follow. */
enum {
    N,
    C,
    H,
    W,
    K,
    R,
    S,
    STRIDE_H,
    STRIDE_W,
    PAD_H,
    PAD_W,
    DIL_H,
    DIL_W,
    GROUPS,
    COUNT,
    NUMBERS
};
static const char *const columns[] = {
    "model",    "layer", "n",     "c",     "h",     "w",      "k",     "r",    "s", "stride_h",
    "stride_w", "pad_h", "pad_w", "dil_h", "dil_w", "groups", "count", "mode", NULL};
enum { TEXTS = 2, LEAST_FIELDS = TEXTS + NUMBERS, MOST_FIELDS = LEAST_FIELDS + 1 };

/* Where a sentence about a table goes; it begins with the table's name and the line. */
typedef struct place {
    const char *name;
    size_t line;
    char *why;
    size_t room;
} place;

static bool wrong(const place *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(const place *p, const char *format, ...)
{
    va_list list;
    const int used = snprintf(p->why, p->room, "%s:%zu: ", p->name, p->line);
    va_start(list, format);
    if (used > 0 && (size_t)used < p->room)
        vsnprintf(p->why + used, p->room - (size_t)used, format, list);
    va_end(list);
    return false;
}

static char *copy_text(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

static bool add_layer(layer_list *list, const layer_row *layer)
{
    if (list->count == list->room) {
        const size_t room = list->room ? 2 * list->room : 64;
        layer_row *grown = realloc(list->layers, room * sizeof *grown);
        if (!grown)
            return false;
        list->layers = grown;
        list->room = room;
    }
    list->layers[list->count++] = *layer;
    return true;
}

/* Takes the texts over, or frees them. */
static bool add_named(layer_list *list, const char *model, const char *name, layer_row *layer,
                      char *why, size_t room)
{
    layer->model = copy_text(model);
    layer->layer = copy_text(name);
    if (layer->model && layer->layer && add_layer(list, layer))
        return true;
    free(layer->model);
    free(layer->layer);
    snprintf(why, room, "no host memory for the list of layers");
    return false;
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static void set_problem(clconv_problem *p, const int64_t v[NUMBERS])
{
    p->n = v[N];
    p->c = v[C];
    p->k = v[K];
    p->groups = v[GROUPS];
    for (int d = 0; d < 2; d++) {
        p->in[d] = v[H + d];
        p->kernel[d] = v[R + d];
        p->stride[d] = v[STRIDE_H + d];
        p->pad_before[d] = p->pad_after[d] = v[PAD_H + d];
        p->dilation[d] = v[DIL_H + d];
    }
}

/* Whether there is something to measure, and it is a convolution. */
static bool check_layer(const layer_row *layer, char *why, size_t room)
{
    const clconv_problem p = case_problem(&layer->spec);
    if (p.n == 0)
        return snprintf(why, room, "n is 0: there is nothing to measure"), false;
    if (clconv_validate(&p) == CLCONV_OK)
        return true;
    snprintf(why, room, "%s", clconv_last_error());
    return false;
}

static bool read_mode(const char *mode, clconv_problem *p, const place *at)
{
    if (strcmp(mode, "conv") == 0)
        return true;
    if (strcmp(mode, "shared") != 0)
        return wrong(at, "mode is conv or shared, but got '%.40s'", mode);
    if (p->groups != 1)
        return wrong(at, "mode shared has groups 1, but got %" PRId64, p->groups);
    p->shared = 1;
    return true;
}

static bool read_row(char *const *field, size_t fields, layer_list *out, const place *at)
{
    int64_t v[NUMBERS];
    char sentence[512];
    layer_row layer = {0};
    case_init(&layer.spec);
    for (size_t i = 0; i < NUMBERS; i++)
        if (!options_integer(field[TEXTS + i], &v[i]))
            return wrong(at, "%s is no whole number: '%.40s'", columns[TEXTS + i],
                         field[TEXTS + i]);
    if (v[COUNT] < 1)
        return wrong(at, "count is at least 1, but got %" PRId64, v[COUNT]);
    set_problem(&layer.spec.problem, v);
    layer.count = v[COUNT];
    if (fields == MOST_FIELDS && !read_mode(field[LEAST_FIELDS], &layer.spec.problem, at))
        return false;
    if (!check_layer(&layer, sentence, sizeof sentence) ||
        !add_named(out, field[0], field[1], &layer, sentence, sizeof sentence))
        return wrong(at, "%s", sentence);
    return true;
}

/* The line of column names: which there are, in this order, with or without `mode`. */
static bool read_columns(char *const *field, size_t fields, const place *at)
{
    bool same = fields == LEAST_FIELDS || fields == MOST_FIELDS;
    for (size_t i = 0; same && i < fields; i++)
        same = strcmp(field[i], columns[i]) == 0;
    return same || wrong(at, "the columns are model,layer,n,c,h,w,k,r,s,stride_h,stride_w,pad_h,"
                             "pad_w,dil_h,dil_w,groups,count and perhaps mode");
}

/* A line of the file without its end; false at the end of the file. */
static bool next_line(FILE *file, char **line, size_t *size)
{
    const ssize_t length = getline(line, size, file);
    if (length >= 0)
        (*line)[strcspn(*line, "\r\n")] = '\0';
    return length >= 0;
}

bool layers_read(FILE *file, const char *name, layer_list *out, char *why, size_t room)
{
    char *line = NULL, *field[MOST_FIELDS], sentence[160];
    size_t size = 0, expected = 0;
    place at = {name, 0, why, room};
    bool good = true;
    while (good && next_line(file, &line, &size)) {
        at.line++;
        if (expected && !*line)
            continue;
        const size_t fields = csv_split(line, field, MOST_FIELDS, sentence, sizeof sentence);
        if (!fields)
            good = wrong(&at, "%s", sentence);
        else if (!expected)
            good = read_columns(field, expected = fields, &at);
        else if (fields != expected)
            good = wrong(&at, "%zu fields, but there are %zu columns", fields, expected);
        else
            good = read_row(field, fields, out, &at);
    }
    free(line);
    if (good && (ferror(file) || !expected))
        good = (snprintf(why, room, "%s: %s", name, ferror(file) ? strerror(errno) : "is empty"),
                false);
    return good;
}

bool layers_file(const char *path, layer_list *out, char *why, size_t room)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return snprintf(why, room, "%s: cannot be read: %s", path, strerror(errno)), false;
    const bool good = layers_read(file, path, out, why, room);
    fclose(file);
    return good;
}

/* ---- Suites and cases ------------------------------------------------------------------------ */

const char *layers_suites_text(char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (const embedded_file *suite = layer_suites; suite->name && used < room; suite++)
        used += (size_t)snprintf(text + used, room - used, "%s%.*s", used ? ", " : "",
                                 (int)strcspn(suite->name, "."), suite->name);
    return text;
}

bool layers_suite(const char *name, layer_list *out, char *why, size_t room)
{
    char names[160];
    const size_t length = strlen(name);
    const embedded_file *suite = layer_suites;
    while (suite->name &&
           (strncmp(suite->name, name, length) != 0 || strcmp(suite->name + length, ".csv") != 0))
        suite++;
    if (!suite->name)
        return snprintf(why, room, "--suite is one of %s, but got '%s'",
                        layers_suites_text(names, sizeof names), name),
               false;
    FILE *file = fmemopen((void *)(uintptr_t)suite->bytes, suite->length, "r");
    if (!file)
        return snprintf(why, room, "%s: %s", suite->name, strerror(errno)), false;
    const bool good = layers_read(file, suite->name, out, why, room);
    fclose(file);
    return good;
}

/* What the grammar says and a benchmark cannot honour. */
static bool honours(const case_spec *c, char *why, size_t room)
{
    if (c->sweep || c->repeat || c->view)
        return snprintf(why, room, "case: sweep=, repeat= and view= belong to clconv-conform"),
               false;
    if (c->data[0] && strcmp(c->data, "exact") != 0)
        return snprintf(why, room, "case: data=%s: what is timed computes on exact data", c->data),
               false;
    if (c->tile[0] && !c->algo[0])
        return snprintf(why, room, "case: tile=%s needs an algorithm, algo=NAME", c->tile), false;
    return true;
}

bool layers_case(const char *text, layer_list *out, char *why, size_t room)
{
    layer_row layer = {.count = 1};
    return case_parse(text, &layer.spec, why, room) && honours(&layer.spec, why, room) &&
           check_layer(&layer, why, room) && add_named(out, "case", text, &layer, why, room);
}

/* ---- Lists ----------------------------------------------------------------------------------- */

bool layer_is_grouped(const layer_row *layer)
{
    return layer->spec.problem.groups > 1 || layer->spec.problem.shared;
}

static void free_layer(layer_row *layer)
{
    free(layer->model);
    free(layer->layer);
}

void layers_select(layer_list *list, const char *model, bool grouped_only)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        layer_row *layer = &list->layers[i];
        if ((model && strcmp(model, layer->model) != 0) ||
            (grouped_only && !layer_is_grouped(layer)))
            free_layer(layer);
        else
            list->layers[kept++] = *layer;
    }
    list->count = kept;
}

static void set_direction(clconv_problem *p, int32_t op)
{
    p->op = op;
}

/* An option of a form. Its words stand for whole numbers from `first` on; a field of the problem
 * that differs from `first` is what the case itself said. */
typedef struct form_row {
    const char *name, *suffix; /* as the grammar of cases has it */
    const char *const *words;
    size_t field;
    int32_t first;
    void (*set)(clconv_problem *p, int32_t value);
} form_row;

static bool set_all(layer_list *list, const form_row *row, const char *word, char *why, size_t room)
{
    char words[80];
    const int index = options_word(word, row->words);
    const int32_t value = row->first + index;
    if (index < 0)
        return snprintf(why, room, "--%s is one of %s, but got '%.40s'", row->name,
                        options_words_text(row->words, words, sizeof words), word),
               false;
    for (size_t i = 0; i < list->count; i++) {
        clconv_problem *p = &list->layers[i].spec.problem;
        int32_t own = 0;
        memcpy(&own, (const char *)p + row->field, sizeof own);
        if (own != row->first && own != value)
            return snprintf(why, room, "--%s %s beside %s%s of the case: give one of them",
                            row->name, word, row->suffix, row->words[own - row->first]),
                   false;
        row->set(p, value);
    }
    return true;
}

bool layers_set(layer_list *list, const layers_form *form, char *why, size_t room)
{
    static const form_row rows[] = {{"direction", "dir=", case_direction_words,
                                     offsetof(clconv_problem, op), CLCONV_FORWARD, set_direction},
                                    {"dtype", ":", case_dtype_words,
                                     offsetof(clconv_problem, x.dtype), CLCONV_F32, case_set_dtype},
                                    {"layout", ":", case_layout_words,
                                     offsetof(clconv_problem, x.layout), CLCONV_LAYOUT_PLAIN,
                                     case_set_layout}};
    const char *const word[] = {form->direction, form->dtype, form->layout};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (word[i] && !set_all(list, &rows[i], word[i], why, room))
            return false;
    for (size_t i = 0; i < list->count; i++)
        if (!check_layer(&list->layers[i], why, room))
            return false;
    return true;
}

void layers_remove(layer_list *list, size_t at)
{
    free_layer(&list->layers[at]);
    list->count--;
    memmove(&list->layers[at], &list->layers[at + 1], (list->count - at) * sizeof list->layers[0]);
}

void layers_free(layer_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_layer(&list->layers[i]);
    free(list->layers);
    *list = (layer_list){0};
}
