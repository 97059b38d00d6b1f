/* SPDX-License-Identifier: MIT */
/* What becomes of the oracles' values before they are stored: epilogues, and bytes that stand for
 * real numbers (problem.h, clconv_epilogue and clconv_quantization). It shares nothing with the
 * library. */
#include "ending.h"

#include "data.h"
#include "number.h"

#include <math.h>

bool has_epilogue(const clconv_problem *p)
{
    return p->epilogue || p->residual.dtype || p->accumulate;
}

int32_t ending_activation(const clconv_problem *p)
{
    return p->epilogue ? p->epilogue->activation : CLCONV_ACTIVATION_NONE;
}

/* ---- The residual --------------------------------------------------------------------------- */

static double not_finite(uint64_t random)
{
    const double nan = number_of_pattern(CLCONV_F32, 0x7fc5eed2u);
    return random % 3 == 0 ? nan : random % 3 == 1 ? HUGE_VAL : -HUGE_VAL;
}

/* As large as what it is added to, so that neither hides the other, and both often cancel; but a
 * number of the type. */
static double size_beside(double want, int32_t dtype)
{
    int exponent = 0;
    if (!isfinite(want) || want == 0.0)
        return 1.0;
    frexp(want, &exponent);
    return fmin(ldexp(1.0, exponent), dtype == CLCONV_F16 ? 0x1p14 : 0x1p100);
}

void ending_residual(const clconv_problem *p, uint64_t seed, bool special, const double *want,
                     size_t count, double *out)
{
    const uint64_t key = data_stream(seed, TENSOR_RESIDUAL);
    const int32_t dtype = tensor_dtype(p, TENSOR_Y);
    for (size_t i = 0; i < count; i++) {
        const uint64_t random = data_draw(key, i);
        const double drawn = (double)(random >> 11) * 0x1p-52 - 1.0;
        out[i] = number_result(dtype, drawn * size_beside(want[i], dtype));
        if (special && random % 32 < 2)
            out[i] = random % 32 ? not_finite(random >> 32) : -0.0;
    }
}

/* ---- Epilogues ------------------------------------------------------------------------------ */

static double relu(const clconv_epilogue *e, double v)
{
    (void)e;
    return v < 0.0 ? 0.0 : v;
}

static double clip(const clconv_epilogue *e, double v)
{
    return v < e->low ? e->low : v > e->high ? e->high : v;
}

static double leaky_relu(const clconv_epilogue *e, double v)
{
    return v < 0.0 ? e->slope * v : v;
}

static double hardswish(const clconv_epilogue *e, double v)
{
    (void)e;
    const double gate = v + 3.0 < 0.0 ? 0.0 : v + 3.0 > 6.0 ? 6.0 : v + 3.0;
    return v * gate / 6.0;
}

/* With the roundings that the activation itself adds, and how much steeper than 1 it is anywhere.
 * No comparison with NaN holds, so that it stays. */
static const struct {
    double (*of)(const clconv_epilogue *e, double v); /* NULL = the number itself */
    int64_t roundings;
    double growth;
} activations[] = {
    [CLCONV_ACTIVATION_NONE] = {NULL, 0, 0.0},
    [CLCONV_RELU] = {relu, 0, 0.0},
    [CLCONV_CLIP] = {clip, 0, 0.0},
    [CLCONV_LEAKY_RELU] = {leaky_relu, 2, 0.0},
    [CLCONV_HARDSWISH] = {hardswish, 4, 0.5},
};

int64_t ending_roundings(const clconv_problem *p)
{
    return has_epilogue(p) ? 2 + activations[ending_activation(p)].roundings : 0;
}

double ending_growth(const clconv_problem *p)
{
    return activations[ending_activation(p)].growth;
}

/* To the type of sums, where the data are such that every rounding is foretold. */
static double rounded(const clconv_problem *p, bool exact, double value)
{
    return exact && p->x.dtype != CLCONV_F64 ? (double)(float)value : value;
}

void ending_apply(const clconv_problem *p, const ending_terms *t, size_t count, double *want,
                  double *mag)
{
    const int32_t activation = ending_activation(p);
    for (size_t i = 0; i < count; i++) {
        const double residual = t->residual ? t->beta * t->residual[i] : 0.0;
        const double scaled = rounded(p, t->exact, t->alpha * rounded(p, t->exact, want[i]));
        const double sum = t->residual ? rounded(p, t->exact, scaled + residual) : scaled;
        want[i] = activations[activation].of ? activations[activation].of(p->epilogue, sum) : sum;
        mag[i] = fabs(t->alpha) * mag[i] + fabs(residual);
    }
}

/* ---- Bytes ---------------------------------------------------------------------------------- */

typedef struct weight_shift {
    const clconv_quantization *q;
    double *w, sign;
} weight_shift;

static void shift_filter(void *user, int64_t filter, size_t first, size_t count)
{
    const weight_shift *const s = user;
    for (size_t i = first; i < first + count; i++)
        s->w[i] += s->sign * s->q->w_zero[s->q->w_zeros == 1 ? 0 : filter];
}

void ending_shift(const clconv_problem *p, double sign, size_t x_count, double *x, double *w)
{
    weight_shift shift = {p->quantization, w, sign};
    if (!p->quantization)
        return;
    for (size_t i = 0; i < x_count; i++)
        x[i] += sign * p->quantization->x_zero;
    data_each_filter(p, shift_filter, &shift);
}

static double to_float(double value)
{
    return (double)(float)value;
}

static double quantised(const clconv_problem *p, double sum, int64_t filter)
{
    const clconv_quantization *const q = p->quantization;
    const double low = p->y.dtype == CLCONV_I8 ? -128.0 : 0.0, high = low + 255.0;
    const double scale = q->w_scale[q->w_scales == 1 ? 0 : filter];
    const double factor = to_float(q->x_scale * scale / q->y_scale);
    const double value = rint(to_float(to_float(sum) * factor)) + q->y_zero;
    return value < low ? low : value > high ? high : value;
}

void ending_quantise(const clconv_problem *p, const oracle_shape *shape, double *want)
{
    const int64_t filters = p->shared ? p->k / p->c : p->k;
    const size_t plane = (size_t)(shape->p * shape->q);
    for (size_t i = 0; p->quantization && p->y.dtype && i < shape->y; i++)
        want[i] = quantised(p, want[i], (int64_t)(i / plane) % shape->k % filters);
}
