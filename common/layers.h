/* SPDX-License-Identifier: MIT */
/* What is measured: rows of a layer table, from a CSV file, a built-in suite or the command line.
 */
#ifndef CLCONV_LAYERS_H
#define CLCONV_LAYERS_H

#include "case.h"

#include <stdio.h>

typedef struct layer_row {
    char *model, *layer; /* as the table has them */
    case_spec spec;
    int64_t count; /* how often the model has it */
} layer_row;

typedef struct layer_list {
    layer_row *layers;
    size_t count, room;
} layer_list;

/* Adds the rows of a CSV: a line of column names, `model,layer,n,c,h,w,k,r,s,stride_h,stride_w,
 * pad_h,pad_w,dil_h,dil_w,groups,count` and perhaps `mode` (conv or shared), then one line per
 * layer; a field with a comma or a quote stands in quotes (RFC 4180). False with a sentence that
 * begins with "NAME:LINE: " for a row that is malformed or no convolution. */
bool layers_read(FILE *file, const char *name, layer_list *out, char *why, size_t room);

/* The rows of the CSV at `path`, or of the suite of that name. */
bool layers_file(const char *path, layer_list *out, char *why, size_t room);
bool layers_suite(const char *name, layer_list *out, char *why, size_t room);
/* "core, layers, quick, worklist". Returns text. */
const char *layers_suites_text(char *text, size_t room);

/* One convolution as the grammar of cases writes it: model "case", layer the text itself. */
bool layers_case(const char *text, layer_list *out, char *why, size_t room);

/* Keeps the layers of one model (NULL = all), with `grouped_only` those with groups or shared. */
void layers_select(layer_list *list, const char *model, bool grouped_only);
bool layer_is_grouped(const layer_row *layer);

/* What options say of all layers, each in words of the grammar of cases; NULL = as they are. */
typedef struct layers_form {
    const char *direction, *dtype, *layout;
} layers_form;

/* Gives every layer that form. False with a sentence for an unknown word, one beside another of the
 * case itself, or a layer that has no such form. */
bool layers_set(layer_list *list, const layers_form *form, char *why, size_t room);

void layers_remove(layer_list *list, size_t at);
void layers_free(layer_list *list);

#endif
