/** Wires the batch plane to a run: its policies by name, what hosts sell, and what is known of single tasks. */
import { BACKFILL_POLICIES } from '../../policies/backfill/backfill-policies.ts';
import { ConfigError } from '../../policies/base/assert.ts';
import { PACKING_POLICIES } from '../../policies/packing/packing-policies.ts';
import { VM_BATCH_POLICIES, VM_POLICIES, vmPolicyOf } from '../../policies/packing/vm/vm-policies.ts';
import { TIER } from '../cluster/hosts.ts';
import { saltOf } from '../kernel/random.ts';
import type { BatchPlan } from '../plan/batch.ts';
import { BatchPlane, type BatchSetup } from '../planes/batch/batch-plane.ts';
import { createSharedHosts, packingChooser, vmChooser } from '../planes/batch/shared-hosts.ts';
import { createWholeHosts } from '../planes/batch/whole-hosts.ts';
import type { Engine, Workload } from './engine.ts';
import { typicalOf } from './gpus-from-plan.ts';
import { EngineContext } from './plane-context.ts';

/** Builds the plane into `engine`. Throws ConfigError for services on whole hosts, and for an unknown policy. */
export function createBatch(engine: Engine, workload: Workload, batch: BatchPlan): void {
  const { plan, cluster } = engine;
  const { hosts, tasks } = cluster;
  if (batch.hostSharing === 'whole-host' && workload.services.count > 0)
    throw new ConfigError(
      'controlPlane.hostSharing is whole-host; services share hosts, so let it be shared or leave them out',
    );
  const context = new EngineContext(engine);
  const { cpuOvercommitRatio = 1, memOvercommitRatio = 1 } = batch;
  if (cpuOvercommitRatio !== 1 || memOvercommitRatio !== 1)
    for (let host = 0; host < hosts.count; host++) {
      const milliCpu = Math.floor(hosts.soldMilliCpu[host] * cpuOvercommitRatio);
      const memBytes = Math.floor(hosts.soldMemBytes[host] * memOvercommitRatio);
      context.publish(host, TIER.native, milliCpu, memBytes, 0);
    }
  const { estimateMs, host: pinned } = workload.details ?? {};
  const numberOf = (row: number) => tasks.id[row] - tasks.firstBestEffort;
  const setup: BatchSetup = {
    ticksPerMs: plan.ticksPerMs ?? 1,
    estimateMsOf(row) {
      if (row < tasks.firstBestEffort) return Number.POSITIVE_INFINITY;
      if (estimateMs !== undefined) return estimateMs[numberOf(row)];
      return batch.estimateOverDuration > 0
        ? tasks.durationMs[row] * batch.estimateOverDuration
        : Number.POSITIVE_INFINITY;
    },
    pinnedHostOf: (row) => (pinned === undefined || row < tasks.firstBestEffort ? -1 : pinned[numberOf(row)]),
  };
  const writable = engine as { -readonly [K in keyof Engine]: Engine[K] };
  writable.placement = null;
  writable.countReplica = () => {};
  writable.batchShape = () => 0;
  writable.plane = new BatchPlane(context, queueOf(engine, workload, batch, setup));
}

function queueOf(engine: Engine, workload: Workload, batch: BatchPlan, setup: BatchSetup) {
  const context = new EngineContext(engine);
  if (batch.hostSharing === 'whole-host') return createWholeHosts(context, BACKFILL_POLICIES[batch.backfill], setup);
  if (batch.gpuPolicy !== undefined) {
    const salt = saltOf(engine.plan.seed, 'batch/packing');
    const typical = typicalOf(engine.plan, workload);
    const chooser = packingChooser(context, PACKING_POLICIES[batch.gpuPolicy], typical, salt);
    return createSharedHosts(context, batch, chooser, setup);
  }
  const policy = vmPolicyOf(batch.placement);
  if (policy === undefined) {
    const known = [...Object.keys(VM_POLICIES), ...Object.keys(VM_BATCH_POLICIES)].join(', ');
    throw new ConfigError(`controlPlane.placement is "${batch.placement}"; known: ${known}`);
  }
  return createSharedHosts(context, batch, vmChooser(context, policy), setup);
}
