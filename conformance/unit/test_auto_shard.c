/* SPDX-License-Identifier: MIT */
/* --shard auto under the variables that launchers set. */
#include "runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const variables[] = {"SLURM_ARRAY_TASK_ID",
                                        "SLURM_ARRAY_TASK_COUNT",
                                        "SLURM_ARRAY_TASK_MIN",
                                        "SLURM_ARRAY_TASK_MAX",
                                        "SLURM_PROCID",
                                        "SLURM_NTASKS",
                                        "OMPI_COMM_WORLD_RANK",
                                        "OMPI_COMM_WORLD_SIZE",
                                        "PMI_RANK",
                                        "PMI_SIZE"};

enum { ID, COUNT, MIN, MAX, PROCID, NTASKS, OMPI_RANK, OMPI_SIZE, PMI_RANK, PMI_SIZE, VARIABLES };

/* What an environment says; NULL = not set. shards 0 = refused with these words. */
typedef struct expectation {
    const char *value[VARIABLES];
    int64_t shard, shards;
    const char *words;
} expectation;

static void check(const expectation *e)
{
    char why[512] = "";
    int64_t shard = 0, shards = 0;
    for (size_t i = 0; i < VARIABLES; i++) {
        unsetenv(variables[i]);
        if (e->value[i])
            setenv(variables[i], e->value[i], 1);
    }
    const bool found = auto_shard(&shard, &shards, why, sizeof why);
    assert_int_equal(found, e->shards > 0);
    if (found) {
        assert_int_equal(shard, e->shard);
        assert_int_equal(shards, e->shards);
    } else if (!strstr(why, e->words)) {
        fail_msg("\"%s\" is not in \"%s\"", e->words, why);
    }
}

static void test_launchers(void **state)
{
    (void)state;
    static const expectation good[] = {
        {{[ID] = "0", [COUNT] = "8", [MIN] = "0", [MAX] = "7"}, 1, 8, NULL},
        {{[ID] = "8", [COUNT] = "8", [MIN] = "1", [MAX] = "8"}, 8, 8, NULL},
        {{[ID] = "105", [COUNT] = "10", [MIN] = "100"}, 6, 10, NULL},
        {{[PROCID] = "0", [NTASKS] = "1"}, 1, 1, NULL},
        {{[PROCID] = "3", [NTASKS] = "4"}, 4, 4, NULL},
        {{[OMPI_RANK] = "1", [OMPI_SIZE] = "3"}, 2, 3, NULL},
        {{[PMI_RANK] = "2", [PMI_SIZE] = "3"}, 3, 3, NULL},
        /* srun with PMI; mpirun in a batch script of four tasks */
        {{[PROCID] = "3", [NTASKS] = "4", [PMI_RANK] = "3", [PMI_SIZE] = "4"}, 4, 4, NULL},
        {{[PROCID] = "0", [NTASKS] = "4", [OMPI_RANK] = "2", [OMPI_SIZE] = "4"}, 3, 4, NULL},
        /* the batch script of an array, without and with --ntasks=1 */
        {{[ID] = "4", [COUNT] = "5", [MIN] = "1", [PROCID] = "0"}, 4, 5, NULL},
        {{[ID] = "4", [COUNT] = "5", [MIN] = "1", [PROCID] = "0", [NTASKS] = "1"}, 4, 5, NULL},
        /* four processes in an array of one */
        {{[ID] = "9", [COUNT] = "1", [MIN] = "9", [PROCID] = "2", [NTASKS] = "4"}, 3, 4, NULL},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check(&good[i]);
}

static void test_refused(void **state)
{
    (void)state;
    static const expectation bad[] = {
        {{NULL}, 0, 0, "SLURM_ARRAY_TASK_ID with SLURM_ARRAY_TASK_COUNT"},
        {{NULL},
         0,
         0,
         "OMPI_COMM_WORLD_RANK with OMPI_COMM_WORLD_SIZE, PMI_RANK with PMI_SIZE or"
         " SLURM_PROCID with SLURM_NTASKS"},
        {{[OMPI_RANK] = "1"}, 0, 0, "found no launcher"},
        {{[OMPI_RANK] = "3", [OMPI_SIZE] = "3"},
         0,
         0,
         "OMPI_COMM_WORLD_RANK=3 and OMPI_COMM_WORLD_SIZE=3 name no shard"},
        {{[PMI_RANK] = "-1", [PMI_SIZE] = "3"}, 0, 0, "PMI_RANK=-1"},
        {{[PMI_RANK] = "0", [PMI_SIZE] = "0"}, 0, 0, "PMI_SIZE=0"},
        {{[PMI_RANK] = "0", [PMI_SIZE] = "2x"}, 0, 0, "PMI_SIZE=2x"},
        {{[PMI_RANK] = "", [PMI_SIZE] = "2"}, 0, 0, "PMI_RANK= and"},
        {{[PROCID] = "4", [NTASKS] = "4"}, 0, 0, "SLURM_PROCID=4 and SLURM_NTASKS=4"},
        /* --array=1,3,7 and --array=0-6:2 */
        {{[ID] = "3", [COUNT] = "3", [MIN] = "1", [MAX] = "7"}, 0, 0, "without gaps"},
        {{[ID] = "0", [COUNT] = "4", [MIN] = "0", [MAX] = "6"}, 0, 0, "without gaps"},
        {{[ID] = "0", [COUNT] = "4", [MIN] = "1"}, 0, 0, "without gaps"},
        {{[ID] = "1", [COUNT] = "4", [MIN] = "1", [PROCID] = "0", [NTASKS] = "2"},
         0,
         0,
         "SLURM_ARRAY_TASK_COUNT says 1 of 4 jobs, SLURM_NTASKS 1 of 2 processes"},
        {{[ID] = "1", [COUNT] = "4", [MIN] = "1", [OMPI_RANK] = "2", [OMPI_SIZE] = "2"},
         0,
         0,
         "OMPI_COMM_WORLD_RANK=2"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check(&bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_launchers),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
