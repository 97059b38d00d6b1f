/* SPDX-License-Identifier: MIT */
/* The gradient by x at stride 1 is a convolution: of y, with filters that are read from their last
 * tap to their first and whose input and output channels have traded places. So every design that
 * knows strides of w computes it, too, with the programs of the convolution. */
#ifndef CLCONV_TURNED_H
#define CLCONV_TURNED_H

#include "designs.h"

/* Of a gradient by x the convolution that it is, in which x is y and y is x. Without segments where
 * it is none: at other strides, where padding is not zeros, or wider than the filter reaches. */
clconv_status clconv_work_turn(const clconv_work *work, clconv_work *out);

/* Whether a request, or a plan whose algorithm is known, is to be computed so. */
bool clconv_is_turned(const clconv_request *request);
bool clconv_plan_is_turned(const clconv_plan *plan);

/* Bytes of the copy of w in which the taps of each filter stand backwards, for a design that packs
 * no weights; 0 where it needs none. */
uint64_t clconv_turned_bytes(const clconv_algo *algo, const clconv_request *request);
/* Adds the launch that makes it, in the workspace: all others then read w there. */
clconv_status clconv_add_turning(clconv_plan *plan, const clconv_request *request);

#endif
