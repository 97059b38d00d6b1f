#!/bin/sh
# SPDX-License-Identifier: MIT
# One part of a conformance run per task of a Slurm array (docs/conformance.md says how to submit it).
#SBATCH --job-name=clconv-conform
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --time=01:00:00
#SBATCH --requeue
# For a graphics card: #SBATCH --gres=gpu:1
exec clconv-conform --tier ci --shard auto --json "results/$SLURM_ARRAY_TASK_ID.json" \
    ${SLURM_RESTART_COUNT:+--resume}
