/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`: groups of any size, dense included, sums blocked in registers. */
#include "designs.h"

static const clconv_tile_key keys[] = {
    {"kb", {1, 4, 8}}, {"xb", {1, 4, 8, 16}}, {"yb", {1, 2, 4}}, {NULL, {0}}};

/* Sixteen sums where the group has the channels: enough to cover the latency of a multiply-add, few
 * enough for 32 vector registers; on GPUs in the shape that needs fewest of theirs, of doubles four
 * (docs/offline.md). Few tiles, because each is a program per filter. */
static bool find_tile(const clconv_request *request, int *value)
{
    const int xb = clconv_strip_pixels(request->dev);
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    value[0] = xb == 1 && request->work->x_dtype == CLCONV_F64    ? 1
               : xb > 1 && clconv_most_outputs(request->work) > 4 ? 8
                                                                  : 4;
    value[1] = xb;
    value[2] = xb > 1 ? 2 : 4;
    return true;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    if (!find_tile(request, value))
        return "direct has the tiles kb=1|4|8,xb=1|4|8|16,yb=1|2|4 only";
    return clconv_strip_refuses(request->work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    find_tile(request, value);
    return clconv_strip_prepare(plan, request, "direct", keys, value);
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    find_tile(request, value);
    return clconv_strip_rate(request, 6.0, value[1]);
}

const clconv_algo clconv_algo_direct = {
    .name = "direct",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .refuses = refuses,
    .types = CLCONV_ALL_TYPES,
    .ends = true,
    .accumulates = true,
    .pad_modes = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
};
