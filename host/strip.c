/* SPDX-License-Identifier: MIT */
/* What the algorithms share whose work-items compute strips of pixels: tiles, limits, launches. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_XB = 16, LARGEST_YB = 4 };

static bool one_of(int value, const int *choices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (choices[i] == value)
            return true;
    return false;
}

/* "kb=4,xb=8" -> the 8 of "xb". */
static int tile_value(const char *tile, const char *key)
{
    const size_t length = strlen(key);
    while (tile && *tile) {
        if (!strncmp(tile, key, length) && tile[length] == '=')
            return (int)strtol(tile + length + 1, NULL, 10);
        tile = strchr(tile, ',');
        tile = tile ? tile + 1 : NULL;
    }
    return 0;
}

static void write_tile(const clconv_tile *tile, char *text, size_t room)
{
    if (tile->kb)
        snprintf(text, room, "kb=%d,xb=%d,yb=%d", tile->kb, tile->xb, tile->yb);
    else
        snprintf(text, room, "xb=%d,yb=%d", tile->xb, tile->yb);
}

bool clconv_tile_read(const char *text, bool has_kb, clconv_tile *out)
{
    static const int channels[] = {1, 4, 8}, pixels[] = {1, 4, 8, 16}, rows[] = {1, 2, 4};
    char canonical[64];
    *out = (clconv_tile){.kb = has_kb ? tile_value(text, "kb") : 0,
                         .xb = tile_value(text, "xb"),
                         .yb = tile_value(text, "yb")};
    write_tile(out, canonical, sizeof canonical);
    return (!has_kb || one_of(out->kb, channels, 3)) && one_of(out->xb, pixels, 4) &&
           one_of(out->yb, rows, 3) && !strcmp(text, canonical);
}

/* A CPU's work-item computes a vector, a GPU's one pixel: its neighbours load beside it. The image
 * has no say, so that another image size builds nothing. */
int clconv_strip_pixels(const clconv_device *dev)
{
    return dev->wide_vectors ? LARGEST_XB : 1;
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

static clconv_status get_program(clconv_plan *plan, const char *stem, const clconv_tile *tile,
                                 clconv_program **out)
{
    char defines[256];
    const clconv_work *work = &plan->work;
    const int used =
        snprintf(defines, sizeof defines,
                 "-DFILTER_H=%d -DFILTER_W=%d -DSTRIDE_H=%d -DSTRIDE_W=%d -DDILATION_H=%d "
                 "-DDILATION_W=%d -DXB=%d -DYB=%d",
                 work->r, work->s, work->stride_h, work->stride_w, work->dilation_h,
                 work->dilation_w, tile->xb, tile->yb);
    if (tile->kb)
        snprintf(defines + used, sizeof defines - (size_t)used, " -DKB=%d", tile->kb);
    return clconv_program_get(plan->ctx, stem, defines, out);
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
                                   const char *stem, const clconv_tile *tile)
{
    clconv_program *program = NULL;
    const clconv_work *work = request->work;
    const int64_t strips = (int64_t)((work->q - 1) / tile->xb + 1) * ((work->p - 1) / tile->yb + 1);
    const int64_t channels = tile->kb ? tile->kb : 1;
    clconv_grid grid = {.kernel = stem};
    clconv_grid_items(&grid, strips);
    set_local(request->dev, grid.local);
    write_tile(tile, plan->tile, sizeof plan->tile);
    clconv_status status = get_program(plan, stem, tile, &program);
    for (size_t i = 0; i < work->segments && !status; i++) {
        const clconv_segment *segment = &work->segment[i];
        grid.z = work->n * segment->groups * ((segment->out - 1) / channels + 1);
        grid.item_macs = clconv_plane_macs(work, segment->in * channels);
        status = clconv_plan_add_steps(plan, program, &grid, segment, request);
    }
    return status;
}
