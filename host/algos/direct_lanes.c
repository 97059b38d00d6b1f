/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, design `lanes`: vectors of output channels, for groups that fill them. */
#include "designs.h"

/* v floats a vector, kb vectors of channels, xb pixels. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"kb", {1, 2}}, {"xb", {4, 6, 7, 8, 12, 14, 16}}, {NULL, {0}}};
enum { V, KB, XB };

/* Pixels side by side. */
static int64_t row_length(const clconv_work *work)
{
    return clconv_is_pointwise(work) ? (int64_t)work->p * work->q : work->q;
}

/* Vectors that the groups fill, two where they fill them about as well; sums that cover the latency
 * of a multiply-add, within 32 registers of 16 floats or 16 of fewer. A 1x1 filter uses each pixel
 * once for a vector of channels, so that it wants more of both. The image has no say, so that
 * another image size builds nothing. */
static void choose_tile(const clconv_request *request, int *value)
{
    const int64_t out = clconv_most_outputs(request->work);
    const bool wide = clconv_vector_floats(request->dev) == 16;
    value[V] = clconv_vector_lanes(request);
    while (value[V] > 4 && out < value[V])
        value[V] /= 2;
    value[KB] = wide && out > value[V] && request->work->s <= 7 &&
                        clconv_filled(out, 2 * value[V]) > 0.9 * clconv_filled(out, value[V])
                    ? 2
                    : 1;
    value[XB] = value[V] < 16 ? value[V] - value[V] / 8 : value[KB] == 1 ? 14 : 7;
    if (value[V] == 16 && request->work->s == 1)
        value[XB] = 14;
}

static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value) && value[XB] <= 2 * value[V];
    choose_tile(request, value);
    return value[V] >= 4;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile
                   ? "direct has the tiles lanes,v=4|8|16,kb=1|2,xb=4|6|7|8|12|14|16 only, "
                     "with xb up to 2 v"
                   : "the device has no vectors";
    if (work->divisor != 1.0f)
        return "it has no mean";
    if (work->s > 11 || work->s * value[KB] + value[KB] * value[XB] > 40)
        return "the filter is too wide for its registers";
    if (!request->tile && clconv_most_outputs(work) < value[V])
        return "the groups have too few output channels";
    return clconv_strip_refuses(work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    find_tile(request, value);
    const int64_t across = (row_length(work) - 1) / value[XB] + 1;
    const clconv_block block = {"direct_lanes", value[V], value[V] * value[KB],
                                clconv_is_pointwise(work) ? across : work->p * across};
    return clconv_block_prepare(plan, request, keys, value, &block);
}

/* Of vectors of 16: 28 with sums of 144 products, 11 with 27, because a row of few taps is over
 * before its loads are worth it; 19 with 1x1 filters (Intel Xeon, 2026-11-20). */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    const double taps = (double)work->r * work->s;
    const double products = (double)work->segment[0].in * taps; /* that a sum has */
    find_tile(request, value);
    return (taps > 1 ? 1.8 * products / (products + 1200 / products) : 1.3) * value[V] *
           clconv_filled(clconv_most_outputs(work), value[V] * value[KB]) *
           clconv_filled(row_length(work), value[XB]);
}

const clconv_algo clconv_algo_direct_lanes = {
    .name = "direct",
    .design = "lanes",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .refuses = refuses,
    .types = CLCONV_FLOAT_TYPES,
    .ends = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
    .pack_key = "v",
};
