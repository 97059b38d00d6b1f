/* SPDX-License-Identifier: MIT */
/* Data modes `impulse` and `ids`: one product of each sum is not zero, and its value is the number
 * of the element that was read. decode.c reads it back.
 *
 * impulse: x is 0 but for ones, placed so that a window sees at most one in all the channels of its
 * group; w are the numbers of its elements. An output names the weight that met the impulse.
 * ids: x are the numbers of its elements, each filter is 0 but for a single 1. An output names the
 * element of x that was read. */
#include "data.h"

#include <string.h>

static double code_of(size_t element)
{
    return (double)(1 + element % DATA_CODES);
}

static void fill_codes(size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = code_of(i);
}

/* Eighths: no bias is a whole number, so none passes for a code. */
static void fill_bias(const oracle_shape *size, uint64_t seed, double *b)
{
    const uint64_t key = data_stream(seed, TENSOR_B);
    for (size_t i = 0; b && i < size->b; i++)
        b[i] = (double)data_between(key, i, 1, 7) * 0.125;
}

/* Whether the impulses of a block lie in this row (or column). Rows that are a dilation apart are
 * one filter's taps; of R such rows in a line, wherever they begin, exactly one has impulses. Which
 * one is drawn, and goes on by one with each `turn`, so that blocks and images differ and together
 * have impulses in every row; columns go on after a whole round of rows. */
static bool hit(const clconv_problem *p, int axis, uint64_t key, uint64_t turn, int64_t at)
{
    const int64_t phase = at % p->dilation[axis], step = at / p->dilation[axis];
    const uint64_t drawn = data_draw(key, (uint64_t)(2 * phase + axis)) >> 32;
    const uint64_t moved = axis == 0 ? turn : turn / (uint64_t)p->kernel[0];
    return ((uint64_t)step + drawn + moved) % (uint64_t)p->kernel[axis] == 0;
}

/* The impulses of one block of one image: each in a channel drawn for its place. One place in four
 * stays empty, so that groups differ even where the filter is 1 x 1. */
static void place_impulses(const clconv_problem *p, const data_block *at, uint64_t key,
                           uint64_t turn, double *image)
{
    const uint64_t place_key = data_draw(data_draw(key, UINT64_MAX - 1), turn);
    for (int64_t row = 0; row < p->in[0]; row++)
        for (int64_t column = 0; hit(p, 0, key, turn, row) && column < p->in[1]; column++) {
            const int64_t place = row * p->in[1] + column;
            const uint64_t random = data_draw(place_key, (uint64_t)place);
            if (random % 4 == 0 || !hit(p, 1, key, turn, column))
                continue;
            const int64_t c = (int64_t)(random / 4 % (uint64_t)at->in_count);
            image[(at->first_in + c) * p->in[0] * p->in[1] + place] = 1.0;
        }
}

bool data_impulse(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                  const data_tensors *to)
{
    /* Padding may show an impulse to every tap: their numbers and a bias must add up exactly. */
    const double codes = (double)(size->w < DATA_CODES ? size->w : DATA_CODES);
    if (p->pad_mode && codes * (double)(p->kernel[0] * p->kernel[1]) > 0x1p20)
        return false;
    memset(to->x, 0, size->x * sizeof *to->x);
    for (int64_t n = 0; n < p->n; n++) {
        data_block at = data_first_block(p);
        do {
            place_impulses(p, &at, data_stream(seed, TENSOR_X), (uint64_t)(n * at.count + at.index),
                           to->x + n * p->c * p->in[0] * p->in[1]);
        } while (data_next_block(p, &at));
    }
    fill_codes(size->w, to->w);
    fill_bias(size, seed, to->b);
    return true;
}

typedef struct one_hot {
    uint64_t key;
    double *w;
} one_hot;

/* From one filter to the next a step on, such that every tap has its turn. */
static void choose_tap(void *user, int64_t filter, size_t first, size_t count)
{
    const one_hot *const to = user;
    memset(to->w + first, 0, count * sizeof *to->w);
    const uint64_t step = data_coprime(1 + data_draw(to->key, 0) % count, count);
    to->w[first + (data_draw(to->key, 1) + (uint64_t)filter * step) % count] = 1.0;
}

/* A reduction adds every channel through the same tap: one channel, drawn for each pixel, keeps its
 * number. */
static void keep_one_channel(const clconv_problem *p, uint64_t key, double *x)
{
    const int64_t plane = p->in[0] * p->in[1];
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t i = 0; i < plane; i++) {
            const int64_t kept = data_between(key, (uint64_t)(n * plane + i), 0, p->c - 1);
            for (int64_t c = 0; c < p->c; c++)
                if (c != kept)
                    x[(n * p->c + c) * plane + i] = 0.0;
        }
}

bool data_ids(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
              const data_tensors *to)
{
    one_hot filters = {.key = data_stream(seed, TENSOR_W), .w = to->w};
    fill_codes(size->x, to->x);
    if (p->reduce != CLCONV_REDUCE_NONE)
        keep_one_channel(p, data_stream(seed, TENSOR_X), to->x);
    data_each_filter(p, choose_tap, &filters);
    fill_bias(size, seed, to->b);
    return true;
}
