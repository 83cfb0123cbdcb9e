/**
 * Hosts as columns: what they have, what is sold and allocated on them, and the sums of what runs there.
 *
 * Capacity is sold in tiers. Tier 0 is the host's own CPU and memory (Kubernetes requests, Mesos non-revocable resources, YARN on
 * dedicated hosts); tier 1 is what a policy sells on top of it (batch-cpu, revocable resources, elastic NodeManagers); tiers 2 and 3
 * are sold beside it to the mid and free classes. All sums hold integers, so adding and taking away leaves no rounding behind.
 */
import { type CpuTable, noCpusets } from './cpusets.ts';
import { type GpuTable, noGpus } from './gpus.ts';
import { noZones, type ZoneTable } from './zones.ts';

export const TIER = { native: 0, batch: 1, mid: 2, free: 3 } as const;
export const TIER_COUNT = 4;

export interface HostTable {
  readonly count: number;
  readonly shape: Uint16Array;
  readonly rack: Int32Array;
  readonly capacityMilliCpu: Float64Array;
  readonly capacityMemBytes: Float64Array;
  /** Koordinator's ratios, 1 = none: of what batch-cpu counts, and of what services may request over the CPU there is. */
  readonly cpuNormalizationRatio: Float64Array;
  readonly cpuAmplificationRatio: Float64Array;
  readonly reservedMilliCpu: Float64Array;
  readonly reservedMemBytes: Float64Array;
  readonly systemMilliCpu: Float64Array;
  readonly systemMemBytes: Float64Array;
  readonly up: Uint8Array;
  /** 1 = takes no new pods: dead, or drained. */
  readonly cordoned: Uint8Array;
  /** Outages that hold the host down now (its own crash, its rack's): it serves again when the last has ended. */
  readonly outages: Uint16Array;
  /** When the outage under way began, Infinity = none. */
  readonly brokenAtMs: Float64Array;

  /** Sold per tier, row-major tier x host: the most that may be allocated by a bind. Tier 0: capacity - reserved. */
  readonly soldMilliCpu: Float64Array;
  readonly soldMemBytes: Float64Array;
  readonly allocatedMilliCpu: Float64Array;
  readonly allocatedMemBytes: Float64Array;
  /** Kept out of what is sold for somebody still to come (Koordinator reservations); no bind may take it. Row-major tier x host. */
  readonly heldMilliCpu: Float64Array;
  readonly heldMemBytes: Float64Array;
  /** When the batch tier was last published. */
  readonly publishedAtMs: Float64Array;
  /** Quota of the best-effort tier in microseconds a 100 ms period, -1 = unlimited. */
  readonly beQuotaUs: Float64Array;

  readonly podCount: Int32Array;
  readonly taskCount: Int32Array;
  /** First best-effort task on the host (bound or running), -1 = none; continued by TaskTable.nextOnHost. */
  readonly firstTask: Int32Array;
  /** Sums over running tasks. */
  readonly onlineMemBytes: Float64Array;
  readonly beDemandMilliCpu: Float64Array;
  readonly beMemBytes: Float64Array;
  readonly beRunningRequestMilliCpu: Float64Array;
  /** What best effort holds of the native tier (0 where it is sold from the batch tier). */
  readonly beNativeMilliCpu: Float64Array;
  /** The part of beDemandMilliCpu and beMemBytes that belongs to tasks of the mid tier: they count as high priority when batch is sold. */
  readonly midDemandMilliCpu: Float64Array;
  readonly midMemBytes: Float64Array;
  /** Best-effort pressure on memory bandwidth and cache, per demanded milli-CPU: sums of class coefficient x demand. */
  readonly beDemandByClass: Float64Array;

  /** Cards are no tier: nobody sells them twice. */
  readonly gpus: GpuTable;
  /** Logical CPUs that pods own. */
  readonly cpus: CpuTable;
  /** Batch resources by NUMA node. */
  readonly zones: ZoneTable;

  /** Hosts whose placement-relevant columns changed, in order; readers keep their own position. See noteChange. */
  readonly changes: ChangeLog;
}

/** A ring of host rows that changed. `total` counts all notes ever made; entry n lives at n & mask. */
export interface ChangeLog {
  readonly rows: Int32Array;
  /** [notes so far, epoch, changes that may have freed capacity]: the epoch rises when every host changed at once. */
  readonly total: Float64Array;
}

/** Number of best-effort pressure classes a host keeps sums for. */
export const PRESSURE_CLASS_COUNT = 4;

/** Empty columns for `count` hosts, with the cards of `gpus`, the CPUs of `cpus` and the NUMA zones of `zones`. */
export function createHostTable(
  count: number,
  gpus: GpuTable = noGpus(count),
  cpus: CpuTable = noCpusets(count),
  zones: ZoneTable = noZones(count),
): HostTable {
  const f = () => new Float64Array(count);
  return {
    count,
    shape: new Uint16Array(count),
    rack: new Int32Array(count),
    capacityMilliCpu: f(),
    capacityMemBytes: f(),
    cpuNormalizationRatio: f().fill(1),
    cpuAmplificationRatio: f().fill(1),
    reservedMilliCpu: f(),
    reservedMemBytes: f(),
    systemMilliCpu: f(),
    systemMemBytes: f(),
    up: new Uint8Array(count).fill(1),
    cordoned: new Uint8Array(count),
    outages: new Uint16Array(count),
    brokenAtMs: f().fill(Number.POSITIVE_INFINITY),
    soldMilliCpu: new Float64Array(count * TIER_COUNT),
    soldMemBytes: new Float64Array(count * TIER_COUNT),
    allocatedMilliCpu: new Float64Array(count * TIER_COUNT),
    allocatedMemBytes: new Float64Array(count * TIER_COUNT),
    heldMilliCpu: new Float64Array(count * TIER_COUNT),
    heldMemBytes: new Float64Array(count * TIER_COUNT),
    publishedAtMs: f().fill(-1),
    beQuotaUs: f().fill(-1),
    podCount: new Int32Array(count),
    taskCount: new Int32Array(count),
    firstTask: new Int32Array(count).fill(-1),
    onlineMemBytes: f(),
    beDemandMilliCpu: f(),
    beMemBytes: f(),
    beRunningRequestMilliCpu: f(),
    beNativeMilliCpu: f(),
    midDemandMilliCpu: f(),
    midMemBytes: f(),
    beDemandByClass: new Float64Array(count * PRESSURE_CLASS_COUNT),
    gpus,
    cpus,
    zones,
    changes: { rows: new Int32Array(CHANGE_LOG_SIZE), total: new Float64Array(3) },
  };
}

export const CHANGE_LOG_SIZE = 8192;
const CHANGE_LOG_MASK = CHANGE_LOG_SIZE - 1;

/** Notes that a bind took capacity of `host`: nobody fits now who did not fit before. */
export function noteTaken(changes: ChangeLog, host: number): void {
  const total = changes.total[0];
  changes.rows[total & CHANGE_LOG_MASK] = host;
  changes.total[0] = total + 1;
}

/** Notes that what placement sees of `host` changed. */
export function noteChange(changes: ChangeLog, host: number): void {
  changes.total[2]++;
  noteTaken(changes, host);
}

/** Notes that every host changed: readers rebuild instead of following the ring. */
export function noteAllChanged(changes: ChangeLog): void {
  changes.total[1] += 1;
  changes.total[2]++;
}

/** The host of note number n. */
export function changedHost(changes: ChangeLog, n: number): number {
  return changes.rows[n & CHANGE_LOG_MASK];
}
