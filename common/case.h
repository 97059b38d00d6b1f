/* SPDX-License-Identifier: MIT */
/* A convolution in one word: the grammar that every program, report and replay line speaks.
 *
 *   n2c6h7w5k9r2s3sh2sw1ph0pw2dh1dw3g3b1:f32:go=3+3+3:algo=direct:data=real:seed=7
 *
 * Letters followed by digits; c h w k are required, the rest default to n1 r1 s1 sh1 sw1 ph0 pw0
 * dh1 dw1 g1 b0. Short forms set both axes: hw image, rs kernel, st stride, p padding, d dilation;
 * pt pb pl pr, after them, set one side. Dilation 1 is dense, as in PyTorch. Suffixes follow in any
 * order and print in this one:
 *
 *   :f32 (f64 f16 bf16 i8 u8 i32)  :nchw (nhwc)  :shared  :reduce=none|sum|mean  :gi=1+1+1
 * :go=3+3+2 :pad=zeros|reflect|replicate|circular  :dir=forward|backward-data|backward-weights
 * :algo=NAME :tile=kb=4,xb=8  :data=NAME  :seed=7  :sweep=5  :repeat=10  :view=1
 * :act=none|relu|clip|leaky_relu|hardswish  :res=none|array|y  :scaled=1  :quant=none|i32|i8|u8
 *
 * sweep, repeat and view belong to the conformance suite: sweep=N stands for the convolution on
 * every image of up to N x N under many paddings, repeat=N for N runs that must agree bit for bit,
 * view=N for x and y that lie in memory with gaps.
 *
 * act, res and scaled are the epilogue: clip is to [-0.25, 0.5], the slope of leaky_relu 13/128,
 * both of so few bits that they are numbers of every type; res=y is what y held before; scaled=1 is
 * alpha 0.5 and, beside a residual, beta -2. quant=TYPE are zero points and scales for a y of that
 * type; they are drawn from the seed, those of w for each filter, of more than 16 filters one for
 * all.
 *
 * With :shared, k = c * M whatever the reduce, and g is not given; beside a table g is its length.
 * A key twice, or trailing junk, is an error. */
#ifndef CLCONV_CASE_H
#define CLCONV_CASE_H

#include "clconv/clconv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CASE_MAX_GROUPS = 256, CASE_MAX_ZEROS = 16, CASE_TEXT = 4096 };

typedef struct case_spec {
    clconv_problem
        problem; /* dtype, layout, shared, reduce, pad_mode and op are in here; b.dtype set = b1 */
    int64_t group_in[CASE_MAX_GROUPS], group_out[CASE_MAX_GROUPS];
    bool has_group_in, has_group_out;
    char algo[16]; /* "" = not given */
    char tile[48];
    char data[16];
    bool has_seed;
    uint64_t seed;
    int32_t sweep, repeat, view;         /* 0 = not given */
    clconv_epilogue epilogue;            /* its activation as :act says */
    int32_t residual, scaled, quantised; /* 0 = not given, else a word's number */
    clconv_quantization quantization;    /* of case_draw; its tables are nobody's and stay */
} case_spec;

/* Defaults as above. problem.group_in/out point nowhere; see case_problem. */
void case_init(case_spec *c);

/* Makes all arrays of a convolution of type `dtype`, or of a layout; a bias gets the type of sums.
 */
void case_set_dtype(clconv_problem *p, int32_t dtype);
void case_set_layout(clconv_problem *p, int32_t layout);

/* False with a sentence in `why` (at most `room` bytes) on anything the grammar does not allow.
 * Does not validate the convolution itself: that is clconv_validate's. */
bool case_parse(const char *text, case_spec *c, char *why, size_t room);

/* The canonical form: order n c h w k r s sh sw pt pb pl pr dh dw g b, short forms where both
 * values agree, defaults left out, then the suffixes. Returns text. `room` >= CASE_TEXT always
 * suffices. */
const char *case_print(const case_spec *c, char *text, size_t room);

enum { CASE_RESIDUAL_ARRAY = 1, CASE_RESIDUAL_Y }; /* of `residual` */

/* Draws zero points and scales, and sets y's type, from `quantised`, the seed and the sizes. Has
 * been done by case_parse; to be done again where one of these changes. */
void case_draw(case_spec *c);

/* What :scaled says of clconv_args; 0 and 0, which mean 1 and 1, without it. */
void case_factors(const case_spec *c, double *alpha, double *beta);

/* The problem with its tables pointing into `c` (case_spec may be copied freely; the pointers not).
 */
clconv_problem case_problem(const case_spec *c);

/* The words of dir=, in the order of clconv_op, of types from CLCONV_F32 on, and of layouts, ended
 * by NULL. */
extern const char *const case_direction_words[];
extern const char *const case_dtype_words[];
extern const char *const case_layout_words[];

/* FNV-1a over the canonical form: which shard a case belongs to, stable under additions. */
uint64_t case_hash(const char *canonical);

#endif
