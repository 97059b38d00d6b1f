/* SPDX-License-Identifier: MIT */
/* The classes of convolutions that speeds are summed up by: one name a layer. */
#ifndef CLCONV_CLASSES_H
#define CLCONV_CLASSES_H

#include "clconv/clconv.h"

enum { LAYER_CLASSES = 5 };

/* depthwise, grouped, dense, 1x1, shared: the order of tables. */
extern const char *const layer_classes[LAYER_CLASSES];

/* One of them: shared as it is asked for, depthwise with a multiplier too, grouped whatever its
 * filter, 1x1 and dense without groups. */
const char *layer_class(const clconv_problem *p);

#endif
