/* SPDX-License-Identifier: MIT */
/* The benchmark's page and its sections. */
#ifndef CLCONV_BENCH_PAGE_H
#define CLCONV_BENCH_PAGE_H

#include "html.h"
#include "page_document.h"

/* One self-contained HTML file of a document (schema/clconv-bench-1.json), malloc'ed; NULL without
 * memory. `comparison` is what bench_compare returned, or NULL. */
char *bench_html(const json_t *document, const json_t *comparison);

/* ---- Sections ------------------------------------------------------------------------------- */

/* "direct", "rival naive". Returns text. */
const char *page_algo(const json_t *row, char *text, size_t room);
/* A number in three or four digits, never with an exponent: 0.0123, 1.234, 123.4, 12345; "-" for
 * NAN. */
const char *page_number(double value, char *text, size_t room);
/* <td class="number"> of it. */
void page_cell(markup *m, const char *name, double value);
/* The model and layer of a row, below them its case. */
void page_layer_cell(markup *m, const json_t *row);

/* The roofline measured in the run, and every layer as a point. */
void page_roofline(markup *m, const json_t *document);
/* Geometric means of the rivals' times over ours by class, and bars per layer. */
void page_rivals(markup *m, const json_t *document);
/* Milliseconds of whole models. */
void page_totals(markup *m, const json_t *document);
/* What changed since the baseline; nothing without one. */
void page_compare(markup *m, const json_t *comparison);
/* Every row. */
void page_rows(markup *m, const json_t *document);
/* Device, ceilings, how it was measured and how to do it again. */
void page_card(markup *m, const json_t *document);

#endif
