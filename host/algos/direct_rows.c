/* SPDX-License-Identifier: MIT */
/* Algorithm `direct`, design `rows`: vectors of pixels, for groups of few output channels. */
#include "designs.h"

/* v floats a vector, kb output channels, xb vectors of a row. */
static const clconv_tile_key keys[] = {
    {"v", {4, 8, 16}}, {"kb", {4, 8}}, {"xb", {2, 3, 4}}, {NULL, {0}}};
enum { V, KB, XB };

/* Sixteen sums within 32 registers of 16 floats, eight within 16 of fewer; vectors that are not
 * wider than the image. */
static bool find_tile(const clconv_request *request, int *value)
{
    if (request->tile)
        return clconv_tile_read(request->tile, keys, value);
    const bool many = clconv_most_outputs(request->work) > 4;
    const int q = request->work->q, native = clconv_vector_lanes(request);
    value[V] = native;
    while (value[V] > 4 && value[V] > q)
        value[V] /= 2;
    value[KB] = many && native == 16 ? 8 : 4;
    value[XB] = !many && native == 16 && q > 3 * value[V] ? 4 : 2;
    return value[V] >= 4;
}

/* Whether a vector but the first reaches out of the image on the left, or one but the last on the
 * right; padding is at most half the filter. */
static bool sticks_out(const clconv_work *work, const int *value)
{
    const int64_t v = value[V], inner = (value[XB] - 1) * v, last = work->q - v;
    const int64_t near = v < last ? v : last, far = inner < last ? last : inner;
    const int64_t half = (int64_t)(work->s / 2) * work->dilation_w;
    const int64_t right =
        (far - 1) * work->stride_w - work->pad_left + (int64_t)(work->s - 1) * work->dilation_w;
    return work->q <= inner || near * work->stride_w < work->pad_left || right >= work->w ||
           work->pad_left > half || clconv_right_padding(work) > half;
}

/* A row of vectors may reach beyond one neighbouring channel. */
static bool few_pixels(const clconv_work *work, const int *value)
{
    const int64_t reach =
        (int64_t)(work->s - 1) * work->dilation_w + (int64_t)value[V] * work->stride_w;
    return (int64_t)work->h * work->w < reach;
}

static const char *refuses(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    if (!find_tile(request, value))
        return request->tile ? "direct has the tiles rows,v=4|8|16,kb=4|8,xb=2|3|4 only"
                             : "the device has no vectors";
    if (work->stride_w > 2)
        return "it has no strides over 2 along a row";
    if (work->divisor != 1.0f)
        return "it has no mean";
    if (work->s > 11)
        return "the filter is too wide for its registers";
    if (work->q < value[V] || sticks_out(work, value) || few_pixels(work, value))
        return "the image is too narrow, or its padding too wide";
    return clconv_strip_refuses(work);
}

static clconv_status prepare(clconv_plan *plan, const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    find_tile(request, value);
    const int64_t across = (work->q - 1) / (value[XB] * value[V]) + 1;
    const clconv_block block = {"direct_rows", value[KB], value[KB], work->p * across};
    return clconv_block_prepare(plan, request, keys, value, &block);
}

/* 20 with V 16 and one channel of 5x5, 23 with eight of 3x3: the more products a sum has, the less
 * do loads and stores of it weigh (Intel Xeon, 2026-11-20). */
static double macs_per_cycle(const clconv_request *request)
{
    int value[CLCONV_TILE_KEYS];
    const clconv_work *work = request->work;
    const double products = (double)work->segment[0].in * work->r * work->s;
    find_tile(request, value);
    return 1.6 * value[V] * products / (products + 6.5) *
           clconv_filled(clconv_most_outputs(work), value[KB]) *
           clconv_filled(work->q, value[XB] * value[V]);
}

const clconv_algo clconv_algo_direct_rows = {
    .name = "direct",
    .design = "rows",
    .keys = keys,
    .find_tile = find_tile,
    .turns = true,
    .refuses = refuses,
    .types = CLCONV_FLOAT_TYPES,
    .ends = true,
    .macs_per_cycle = macs_per_cycle,
    .prepare = prepare,
    .pack_key = "kb",
    .zero_padding = true,
};
