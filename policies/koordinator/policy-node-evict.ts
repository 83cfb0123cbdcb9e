/**
 * The node-evict policy: all six eviction features of the node agent in two rounds, CPU and memory, with the executor they share.
 *
 *   CPU:    BECPUEvict, CPUAllocatableEvict, CPUEvict          memory: BEMemoryEvict, MemoryAllocatableEvict, MemoryEvict
 *
 * What one feature frees counts for those after it, and a round that evicted rests. It takes the place of cpu-evict and memory-evict,
 * which run the first feature of each round alone. Victims are best-effort pods: services are not labelled for eviction.
 * Source: koordlet qosmanager, cpuevict, memoryevict and util/evict.go.
 */
import { ConfigError } from '../base/assert.ts';
import { completeConfig } from '../base/policy-config.ts';
import {
  DECISION,
  type Decisions,
  decide,
  EVICT_REASON,
  type HostSignals,
  type Policy,
  type PolicyConfig,
  type PolicyState,
} from '../ports.ts';
import {
  allocatableLinesValid,
  allocatableRelease,
  CPU_FORMULA,
  MEMORY_FORMULA,
  type ResourceTier,
  type TierPod,
} from './allocatable-evict.ts';
import { satisfactionLinesValid } from './cpu-evict.ts';
import { type Amounts, type EvictTask, isCooling, runEvictRound } from './evict-executor.ts';
import { believedMemoryBytes } from './memory-evict.ts';
import { checkEvictPolicy, satisfactionReleaseOn } from './policy-cpu-evict.ts';
import { usedLinesValid, usedPercentReleaseOf } from './used-evict.ts';
import {
  BE_CPU_ORDER,
  BE_MEMORY_ORDER,
  CPU_REQUEST_ORDER,
  CPU_USED_ORDER,
  MEMORY_USED_ORDER,
  sortVictims,
} from './victim-columns.ts';

const DEFAULTS = {
  memoryEvictThresholdPercent: 70,
  memoryEvictLowerPercent: null,
  memoryEvictCoolingMs: 4_000,
  cpuEvictSatisfactionLowerPercent: null,
  cpuEvictSatisfactionUpperPercent: null,
  cpuEvictUsageThresholdPercent: 90,
  cpuEvictCoolingMs: 20_000,
  /** As in cpu-evict. */
  cpuEvictPolicy: 'evictByRealLimit',
  /** CPUEvict: share of the node in use; null = off. */
  cpuEvictThresholdPercent: null,
  cpuEvictLowerPercent: null,
  /** CPUEvict and MemoryEvict reach pods up to this priority; null = both off. MemoryEvict has the lines of BEMemoryEvict. */
  evictEnabledPriorityThreshold: null,
  /** Requests over what the node offers; null = off. */
  cpuAllocatableEvictThresholdPercent: null,
  cpuAllocatableEvictLowerPercent: null,
  memoryAllocatableEvictThresholdPercent: null,
  memoryAllocatableEvictLowerPercent: null,
  allocatableEvictPriorityThreshold: 7_999,
  /** Upstream's feature gate of BEMemoryEvict; the other features are off where their lines are null. */
  beMemoryEvict: true,
  /** K10 and K11. */
  memoryEvictTimes1000: true,
  evictIntegerPercent: true,
} as const;

const NO_TARGET: Amounts = {};

/** Complete configuration; ConfigError for lines that upstream would not run with. */
function configure(config: PolicyConfig): PolicyConfig {
  const full: PolicyConfig = completeConfig('node-evict', DEFAULTS, config);
  checkEvictPolicy('node-evict', full);
  const number = (name: string) => (full[name] as number | null) ?? Number.NaN;
  const [lower, upper] = [number('cpuEvictSatisfactionLowerPercent'), number('cpuEvictSatisfactionUpperPercent')];
  if (!(Number.isNaN(lower) && Number.isNaN(upper)) && !satisfactionLinesValid(lower, upper))
    throw new ConfigError(
      `policy node-evict: cpuEvictSatisfaction lines ${lower} and ${upper}: lower in (0, 60], upper in [lower, 100)`,
    );
  for (const prefix of ['memoryEvict', 'cpuEvict']) {
    const threshold = number(`${prefix}ThresholdPercent`);
    if (!Number.isNaN(threshold) && !usedLinesValid(threshold, number(`${prefix}LowerPercent`)))
      throw new ConfigError(`policy node-evict: ${prefix}LowerPercent must be below ${prefix}ThresholdPercent`);
  }
  for (const prefix of ['cpuAllocatableEvict', 'memoryAllocatableEvict']) {
    const lines = linesOf(full, prefix);
    if (lines !== null && !allocatableLinesValid(lines))
      throw new ConfigError(
        `policy node-evict: ${prefix}LowerPercent must be below ${prefix}ThresholdPercent, allocatableEvictPriorityThreshold at most 7999`,
      );
  }
  return full;
}

function linesOf(config: PolicyConfig, prefix: string) {
  const thresholdPercent = config[`${prefix}ThresholdPercent`] as number | null;
  if (thresholdPercent === null) return null;
  return {
    thresholdPercent,
    lowerPercent: (config[`${prefix}LowerPercent`] as number | null) ?? Number.NaN,
    priorityThreshold: config['allocatableEvictPriorityThreshold'] as number,
  };
}

interface EvictState extends PolicyState {
  readonly cpuAtMs: Float64Array;
  readonly memoryAtMs: Float64Array;
  readonly rows: Int32Array;
}

function decideEvict(signals: HostSignals, config: PolicyConfig, state: PolicyState, out: Decisions): void {
  const own = state as EvictState;
  const { nowMs } = signals;
  for (let host = 0; host < signals.count; host++) {
    if (signals.up[host] === 0) continue;
    const gone = new Set<number>();
    if (!isCooling(own.memoryAtMs[host], nowMs, config['memoryEvictCoolingMs'] as number)) {
      const before = out.count;
      runRound(host, memoryTasks(signals, host, config, own.rows), gone, EVICT_REASON.memory, out);
      if (out.count > before) own.memoryAtMs[host] = nowMs;
    }
    if (!isCooling(own.cpuAtMs[host], nowMs, config['cpuEvictCoolingMs'] as number)) {
      const before = out.count;
      runRound(host, cpuTasks(signals, host, config, own.rows), gone, EVICT_REASON.cpu, out);
      if (out.count > before) own.cpuAtMs[host] = nowMs;
    }
  }
}

/** Runs the features of one round; a pod that the other round evicted just now counts as released. */
function runRound(
  host: number,
  tasks: readonly EvictTask<number>[],
  gone: Set<number>,
  reason: number,
  out: Decisions,
): void {
  if (tasks.length === 0) return;
  const { evicted } = runEvictRound(tasks, {
    idOf: String,
    isPending: (row) => gone.has(row),
    evict: () => true,
  });
  for (const { victim, feature } of evicted) {
    gone.add(victim);
    const isAllocatable = feature.endsWith('AllocatableEvict');
    decide(out, DECISION.evict, host, victim, isAllocatable ? EVICT_REASON.allocatable : reason, 0);
  }
}

function cpuTasks(s: HostSignals, host: number, config: PolicyConfig, rows: Int32Array): EvictTask<number>[] {
  const { tasks } = s;
  const found: EvictTask<number>[] = [];
  const add = (feature: string, releaseType: 'used' | 'request', target: Amounts, order: number, most: number) => {
    if (target === NO_TARGET) return;
    const victims = victimsOf(s, host, rows, order, most);
    const frees =
      releaseType === 'used'
        ? (row: number) => ({ cpu: Math.trunc(tasks.usedMilliCpu[row]) })
        : (row: number) => ({ [tierOf(tasks.priority[row])]: tasks.requestMilliCpu[row] });
    found.push({ feature, releaseType, target, victims, frees });
  };
  const lower = config['cpuEvictSatisfactionLowerPercent'] as number | null;
  const upper = config['cpuEvictSatisfactionUpperPercent'] as number | null;
  const release = lower === null || upper === null ? 0 : satisfactionReleaseOn(s, host, config, lower, upper);
  add('BECPUEvict', 'request', release > 0 ? { batch: release } : NO_TARGET, BE_CPU_ORDER, Number.POSITIVE_INFINITY);
  const lines = linesOf(config, 'cpuAllocatableEvict');
  if (lines !== null) {
    const offered = { batch: s.publishedBatchMilliCpu[host], mid: s.publishedMidMilliCpu[host] };
    const target = allocatableRelease(offered, podsOf(s, host, rows, tasks.requestMilliCpu), lines, CPU_FORMULA);
    add('CPUAllocatableEvict', 'request', anyOf(target), CPU_REQUEST_ORDER, lines.priorityThreshold);
  }
  const threshold = config['cpuEvictThresholdPercent'] as number | null;
  const most = config['evictEnabledPriorityThreshold'] as number | null;
  if (threshold !== null && most !== null) {
    const used =
      s.averageNodeMilliCpu?.[host] ?? s.lastNonBeMilliCpu[host] + s.lastSystemMilliCpu[host] + s.lastBeMilliCpu[host];
    const below = (config['cpuEvictLowerPercent'] as number | null) ?? Number.NaN;
    const cpu = usedPercentReleaseOf(used, s.capacityMilliCpu[host], threshold, below, isInteger(config));
    add('CPUEvict', 'used', cpu > 0 ? { cpu } : NO_TARGET, CPU_USED_ORDER, most);
  }
  return found;
}

function memoryTasks(s: HostSignals, host: number, config: PolicyConfig, rows: Int32Array): EvictTask<number>[] {
  const { tasks } = s;
  const found: EvictTask<number>[] = [];
  const lower = (config['memoryEvictLowerPercent'] as number | null) ?? Number.NaN;
  const threshold = config['memoryEvictThresholdPercent'] as number;
  const capacity = s.capacityMemBytes[host];
  const memory = usedPercentReleaseOf(s.lastNodeMemBytes[host], capacity, threshold, lower, isInteger(config));
  if (memory > 0 && config['beMemoryEvict'] === true)
    found.push({
      feature: 'BEMemoryEvict',
      releaseType: 'used',
      target: { memory },
      victims: victimsOf(s, host, rows, BE_MEMORY_ORDER, Number.POSITIVE_INFINITY),
      frees: (row) => ({ memory: Math.trunc(tasks.usedMemBytes[row]) }),
    });
  const lines = linesOf(config, 'memoryAllocatableEvict');
  if (lines !== null) {
    const offered = { batch: s.publishedBatchMemBytes[host], mid: s.publishedMidMemBytes[host] };
    const target = anyOf(
      allocatableRelease(offered, podsOf(s, host, rows, tasks.requestMemBytes), lines, MEMORY_FORMULA),
    );
    if (target !== NO_TARGET)
      found.push({
        feature: 'MemoryAllocatableEvict',
        releaseType: 'request',
        target,
        victims: victimsOf(s, host, rows, MEMORY_USED_ORDER, lines.priorityThreshold, tasks.requestMemBytes),
        frees: (row) => ({ [tierOf(tasks.priority[row])]: tasks.requestMemBytes[row] }),
      });
  }
  const most = config['evictEnabledPriorityThreshold'] as number | null;
  if (memory > 0 && most !== null)
    found.push({
      feature: 'MemoryEvict',
      releaseType: 'used',
      target: { memory },
      victims: victimsOf(s, host, rows, MEMORY_USED_ORDER, most),
      frees: (row) => ({
        memory: believedMemoryBytes(tasks.usedMemBytes[row], config['memoryEvictTimes1000'] as boolean),
      }),
    });
  return found;
}

function isInteger(config: PolicyConfig): boolean {
  return config['evictIntegerPercent'] as boolean;
}

function anyOf(target: Amounts): Amounts {
  return Object.keys(target).length > 0 ? target : NO_TARGET;
}

/** Tier of a best-effort pod by the band of its priority; free pods hold no extended resource and count as native. */
function tierOf(priority: number): ResourceTier {
  const band = Math.floor(priority / 1000);
  return band === 7 ? 'mid' : band === 3 ? 'native' : 'batch';
}

/** Rows on the host with a priority up to `most`, the first to go first. */
function victimsOf(
  s: HostSignals,
  host: number,
  rows: Int32Array,
  order: number,
  most: number,
  memBytes = s.tasks.usedMemBytes,
): number[] {
  const { tasks } = s;
  const count = tasks.rowsOnHost(host, rows);
  sortVictims(rows, count, order, tasks.priority, tasks.usedMilliCpu, tasks.requestMilliCpu, memBytes);
  return Array.from(rows.subarray(0, count)).filter((row) => tasks.priority[row] <= most);
}

/** Pods that hold batch or mid resources; the free class holds none that the features know of. */
function podsOf(s: HostSignals, host: number, rows: Int32Array, request: Float64Array): TierPod[] {
  const { tasks } = s;
  const count = tasks.rowsOnHost(host, rows);
  const held = Array.from(rows.subarray(0, count)).filter((row) => tierOf(tasks.priority[row]) !== 'native');
  return held.map((row) => ({
    tier: tierOf(tasks.priority[row]),
    priorityValue: tasks.priority[row],
    request: request[row],
  }));
}

export const nodeEvict: Policy = {
  name: 'node-evict',
  about: 'all six eviction features of the node agent, CPU and memory, with the executor they share (koordlet)',
  moment: 'node-loop',
  periodMs: 1_000,
  needs: ['node-average'],
  replaces: ['cpu-evict', 'memory-evict'],
  defaults: DEFAULTS,
  configure,
  createState: (hostCount): EvictState => ({
    cpuAtMs: new Float64Array(hostCount).fill(Number.NEGATIVE_INFINITY),
    memoryAtMs: new Float64Array(hostCount).fill(Number.NEGATIVE_INFINITY),
    rows: new Int32Array(4096),
  }),
  decide: decideEvict,
};
