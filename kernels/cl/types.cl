/* SPDX-License-Identifier: MIT */
/* Element types: what memory holds (x_element, w_element, y_element; b has y's), what sums are made
 * in (real), and the way from one to the other. float16 and bfloat16 are ways to store: sums are
 * made in float, as with float32, and rounded once more, to nearest even, as they are stored. That
 * needs no extension. Sums of bytes are those of 32 bits, modulo 2^32. */

#if defined(TYPE_FLOAT64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double x_element, w_element, y_element, real;
#elif defined(TYPE_FLOAT16) || defined(TYPE_BFLOAT16)
typedef ushort x_element, w_element, y_element;
typedef float real;
#elif defined(TYPE_INT8) || defined(TYPE_UINT8)
#define TYPE_BYTES
typedef int y_element, real;
#if defined(TYPE_INT8)
typedef char x_element;
#else
typedef uchar x_element;
#endif
#if defined(W_INT8) || (defined(TYPE_INT8) && !defined(W_UINT8))
typedef char w_element;
#else
typedef uchar w_element;
#endif
#else
typedef float x_element, w_element, y_element, real;
#endif

/* Element i of p. */
#if defined(TYPE_FLOAT16)
#define READ(p, i) vload_half(i, (global const half *)(p))
#define WRITE(p, i, value) vstore_half_rte(value, i, (global half *)(p))
#elif defined(TYPE_BFLOAT16)
#define READ(p, i) as_float((uint)(p)[i] << 16)
#define WRITE(p, i, value) ((p)[i] = to_bfloat16(value))
#else
#define READ(p, i) ((real)(p)[i])
#define WRITE(p, i, value) ((p)[i] = (value))
#endif

#if defined(TYPE_BFLOAT16)
/* The upper half, to nearest even; of a NaN a quiet one. */
static ushort to_bfloat16(const float value)
{
    const uint bits = as_uint(value);
    return (ushort)((isnan(value) ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
#endif

/* a * b + c. Signed numbers must not overflow in C, unsigned ones may. */
#if defined(TYPE_BYTES)
#define MULTIPLY_ADD(a, b, c) ((int)((uint)(a) * (uint)(b) + (uint)(c)))
#else
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#endif

/* For kernels that take any layout and view: arguments after all others, elements from one channel,
 * row and column to the next (host: set_stride_args in steps.c, same order). */
#define STRIDES                                                                                    \
    const long x_channel, const long x_row, const long x_column, const long y_channel,             \
        const long y_row, const long y_column, const long w_row, const long w_column
