/* SPDX-License-Identifier: MIT */
/* The few calls in which oneDNN 2 and 3 differ, under one name each. */
#ifndef CLCONV_BENCH_ONEDNN_API_H
#define CLCONV_BENCH_ONEDNN_API_H

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

static inline dnnl_status_t convolution_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                             const onednn_shape *s, layout_view src,
                                             layout_view weights, layout_view dst)
{
    return dnnl_convolution_forward_primitive_desc_create(
        out, engine, dnnl_forward_inference, dnnl_convolution_auto, src, weights, NULL, dst,
        s->stride, s->dilation, s->before, s->after, NULL);
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

static inline dnnl_status_t convolution_make(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                                             const onednn_shape *s, layout_view src,
                                             layout_view weights, layout_view dst)
{
    dnnl_convolution_desc_t desc;
    const dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_convolution_auto, src, weights, NULL, dst, s->stride,
        s->dilation, s->before, s->after);
    return status ? status : dnnl_primitive_desc_create(out, &desc, NULL, engine, NULL);
}

#endif

#endif
