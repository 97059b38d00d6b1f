/* SPDX-License-Identifier: MIT */
/* Element types: what memory holds (x_element, w_element, b_element, y_element), what sums are made
 * in (real; REAL in names of vectors), and the way from one to the other. float16 and bfloat16 are
 * ways to store: sums are made in float, as with float32, and rounded once more, to nearest even,
 * as they are stored. That needs no extension. Sums of bytes are those of 32 bits, modulo 2^32. */

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

/* INDEX, UINDEX: whole numbers of REAL's size, for comparisons and shuffles. */
#if defined(TYPE_FLOAT64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define REAL double
#define INDEX long
#define UINDEX ulong
typedef double x_element, w_element, y_element;
#elif defined(TYPE_FLOAT16) || defined(TYPE_BFLOAT16)
#define REAL float
#define INDEX int
#define UINDEX uint
#define CONVERTED
typedef ushort x_element, w_element, y_element;
#elif defined(TYPE_INT8) || defined(TYPE_UINT8)
#define REAL uint /* it may overflow, which int may not */
#define INDEX int
#define UINDEX uint
#define CONVERTED
#define BYTES
#if defined(Y_INT8)
typedef char y_element;
#elif defined(Y_UINT8)
typedef uchar y_element;
#else
typedef int y_element;
#endif
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
#define REAL float
#define INDEX int
#define UINDEX uint
typedef float x_element, w_element, y_element;
#endif
typedef REAL real;
#ifdef BYTES
typedef int b_element;
#else
typedef y_element b_element;
#endif

/* Element i of p; READ_VECTOR and WRITE_VECTOR: n from p[0] on, READ_X those of x alone. */
#if defined(TYPE_FLOAT16)
#define READ(p, i) vload_half(i, (global const half *)(p))
#define WRITE(p, i, value) vstore_half_rte(value, i, (global half *)(p))
#define READ_VECTOR(n, p) JOIN(vload_half, n)(0, (global const half *)(p))
#define WRITE_VECTOR(n, value, p) JOIN(JOIN(vstore_half, n), _rte)(value, 0, (global half *)(p))
#elif defined(TYPE_BFLOAT16)
#define READ(p, i) as_float((uint)(p)[i] << 16)
#define WRITE(p, i, value) ((p)[i] = to_bfloat16(value))
#define READ_VECTOR(n, p) JOIN(as_float, n)(JOIN(convert_uint, n)(JOIN(vload, n)(0, p)) << 16)
#define WRITE_VECTOR(n, value, p) JOIN(write_bfloat16_, n)(value, p)
#elif defined(BYTES)
#define READ(p, i) ((real)(int)(p)[i])
#define WRITE(p, i, value) ((p)[i] = as_int(value))
#define READ_VECTOR(n, p) JOIN(as_uint, n)(JOIN(convert_int, n)(JOIN(vload, n)(0, p)))
#define WRITE_VECTOR(n, value, p) JOIN(vstore, n)(JOIN(as_int, n)(value), 0, p)
#else
#define READ(p, i) ((p)[i])
#define WRITE(p, i, value) ((p)[i] = (value))
#define READ_VECTOR(n, p) JOIN(vload, n)(0, p)
#define WRITE_VECTOR(n, value, p) JOIN(vstore, n)(value, 0, p)
#endif

#if defined(TYPE_BFLOAT16)
/* The upper half, to nearest even; of a NaN a quiet one. */
static ushort to_bfloat16(const float value)
{
    const uint bits = as_uint(value), up = bits + 0x7fff + (bits >> 16 & 1);
    return (ushort)((isnan(value) ? bits | 0x400000 : up) >> 16);
}
/* Clang builds vstore16 from pieces (PoCL 3.1: three times as long). */
#ifdef __clang__
#define STORE_USHORTS(n, value, p)                                                                 \
    typedef ushort loose __attribute__((ext_vector_type(n), aligned(sizeof(ushort))));             \
    *(global loose *)(p) = (value)
#else
#define STORE_USHORTS(n, value, p) JOIN(vstore, n)(value, 0, p)
#endif
#define WRITE_BFLOAT16(n)                                                                          \
    static void JOIN(write_bfloat16_, n)(const JOIN(float, n) value, global ushort *p)             \
    {                                                                                              \
        const JOIN(uint, n) bits = JOIN(as_uint, n)(value), up = bits + 0x7fff + (bits >> 16 & 1); \
        const JOIN(uint, n) rounded = value != value ? bits | 0x400000 : up;                       \
        STORE_USHORTS(n, JOIN(convert_ushort, n)(rounded >> 16), p);                               \
    }
WRITE_BFLOAT16(2)
WRITE_BFLOAT16(4)
WRITE_BFLOAT16(8)
WRITE_BFLOAT16(16)
#endif

/* a * b + c, rounded once. */
#if defined(BYTES)
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#else
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#endif

/* For kernels that take any layout and view: arguments after all others, elements from one channel,
 * row and column to the next (host: set_stride_args in steps.c, same order). */
#define STRIDES                                                                                    \
    const long x_channel, const long x_row, const long x_column, const long y_channel,             \
        const long y_row, const long y_column, const long w_row, const long w_column
