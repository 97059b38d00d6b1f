/* SPDX-License-Identifier: MIT */
/* Vectors of V outputs of which some lanes do not count, for gradients. Included behind vectors.cl.
 */

/* What a vector may meet. PLAIN: all lanes count. MASKED: some do not, but they are in memory.
 * CHECKED: they may not be, and are not read. */
enum { PLAIN, MASKED, CHECKED };

/* Outputs q to q + V - 1 of a row of out_w. */
INLINE vec load_outputs(global const float *row, const int q, const int out_w, const int care)
{
    float lane[V];
    if (care != CHECKED)
        return LOAD(row + q);
    for (int i = 0; i < V; i++)
        lane[i] = q + i >= 0 && q + i < out_w ? row[q + i] : 0.0f;
    return JOIN(vload, V)(0, lane);
}

/* sum + a * b in the lanes that count: in others either factor may be infinite, or NaN. */
INLINE vec add_product(const vec a, const vec b, const vec sum, const vec_index counts,
                       const int care)
{
    return care == PLAIN ? fma(a, b, sum) : select(sum, fma(a, b, sum), counts);
}
