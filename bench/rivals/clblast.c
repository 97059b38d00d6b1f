/* SPDX-License-Identifier: MIT */
/* CLBlast's convgemm as a rival. It knows no groups, and its images must lie one behind another, so
 * that a grouped problem is one call per image and group, on parts of the same buffers. */
#include "contestant.h"

#ifdef BENCH_WITH_CLBLAST

#include <clblast_c.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_CALLS = 4096 };

typedef struct job {
    clconv_problem p;
    size_t out_h, out_w, images, batch; /* calls per group, images per call */
    const arena *arena;
} job;

static const char *refusal(const clconv_problem *p)
{
    if (p->op != CLCONV_FORWARD)
        return "CLBlast's convgemm computes no gradients";
    if (p->x.layout != CLCONV_LAYOUT_PLAIN)
        return "CLBlast's convgemm reads NCHW only";
    for (int d = 0; d < 2; d++)
        if (p->pad_before[d] != p->pad_after[d])
            return "CLBlast's convgemm pads both sides alike";
    if (p->groups > 1 && p->n * p->groups > MOST_CALLS)
        return "CLBlast's convgemm would need over 4,096 calls";
    return NULL;
}

static contestant_state make(const arena *a, const contestant_option *option, void **state,
                             contestant_facts *facts, char *why, size_t room)
{
    job *j = *state = calloc(1, sizeof *j);
    clconv_shape y;
    (void)option;
    facts->threads = a->device->units;
    if (!j)
        return snprintf(why, room, "no host memory"), CONTESTANT_BROKEN;
    if (!rival_problem(&a->problem, &j->p, why, room))
        return CONTESTANT_REFUSES;
    if (refusal(&j->p))
        return snprintf(why, room, "%s", refusal(&j->p)), CONTESTANT_REFUSES;
    if (clconv_output_shape(&j->p, &y) != CLCONV_OK)
        return snprintf(why, room, "%s", clconv_last_error()), CONTESTANT_BROKEN;
    j->out_h = (size_t)y.dim[2];
    j->out_w = (size_t)y.dim[3];
    j->images = j->p.groups == 1 ? 1 : (size_t)j->p.n;
    j->batch = j->p.groups == 1 ? (size_t)j->p.n : 1;
    j->arena = a;
    return CONTESTANT_READY;
}

static bool call(const job *j, size_t image, size_t group, cl_command_queue queue, cl_event *event)
{
    const clconv_problem *p = &j->p;
    const cl_mem *mem = j->arena->mem;
    const size_t in = (size_t)(p->c / p->groups), out = (size_t)(p->k / p->groups);
    const size_t h = (size_t)p->in[0], w = (size_t)p->in[1];
    const size_t r = (size_t)p->kernel[0], s = (size_t)p->kernel[1];
    const size_t x_at = (image * (size_t)p->c + group * in) * h * w;
    const size_t y_at = (image * (size_t)p->k + group * out) * j->out_h * j->out_w;
    return CLBlastSconvgemm(CLBlastKernelModeCrossCorrelation, in, h, w, r, s,
                            (size_t)p->pad_before[0], (size_t)p->pad_before[1],
                            (size_t)p->stride[0], (size_t)p->stride[1], (size_t)p->dilation[0],
                            (size_t)p->dilation[1], out, j->batch, mem[ARRAY_X], x_at, mem[ARRAY_W],
                            group * out * in * r * s, mem[ARRAY_Y], y_at, &queue,
                            event) == CLBlastSuccess;
}

static bool launch(void *state, cl_command_queue queue, cl_event *event)
{
    const job *j = state;
    const size_t groups = (size_t)j->p.groups;
    for (size_t image = 0; image < j->images; image++)
        for (size_t group = 0; group < groups; group++) {
            const bool last = image + 1 == j->images && group + 1 == groups;
            if (!call(j, image, group, queue, last ? event : NULL))
                return false;
        }
    return true;
}

const contestant_kind clblast_kind = {
    .name = "clblast", .exact = true, .make = make, .launch = launch, .destroy = free};

#else

const contestant_kind clblast_kind = {
    .name = "clblast",
    .absent = "install CLBlast (Debian: libclblast-dev) and configure with CLCONV_WITH_CLBLAST=ON"};

#endif
