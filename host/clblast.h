/* SPDX-License-Identifier: MIT */
/* Matrix products by CLBlast, for algorithm gemm; only with CLCONV_WITH_CLBLAST. A part of
 * internal.h. */
#ifndef CLCONV_CLBLAST_H
#define CLCONV_CLBLAST_H

/* Which of CLBlast's kernels compute a product: its own choice by size, or always one kind. */
typedef enum clconv_gemm_path {
    CLCONV_GEMM_OWN = 0,
    CLCONV_GEMM_DIRECT,
    CLCONV_GEMM_INDIRECT
} clconv_gemm_path;

/* A row-major matrix without gaps, from element `first` of a buffer on. */
typedef struct clconv_matrix {
    cl_mem mem;
    uint64_t first;
} clconv_matrix;

/* The first product of a context and path, on a buffer of our own: CLBlast compiles at it. */
clconv_status clconv_clblast_start(clconv_context *ctx, clconv_gemm_path path);
/* Enqueues c (m, n) = a (m, k) b (k, n). CLBlast has no wait list and allocates. */
clconv_status clconv_clblast_multiply(const clconv_context *ctx, clconv_gemm_path path,
                                      cl_command_queue queue, size_t m, size_t n, size_t k,
                                      const clconv_matrix *a, const clconv_matrix *b,
                                      const clconv_matrix *c);
void clconv_clblast_forget(clconv_context *ctx);

#endif
