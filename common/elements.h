/* SPDX-License-Identifier: MIT */
/* The element types as host memory holds them. Shares no code with the library. */
#ifndef CLCONV_ELEMENTS_H
#define CLCONV_ELEMENTS_H

#include "clconv/clconv.h"

#include <stddef.h>
#include <stdint.h>

/* "float16", and how many bytes; `dtype` is a clconv_dtype in all of these. */
const char *element_name(int32_t dtype);
size_t element_bytes(int32_t dtype);

/* Element i of `data` as a number. */
double element_get(int32_t dtype, const void *data, size_t i);
/* Stores the nearest number of the type, between two the even one; past the largest, infinity. Of a
 * whole type `value` is one of its numbers. */
void element_put(int32_t dtype, void *data, size_t i, double value);
/* What a sum becomes where it is stored: of types of 16 bits it is a float before. */
double element_stored(int32_t dtype, double sum);

/* What stands where nothing was written: NaN, or the least int32, as element_bytes of memory and as
 * text. Of types that outputs have. */
const void *element_unset(int32_t dtype);
const char *element_unset_text(int32_t dtype);
/* The first of `count` elements that is still so (any NaN), or `count`. */
size_t element_first_unset(int32_t dtype, const void *data, size_t count);

#endif
