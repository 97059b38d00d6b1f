/* SPDX-License-Identifier: MIT */
/* The arrays of a problem in memory: types and layouts. They are dense; views are not known. */
#ifndef CLCONV_ARRAYS_H
#define CLCONV_ARRAYS_H

#include "clconv/clconv.h"

#include <stddef.h>

enum { ARRAY_X, ARRAY_W, ARRAY_B, ARRAY_Y, ARRAYS };

int32_t array_dtype(const clconv_problem *p, int array);

/* Elements are counted as if both layouts were plain: x and y NCHW, w OIHW, one group's block
 * behind the other. This is where element `index` of that count lies, in elements. */
size_t array_place(const clconv_problem *p, int array, size_t index);

/* Puts all of the array, counted like that, where it belongs in `memory`, as its type. */
void array_store(const clconv_problem *p, int array, const float *values, size_t count,
                 void *memory);

#endif
