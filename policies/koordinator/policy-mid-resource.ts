/**
 * The mid-resource policy: with each report it sells to the mid class what prediction says that prod pods will not use.
 *
 * Mid and batch rest on the same headroom; what mid pods use counts as high priority when batch is sold, and nothing else is
 * subtracted on either side. Source: koordinator slo-controller noderesource, midresource plugin; koordlet prediction.
 */
import { ConfigError, fail } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import {
  DECISION,
  type Decisions,
  decide,
  type HostSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../ports.ts';
import { midAllocatableOf, midStaticOf, midUnallocatedOf } from './mid-resource.ts';
import { DEFAULT_PREDICTION, type PredictionSettings } from './peak-predictor.ts';
import { createProdModels, type ProdModels, predictReclaimable, trainProdModels } from './prod-models.ts';
import { resourceChanged } from './write-gate.ts';

const DEFAULTS = {
  midCpuThresholdPercent: 100,
  midMemoryThresholdPercent: 100,
  midUnallocatedPercent: 0,
  midReclaimMode: 'dynamic',
  midStaticCpuReservedPercent: 0,
  midStaticMemoryReservedPercent: 0,
  ...DEFAULT_PREDICTION,
  updateTimeThresholdMs: 300_000,
  resourceDiffThreshold: 0.1,
  degradeMs: 900_000,
} as const;

const PERCENTS = ['midCpuThresholdPercent', 'midMemoryThresholdPercent', 'midUnallocatedPercent'] as const;

interface MidState extends PolicyState {
  models: ProdModels | null;
  readonly reclaimableMilliCpu: Float64Array;
  readonly reclaimableMemBytes: Float64Array;
  readonly publishedAtMs: Float64Array;
}

/** Complete configuration; ConfigError outside upstream's ranges (0 to 100). */
function configure(config: PolicyConfig): PolicyConfig {
  const full: PolicyConfig = completeConfig('mid-resource', DEFAULTS, config);
  for (const name of PERCENTS) {
    const value = full[name] as number;
    if (!(value >= 0 && value <= 100)) throw new ConfigError(`${name} is ${value}; it is a percentage of 0 to 100`);
  }
  const mode = full['midReclaimMode'];
  if (mode !== 'dynamic' && mode !== 'static')
    throw new ConfigError(`midReclaimMode is "${mode}"; known: dynamic, static`);
  return full;
}

/** Publishes mid-cpu and mid-memory per host, by the write gate of batch resources; a stale report publishes 0. */
function decideMid(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const own = state as MidState;
  const isStatic = config['midReclaimMode'] === 'static';
  if (!isStatic) learn(signals, config, own);
  const updateAfterMs = config['updateTimeThresholdMs'] as number;
  const diffThreshold = config['resourceDiffThreshold'] as number;
  const degradeMs = config['degradeMs'] as number;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0 || signals.sampledAtMs[host] < 0) continue;
    const isFresh = signals.nowMs <= signals.sampledAtMs[host] + degradeMs;
    const cpu = isFresh ? midMilliCpu(signals, host, config, own, isStatic) : 0;
    const mem = isFresh ? midMemBytes(signals, host, config, own, isStatic) : 0;
    const publishedAtMs = own.publishedAtMs[host];
    const isWritten =
      publishedAtMs < 0 ||
      signals.nowMs > publishedAtMs + updateAfterMs ||
      resourceChanged(signals.publishedMidMilliCpu[host], cpu, diffThreshold) ||
      resourceChanged(signals.publishedMidMemBytes[host], mem, diffThreshold);
    if (!isWritten) continue;
    own.publishedAtMs[host] = signals.nowMs;
    decide(out, DECISION.publishMid, host, -1, cpu, mem);
  }
}

function learn(signals: HostSignals, config: PolicyConfig, state: MidState): void {
  const { pods } = signals;
  if (pods === undefined) fail('mid-resource needs samples of single pods, and the signals carry none');
  state.models ??= createProdModels(signals.count, pods.count, config as unknown as PredictionSettings);
  trainProdModels(state.models, signals, pods);
  predictReclaimable(state.models, signals, pods, state.reclaimableMilliCpu, state.reclaimableMemBytes);
}

function midMilliCpu(s: HostSignals, host: number, config: PolicyConfig, state: MidState, isStatic: boolean): number {
  const capacity = s.capacityMilliCpu[host];
  const threshold = config['midCpuThresholdPercent'] as number;
  if (isStatic) return midStaticOf(capacity, threshold, config['midStaticCpuReservedPercent'] as number);
  const reclaimable = state.reclaimableMilliCpu[host];
  const unallocated = midUnallocatedOf(
    capacity,
    s.reportedSystemMilliCpu[host],
    s.reservedMilliCpu[host],
    s.prodRequestMilliCpu[host],
  );
  return midAllocatableOf(
    capacity,
    threshold,
    reclaimable >= 0 ? reclaimable : 0,
    capacity - s.reportedNodeMilliCpu[host],
    unallocated,
    config['midUnallocatedPercent'] as number,
  );
}

function midMemBytes(s: HostSignals, host: number, config: PolicyConfig, state: MidState, isStatic: boolean): number {
  const capacity = s.capacityMemBytes[host];
  const threshold = config['midMemoryThresholdPercent'] as number;
  if (isStatic) return midStaticOf(capacity, threshold, config['midStaticMemoryReservedPercent'] as number);
  const reclaimable = state.reclaimableMemBytes[host];
  const unallocated = midUnallocatedOf(
    capacity,
    s.reportedSystemMemBytes[host],
    s.reservedMemBytes[host],
    s.prodRequestMemBytes[host],
  );
  return midAllocatableOf(
    capacity,
    threshold,
    reclaimable >= 0 ? reclaimable : 0,
    capacity - s.reportedNodeMemBytes[host],
    unallocated,
    config['midUnallocatedPercent'] as number,
  );
}

export const midResource: Policy = {
  name: 'mid-resource',
  about:
    'sells to the mid class what prod pods requested and, by their peaks, will not use (Koordinator mid resources)',
  moment: 'report',
  periodMs: 60_000,
  needs: ['pod-samples'],
  sells: ['mid'],
  defaults: DEFAULTS,
  configure,
  createState: (hostCount): MidState => ({
    models: null,
    reclaimableMilliCpu: new Float64Array(hostCount).fill(Number.NaN),
    reclaimableMemBytes: new Float64Array(hostCount).fill(Number.NaN),
    publishedAtMs: new Float64Array(hostCount).fill(-1),
  }),
  decide: decideMid,
};
