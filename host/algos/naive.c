/* SPDX-License-Identifier: MIT */
/* Algorithm `naive`: one work-item per output element, one program for all problems. */
#include "internal.h"

enum { LOCAL_SIZE = 64, ROW_OF_PIXELS = 4096 };

/* Multiply-adds per compute unit and cycle that it was seen to reach, for the order of choices. */
static const double macs_per_cycle = 0.25;

static const char *refuses(const clconv_request *request)
{
    return request->tile ? "naive has no tile" : NULL;
}

static double expected_ms(const clconv_request *request)
{
    const double rate = (double)request->dev->compute_units * request->dev->clock_mhz * 1e3;
    return (double)request->work->macs / (rate * macs_per_cycle + 1.0);
}

static uint64_t workspace(const clconv_request *request)
{
    (void)request;
    return 0;
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    const int64_t pixels = (int64_t)work->p * work->q;
    const int64_t row = pixels < ROW_OF_PIXELS ? pixels : ROW_OF_PIXELS;
    const size_t local = request->dev->max_group < LOCAL_SIZE ? 1 : LOCAL_SIZE;
    clconv_status status = clconv_program_get(plan->ctx, "naive", "", &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        const clconv_grid grid = {.kernel = "naive",
                                  .local = {local, 1, 1},
                                  .x = row,
                                  .y = (pixels + row - 1) / row,
                                  .z = work->n * segment->groups * segment->out};
        status =
            clconv_plan_add_steps(plan, program, &grid, segment, false, clconv_set_filter, request);
    }
    return status;
}

const clconv_algo clconv_algo_naive = {
    .name = "naive",
    .refuses = refuses,
    .expected_ms = expected_ms,
    .workspace = workspace,
    .prepare = prepare,
};
