/* SPDX-License-Identifier: MIT */
/* Padding that is made of the image, as torch.nn.functional.pad has it. Shares no code with the
 * library. */
#ifndef CLCONV_PADDING_H
#define CLCONV_PADDING_H

#include "clconv/clconv.h"

#include <stdbool.h>

/* Whether the padding is no wider than its mode allows: less than the image (reflect), no more
 * (circular), any. */
bool padding_fits(const clconv_problem *p);

/* The row (axis 0) or column of the image that stands at a position, for padding that fits; the
 * position itself among zeros. */
int64_t padding_position(const clconv_problem *p, int axis, int64_t at);

#endif
