/* SPDX-License-Identifier: MIT */
/* Walks a tensor in logical order and says where in memory each run of its elements lies. */
#include "codec.h"

#include <string.h>

/* `count` elements in logical order that lie `step` elements apart in memory, from element `at`
 * on. */
typedef struct run {
    size_t at, step, count;
} run;

/* What is done with each run: from numbers to bytes, from bytes to numbers or from bytes to bytes.
 */
typedef struct job {
    const double *from;
    double *to;
    const char *bytes;
    char *stored;
    int32_t dtype;
    size_t unit, next; /* bytes of an element; the next element in logical order */
} job;

static void do_run(job *j, run r)
{
    for (size_t i = 0; j->stored && j->bytes && i < r.count; i++)
        memcpy(j->stored + (r.at + i * r.step) * j->unit, j->bytes + (r.at + i * r.step) * j->unit,
               j->unit);
    if (j->to)
        number_load(j->dtype, j->bytes + r.at * j->unit, r.step, r.count, j->to + j->next);
    if (j->from)
        number_store(j->dtype, j->from + j->next, r.count, j->stored + r.at * j->unit, r.step);
    j->next += r.count;
}

static bool channels_last(const clconv_problem *p, tensor_id id)
{
    const int32_t layouts[] = {[TENSOR_X] = p->x.layout,
                               [TENSOR_W] = p->w.layout,
                               [TENSOR_B] = CLCONV_LAYOUT_PLAIN,
                               [TENSOR_Y] = p->y.layout,
                               [TENSOR_RESIDUAL] = p->residual.layout};
    return layouts[id] == CLCONV_LAYOUT_CHANNELS_LAST;
}

static const int64_t *strides_of(const clconv_problem *p, tensor_id id)
{
    const int64_t *const strides[] = {[TENSOR_X] = p->x.stride,
                                      [TENSOR_W] = NULL,
                                      [TENSOR_B] = NULL,
                                      [TENSOR_Y] = p->y.stride,
                                      [TENSOR_RESIDUAL] = p->residual.stride};
    return strides[id];
}

bool codec_has_gaps(const clconv_problem *p, tensor_id id)
{
    const int64_t *const stride = strides_of(p, id);
    return stride && (stride[0] || stride[1] || stride[3] || stride[4]);
}

static void sizes_of(const clconv_problem *p, const oracle_shape *shape, tensor_id id,
                     size_t size[4])
{
    const bool x = id == TENSOR_X;
    size[0] = (size_t)p->n;
    size[1] = (size_t)(x ? p->c : shape->k);
    size[2] = (size_t)(x ? p->in[0] : shape->p);
    size[3] = (size_t)(x ? p->in[1] : shape->q);
}

/* Images that lie as their strides say: row by row. */
static void walk_view(const clconv_problem *p, const oracle_shape *shape, tensor_id id, job *j)
{
    const int64_t *const s = strides_of(p, id);
    size_t size[4];
    sizes_of(p, shape, id, size);
    for (size_t n = 0; n < size[0]; n++)
        for (size_t c = 0; c < size[1]; c++)
            for (size_t h = 0; h < size[2]; h++)
                do_run(j, (run){n * (size_t)s[0] + c * (size_t)s[1] + h * (size_t)s[3],
                                (size_t)s[4], size[3]});
}

/* Images whose pixels hold all channels side by side: plane by plane. */
static void walk_pixels(const oracle_shape *shape, const clconv_problem *p, tensor_id id, job *j)
{
    size_t size[4];
    sizes_of(p, shape, id, size);
    const size_t pixels = size[2] * size[3];
    for (size_t n = 0; n < size[0]; n++)
        for (size_t c = 0; c < size[1]; c++)
            do_run(j, (run){n * pixels * size[1] + c, size[1], pixels});
}

/* Filters whose taps hold all input channels of the group side by side; groups of other sizes are
 * blocks one after another. */
static void walk_taps(const clconv_problem *p, job *j)
{
    const size_t taps = (size_t)(p->kernel[0] * p->kernel[1]);
    const int64_t groups = p->shared ? 1 : p->groups;
    size_t filter = 0; /* its first element */
    for (int64_t g = 0; g < groups; g++) {
        const int64_t even_in = p->shared ? 1 : p->c / p->groups;
        const int64_t even_out = p->shared ? p->k / p->c : p->k / p->groups;
        const size_t in = (size_t)(p->group_in ? p->group_in[g] : even_in);
        const int64_t out = p->group_out ? p->group_out[g] : even_out;
        for (int64_t k = 0; k < out; k++, filter += in * taps)
            for (size_t c = 0; c < in; c++)
                do_run(j, (run){filter + c, in, taps});
    }
}

static void walk(const clconv_problem *p, const oracle_shape *shape, tensor_id id, job *j)
{
    j->dtype = tensor_dtype(p, id);
    j->unit = number_bytes(j->dtype);
    if (codec_has_gaps(p, id))
        walk_view(p, shape, id, j);
    else if (!channels_last(p, id))
        do_run(j, (run){0, 1, tensor_elements(shape, id)});
    else if (id == TENSOR_W)
        walk_taps(p, j);
    else
        walk_pixels(shape, p, id, j);
}

size_t codec_bytes(const clconv_problem *p, const oracle_shape *shape, tensor_id id)
{
    const size_t unit = number_bytes(tensor_dtype(p, id)), elements = tensor_elements(shape, id);
    if (elements == 0 || !codec_has_gaps(p, id))
        return elements * unit;
    static const int axes[] = {0, 1, 3, 4};
    size_t size[4], last = 0;
    sizes_of(p, shape, id, size);
    for (int i = 0; i < 4; i++)
        last += (size[i] - 1) * (size_t)strides_of(p, id)[axes[i]];
    return (last + 1) * unit;
}

void codec_encode(const clconv_problem *p, const oracle_shape *shape, tensor_id id,
                  const double *from, void *to)
{
    walk(p, shape, id, &(job){.from = from, .stored = to});
}

void codec_decode(const clconv_problem *p, const oracle_shape *shape, tensor_id id,
                  const void *from, double *to)
{
    walk(p, shape, id, &(job){.to = to, .bytes = from});
}

void codec_copy(const clconv_problem *p, const oracle_shape *shape, tensor_id id, const void *from,
                void *to)
{
    walk(p, shape, id, &(job){.bytes = from, .stored = to});
}
