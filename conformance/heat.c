/* SPDX-License-Identifier: MIT */
/* Counts cases over two parameters at a time, from the case's own sentence. */
#include "heat.h"

#include <inttypes.h>

/* ---- Axes ----------------------------------------------------------------------------------- */

static int64_t kernel_height(const case_spec *c)
{
    return c->problem.kernel[0];
}

static int64_t kernel_width(const case_spec *c)
{
    return c->problem.kernel[1];
}

static int64_t stride_height(const case_spec *c)
{
    return c->problem.stride[0];
}

static int64_t stride_width(const case_spec *c)
{
    return c->problem.stride[1];
}

static int64_t dilation_height(const case_spec *c)
{
    return c->problem.dilation[0];
}

static int64_t dilation_width(const case_spec *c)
{
    return c->problem.dilation[1];
}

/* A shared kernel convolves each channel alone. */
static int64_t groups(const case_spec *c)
{
    return c->problem.shared ? c->problem.c : c->problem.groups;
}

/* Of the largest group, where they differ. */
static int64_t channels_per_group(const case_spec *c)
{
    int64_t most = 0;
    if (!c->has_group_in)
        return c->problem.c / groups(c);
    for (int64_t g = 0; g < c->problem.groups; g++)
        most = c->group_in[g] > most ? c->group_in[g] : most;
    return most;
}

/* Numbers of bins count from 1. */
static int64_t direction(const case_spec *c)
{
    return c->problem.op + 1;
}

static int64_t padding_mode(const case_spec *c)
{
    return c->problem.pad_mode + 1;
}

static int64_t element_type(const case_spec *c)
{
    return c->problem.x.dtype;
}

static int64_t direction_and_layout(const case_spec *c)
{
    return 2 * c->problem.op + c->problem.x.layout + 1;
}

#define KERNEL_EDGES                                                                               \
    {                                                                                              \
        1, 2, 3, 4, 5, 6, 7, 8, 12                                                                 \
    }
#define STEP_EDGES                                                                                 \
    {                                                                                              \
        1, 2, 3, 4, 5, 9                                                                           \
    }
#define CHANNEL_EDGES                                                                              \
    {                                                                                              \
        1, 2, 3, 5, 9, 17, 33, 65, 257                                                             \
    }

const heat_map heat_maps[HEAT_MAPS] = {
    {.title = "Kernel",
     .down = {"height R", kernel_height, KERNEL_EDGES},
     .across = {"width S", kernel_width, KERNEL_EDGES}},
    {.title = "Stride",
     .down = {"along height", stride_height, STEP_EDGES},
     .across = {"along width", stride_width, STEP_EDGES}},
    {.title = "Dilation",
     .down = {"along height", dilation_height, STEP_EDGES},
     .across = {"along width", dilation_width, STEP_EDGES}},
    {.title = "Groups",
     .down = {"groups", groups, CHANNEL_EDGES},
     .across = {"input channels per group", channels_per_group, CHANNEL_EDGES}},
    {.title = "Direction",
     .down = {"direction", direction, {1, 2, 3}, {"forward", "by x", "by w and b"}},
     .across = {"padding mode",
                padding_mode,
                {1, 2, 3, 4},
                {"zeros", "reflect", "replicate", "circular"}}},
    {.title = "Type",
     .down = {"element type",
              element_type,
              {CLCONV_F32, CLCONV_F64, CLCONV_F16, CLCONV_BF16, CLCONV_I8, CLCONV_U8},
              {"float32", "float64", "float16", "bfloat16", "int8", "uint8"}},
     .across = {"direction and layout",
                direction_and_layout,
                {1, 2, 3, 4, 5, 6},
                {"forward, NCHW", "forward, NHWC", "by x, NCHW", "by x, NHWC", "by w, NCHW",
                 "by w, NHWC"}}}};

/* ---- Counting ------------------------------------------------------------------------------- */

/* The last bin that begins at or below the value; values start at the first edge, 1. */
static size_t bin_of(const heat_axis *axis, const case_spec *c)
{
    const int64_t value = axis->value(c);
    size_t bin = 0;
    while (axis->edges[bin + 1] && axis->edges[bin + 1] <= value)
        bin++;
    return bin;
}

static void count_case(heat_map *map, const case_spec *c, case_state state)
{
    heat_cell *cell = &map->cells[bin_of(&map->down, c)][bin_of(&map->across, c)];
    cell->run++;
    cell->failed += report_is_red(state);
}

void heat_count(const report *r, heat_map maps[HEAT_MAPS])
{
    char why[256];
    case_spec c;
    for (size_t m = 0; m < HEAT_MAPS; m++)
        maps[m] = heat_maps[m];
    for (size_t i = 0; i < r->count; i++) {
        const case_state state = r->results[i].verdict.state;
        if ((state == STATE_PASS || report_is_red(state)) &&
            case_parse(r->results[i].name, &c, why, sizeof why))
            for (size_t m = 0; m < HEAT_MAPS; m++)
                count_case(&maps[m], &c, state);
    }
}

const char *heat_label(const heat_axis *axis, size_t bin, char *text, size_t room)
{
    const int64_t from = axis->edges[bin], next = axis->edges[bin + 1];
    if (axis->words[bin])
        snprintf(text, room, "%s", axis->words[bin]);
    else if (!next)
        snprintf(text, room, "%" PRId64 "+", from);
    else if (next == from + 1)
        snprintf(text, room, "%" PRId64, from);
    else
        snprintf(text, room, "%" PRId64 "-%" PRId64, from, next - 1);
    return text;
}
