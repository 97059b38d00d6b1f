/* SPDX-License-Identifier: MIT */
/* V planes transposed in registers into an array of pixels, and back. Included behind vectors.cl.
 */

/* A block of BLOCK pixels of V planes is BLOCK vectors either way: pixels of two planes beside each
 * other, or a pixel of all planes. Shuffles within QUAD lanes, 128 bits, do most of it: they
 * are the cheapest (AMD Zen 4: three in two cycles, of others two; 7x7 planes: 22 to 20 us). */
#if V == 4
#define BLOCK 2
#define QUAD 2
#define ZIP_LANES_LOW(a, b) PICK(a, b, 0, 4, 2, 6)
#define ZIP_LANES_HIGH(a, b) PICK(a, b, 1, 5, 3, 7)
#elif V == 8
#define BLOCK 4
#define QUAD 4
#define ZIP_LANES_LOW(a, b) PICK(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define ZIP_LANES_HIGH(a, b) PICK(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#else
#define BLOCK 8
#define QUAD 4
#define ZIP_LANES_LOW(a, b) PICK(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define ZIP_LANES_HIGH(a, b) PICK(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define EVEN_QUADS(a, b) PICK(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD_QUADS(a, b) PICK(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#define ZIP_QUADS_LOW(a, b) PICK(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
#define ZIP_QUADS_HIGH(a, b)                                                                       \
    PICK(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
#endif
/* The first of the two planes of vector i of a block; the other one is QUAD further on. */
#define PLANE_OF(i) ((i) / QUAD * 2 * QUAD + (i) % QUAD)

#if defined(__clang__) && !defined(CONVERTED)
typedef real loose_half __attribute__((ext_vector_type(BLOCK), aligned(sizeof(real))));
#define LOAD_HALF(p) (*(global const loose_half *)(p))
#define STORE_HALF(value, p) (*(global loose_half *)(p) = (value))
#else
#define LOAD_HALF(p) READ_VECTOR(BLOCK, p)
#define STORE_HALF(value, p) WRITE_VECTOR(BLOCK, value, p)
#endif
typedef JOIN(REAL, BLOCK) half_vec;
DEFINE_END(end_half, half_vec)

INLINE void store_half(const half_vec value, global y_element *p ENDING)
{
    STORE_HALF(END_WITH(end_half, value, LOAD_HALF(RESIDUAL_AT(p))), p);
}

/* Transposes m, QUAD x QUAD, in every QUAD lanes. */
INLINE void transpose_quads(vec m[QUAD])
{
#define ZIP_QUAD                                                                                   \
    {                                                                                              \
        vec other[QUAD];                                                                           \
        UNROLL for (int i = 0; i < QUAD / 2; i++)                                                  \
        {                                                                                          \
            other[2 * i] = ZIP_LANES_LOW(m[i], m[i + QUAD / 2]);                                   \
            other[2 * i + 1] = ZIP_LANES_HIGH(m[i], m[i + QUAD / 2]);                              \
        }                                                                                          \
        UNROLL for (int i = 0; i < QUAD; i++) m[i] = other[i];                                     \
    }
    ZIP_QUAD
#if QUAD == 4
    ZIP_QUAD
#endif
}

/* Pixels of two planes in each vector become a pixel of all planes. */
INLINE void to_pixels(vec m[BLOCK])
{
    UNROLL
    for (int i = 0; i < BLOCK; i += QUAD)
        transpose_quads(m + i);
#if BLOCK > QUAD
    UNROLL
    for (int i = 0; i < QUAD; i++) {
        const vec a = m[i], b = m[QUAD + i];
        m[i] = EVEN_QUADS(a, b);
        m[QUAD + i] = ODD_QUADS(a, b);
    }
#endif
}

/* The way back. */
INLINE void to_planes(vec m[BLOCK])
{
#if BLOCK > QUAD
    UNROLL
    for (int i = 0; i < QUAD; i++) {
        const vec a = m[i], b = m[QUAD + i];
        m[i] = ZIP_QUADS_LOW(a, b);
        m[QUAD + i] = ZIP_QUADS_HIGH(a, b);
    }
#endif
    UNROLL
    for (int i = 0; i < BLOCK; i += QUAD)
        transpose_quads(m + i);
}

/* Elements `at` to at + BLOCK - 1 of V arrays, as BLOCK vectors of one element of each. */
INLINE void load_block(vec m[BLOCK], global const x_element *const *from, const int at)
{
    UNROLL
    for (int i = 0; i < BLOCK; i++)
        m[i] = (vec)((half_vec)LOAD_HALF(from[PLANE_OF(i)] + at),
                     (half_vec)LOAD_HALF(from[PLANE_OF(i) + QUAD] + at));
    to_pixels(m);
}

/* Elements 0 to count - 1 of V arrays; the last block overlaps the one before. */
INLINE void load_all(vec *to, global const x_element *const *from, const int count)
{
    for (int at = 0; at < count; at += BLOCK)
        load_block(to + min(at, count - BLOCK), from, min(at, count - BLOCK));
}

/* The way back. */
INLINE void store_all(global y_element *const *to, const vec *from, const int count ENDING)
{
    for (int i = 0; i < count; i += BLOCK) {
        vec m[BLOCK];
        const int at = min(i, count - BLOCK);
        UNROLL
        for (int j = 0; j < BLOCK; j++)
            m[j] = from[at + j];
        to_planes(m);
        UNROLL
        for (int j = 0; j < BLOCK; j++) {
            store_half(m[j].lo, to[PLANE_OF(j)] + at PASS_ENDING);
            store_half(m[j].hi, to[PLANE_OF(j) + QUAD] + at PASS_ENDING);
        }
    }
}
