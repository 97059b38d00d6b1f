/* SPDX-License-Identifier: MIT */
/* What lies in the padding: nothing, or the image once more. Included behind common.cl. */

/* clconv_pad_mode; 0 = zeros */
#ifndef PAD_MODE
#define PAD_MODE 0
#endif
#define PAD_REFLECT 1
#define PAD_REPLICATE 2
#define PAD_CIRCULAR 3

/* The row or column of x that stands at position i of an axis: i itself among zeros, where the
 * caller leaves out what is not inside; in the other modes one within the image, also for i beyond
 * the padding, where nobody's outputs look. */
INLINE int image_position(const int i, const int size)
{
#if PAD_MODE == PAD_REFLECT
    const int last = size - 1;
    return max(0, last - (int)abs(last - (int)abs(i)));
#elif PAD_MODE == PAD_CIRCULAR
    return min(i < 0 ? i + size : i < size ? i : i - size, size - 1);
#elif PAD_MODE == PAD_REPLICATE
    return clamp(i, 0, size - 1);
#else
    return i;
#endif
}
