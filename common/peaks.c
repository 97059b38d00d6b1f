/* SPDX-License-Identifier: MIT */
/* Measures the peak rate of multiply-adds, and whether it still is what it was. */
#include "roofline.h"

#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char canary_kernel[] = "peak_float8_4";

static const struct {
    const char *kernel, *name;
    int width, chains;
} peak_rows[] = {
    {"peak_float_8", "float x 8", 1, 8},      {"peak_float_12", "float x 12", 1, 12},
    {"peak_float4_8", "float4 x 8", 4, 8},    {"peak_float4_12", "float4 x 12", 4, 12},
    {"peak_float8_4", "float8 x 4", 8, 4},    {"peak_float8_12", "float8 x 12", 8, 12},
    {"peak_float16_8", "float16 x 8", 16, 8}, {"peak_float16_10", "float16 x 10", 16, 10},
};
_Static_assert(sizeof peak_rows / sizeof peak_rows[0] <= ROOF_PEAKS, "ROOF_PEAKS holds them");

double spin_time(const spin *s)
{
    const double from = progress_now();
    clSetKernelArg(s->kernel, 3, sizeof s->rounds, &s->rounds);
    cl_int error = clEnqueueNDRangeKernel(s->device->queue, s->kernel, 1, NULL, &s->items,
                                          &s->device->group, 0, NULL, NULL);
    if (!error)
        error = clFinish(s->device->queue);
    return error ? NAN : progress_now() - from;
}

bool spin_open(const measured_device *d, const char *kernel, spin *out, char *why, size_t room)
{
    const cl_float factor = 0.5f, addend = 0.25f;
    cl_int error = CL_SUCCESS;
    const double enough = 1e-3; /* seconds */
    *out = (spin){.device = d, .items = d->groups * d->group, .rounds = 8};
    out->kernel = device_kernel(d, kernel, why, room);
    if (!out->kernel)
        return false;
    out->out = clCreateBuffer(d->cl, CL_MEM_WRITE_ONLY, out->items * sizeof(float), NULL, &error);
    clSetKernelArg(out->kernel, 0, sizeof out->out, &out->out);
    clSetKernelArg(out->kernel, 1, sizeof factor, &factor);
    clSetKernelArg(out->kernel, 2, sizeof addend, &addend);
    double seconds = error ? NAN : spin_time(out); /* the first one compiles, on some drivers */
    while ((seconds = isnan(seconds) ? NAN : spin_time(out)) < enough && out->rounds < 1 << 28)
        out->rounds *= 2;
    if (!isnan(seconds))
        return true;
    snprintf(why, room, "kernel %s does not run on %s", kernel, d->entry.name);
    spin_close(out);
    return false;
}

void spin_close(spin *s)
{
    if (s->out)
        clReleaseMemObject(s->out);
    if (s->kernel)
        clReleaseKernel(s->kernel);
    *s = (spin){0};
}

double canary_time(const spin *s)
{
    enum { LAUNCHES = 7 };
    const double allowed = 0.02, from = progress_now(); /* seconds */
    double best = INFINITY;
    for (int i = 0; i < LAUNCHES && (i == 0 || progress_now() - from < allowed); i++)
        best = fmin(best, spin_time(s)); /* fmin prefers the number to a NAN */
    return best;
}

/* Best of a few launches, GFLOP/s. */
static double rate(const spin *s, int width, int chains)
{
    const double flops = 2.0 * (double)s->items * s->rounds * width * chains;
    return flops / canary_time(s) * 1e-9;
}

static void settle(roofline *r)
{
    r->gflops = 0;
    for (size_t i = 0; i < r->peaks; i++) {
        double best = 0, worst = INFINITY;
        for (int round = 0; round < ROOF_ROUNDS; round++) {
            best = fmax(best, r->peak[i].gflops[round]);
            worst = fmin(worst, r->peak[i].gflops[round]);
        }
        if (best <= r->gflops)
            continue;
        r->gflops = best;
        r->gflops_spread_pct = 100 * (best - worst) / best;
    }
}

bool peaks_measure(const measured_device *d, roofline *out, char *why, size_t room)
{
    enum { ROWS = sizeof peak_rows / sizeof peak_rows[0] };
    spin spins[ROWS] = {{0}};
    bool good = true;
    for (size_t i = 0; i < ROWS && good; i++)
        good = spin_open(d, peak_rows[i].kernel, &spins[i], why, room);
    for (int round = 0; round < ROOF_ROUNDS && good; round++)
        for (size_t i = 0; i < ROWS; i++)
            out->peak[i].gflops[round] = rate(&spins[i], peak_rows[i].width, peak_rows[i].chains);
    for (size_t i = 0; i < ROWS; i++) {
        out->peak[i].width = peak_rows[i].width;
        snprintf(out->peak[i].name, sizeof out->peak[i].name, "%s", peak_rows[i].name);
        spin_close(&spins[i]);
    }
    out->peaks = good ? ROWS : 0;
    settle(out);
    return good;
}
