/* SPDX-License-Identifier: MIT */
/* What becomes of a value of the convolution before it is stored: activation(alpha * value + beta *
 * residual), where a plan asks for it, else nothing. The residual lies as y does: its element for
 * the y at p is as far from its first as p is from y's. Included by common.cl.
 * Defines: ACTIVATION, a clconv_activation; RESIDUAL, 0 = none, 1 = an array, 2 = what y held. */

#ifdef ACTIVATION

/* Arguments behind all others (host: set_ending_args in steps.c). */
#define ENDING_ARGS                                                                                \
    , global const y_element *residual, const ulong residual_offset, const real alpha,             \
        const real beta, const real low, const real high

typedef struct ending {
    global const y_element *residual, *y;
    real alpha, beta, low, high;
} ending;

/* Of kernels and of the functions between them and their stores: declared, made, handed on. */
#define ENDING , const ending *ends
#define MAKE_ENDING                                                                                \
    const ending own_ending = {residual + residual_offset, y + y_offset, alpha, beta, low, high};  \
    const ending *const ends = &own_ending;
#define PASS_ENDING , ends
/* Of a struct that has it as its last field. */
#define ENDING_FIELD const ending *ends;
#define TAKE_ENDING(from) const ending *const ends = (from)->ends;

#if RESIDUAL == 2
#define RESIDUAL_AT(p) (p)
#else
#define RESIDUAL_AT(p) (ends->residual + ((p) - ends->y))
#endif

/* The function `name` for numbers or vectors T. NaN stays NaN. */
#if ACTIVATION == 1
#define ACTIVATE(T, v) ((v) < (T)0 ? (T)0 : (v))
#elif ACTIVATION == 2
#define ACTIVATE(T, v)                                                                             \
    ((v) < (T)ends->low ? (T)ends->low : (v) > (T)ends->high ? (T)ends->high : (v))
#elif ACTIVATION == 3
#define ACTIVATE(T, v) ((v) < (T)0 ? (T)ends->low * (v) : (v))
#elif ACTIVATION == 4 /* v * clip(v + 3, 0, 6) / 6 */
#define ACTIVATE(T, v)                                                                             \
    ((v) * ((v) < (T)-3 ? (T)0 : (v) > (T)3 ? (T)1 : ((v) + (T)3) * (T)((real)1 / (real)6)))
#else
#define ACTIVATE(T, v) (v)
#endif
#define DEFINE_END(name, T)                                                                        \
    INLINE T name(const T value, const T residual ENDING)                                          \
    {                                                                                              \
        const T scaled = (T)ends->alpha * value;                                                   \
        const T sum = RESIDUAL ? fma((T)ends->beta, residual, scaled) : scaled;                    \
        return ACTIVATE(T, sum);                                                                   \
    }
#if RESIDUAL
#define END_WITH(name, value, residual) name(value, residual PASS_ENDING)
#else
#define END_WITH(name, value, residual) name(value, 0 PASS_ENDING)
#endif

DEFINE_END(end_number, real)

#else

#define ENDING_ARGS
#define ENDING
#define MAKE_ENDING
#define PASS_ENDING
#define ENDING_FIELD
#define TAKE_ENDING(from)
#define DEFINE_END(name, T)
#define END_WITH(name, value, residual) (value)

#endif

/* What is stored at element i of p, a pointer into y, for a value of the convolution. */
#define END(value, p, i) END_WITH(end_number, value, READ(RESIDUAL_AT(p), i))
