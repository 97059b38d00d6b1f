/* SPDX-License-Identifier: MIT */
/* The grammar of a case as tables, for its reader and its printer: one row per size, one per
 * suffix. */
#ifndef CLCONV_CASE_ROWS_H
#define CLCONV_CASE_ROWS_H

#include "case.h"

typedef enum size_id { N, C, H, W, K, R, S, SH, SW, PT, PB, PL, PR, DH, DW, G, B, SIZES } size_id;

/* A size: its key, its place in clconv_problem (an int64), its default (-1 = required). B has no
 * place: with b1 the problem's bias has a type. */
typedef struct size_row {
    const char *key;
    size_t offset;
    int64_t absent;
} size_row;
extern const size_row case_sizes[SIZES];

typedef enum suffix_id {
    REDUCE,
    GI,
    GO,
    PAD,
    DIR,
    ALGO,
    TILE,
    DATA,
    SEED,
    SWEEP,
    REPEAT,
    VIEW,
    ACT,
    RES,
    SCALED,
    QUANT,
    SUFFIXES
} suffix_id;

/* A suffix "key=value", in the order they print: one of a list of words (an int32 of case_spec), a
 * text (a char array of `room` bytes), a number from 1 to `most` (an int32), or, with none of
 * these, a form of its own. */
typedef struct suffix_row {
    const char *key;
    const char *const *words;
    size_t offset, room;
    int32_t most;
} suffix_row;
extern const suffix_row case_suffixes[SUFFIXES];

#endif
