/* SPDX-License-Identifier: MIT */
/* A curve of losses as a picture. */
#ifndef EXAMPLES_LOSS_CURVE_H
#define EXAMPLES_LOSS_CURVE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes an SVG: the loss of each step, on a logarithmic axis. The losses are positive. False, with
 * a sentence on stderr, where the file cannot be written. */
bool loss_curve_write(const char *path, const char *title, const double *loss, size_t steps);

#endif
