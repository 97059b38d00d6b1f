/* SPDX-License-Identifier: MIT */
/* Packed weights: [g][ceil(out_per_group / PACK)][c][r][s][PACK], so that the weights of PACK
 * output channels for one tap are neighbours, in the sums' type; 0 past a group's last channel. Of
 * a gradient by x that is computed as a convolution, the taps stand backwards. */

#define PACKS(out_per_group) (((out_per_group)-1) / PACK + 1)

/* Elements of one input channel, and of PACK output channels. */
#define PACKED_CHANNEL ((long)FILTER_H * FILTER_W * PACK)
#define PACKED_BLOCK(in_per_group) ((in_per_group) * PACKED_CHANNEL)

/* Ids: 0 and 1 = input channel, row-major over rows of get_global_size(0); 2 = block of channels, z
 * = g * ceil(out_per_group / PACK) + block. */
kernel void pack_weights(CONV_BUFFERS, global real *restrict packed, const ulong packed_offset,
                         CONV_SHAPE, const int turned)
{
    const long c = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    const long z = (long)get_global_id(2);
    if (c >= in_per_group || z >= z_count)
        return;

    const long k = (z_first + z) % PACKS(out_per_group) * PACK;
    const long g = (z_first + z) / PACKS(out_per_group);
    global const w_element *filter = w + w_offset + g * w_group + k * w_out + c * w_in;
    global real *to = packed + packed_offset + (z_first + z) * PACKED_BLOCK(in_per_group) +
                       c * PACKED_CHANNEL;
    for (int tap = 0; tap < FILTER_H * FILTER_W; tap++) {
        const int from = turned ? FILTER_H * FILTER_W - 1 - tap : tap;
        for (int lane = 0; lane < PACK; lane++)
            *to++ = k + lane < out_per_group ? READ(filter, lane * w_out + from) : 0;
    }
}
