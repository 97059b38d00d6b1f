/* SPDX-License-Identifier: MIT */
/* The device, buffers and small problem that the tests of plans and of enqueue share. */
#ifndef CLCONV_FIXTURE_H
#define CLCONV_FIXTURE_H

#include "clconv/clconv.h"
#include "devices.h"

#include <stddef.h>
#include <stdint.h>

enum { X_FLOATS = 2 * 4 * 6 * 5, W_FLOATS = 8 * 2 * 3 * 2, Y_FLOATS = 2 * 8 * 4 * 4, B_FLOATS = 8 };

/* Between set_up and tear_down; device from fixture_device on. */
extern cl_context context;
extern cl_device_id device;
extern cl_command_queue queue;
extern clconv_context *ctx;
extern cl_mem x, w, b, y;
extern float x_host[X_FLOATS], w_host[W_FLOATS], b_host[B_FLOATS], y_host[Y_FLOATS];

/* Chooses the device; the exit status of main when there is none. */
int fixture_device(void);
int set_up(void **state);
int tear_down(void **state);

/* 2 images, 4 channels of 6 x 5, 8 outputs in 2 groups, kernel 3 x 2. */
clconv_problem problem(void);
cl_mem buffer(cl_context in, cl_mem_flags flags, size_t bytes, void *host);
/* NULL where the algorithm refuses. */
clconv_plan *plan_of(const clconv_problem *p, const char *algorithm, uint32_t flags);

/* y holds the result of `problem`. */
void assert_result(const float *bias);
void assert_refused(clconv_status got, clconv_status wanted, const char *phrase);

#endif
