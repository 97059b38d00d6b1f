/* SPDX-License-Identifier: MIT */
/* Host memory beside pages that cannot be touched. A device that uses it where it is crashes when
 * it reads past either end, even if it throws the value away. */
#ifndef CLCONV_FENCE_H
#define CLCONV_FENCE_H

#include <stdbool.h>
#include <stddef.h>

/* Which end of the memory lies at a forbidden page; the other is up to a page away. */
typedef enum fence_side { FENCE_NONE, FENCE_BEFORE, FENCE_BEHIND } fence_side;

typedef struct fenced {
    void *memory; /* 4-byte aligned; NULL = none */
    void *block;
    size_t pages; /* of the block, the forbidden first and last one included */
} fenced;

/* False without memory. */
bool fence_open(fenced *f, size_t bytes, fence_side side);
/* Nothing may use the memory any more. */
void fence_close(fenced *f);

#endif
