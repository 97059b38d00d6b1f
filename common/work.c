/* SPDX-License-Identifier: MIT */
/* Counts work and applies the roofline to it. */
#include "work.h"

#include <math.h>

static int64_t outputs(const clconv_problem *p, int axis)
{
    const int64_t reach = p->dilation[axis] * (p->kernel[axis] - 1) + 1;
    return (p->in[axis] + p->pad_before[axis] + p->pad_after[axis] - reach) / p->stride[axis] + 1;
}

/* Of all (output, tap) pairs of one axis, those that read the image: all, where it is repeated. */
static double share_inside(const clconv_problem *p, int axis)
{
    const int64_t count = outputs(p, axis);
    int64_t inside = 0;
    for (int64_t out = 0; out < count; out++)
        for (int64_t tap = 0; tap < p->kernel[axis]; tap++) {
            const int64_t at =
                out * p->stride[axis] - p->pad_before[axis] + tap * p->dilation[axis];
            inside += p->pad_mode || (at >= 0 && at < p->in[axis]);
        }
    return (double)inside / ((double)count * (double)p->kernel[axis]);
}

layer_work work_of(const clconv_problem *p)
{
    clconv_work_size size = {.size = sizeof size};
    layer_work work = {0};
    if (clconv_problem_work(p, &size) != CLCONV_OK)
        return work;
    work.macs = (double)size.macs;
    work.macs_inside = round(work.macs * share_inside(p, 0) * share_inside(p, 1));
    work.bytes =
        (double)size.x_bytes + (double)size.w_bytes + (double)size.b_bytes + (double)size.y_bytes;
    return work;
}

double roof_bandwidth(const roofline *r, double bytes)
{
    size_t i = 0;
    while (i + 1 < r->levels && r->level[i].bytes < bytes)
        i++;
    return r->levels ? fmax(r->level[i].copy_gbps, r->level[i].triad_gbps) : NAN;
}

double roof_ms(const roofline *r, const layer_work *work, bool *compute_bound)
{
    const double compute = 2 * work->macs_inside / (r->gflops * 1e6);
    const double memory = work->bytes / (roof_bandwidth(r, work->bytes) * 1e6);
    *compute_bound = compute >= memory;
    return *compute_bound ? compute : memory;
}
