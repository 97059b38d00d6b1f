/* SPDX-License-Identifier: MIT */
/* The few calls in which oneDNN 2 and 3 differ, under one name each. */
#ifndef CLCONV_BENCH_ONEDNN_API_H
#define CLCONV_BENCH_ONEDNN_API_H

#include "clconv/clconv.h"

#include <dnnl.h>

#include <stdbool.h>

/* How a convolution is described to oneDNN; dilation 0 is dense there. */
typedef struct onednn_shape {
    int weight_rank; /* 5 with groups */
    dnnl_dims_t src, weights, dst, stride, dilation, before, after;
} onednn_shape;

#if DNNL_VERSION_MAJOR >= 3

typedef const_dnnl_memory_desc_t layout_view;

static inline bool layout_make(dnnl_memory_desc_t *out, int rank, const dnnl_dims_t dims,
                               dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(out, rank, dims, dnnl_f32, tag) == dnnl_success;
}

static inline void layout_free(dnnl_memory_desc_t layout)
{
    dnnl_memory_desc_destroy(layout);
}

static inline layout_view layout_of(const dnnl_memory_desc_t *layout)
{
    return *layout;
}

static inline dnnl_status_t forward_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                         dnnl_prop_kind_t kind, const onednn_shape *s,
                                         const layout_view t[3])
{
    return dnnl_convolution_forward_primitive_desc_create(out, engine, kind, dnnl_convolution_auto,
                                                          t[0], t[1], NULL, t[2], s->stride,
                                                          s->dilation, s->before, s->after, NULL);
}

static inline dnnl_status_t data_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                      const onednn_shape *s, const layout_view t[3],
                                      const_dnnl_primitive_desc_t hint)
{
    return dnnl_convolution_backward_data_primitive_desc_create(
        out, engine, dnnl_convolution_auto, t[0], t[1], t[2], s->stride, s->dilation, s->before,
        s->after, hint, NULL);
}

static inline dnnl_status_t weights_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                         const onednn_shape *s, const layout_view t[3],
                                         const_dnnl_primitive_desc_t hint)
{
    return dnnl_convolution_backward_weights_primitive_desc_create(
        out, engine, dnnl_convolution_auto, t[0], t[1], NULL, t[2], s->stride, s->dilation,
        s->before, s->after, hint, NULL);
}

#else

typedef const dnnl_memory_desc_t *layout_view;

static inline bool layout_make(dnnl_memory_desc_t *out, int rank, const dnnl_dims_t dims,
                               dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(out, rank, dims, dnnl_f32, tag) == dnnl_success;
}

static inline void layout_free(dnnl_memory_desc_t layout)
{
    (void)layout;
}

static inline layout_view layout_of(const dnnl_memory_desc_t *layout)
{
    return layout;
}

static inline dnnl_status_t forward_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                         dnnl_prop_kind_t kind, const onednn_shape *s,
                                         const layout_view t[3])
{
    dnnl_convolution_desc_t desc;
    const dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &desc, kind, dnnl_convolution_auto, t[0], t[1], NULL, t[2], s->stride, s->dilation,
        s->before, s->after);
    return status ? status : dnnl_primitive_desc_create(out, &desc, NULL, engine, NULL);
}

static inline dnnl_status_t data_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                      const onednn_shape *s, const layout_view t[3],
                                      const_dnnl_primitive_desc_t hint)
{
    dnnl_convolution_desc_t desc;
    const dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(
        &desc, dnnl_convolution_auto, t[0], t[1], t[2], s->stride, s->dilation, s->before,
        s->after);
    return status ? status : dnnl_primitive_desc_create(out, &desc, NULL, engine, hint);
}

static inline dnnl_status_t weights_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                         const onednn_shape *s, const layout_view t[3],
                                         const_dnnl_primitive_desc_t hint)
{
    dnnl_convolution_desc_t desc;
    const dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(
        &desc, dnnl_convolution_auto, t[0], t[1], NULL, t[2], s->stride, s->dilation, s->before,
        s->after);
    return status ? status : dnnl_primitive_desc_create(out, &desc, NULL, engine, hint);
}

#endif

/* The convolution or gradient with the layouts of src, weights and dst. Gradients want a forward
 * one as a hint. */
static inline dnnl_status_t convolution_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                             clconv_op op, const onednn_shape *s,
                                             const layout_view t[3])
{
    dnnl_primitive_desc_t hint = NULL;
    if (op == CLCONV_FORWARD)
        return forward_make(out, engine, dnnl_forward_inference, s, t);
    dnnl_status_t status = forward_make(&hint, engine, dnnl_forward_training, s, t);
    if (!status)
        status = op == CLCONV_BACKWARD_DATA ? data_make(out, engine, s, t, hint)
                                            : weights_make(out, engine, s, t, hint);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    return status;
}

#endif
