/* SPDX-License-Identifier: MIT */
/* Times launches while a user event holds the queue. */
#include "host_time.h"

#include "progress.h"

#include <math.h>

double host_time(const measured_device *d, host_launch *launch, void *user, int count)
{
    cl_int error = CL_SUCCESS;
    cl_event gate = clCreateUserEvent(d->cl, &error);
    if (error)
        return NAN;
    bool good = !clEnqueueBarrierWithWaitList(d->queue, 1, &gate, NULL);
    const double from = progress_now();
    for (int i = 0; i < count && good; i++)
        good = launch(user, d->queue);
    const double seconds = progress_now() - from;
    good = !clSetUserEventStatus(gate, CL_COMPLETE) && good;
    good = !clFinish(d->queue) && good;
    clReleaseEvent(gate);
    return good ? seconds / count : NAN;
}
