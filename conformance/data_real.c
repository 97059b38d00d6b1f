/* SPDX-License-Identifier: MIT */
/* Data mode `real`: ordinary numbers. Even seeds U(-1, 1), whose sums cancel; odd seeds U(0, 1),
 * whose sums do not. Both with all the bits that a float, or a double, has there; rounded to types
 * of 16 bits. */
#include "data.h"
#include "number.h"

static double draw_unit(uint64_t key, size_t at, int32_t dtype)
{
    const uint64_t random = data_draw(key, at);
    return dtype == CLCONV_F64 ? (double)(random >> 11) * 0x1p-53
                               : (double)(random >> 40) * 0x1p-24;
}

bool data_real_range(const clconv_problem *p, const oracle_shape *size, uint64_t seed,
                     tensor_id tensor, size_t first, size_t count, double *out)
{
    const uint64_t key = data_stream(seed, tensor);
    (void)size;
    for (size_t i = 0; i < count; i++) {
        const double unit = draw_unit(key, first + i, p->x.dtype);
        out[i] = number_result(p->x.dtype, seed % 2 ? unit : 2.0 * unit - 1.0);
    }
    return true;
}
