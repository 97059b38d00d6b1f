/* SPDX-License-Identifier: MIT */
/* Which tensors an op reads and which it writes, and of which types they are. */
#include "suite.h"

static const bool written[][TENSOR_RESIDUAL + 1] = {
    [CLCONV_FORWARD] = {[TENSOR_Y] = true},
    [CLCONV_BACKWARD_DATA] = {[TENSOR_X] = true},
    [CLCONV_BACKWARD_WEIGHTS] = {[TENSOR_W] = true, [TENSOR_B] = true},
};

bool tensor_is_written(const clconv_problem *p, tensor_id tensor)
{
    return written[p->op][tensor];
}

size_t tensor_elements(const oracle_shape *shape, tensor_id tensor)
{
    const size_t elements[] = {[TENSOR_X] = shape->x,
                               [TENSOR_W] = shape->w,
                               [TENSOR_B] = shape->b,
                               [TENSOR_Y] = shape->y,
                               [TENSOR_RESIDUAL] = shape->residual};
    return elements[tensor];
}

size_t tensor_place(const clconv_problem *p, const oracle_shape *shape, tensor_id tensor)
{
    size_t place = 0;
    for (tensor_id before = TENSOR_X; before < tensor; before++)
        if (tensor_is_written(p, before))
            place += tensor_elements(shape, before);
    return place;
}

int32_t tensor_sum_dtype(int32_t dtype)
{
    return dtype == CLCONV_I8 || dtype == CLCONV_U8 ? CLCONV_I32 : dtype;
}

int32_t tensor_dtype(const clconv_problem *p, tensor_id tensor)
{
    const int32_t sum = tensor_sum_dtype(p->x.dtype);
    const int32_t dtypes[] = {[TENSOR_X] = p->x.dtype,
                              [TENSOR_W] = p->w.dtype ? p->w.dtype : p->x.dtype,
                              [TENSOR_B] = sum,
                              [TENSOR_Y] = p->y.dtype ? p->y.dtype : sum,
                              [TENSOR_RESIDUAL] = p->residual.dtype};
    return dtypes[tensor];
}

int32_t tensor_output_dtype(const clconv_problem *p)
{
    tensor_id id = TENSOR_X;
    while (!tensor_is_written(p, id))
        id++;
    return tensor_dtype(p, id);
}
