/**
 * The batch-resource policy as it runs on the manager: with each node report it works out what the node may sell to best effort and
 * publishes it when the write gate says so.
 *
 * Source: koordinator slo-controller noderesource, batchresource plugin and its write gate.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import { MS_PER_MINUTE } from '../base/units.ts';
import {
  DECISION,
  type Decisions,
  decide,
  type HostSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
  type ZoneSignals,
} from '../ports.ts';
import { type BatchFormula, cpuPolicyCode, memoryPolicyCode } from './batch-formula.ts';
import { batchMemBytesOf, batchMilliCpuOf, isBatchWritten } from './batch-from-signals.ts';
import { zoneMemBytes, zoneMilliCpu } from './batch-zones.ts';
import { amplifiedAllocatable, normalizedBatchCpu } from './cpu-normalization.ts';
import { degradedValue, resourceChanged } from './write-gate.ts';

export const BATCH_DEFAULTS = {
  cpuReclaimThresholdPercent: 60,
  memoryReclaimThresholdPercent: 65,
  cpuCalculatePolicy: 'usage',
  memoryCalculatePolicy: 'usage',
  batchCpuThresholdPercent: null,
  batchMemoryThresholdPercent: null,
  updateTimeThresholdMs: 300_000,
  resourceDiffThreshold: 0.1,
  degradeMs: 900_000,
  /** K1, K2, K3, K4, K6 and K19; see quirks.ts. */
  maxUsageIgnoresMissingMetrics: true,
  memoryRequestIgnoresSystemUse: true,
  lsrReclaimedByUsage: true,
  reclaimAboveHundredPercent: true,
  degradeRemovesBatch: true,
  amplificationHidesReservation: true,
} as const;

/** What the policy remembers of each host. */
export interface BatchState extends PolicyState {
  /** Computed from the last fresh report; held where stale metrics do not remove the resources. */
  readonly milliCpu: Float64Array;
  readonly memBytes: Float64Array;
  /** What it may sell now, which differs from that where the report is stale. */
  readonly nowMilliCpu: Float64Array;
  readonly nowMemBytes: Float64Array;
}

/** Complete configuration with production defaults; ConfigError for a threshold upstream would refuse. */
function configure(config: PolicyConfig): PolicyConfig {
  const full = completeConfig('batch-resource', BATCH_DEFAULTS, config);
  for (const name of ['cpuReclaimThresholdPercent', 'memoryReclaimThresholdPercent'] as const) {
    const value = full[name] as number;
    if (!(value >= 0)) throw new ConfigError(`${name} is ${value}; it is a percentage of 0 or more`);
  }
  return full;
}

/**
 * Publishes batch-cpu and batch-memory per host.
 *
 *   never published, or published longer than updateTimeThresholdMs ago, or |new - old| > old x resourceDiffThreshold -> write
 *
 * On a host with a normalization ratio batch-cpu is counted in basic CPUs. A host whose report is older than degradeMs gets 0 (upstream
 * removes the resources); with K6 off what it had halves with every further degradeMs.
 */
function decideBatch(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const own = state as BatchState;
  const updateAfterMs = config['updateTimeThresholdMs'] as number;
  const diffThreshold = config['resourceDiffThreshold'] as number;
  workOutBatch(signals, config, own);
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0 || signals.sampledAtMs[host] < 0) continue;
    const cpu = own.nowMilliCpu[host];
    const mem = own.nowMemBytes[host];
    const isWritten = isBatchWritten(signals, host, cpu, mem, updateAfterMs, diffThreshold);
    if (isWritten) decide(out, DECISION.publishBatch, host, -1, cpu, mem);
    if (signals.zones !== undefined) publishZones(signals, signals.zones, host, config, isWritten, diffThreshold, out);
  }
}

/** Publishes every NUMA zone of a host: with the host, or where one changed by more than the threshold. A stale report sells nothing. */
function publishZones(
  s: HostSignals,
  zones: ZoneSignals,
  host: number,
  config: PolicyConfig,
  isWritten: boolean,
  diffThreshold: number,
  out: Decisions,
): void {
  const isStale = s.nowMs > s.sampledAtMs[host] + (config['degradeMs'] as number);
  // K6 off: what the host still holds stays in equal parts on its zones.
  if (isStale && config['degradeRemovesBatch'] === false) return;
  const formula = formulaOf(config);
  const mem = isStale ? 0 : zoneMemBytes(s, zones, host, formula, memReservedOf(s, host, config));
  const reserved = reservedOf(s, host, config);
  for (let at = zones.firstZone[host]; at < zones.firstZone[host + 1]; at++) {
    const cpu = isStale ? 0 : zoneMilliCpu(s, zones, host, at, formula, reserved);
    if (
      isWritten ||
      resourceChanged(zones.publishedMilliCpu[at], cpu, diffThreshold) ||
      resourceChanged(zones.publishedMemBytes[at], mem, diffThreshold)
    )
      decide(out, DECISION.publishBatchZone, host, at - zones.firstZone[host], cpu, mem);
  }
}

function formulaOf(config: PolicyConfig): BatchFormula {
  const most = config['reclaimAboveHundredPercent'] === true ? Number.POSITIVE_INFINITY : 100;
  return {
    cpuPercent: Math.min(most, config['cpuReclaimThresholdPercent'] as number),
    memPercent: Math.min(most, config['memoryReclaimThresholdPercent'] as number),
    cpuPolicy: cpuPolicyCode(config['cpuCalculatePolicy'] as string),
    memPolicy: memoryPolicyCode(config['memoryCalculatePolicy'] as string),
    cpuCap: (config['batchCpuThresholdPercent'] as number | null) ?? Number.NaN,
    memCap: (config['batchMemoryThresholdPercent'] as number | null) ?? Number.NaN,
    lsrByUsage: config['lsrReclaimedByUsage'] as boolean,
  };
}

/** Works out what every host may sell to the batch class now: `nowMilliCpu` and `nowMemBytes` of the state. */
export function workOutBatch(signals: HostSignals, config: PolicyConfig, own: BatchState): void {
  const formula = formulaOf(config);
  const removes = config['degradeRemovesBatch'] as boolean;
  const degradeMs = config['degradeMs'] as number;
  const minutes = degradeMs / MS_PER_MINUTE;
  for (let host = 0; host < signals.count; host++) {
    const sampledAtMs = signals.sampledAtMs[host];
    if (signals.up[host] === 0 || sampledAtMs < 0) continue;
    if (signals.nowMs > sampledAtMs + degradeMs) {
      const ageMs = signals.nowMs - sampledAtMs;
      own.nowMilliCpu[host] = degradedValue(own.milliCpu[host], ageMs, minutes, removes) ?? 0;
      own.nowMemBytes[host] = degradedValue(own.memBytes[host], ageMs, minutes, removes) ?? 0;
      continue;
    }
    own.milliCpu[host] = freshMilliCpu(signals, host, formula, config);
    own.memBytes[host] = freshMemBytes(signals, host, formula, config);
    own.nowMilliCpu[host] = own.milliCpu[host];
    own.nowMemBytes[host] = own.memBytes[host];
  }
}

/** Batch CPU of a host with a fresh report, milli-CPU. K1: at node level a pod without metrics adds nothing to the sum of max(request, use). */
function freshMilliCpu(s: HostSignals, host: number, f: BatchFormula, config: PolicyConfig): number {
  const missing = config['maxUsageIgnoresMissingMetrics'] === true ? 0 : (s.hpUnreportedMilliCpu?.[host] ?? 0);
  const reserved = reservedOf(s, host, config);
  const cpu = batchMilliCpuOf(s, host, f.cpuPercent, f.cpuPolicy, f.cpuCap, reserved, missing, f.lsrByUsage);
  return normalizedBatchCpu(cpu, s.cpuNormalizationRatio?.[host] ?? 1);
}

/** Batch memory of a host with a fresh report, bytes. */
function freshMemBytes(s: HostSignals, host: number, f: BatchFormula, config: PolicyConfig): number {
  const missing = config['maxUsageIgnoresMissingMetrics'] === true ? 0 : (s.hpUnreportedMemBytes?.[host] ?? 0);
  return batchMemBytesOf(s, host, f.memPercent, f.memPolicy, f.memCap, memReservedOf(s, host, config), missing);
}

/** K19: the kubelet's reservation is read as capacity - allocatable, which amplified allocatable makes disappear. */
function reservedOf(s: HostSignals, host: number, config: PolicyConfig): number {
  const reserved = s.reservedMilliCpu[host];
  const ratio = s.cpuAmplificationRatio?.[host] ?? 1;
  if (ratio <= 1 || config['amplificationHidesReservation'] === false) return reserved;
  const capacity = s.capacityMilliCpu[host];
  return Math.max(0, capacity - amplifiedAllocatable(capacity - reserved, ratio));
}

/** K2: the policy "request" subtracts the reservation only; with the quirk off the system's use where that is larger. */
function memReservedOf(s: HostSignals, host: number, config: PolicyConfig): number {
  const reserved = s.reservedMemBytes[host];
  return config['memoryRequestIgnoresSystemUse'] === true
    ? reserved
    : Math.max(reserved, s.reportedSystemMemBytes[host]);
}

/** Nothing worked out yet. */
export function createBatchState(hostCount: number): BatchState {
  return {
    milliCpu: new Float64Array(hostCount),
    memBytes: new Float64Array(hostCount),
    nowMilliCpu: new Float64Array(hostCount),
    nowMemBytes: new Float64Array(hostCount),
  };
}

export const batchResource: Policy = {
  name: 'batch-resource',
  about:
    'sells what prod and mid pods leave unused below the reclaim water-line (Koordinator batch-cpu and batch-memory)',
  moment: 'report',
  periodMs: 60_000,
  sells: ['batch'],
  defaults: BATCH_DEFAULTS,
  configure,
  createState: createBatchState,
  decide: decideBatch,
};
