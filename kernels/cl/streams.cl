/* SPDX-License-Identifier: MIT */
/* Stores past the caches, for outputs that outgrow them: no line is read before it is overwritten.
 * Included behind vectors.cl. */

/* Only whole lines, of 64 bytes: clang's store takes any type for aligned, and faults where it is
 * not. Stores of this kind are ordered by the locks that end a work-item in the driver. */
INLINE void store_pixels(const vec value, global float *p, const int stream)
{
#if HAS_PREFETCH && V == 16
    if (stream && (ulong)p % 64 == 0)
        __builtin_nontemporal_store(value, (global vec *)p);
    else
#endif
        STORE(value, p);
}
