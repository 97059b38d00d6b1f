/* SPDX-License-Identifier: MIT */
/* Algorithm `depthwise`: groups of one input channel, any multiplier, shared kernels too. */
#include "designs.h"

static const clconv_tile_key keys[] = {{"xb", {1, 4, 8, 16}}, {"yb", {1, 2, 4}}, {NULL, {0}}};

/* Four rows share the input rows that they overlap in. Few tiles: each is a program per filter. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    value[0] = clconv_strip_pixels(request->dev);
    value[1] = 4;
    return true;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    if (!find_tile(request, value))
        return "depthwise has the tiles xb=1|4|8|16,yb=1|2|4 only";
    if (!clconv_is_depthwise(request->work))
        return "it needs groups of one input channel";
    return clconv_strip_refuses(request->work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    find_tile(request, value);
    return clconv_strip_prepare(plan, request, "depthwise", keys, value);
}

static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    find_tile(request, value);
    return clconv_strip_rate(request, 8.0, value[0]);
}

const clconv_algo clconv_algo_depthwise = {
    .name = "depthwise",
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
