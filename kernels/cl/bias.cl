/* SPDX-License-Identifier: MIT */
/* The gradient by b on devices with vectors. Included behind vectors.cl by the designs that compute
 * the one by w. */

/* Ids: 2 = element of b, g * out_per_group + k, without g where all groups share b. */
kernel void bias_sums(BUFFERS(global const, global, global, global const), CONV_SHAPE,
                      const int images)
{
    enum { AT_ONCE = 4 };
    const long z = (long)get_global_id(2), plane = (long)out_h * out_w;
    if (get_global_id(0) || get_global_id(1) || z >= z_count)
        return;

    const long k = (z_first + z) % out_per_group;
    const long group = (z_first + z) / out_per_group;
    vec sum[AT_ONCE] = {0, 0, 0, 0};
    real lane[V], rest = 0;
    for (int n = 0; n < images; n++)
        for (long g = group; g < (b_group ? group + 1 : groups); g++) {
            global const y_element *gradient =
                y + y_offset + n * y_image + (g * out_per_group + k) * plane;
            long i = 0;
            for (; i + AT_ONCE * V <= plane; i += AT_ONCE * V)
                UNROLL
            for (int j = 0; j < AT_ONCE; j++)
                sum[j] += LOAD(gradient + i + j * V);
            for (; i < plane; i++)
                rest += READ(gradient, i);
        }
    JOIN(vstore, V)((sum[0] + sum[1]) + (sum[2] + sum[3]), 0, lane);
    for (int i = 0; i < V; i++)
        rest += lane[i];
    WRITE(b + b_offset + group * b_group, k, (real)bias_factor * rest);
}
