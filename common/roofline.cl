/* SPDX-License-Identifier: MIT */
/* What a device can do at most: multiply-adds in registers, bytes moved, launches of nothing. */
#ifndef MULTIPLY_ADD
#define MULTIPLY_ADD mad /* fma where the device has it */
#endif

/* Repeats M(i) for the chains 0, 1, ... */
#define FOR_4(M)  M(0) M(1) M(2) M(3)
#define FOR_8(M)  FOR_4(M) M(4) M(5) M(6) M(7)
#define FOR_10(M) FOR_8(M) M(8) M(9)
#define FOR_12(M) FOR_10(M) M(10) M(11)

#define DECLARE(i) v a##i = (v)((float)(get_global_id(0) + i));
#define ADVANCE(i) a##i = MULTIPLY_ADD(a##i, factor, addend);
#define COLLECT(i) sum += a##i;

#define FIRST_float(a)   (a)
#define FIRST_float4(a)  ((a).x + (a).y + (a).z + (a).w)
#define FIRST_float8(a)  FIRST_float4((a).lo + (a).hi)
#define FIRST_float16(a) FIRST_float8((a).lo + (a).hi)

/* One work-item: independent chains of `rounds` dependent multiply-adds of a vector type. |x| < 1,
 * so that the values stay finite and normal. */
#define PEAK(T, CHAINS)                                                                            \
    kernel void peak_##T##_##CHAINS(global float *out, const float x, const float y,               \
                                    const int rounds)                                              \
    {                                                                                              \
        typedef T v;                                                                               \
        const v factor = (v)(x), addend = (v)(y);                                                  \
        v sum = (v)(0.0f);                                                                         \
        FOR_##CHAINS(DECLARE) for (int n = 0; n < rounds; n++)                                     \
        {                                                                                          \
            FOR_##CHAINS(ADVANCE)                                                                  \
        }                                                                                          \
        FOR_##CHAINS(COLLECT) out[get_global_id(0)] = FIRST_##T(sum);                              \
    }

PEAK(float, 8)
PEAK(float, 12)
PEAK(float4, 8)
PEAK(float4, 12)
PEAK(float8, 4)
PEAK(float8, 12)
PEAK(float16, 8)
PEAK(float16, 10)

/* `passes` times over n vectors of 16 floats: each work-group has a stretch of its own, in which
 * its items follow one another. The barrier keeps the passes apart. */
#define STREAM(NAME, VALUE)                                                                        \
    kernel void NAME(global float16 *restrict to, global const float16 *restrict a,                \
                     global const float16 *restrict b, const int n, const int passes)              \
    {                                                                                              \
        const long groups = get_num_groups(0), group = get_group_id(0);                            \
        const int begin = (int)(group * n / groups) + (int)get_local_id(0);                        \
        const int end = (int)((group + 1) * n / groups), step = (int)get_local_size(0);            \
        for (int pass = 0; pass < passes; pass++) {                                                \
            for (int i = begin; i < end; i += step)                                                \
                to[i] = VALUE;                                                                     \
            barrier(CLK_GLOBAL_MEM_FENCE);                                                         \
        }                                                                                          \
    }

STREAM(copy, a[i])
STREAM(triad, MULTIPLY_ADD(a[i], (float16)(0.5f), b[i]))

kernel void empty(void)
{
}

/* Takes what a convolution takes (kernels/cl/common.cl), for what handing that over costs. */
kernel void idle(global float *x, const ulong x_offset, global float *w, const ulong w_offset,
                 global float *b, const ulong b_offset, global float *y, const ulong y_offset,
                 const int i0, const int i1, const int i2, const int i3, const int i4, const int i5,
                 const int i6, const int i7, const int i8, const int i9, const int i10,
                 const int i11, const long n0, const long n1, const long n2, const long n3,
                 const long n4, const long n5, const long n6, const long n7)
{
}
