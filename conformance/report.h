/* SPDX-License-Identifier: MIT */
/* The results of a run, their verdict, and the files that say so. */
#ifndef CLCONV_REPORT_H
#define CLCONV_REPORT_H

#include "output.h"
#include "suite.h"

#include <jansson.h>

/* What is true of a run as a whole. Shards with equal facts (but for `shard`, `listed` and
 * `seconds`) are parts of one run. */
typedef struct run_facts {
    json_t *device;     /* the device card, see device_card.c */
    char selector[300]; /* what --device takes to find the device again */
    char library[16], kernel_hash[20];
    bool kernels_replaced;
    char quirk_hash[20]; /* of the quirks that were read, "" = none */
    char tier[16];       /* "" = one case, --case */
    char algo[16];       /* --algo, "" = every one */
    uint64_t seed;
    int64_t shard, shards;      /* 1 of 1 = whole */
    size_t listed, tier_listed; /* entries of this shard, of all shards; refused ones too */
    double seconds;
} run_facts;

typedef struct result {
    char *name;    /* canonical case with :algo and :data, unique */
    char *minimal; /* the smallest case that fails like it, or NULL */
    char origin[64], algo[16], dtype[8];
    verdict verdict;
} result;

enum { REPORT_DTYPES = CLCONV_I32 + 1 };
/* "f32" and so on; "?" for 0. */
extern const char *const report_dtype_words[REPORT_DTYPES];

/* run = passed + failed + xpassed; xfailed stands apart, for it shows nothing to be right; refused
 * = the algorithm does not do the problem, so it is no case of it. */
typedef struct tally {
    char algo[16];
    size_t run, failed, xpassed, xfailed, skipped, unsupported, refused;
    /* All of them but `refused`: of each op, element type and layout. */
    size_t accepted[CLCONV_BACKWARD_WEIGHTS + 1], accepted_dtype[REPORT_DTYPES],
        accepted_layout[CLCONV_LAYOUT_CHANNELS_LAST + 1];
    size_t accepted_endings, accepted_quantised; /* with an epilogue; with zero points and scales */
    double headroom;                             /* worst error / bound over real data */
    json_t *refusals;                            /* sentence -> how often */
} tally;

enum { REPORT_MAX_ALGORITHMS = 32 };

typedef struct report {
    run_facts facts;
    result *results;
    size_t count, room;
    tally algos[REPORT_MAX_ALGORITHMS], total;
    size_t algo_count;
    FILE *stream;     /* NDJSON beside the JSON document, or NULL */
    json_t *baseline; /* what baseline_compare found, or NULL */
    json_t *quirks;   /* those that match the device, as quirks_json has them, or NULL */
    int signal;       /* that ended it early, or 0 */
    bool strict;      /* warnings and skipped cases cost the PASS */
} report;

/* Takes over facts->device. The stream begins with the facts. NULL with a sentence in `why`. */
report *report_open(const run_facts *facts, const char *json_path, char *why, size_t room);
void report_close(report *r);

/* Counts a verdict and, unless REFUSED, keeps it. False when memory or the stream's disk is full.
 */
bool report_add(report *r, const suite_entry *entry, const verdict *v);
/* What --minimise made of result `index`. False when memory or the stream's disk is full. */
bool report_set_minimal(report *r, size_t index, const char *name);
void report_add_refusals(report *r, const char *algo, const char *sentence, size_t times);

/* Entries of the list that have not been run: the report is partial, its verdict never PASS. */
size_t report_left(const report *r);

/* FAIL and XPASS. */
bool report_is_red(case_state state);
/* Cases that the algorithm does and the device can do: run + xfailed + skipped. */
size_t tally_applicable(const tally *t);
/* What is suspicious and not red, an array of sentences; a new reference. */
json_t *report_warnings(const report *r);

/* run / applicable, 0 when nothing was applicable. */
double report_coverage(const report *r);

/* Whether coverage and quotas are judged: all shards of a tier, all algorithms. */
bool report_is_whole(const report *r);

typedef struct judgement {
    int exit_code;
    char sentence[320]; /* begins with PASS, FAIL, TOO LITTLE EVIDENCE or INTERRUPTED */
} judgement;
judgement report_judge(const report *r, double min_coverage);

/* The case to replay: of a sweep the one convolution that is wrong, alone too; else `name`. */
const char *report_culprit(const char *name, const verdict *v);

/* The REPRO line of a case, quoted for a shell. Returns text. */
const char *report_repro(const report *r, const char *name, char *text, size_t room);

typedef struct report_files {
    const char *json, *junit, *html; /* NULL = not wanted */
} report_files;

/* Whether each has a name, and no two, nor the stream F.ndjson, are one file. */
bool report_files_distinct(const report_files *files, char *why, size_t room);
/* Tries to create each file, so that a long run does not fail at its end. */
bool report_files_writable(const report_files *files, char *why, size_t room);
bool report_write(const report *r, const report_files *files, double min_coverage, char *why,
                  size_t room);

/* The document itself; a new reference, NULL without memory. */
json_t *report_document(const report *r, double min_coverage);
json_t *report_facts_json(const run_facts *facts);
bool report_facts_read(const json_t *document, run_facts *facts);
/* Whether two device cards are of one device with one driver. */
bool report_same_device(const json_t *a, const json_t *b);
/* The first fact, beside the device, in which two parts of one run cannot differ; NULL = none. */
const char *report_facts_difference(const run_facts *a, const run_facts *b);
json_t *report_verdict_json(const char *name, const verdict *v);
bool report_verdict_read(const json_t *from, verdict *v);

/* --baseline. An earlier document as case -> state; NULL with a sentence when it is none. */
json_t *baseline_load(const char *path, char *why, size_t room);
/* Sets r->baseline = {new_fail: [case that fails and did not], fixed: [case that failed and
 * passes], missing: cases only there, added: cases only here}. False without memory. */
bool baseline_compare(report *r, const json_t *earlier);

/* Markup as text, malloc'ed by libxml2 (xmlFree); NULL without memory. */
char *report_junit(const report *r);
char *report_html(const report *r, double min_coverage);
/* The page's part about quirks and warnings; nothing when there are none. */
struct markup;
void html_quirks(struct markup *m, const report *r);

/* Makes driver text fit for JSON and XML: control characters become blanks, bytes that are not
 * UTF-8 question marks. Returns text. */
char *report_clean(char *text);

#endif
