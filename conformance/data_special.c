/* SPDX-License-Identifier: MIT */
/* Data mode `special`: exact data with values at the edges of float32 among them, such that the
 * right output does not depend on the order of summation. -0 is everywhere; beside it one theme per
 * problem, because together they would make the order, or flushing to zero, matter:
 *
 * nonfinite: a few infinities and NaN in x, w and b. A sum with a NaN, with infinities of both
 *   signs or with 0 * infinity is NaN in any order, one with infinities of one sign is that
 *   infinity, and all other sums are exact. There are no subnormal numbers, so that flushing makes
 *   no 0 * infinity.
 * tiny: filters with their bias, or images, or both, times 2^-125. Products of data on the grid of
 *   2^-12 then are multiples of 2^-149, the smallest subnormal, and sums are below 2^-125: exact
 *   in any order. Where a bias that is not tiny joins tiny products, it absorbs them; where both
 *   factors are tiny, the products underflow to 0.
 * huge: filters with their bias times 2^127, sums up to 2^127, exact and without overflow; and one
 *   element is FLT_MAX. Times a whole number v < 2^12 it is a sum of its own: all else in it is at
 *   most 1 and absorbed, and v * (2^24 - 1) is never half-way between two floats, so that fma and
 *   a * b + c agree. In a huge filter the product overflows by at least 2^100: infinity.
 * The other types have infinities and NaN only: exact data of 16 bits reach their edges anyway, and
 * the products of edges of float64 have no double that says what they are.
 * Gradients have infinities and NaN only, where an element too many that is read shows best: in dy
 * and what else their op reads. */
#include "data.h"
#include "number.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { NAN_BITS = 0x7fc5eed1 }; /* none of the patterns that guards and poison have */

typedef struct special {
    const clconv_problem *p;
    const oracle_shape *size;
    uint64_t key;
    data_tensors to;
} special;

/* Another stream for each problem, so that the problems of a tier differ under one seed. */
static uint64_t problem_key(const oracle_shape *size, uint64_t seed)
{
    const uint64_t shape = data_draw(data_draw(size->x, size->w), size->y);
    return data_draw(data_stream(seed, TENSOR_X), shape);
}

static void sprinkle_negative_zero(uint64_t key, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        if (data_draw(key, i) % 32 == 0)
            out[i] = -0.0;
}

static int64_t filter_count(const clconv_problem *p)
{
    return p->shared ? p->k / p->c : p->k;
}

/* ---- nonfinite ------------------------------------------------------------------------------ */

static double nonfinite(uint64_t random)
{
    const uint32_t bits = NAN_BITS;
    const double value = number_of_pattern(CLCONV_F32, bits);
    return random % 3 == 0 ? value : (random % 3 == 1 ? HUGE_VAL : -HUGE_VAL);
}

/* Half of those in w stand in the corner of a filter, over which padding lies most; half of those
 * in dy in the first column, whose taps lie most in padding. */
static void place_nonfinite(const special *s, tensor_id tensor, uint64_t i)
{
    const size_t taps = (size_t)(s->p->kernel[0] * s->p->kernel[1]);
    double *const tensors[] = {
        [TENSOR_X] = s->to.x, [TENSOR_W] = s->to.w, [TENSOR_B] = s->to.b, [TENSOR_Y] = s->to.y};
    const size_t count = tensor_elements(s->size, tensor);
    const uint64_t random = data_draw(data_draw(s->key, (uint64_t)tensor), i);
    size_t at = count ? random % count : 0;
    if (tensor == TENSOR_W && random >> 63)
        at -= at % taps;
    if (tensor == TENSOR_Y && random >> 63)
        at -= at % (size_t)s->size->q;
    if (count)
        tensors[tensor][at] = nonfinite(random >> 32);
}

/* As many as leave about half of the outputs finite, at least one in all: an element of x reaches
 * the filters of its block through every tap, an element of w or b one output channel. */
static void fill_nonfinite(const special *s)
{
    const clconv_problem *const p = s->p;
    const data_block block = data_first_block(p);
    const double window =
        fmin((double)(p->kernel[0] * p->kernel[1]), (double)s->size->p * (double)s->size->q);
    const double reach = window * (double)block.out_count;
    const int64_t filters = filter_count(p);
    int64_t in_x = (int64_t)fmin(8.0, 0.2 * (double)s->size->y / reach);
    int64_t in_w = filters / 6 < 4 ? filters / 6 : 4,
            in_b = s->to.b ? (filters / 12 < 2 ? filters / 12 : 2) : 0;
    if (in_x + in_w + in_b == 0)
        *(data_draw(s->key, 1) % 2 ? &in_x : &in_w) = 1;
    const int64_t wanted[] = {[TENSOR_X] = in_x, [TENSOR_W] = in_w, [TENSOR_B] = in_b};
    for (int tensor = TENSOR_X; tensor <= TENSOR_B; tensor++)
        for (int64_t i = 0; i < wanted[tensor]; i++)
            place_nonfinite(s, (tensor_id)tensor, (uint64_t)i);
}

static int64_t at_most(int64_t most, double count)
{
    return count < (double)most ? (int64_t)count : most;
}

/* The same for gradients, at least one in dy: an element of dy reaches the pixels under a filter in
 * all channels of its block, or all weights of its filter; an element of w or b one channel of x;
 * an element of x all weights of its channel. */
static void fill_nonfinite_gradient(const special *s)
{
    const clconv_problem *const p = s->p;
    const double taps = (double)(p->kernel[0] * p->kernel[1]);
    const double pixels = taps * (double)data_first_block(p).in_count;
    const double channels = (double)p->c, filters = (double)filter_count(p);
    const int64_t wanted[][TENSOR_Y + 1] = {
        [CLCONV_BACKWARD_DATA] = {[TENSOR_W] = at_most(4, channels / 6),
                                  [TENSOR_B] = s->to.b ? at_most(2, channels / 12) : 0,
                                  [TENSOR_Y] = at_most(8, 1 + 0.2 * (double)s->size->x / pixels)},
        [CLCONV_BACKWARD_WEIGHTS] =
            {[TENSOR_X] = at_most(2, channels / 3), [TENSOR_Y] = at_most(4, 1 + filters / 4)},
    };
    for (int tensor = TENSOR_X; tensor <= TENSOR_Y; tensor++)
        for (int64_t i = 0; i < wanted[p->op][tensor]; i++)
            place_nonfinite(s, (tensor_id)tensor, (uint64_t)i);
}

/* ---- tiny and huge -------------------------------------------------------------------------- */

typedef struct scaled_filters {
    const special *s;
    double factor;
} scaled_filters;

/* Every other filter, the first included. */
static void scale_filter(void *user, int64_t filter, size_t first, size_t count)
{
    const scaled_filters *const to = user;
    const double factor = filter % 2 ? 1.0 : to->factor;
    for (size_t i = 0; i < count; i++)
        to->s->to.w[first + i] *= factor;
    if (to->s->to.b)
        to->s->to.b[filter] *= factor;
}

static void fill_tiny(const special *s)
{
    enum { FILTERS, IMAGES, BOTH, CHOICES };
    const uint64_t choice = data_draw(s->key, 2) % CHOICES;
    const size_t image = s->p->n ? s->size->x / (size_t)s->p->n : 0;
    scaled_filters filters = {s, 0x1p-125};
    if (choice != IMAGES)
        data_each_filter(s->p, scale_filter, &filters);
    for (size_t i = 0; choice != FILTERS && i < s->size->x; i++)
        if (i / image % 2 == 0)
            s->to.x[i] *= 0x1p-125;
}

static void find_last_filter(void *user, int64_t filter, size_t first, size_t count)
{
    (void)filter;
    ((size_t *)user)[0] = first;
    ((size_t *)user)[1] = count;
}

/* FLT_MAX stands in x, or in w or b of the last filter where that is no huge one and has one
 * product with it per sum. A quotient of it would be rounded twice: none in a mean. */
static void fill_huge(const special *s)
{
    const clconv_problem *const p = s->p;
    scaled_filters filters = {s, 0x1p127};
    data_each_filter(p, scale_filter, &filters);
    const int64_t last = filter_count(p) - 1;
    const bool alone = p->reduce == CLCONV_REDUCE_NONE && last % 2 == 1;
    const uint64_t place = alone ? data_draw(s->key, 3) % 3 : 0, at = data_draw(s->key, 4);
    size_t filter[2];
    data_each_filter(p, find_last_filter, filter);
    const double largest = at >> 63 ? -(double)FLT_MAX : (double)FLT_MAX;
    if (place == 1)
        s->to.w[filter[0] + at % filter[1]] = largest;
    else if (place == 2 && s->to.b)
        s->to.b[last] = largest;
    else if (p->reduce != CLCONV_REDUCE_MEAN && s->size->x)
        s->to.x[at % s->size->x] = largest;
}

/* Whose value past FLT_MAX / 6 depends on what is multiplied first. */
static bool is_hardswish(const clconv_problem *p)
{
    return p->epilogue && p->epilogue->activation == CLCONV_HARDSWISH;
}

bool data_special(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                  const data_tensors *to)
{
    static void (*const themes[])(const special *) = {fill_nonfinite, fill_tiny, fill_nonfinite,
                                                      fill_huge};
    const special s = {p, size, problem_key(size, seed), *to};
    if (!data_exact(p, size, seed, to))
        return false;
    double *const tensors[] = {
        [TENSOR_X] = to->x, [TENSOR_W] = to->w, [TENSOR_B] = to->b, [TENSOR_Y] = to->y};
    for (int tensor = TENSOR_X; tensor <= TENSOR_Y; tensor++)
        if (tensors[tensor])
            sprinkle_negative_zero(data_draw(s.key, 4 + (uint64_t)tensor),
                                   tensor_elements(size, (tensor_id)tensor), tensors[tensor]);
    /* Huge ones last: padding may repeat what must stand in one place. */
    const size_t all = sizeof themes / sizeof *themes - (p->pad_mode != CLCONV_PAD_ZEROS);
    const size_t choices = p->x.dtype == CLCONV_F32 && !is_hardswish(p) ? all : 1;
    (p->op == CLCONV_FORWARD ? themes[data_draw(s.key, 0) % choices] : fill_nonfinite_gradient)(&s);
    return true;
}
