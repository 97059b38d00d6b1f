/* SPDX-License-Identifier: MIT */
/* Which tiles a problem is given beside the device's own choice, or instead of it. */
#ifndef CLCONV_FORCED_TILES_H
#define CLCONV_FORCED_TILES_H

#include "problems.h"

typedef struct forced_tile {
    const char *algo, *tile;
    enum { INSTEAD, IN_SMOKE, BESIDE } when;
    int32_t op;
} forced_tile;
enum { MOST_TILES = 64 };

extern const forced_tile forced_tiles[]; /* ended by a NULL algo */

/* A number of the filter, its strides and dilations. */
uint64_t filter_hash(const clconv_problem *p);

/* Whether an algorithm has tiles that stand instead of its choice. */
bool has_tiles_instead(const char *algo);

/* The tiles beside the device's choice; returns how many. `all` = not only those of the smoke tier,
 * but one of them, because each is a program per filter; or two, of a filter that many problems
 * have. */
size_t tiles_beside(const problem *p, const char *algo, bool all, const char *out[MOST_TILES]);

#endif
