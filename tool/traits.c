/* SPDX-License-Identifier: MIT */
/* What the cost model wants to know of a device, measured with the benchmark's kernels. */
#include "roofline.h"
#include "tune.h"

#include <math.h>
#include <stdio.h>

static double bandwidth(const roof_level *level)
{
    return fmax(level->copy_gbps, level->triad_gbps) * 1e9;
}

/* The largest working set that moves at least twice as fast as the largest of all: what a driver
 * calls its cache may be shared by many, or no faster than memory. */
static const roof_level *last_cache(const roofline *r)
{
    size_t i = r->levels - 1;
    while (i > 0 && bandwidth(&r->level[i]) < 2 * bandwidth(&r->level[r->levels - 1]))
        i--;
    return &r->level[i];
}

/* The peak with vectors of `width` floats; 0 = there are none. */
static double peak_of(const roofline *r, unsigned width)
{
    double best = 0;
    for (size_t i = 0; i < r->peaks; i++)
        for (int round = 0; round < ROOF_ROUNDS && r->peak[i].width == (int)width; round++)
            best = fmax(best, r->peak[i].gflops[round]);
    return best;
}

bool traits_measure(const measured_device *d, char *why, size_t room)
{
    roofline roof;
    cl_uint floats = 0;
    clconv_traits traits = {.size = sizeof traits};
    if (!roofline_measure(d, &roof, why, room))
        return false;
    const roof_level *cache = last_cache(&roof);
    traits.macs_per_s = roof.gflops * 0.5e9;
    traits.cache_bytes = cache->bytes;
    traits.cache_bytes_per_s = bandwidth(cache);
    traits.memory_bytes_per_s = bandwidth(&roof.level[roof.levels - 1]);
    clGetDeviceInfo(d->entry.device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof floats, &floats,
                    NULL);
    traits.half_macs_per_s = peak_of(&roof, floats / 2) * 0.5e9;
    traits.launch_s = fmax(1e-9, roof.launch_us * 1e-6);
    if (clconv_tuning_save_traits(d->ctx, &traits) == CLCONV_OK)
        return true;
    return snprintf(why, room, "%s", clconv_last_error()), false;
}
