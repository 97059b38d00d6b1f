/* SPDX-License-Identifier: MIT */
/* Reads and writes elements of every type. */
#include "elements.h"

#include <math.h>

/* ---- Types of 16 bits ------------------------------------------------------------------------ */

/* Sign, exponent, fraction, as IEEE 754 has them. */
typedef struct narrow_format {
    int exponent, fraction; /* bits */
} narrow_format;
static const narrow_format half = {5, 10}, brain = {8, 7};

static int bias_of(narrow_format f)
{
    return (1 << (f.exponent - 1)) - 1;
}

static unsigned infinity_of(narrow_format f)
{
    return ((1u << f.exponent) - 1) << f.fraction;
}

static uint16_t narrow(narrow_format f, double value)
{
    const unsigned sign = signbit(value) ? 0x8000u : 0, infinity = infinity_of(f);
    int exponent = 0;
    if (isnan(value))
        return (uint16_t)(infinity | 1u << (f.fraction - 1));
    if (isinf(value) || value == 0)
        return (uint16_t)(sign | (isinf(value) ? infinity : 0));
    frexp(value, &exponent); /* of a fraction below 1 */
    const int least = 1 - bias_of(f), power = exponent - 1 > least ? exponent - 1 : least;
    /* In units of the last place; the leading one, or a carry, is one more in the exponent. */
    const double units = nearbyint(ldexp(fabs(value), f.fraction - power));
    const double code = ldexp(power - least, f.fraction) + units;
    return (uint16_t)(sign | (code < infinity ? (unsigned)code : infinity));
}

static double widen(narrow_format f, uint16_t code)
{
    const int exponent = (code & 0x7fff) >> f.fraction;
    const int fraction = code & ((1 << f.fraction) - 1), one = 1 << f.fraction;
    const int last = 1 - bias_of(f) - f.fraction; /* power of the last place where it is least */
    double value = exponent ? ldexp(one + fraction, last + exponent - 1) : ldexp(fraction, last);
    if ((code & 0x7fffu) >= infinity_of(f))
        value = fraction ? NAN : INFINITY;
    return code & 0x8000 ? -value : value;
}

/* ---- Each type ------------------------------------------------------------------------------- */

/* How type T is read and written. */
#define ELEMENT(name, T, number, element)                                                          \
    static double get_##name(const void *data, size_t i)                                           \
    {                                                                                              \
        const T one = ((const T *)data)[i];                                                        \
        return number;                                                                             \
    }                                                                                              \
    static void put_##name(void *data, size_t i, double value)                                     \
    {                                                                                              \
        ((T *)data)[i] = element;                                                                  \
    }

ELEMENT(f32, float, (double)one, (float)value)
ELEMENT(f64, double, one, value)
ELEMENT(f16, uint16_t, widen(half, one), narrow(half, value))
ELEMENT(bf16, uint16_t, widen(brain, one), narrow(brain, value))
ELEMENT(i8, int8_t, (double)one, (int8_t)value)
ELEMENT(u8, uint8_t, (double)one, (uint8_t)value)
ELEMENT(i32, int32_t, (double)one, (int32_t)value)

/* How what nobody wrote is found among elements of type T. */
#define SEARCH(name, T, unset)                                                                     \
    static size_t first_##name(const void *data, size_t count)                                     \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (const T *at = data; i < count; i++) {                                                 \
            const T one = at[i];                                                                   \
            if (unset)                                                                             \
                break;                                                                             \
        }                                                                                          \
        return i;                                                                                  \
    }

SEARCH(f32, float, isnan(one))
SEARCH(f64, double, isnan(one))
SEARCH(f16, uint16_t, (one & 0x7fff) > 0x7c00)
SEARCH(bf16, uint16_t, (one & 0x7fff) > 0x7f80)
SEARCH(i32, int32_t, one == INT32_MIN)

static const float no_float = NAN;
static const double no_double = NAN;
static const uint16_t no_half = 0x7e00, no_brain = 0x7fc0;
static const int32_t no_int = INT32_MIN;

static const struct {
    double (*get)(const void *data, size_t i);
    void (*put)(void *data, size_t i, double value);
    size_t (*first_unset)(const void *data, size_t count);
    const void *unset;
} types[] = {
    [CLCONV_F32] = {get_f32, put_f32, first_f32, &no_float},
    [CLCONV_F64] = {get_f64, put_f64, first_f64, &no_double},
    [CLCONV_F16] = {get_f16, put_f16, first_f16, &no_half},
    [CLCONV_BF16] = {get_bf16, put_bf16, first_bf16, &no_brain},
    [CLCONV_I8] = {get_i8, put_i8, NULL, NULL},
    [CLCONV_U8] = {get_u8, put_u8, NULL, NULL},
    [CLCONV_I32] = {get_i32, put_i32, first_i32, &no_int},
};

static const struct {
    const char *name;
    size_t bytes;
} rows[] = {
#define CLCONV_ROW(name, number, numpy, bytes) [number] = {numpy, bytes},
    CLCONV_DTYPE_MAP(CLCONV_ROW)
#undef CLCONV_ROW
};

const char *element_name(int32_t dtype)
{
    return rows[dtype].name;
}

size_t element_bytes(int32_t dtype)
{
    return rows[dtype].bytes;
}

double element_get(int32_t dtype, const void *data, size_t i)
{
    return types[dtype].get(data, i);
}

void element_put(int32_t dtype, void *data, size_t i, double value)
{
    types[dtype].put(data, i, value);
}

double element_stored(int32_t dtype, double sum)
{
    double stored = 0; /* room for any type */
    element_put(dtype, &stored, 0, element_bytes(dtype) == 2 ? (double)(float)sum : sum);
    return element_get(dtype, &stored, 0);
}

const void *element_unset(int32_t dtype)
{
    return types[dtype].unset;
}

const char *element_unset_text(int32_t dtype)
{
    return dtype == CLCONV_I32 ? "the least int32" : "NaN";
}

size_t element_first_unset(int32_t dtype, const void *data, size_t count)
{
    return types[dtype].first_unset(data, count);
}
