/* SPDX-License-Identifier: MIT */
/* Reading the document of a run (schema/clconv-bench-1.json): numbers, sets of rows, means. */
#ifndef CLCONV_PAGE_DOCUMENT_H
#define CLCONV_PAGE_DOCUMENT_H

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

/* NAN where there is no number. */
double report_number(const json_t *object, const char *key);
/* "" where there is no text. */
const char *report_text(const json_t *object, const char *key);
/* The rival's name where a row is of one, else NULL. */
const char *report_rival(const json_t *row);

/* The rows that have equal texts and numbers under all `keys` (ended by NULL), as one array a set:
 * an object whose entries stand in the order of the first row. NULL without memory. */
json_t *report_sets(const json_t *document, const char *const *keys);
/* Sets of one layer on one number of threads. */
json_t *report_layers(const json_t *document);
/* The fastest row of clConv itself that has a time; NULL without one. */
const json_t *report_ours(const json_t *rows);
/* The row of this algorithm that has a time, or NULL. */
const json_t *report_of(const json_t *rows, const char *algo);
/* The algorithms that occur: rivals, or our own. A new array of strings. */
json_t *report_algos(const json_t *document, bool rivals);

/* A geometric mean that grows by one value at a time; NAN and infinity do not count. */
typedef struct geometric {
    double logs;
    size_t count;
} geometric;

void geometric_add(geometric *g, double value);
/* NAN of nothing. */
double geometric_mean(const geometric *g);

#endif
