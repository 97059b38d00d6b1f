/* SPDX-License-Identifier: MIT */
/* Tiles that the device's own choice would leave untested: a GPU's on a CPU and a CPU's on a GPU.
 */
#include "forced_tiles.h"

#include "axes.h"
#include "tiers.h"

#include <string.h>

const forced_tile forced_tiles[] = {
    {"gemm", "path=direct", INSTEAD, CLCONV_FORWARD},
    {"gemm", "path=indirect", INSTEAD, CLCONV_FORWARD},
    {"depthwise", "xb=1,yb=4,local=16x1x4", IN_SMOKE, CLCONV_FORWARD},
    {"depthwise", "xb=4,yb=2", IN_SMOKE, CLCONV_FORWARD},
    {"depthwise", "xb=8,yb=1", BESIDE, CLCONV_FORWARD},
    {"depthwise", "rows,v=4,xb=1,local=1x2x2", IN_SMOKE, CLCONV_FORWARD},
    {"depthwise", "rows,v=16,xb=1,stream=1", IN_SMOKE, CLCONV_FORWARD},
    {"depthwise", "rows,v=8,xb=1", BESIDE, CLCONV_FORWARD},
    {"depthwise", "rows,v=16,xb=2", BESIDE, CLCONV_FORWARD},
    {"depthwise", "lanes,v=4,xb=4,local=2x1x2", IN_SMOKE, CLCONV_FORWARD},
    {"depthwise", "lanes,v=8,xb=7", BESIDE, CLCONV_FORWARD},
    {"depthwise", "lanes,v=16,xb=4", BESIDE, CLCONV_FORWARD},
    {"depthwise", "columns,yb=2,local=4x1x2", IN_SMOKE, CLCONV_FORWARD},
    {"depthwise", "columns,yb=8", BESIDE, CLCONV_FORWARD},
    {"direct", "kb=4,xb=1,yb=4,local=16x1x4", IN_SMOKE, CLCONV_FORWARD},
    {"direct", "kb=8,xb=1,yb=2", IN_SMOKE, CLCONV_FORWARD},
    {"direct", "kb=4,xb=4,yb=4", IN_SMOKE, CLCONV_FORWARD},
    {"direct", "kb=8,xb=8,yb=1", BESIDE, CLCONV_FORWARD},
    {"direct", "kb=1,xb=16,yb=2", BESIDE, CLCONV_FORWARD},
    {"direct", "kb=1,xb=1,yb=1", BESIDE, CLCONV_FORWARD},
    {"direct", "lanes,v=4,kb=2,xb=4,local=2x2x2", IN_SMOKE, CLCONV_FORWARD},
    {"direct", "lanes,v=8,kb=1,xb=6", BESIDE, CLCONV_FORWARD},
    {"direct", "lanes,v=8,kb=1,xb=14", BESIDE, CLCONV_FORWARD},
    {"direct", "lanes,v=16,kb=2,xb=7", BESIDE, CLCONV_FORWARD},
    {"direct", "lanes,v=16,kb=1,xb=14", BESIDE, CLCONV_FORWARD},
    {"direct", "rows,v=4,kb=4,xb=2,local=2x2x2", IN_SMOKE, CLCONV_FORWARD},
    {"direct", "rows,v=8,kb=4,xb=2", BESIDE, CLCONV_FORWARD},
    {"direct", "rows,v=16,kb=8,xb=2", BESIDE, CLCONV_FORWARD},
    {"direct", "rows,v=4,kb=4,xb=3", BESIDE, CLCONV_FORWARD},
    {"direct", "local,kb=16,xb=32,split=2", IN_SMOKE, CLCONV_FORWARD},
    {"direct", "local,kb=32,xb=64,split=4", BESIDE, CLCONV_FORWARD},
    {"direct", "local,kb=64,xb=64,split=1", BESIDE, CLCONV_FORWARD},
    {"pointwise", "v=4,kb=4,xb=2,local=2x2x2", IN_SMOKE, CLCONV_FORWARD},
    {"pointwise", "v=8,kb=8,xb=2", BESIDE, CLCONV_FORWARD},
    {"pointwise", "v=16,kb=4,xb=3", BESIDE, CLCONV_FORWARD},
    {"pointwise", "v=16,kb=8,xb=3", BESIDE, CLCONV_FORWARD},
    {"direct", "data,v=4,cb=2,yb=1", IN_SMOKE, CLCONV_BACKWARD_DATA},
    {"direct", "data,v=8,cb=4,yb=2,local=2x1x2", BESIDE, CLCONV_BACKWARD_DATA},
    {"direct", "data,v=16,cb=1,yb=4", BESIDE, CLCONV_BACKWARD_DATA},
    {"direct", "data,v=8,cb=8,yb=1", BESIDE, CLCONV_BACKWARD_DATA},
    {"direct", "kb=4,xb=1,yb=4,local=16x1x4", IN_SMOKE, CLCONV_BACKWARD_DATA},
    {"direct", "kb=8,xb=8,yb=1", BESIDE, CLCONV_BACKWARD_DATA},
    {"direct", "lanes,v=4,kb=2,xb=4,local=2x2x2", IN_SMOKE, CLCONV_BACKWARD_DATA},
    {"direct", "rows,v=4,kb=4,xb=2,local=2x2x2", IN_SMOKE, CLCONV_BACKWARD_DATA},
    {"direct", "local,kb=16,xb=32,split=2", BESIDE, CLCONV_BACKWARD_DATA},
    {"depthwise", "xb=1,yb=4,local=16x1x4", IN_SMOKE, CLCONV_BACKWARD_DATA},
    {"depthwise", "rows,v=4,xb=1,local=1x2x2", IN_SMOKE, CLCONV_BACKWARD_DATA},
    {"depthwise", "lanes,v=4,xb=4,local=2x1x2", BESIDE, CLCONV_BACKWARD_DATA},
    {"depthwise", "columns,yb=2,local=4x1x2", BESIDE, CLCONV_BACKWARD_DATA},
    {"pointwise", "v=4,kb=4,xb=2,local=2x2x2", IN_SMOKE, CLCONV_BACKWARD_DATA},
    {"direct", "weights,v=4,kb=2,cb=2,rb=1", IN_SMOKE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "weights,v=8,kb=1,cb=4,rb=1,local=2x2x2", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "weights,v=8,kb=4,cb=1,rb=2", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "weights,v=16,kb=1,cb=2,rb=3", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "filters,v=4,kb=2,cb=2,local=2x1x2", IN_SMOKE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "filters,v=8,kb=1,cb=4", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "filters,v=16,kb=2,cb=1", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "pixels,kb=2,group=64", IN_SMOKE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "pixels,kb=4,group=128", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"direct", "pixels,kb=1,group=256", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"depthwise", "weights,v=4,xb=1,rb=2,local=1x1x2", IN_SMOKE, CLCONV_BACKWARD_WEIGHTS},
    {"depthwise", "weights,v=8,xb=2,rb=1", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {"depthwise", "weights,v=16,xb=1,rb=3", BESIDE, CLCONV_BACKWARD_WEIGHTS},
    {.algo = NULL},
};

bool has_tiles_instead(const char *algo)
{
    for (size_t i = 0; forced_tiles[i].algo; i++)
        if (forced_tiles[i].when == INSTEAD && strcmp(forced_tiles[i].algo, algo) == 0)
            return true;
    return false;
}

uint64_t filter_hash(const clconv_problem *p)
{
    case_spec bare;
    case_init(&bare);
    for (int d = 0; d < 2; d++) {
        bare.problem.kernel[d] = p->kernel[d];
        bare.problem.stride[d] = p->stride[d];
        bare.problem.dilation[d] = p->dilation[d];
    }
    return tier_problem_hash(&bare);
}

/* Keeps one of the tiles, by a hash; or two, whose programs other problems need anyway. */
static size_t keep_few(const char **tile, size_t count, uint64_t hash, bool two)
{
    const size_t first = hash % count;
    const size_t second = count > 1 ? (first + 1 + hash / count % (count - 1)) % count : first;
    const char *const kept[] = {tile[first], tile[second]};
    memcpy(tile, kept, sizeof kept[0] * (two && second != first ? 2 : 1));
    return two && second != first ? 2 : 1;
}

size_t tiles_beside(const problem *p, const char *algo, bool all, const char *out[MOST_TILES])
{
    size_t count = 0;
    for (size_t i = 0; p->runs & RUN_FORCED && forced_tiles[i].algo; i++)
        if (strcmp(forced_tiles[i].algo, algo) == 0 && forced_tiles[i].when != INSTEAD &&
            forced_tiles[i].op == p->spec.problem.op && (all || forced_tiles[i].when == IN_SMOKE))
            out[count++] = forced_tiles[i].tile;
    if (count == 0 || !all)
        return count;
    return is_drawn_filter(&p->spec.problem)
               ? keep_few(out, count, tier_problem_hash(&p->spec), true)
               : keep_few(out, count, filter_hash(&p->spec.problem), false);
}
