/* SPDX-License-Identifier: MIT */
/* What the data modes and the decoder share: random streams, and where the filters of a problem
 * lie. It shares no arithmetic with either oracle. */
#ifndef CLCONV_DATA_H
#define CLCONV_DATA_H

#include "suite.h"

/* Every data mode, one row each: name (its filler is data_<name>), judged bitwise, may hold values
 * that are not finite or are subnormal, made for the gradients, too; and from how many significant
 * bits of x on, for the numbers of elements do not fit in fewer (number_bits, 0 of integers). */
#define DATA_MODES(X)                                                                              \
    X(exact, true, false, true, 0)                                                                 \
    X(real, false, false, true, 8)                                                                 \
    X(impulse, true, false, false, 24)                                                             \
    X(ids, true, false, false, 24)                                                                 \
    X(special, true, true, true, 8)

/* Fills the tensors that are not NULL, or says false: there are no such data for this problem. */
typedef bool data_filler(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                         const data_tensors *to);

typedef struct data_mode {
    const char *name;
    data_filler *fill;
    bool exact, special, gradients;
    int least_bits;
} data_mode;

#define DATA_DECLARE(name, exact, special, gradients, bits) data_filler data_##name;
DATA_MODES(DATA_DECLARE)
#undef DATA_DECLARE

/* NULL for a name that is none. */
const data_mode *data_mode_named(const char *name);
/* Whether a mode has data of an element type. */
bool data_mode_has(const data_mode *mode, int32_t dtype);

/* ---- Random streams ------------------------------------------------------------------------- */

uint64_t data_draw(uint64_t key, uint64_t i); /* number i of the stream `key` */
uint64_t data_stream(uint64_t seed, tensor_id tensor);
/* A whole number of [low, high]; high - low < 2^32. */
int64_t data_between(uint64_t key, uint64_t i, int64_t low, int64_t high);

/* A whole number of [-most, most]. */
int64_t data_wide(uint64_t key, uint64_t i, int64_t most);

/* Elements [first, first + count) of the tensor that data mode `exact` or `real` fills. False for
 * another mode, and where `mode` has no data for the problem. */
bool data_range(const clconv_problem *p, const oracle_shape *size, const char *mode, uint64_t seed,
                tensor_id tensor, size_t first, size_t count, double *out);

/* The same of one mode; of `exact` for whole numbers. */
typedef bool data_ranger(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                         tensor_id tensor, size_t first, size_t count, double *out);
data_ranger data_exact_range, data_real_range, data_integer_range;

/* Products that the longest sum of the problem has. */
int64_t data_longest_sum(const clconv_problem *p, const oracle_shape *size);

/* The smallest number from `from` >= 1 on that has no divisor in common with `of`: steps of it
 * reach every residue. */
uint64_t data_coprime(uint64_t from, uint64_t of);

/* ---- Where the filters lie ------------------------------------------------------------------ */

/* Input channels and the output channels that add them up: a group; one channel of a shared kernel;
 * all channels of a shared kernel with a reduction. Begin with data_first_block. */
typedef struct data_block {
    int64_t index, count;                             /* of this block, and how many there are */
    int64_t first_in, in_count, first_out, out_count; /* channels */
    int64_t first_filter; /* of this block; blocks of a shared kernel use the same */
    int64_t planes;       /* planes of a filter: in_count, or 1 that serves every channel */
    size_t first_w;       /* elements of w before the block's first filter */
} data_block;

data_block data_first_block(const clconv_problem *p);
/* Goes on to the next one; false behind the last. */
bool data_next_block(const clconv_problem *p, data_block *at);
/* The block that output channel k belongs to. */
data_block data_block_of(const clconv_problem *p, int64_t k);

/* The filter that element `at` of w belongs to; *end = the first element behind it. */
int64_t data_filter_at(const clconv_problem *p, size_t at, size_t *end);

/* Calls `visit` for each filter, by number, with its `count` weights from element `first` on. */
typedef void filter_visitor(void *user, int64_t filter, size_t first, size_t count);
void data_each_filter(const clconv_problem *p, filter_visitor *visit, void *user);

/* ---- Codes of impulse and ids --------------------------------------------------------------- */

/* Element i of w (impulse) or x (ids) has the code 1 + i % DATA_CODES: a prime, so that what shares
 * a code is no row or plane apart. A code, eighths for the bias and C * bias stay below 2^24
 * eighths, hence exact, for any C below 2^20. */
enum { DATA_CODES = 1048573 };

#endif
