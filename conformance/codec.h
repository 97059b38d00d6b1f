/* SPDX-License-Identifier: MIT */
/* Tensors as they are in memory: their bytes by element type and layout, from logical ones, which
 * are doubles in the order NCHW, and OIHW block by block. */
#ifndef CLCONV_CODEC_H
#define CLCONV_CODEC_H

#include "number.h"
#include "suite.h"

/* Whether there are gaps between its elements. */
bool codec_has_gaps(const clconv_problem *p, tensor_id id);
/* Bytes from the first element's to the last one's end. */
size_t codec_bytes(const clconv_problem *p, const oracle_shape *shape, tensor_id id);

void codec_encode(const clconv_problem *p, const oracle_shape *shape, tensor_id id,
                  const double *from, void *to);
void codec_decode(const clconv_problem *p, const oracle_shape *shape, tensor_id id,
                  const void *from, double *to);

/* Copies the elements as they are, and nothing of what lies between them. */
void codec_copy(const clconv_problem *p, const oracle_shape *shape, tensor_id id, const void *from,
                void *to);

#endif
