/* SPDX-License-Identifier: MIT */
/* What a .npy header says: NumPy's types and the Python dict. */
#ifndef CLCONV_NPY_HEADER_H
#define CLCONV_NPY_HEADER_H

#include "npy.h"

/* A NumPy type without its byte order; dtype 0 = known, but nothing we compute with. */
typedef struct npy_type {
    const char *kind, *name;
    int32_t dtype;
    size_t bytes;
} npy_type;

/* NULL when there is none. */
const npy_type *npy_type_of_kind(const char *kind);
const npy_type *npy_type_of_dtype(int32_t dtype);

typedef struct npy_header {
    char descr[32];
    bool fortran_order;
    clconv_shape shape;
    unsigned seen; /* one bit per key */
} npy_header;

/* Reads "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }". `h` starts as zero. */
bool npy_header_parse(const char *text, npy_header *h);

#endif
