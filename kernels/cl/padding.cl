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
    return clamp(i < 0 ? -i : i < size ? i : size - 1 - (i - (size - 1)), 0,
                 size - 1);
#elif PAD_MODE == PAD_CIRCULAR
    return clamp(i < 0 ? i + size : i < size ? i : i - size, 0, size - 1);
#elif PAD_MODE == PAD_REPLICATE
    return clamp(i, 0, size - 1);
#else
    return i;
#endif
}
