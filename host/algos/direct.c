/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`: groups of any size, dense included, sums blocked in registers. */
#include "internal.h"

static const char *refuses(const clconv_request *request)
{
    clconv_tile tile;
    if (request->tile && !clconv_tile_read(request->tile, true, &tile))
        return "direct has the tiles kb=1|4|8,xb=1|4|8|16,yb=1|2|4 only";
    return clconv_strip_refuses(request->work);
}

/* Sixteen sums where the group has the channels: enough to cover the latency of a multiply-add, few
 * enough for 32 vector registers; on GPUs in the shape that needs fewest of theirs
 * (docs/offline.md). Few tiles, because each is a program per filter. */
static clconv_tile default_tile(const clconv_request *request)
{
    const clconv_work *work = request->work;
    int64_t out = 0;
    for (size_t i = 0; i < work->segments; i++)
        out = work->segment[i].out > out ? work->segment[i].out : out;
    if (clconv_strip_pixels(request->dev) == 1)
        return (clconv_tile){.kb = 4, .xb = 1, .yb = 4};
    return (clconv_tile){.kb = out > 4 ? 8 : 4, .xb = clconv_strip_pixels(request->dev), .yb = 2};
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    clconv_tile tile = default_tile(request);
    if (request->tile)
        clconv_tile_read(request->tile, true, &tile);
    return clconv_strip_prepare(plan, request, "direct", &tile);
}

static double macs_per_cycle(const clconv_request *request)
{
    (void)request;
    return 6.0;
}

const clconv_algo clconv_algo_direct = {
    .name = "direct",
    .refuses = refuses,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
