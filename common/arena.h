/* SPDX-License-Identifier: MIT */
/* One layer with its buffers: where every contestant computes. */
#ifndef CLCONV_ARENA_H
#define CLCONV_ARENA_H

#include "arrays.h"
#include "case.h"
#include "measured_device.h"
#include "verify.h"

typedef struct arena {
    const measured_device *device;
    clconv_problem problem; /* its tables belong to the layer */
    cl_mem mem[ARRAYS];     /* b is NULL without bias */
    size_t bytes[ARRAYS];
    verifier verifier, bias; /* of y or a gradient, and of the gradient by b */
} arena;

typedef enum arena_state { ARENA_GOOD, ARENA_TOO_LARGE, ARENA_BROKEN } arena_state;

/* Allocates and fills. TOO_LARGE (for the device, or for exact data) and BROKEN with a sentence.
 * arena_close takes a half-opened one too. */
arena_state arena_open(const measured_device *d, const case_spec *spec, uint64_t seed, arena *out,
                       char *why, size_t room);
void arena_close(arena *a);

/* Whether array i is there and the problem's op writes it. */
bool arena_writes(const arena *a, int i);
/* What sentences call an element of array i, which is written: "output", "dx", "dw", "db". */
const char *arena_element(const arena *a, int i);

/* Moves what is read to new buffers and what is written to empty ones: where an array lies in
 * memory changes times by percents, so that one place is no fair sample. False = it stays where it
 * was. */
bool arena_move(arena *a);

/* Fills what is to be written with what no result is (element_unset), and waits. */
bool arena_poison(const arena *a);
/* Whether what was written is right; `exact` as in verify_outputs. */
bool arena_verify(const arena *a, bool exact, char *why, size_t room);

/* Array i as host memory, in its type and layout, until arena_unmap; NULL when the device fails. */
void *arena_map(const arena *a, int i, cl_map_flags flags);
void arena_unmap(const arena *a, int i, void *data);

#endif
