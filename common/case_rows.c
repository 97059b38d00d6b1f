/* SPDX-License-Identifier: MIT */
/* The grammar of a case as tables. */
#include "case_rows.h"

#define SIZE(member) offsetof(clconv_problem, member)

const size_row case_sizes[SIZES] = {
    [N] = {"n", SIZE(n), 1},
    [C] = {"c", SIZE(c), -1},
    [H] = {"h", SIZE(in[0]), -1},
    [W] = {"w", SIZE(in[1]), -1},
    [K] = {"k", SIZE(k), -1},
    [R] = {"r", SIZE(kernel[0]), 1},
    [S] = {"s", SIZE(kernel[1]), 1},
    [SH] = {"sh", SIZE(stride[0]), 1},
    [SW] = {"sw", SIZE(stride[1]), 1},
    [PT] = {"pt", SIZE(pad_before[0]), 0},
    [PB] = {"pb", SIZE(pad_after[0]), 0},
    [PL] = {"pl", SIZE(pad_before[1]), 0},
    [PR] = {"pr", SIZE(pad_after[1]), 0},
    [DH] = {"dh", SIZE(dilation[0]), 1},
    [DW] = {"dw", SIZE(dilation[1]), 1},
    [G] = {"g", SIZE(groups), 1},
    [B] = {"b", 0, 0},
};

const char *const case_dtype_words[] = {"f32", "f64", "f16", "bf16", "i8", "u8", "i32", NULL};
const char *const case_layout_words[] = {"nchw", "nhwc", NULL};

/* Each in the order of its enumeration in clconv.h. */
static const char *const reduce_words[] = {"none", "sum", "mean", NULL};
static const char *const pad_words[] = {"zeros", "reflect", "replicate", "circular", NULL};
static const char *const activation_words[] = {"none",       "relu",      "clip",
                                               "leaky_relu", "hardswish", NULL};
static const char *const residual_words[] = {"none", "array", "y", NULL};
static const char *const quantised_words[] = {"none", "i32", "i8", "u8", NULL};
const char *const case_direction_words[] = {"forward", "backward-data", "backward-weights", NULL};

#define CHOICE(words, member) (words), offsetof(case_spec, member), 0, 0
#define TEXT(member)          NULL, offsetof(case_spec, member), sizeof((case_spec *)0)->member, 0
#define NUMBER(member, most)  NULL, offsetof(case_spec, member), 0, (most)
#define OWN_FORM              NULL, 0, 0, 0

const suffix_row case_suffixes[SUFFIXES] = {
    [REDUCE] = {"reduce", CHOICE(reduce_words, problem.reduce)},
    [GI] = {"gi", OWN_FORM},
    [GO] = {"go", OWN_FORM},
    [PAD] = {"pad", CHOICE(pad_words, problem.pad_mode)},
    [DIR] = {"dir", CHOICE(case_direction_words, problem.op)},
    [ALGO] = {"algo", TEXT(algo)},
    [TILE] = {"tile", TEXT(tile)},
    [DATA] = {"data", TEXT(data)},
    [SEED] = {"seed", OWN_FORM},
    [SWEEP] = {"sweep", NUMBER(sweep, 9)},
    [REPEAT] = {"repeat", NUMBER(repeat, 1000)},
    [VIEW] = {"view", NUMBER(view, 3)},
    [ACT] = {"act", CHOICE(activation_words, epilogue.activation)},
    [RES] = {"res", CHOICE(residual_words, residual)},
    [SCALED] = {"scaled", NUMBER(scaled, 1)},
    [QUANT] = {"quant", CHOICE(quantised_words, quantised)},
};
