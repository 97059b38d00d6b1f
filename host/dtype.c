/* SPDX-License-Identifier: MIT */
/* What the one table in dtypes.h says of the element types. */
#include "internal.h"

static const struct {
    int32_t dtype;
    const char *numpy;
    size_t bytes;
} rows[] = {
#define CLCONV_ROW(name, number, numpy, bytes) {name, numpy, bytes},
    CLCONV_DTYPE_MAP(CLCONV_ROW)
#undef CLCONV_ROW
};

size_t clconv_dtype_bytes(int32_t dtype)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].dtype == dtype)
            return rows[i].bytes;
    return 0;
}

bool clconv_dtype_is_byte(int32_t dtype)
{
    return dtype == CLCONV_I8 || dtype == CLCONV_U8;
}

const char *clconv_dtype_text(int32_t dtype)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].dtype == dtype)
            return rows[i].numpy;
    return NULL;
}

int32_t clconv_sum_dtype(int32_t x)
{
    return clconv_dtype_is_byte(x) ? (int32_t)CLCONV_I32 : x;
}
