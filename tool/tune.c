/* SPDX-License-Identifier: MIT */
/* `clconv tune`: finds the fastest right variant of each layer and writes it into the table. */
#include "tune.h"

#include "command_line.h"
#include "errors.h"
#include "interrupt.h"
#include "options.h"
#include "tool.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char name[] = "clconv tune";

static struct {
    char *device, *layers, *suite, *model, *direction, *dtype, *layout, *jobs;
    int again, list, traits, warm_up, json, help;
} opt;

static struct poptOption rows[] = {
    TEXT_OPTION("device", &opt.device, "D", "index or part of a name ('clconv devices')"),
    TEXT_OPTION("layers", &opt.layers, "CSV", "the layers of this table (columns below)"),
    TEXT_OPTION("suite", &opt.suite, "NAME", "the layers of a suite of clconv-bench"),
    TEXT_OPTION("model", &opt.model, "M", "only the layers of this model"),
    TEXT_OPTION("direction", &opt.direction, "D",
                "forward, or the gradients: backward-data, backward-weights"),
    TEXT_OPTION("dtype", &opt.dtype, "T", "all arrays of this type: f32, f64, f16, bf16, i8, u8"),
    TEXT_OPTION("layout", &opt.layout, "L", "nchw, or nhwc: x and y NHWC, w OHWI"),
    FLAG_OPTION("again", '\0', &opt.again, "also the layers that have a row of yours"),
    FLAG_OPTION("list", '\0', &opt.list, "say which rows the layers have; measure nothing"),
    FLAG_OPTION("traits", '\0', &opt.traits, "only measure what the device can do"),
    FLAG_OPTION("warm-up", '\0', &opt.warm_up, "only build the programs the layers need"),
    {"jobs", 'j', POPT_ARG_STRING, &opt.jobs, 0, "processes of --warm-up (one per processor)", "N"},
    FLAG_OPTION("json", '\0', &opt.json, "the results as JSON"),
    FLAG_OPTION("help", 'h', &opt.help, "this text"),
    POPT_TABLEEND};

static const char text[] =
    "\nTries the designs and tiles that a layer could be computed with, each verified bit by bit\n"
    "against `naive` and against sums of the CPU, and writes the fastest into your tuning table,\n"
    "which every plan looks into (`clconv explain` says when it did). The batch does not matter:\n"
    "a row serves every batch, and other image sizes until they have one of their own.\n"
    "\n"
    "Layers are CASE words (see 'clconv explain --help'), a table, a suite, or, without any of\n"
    "these, the suite `worklist`. Each is saved when it is done: SIGINT loses only the one that\n"
    "is being measured, and the next run goes on behind the others. Rows for another driver, "
    "another\n"
    "version or edited kernels are not used, and so are measured again. The first run also\n"
    "measures what the device can do, for the layers without rows, and for which of the library's\n"
    "rows it gets (--traits: nothing else, 3 seconds). Leave the machine alone meanwhile.\n"
    "\n"
    "Columns of a table: model,layer,n,c,h,w,k,r,s,stride_h,stride_w,pad_h,pad_w,dil_h,dil_w,\n"
    "groups,count and perhaps mode (conv, shared).\n"
    "\n"
    "Examples\n"
    "  clconv tune                                    what networks are made of, minutes\n"
    "  clconv tune c128hw56k128rs3p1g32               one layer, seconds\n"
    "  clconv tune --layers mine.csv --json >mine.json\n"
    "  clconv tune --suite core --model mobilenet_v2 --list\n"
    "  clconv tune --suite core --direction backward-weights    a gradient\n"
    "  clconv tune --suite core --dtype f16           float16; rows of one type serve no other\n"
    "  clconv tune --suite core --warm-up -j 4        programs into the cache, so that the first\n"
    "                                                 plan of a process need not compile\n"
    "\n"
    "The table is tuning.txt beside the cached programs ($CLCONV_CACHE_DIR, else\n"
    "~/.cache/clconv). Exit status: 0 good; 1 a layer has no right result, or a file or the\n"
    "device failed; 2 wrong usage; 77 no OpenCL device; 130, 143 ended by SIGINT, SIGTERM.\n";

/* ---- Layers ---------------------------------------------------------------------------------- */

static bool add_cases(poptContext context, layer_list *layers, char *why, size_t room)
{
    for (const char *word = poptGetArg(context); word; word = poptGetArg(context))
        if (!layers_case(word, layers, why, room))
            return false;
    return true;
}

/* What the layer is to the tuning table. */
static const char *layer_text(const layer_row *layer, char *out)
{
    case_spec spec = layer->spec;
    spec.problem.n = 1;
    spec.problem.b.dtype = 0;
    return case_print(&spec, out, CASE_TEXT);
}

/* Keeps the first of layers that share a row. */
static void drop_repeated(layer_list *layers)
{
    char *a = malloc(CASE_TEXT), *b = malloc(CASE_TEXT);
    for (size_t i = 0; a && b && i < layers->count; i++)
        for (size_t j = layers->count - 1; j > i; j--)
            if (strcmp(layer_text(&layers->layers[i], a), layer_text(&layers->layers[j], b)) == 0)
                layers_remove(layers, j);
    free(a);
    free(b);
}

static bool read_layers(poptContext context, layer_list *layers, char *why, size_t room)
{
    if (!add_cases(context, layers, why, room) ||
        (opt.layers && !layers_file(opt.layers, layers, why, room)) ||
        (opt.suite && !layers_suite(opt.suite, layers, why, room)) ||
        (!layers->count && !opt.layers && !opt.suite &&
         !layers_suite("worklist", layers, why, room)))
        return false;
    layers_select(layers, opt.model, false);
    const layers_form form = {opt.direction, opt.dtype, opt.layout};
    if (!layers_set(layers, &form, why, room))
        return false;
    if (!layers->count)
        return errors_why(why, room, "there are no layers%s%s", opt.model ? " of model " : "",
                          opt.model ? opt.model : "");
    for (size_t i = 0; i < layers->count; i++)
        if (layers->layers[i].spec.algo[0])
            return errors_why(why, room, "case: algo=%s: tuning is what finds the algorithm",
                              layers->layers[i].spec.algo);
    drop_repeated(layers);
    return true;
}

/* ---- What is said ---------------------------------------------------------------------------- */

static void variant_text(const clconv_variant *v, char *out, size_t room)
{
    snprintf(out, room, "%s%s%s", v->algorithm, v->tile[0] ? " " : "", v->tile);
}

static void print_result(const char *layer, const tune_result *r)
{
    char best[96], model[96];
    variant_text(&r->best, best, sizeof best);
    variant_text(&r->model, model, sizeof model);
    printf("%-36s %-34s %8.4f ms  %zu tried; ", layer, best, r->ms, r->tried);
    if (!r->model.algorithm[0])
        puts("the cost model's choice failed");
    else if (strcmp(best, model) == 0)
        puts("as the cost model has it");
    else
        printf("cost model: %s %.4f ms, %.2fx\n", model, r->model_ms, r->model_ms / r->ms);
    fflush(stdout);
}

static json_t *result_json(const char *layer, const tune_result *r)
{
    json_t *row = json_pack("{s:s, s:I, s:I}", "case", layer, "tried", (json_int_t)r->tried,
                            "wrong", (json_int_t)r->wrong);
    if (r->why[0])
        json_object_set_new(row, "why", json_string(r->why));
    if (!r->best.algorithm[0])
        return row;
    const struct {
        const char *key;
        const clconv_variant *v;
        double ms;
    } parts[] = {{"best", &r->best, r->ms},
                 {"model", &r->model, r->model_ms},
                 {"default", &r->best_default, r->default_ms}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].v->algorithm[0])
            json_object_set_new(row, parts[i].key,
                                json_pack("{s:s, s:s, s:f}", "algorithm", parts[i].v->algorithm,
                                          "tile", parts[i].v->tile, "ms", parts[i].ms));
    return row;
}

static json_t *traits_json(const clconv_context *ctx)
{
    clconv_traits t = {.size = sizeof t};
    clconv_context_traits(ctx, &t);
    return json_pack("{s:b, s:f, s:f, s:f, s:f, s:f, s:f}", "measured", t.measured, "macs_per_s",
                     t.macs_per_s, "half_macs_per_s", t.half_macs_per_s, "cache_bytes",
                     t.cache_bytes, "cache_bytes_per_s", t.cache_bytes_per_s, "memory_bytes_per_s",
                     t.memory_bytes_per_s, "launch_s", t.launch_s);
}

static void print_traits(const clconv_context *ctx)
{
    clconv_traits t = {.size = sizeof t};
    clconv_context_traits(ctx, &t);
    printf(
        "%.1f Gmac/s, %.1f with vectors half as wide; %.1f GB/s within %.3g MiB, %.1f past them; "
        "%.2f us a launch; saved in %s\n",
        t.macs_per_s * 1e-9, t.half_macs_per_s * 1e-9, t.cache_bytes_per_s * 1e-9,
        t.cache_bytes / (1 << 20), t.memory_bytes_per_s * 1e-9, t.launch_s * 1e6,
        clconv_tuning_path());
}

static void print_json(json_t *list, const measured_device *d)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:s, s:o, s:O}", "schema", "clconv-tune-1", "device",
                             d->entry.name, "version", clconv_version(), "table",
                             clconv_tuning_path(), "traits", traits_json(d->ctx), "layers", list);
    json_dumpf(root, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(root);
}

/* ---- Tuning ---------------------------------------------------------------------------------- */

static bool has_row(const clconv_context *ctx, const layer_row *layer)
{
    clconv_tuned row = {.size = sizeof row};
    const clconv_problem p = case_problem(&layer->spec);
    return clconv_tuning_find(ctx, &p, &row) == CLCONV_OK && row.scope == 2 && row.own;
}

static bool save(const clconv_context *ctx, const case_spec *spec, const tune_result *r)
{
    const clconv_problem p = case_problem(spec);
    clconv_tuned row = {.size = sizeof row, .ms = r->ms, .model_ms = r->model_ms};
    memcpy(row.algorithm, r->best.algorithm, sizeof row.algorithm);
    memcpy(row.tile, r->best.tile, sizeof row.tile);
    return clconv_tuning_save(ctx, &p, &row) == CLCONV_OK;
}

/* One layer from its trial to its row. False = it has none, or one variant was wrong. */
static bool tune_layer(const measured_device *d, const layer_row *layer, progress *p, json_t *list)
{
    tune_result result;
    char word[CASE_TEXT], sentence[600];
    bool good = trial_run(d, &layer->spec, p, &result);
    case_print(&layer->spec, word, sizeof word);
    if (result.interrupted)
        return true;
    progress_clear(p);
    if (good && !opt.json)
        print_result(word, &result);
    json_array_append_new(list, result_json(word, &result));
    if (result.wrong || !good) {
        snprintf(sentence, sizeof sentence, "%.150s: %s%s", word, result.why,
                 good ? "; it gets no row" : "; the layer gets no row");
        errors_print(sentence);
    }
    if (good && !save(d->ctx, &layer->spec, &result)) {
        errors_print(clconv_last_error());
        good = false;
    }
    return good && !result.wrong;
}

static int tune_all(const measured_device *d, const layer_list *layers)
{
    size_t total = 0, tuned = 0, known = 0, failed = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < layers->count; i++) {
        const clconv_problem p = case_problem(&layers->layers[i].spec);
        total += opt.again || !has_row(d->ctx, &layers->layers[i]) ? trial_count(d, &p) : 0;
    }
    progress p = progress_start(total, false);
    for (size_t i = 0; i < layers->count && !interrupt_signal(); i++) {
        if (!opt.again && has_row(d->ctx, &layers->layers[i]))
            known++;
        else if (tune_layer(d, &layers->layers[i], &p, list))
            tuned += interrupt_signal() == 0;
        else
            failed++;
    }
    progress_clear(&p);
    if (opt.json)
        print_json(list, d);
    else if (opt.traits)
        print_traits(d->ctx);
    else
        printf("%zu layers tuned, %zu had a row, %zu failed; the table is %s\n", tuned, known,
               failed, clconv_tuning_path());
    json_decref(list);
    return interrupt_signal() ? 128 + interrupt_signal() : failed ? EXIT_DEVICE : EXIT_GOOD;
}

/* Traits that were not measured yet are, and then known to the context. */
static int settle_traits(measured_device *d, char *why, size_t room)
{
    clconv_traits traits = {.size = sizeof traits};
    clconv_context_traits(d->ctx, &traits);
    if (traits.measured && !opt.again && !opt.traits)
        return EXIT_GOOD;
    if (!traits_measure(d, why, room))
        return EXIT_DEVICE;
    clconv_context_destroy(d->ctx);
    if (clconv_context_create(d->cl, d->entry.device, &d->ctx) == CLCONV_OK)
        return EXIT_GOOD;
    snprintf(why, room, "%s", clconv_last_error());
    return EXIT_DEVICE;
}

static int tune(const layer_list *layers)
{
    measured_device d;
    char why[600];
    if (!*clconv_tuning_path())
        return tool_fail(EXIT_USAGE, "there is no place for the table: CLCONV_CACHE_DIR is empty, "
                                     "or neither it nor HOME is set");
    interrupt_watch();
    int status = device_open(opt.device, &d, why, sizeof why);
    if (status == EXIT_GOOD)
        status = settle_traits(&d, why, sizeof why);
    if (status)
        errors_print(why);
    else
        status = tune_all(&d, layers);
    setenv("CLCONV_CACHE_DIR", "", 1); /* the programs that lost are not worth keeping */
    device_close(&d);
    return status;
}

/* ---- --list ---------------------------------------------------------------------------------- */

static int list_rows(const layer_list *layers)
{
    static const char *const scope[] = {"cost model", "row of another image size", "row"};
    tool_device device;
    char word[CASE_TEXT];
    int status = tool_device_open(opt.device, &device);
    for (size_t i = 0; i < layers->count && status == EXIT_GOOD; i++) {
        clconv_tuned row = {.size = sizeof row};
        const clconv_problem p = case_problem(&layers->layers[i].spec);
        clconv_tuning_find(device.context, &p, &row);
        printf("%-36s %s%s", case_print(&layers->layers[i].spec, word, sizeof word),
               row.scope && !row.own ? "the library's " : "", scope[row.scope]);
        if (row.scope)
            printf(": %s %s %.4f ms", row.algorithm, row.tile, row.ms);
        putchar('\n');
    }
    tool_device_close(&device);
    return status;
}

/* ---- Command line ---------------------------------------------------------------------------- */

static int run(const layer_list *layers)
{
    int64_t jobs = 0;
    if (opt.jobs && (!options_integer(opt.jobs, &jobs) || jobs < 1 || jobs > 256))
        return tool_wrong_usage(name, "-j takes 1 to 256 processes, but got '%s'", opt.jobs);
    if (opt.jobs && !opt.warm_up)
        return tool_wrong_usage(name, "-j is for --warm-up: what is timed runs alone");
    if (opt.traits && layers->count)
        return tool_wrong_usage(name, "--traits is about the device: it takes no layers");
    if (opt.warm_up + opt.list + opt.again > 1 || opt.warm_up + opt.list + opt.traits > 1 ||
        ((opt.warm_up || opt.list) && opt.json))
        return tool_wrong_usage(name, "--warm-up and --list stand alone");
    return opt.warm_up ? warm_up(layers, opt.device, (size_t)jobs)
           : opt.list  ? list_rows(layers)
                       : tune(layers);
}

int tool_tune(int argc, const char **argv)
{
    char why[600];
    layer_list layers = {0};
    int status = EXIT_GOOD;
    number_options(rows);
    poptContext context = poptGetContext(argv[0], argc, argv, rows, 0);
    poptSetOtherOptionHelp(context, "[OPTION...] [CASE...]");
    if (!take_options(context, rows, why, sizeof why)) {
        status = tool_wrong_usage(name, "%s", why);
    } else if (opt.help) {
        poptPrintHelp(context, stdout, 0);
        fputs(text, stdout);
    } else if (!(opt.traits && !opt.layers && !opt.suite && !poptPeekArg(context)) &&
               !read_layers(context, &layers, why, sizeof why)) {
        status = tool_fail(EXIT_USAGE, "%s", why);
    } else {
        status = run(&layers);
    }
    poptFreeContext(context);
    release_texts(rows);
    layers_free(&layers);
    return status;
}
