/* SPDX-License-Identifier: MIT */
/* Stores past the caches, for outputs that outgrow them: no line is read before it is overwritten.
 * Included behind vectors.cl. */

/* clang's store takes its type for aligned and faults where it is not. Locks order such stores, and
 * a driver takes one behind a work-group. */
INLINE void store_pixels(const vec value, global y_element *p, const int stream)
{
#if defined(__clang__) && !defined(CONVERTED)
    if (stream && (ulong)p % sizeof(vec) == 0) {
        __builtin_nontemporal_store(value, (global vec *)p);
        return;
    }
#endif
    STORE(value, p);
}
