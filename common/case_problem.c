/* SPDX-License-Identifier: MIT */
/* The problem of a case: its tables, its epilogue, its zero points and scales. */
#include "case.h"

#include <math.h>

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Of one filter, as near as even groups say. */
static double weights_of_filter(const clconv_problem *p)
{
    const double planes = p->shared || p->groups < 1 ? 1.0 : (double)p->c / (double)p->groups;
    return fmax(planes * (double)p->kernel[0] * (double)p->kernel[1], 1.0);
}

enum { ROWS = 2 * CASE_MAX_ZEROS }; /* of which a case takes up to half, from one of them on */

/* Drawn once, both ends and 0 put among them. */
static const int32_t zeros_i8[ROWS] = {-57, -99, 42,  -128, 25,  -82,  -42, 31,  -128, 0,   -78,
                                       -8,  47,  65,  7,    -91, -115, -91, -26, 74,   127, -25,
                                       -33, -95, -18, -26,  48,  -81,  4,   31,  12,   -62};
static const int32_t zeros_u8[ROWS] = {34,  140, 229, 165, 64,  255, 21, 187, 27,  237, 103,
                                       212, 93,  76,  52,  213, 118, 39, 0,   32,  205, 244,
                                       75,  134, 108, 236, 171, 100, 33, 147, 102, 93};
/* Every other one is a power of two, under which sums often lie half-way between two bytes. */
static const double scales[ROWS] = {1.0,   0.56712, 0.5,   0.25514, 0.25,  1.69577, 0.5,   0.17909,
                                    0.125, 0.21065, 0.125, 0.37059, 1.0,   0.19529, 0.125, 0.19435,
                                    0.25,  0.19564, 0.125, 0.32303, 0.125, 0.27277, 0.25,  0.67245,
                                    0.5,   0.20093, 0.5,   1.31051, 0.25,  0.63523, 1.0,   0.60776};

static int32_t draw_byte(uint64_t *state, int32_t dtype)
{
    const int32_t byte = (int32_t)(draw(state) >> 56);
    return dtype == CLCONV_I8 ? byte - 128 : byte;
}

/* The step of y is from 1/64 of a sum's usual size on, so that y has its whole range and saturates
 * at times; a power of two times that of x. */
static void draw_scales(const clconv_problem *p, uint64_t *state, clconv_quantization *q)
{
    const double usual = 64.0 * (sqrt(weights_of_filter(p)) + 1.0);
    q->x_scale = 0.046875;
    q->y_scale = ldexp(q->x_scale, (int)floor(log2(usual)) - (int)(draw(state) >> 63));
}

void case_draw(case_spec *c)
{
    static const int32_t y_dtypes[] = {0, 0, CLCONV_I8, CLCONV_U8}; /* of the words of :quant */
    const clconv_problem *const p = &c->problem;
    c->problem.y.dtype = y_dtypes[c->quantised];
    if (!c->quantised)
        return;
    uint64_t state = c->seed;
    const int64_t filters = p->shared && p->c > 0 ? p->k / p->c : p->k;
    const int64_t count = filters <= CASE_MAX_ZEROS ? filters : 1;
    const uint64_t first = draw(&state) % CASE_MAX_ZEROS;
    clconv_quantization *const q = &c->quantization;
    *q = (clconv_quantization){.size = sizeof *q,
                               .x_zero = draw_byte(&state, p->x.dtype),
                               .w_zero = (p->x.dtype == CLCONV_I8 ? zeros_i8 : zeros_u8) + first,
                               .w_zeros = count,
                               .w_scale = scales + first,
                               .w_scales = count};
    draw_scales(p, &state, q);
    q->y_zero = p->y.dtype ? draw_byte(&state, p->y.dtype) : 0;
}

void case_factors(const case_spec *c, double *alpha, double *beta)
{
    *alpha = c->scaled ? 0.5 : 0.0;
    *beta = c->scaled && c->residual ? -2.0 : 0.0;
}

static int32_t residual_dtype(const clconv_problem *p)
{
    return p->y.dtype ? p->y.dtype : p->x.dtype;
}

clconv_problem case_problem(const case_spec *c)
{
    clconv_problem p = c->problem;
    p.group_in = c->has_group_in ? c->group_in : NULL;
    p.group_out = c->has_group_out ? c->group_out : NULL;
    if (c->epilogue.activation || c->scaled)
        p.epilogue = &c->epilogue;
    if (c->quantised)
        p.quantization = &c->quantization;
    p.accumulate = c->residual == CASE_RESIDUAL_Y;
    if (c->residual == CASE_RESIDUAL_ARRAY) {
        p.residual = p.y;
        p.residual.dtype = residual_dtype(&p);
    }
    return p;
}
