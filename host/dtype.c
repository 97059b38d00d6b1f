/* SPDX-License-Identifier: MIT */
/* Names of the element types, from the one table in dtypes.h. */
#include "internal.h"

static const struct {
    int32_t dtype;
    const char *numpy;
} rows[] = {
#define CLCONV_ROW(name, number, numpy, bytes) {name, numpy},
    CLCONV_DTYPE_MAP(CLCONV_ROW)
#undef CLCONV_ROW
};

const char *clconv_dtype_text(int32_t dtype)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].dtype == dtype)
            return rows[i].numpy;
    return NULL;
}

int32_t clconv_sum_dtype(int32_t x)
{
    return x == CLCONV_I8 || x == CLCONV_U8 ? (int32_t)CLCONV_I32 : x;
}
