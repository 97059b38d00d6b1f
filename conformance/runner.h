/* SPDX-License-Identifier: MIT */
/* What main.c, isolate.c, worker.c, minimise.c, merge.c and console.c share: one run from options
 * to report. */
#ifndef CLCONV_RUNNER_H
#define CLCONV_RUNNER_H

#include "command_line.h"
#include "progress.h"
#include "quirks.h"
#include "report.h"
#include "resume.h"

typedef struct run_options {
    const char *program; /* argv[0], to start workers */
    char *device, *tier, *algo, *case_text, *baseline;
    char *dump;       /* folder for the arrays of failing cases, or NULL */
    char *quirk_path; /* quirks beside the built-in ones: a file or a folder, or NULL */
    report_files files;
    uint64_t seed;
    int64_t shard, shards, timeout; /* seconds */
    double min_coverage;            /* percent */
    bool isolate, list, minimise, verbose, worker, resume, fail_fast, no_quirks, strict;
} run_options;

#define RUN_MIN_COVERAGE 95.0 /* percent */

/* 0 to 100, fractions allowed, nothing behind it. */
bool parse_percent(const char *text, double *out);

/* Runs a case once more, after the run; with `folder`, its arrays go there. False with a sentence
 * when that cannot be done. */
typedef bool rerun_case(void *user, const case_spec *c, const char *folder, verdict *out, char *why,
                        size_t room);

typedef struct runner {
    const run_options *options;
    const suite_entry *entries;
    size_t count, tier_count;
    report *report;      /* NULL until the device is known */
    resumption *resumed; /* NULL without --resume */
    quirks quirks;
    json_t *baseline; /* what baseline_load read, NULL without --baseline */
    size_t finished;  /* entries that an earlier process has run */
    rerun_case *rerun;
    void *rerun_user;
    progress progress;
    double started;
} runner;

/* --resume: finds out what is finished, before the device is known. False with a sentence. */
bool runner_resume(runner *run, char *why, size_t room);
/* The device is known: opens the report, prints what is going to run. Takes over `card`. EXIT_GOOD,
 * or a code with a sentence in `why`. */
int runner_begin(runner *run, json_t *card, const char *selector, char *why, size_t room);
void runner_launch(runner *run, size_t entry);
bool runner_result(runner *run, size_t entry, const verdict *v, char *why, size_t room);
/* Whether the entries that are left shall not run. */
bool runner_stopped(const runner *run);
/* Explains the failures, writes the files, prints the summary; the exit code. */
int runner_finish(runner *run);

/* What --minimise and --dump ask for. False with a sentence when it cannot be done. */
bool explain_failures(runner *run, char *why, size_t room);

/* Runs all entries in this process, or in children, and finishes; the exit code. */
int run_here(runner *run);
int run_isolated(runner *run);
/* The child of run_isolated: cases on stdin, messages on WORKER_CHANNEL. */
int worker_main(const run_options *options);
enum { WORKER_CHANNEL = 3, WORKER_BATCH = 64 };
enum { WORKER_LINE = 32768 }; /* bytes of a message; a device card has all extensions in it */

/* run_case, unless a quirk skips the case. */
verdict run_under_quirks(session *s, const quirks *q, const case_spec *c);

/* A device opened the way the options say; prints why not. */
typedef struct opened_device {
    session *session;
    json_t *card;
    char selector[300];
} opened_device;
int open_device(const char *wanted, opened_device *out, char *why, size_t room);

json_t *device_card(const device_entry *device);
json_t *device_extensions(cl_device_id device); /* an array of their names */

/* --shard auto: part *shard of *shards, from the variables of Slurm, Open MPI or PMI. False with a
 * sentence when there are none, or they make no sense. */
bool auto_shard(int64_t *shard, int64_t *shards, char *why, size_t room);

/* `clconv-conform merge ...`. */
int merge_main(int argc, const char **argv);

/* Console: everything a person reads. */
void console_header(const report *r);
void console_failure(const report *r, const char *name, const verdict *v); /* FAIL or XPASS */
/* `whole` = nothing more can be left out of it; else the search was cut short. */
void console_minimal(const report *r, const char *from, const char *name, const verdict *v,
                     size_t runs, bool whole);
void console_summary(const report *r, const report_files *files, double min_coverage);
/* The sentence on stderr; returns the code. */
int console_error(int exit_code, const char *sentence);

#endif
