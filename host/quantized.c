/* SPDX-License-Identifier: MIT */
/* Bytes that stand for real numbers: the rules on zero points and scales, and what kernels read of
 * them. Pure C; ONNX's operators ConvInteger and QLinearConv. */
#include "checks.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_byte(int32_t dtype, int32_t value)
{
    return dtype == CLCONV_U8 ? value >= 0 && value <= UINT8_MAX
                              : value >= INT8_MIN && value <= INT8_MAX;
}

static bool is_scale(double value)
{
    return isfinite(value) && value > 0;
}

/* Filters: w's first dimension. */
static int64_t filters_of(const clconv_problem *p)
{
    return p->shared ? p->k / p->c : p->k;
}

static clconv_status check_length(const clconv_problem *p, int64_t length, const char *name)
{
    if (length == 1 || length == filters_of(p))
        return CLCONV_OK;
    return clconv_fail(CLCONV_INVALID,
                       "%s has %" PRId64 " entries; one, or one for each of %" PRId64
                       " filters, are wanted",
                       name, length, filters_of(p));
}

static clconv_status check_zeros(const clconv_problem *p, const clconv_quantization *q)
{
    const int32_t w_dtype = p->w.dtype ? p->w.dtype : p->x.dtype;
    if (!is_byte(p->x.dtype, q->x_zero))
        return clconv_fail(CLCONV_INVALID, "the zero point of x, %d, is no %s", q->x_zero,
                           clconv_dtype_text(p->x.dtype));
    if (!q->w_zero)
        return CLCONV_OK;
    const clconv_status status = check_length(p, q->w_zeros, "w_zero");
    for (int64_t i = 0; !status && i < q->w_zeros; i++)
        if (!is_byte(w_dtype, q->w_zero[i]))
            return clconv_fail(CLCONV_INVALID,
                               "the zero point of w, %d in entry %" PRId64 ", is no %s",
                               q->w_zero[i], i, clconv_dtype_text(w_dtype));
    return status;
}

/* The factor from a sum to y: 0 where a scale is wrong. */
static float factor_of(const clconv_quantization *q, int64_t filter)
{
    const double scale = q->w_scale[q->w_scales == 1 ? 0 : filter];
    const float factor = (float)(q->x_scale * scale / q->y_scale);
    return is_scale(scale) && isfinite(factor) ? factor : 0.0f;
}

static clconv_status check_scales(const clconv_problem *p, const clconv_quantization *q)
{
    if (!is_byte(p->y.dtype, q->y_zero))
        return clconv_fail(CLCONV_INVALID, "the zero point of y, %d, is no %s", q->y_zero,
                           clconv_dtype_text(p->y.dtype));
    if (!is_scale(q->x_scale) || !is_scale(q->y_scale) || !q->w_scale)
        return clconv_fail(CLCONV_INVALID,
                           "scales must be positive and finite, but x has %g, y %g%s", q->x_scale,
                           q->y_scale, q->w_scale ? "" : ", w none");
    const clconv_status status = check_length(p, q->w_scales, "w_scale");
    for (int64_t i = 0; !status && i < q->w_scales; i++)
        if (factor_of(q, i) == 0.0f)
            return clconv_fail(CLCONV_INVALID,
                               "scales of x, w (entry %" PRId64 ": %g) and y must be positive and "
                               "finite, and a float together",
                               i, q->w_scale[i]);
    return status;
}

static clconv_status import_quantization(const clconv_problem *p, clconv_quantization *out)
{
    *out = (clconv_quantization){.size = sizeof *out};
    return p->quantization ? clconv_import(out, sizeof *out, p->quantization, p->quantization->size)
                           : CLCONV_OK;
}

clconv_status clconv_check_quantization(const clconv_view *v)
{
    const clconv_problem *p = v->p;
    clconv_quantization q;
    clconv_status status = import_quantization(p, &q);
    if (status || !p->quantization)
        return status;
    if (!clconv_dtype_is_byte(p->x.dtype))
        return clconv_fail(CLCONV_INVALID, "zero points and scales are of int8 and uint8, not %s",
                           clconv_dtype_text(p->x.dtype));
    if (p->reduce)
        return clconv_fail(CLCONV_NOT_IN_VERSION,
                           "zero points and scales of a sum over channels are not in this version "
                           "(%s)",
                           clconv_version());
    status = check_zeros(p, &q);
    return status || !clconv_dtype_is_byte(p->y.dtype) ? status : check_scales(p, &q);
}

clconv_status clconv_resolve_quantization(const clconv_problem *p, clconv_work *work)
{
    clconv_quantization q;
    import_quantization(p, &q);
    if (!p->quantization)
        return CLCONV_OK;
    work->filters = (size_t)filters_of(p);
    work->filter = calloc(work->filters, sizeof *work->filter);
    if (!work->filter)
        return clconv_fail(CLCONV_OUT_OF_MEMORY, "no host memory for %zu filters", work->filters);
    work->x_zero = q.x_zero;
    work->y_zero = q.y_zero;
    for (size_t i = 0; i < work->filters; i++) {
        if (q.w_zero)
            work->filter[i].zero = q.w_zero[q.w_zeros == 1 ? 0 : i];
        if (clconv_dtype_is_byte(p->y.dtype))
            work->filter[i].factor = factor_of(&q, (int64_t)i);
    }
    return CLCONV_OK;
}
