/* SPDX-License-Identifier: MIT */
/* Known faults of devices, by which cases are skipped or expected to fail; quirks/README.md says
 * how they are written. */
#ifndef CLCONV_QUIRKS_H
#define CLCONV_QUIRKS_H

#include "suite.h"

#include <jansson.h>

typedef struct quirk {
    const char *id, *cases, *reason, *link, *expires;   /* of the document it stands in */
    const char *platform, *device, *driver, *extension; /* what it matches, NULL = anything */
    bool skip;                                          /* else the cases shall fail */
} quirk;

/* Start with {0}, which holds none. */
typedef struct quirks {
    quirk *all; /* one's own before the built-in ones: the first that fits a case decides */
    size_t count;
    json_t *documents;
    char hash[20];  /* of all that were read, "" = none */
    char today[11]; /* YYYY-MM-DD, UTC */
} quirks;

/* Reads those of `path`, a file or a folder's *.json (NULL = none), and, if `built_in`, those of
 * the program. False with a sentence that names file, quirk and field. Release with quirks_free in
 * any case. */
bool quirks_load(quirks *q, const char *path, bool built_in, char *why, size_t room);
void quirks_free(quirks *q);

/* Drops those that a device card does not match. */
void quirks_match(quirks *q, const json_t *card);

/* The quirk that fits a case, named as case_print does, or NULL. */
const quirk *quirks_find(const quirks *q, const char *name);

/* Whether a case shall not run; then `out` is its verdict. */
bool quirks_skip(const quirks *q, const case_spec *c, verdict *out);
/* FAIL becomes XFAIL and PASS becomes XPASS where a quirk expects a failure. */
void quirks_judge(const quirks *q, const case_spec *c, verdict *v);

/* For the report: [{id, action, cases, reason, link, expires, expired, applied: 0}]. */
json_t *quirks_json(const quirks *q);

/* Whether a version is within a range such as ">= 21.1, < 23": numbers between dots are compared,
 * those that are missing are 0, and what stands before the first and behind the last is left out. A
 * pattern that does not begin with <, > or = is a glob. */
bool quirks_version_fits(const char *pattern, const char *version);

#endif
