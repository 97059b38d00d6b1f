/* SPDX-License-Identifier: MIT */
/* What a launch costs the host. */
#ifndef CLCONV_HOST_TIME_H
#define CLCONV_HOST_TIME_H

#include "measured_device.h"

#include <stdbool.h>

/* Queues one launch; false when that failed. It must not wait for the queue. */
typedef bool host_launch(void *user, cl_command_queue queue);

/* Host seconds of a launch, of `count` in a row that all wait behind an event, so that the device
 * takes no part; NAN when one failed. Returns when all have run. */
double host_time(const measured_device *d, host_launch *launch, void *user, int count);

#endif
