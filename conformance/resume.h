/* SPDX-License-Identifier: MIT */
/* What a run that was ended before its time left in F.ndjson, and how --resume goes on from there.
 */
#ifndef CLCONV_RESUME_H
#define CLCONV_RESUME_H

#include "report.h"

#include <sys/types.h>

typedef struct resumption {
    char path[4096];
    json_t *identity;  /* the first line, what --resume compares; NULL = there was no such run */
    run_facts facts;   /* read from it */
    json_t *minimal;   /* case -> the minimal one that --minimise has made of it */
    verdict *verdicts; /* of the first `count` entries, in their order */
    size_t count;
    double seconds; /* that they took */
    off_t whole;    /* bytes up to the end of the last whole line */
} resumption;

/* Reads the stream beside `json_path`. No stream, or one without a whole line: nothing is finished.
 * False with a sentence when it is of a run with other facts or other entries; devices are not
 * compared yet. Release with resume_free in any case. */
bool resume_read(resumption *r, const char *json_path, const run_facts *now,
                 const suite_entry *entries, char *why, size_t room);
void resume_free(resumption *r);

/* Whether the device is the one the run began on; a sentence when not. */
bool resume_same_device(const resumption *r, const json_t *device, char *why, size_t room);

/* Puts the finished entries into a report without a stream, and lets it append to the old one. */
bool resume_into(const resumption *r, report *into, const suite_entry *entries, char *why,
                 size_t room);

#endif
