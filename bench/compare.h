/* SPDX-License-Identifier: MIT */
/* --baseline: a run's document (schema/clconv-bench-1.json) beside an earlier one. */
#ifndef CLCONV_COMPARE_H
#define CLCONV_COMPARE_H

#include <jansson.h>

#include <stddef.h>
#include <stdio.h>

/* A document that --json wrote earlier, on the device of this name: speeds of two devices say
 * nothing of a change. NULL with a sentence in `why` on any other file. */
json_t *bench_baseline(const char *path, const char *device, char *why, size_t room);

/* Rows joined by case, algorithm and threads: {date, kernel_hash, driver, counts{SLOWER..},
 * means{ratio, rows, rival_ratio, rival_rows}, rows[{model, layer, case, algo, threads, verdict,
 * reason, before_ms, now_ms, ratio, low, high, u, p}]}, the slowest first. Rivals are not judged:
 * their mean says whether the machine is still the same. NULL without memory. */
json_t *bench_compare(const json_t *now, const json_t *before);

/* What changed as text: a line for the whole, and one for each row that has another speed, or a
 * reason why it has none. */
void bench_compare_print(const json_t *comparison, FILE *out);

/* How many rows became slower: what --strict makes an error of. */
size_t bench_compare_slower(const json_t *comparison);

#endif
