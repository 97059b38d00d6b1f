/* SPDX-License-Identifier: MIT */
/* Tells the class of a convolution. */
#include "classes.h"

#include <stdbool.h>

enum { DEPTHWISE, GROUPED, DENSE, POINTWISE, SHARED };

const char *const layer_classes[LAYER_CLASSES] = {[DEPTHWISE] = "depthwise",
                                                  [GROUPED] = "grouped",
                                                  [DENSE] = "dense",
                                                  [POINTWISE] = "1x1",
                                                  [SHARED] = "shared"};

const char *layer_class(const clconv_problem *p)
{
    const bool pointwise = p->kernel[0] == 1 && p->kernel[1] == 1;
    if (p->shared)
        return layer_classes[SHARED];
    if (p->groups > 1)
        return layer_classes[p->groups == p->c ? DEPTHWISE : GROUPED];
    return layer_classes[pointwise ? POINTWISE : DENSE];
}
