/* SPDX-License-Identifier: MIT */
/* What the designs of the gradient by w share. */
#ifndef CLCONV_WEIGHTS_H
#define CLCONV_WEIGHTS_H

#include "designs.h"

/* Sets z and item_macs for the gradient by b: items of `channels` output channels, of all groups
 * together where these share b. */
void clconv_grid_bias(clconv_grid *grid, const clconv_work *work, const clconv_segment *segment,
                      int channels);

/* Adds the launches of bias.cl for one segment, if there is a bias. */
clconv_status clconv_add_bias_sums(clconv_plan *plan, clconv_program *program,
                                   const clconv_segment *segment, const clconv_request *request);

/* NULL, or why a design has no place for a gradient that transposes planes of y: shared weights,
 * which are summed over lanes, a mean, no images, planes of other sizes than its arrays. `v` planes
 * side by side; `pixels` of each. */
const char *clconv_planes_refuse(const clconv_work *work, int64_t pixels, int v);

#endif
