/* SPDX-License-Identifier: MIT */
/* Tiles as text and as -D options: "lanes,v=16,kb=1,xb=14" and "-DV=16 -DKB=1 -DXB=14". */
#include "designs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILE_TEXT = 64 };

static bool allowed(const clconv_tile_key *key, int value)
{
    for (size_t i = 0; key->values[i]; i++)
        if (key->values[i] == value)
            return true;
    return false;
}

/* "kb=4,xb=8" -> the 8 of "xb"; 0 where the key is missing. */
static int value_of(const char *tile, const char *key)
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

static void write_sizes(const clconv_tile_key *keys, const int *value, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; keys[i].key && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s=%d", i ? "," : "", keys[i].key,
                                 value[i]);
}

bool clconv_tile_read(const char *text, const clconv_tile_key *keys, int *value)
{
    char canonical[TILE_TEXT];
    for (size_t i = 0; keys[i].key; i++) {
        value[i] = value_of(text, keys[i].key);
        if (!allowed(&keys[i], value[i]))
            return false;
    }
    write_sizes(keys, value, canonical, sizeof canonical);
    return !strcmp(text, canonical);
}

void clconv_tile_write(const char *design, const clconv_tile_key *keys, const int *value,
                       char *text, size_t room)
{
    char sizes[TILE_TEXT];
    write_sizes(keys, value, sizes, sizeof sizes);
    snprintf(text, room, "%s%s%s", design ? design : "", design ? "," : "", sizes);
}

void clconv_tile_note(clconv_plan *plan, const clconv_tile_key *keys, const int *value)
{
    clconv_tile_write(plan->algo->design, keys, value, plan->tile, sizeof plan->tile);
}

static size_t pad_define(const clconv_work *work, char *text, size_t room)
{
    text[0] = '\0';
    return work->pad_mode ? (size_t)snprintf(text, room, " -DPAD_MODE=%d", work->pad_mode) : 0;
}

/* TYPE of types.cl is NumPy's name; bytes of which w's signs differ from x's say so. */
static size_t type_define(const clconv_work *work, char *text, size_t room)
{
    static const char *const word[] = {[CLCONV_F64] = "FLOAT64",
                                       [CLCONV_F16] = "FLOAT16",
                                       [CLCONV_BF16] = "BFLOAT16",
                                       [CLCONV_I8] = "INT8",
                                       [CLCONV_U8] = "UINT8"};
    text[0] = '\0';
    if (work->x_dtype == CLCONV_F32)
        return 0;
    return (size_t)snprintf(text, room, " -DTYPE_%s%s", word[work->x_dtype],
                            work->w_dtype == work->x_dtype ? ""
                            : work->w_dtype == CLCONV_U8   ? " -DW_UINT8"
                                                           : " -DW_INT8");
}

size_t clconv_data_define(const clconv_work *work, char *text, size_t room)
{
    size_t used = pad_define(work, text, room);
    used += type_define(work, text + used, room - used);
    if (work->filter)
        used += (size_t)snprintf(text + used, room - used, " -DQUANTIZED%s",
                                 work->y_dtype == CLCONV_I8   ? " -DY_INT8"
                                 : work->y_dtype == CLCONV_U8 ? " -DY_UINT8"
                                                              : "");
    if (work->has_ending)
        used += (size_t)snprintf(text + used, room - used, " -DACTIVATION=%d -DRESIDUAL=%d",
                                 work->activation, (int)work->residual);
    return used;
}

clconv_status clconv_tile_program(clconv_plan *plan, const char *stem, const clconv_tile_key *keys,
                                  const int *value, clconv_program **out)
{
    char defines[256];
    const clconv_work *work = &plan->work;
    size_t used = (size_t)snprintf(
        defines, sizeof defines,
        "-DFILTER_H=%d -DFILTER_W=%d -DSTRIDE_H=%d -DSTRIDE_W=%d -DDILATION_H=%d -DDILATION_W=%d",
        work->r, work->s, work->stride_h, work->stride_w, work->dilation_h, work->dilation_w);
    used += clconv_data_define(work, defines + used, sizeof defines - used);
    for (size_t i = 0; keys[i].key && used < sizeof defines; i++) {
        char name[8] = "";
        for (size_t j = 0; keys[i].key[j] && j + 1 < sizeof name; j++)
            name[j] = (char)toupper((unsigned char)keys[i].key[j]);
        used += (size_t)snprintf(defines + used, sizeof defines - used, " -D%s=%d", name, value[i]);
    }
    return clconv_program_get(plan->ctx, stem, defines, out);
}
