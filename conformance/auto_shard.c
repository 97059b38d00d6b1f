/* SPDX-License-Identifier: MIT */
/* --shard auto: which part of a run this process is, from what its launcher put into the
 * environment. */
#include "runner.h"

#include "options.h"

#include <inttypes.h>
#include <stdlib.h>

/* Variables of one launcher; first and last are NULL where ranks count from 0. */
typedef struct launcher {
    const char *rank, *size, *first, *last;
} launcher;

/* An array is an array of jobs; what follows tells the processes within a job. mpirun starts its
 * processes by srun, whose SLURM_PROCID is then that of mpirun's helper: the inner launcher counts.
 */
static const launcher launchers[] = {
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN",
     "SLURM_ARRAY_TASK_MAX"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", NULL, NULL},
    {"PMI_RANK", "PMI_SIZE", NULL, NULL},
    {"SLURM_PROCID", "SLURM_NTASKS", NULL, NULL},
};
enum { LAUNCHERS = sizeof launchers / sizeof launchers[0] };

/* A batch script has SLURM_PROCID, but without --ntasks no SLURM_NTASKS: half a pair is none. */
static bool is_set(const launcher *l)
{
    return getenv(l->rank) && getenv(l->size);
}

/* The number a variable holds; `missing` when there is no such variable. */
static bool number(const char *variable, int64_t missing, int64_t *out)
{
    const char *text = variable ? getenv(variable) : NULL;
    *out = missing;
    return !text || options_integer(text, out);
}

static bool read_launcher(const launcher *l, int64_t *rank, int64_t *size, char *why, size_t room)
{
    int64_t first, last;
    if (number(l->rank, -1, rank) && number(l->size, 0, size) && number(l->first, 0, &first) &&
        *size >= 1 && first >= 0 && first <= INT64_MAX - *size &&
        number(l->last, first + *size - 1, &last) && last == first + *size - 1 && *rank >= first &&
        *rank <= last) {
        *rank -= first;
        return true;
    }
    int used = snprintf(why, room, "--shard auto: %s=%s and %s=%s name no shard", l->rank,
                        getenv(l->rank), l->size, getenv(l->size));
    if (l->first && used > 0 && (size_t)used < room)
        snprintf(why + used, room - (size_t)used, " (the array must count %s to %s without gaps)",
                 l->first, l->last);
    return false;
}

static bool found_none(char *why, size_t room)
{
    size_t used = (size_t)snprintf(why, room, "--shard auto found no launcher: it reads");
    for (int i = 0; i < LAUNCHERS && used < room; i++)
        used += (size_t)snprintf(why + used, room - used, "%s %s with %s",
                                 i == 0               ? ""
                                 : i == LAUNCHERS - 1 ? " or"
                                                      : ",",
                                 launchers[i].rank, launchers[i].size);
    return false;
}

bool auto_shard(int64_t *shard, int64_t *shards, char *why, size_t room)
{
    int64_t rank = 0, size = 0, inner_rank, inner_size;
    int at = 1;
    const bool array = is_set(&launchers[0]);
    while (at < LAUNCHERS && !is_set(&launchers[at]))
        at++;
    if (!array && at == LAUNCHERS)
        return found_none(why, room);
    if (array && !read_launcher(&launchers[0], &rank, &size, why, room))
        return false;
    if (at < LAUNCHERS) {
        if (!read_launcher(&launchers[at], &inner_rank, &inner_size, why, room))
            return false;
        if (array && size > 1 && inner_size > 1) {
            snprintf(why, room,
                     "--shard auto: %s says 1 of %" PRId64 " jobs, %s 1 of %" PRId64
                     " processes within it; give --shard I/N",
                     launchers[0].size, size, launchers[at].size, inner_size);
            return false;
        }
        if (!array || inner_size > 1) {
            rank = inner_rank;
            size = inner_size;
        }
    }
    *shard = rank + 1;
    *shards = size;
    return true;
}
