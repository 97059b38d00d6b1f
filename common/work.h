/* SPDX-License-Identifier: MIT */
/* How much work a convolution is, and the least time a device can do it in. */
#ifndef CLCONV_WORK_H
#define CLCONV_WORK_H

#include "clconv/clconv.h"

#include <stdbool.h>

typedef struct layer_work {
    double macs;        /* taps in the padding counted */
    double macs_inside; /* not counted */
    double bytes;       /* x, w, b and y, each once */
} layer_work;

/* Of a problem that is valid. */
layer_work work_of(const clconv_problem *p);

enum { ROOF_LEVELS = 24, ROOF_ROUNDS = 3, ROOF_PEAKS = 8 };

/* What the device was measured to do, best of ROOF_ROUNDS; spread = (best - worst) / best. */
typedef struct roof_peak {
    char name[24]; /* "float16 x 8": vector type and chains of dependent multiply-adds */
    int width;     /* of the vector */
    double gflops[ROOF_ROUNDS];
} roof_peak;
typedef struct roof_level {
    double bytes; /* working set */
    double copy_gbps, triad_gbps, spread_pct;
} roof_level;
typedef struct roofline {
    roof_peak peak[ROOF_PEAKS];
    roof_level level[ROOF_LEVELS]; /* ascending */
    size_t peaks, levels;
    double gflops, gflops_spread_pct;
    double launch_us, latency_us; /* an empty launch queued back to back; and a wait */
    double enqueue_us;            /* of the host, for one with the arguments of a convolution */
    double gap_us;                /* from the end of a marker to the start of a kernel behind it */
} roofline;

/* Bandwidth in GB/s of the smallest working set that holds `bytes`; of the largest past it. */
double roof_bandwidth(const roofline *r, double bytes);
/* The least milliseconds; *compute_bound says which of the two ceilings it is. */
double roof_ms(const roofline *r, const layer_work *work, bool *compute_bound);

#endif
