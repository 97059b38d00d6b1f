/* SPDX-License-Identifier: MIT */
/* The element types a tensor may have: one row per type. Included by clconv.h. */
#ifndef CLCONV_DTYPES_H
#define CLCONV_DTYPES_H

/* X(name, number, NumPy name, bytes). Numbers are fixed; 0 means "no type given". */
#define CLCONV_DTYPE_MAP(X)                                                                        \
    X(CLCONV_F32, 1, "float32", 4)                                                                 \
    X(CLCONV_F64, 2, "float64", 8)                                                                 \
    X(CLCONV_F16, 3, "float16", 2)                                                                 \
    X(CLCONV_BF16, 4, "bfloat16", 2)                                                               \
    X(CLCONV_I8, 5, "int8", 1)                                                                     \
    X(CLCONV_U8, 6, "uint8", 1)                                                                    \
    X(CLCONV_I32, 7, "int32", 4)

typedef enum clconv_dtype {
    CLCONV_DTYPE_ABSENT = 0,
#define CLCONV_ROW(name, number, numpy, bytes) name = number,
    CLCONV_DTYPE_MAP(CLCONV_ROW)
#undef CLCONV_ROW
} clconv_dtype;

#endif
