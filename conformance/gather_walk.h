/* SPDX-License-Identifier: MIT */
/* What the second oracle's two halves share: gather.c for y, gather_gradients.c for the gradients.
 */
#ifndef CLCONV_GATHER_WALK_H
#define CLCONV_GATHER_WALK_H

#include "suite.h"

/* P or Q. */
int64_t gather_length(const clconv_problem *p, int axis);
/* Where torch.nn.functional.pad takes the value at a position from; outside the image: nowhere. */
int64_t gather_mapped(const clconv_problem *p, int axis, int64_t at);

/* Elements that the op of a gradient writes, and one of them: x; or w, then b. */
size_t gather_gradient_length(const clconv_problem *p);
void gather_gradient_at(const clconv_problem *p, const oracle_inputs *in, size_t index,
                        double *want, double *mag, int64_t *terms);

#endif
