/* SPDX-License-Identifier: MIT */
/* Numbers of every element type, as bits in memory and as the double that they are. */
#ifndef CLCONV_NUMBER_H
#define CLCONV_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum { NUMBER_TYPES = 8 }; /* clconv_dtype counts from 1 */

size_t number_bytes(int32_t dtype);
/* Significant bits of a type of floating-point numbers; 0 of one of whole numbers. */
int number_bits(int32_t dtype);

/* `count` numbers to and from memory, there `step` elements apart. Every number of every type is a
 * double. Stored is the nearest one, ties to even, past the largest infinity; a whole number must
 * fit. */
void number_store(int32_t dtype, const double *from, size_t count, void *to, size_t step);
void number_load(int32_t dtype, const void *from, size_t step, size_t count, double *to);

/* What becomes of the exact value of a sum that is computed in the type's arithmetic, float for
 * float16 and bfloat16, and then stored: rounded once, or once and once more. */
double number_result(int32_t dtype, double exact);

/* A word of 32 bits for memory of the type: `word` itself where it is no float NaN or the type has
 * none, else one that reads as NaN at every element. Other words give others, as far as their last
 * six bits differ. */
uint32_t number_pattern(int32_t dtype, uint32_t word);
/* The number that such a word fills memory with; with all its bits, if it is NaN. */
double number_of_pattern(int32_t dtype, uint32_t pattern);

/* All bits of a double. */
uint64_t number_identity(double value);

#endif
