/* SPDX-License-Identifier: MIT */
/* Measures what the device can do at most, with kernels of our own. */
#ifndef CLCONV_ROOFLINE_H
#define CLCONV_ROOFLINE_H

#include "measured_device.h"
#include "work.h"

/* A few seconds at most. False with a sentence when the device does not run the kernels. */
bool roofline_measure(const measured_device *d, roofline *out, char *why, size_t room);

/* One kernel of dependent multiply-adds over enough items to fill the device. */
typedef struct spin {
    const measured_device *device;
    cl_kernel kernel;
    cl_mem out;
    size_t items;
    cl_int rounds; /* multiply-adds per chain: as many as take about a millisecond */
} spin;
bool spin_open(const measured_device *d, const char *kernel, spin *out, char *why, size_t room);
double spin_time(const spin *s); /* seconds of one launch and a wait; NAN = it failed */
void spin_close(spin *s);

/* The bird in the mine: when the same multiply-adds take another time than before, the device runs
 * at another speed. Seconds, the least of several launches. */
double canary_time(const spin *s);
extern const char canary_kernel[];

/* ---- Parts of it ------------------------------------------------------------------------------
 */

bool peaks_measure(const measured_device *d, roofline *out, char *why, size_t room);
bool bandwidth_measure(const measured_device *d, roofline *out, char *why, size_t room);
bool launches_measure(const measured_device *d, roofline *out, char *why, size_t room);

#endif
