/**
 * The yarn-copilot policy: batch resources as batch-resource sells them, and beside that each host's NodeManager is sized after them.
 *
 *   origin     what batch-resource would publish                                    (annotation originExtendedAllocatable)
 *   YARN       vcores = ceil(origin CPU / 1000), MB = ceil(origin memory / 10^6), which YARN reads as MiB (K18)
 *   batch      max(0, origin - what YARN containers have)                           (thirdPartyAllocations)
 *
 * K18: requests of best-effort pods are not subtracted from what YARN is offered, so both together may have twice the origin. A NodeManager
 * that shrinks below what runs in it stops placing; it kills nothing. Containers are no pods: the node agent evicts none of them.
 * Containers stand in the tier `free`; it is their number of vcores and MiB that is sold there.
 * Source: koordinator-sh/yarn-copilot 658fb98, pkg/controller/noderesource; NR/plugins/batchresource for the subtraction.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import { BYTES_PER_MIB } from '../base/units.ts';
import {
  DECISION,
  type Decisions,
  decide,
  type HostSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../ports.ts';
import { isBatchWritten } from './batch-from-signals.ts';
import {
  BATCH_DEFAULTS,
  type BatchState,
  batchResource,
  createBatchState,
  workOutBatch,
} from './policy-batch-resource.ts';
import { afterThirdParties } from './write-gate.ts';
import { yarnAllocation, yarnNodeResource } from './yarn-copilot.ts';

const DEFAULTS = {
  ...BATCH_DEFAULTS,
  /** K18. */
  yarnDecimalMegabytes: true,
} as const;

interface YarnState extends PolicyState {
  readonly batch: BatchState;
  /** What each NodeManager was told last; -1 = nothing yet. */
  readonly vcores: Float64Array;
  readonly memoryMb: Float64Array;
  /** [updates sent, most vcores offered at once over all hosts] */
  readonly counts: Float64Array;
}

/** Complete configuration; ConfigError as batch-resource. */
function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('yarn-copilot', DEFAULTS, config);
  const { yarnDecimalMegabytes, ...batch } = full;
  if (typeof yarnDecimalMegabytes !== 'boolean') throw new ConfigError('yarnDecimalMegabytes is true or false');
  return { ...batchResource.configure(batch), yarnDecimalMegabytes };
}

/** Publishes batch resources without what YARN has, and tells every NodeManager whose size changed. */
function decideYarn(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const own = state as YarnState;
  const updateAfterMs = config['updateTimeThresholdMs'] as number;
  const diffThreshold = config['resourceDiffThreshold'] as number;
  const isDecimal = config['yarnDecimalMegabytes'] as boolean;
  workOutBatch(signals, config, own.batch);
  let offered = 0;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0 || signals.sampledAtMs[host] < 0) continue;
    const origin = { milliCpu: own.batch.nowMilliCpu[host], memBytes: own.batch.nowMemBytes[host] };
    const used = yarnAllocation({
      vcores: Math.ceil((signals.freeRequestMilliCpu?.[host] ?? 0) / 1000),
      memoryMb: Math.ceil((signals.freeRequestMemBytes?.[host] ?? 0) / BYTES_PER_MIB),
    });
    const left = afterThirdParties(origin, used === undefined ? [] : [used]);
    if (isBatchWritten(signals, host, left.milliCpu, left.memBytes, updateAfterMs, diffThreshold))
      decide(out, DECISION.publishBatch, host, -1, left.milliCpu, left.memBytes);
    const pods = { milliCpu: signals.beRequestMilliCpu[host], memBytes: signals.beRequestMemBytes[host] };
    const { vcores, memoryMb } = yarnNodeResource(origin, pods, isDecimal);
    offered += vcores;
    if (vcores === own.vcores[host] && memoryMb === own.memoryMb[host]) continue;
    own.vcores[host] = vcores;
    own.memoryMb[host] = memoryMb;
    own.counts[0]++;
    decide(out, DECISION.publishFree, host, -1, vcores * 1000, memoryMb * BYTES_PER_MIB);
  }
  own.counts[1] = Math.max(own.counts[1], offered);
}

export const yarnCopilot: Policy = {
  name: 'yarn-copilot',
  about: 'sells batch resources to pods and to a NodeManager on every host (Koordinator with YARN)',
  moment: 'report',
  periodMs: 60_000,
  sells: ['batch', 'free'],
  containers: ['free'],
  defaults: DEFAULTS,
  configure,
  createState: (hostCount): YarnState => ({
    batch: createBatchState(hostCount),
    vcores: new Float64Array(hostCount).fill(-1),
    memoryMb: new Float64Array(hostCount).fill(-1),
    counts: new Float64Array(2),
  }),
  decide: decideYarn,
  notes: (state) => {
    const { vcores, memoryMb, counts } = state as YarnState;
    const sizes = Array.from(vcores, (cores, host) => ({ host, cores, mb: memoryMb[host] })).filter(
      (s) => s.cores >= 0,
    );
    const sum = (of: (size: { cores: number; mb: number }) => number) =>
      sizes.reduce((total, size) => total + of(size), 0);
    const shown = sizes.slice(0, 5).map(({ host, cores, mb }) => `host ${host}: ${cores} vcores, ${mb} MB`);
    return [
      `yarn-copilot: ${counts[0]} updates of NodeManagers, ${counts[1]} vcores offered at most; at the end ${sum((s) => s.cores)} vcores and ${sum((s) => s.mb)} MB (${shown.join('; ')}${sizes.length > 5 ? '; ...' : ''})`,
    ];
  },
};
