/* SPDX-License-Identifier: MIT */
/* The tuning table: which design and tile was measured to be the fastest for a layer, by device. */
#ifndef CLCONV_TUNING_H
#define CLCONV_TUNING_H

#include "internal.h"

#include <stdio.h>

/* A layer as the table knows it: no batch, no bias. Rows of one `text` differ in `image`. */
typedef struct clconv_layer {
    char text[128]; /* segments as groups x in x out, filter, stride, dilation: "32x4x4,r3s3..." */
    int32_t image[4]; /* H W P Q */
} clconv_layer;

/* False for one with so many different groups, or such views, that it has no text: it is never
 * tuned. */
bool clconv_layer_of(const clconv_work *work, clconv_layer *out);

/* A row that holds for this device, library and kernels. */
typedef struct clconv_row {
    uint64_t layer; /* hash of the text */
    int32_t image[4];
    const clconv_algo *algo;
    char tile[64]; /* with the design's word; "" = the design has none */
    int64_t ns, model_ns;
    /* Of the user's file, else of the library's: rows for devices with half units win there. */
    enum { CLCONV_ROW_CLASS, CLCONV_ROW_HALF, CLCONV_ROW_OWN } scope;
} clconv_row;

struct clconv_tuning {
    clconv_row *row; /* sorted by layer */
    size_t rows, room;
};

/* Reads the library's own table and the user's file, and the device's traits if they stand there.
 * Whatever does not hold is ignored; at level 1 the log says how much. */
void clconv_tuning_load(clconv_context *ctx);
void clconv_tuning_free(clconv_context *ctx);

/* The row of this layer and image, or of the same layer at the image nearest in size; NULL. */
const clconv_row *clconv_row_find(const clconv_tuning *tuning, const clconv_work *work,
                                  bool *exact);

/* What a line is about: this very device, driver and number of units, "cpu16|NAME|DRIVER|...", or
 * its class alone ("cpu16": a CPU with vectors of 16 floats), as rows of the library have it. Rows
 * for "cpu16half" are for those of the class with half units. */
enum { CLCONV_DEVICE_WORD = 192 };
void clconv_device_words(const clconv_context *ctx, char exact[CLCONV_DEVICE_WORD],
                         char class[CLCONV_DEVICE_WORD]);

/* tuning_file.c: the lines of the user's file; NULL when there is none. */
FILE *clconv_tuning_open(void);

#endif
