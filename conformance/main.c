/* SPDX-License-Identifier: MIT */
/* clconv-conform: checks a device's convolutions against the oracle. Options and exit codes. */
#include "runner.h"

#include "dump.h"
#include "interrupt.h"
#include "errors.h"
#include "options.h"
#include "tiers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char epilog[] =
    "\n"
    "Tiers: smoke (26 shapes, seconds); ci (pairs, draws, boundaries, real layers, sweeps;\n"
    "minutes); nightly (triples, 2,000 draws under the day's seed, every layer; an hour);\n"
    "qualify (and 8 images, tensors past 2^31 elements, repetitions, every work-group; hours).\n"
    "Every case runs under every algorithm; CASE is one word, dilation 1 is dense as in PyTorch.\n"
    "\n"
    "Examples:\n"
    "  clconv-conform                                    is this device right? in seconds\n"
    "  clconv-conform --tier ci --html report.html       the whole check, with a page to read\n"
    "  clconv-conform --device 1 --isolate --tier ci     a driver that may crash or hang\n"
    "  clconv-conform --tier ci --minimise --dump bugs   what fails, as small as it gets\n"
    "  clconv-conform --case 'n2c6h7w5k9r2s3p1g3b1'      one convolution, every algorithm\n"
    "  clconv-conform --tier ci --json new.json --baseline old.json   what has changed since?\n"
    "  clconv-conform --tier ci --shard 1/2 --json 1.json &  two processes share one run ...\n"
    "  clconv-conform --tier ci --shard 2/2 --json 2.json; wait\n"
    "  clconv-conform merge 1.json 2.json --html all.html    ... and merge judges it\n"
    "  srun -n 8 sh -c 'clconv-conform --shard auto --json $SLURM_PROCID.json'   ... or eight\n"
    "\n"
    "Exit status: 0 good; 1 a case failed, or the named algorithm refuses; 2 wrong usage;\n"
    "3 too little evidence (coverage, cases per algorithm; under --strict also any skipped case,\n"
    "expired quirk or quirk without effect); 77 no OpenCL device; 130, 143 ended by SIGINT, "
    "SIGTERM:\n"
    "after the running case and with its reports, which --resume completes; a second one kills.\n";

/* popt writes texts and numbers here; they are checked afterwards. */
typedef struct raw_options {
    char *seed, *shard, *coverage, *timeout;
    int isolate, list, minimise, verbose, worker, resume, fail_fast, no_quirks, strict, help;
} raw_options;

/* Whether the library has an algorithm; if not, `why` lists those it has. */
static bool known_algorithm(const char *name, char *why, size_t room)
{
    const char *names[REPORT_MAX_ALGORITHMS + 1] = {NULL};
    char words[256];
    for (size_t i = 0; i < REPORT_MAX_ALGORITHMS && clconv_algorithm_name(i); i++)
        names[i] = clconv_algorithm_name(i);
    return options_word(name, names) >= 0 ||
           errors_why(why, room, "there is no algorithm '%s' (%s)", name,
                      options_words_text(names, words, sizeof words));
}

static bool read_shard(const char *text, int64_t shard[2], char *why, size_t room)
{
    size_t count = 0;
    if (strcmp(text, "auto") == 0)
        return auto_shard(&shard[0], &shard[1], why, room);
    return (options_list(text, '/', 2, 2, shard, &count) && shard[0] >= 1 &&
            shard[0] <= shard[1]) ||
           errors_why(why, room, "--shard takes I/N with 1 <= I <= N, or auto, but got '%s'", text);
}

static bool read_numbers(const raw_options *raw, run_options *o, char *why, size_t room)
{
    int64_t seed = TIER_DEFAULT_SEED, shard[2] = {1, 1};
    o->timeout = 120;
    o->min_coverage = RUN_MIN_COVERAGE;
    if (raw->seed && (!options_integer(raw->seed, &seed) || seed < 0))
        return errors_why(why, room,
                          "--seed takes a whole number from 0 to %" PRId64 ", but got '%s'",
                          INT64_MAX, raw->seed);
    if (raw->shard && !read_shard(raw->shard, shard, why, room))
        return false;
    if (o->case_text && shard[1] > 1)
        return errors_why(why, room, "--case is one convolution: it has no %" PRId64 " shards",
                          shard[1]);
    if (raw->coverage && !parse_percent(raw->coverage, &o->min_coverage))
        return errors_why(why, room, "--min-coverage takes 0 to 100, but got '%s'", raw->coverage);
    if (raw->timeout &&
        (!options_integer(raw->timeout, &o->timeout) || o->timeout < 1 || o->timeout > 86400))
        return errors_why(why, room, "--timeout takes 1 to 86400 seconds, but got '%s'",
                          raw->timeout);
    if (raw->timeout && !raw->isolate)
        return errors_why(why, room,
                          "--timeout needs --isolate: only a child process can be stopped");
    o->seed = (uint64_t)seed;
    o->shard = shard[0];
    o->shards = shard[1];
    return true;
}

static bool read_words(const raw_options *raw, run_options *o, char *why, size_t room)
{
    char words[128];
    if (o->tier && options_word(o->tier, tier_names) < 0)
        return errors_why(why, room, "--tier is one of %s, but got '%s'",
                          options_words_text(tier_names, words, sizeof words), o->tier);
    if (o->algo && !known_algorithm(o->algo, why, room))
        return false;
    if (o->case_text && (o->tier || raw->seed))
        return errors_why(why, room,
                          "--case is one convolution: --tier and --seed do not go with it "
                          "(a seed is written in the case, :seed=7)");
    if (!report_files_distinct(&o->files, why, room))
        return false;
    if (o->baseline && !*o->baseline)
        return errors_why(why, room, "--baseline needs a file name, but got ''");
    if (raw->resume && !o->files.json)
        return errors_why(why, room,
                          "--resume needs --json F: what is finished stands in F.ndjson");
    o->resume = raw->resume;
    if (o->dump && (!*o->dump || strchr(o->dump, '\n')))
        return errors_why(why, room, "--dump takes the name of a folder, in one line");
    o->isolate = raw->isolate;
    o->list = raw->list;
    o->minimise = raw->minimise;
    o->verbose = raw->verbose;
    o->worker = raw->worker;
    o->fail_fast = raw->fail_fast;
    o->no_quirks = raw->no_quirks;
    o->strict = raw->strict;
    return true;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

/* --case: as it stands, under each algorithm unless one is named. */
static suite_entry *list_case(const run_options *o, size_t *count, char *why, size_t room)
{
    char words[128];
    case_spec c;
    *count = 0;
    if (!case_parse(o->case_text, &c, why, room))
        return NULL;
    const clconv_problem p = suite_problem(&c);
    if (clconv_validate(&p) != CLCONV_OK)
        return errors_why(why, room, "%s", clconv_last_error()), NULL;
    if (c.data[0] && options_word(c.data, data_mode_names) < 0)
        return errors_why(why, room, "data=%s: data is one of %s", c.data,
                          options_words_text(data_mode_names, words, sizeof words)),
               NULL;
    if (o->algo && c.algo[0] && strcmp(o->algo, c.algo) != 0)
        return errors_why(why, room, "--algo %s contradicts algo=%s of the case", o->algo, c.algo),
               NULL;
    if (o->algo)
        snprintf(c.algo, sizeof c.algo, "%s", o->algo);
    if (c.algo[0] && !known_algorithm(c.algo, why, room))
        return NULL;
    if (c.tile[0] && !c.algo[0])
        return errors_why(why, room, "tile=%s needs an algorithm, algo=NAME", c.tile), NULL;
    if (!c.data[0])
        snprintf(c.data, sizeof c.data, "exact");
    suite_entry *entries = calloc(REPORT_MAX_ALGORITHMS, sizeof *entries);
    for (size_t i = 0; entries && clconv_algorithm_name(i); i++) {
        if (c.algo[0] && strcmp(c.algo, clconv_algorithm_name(i)) != 0)
            continue;
        suite_entry *entry = &entries[(*count)++];
        *entry = (suite_entry){.spec = c, .origin = "--case"};
        snprintf(entry->spec.algo, sizeof entry->spec.algo, "%s", clconv_algorithm_name(i));
    }
    return entries;
}

/* Drops the entries of other shards and of other algorithms; returns how many all shards have. */
static size_t select_entries(const run_options *o, suite_entry *entries, size_t *count)
{
    size_t kept = 0, all = 0;
    for (size_t i = 0; i < *count; i++) {
        const case_spec *c = &entries[i].spec;
        if (o->algo && strcmp(o->algo, c->algo) != 0)
            continue;
        all++;
        if (tier_problem_hash(c) % (uint64_t)o->shards == (uint64_t)(o->shard - 1))
            entries[kept++] = entries[i];
    }
    *count = kept;
    return all;
}

static int print_list(const run_options *o, const suite_entry *entries, size_t count)
{
    char name[CASE_TEXT];
    for (size_t i = 0; i < count; i++) {
        printf("%s", case_print(&entries[i].spec, name, sizeof name));
        printf(o->verbose ? "\t%s\n" : "\n", entries[i].origin);
    }
    return EXIT_GOOD;
}

static int run_entries(runner *r, char *why, size_t room)
{
    const run_options *o = r->options;
    resumption resumed = {0};
    int code = EXIT_USAGE;
    interrupt_watch();
    if (o->resume)
        r->resumed = &resumed;
    if (!quirks_load(&r->quirks, o->quirk_path, !o->no_quirks, why, room))
        console_error(code, why);
    else if (o->baseline && !(r->baseline = baseline_load(o->baseline, why, room)))
        console_error(code, why);
    else if (o->resume && !runner_resume(r, why, room))
        console_error(code, why);
    else
        code = o->isolate ? run_isolated(r) : run_here(r);
    json_decref(r->baseline);
    quirks_free(&r->quirks);
    resume_free(&resumed);
    return code;
}

static int run(const run_options *o)
{
    char why[4352] = "no memory for the list of cases";
    runner r = {.options = o};
    if (!report_files_writable(&o->files, why, sizeof why) ||
        (o->dump && !o->list && !dump_prepare(o->dump, why, sizeof why)))
        return console_error(EXIT_DEVICE, why);
    suite_entry *entries = o->case_text ? list_case(o, &r.count, why, sizeof why)
                                        : generate_tier(o->tier, o->seed, &r.count);
    int code = EXIT_USAGE;
    if (!entries) {
        console_error(code, why);
    } else {
        r.tier_count = select_entries(o, entries, &r.count);
        r.entries = entries;
        code = o->list ? print_list(o, entries, r.count) : run_entries(&r, why, sizeof why);
    }
    report_close(r.report);
    free(entries);
    return code;
}

/* ---- Command line --------------------------------------------------------------------------- */

static int dispatch(poptContext context, const struct poptOption *table, run_options *o,
                    const raw_options *raw)
{
    char why[512];
    const bool taken = take_options(context, table, why, sizeof why);
    const char *stray = poptPeekArg(context);
    if (!taken)
        return console_error(EXIT_USAGE, why);
    if (raw->help) {
        poptPrintHelp(context, stdout, 0);
        fputs(epilog, stdout);
        return EXIT_GOOD;
    }
    if (stray)
        errors_why(why, sizeof why, "'%s' is not an option (see --help)", stray);
    else if (read_words(raw, o, why, sizeof why) && read_numbers(raw, o, why, sizeof why)) {
        char smoke[] = "smoke";
        o->tier = o->tier ? o->tier : smoke;
        o->seed = raw->seed ? o->seed : tier_seed(o->tier);
        const int code = o->worker ? worker_main(o) : run(o);
        o->tier = o->tier == smoke ? NULL : o->tier;
        return code;
    }
    return console_error(EXIT_USAGE, why);
}

/* Whether what was printed arrived: a verdict on a full disk is an error. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    return console_error(EXIT_DEVICE, "standard output cannot be written");
}

int main(int argc, const char **argv)
{
    if (argc > 1 && strcmp(argv[1], "merge") == 0) {
        argv[1] = "clconv-conform merge"; /* what its help shows */
        return finish(merge_main(argc - 1, argv + 1));
    }

    run_options o = {.program = argv[0]};
    raw_options raw = {0};
    /* clang-format off */
    struct poptOption table[] = {
        TEXT_OPTION("device", &o.device, "D",
                    "Index or part of the name, as `clconv devices` prints them"),
        TEXT_OPTION("tier", &o.tier, "TIER", "smoke (default), ci, nightly, qualify"),
        TEXT_OPTION("algo", &o.algo, "NAME", "Only this algorithm"),
        TEXT_OPTION("case", &o.case_text, "CASE", "Only this convolution"),
        TEXT_OPTION("seed", &raw.seed, "N", "Other draws and data (1; nightly, qualify: the date)"),
        TEXT_OPTION("shard", &raw.shard, "I/N",
                    "Part I of N, or auto: as Slurm, Open MPI or PMI says; merge judges the whole"),
        TEXT_OPTION("json", &o.files.json, "F", "Write results as JSON, and F.ndjson as they come"),
        FLAG_OPTION("resume", '\0', &raw.resume,
                    "Go on where a run that was killed stopped, as F.ndjson says"),
        TEXT_OPTION("junit", &o.files.junit, "F", "Write results as JUnit XML"),
        TEXT_OPTION("html", &o.files.html, "F", "Write results as a page to read"),
        TEXT_OPTION("baseline", &o.baseline, "F",
                    "Tell what fails or passes since F, an earlier --json"),
        TEXT_OPTION("min-coverage", &raw.coverage, "PCT",
                    "Percent of the applicable cases that must have run (95)"),
        TEXT_OPTION("quirks", &o.quirk_path, "PATH",
                    "Known faults beside the built-in ones: a quirk file, or a folder of them"),
        FLAG_OPTION("no-quirks", '\0', &raw.no_quirks, "Without the built-in quirks"),
        FLAG_OPTION("strict", '\0', &raw.strict,
                    "A warning or a skipped case is too little evidence"),
        FLAG_OPTION("fail-fast", '\0', &raw.fail_fast,
                    "Stop at the first case that fails; the reports are partial"),
        FLAG_OPTION("minimise", '\0', &raw.minimise,
                    "Shrink failing cases to small ones that fail alike"),
        TEXT_OPTION("dump", &o.dump, "DIR", "Write the arrays of failing cases to DIR as .npy"),
        FLAG_OPTION("list", '\0', &raw.list, "Print the cases and run none; needs no device"),
        FLAG_OPTION("verbose", 'v', &raw.verbose, "Print each replay line before its launch"),
        FLAG_OPTION("isolate", '\0', &raw.isolate,
                    "Run in child processes: a crash or hang fails one case"),
        TEXT_OPTION("timeout", &raw.timeout, "S",
                    "With --isolate: seconds that a case may take (120)"),
        {"worker", '\0', POPT_ARG_NONE | POPT_ARGFLAG_DOC_HIDDEN, &raw.worker, 0, NULL, NULL},
        FLAG_OPTION("help", 'h', &raw.help, "Show this text"),
        POPT_TABLEEND};
    /* clang-format on */
    number_options(table);
    /* PoCL's handler would swallow a division by zero on the host. */
    setenv("POCL_SIGFPE_HANDLER", "0", 0);
    /* Today's compiler is under test, not a binary of last week; and fetching hundreds of binaries
     * for the cache would take longer than the cases. */
    setenv("CLCONV_CACHE_DIR", "", 0);
    poptContext context = poptGetContext("clconv-conform", argc, argv, table, 0);
    poptSetOtherOptionHelp(context, "[options] | merge SHARD.json ...");
    const int code = finish(dispatch(context, table, &o, &raw));
    release_texts(table);
    poptFreeContext(context);
    return code;
}
