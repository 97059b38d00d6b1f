/* SPDX-License-Identifier: MIT */
/* What the algorithms share whose work-items compute strips of pixels: limits, launches. */
#include "designs.h"

#include <string.h>

enum { LARGEST_XB = 16, LARGEST_YB = 8 };

/* A CPU's work-item computes a vector, a GPU's one pixel: its neighbours load beside it. The image
 * has no say, so that another image size builds nothing. */
int clconv_strip_pixels(const clconv_device *dev)
{
    return dev->wide_vectors ? LARGEST_XB : 1;
}

/* On GPUs `rate`. A CPU has of it what a tile fills of vectors of 16 floats, and less where loads
 * and stores are not shared by many products. */
double clconv_strip_rate(const clconv_request *request, double rate, int xb)
{
    const clconv_work *work = request->work;
    const int vector = clconv_vector_lanes(request), filled = xb < vector ? xb : vector;
    const double products = (double)work->segment[0].in * work->r * work->s;
    return vector ? rate * filled / LARGEST_XB * products / (products + 5) : rate;
}

const char *clconv_strip_refuses(const clconv_work *work)
{
    const int64_t bottom = ((int64_t)work->p + LARGEST_YB) * work->stride_h +
                           (int64_t)(work->r - 1) * work->dilation_h;
    const int64_t right = ((int64_t)work->q + 2 * LARGEST_XB) * work->stride_w +
                          (int64_t)(work->s - 1) * work->dilation_w;
    if (bottom > INT32_MAX || right > INT32_MAX)
        return "the padded image is too long for positions of 32 bits";
    if ((int64_t)work->r * work->s > INT32_MAX || (int64_t)work->r * LARGEST_YB > INT32_MAX)
        return "the filter has too many taps for positions of 32 bits";
    return clconv_pixels_refuse(work);
}

/* Neighbouring strips, of several planes where planes are small. A CPU runs its groups one by one
 * and gains nothing from larger ones, but its compiler does more work. */
static void set_local(const clconv_device *dev, size_t local[3])
{
    const bool group = !dev->wide_vectors && dev->max_group >= 64 && dev->max_item[0] >= 16 &&
                       dev->max_item[2] >= 4;
    local[0] = group ? 16 : 1;
    local[1] = 1;
    local[2] = group ? 4 : 1;
}

clconv_status clconv_strip_prepare(clconv_plan *plan, const clconv_request *request,
                                   const char *stem, const clconv_tile_key *keys, const int *value)
{
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    const bool has_kb = !strcmp(keys[0].key, "kb");
    const int kb = has_kb ? value[0] : 1, xb = value[has_kb], yb = value[has_kb + 1];
    clconv_grid grid = {.kernel = stem};
    clconv_grid_items(&grid, (int64_t)((work->q - 1) / xb + 1) * ((work->p - 1) / yb + 1));
    set_local(request->dev, grid.local);
    clconv_tile_note(plan, keys, value);
    clconv_status status = clconv_tile_program(plan, stem, keys, value, &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = work->n * segment->groups * ((segment->out - 1) / kb + 1);
        grid.item_macs = clconv_plane_macs(work, segment->in * kb);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}
