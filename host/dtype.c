/* SPDX-License-Identifier: MIT */
/* Names and sizes of the element types, from the one table in dtypes.h. */
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

const char *clconv_dtype_text(int32_t dtype)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].dtype == dtype)
            return rows[i].numpy;
    return NULL;
}

size_t clconv_dtype_bytes(int32_t dtype)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].dtype == dtype)
            return rows[i].bytes;
    return 0;
}
