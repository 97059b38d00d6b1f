/* SPDX-License-Identifier: MIT */
/* Reads and writes NumPy .npy files (format 1.0 and 2.0, C order, little-endian). */
#ifndef CLCONV_NPY_H
#define CLCONV_NPY_H

#include "clconv/clconv.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct npy_array {
    int32_t dtype; /* clconv_dtype */
    clconv_shape shape;
    size_t bytes;
    void *data; /* malloc'ed, C order; npy_free */
} npy_array;

/* False with a sentence that begins with the file's name in `why`: missing, truncated, trailing
 * bytes, big-endian, Fortran order, a type or shape we cannot hold. Never trusts the header: the
 * shape's product must equal the bytes that are there before anything is allocated. uint16 is read
 * as CLCONV_BF16, NumPy having no bfloat16: the caller asks its user whether that is meant. */
bool npy_read(const char *path, npy_array *out, char *why, size_t room);

/* Writes format 1.0 under a temporary name in the same folder and renames; on failure no file
 * stays. */
bool npy_write(const char *path, const npy_array *array, char *why, size_t room);

void npy_free(npy_array *array);

/* "[2, 3, 7, 5]", as PyTorch prints a shape. Returns text. */
const char *npy_shape_text(const clconv_shape *shape, char *text, size_t room);

#endif
