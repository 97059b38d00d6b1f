/* SPDX-License-Identifier: MIT */
/* A copy of w in which the taps of each filter stand backwards: with it the gradient by x at stride
 * 1 is a convolution of y.
 *
 * Ids: 0 and 1 = filter of one input channel, of w as a whole, row-major over rows of
 * get_global_size(0). One program for all filters. */

#include "common.cl"

kernel void turn_weights(CONV_BUFFERS, global w_element *restrict turned, const ulong turned_offset,
                         CONV_SHAPE, const int filters, const int taps)
{
    const long filter = (long)get_global_id(1) * get_global_size(0) + get_global_id(0);
    if (filter >= filters || (long)get_global_id(2) >= z_count)
        return;

    global const w_element *from = w + w_offset + filter * taps;
    global w_element *to = turned + turned_offset + filter * taps;
    for (int i = 0; taps >= 8 && i < taps; i += 8) { /* the last eight overlap those before */
        const int at = min(i, taps - 8);
        vstore8(vload8(0, from + at).s76543210, 0, to + taps - 8 - at);
    }
    for (int i = 0; taps < 8 && i < taps; i++)
        to[taps - 1 - i] = from[i];
}
