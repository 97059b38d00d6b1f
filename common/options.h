/* SPDX-License-Identifier: MIT */
/* Strict readers for option values: the whole text or an error, never a prefix or a clamped number.
 */
#ifndef CLCONV_OPTIONS_H
#define CLCONV_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole decimal number that fits in int64. */
bool options_integer(const char *text, int64_t *out);

/* `min` to `max` whole numbers separated by `separator` ("1,2"); *count says how many. */
bool options_list(const char *text, char separator, size_t min, size_t max, int64_t *out,
                  size_t *count);

/* The same of numbers: decimal, finite ("0.5,1e-3"). */
bool options_numbers(const char *text, char separator, size_t min, size_t max, double *out,
                     size_t *count);

/* Index of `text` in a NULL-ended list of words, or -1. */
int options_word(const char *text, const char *const *words);

/* "none, sum, mean": a list of words for a message. Returns text. */
const char *options_words_text(const char *const *words, char *text, size_t room);

#endif
