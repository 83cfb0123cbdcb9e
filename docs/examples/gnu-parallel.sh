#!/usr/bin/env bash
# A sweep over machines that GNU parallel reaches by ssh (--sshloginfile) and that share a file system; without the list, over the
# cores of this one. A shard that failed is run again by the same command: what it had finished is reused.
set -euo pipefail
export SCENARIO=${SCENARIO:-scenario.yaml} RESULTS=${RESULTS:-results} SEEDS=${SEEDS:-16} SHARDS=${SHARDS:-4}

seq "$SHARDS" | parallel --jobs 2 ${NODES:+--sshloginfile "$NODES" --env SCENARIO --env RESULTS --env SEEDS --env SHARDS} \
  'tidemark sweep "$SCENARIO" --vary koordinator.cpuSuppressThresholdPercent=60..75/5 --seeds "$SEEDS" --shard {}/"$SHARDS" --out "$RESULTS"/shard-{}'

tidemark merge "$RESULTS/whole" "$RESULTS"/shard-*
