/* SPDX-License-Identifier: MIT */
/* The results of a run, and the forms in which they leave the program. */
#ifndef CLCONV_BENCH_REPORT_H
#define CLCONV_BENCH_REPORT_H

#include "contest.h"
#include "layers.h"

#include <jansson.h>

/* One contestant on one layer. */
typedef struct bench_row {
    const layer_row *layer;
    char *name;     /* canonical case, malloc'ed */
    char algo[48];  /* chosen or named algorithm, or rival:NAME */
    char asked[48]; /* auto, a named algorithm, or rival:NAME: whose total this is */
    int64_t batch;
    layer_work work;
    measurement m;
} bench_row;

typedef struct bench_run {
    const measured_device *device;
    const roofline *roof;
    contest_limits limits;
    uint64_t seed;
    bool strict;
    const char *command; /* that measures the same again */
    layers_form form;    /* that options give all layers */
    bench_row *rows;
    size_t count, room;
} bench_run;

/* Whether the row has numbers. */
bool row_is_measured(const bench_row *row);
/* Percent of the roof; over 100 means that the roofline was underestimated. NAN without numbers. */
double row_roof_pct(const bench_row *row, const roofline *roof);

/* The document of --json (schema/clconv-bench-1.json); a new reference, NULL without memory. */
json_t *bench_document(const bench_run *run);
/* The text of --csv, malloc'ed; NULL without memory. */
char *bench_csv(const bench_run *run);

/* The table for a person, row by row as they come. */
void table_header(const bench_run *run);
/* The rows of one layer and batch. */
void table_rows(const bench_run *run, size_t first, size_t count, bool verbose);
void table_summary(const bench_run *run);

#endif
