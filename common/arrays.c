/* SPDX-License-Identifier: MIT */
/* Finds places in memory: in every layout an array is a row of matrices, channels by pixels or
 * taps.
 */
#include "arrays.h"

#include "elements.h"

/* `count` matrices of the same size, one behind the other. A step leads from a channel to the next
 * one, or from a pixel to the next one. */
typedef struct matrices {
    size_t count, channels, pixels, channel_step, pixel_step;
} matrices;

static matrices made(size_t count, size_t channels, size_t pixels, int32_t layout)
{
    if (layout == CLCONV_LAYOUT_PLAIN)
        return (matrices){count, channels, pixels, pixels, 1};
    return (matrices){count, channels, pixels, 1, channels};
}

/* Those of one group of w: its filters. Where the groups have equal inputs, all filters are one
 * group. */
static matrices filters_of(const clconv_problem *p, int64_t group)
{
    const size_t taps = (size_t)(p->kernel[0] * p->kernel[1]);
    if (p->shared)
        return made((size_t)(p->k / p->c), 1, taps, p->w.layout);
    if (!p->group_in)
        return made((size_t)p->k, (size_t)(p->c / p->groups), taps, p->w.layout);
    return made((size_t)(p->group_out ? p->group_out[group] : p->k / p->groups),
                (size_t)p->group_in[group], taps, p->w.layout);
}

static matrices outputs_of(const clconv_problem *p)
{
    clconv_shape y;
    if (clconv_output_shape(p, &y) != CLCONV_OK)
        return (matrices){0};
    const int first = p->y.layout == CLCONV_LAYOUT_PLAIN ? 2 : 1;
    return made((size_t)p->n, (size_t)y.dim[first == 2 ? 1 : 3],
                (size_t)(y.dim[first] * y.dim[first + 1]), p->y.layout);
}

static matrices matrices_of(const clconv_problem *p, int array, int64_t group, size_t count)
{
    switch (array) {
    case ARRAY_X:
        return made((size_t)p->n, (size_t)p->c, (size_t)(p->in[0] * p->in[1]), p->x.layout);
    case ARRAY_W:
        return filters_of(p, group);
    case ARRAY_Y:
        return outputs_of(p);
    default:
        return made(1, 1, count, CLCONV_LAYOUT_PLAIN);
    }
}

int32_t array_dtype(const clconv_problem *p, int array)
{
    const int32_t own[] = {p->x.dtype, p->w.dtype, p->b.dtype, p->y.dtype};
    if (own[array])
        return own[array];
    return array == ARRAY_W ? p->x.dtype : clconv_output_dtype(p);
}

size_t array_place(const clconv_problem *p, int array, size_t index)
{
    size_t first = 0;
    for (int64_t group = 0;; group++) {
        const matrices m = matrices_of(p, array, group, index + 1);
        const size_t size = m.channels * m.pixels, at = index - first;
        if (at < m.count * size || group + 1 >= p->groups)
            return first + at / size * size + at % size / m.pixels * m.channel_step +
                   at % m.pixels * m.pixel_step;
        first += m.count * size;
    }
}

void array_store(const clconv_problem *p, int array, const float *values, size_t count,
                 void *memory)
{
    const int32_t dtype = array_dtype(p, array);
    size_t first = 0;
    for (int64_t group = 0; first < count; group++) {
        const matrices m = matrices_of(p, array, group, count);
        for (size_t i = 0; i < m.count; i++, first += m.channels * m.pixels)
            for (size_t c = 0; c < m.channels; c++)
                for (size_t pixel = 0; pixel < m.pixels; pixel++)
                    element_put(dtype, memory, first + c * m.channel_step + pixel * m.pixel_step,
                                (double)values[first + c * m.pixels + pixel]);
    }
}
