/* SPDX-License-Identifier: MIT */
/* Draws the progress line on stderr, at most ten times a second. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

double progress_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double progress_processor(void)
{
    struct timespec time = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

progress progress_start(size_t total, bool quiet)
{
    const bool visible = !quiet && total > 0 && isatty(STDERR_FILENO);
    return (progress){.total = total, .started = progress_now(), .visible = visible};
}

void progress_step(progress *p, size_t failed)
{
    const double now = progress_now();
    p->done++;
    if (!p->visible || now - p->drawn < 0.1)
        return;
    const double left = (now - p->started) / (double)p->done * (double)(p->total - p->done);
    const long seconds = (long)(left + 0.5);
    fprintf(stderr, "\r\033[K%3.0f %%  %zu of %zu, %zu failed, %ld:%02ld left",
            100.0 * (double)p->done / (double)p->total, p->done, p->total, failed, seconds / 60,
            seconds % 60);
    fflush(stderr);
    p->drawn = now;
}

void progress_clear(progress *p)
{
    if (p->visible && p->drawn > 0)
        fputs("\r\033[K", stderr);
    p->drawn = 0;
}
