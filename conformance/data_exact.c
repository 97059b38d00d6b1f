/* SPDX-License-Identifier: MIT */
/* Data mode `exact`: numbers whose sums are exact in any order.
 *
 * x, w and, where a gradient reads it, y are whole multiples of 2^-12, at most M * 2^-12; b is a
 * whole multiple of 2^-24. A
 * sum of L products and the bias then is a whole multiple of 2^-24 of at most L * M^2 + |b| units,
 * and M is the largest number that keeps this below 2^24 units with room for a bias: every partial
 * sum, in any order, fused or not, is a float. So the result has one right bit pattern, and because
 * sums reach deep into the 24 bits, a narrower accumulator or a rounded output shows. Values lean
 * towards one sign (x positive, w positive or negative filter by filter): sums of numbers centred
 * on zero grow with sqrt(L) only and would leave the upper bits unused.
 *
 * float64: the same with 2^-26 and 2^53 units of 2^-52, which are all the bits of a double.
 *
 * float16 and bfloat16: sums are float's, so the same again; but M is at most 2^11 or 2^8, so that
 * inputs are numbers of their type, and the one right output is the sum rounded to it. Filters have
 * grades in turn, problems where a gradient adds up all filters: plain ones, whose sums are near 1;
 * tied ones, weights of one bit, whose sums have so few bits more than the type that many lie
 * half-way between two numbers; and edges, whose sums lie, by problem, where float16 overflows or
 * where it is subnormal (of bfloat16: near 2^40 or 2^-40). */
#include "data.h"
#include "number.h"

#include <math.h>

/* Of a type: what M units of x and w are multiplied with, the units that a sum may have, the
 * largest M; of 16 bits also where edges lie, the smallest number, and what weights and biases are
 * below. */
typedef struct exact_type {
    double factor_unit;
    int64_t units, most_factor;
    double edge[2], smallest, below;
} exact_type;

static const exact_type *type_of(const clconv_problem *p)
{
    static const exact_type types[NUMBER_TYPES] = {
        [CLCONV_F32] = {0x1p-12, INT64_C(1) << 24, INT64_MAX, {0.0}, 0.0, 0.0},
        [CLCONV_F64] = {0x1p-26, INT64_C(1) << 53, INT64_MAX, {0.0}, 0.0, 0.0},
        [CLCONV_F16] = {0.0, INT64_C(1) << 24, 1 << 11, {0x1p17, 0x1p-15}, 0x1p-24, 0x1p15},
        [CLCONV_BF16] = {0.0, INT64_C(1) << 24, 1 << 8, {0x1p40, 0x1p-40}, 0x1p-126, 0x1p120},
    };
    return &types[p->x.dtype];
}

/* The most input, or output, channels that a block has. */
static int64_t most_channels(const clconv_problem *p, bool inputs)
{
    data_block at = data_first_block(p);
    int64_t most = 0;
    do {
        const int64_t channels = inputs ? at.in_count : at.out_count;
        most = channels > most ? channels : most;
    } while ((p->group_in || p->group_out) && data_next_block(p, &at)); /* else all are alike */
    return most;
}

/* Positions along an axis, padding among them, that one row of the image may stand at. */
static int64_t most_shown(const clconv_problem *p, int axis)
{
    const int64_t before = p->pad_before[axis], after = p->pad_after[axis];
    if (p->pad_mode == CLCONV_PAD_ZEROS)
        return 1;
    if (p->pad_mode == CLCONV_PAD_REPLICATE && p->in[axis] == 1)
        return 1 + before + after;
    if (p->pad_mode == CLCONV_PAD_REPLICATE)
        return 1 + (before > after ? before : after);
    return 1 + (before > 0) + (after > 0);
}

/* Products that the longest sum of the problem has. */
int64_t data_longest_sum(const clconv_problem *p, const oracle_shape *size)
{
    const int64_t taps = p->kernel[0] * p->kernel[1];
    if (p->op == CLCONV_BACKWARD_DATA)
        return most_channels(p, false) * taps * most_shown(p, 0) * most_shown(p, 1);
    if (p->op == CLCONV_BACKWARD_WEIGHTS)
        return size->n * size->p * size->q * (p->shared ? p->c : 1);
    return most_channels(p, true) * taps;
}

/* M = floor(sqrt(2^24 / (L + 1))) - 1, but at least 1. */
static int64_t largest_factor(const exact_type *type, int64_t terms)
{
    const int64_t m = (int64_t)floor(sqrt((double)type->units / (double)(terms + 1))) - 1;
    return m < 1 ? 1 : (m < type->most_factor ? m : type->most_factor);
}

/* ---- Grades --------------------------------------------------------------------------------- */

/* Whole numbers of at most `m` times `unit`, and of at most `bias_m` times `bias_unit`. */
typedef struct grade {
    int64_t m, bias_m;
    double unit, bias_unit;
} grade;

typedef struct exact_limits {
    const clconv_problem *p;
    const exact_type *type;
    int64_t m, bias_units;
    double x_unit, typical; /* the units that sums mostly have */
    uint64_t turn;          /* of the problem */
} exact_limits;

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* The power of two next below. */
static double power_below(double value)
{
    int exponent;
    frexp(value, &exponent);
    return ldexp(1.0, exponent - 1);
}

/* Weights whose sums are near `target`; the bias has as many bits as the type and is no larger than
 * sums, or it would hide them. */
static grade grade_near(const exact_limits *l, double target)
{
    const exact_type *const type = l->type;
    grade g = {.m = l->m};
    g.unit = power_below(target / l->typical / l->x_unit);
    g.unit = smaller(fmax(g.unit, type->smallest), power_below(type->below / (double)g.m));
    const double most = smaller((double)l->bias_units, 4.0 * l->typical + 1.0);
    const double step = fmax(power_below(most) / (double)type->most_factor * 2.0, 1.0);
    g.bias_unit = fmax(step * g.unit * l->x_unit, type->smallest);
    g.bias_m = (int64_t)(smaller(most * g.unit * l->x_unit, type->below) / g.bias_unit);
    return g;
}

/* Weights 0 and 1 of the largest unit. */
static grade grade_tied(const exact_limits *l)
{
    grade g = grade_near(l, 1.0);
    const double factor = power_below((double)g.m);
    const double bias_unit = fmax(g.bias_unit, g.unit * factor * l->x_unit);
    g.bias_m = (int64_t)((double)g.bias_m * g.bias_unit / bias_unit);
    g.bias_unit = bias_unit;
    g.unit *= factor;
    g.m = 1;
    return g;
}

static grade grade_of(const exact_limits *l, int64_t filter)
{
    const double unit = l->type->factor_unit;
    const uint64_t kind = (l->turn / 2 + (l->p->op == CLCONV_FORWARD ? (uint64_t)filter : 0)) % 3;
    if (unit > 0.0)
        return (grade){l->m, l->bias_units, unit, unit * unit};
    if (kind == 1)
        return grade_tied(l);
    return grade_near(l, kind == 0 ? 1.0 : l->type->edge[l->turn % 2]);
}

static bool find_limits(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                        exact_limits *out)
{
    const bool bias = size->b > 0 && !tensor_is_written(p, TENSOR_B);
    const int64_t terms = data_longest_sum(p, size);
    const int64_t bias_count = p->shared && p->reduce != CLCONV_REDUCE_NONE ? p->c : 1;
    const uint64_t shape = data_draw(data_draw(size->x, size->w), size->y);
    out->p = p;
    out->type = type_of(p);
    out->m = largest_factor(out->type, terms);
    out->bias_units = (out->type->units - terms * out->m * out->m) / bias_count;
    out->turn = data_draw(data_stream(seed, TENSOR_X), shape) >> 32;
    out->x_unit = out->type->factor_unit;
    if (out->x_unit == 0.0) /* so small that weights of 2^-24 can make sums subnormal */
        out->x_unit = out->turn % 2 ? 0x1p-14 : 0x1p-5;
    out->typical = 9.0 / 64.0 * (double)(terms + 1) * (double)out->m * (double)out->m;
    return terms <= out->type->units && terms * out->m * out->m <= out->type->units &&
           (!bias || out->bias_units >= 1);
}

/* ---- Filling -------------------------------------------------------------------------------- */

/* One run of whole numbers [-M/4, M] (or their negatives) times the unit. */
static void fill_lean(uint64_t key, uint64_t first, size_t count, int64_t m, int sign, double unit,
                      double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (double)(sign * data_between(key, first + i, -m / 4, m)) * unit;
}

/* Filters lean to plus and minus in turn: output channels of both signs. */
static void fill_filters(const exact_limits *l, uint64_t key, size_t first, size_t count,
                         double *out)
{
    for (size_t i = first, end; i < first + count; i = end) {
        const int64_t filter = data_filter_at(l->p, i, &end);
        const grade g = grade_of(l, filter);
        end = end < first + count ? end : first + count;
        fill_lean(key, i, end - i, g.m, filter % 2 ? -1 : 1, g.unit, out + (i - first));
    }
}

/* The gradient of y leans as the filter of its plane does: products of the two lean to plus, and
 * gradients of filters are of both signs. */
static void fill_planes(const exact_limits *l, const oracle_shape *size, uint64_t key, size_t first,
                        size_t count, double *out)
{
    const clconv_problem *const p = l->p;
    const size_t plane = (size_t)(size->p * size->q);
    const int64_t filters = p->shared ? p->k / p->c : p->k;
    const grade plain = {.m = l->m, .unit = l->x_unit};
    for (size_t i = first, end; i < first + count; i = end) {
        const int64_t filter = (int64_t)(i / plane) % size->k % filters;
        const grade g = p->op == CLCONV_BACKWARD_DATA ? plain : grade_of(l, filter);
        end = (i / plane + 1) * plane;
        end = end < first + count ? end : first + count;
        fill_lean(key, i, end - i, g.m, filter % 2 ? -1 : 1, g.unit, out + (i - first));
    }
}

static void fill_bias(const exact_limits *l, uint64_t key, size_t first, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++) {
        const grade g = grade_of(l, (int64_t)(first + i));
        out[i] = (double)data_wide(key, first + i, g.bias_m) * g.bias_unit;
    }
}

/* The largest magnitude that an element may have. */
static double largest_at(const exact_limits *l, tensor_id tensor, size_t at)
{
    size_t end;
    const int64_t filter = tensor == TENSOR_W ? data_filter_at(l->p, at, &end) : (int64_t)at;
    const grade g = grade_of(l, filter);
    if (tensor == TENSOR_B)
        return (double)g.bias_m * g.bias_unit;
    if (tensor == TENSOR_W)
        return (double)g.m * g.unit;
    return tensor == TENSOR_Y && l->p->op == CLCONV_BACKWARD_WEIGHTS ? (double)g.m * g.unit
                                                                     : (double)l->m * l->x_unit;
}

/* Puts it somewhere, so that the full width is used even by tiny tensors. */
static void place_largest(const exact_limits *l, uint64_t key, tensor_id tensor, size_t total,
                          size_t first, size_t count, double *out)
{
    const size_t at = total ? data_draw(key, UINT64_MAX - 1) % total : 0;
    if (at >= first && at < first + count)
        out[at - first] = copysign(largest_at(l, tensor, at), out[at - first]);
}

static void fill_exact(const exact_limits *l, const oracle_shape *size, uint64_t seed,
                       tensor_id tensor, size_t first, size_t count, double *out)
{
    const uint64_t key = data_stream(seed, tensor);
    if (tensor == TENSOR_X)
        fill_lean(key, first, count, l->m, 1, l->x_unit, out);
    else if (tensor == TENSOR_W)
        fill_filters(l, key, first, count, out);
    else if (tensor == TENSOR_Y)
        fill_planes(l, size, key, first, count, out);
    else
        fill_bias(l, key, first, count, out);
    place_largest(l, key, tensor, tensor_elements(size, tensor), first, count, out);
}

bool data_exact_range(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                      tensor_id tensor, size_t first, size_t count, double *out)
{
    exact_limits limits;
    if (number_bits(p->x.dtype) == 0)
        return data_integer_range(p, size, seed, tensor, first, count, out);
    if (!find_limits(p, size, seed, &limits))
        return false;
    fill_exact(&limits, size, seed, tensor, first, count, out);
    return true;
}
