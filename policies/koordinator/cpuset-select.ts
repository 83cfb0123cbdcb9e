/**
 * CPU suppress by cpuset: which cpus best effort keeps this tick.
 *
 * Spread over NUMA nodes, stacked on hyper-threads, at least 2, growing by a tenth of the node per tick, shrinking at once.
 * Source: pkg/koordlet/qosmanager/plugins/cpusuppress/cpu_suppress.go adjustByCPUSet, calculateBESuppressCPUSetPolicy.
 */
import { divTrunc } from '../base/int-math.ts';
import type { KoordinatorQuirks } from './quirks.ts';
import { PRODUCTION_QUIRKS } from './quirks.ts';

const MIN_CPUS = 2;
const GROWTH_RATIO = 0.1;

export interface Processor {
  readonly cpuId: number;
  readonly coreId: number;
  readonly socketId: number;
  readonly numaNodeId: number;
}

/** Cpus that best effort may not use, or uses last. */
export interface CpuHolders {
  readonly lsrCpus: readonly number[];
  readonly lseCpus: readonly number[];
  readonly reservedCpus: readonly number[];
  /** Empty when the SYSTEM QoS cpuset is shared. */
  readonly systemExclusiveCpus: readonly number[];
}

/**
 * How many cpus best effort gets.
 *
 *   min(max(ceil(suppress / 1000), 2), current + ceil(logical cpus * 0.1))
 *
 * The growth bound wins over the floor of 2.
 */
export function cpusetCount(suppressMilliCpu: number, currentCpus: number, logicalCpus: number): number {
  const wanted = Math.max(Math.ceil(suppressMilliCpu / 1000), MIN_CPUS);
  return Math.min(wanted, currentCpus + Math.ceil(logicalCpus * GROWTH_RATIO));
}

/**
 * One tick (1 s) of the cpuset policy on hosts without an explicit topology: only numbers of cpus.
 *
 * Shape: columns of `count` rows; availableCpus = logical cpus that are neither reserved nor exclusively held;
 * currentCpus is read and written. A host with fewer available cpus than wanted keeps its number, since the selection
 * then yields nothing.
 */
export function cpusetStep(
  count: number,
  logicalCpus: Float64Array,
  availableCpus: Float64Array,
  targetMilliCpu: Float64Array,
  currentCpus: Float64Array,
): void {
  for (let i = 0; i < count; i++) {
    const wanted = cpusetCount(targetMilliCpu[i], currentCpus[i], logicalCpus[i]);
    if (wanted <= availableCpus[i] && wanted > 0) currentCpus[i] = wanted;
  }
}

/**
 * Picks `wanted` cpus of a pool; returns their ids in the order picked, none at all when the pool is too small.
 *
 * Buckets by (numaNode + pool size) * (socket + 1), larger buckets first, then lower first cpu. Round-robin over buckets:
 * whole cores while more than one cpu is missing, then single cpus from the bucket where that stopped.
 */
export function selectCpus(wanted: number, pool: readonly Processor[]): number[] {
  if (pool.length < wanted) return [];
  const buckets = bucketsOf(pool);
  const used = new Set<number>();
  const picked: number[] = [];
  const stoppedAt = pickCores(wanted, buckets, used, picked);
  pickSingles(wanted, buckets, used, picked, stoppedAt);
  return picked;
}

function bucketsOf(pool: readonly Processor[]): Processor[][] {
  const byKey = new Map<number, Processor[]>();
  for (const cpu of pool) {
    const key = (cpu.numaNodeId + pool.length) * (cpu.socketId + 1);
    const bucket = byKey.get(key);
    if (bucket === undefined) byKey.set(key, [cpu]);
    else bucket.push(cpu);
  }
  const buckets = [...byKey.values()];
  for (const bucket of buckets) bucket.sort((a, b) => a.coreId - b.coreId || a.cpuId - b.cpuId);
  return buckets.sort((a, b) => b.length - a.length || a[0].cpuId - b[0].cpuId);
}

/** Picks two threads of one core at a time; returns the bucket at which it stopped. */
function pickCores(wanted: number, buckets: readonly Processor[][], used: Set<number>, picked: number[]): number {
  if (buckets.length === 0) return 0;
  let pickedAtCycleStart = -1;
  for (let i = 0; ; i = (i + 1) % buckets.length) {
    if (wanted - picked.length <= 1) return i;
    if (i === 0) {
      if (pickedAtCycleStart === picked.length) return i;
      pickedAtCycleStart = picked.length;
    }
    const bucket = buckets[i];
    const j = bucket.findIndex((cpu, at) => !used.has(cpu.cpuId) && bucket[at + 1]?.coreId === cpu.coreId);
    if (j === -1) continue;
    for (const cpu of [bucket[j], bucket[j + 1]]) {
      picked.push(cpu.cpuId);
      used.add(cpu.cpuId);
    }
  }
}

function pickSingles(
  wanted: number,
  buckets: readonly Processor[][],
  used: Set<number>,
  picked: number[],
  start: number,
): void {
  if (buckets.length === 0) return;
  let pickedAtCycleStart = -1;
  for (let i = start; picked.length < wanted; i = (i + 1) % buckets.length) {
    if (i === start) {
      if (pickedAtCycleStart === picked.length) return;
      pickedAtCycleStart = picked.length;
    }
    const free = buckets[i].find((cpu) => !used.has(cpu.cpuId));
    if (free === undefined) continue;
    picked.push(free.cpuId);
    used.add(free.cpuId);
  }
}

export interface CpusetAdjustment {
  /** Ascending; the old set where nothing was applied. */
  readonly cpus: readonly number[];
  readonly applied: boolean;
  /** With no pool at all production divides by zero and the agent restarts (K8). */
  readonly crashed: boolean;
}

/**
 * One tick of the cpuset policy.
 *
 *   k = trunc(n * |LSR pool| / (|LSR pool| + |LS pool|)) cpus come from cpus LSR pods hold, n - k from the others
 *
 * Reserved, SYSTEM-exclusive and LSE cpus are in neither pool. K8: a pool that is too small yields nothing and the other
 * half is applied alone; only when both are empty the old set stays. With the quirk off any shortfall keeps the old set.
 */
export function adjustCpuset(
  suppressMilliCpu: number,
  oldCpus: readonly number[],
  processors: readonly Processor[],
  holders: CpuHolders,
  quirks: KoordinatorQuirks = PRODUCTION_QUIRKS,
): CpusetAdjustment {
  const excluded = new Set([...holders.reservedCpus, ...holders.systemExclusiveCpus, ...holders.lseCpus]);
  const lsrHeld = new Set(holders.lsrCpus);
  const usable = processors.filter((cpu) => !excluded.has(cpu.cpuId));
  const lsrPool = usable.filter((cpu) => lsrHeld.has(cpu.cpuId));
  const lsPool = usable.filter((cpu) => !lsrHeld.has(cpu.cpuId));
  const keep = { cpus: oldCpus, applied: false, crashed: false };
  if (usable.length === 0) return { ...keep, crashed: quirks.cpusetPartialPools };
  const wanted = cpusetCount(suppressMilliCpu, oldCpus.length, processors.length);
  const fromLsr = divTrunc(wanted * lsrPool.length, usable.length);
  const isShort = fromLsr > lsrPool.length || wanted - fromLsr > lsPool.length;
  if (isShort && !quirks.cpusetPartialPools) return keep;
  const cpus = [...selectCpus(fromLsr, lsrPool), ...selectCpus(wanted - fromLsr, lsPool)];
  if (cpus.length === 0) return keep;
  return { cpus: cpus.sort((a, b) => a - b), applied: true, crashed: false };
}

/**
 * The set best effort gets back when the cpuset policy is not in use: all cpus but LSE, reserved and SYSTEM-exclusive ones.
 *
 * Ascending. LSR cpus are included.
 */
export function recoveredCpuset(processors: readonly Processor[], holders: Omit<CpuHolders, 'lsrCpus'>): number[] {
  const excluded = new Set([...holders.reservedCpus, ...holders.systemExclusiveCpus, ...holders.lseCpus]);
  return processors
    .map((cpu) => cpu.cpuId)
    .filter((id) => !excluded.has(id))
    .sort((a, b) => a - b);
}
