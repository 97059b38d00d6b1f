/* SPDX-License-Identifier: MIT */
/* The accept/reject rules that look at element types, views and epilogues. */
#include "checks.h"

#include <inttypes.h>

clconv_status clconv_check_bias_dtype(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    const int32_t wanted = clconv_sum_dtype(p->x.dtype);
    if (!p->b.dtype || p->b.dtype == wanted)
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID, "Input type (%s) and bias type (%s) should be the same%s",
                       clconv_dtype_text(p->x.dtype), clconv_dtype_text(p->b.dtype),
                       wanted == p->x.dtype ? "" : " (int32 beside int8 and uint8)");
}

/* Sums of bytes are whole numbers: no mean of them, no gradient through them. */
static clconv_status check_bytes(const clconv_problem *p)
{
    if (p->op != CLCONV_FORWARD)
        return clconv_fail(CLCONV_INVALID,
                           "only tensors of floating point type have gradients, but x is %s",
                           clconv_dtype_text(p->x.dtype));
    if (p->reduce == CLCONV_REDUCE_MEAN)
        return clconv_fail(CLCONV_INVALID,
                           "the mean of %s sums is no whole number; reduce=sum gives int32",
                           clconv_dtype_text(p->x.dtype));
    return CLCONV_OK;
}

/* Bytes become bytes where the problem says how they stand for real numbers. */
static bool is_output_dtype(const clconv_problem *p, int32_t dtype)
{
    const bool bytes = clconv_dtype_is_byte(p->x.dtype) && clconv_dtype_is_byte(dtype);
    return dtype == clconv_sum_dtype(p->x.dtype) || (bytes && p->quantization);
}

clconv_status clconv_check_dtypes(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    const bool bytes = clconv_dtype_is_byte(p->x.dtype);
    if (p->w.dtype && p->w.dtype != p->x.dtype && !(bytes && clconv_dtype_is_byte(p->w.dtype)))
        return clconv_fail(CLCONV_INVALID,
                           "Input type (%s) and weight type (%s) should be the same%s",
                           clconv_dtype_text(p->x.dtype), clconv_dtype_text(p->w.dtype),
                           bytes ? " (or int8 beside uint8)" : "");
    const int32_t wanted = clconv_sum_dtype(p->x.dtype);
    if (p->y.dtype && !is_output_dtype(p, p->y.dtype))
        return clconv_fail(CLCONV_INVALID, "Input type (%s) gives output type (%s), not (%s)%s",
                           clconv_dtype_text(p->x.dtype), clconv_dtype_text(wanted),
                           clconv_dtype_text(p->y.dtype),
                           bytes ? "; bytes need scales (clconv_quantization)" : "");
    if (p->x.dtype == CLCONV_I32)
        return clconv_fail(CLCONV_NOT_IN_VERSION,
                           "x of type int32 is not in this version (%s); int8 and uint8 are, with "
                           "int32 sums",
                           clconv_version());
    return bytes ? check_bytes(p) : CLCONV_OK;
}

/* ---- Views ------------------------------------------------------------------------------------
 */

enum { DIMS = 4 };

/* A tensor of images as its strides see it, the fastest dimension first. */
typedef struct extent {
    int64_t size[DIMS], stride[DIMS];
} extent;

static extent extent_of(const clconv_problem *p, const clconv_tensor *t)
{
    const bool is_y = t == &p->y;
    const int64_t *const stride = t->stride;
    const int last = p->spatial - 1;
    extent e = {.size = {p->in[last], last ? p->in[0] : 1, p->c, p->n},
                .stride = {stride[4], stride[3], stride[1], stride[0]}};
    if (is_y) {
        e.size[0] = clconv_output_length(p, last);
        e.size[1] = last ? clconv_output_length(p, 0) : 1;
        e.size[2] = clconv_y_channels(p);
    }
    for (int i = 1; i < DIMS; i++) /* insertion sort by stride */
        for (int j = i; j > 0 && e.stride[j - 1] > e.stride[j]; j--) {
            const int64_t size = e.size[j], step = e.stride[j];
            e.size[j] = e.size[j - 1], e.stride[j] = e.stride[j - 1];
            e.size[j - 1] = size, e.stride[j - 1] = step;
        }
    return e;
}

/* Elements that the faster dimensions span, -1 where 63 bits cannot count their bytes. *apart: no
 * two elements are one in memory, as each stride steps over all that is faster. */
static int64_t span_of(const extent *e, bool *apart)
{
    int64_t span = 1, more = 0, bytes = 0;
    *apart = true;
    for (int i = 0; i < DIMS; i++) {
        if (e->size[i] > 1 && e->stride[i] < span)
            *apart = false;
        if (e->size[i] > 0 && (!clconv_multiply(e->size[i] - 1, e->stride[i], &more) ||
                               !clconv_add(span, more, &span) || !clconv_multiply(8, span, &bytes)))
            return -1;
    }
    return span;
}

static clconv_status check_view(const clconv_problem *p, const clconv_tensor *t, const char *name,
                                bool written)
{
    bool apart;
    for (int axis = 0; axis < 5; axis++)
        if (t->stride[axis] < 0)
            return clconv_fail(CLCONV_INVALID,
                               "negative strides are not supported: %s has %" PRId64 " at axis %d",
                               name, t->stride[axis], axis);
    if (t->stride[2] || (p->spatial == 1 && t->stride[3]))
        return clconv_fail(CLCONV_INVALID,
                           "%s has a stride at an axis that the problem has not: they are N, C, D, "
                           "H, W",
                           name);
    const extent e = extent_of(p, t);
    if (span_of(&e, &apart) < 0)
        return clconv_fail(CLCONV_INVALID, "the view of %s spans more than 2^63 bytes", name);
    if (written && !apart)
        return clconv_fail(CLCONV_INVALID,
                           "unsupported operation: more than one element of the written-to tensor "
                           "%s may refer to a single memory location (strides %" PRId64 ", %" PRId64
                           ", %" PRId64 ", %" PRId64 "); each must step over all that is faster",
                           name, t->stride[0], t->stride[1], t->stride[3], t->stride[4]);
    return CLCONV_OK;
}

clconv_status clconv_check_views(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    if (clconv_is_view(&p->w) || clconv_is_view(&p->b))
        return clconv_fail(CLCONV_NOT_IN_VERSION, "strided %s is not in this version (%s)",
                           clconv_is_view(&p->w) ? "w" : "b", clconv_version());
    clconv_status status = CLCONV_OK;
    if (clconv_is_view(&p->x))
        status = check_view(p, &p->x, "x", p->op == CLCONV_BACKWARD_DATA);
    if (!status && clconv_is_view(&p->y))
        status = check_view(p, &p->y, "y", p->op == CLCONV_FORWARD);
    return status;
}

/* ---- Epilogues --------------------------------------------------------------------------------
 */

clconv_status clconv_import_epilogue(const clconv_problem *p, clconv_epilogue *out)
{
    *out = (clconv_epilogue){.size = sizeof *out};
    return p->epilogue ? clconv_import(out, sizeof *out, p->epilogue, p->epilogue->size)
                       : CLCONV_OK;
}

static clconv_status check_residual(const clconv_problem *p)
{
    const clconv_tensor *const r = &p->residual, *const y = &p->y;
    const int32_t dtype = clconv_output_dtype(p);
    if (p->accumulate != 0 && p->accumulate != 1)
        return clconv_fail(CLCONV_INVALID, "accumulate is %d, neither 0 nor 1", p->accumulate);
    if (!r->dtype)
        return CLCONV_OK;
    if (p->accumulate)
        return clconv_fail(CLCONV_INVALID,
                           "a residual beside accumulate, which makes what y held the residual");
    if (r->dtype != dtype)
        return clconv_fail(CLCONV_INVALID, "the residual's type (%s) should be y's (%s)",
                           clconv_dtype_text(r->dtype) ? clconv_dtype_text(r->dtype) : "none",
                           clconv_dtype_text(dtype));
    bool same = r->layout == y->layout;
    for (int axis = 0; axis < 5; axis++)
        same = same && r->stride[axis] == y->stride[axis];
    return same ? CLCONV_OK
                : clconv_fail(CLCONV_NOT_IN_VERSION,
                              "a residual of another layout or other strides than y's is not in "
                              "this version (%s)",
                              clconv_version());
}

clconv_status clconv_check_epilogue(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    clconv_epilogue e;
    clconv_status status = clconv_import_epilogue(p, &e);
    if (!status)
        status = check_residual(p);
    if (status || (!p->epilogue && !p->residual.dtype && !p->accumulate))
        return status;
    if (e.activation < CLCONV_ACTIVATION_NONE || e.activation > CLCONV_HARDSWISH)
        return clconv_fail(CLCONV_INVALID, "activation %d is no clconv_activation", e.activation);
    if (e.activation == CLCONV_CLIP && !(e.low <= e.high))
        return clconv_fail(CLCONV_INVALID, "a clip from %g to %g holds nothing", e.low, e.high);
    if (e.activation == CLCONV_LEAKY_RELU && e.slope != e.slope)
        return clconv_fail(CLCONV_INVALID, "the slope of a leaky relu is NaN");
    if (p->op != CLCONV_FORWARD || clconv_dtype_is_byte(p->x.dtype))
        return clconv_fail(CLCONV_NOT_IN_VERSION, "an epilogue of %s is not in this version (%s)",
                           p->op != CLCONV_FORWARD ? "a gradient" : "int8 or uint8",
                           clconv_version());
    return CLCONV_OK;
}
