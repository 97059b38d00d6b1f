/* SPDX-License-Identifier: MIT */
/* Vectors of V sums (4, 8 or 16) for devices with such registers, and V x V transposition. */

#ifndef V
#define V 8
#endif

typedef JOIN(REAL, V) vec;
typedef JOIN(INDEX, V) vec_index;

/* Clang builds vload16 and vstore16 from pieces and may fail to join them, and takes swizzles apart
 * (PoCL 3.1: stride 2 took 3.6 times as long); these are one instruction each. */
#ifdef __clang__
typedef real loose_vec __attribute__((ext_vector_type(V), aligned(sizeof(real))));
#define LOAD_REAL(p) (*(global const loose_vec *)(p))
#define PICK_LANES(a, b, lanes) __builtin_shufflevector(a, b, BARE lanes)
#define LANES_4(v, i) __builtin_shufflevector(v, v, i, i + 1, i + 2, i + 3)
#define LANES_8(v, i)                                                                              \
    __builtin_shufflevector(v, v, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7)
#else
#define LOAD_REAL(p) JOIN(vload, V)(0, p)
#define PICK_LANES(a, b, lanes) shuffle2(a, b, (JOIN(UINDEX, V))lanes)
#define LANES_4(v, i) shuffle(v, (JOIN(UINDEX, 4))(i, i + 1, i + 2, i + 3))
#define LANES_8(v, i)                                                                              \
    shuffle(v, (JOIN(UINDEX, 8))(i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7))
#endif

/* Of elements; LOAD_REAL is of packed weights, which are sums' type already. */
#if defined(__clang__) && !defined(CONVERTED)
#define LOAD(p) LOAD_REAL(p)
#define STORE(value, p) (*(global loose_vec *)(p) = (value))
typedef real loose_4 __attribute__((ext_vector_type(4), aligned(sizeof(real))));
typedef real loose_8 __attribute__((ext_vector_type(8), aligned(sizeof(real))));
#define LOAD_PART(p, lanes) (*(global const JOIN(loose_, lanes) *)(p))
#define STORE_PART(value, p, lanes) (*(global JOIN(loose_, lanes) *)(p) = (value))
#else
#define LOAD(p) READ_VECTOR(V, p)
#define STORE(value, p) WRITE_VECTOR(V, value, p)
#define LOAD_PART(p, lanes) READ_VECTOR(lanes, p)
#define STORE_PART(value, p, lanes) WRITE_VECTOR(lanes, value, p)
#endif

/* PICK(a, b, i, j, ...): V of the lanes of a (0 to V - 1) and b (from V on). Its arguments have
 * names because OpenCL C 1.2 has no `...` in macros, and NVIDIA's compiler minds. */
#if V == 4
#define BARE(c, d, e, f) c, d, e, f
#define PICK(a, b, c, d, e, f) PICK_LANES(a, b, (c, d, e, f))
#elif V == 8
#define BARE(c, d, e, f, g, h, i, j) c, d, e, f, g, h, i, j
#define PICK(a, b, c, d, e, f, g, h, i, j) PICK_LANES(a, b, (c, d, e, f, g, h, i, j))
#else
#define BARE(c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)                                       \
    c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r
#define PICK(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)                                 \
    PICK_LANES(a, b, (c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r))
#endif

/* Where pointers have one address space, as on CPUs; elsewhere the cast below is no C. */
#if defined(__clang__) &&                                                                          \
    (defined(__x86_64__) || defined(__aarch64__) || defined(__riscv) || defined(__powerpc64__))
#define HAS_PREFETCH 1
#define FETCH(p) __builtin_prefetch((const void *)(ulong)(p))
#else
#define HAS_PREFETCH 0
#define FETCH(p)
#endif

/* Elements of a cache line. */
#define LINE_OF(p) (64 / (int)sizeof(*(p)))

/* Asks for `count` elements that the next tile reads: hardware does not foresee rows this short.
 * They may lie outside x, nothing is read. PoCL's prefetch() does nothing. */
INLINE void fetch(global const x_element *p, const int count)
{
#if HAS_PREFETCH
    UNROLL
    for (int i = 0; i < count; i += LINE_OF(p))
        FETCH(p + i);
#endif
}

/* The same for one line, into a cache beyond the first: to be used later. */
INLINE void fetch_far(global const x_element *p)
{
#if HAS_PREFETCH
    __builtin_prefetch((const void *)(ulong)p, 0, 2);
#endif
}

/* The same for what will be stored over. */
INLINE void fetch_to_store(global y_element *p, const int count)
{
#if HAS_PREFETCH
    UNROLL
    for (int i = 0; i < count; i += LINE_OF(p))
        __builtin_prefetch((const void *)(ulong)(p + i), 1);
#endif
}

#if V == 4
#define EVEN(a, b) PICK(a, b, 0, 2, 4, 6)
#elif V == 8
#define EVEN(a, b) PICK(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#else
#define EVEN(a, b) PICK(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#endif

/* V elements of a row of x, STRIDE_W apart (1 or 2), the first at p. Reads V * STRIDE_W. */
INLINE vec load_pixels(global const x_element *p)
{
#if STRIDE_W == 1
    return LOAD(p);
#else
    const vec low = LOAD(p), high = LOAD(p + V);
    return EVEN(low, high);
#endif
}

/* The same from in[first] on, zero where that is outside in[0] to in[end - 1]. */
INLINE vec load_between(global const x_element *in, const long first, const long end)
{
    real lane[V];
    for (int i = 0; i < V; i++) {
        const long at = first + i * STRIDE_W;
        lane[i] = at >= 0 && at < end ? READ(in, at) : 0;
    }
    return JOIN(vload, V)(0, lane);
}

/* The lower and the upper halves of a and b, element by element in turn. */
#if V == 4
#define LANE ((vec_index)(0, 1, 2, 3))
#define ZIP_LOW(a, b) PICK(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) PICK(a, b, 2, 6, 3, 7)
#define ROUNDS(F) F F
#elif V == 8
#define LANE ((vec_index)(0, 1, 2, 3, 4, 5, 6, 7))
#define ZIP_LOW(a, b) PICK(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) PICK(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define ROUNDS(F) F F F
#else
#define LANE ((vec_index)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define ZIP_LOW(a, b) PICK(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) PICK(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define ROUNDS(F) F F F F
#endif

/* Transposes m[V][V]: log2(V) perfect shuffles of its rows move every index bit by one place. */
INLINE void transpose(vec m[V])
{
#define SHUFFLE_ROWS                                                                               \
    {                                                                                              \
        vec other[V];                                                                              \
        UNROLL for (int i = 0; i < V / 2; i++)                                                     \
        {                                                                                          \
            other[2 * i] = ZIP_LOW(m[i], m[i + V / 2]);                                            \
            other[2 * i + 1] = ZIP_HIGH(m[i], m[i + V / 2]);                                       \
        }                                                                                          \
        UNROLL for (int i = 0; i < V; i++) m[i] = other[i];                                        \
    }
    ROUNDS(SHUFFLE_ROWS)
}

/* The rows of taps from row `top` on that lie inside a plane: first_tap to end_tap - 1. */
INLINE int first_tap(const int top)
{
    return top >= 0 ? 0 : min(FILTER_H, (DILATION_H - 1 - top) / DILATION_H);
}

INLINE int end_tap(const int top, const int rows)
{
    return top >= rows ? 0 : min(FILTER_H, (rows - 1 - top) / DILATION_H + 1);
}

/* bias_factor * b for V channels, of which the first `count` exist. */
INLINE vec bias_of(global const b_element *b, const int count, const int has_bias,
                   const float bias_factor)
{
    real lane[V];
    for (int i = 0; i < V; i++)
        lane[i] = has_bias && i < count ? (real)bias_factor * READ(b, i) : 0;
    return JOIN(vload, V)(0, lane);
}

DEFINE_END(end_vec, vec)
/* What is stored at p for a vector of values. */
#define END_VEC(value, p) END_WITH(end_vec, value, LOAD(RESIDUAL_AT(p)))

/* What is stored for the first `count` lanes. */
INLINE void store_first(const vec value, global y_element *p, const int count ENDING)
{
    real lane[V];
    JOIN(vstore, V)(value, 0, lane);
    for (int i = 0; i < count; i++)
        WRITE(p, i, END(lane[i], p, i));
}
