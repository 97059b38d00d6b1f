/* SPDX-License-Identifier: MIT */
/* Walks a tensor in logical order and says where in memory each run of its elements lies. */
#include "codec.h"

/* `count` elements in logical order that lie `step` elements apart in memory, from element `at`
 * on. */
typedef struct run {
    size_t at, step, count;
} run;

/* What is done with each run: one of these two is NULL. */
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
    if (j->to)
        number_load(j->dtype, j->bytes + r.at * j->unit, r.step, r.count, j->to + j->next);
    else
        number_store(j->dtype, j->from + j->next, r.count, j->stored + r.at * j->unit, r.step);
    j->next += r.count;
}

static bool channels_last(const clconv_problem *p, tensor_id id)
{
    const int32_t layouts[] = {[TENSOR_X] = p->x.layout,
                               [TENSOR_W] = p->w.layout,
                               [TENSOR_B] = CLCONV_LAYOUT_PLAIN,
                               [TENSOR_Y] = p->y.layout};
    return layouts[id] == CLCONV_LAYOUT_CHANNELS_LAST;
}

/* Images whose pixels hold all channels side by side: plane by plane. */
static void walk_pixels(const oracle_shape *shape, const clconv_problem *p, tensor_id id, job *j)
{
    const size_t channels = (size_t)(id == TENSOR_X ? p->c : shape->k);
    const size_t pixels = (size_t)(id == TENSOR_X ? p->in[0] * p->in[1] : shape->p * shape->q);
    for (size_t n = 0; n < (size_t)p->n; n++)
        for (size_t c = 0; c < channels; c++)
            do_run(j, (run){n * pixels * channels + c, channels, pixels});
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
    if (!channels_last(p, id))
        do_run(j, (run){0, 1, tensor_elements(shape, id)});
    else if (id == TENSOR_W)
        walk_taps(p, j);
    else
        walk_pixels(shape, p, id, j);
}

size_t codec_bytes(const clconv_problem *p, const oracle_shape *shape, tensor_id id)
{
    return tensor_elements(shape, id) * number_bytes(tensor_dtype(p, id));
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
