/* SPDX-License-Identifier: MIT */
/* A line that shows how far long work is and when it will end; only on a terminal. */
#ifndef CLCONV_PROGRESS_H
#define CLCONV_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct progress {
    size_t total, done;
    double started, drawn; /* seconds, monotonic */
    bool visible;
} progress;

/* Seconds of a clock that never jumps. */
double progress_now(void);
/* Seconds of processor time that all threads of this process have had. */
double progress_processor(void);

/* Shows nothing when stderr is no terminal or `quiet`. */
progress progress_start(size_t total, bool quiet);
void progress_step(progress *p, size_t failed);
/* Wipes the line; call before printing anything else. */
void progress_clear(progress *p);

#endif
