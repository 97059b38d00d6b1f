/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM: the first lets a run end after the case that is running, a second one, half
 * a second later or more, ends the process. */
#ifndef CLCONV_INTERRUPT_H
#define CLCONV_INTERRUPT_H

#include <sys/types.h>

/* From now on; before the first OpenCL call, because threads and children inherit what is blocked.
 * A signal that this process was told to ignore stays ignored. */
void interrupt_watch(void);

/* The signal that came first, or 0. */
int interrupt_signal(void);

/* A child that dies with this process at the second signal; 0 = none. */
void interrupt_child(pid_t child);

#endif
