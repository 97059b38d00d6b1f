/* SPDX-License-Identifier: MIT */
/* PyTorch's padding modes by their formulas. */
#include "padding.h"

bool padding_fits(const clconv_problem *p)
{
    for (int d = 0; d < 2; d++) {
        const int64_t most =
            p->pad_before[d] > p->pad_after[d] ? p->pad_before[d] : p->pad_after[d];
        if ((p->pad_mode == CLCONV_PAD_REFLECT && most > 0 && most >= p->in[d]) ||
            (p->pad_mode == CLCONV_PAD_CIRCULAR && most > p->in[d]))
            return false;
    }
    return true;
}

int64_t padding_position(const clconv_problem *p, int axis, int64_t at)
{
    const int64_t size = p->in[axis];
    if (at >= 0 && at < size)
        return at;
    switch (p->pad_mode) {
    case CLCONV_PAD_REFLECT:
        return at < 0 ? -at : 2 * size - 2 - at;
    case CLCONV_PAD_REPLICATE:
        return at < 0 ? 0 : size - 1;
    case CLCONV_PAD_CIRCULAR:
        return (at + size) % size;
    default:
        return at;
    }
}
