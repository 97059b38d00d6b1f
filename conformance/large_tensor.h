/* SPDX-License-Identifier: MIT */
/* A tensor on the device that the host sees a part of at a time only. */
#ifndef CLCONV_LARGE_TENSOR_H
#define CLCONV_LARGE_TENSOR_H

#include "data.h"
#include "trial.h"

/* What a tensor holds before the run: data of a mode, or `fill` in every word (source NULL). */
typedef struct large_source {
    const clconv_problem *problem;
    const oracle_shape *shape;
    const char *mode;
    uint64_t seed;
} large_source;

typedef struct large_tensor {
    cl_mem mem;
    role role;
    size_t words;
    const large_source *source;
} large_tensor;

/* Where a check found the first word that should not be there. */
typedef struct large_damage {
    size_t count, first; /* words; `first` counts from the payload's first */
    uint32_t now;
} large_damage;

/* Guards and payload; `part` is room for `room` words. On failure *out can be released. */
cl_int large_create(session *s, role r, size_t words, const large_source *source, uint32_t *part,
                    size_t room, large_tensor *out);
void large_release(large_tensor *t);
clconv_buffer large_buffer(const large_tensor *t);

/* Words of a guard that changed; `behind` = the guard behind the payload. */
cl_int large_check_guard(cl_command_queue queue, const large_tensor *t, bool behind,
                         large_damage *out);
/* Words of the payload that are not what the source says. `part`, `expected`: `room` words each. */
cl_int large_check_input(cl_command_queue queue, const large_tensor *t, uint32_t *part,
                         uint32_t *expected, size_t room, large_damage *out);
/* Words of the output that nobody wrote. Copies the elements at `places`, which ascend, to `got`.
 */
cl_int large_read_output(cl_command_queue queue, const large_tensor *t, uint32_t *part, size_t room,
                         const size_t *places, size_t count, double *got, large_damage *out);

#endif
