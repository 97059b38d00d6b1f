/* SPDX-License-Identifier: MIT */
/* The parts of `clconv tune`. */
#ifndef CLCONV_TOOL_TUNE_H
#define CLCONV_TOOL_TUNE_H

#include "arena.h"
#include "layers.h"
#include "progress.h"

/* What came of one layer. */
typedef struct tune_result {
    clconv_variant best, model; /* "" as algorithm: none was right, or the model's was not */
    double ms, model_ms;        /* measured */
    double default_ms;          /* the fastest of all designs at their default tiles */
    clconv_variant best_default;
    size_t tried, wrong;
    bool interrupted;
    char why[400]; /* the first thing that went wrong */
} tune_result;

/* How many variants of a layer are worth a trial. */
size_t trial_count(const measured_device *d, const clconv_problem *p);

/* Tries the variants of a layer against each other, each verified. `p` steps once per variant.
 * False with result->why where there is no best one. */
bool trial_run(const measured_device *d, const case_spec *spec, progress *p, tune_result *result);

/* Measures what the device can do and saves it for the cost model. False with a sentence. */
bool traits_measure(const measured_device *d, char *why, size_t room);

/* Builds the programs of the layers in `jobs` processes and says how many. Must be called before
 * this process has made any OpenCL call: drivers do not survive a fork. Exit status. */
int warm_up(const layer_list *layers, const char *device, size_t jobs);

#endif
