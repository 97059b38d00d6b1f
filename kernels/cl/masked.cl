/* SPDX-License-Identifier: MIT */
/* Vectors of V outputs of which some lanes do not count, for gradients. Included behind vectors.cl.
 */

/* PLAIN: all lanes count. MASKED: some may not. */
enum { PLAIN, MASKED };

/* sum + a * b in the lanes that count: in others either factor may be infinite, or NaN. */
INLINE vec add_product(const vec a, const vec b, const vec sum, const vec_index counts,
                       const int care)
{
    return care == PLAIN ? fma(a, b, sum) : select(sum, fma(a, b, sum), counts);
}
