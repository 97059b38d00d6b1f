/* SPDX-License-Identifier: MIT */
/* Gradients by w: launches for b, and what designs of planes refuse. */
#include "designs.h"

void clconv_grid_bias(clconv_grid *grid, const clconv_work *work, const clconv_segment *segment,
                      int channels)
{
    const int64_t groups = segment->b_group ? segment->groups : 1;
    grid->z = groups * ((segment->out - 1) / channels + 1);
    grid->item_macs = (double)(work->n * (segment->groups / groups)) * channels * work->p * work->q;
}

clconv_status clconv_add_bias_sums(clconv_plan *plan, clconv_program *program,
                                   const clconv_segment *segment, const clconv_request *request)
{
    const clconv_work *work = request->work;
    clconv_grid grid = {
        .kernel = "bias_sums",
        .local = {1, 1, 1},
        .x = 1,
        .y = 1,
        .own = {(cl_int)work->n},
        .owns = 1,
    };
    clconv_grid_bias(&grid, work, segment, 1);
    return work->has_bias ? clconv_plan_add_steps(plan, program, &grid, segment, request)
                          : CLCONV_OK;
}

const char *clconv_planes_refuse(const clconv_work *work, int64_t pixels, int v)
{
    enum { ROOM = 256 }; /* pixels in the kernels' arrays, as there */
    for (size_t i = 0; i < work->segments; i++) {
        const clconv_segment *segment = &work->segment[i];
        if ((segment->groups > 1 && !segment->w_group) || (segment->in > 1 && !segment->w_in))
            return "it has no weights that groups or channels share";
    }
    if (work->divisor != 1.0f)
        return "it has no mean";
    if (work->n == 0 || work->n > INT32_MAX)
        return "there are no images, or more than 32 bits count";
    if (pixels < v / 2 || pixels > ROOM)
        return "the planes are smaller than its vectors or larger than its arrays";
    return NULL;
}
