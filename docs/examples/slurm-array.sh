#!/usr/bin/env bash
# A sweep as an array of jobs, one shard each, on a file system they share. After the last one:
#   sbatch --dependency=afterok:JOBID --wrap 'tidemark merge results/whole results/shard-*'
#SBATCH --job-name=tidemark-sweep
#SBATCH --array=1-4
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=02:00:00
#SBATCH --requeue
set -euo pipefail

tidemark sweep "${SCENARIO:-scenario.yaml}" \
  --vary koordinator.cpuSuppressThresholdPercent=60..75/5 --seeds "${SEEDS:-16}" --workers "$SLURM_CPUS_PER_TASK" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" --out "${RESULTS:-results}/shard-$SLURM_ARRAY_TASK_ID"
