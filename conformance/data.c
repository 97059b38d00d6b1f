/* SPDX-License-Identifier: MIT */
/* The table of data modes, their random streams, and where the filters of a problem lie. */
#include "data.h"

#include "number.h"

#include <string.h>

#define NAME_ROW(name, exact, special, gradients, bits) #name,
const char *const data_mode_names[] = {DATA_MODES(NAME_ROW) NULL};

#define MODE_ROW(name, exact, special, gradients, bits)                                            \
    {#name, data_##name, exact, special, gradients, bits},
static const data_mode modes[] = {DATA_MODES(MODE_ROW)};

const data_mode *data_mode_named(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

bool data_mode_has(const data_mode *mode, int32_t dtype)
{
    return number_bits(dtype) >= mode->least_bits;
}

bool data_fill(const clconv_problem *p, const char *mode, uint64_t seed, const data_tensors *to)
{
    oracle_shape size;
    const data_mode *const row = data_mode_named(mode);
    return row && (row->gradients || p->op == CLCONV_FORWARD) && data_mode_has(row, p->x.dtype) &&
           oracle_output(p, &size) && row->fill(p, &size, seed, to);
}

/* ---- Modes that are made part by part ------------------------------------------------------- */

bool data_range(const clconv_problem *p, const oracle_shape *size, const char *mode, uint64_t seed,
                tensor_id tensor, size_t first, size_t count, double *out)
{
    data_ranger *const fill = strcmp(mode, "exact") == 0  ? data_exact_range
                              : strcmp(mode, "real") == 0 ? data_real_range
                                                          : NULL;
    return fill && fill(p, size, seed, tensor, first, count, out);
}

static bool fill_all(data_ranger *fill, const clconv_problem *p, const oracle_shape *size,
                     uint64_t seed, const data_tensors *to)
{
    double *const tensors[] = {
        [TENSOR_X] = to->x, [TENSOR_W] = to->w, [TENSOR_B] = to->b, [TENSOR_Y] = to->y};
    bool good = fill(p, size, seed, TENSOR_X, 0, 0, NULL); /* says so even where none is wanted */
    for (tensor_id id = TENSOR_X; good && id <= TENSOR_Y; id++)
        if (tensors[id])
            good = fill(p, size, seed, id, 0, tensor_elements(size, id), tensors[id]);
    return good;
}

bool data_exact(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                const data_tensors *to)
{
    return fill_all(data_exact_range, p, size, seed, to);
}

bool data_real(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
               const data_tensors *to)
{
    return fill_all(data_real_range, p, size, seed, to);
}

/* ---- Random streams ------------------------------------------------------------------------- */

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) of a
 * counter, so that no value depends on the order of filling. */
uint64_t data_draw(uint64_t key, uint64_t i)
{
    uint64_t z = key + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t data_stream(uint64_t seed, tensor_id tensor)
{
    return data_draw(data_draw(seed, 0), (uint64_t)tensor);
}

int64_t data_between(uint64_t key, uint64_t i, int64_t low, int64_t high)
{
    const uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)(((data_draw(key, i) >> 32) * span) >> 32);
}

int64_t data_wide(uint64_t key, uint64_t i, int64_t most)
{
    if (most < INT64_C(1) << 31)
        return data_between(key, i, -most, most);
    return (int64_t)(data_draw(key, i) % (2 * (uint64_t)most + 1)) - most;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

uint64_t data_coprime(uint64_t from, uint64_t of)
{
    while (common_divisor(from, of) != 1)
        from++;
    return from;
}

/* ---- Where the filters lie ------------------------------------------------------------------ */

static void count_channels(const clconv_problem *p, data_block *at)
{
    const bool reduces = p->reduce != CLCONV_REDUCE_NONE;
    if (p->shared) {
        at->in_count = reduces ? p->c : 1;
        at->out_count = p->k / p->c;
        at->planes = 1;
        return;
    }
    at->in_count = p->group_in ? p->group_in[at->index] : p->c / p->groups;
    at->out_count = p->group_out ? p->group_out[at->index] : p->k / p->groups;
    at->planes = at->in_count;
}

data_block data_first_block(const clconv_problem *p)
{
    data_block at = {.count = p->groups};
    if (p->shared)
        at.count = p->reduce == CLCONV_REDUCE_NONE ? p->c : 1;
    count_channels(p, &at);
    return at;
}

bool data_next_block(const clconv_problem *p, data_block *at)
{
    if (at->index + 1 >= at->count)
        return false;
    at->first_in += at->in_count;
    at->first_out += at->out_count;
    if (!p->shared) {
        at->first_filter += at->out_count;
        at->first_w += (size_t)(at->out_count * at->planes * p->kernel[0] * p->kernel[1]);
    }
    at->index++;
    count_channels(p, at);
    return true;
}

data_block data_block_of(const clconv_problem *p, int64_t k)
{
    data_block at = data_first_block(p);
    while (k >= at.first_out + at.out_count && data_next_block(p, &at))
        ;
    return at;
}

int64_t data_filter_at(const clconv_problem *p, size_t at, size_t *end)
{
    const bool even = p->shared || (!p->group_in && !p->group_out); /* all filters of one size */
    data_block block = data_first_block(p);
    const size_t taps = (size_t)(p->kernel[0] * p->kernel[1]);
    while (!even && at >= block.first_w + (size_t)(block.out_count * block.planes) * taps &&
           data_next_block(p, &block))
        ;
    const size_t length = (size_t)block.planes * taps;
    const size_t behind = (at - block.first_w) / length;
    *end = block.first_w + (behind + 1) * length;
    return block.first_filter + (int64_t)behind;
}

void data_each_filter(const clconv_problem *p, filter_visitor *visit, void *user)
{
    data_block at = data_first_block(p);
    do {
        const size_t count = (size_t)(at.planes * p->kernel[0] * p->kernel[1]);
        for (int64_t j = 0; j < at.out_count; j++)
            visit(user, at.first_filter + j, at.first_w + (size_t)j * count, count);
    } while (!p->shared && data_next_block(p, &at));
}
