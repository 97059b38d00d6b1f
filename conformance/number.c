/* SPDX-License-Identifier: MIT */
/* Conversions between doubles and the element types, by the bits where C has no such type (IEEE
 * 754-2019, sections 3.4 and 4.3.1). They are the oracle's: nothing is shared with the library. */
#include "number.h"

#include "clconv/dtypes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { DOUBLE_FRACTION = 52, DOUBLE_BIAS = 1023, DOUBLE_TOP = 2047 };
static const uint64_t double_hidden = UINT64_C(1) << DOUBLE_FRACTION;

/* Fields of a type of 16 bits. */
typedef struct narrow {
    int fraction, exponent;
} narrow;
static const narrow half = {10, 5}, brain = {7, 8};

uint64_t number_identity(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double of_identity(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- 16 bits -------------------------------------------------------------------------------- */

/* An infinity or NaN: the first bits of the fraction, of which the first makes a NaN quiet. */
static uint16_t narrow_not_finite(uint64_t fraction, narrow to)
{
    const unsigned top = ((1u << to.exponent) - 1) << to.fraction;
    const unsigned kept = (unsigned)(fraction >> (DOUBLE_FRACTION - to.fraction));
    return (uint16_t)(top | (fraction ? kept | 1u << (to.fraction - 1) : 0));
}

/* Without its last `drop` bits, rounded to nearest, ties to even. */
static uint64_t rounded_shift(uint64_t significand, int drop)
{
    const uint64_t kept = significand >> drop, rest = significand - (kept << drop);
    const uint64_t tie = UINT64_C(1) << (drop - 1);
    return kept + (rest > tie || (rest == tie && kept % 2 == 1));
}

/* The sign apart. A significand that is rounded up to the next power of two carries into the
 * exponent, which is as it should be; past the last exponent is infinity. */
static uint16_t narrow_magnitude(uint64_t bits, narrow to)
{
    const int top = (1 << to.exponent) - 1;
    const int exponent =
        (int)(bits >> DOUBLE_FRACTION & DOUBLE_TOP) - DOUBLE_BIAS + (1 << (to.exponent - 1)) - 1;
    const uint64_t fraction = bits & (double_hidden - 1);
    if ((bits >> DOUBLE_FRACTION & DOUBLE_TOP) == DOUBLE_TOP)
        return narrow_not_finite(fraction, to);
    if (exponent >= top)
        return (uint16_t)(top << to.fraction);
    const int drop = DOUBLE_FRACTION - to.fraction + (exponent < 1 ? 1 - exponent : 0);
    if (drop > DOUBLE_FRACTION + 1) /* less than half of the smallest subnormal */
        return 0;
    const uint64_t rounded = rounded_shift(fraction | double_hidden, drop);
    return (uint16_t)((exponent < 1 ? 0 : (uint64_t)(exponent - 1) << to.fraction) + rounded);
}

static uint16_t narrow_bits(double value, narrow to)
{
    const uint64_t bits = number_identity(value);
    return (uint16_t)(narrow_magnitude(bits, to) | (bits >> 63) << 15);
}

static double widened(uint16_t bits, narrow from)
{
    const int top = (1 << from.exponent) - 1, bias = top / 2;
    const int exponent = bits >> from.fraction & top;
    const uint64_t fraction = bits & ((1u << from.fraction) - 1);
    const uint64_t sign = (uint64_t)(bits >> 15) << 63;
    if (exponent == 0) {
        const double size = ldexp((double)fraction, 1 - bias - from.fraction);
        return sign ? -size : size;
    }
    const uint64_t wide = exponent == top ? DOUBLE_TOP : (uint64_t)(exponent - bias + DOUBLE_BIAS);
    return of_identity(sign | wide << DOUBLE_FRACTION |
                       fraction << (DOUBLE_FRACTION - from.fraction));
}

/* ---- The types ------------------------------------------------------------------------------ */

typedef void store_function(const double *from, size_t count, void *to, size_t step);
typedef void load_function(const void *from, size_t step, size_t count, double *to);

/* Names a store and a load; TO and FROM convert one number. */
#define CONVERSIONS(name, type, TO, FROM)                                                          \
    static void store_##name(const double *from, size_t count, void *to, size_t step)              \
    {                                                                                              \
        type *const at = to;                                                                       \
        for (size_t i = 0; i < count; i++)                                                         \
            at[i * step] = TO(from[i]);                                                            \
    }                                                                                              \
    static void load_##name(const void *from, size_t step, size_t count, double *to)               \
    {                                                                                              \
        const type *const at = from;                                                               \
        for (size_t i = 0; i < count; i++)                                                         \
            to[i] = FROM(at[i * step]);                                                            \
    }
#define HALF_TO(value)   narrow_bits(value, half)
#define HALF_FROM(bits)  widened(bits, half)
#define BRAIN_TO(value)  narrow_bits(value, brain)
#define BRAIN_FROM(bits) widened(bits, brain)
CONVERSIONS(f32, float, (float), (double))
CONVERSIONS(f64, double, (double), (double))
CONVERSIONS(f16, uint16_t, HALF_TO, HALF_FROM)
CONVERSIONS(bf16, uint16_t, BRAIN_TO, BRAIN_FROM)
CONVERSIONS(i8, int8_t, (int8_t), (double))
CONVERSIONS(u8, uint8_t, (uint8_t), (double))
CONVERSIONS(i32, int32_t, (int32_t), (double))

static const struct {
    size_t bytes;
    int bits;
    store_function *store;
    load_function *load;
} types[NUMBER_TYPES] = {
    [CLCONV_F32] = {4, 24, store_f32, load_f32}, [CLCONV_F64] = {8, 53, store_f64, load_f64},
    [CLCONV_F16] = {2, 11, store_f16, load_f16}, [CLCONV_BF16] = {2, 8, store_bf16, load_bf16},
    [CLCONV_I8] = {1, 0, store_i8, load_i8},     [CLCONV_U8] = {1, 0, store_u8, load_u8},
    [CLCONV_I32] = {4, 0, store_i32, load_i32},
};

size_t number_bytes(int32_t dtype)
{
    return types[dtype].bytes;
}

int number_bits(int32_t dtype)
{
    return types[dtype].bits;
}

void number_store(int32_t dtype, const double *from, size_t count, void *to, size_t step)
{
    types[dtype].store(from, count, to, step);
}

void number_load(int32_t dtype, const void *from, size_t step, size_t count, double *to)
{
    types[dtype].load(from, step, count, to);
}

double number_result(int32_t dtype, double exact)
{
    if (dtype == CLCONV_F32)
        return (double)(float)exact;
    if (dtype == CLCONV_F16)
        return widened(narrow_bits((double)(float)exact, half), half);
    if (dtype == CLCONV_BF16)
        return widened(narrow_bits((double)(float)exact, brain), brain);
    return exact;
}

/* ---- Patterns ------------------------------------------------------------------------------- */

uint32_t number_pattern(int32_t dtype, uint32_t word)
{
    const bool is_nan = (word & 0x7fffffffu) > 0x7f800000u;
    if (is_nan && dtype == CLCONV_F64)
        return word | 0x7ff80000u;
    if (is_nan && number_bytes(dtype) == 2) /* a quiet NaN of either type of 16 bits */
        return (0x7fc0u | (word & 0x3fu)) * 0x10001u;
    return word;
}

double number_of_pattern(int32_t dtype, uint32_t pattern)
{
    const uint32_t words[2] = {pattern, pattern};
    double value;
    number_load(dtype, words, 1, 1, &value);
    return value;
}
