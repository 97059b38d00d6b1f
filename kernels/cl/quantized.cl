/* SPDX-License-Identifier: MIT */
/* Bytes that stand for real numbers, real = scale * (byte - zero point), as ONNX has them.
 * Defines: QUANTIZED, and Y_INT8 or Y_UINT8 where y is of bytes. */

#ifdef QUANTIZED

/* What a filter has (host: clconv_filter). */
typedef struct filter_scale {
    int zero;
    float factor; /* from a sum to y */
} filter_scale;

/* Arguments behind STRIDES (host: set_filter_args in steps.c). */
#define QUANTIZED_ARGS                                                                             \
    , global const filter_scale *scales, const long first_scale, const int x_zero, const int y_zero

#define X_OF(value) ((value) - (real)x_zero)
#define W_OF(value, scale) ((value) - (real)(scale)->zero)

#if defined(Y_INT8) || defined(Y_UINT8)
#ifdef Y_INT8
#define LOWEST -128
#define HIGHEST 127
#else
#define LOWEST 0
#define HIGHEST 255
#endif
#define TO_Y(sum, scale) quantize(sum, (scale)->factor, y_zero)
static real quantize(const real sum, const float factor, const int y_zero)
{
    const float scaled = rint(convert_float_rte(as_int(sum)) * factor);
    const long shifted = (long)convert_int_sat(scaled) + y_zero;
    return (real)(int)clamp(shifted, (long)LOWEST, (long)HIGHEST);
}
#else
#define TO_Y(sum, scale) (sum)
#endif

#else

#define QUANTIZED_ARGS
#define X_OF(value) (value)
#define W_OF(value, scale) (value)
#define TO_Y(sum, scale) (sum)

#endif
