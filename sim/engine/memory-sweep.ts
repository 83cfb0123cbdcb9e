/**
 * Memory of every host, once a window: page cache, reclaim that makes requests wait, and hosts that run out.
 *
 *   used      = memory of services, best effort and system after the window's evictions (page cache left out)
 *   cache     = what files want, within what `used` and the kernel's reserve leave; best effort gives its pages back first
 *   stall     = share of requests that meet direct reclaim; read = share that miss pages taken from services
 *   peak      = used before evictions, at most used + growth x (eviction loop + kill):  above all memory = out of memory
 *
 * Growth is the memory of what started since the last window over the ramp of a process. Eviction is seen only by its effect: memory
 * that is gone when the node's loops have run. The growth law then errs by the distance between the eviction line and the level evicted
 * down to (2 points of the node by default), to the safe side of no kill. A host below QUIET costs one comparison.
 * Source: docs/performance-models.md 5.
 */
import type { HostTable } from '../cluster/hosts.ts';
import {
  cacheHitLoss,
  directReclaimProbability,
  evictionOvershootBytes,
  pageCacheBytes,
  reclaimedFromLs,
  usedFraction,
} from '../host/memory.ts';
import type { Parameters } from '../host/parameters.ts';
import type { HostWindow } from './host-sweep.ts';

/** Below this share of memory no range of the table takes a page that services read often. */
const QUIET = 0.5;

/** Row a host, except where said. */
export interface MemoryState {
  /** Memory of what started since the last window, all of it at once. */
  readonly freshBytes: Float64Array;
  /** Most memory held where ramps crossed the eviction line in the last window, 0 = they did not (memory-ramp). */
  readonly rampPeakBytes: Float64Array;
  /** Since when less memory is available than the kubelet's soft threshold, Infinity = it is not. */
  readonly softSinceMs: Float64Array;
  readonly pageCacheBytes: Float64Array;
  /** Share of requests of services that wait for direct reclaim, and that read from disk; then with best effort taken away. */
  readonly stallShare: Float64Array;
  readonly readShare: Float64Array;
  readonly stallShareAlone: Float64Array;
  readonly readShareAlone: Float64Array;
  /** How much slower best effort runs, 1 = not at all. */
  readonly bestEffortSlowdown: Float64Array;
  /** Bytes that must be freed by the OOM killer, 0 = none. */
  readonly missingBytes: Float64Array;
  /** [hosts where requests wait, hosts out of memory] in this window. */
  readonly hostCounts: Int32Array;
}

/** Quiet hosts. */
export function createMemoryState(hosts: number): MemoryState {
  const f = () => new Float64Array(hosts);
  return {
    freshBytes: f(),
    rampPeakBytes: f(),
    softSinceMs: f().fill(Number.POSITIVE_INFINITY),
    pageCacheBytes: f(),
    stallShare: f(),
    readShare: f(),
    stallShareAlone: f(),
    readShareAlone: f(),
    bestEffortSlowdown: f().fill(1),
    missingBytes: f(),
    hostCounts: new Int32Array(2),
  };
}

/**
 * Works out the window's memory of every host. `beforeBytes` is what the node held before its loops evicted, row a host; `qosFactor` is
 * 1, or the Memory QoS factor where memory.min and memory.low protect services; `hostCacheShare` the part of their file pages that pods keep on the host (the
 * rest lies in guests and is in use).
 */
export function sweepMemory(
  hosts: HostTable,
  beforeBytes: Float64Array,
  p: Parameters,
  qosFactor: number,
  hostCacheShare: number,
  out: MemoryState,
): void {
  const {
    freshBytes,
    rampPeakBytes,
    stallShare,
    readShare,
    stallShareAlone,
    readShareAlone,
    bestEffortSlowdown,
    missingBytes,
  } = out;
  let stalled = 0;
  let short = 0;
  for (let host = 0; host < hosts.count; host++) {
    const total = hosts.capacityMemBytes[host];
    const online = hosts.onlineMemBytes[host];
    const best = hosts.beMemBytes[host];
    const system = hosts.systemMemBytes[host];
    const used = online + best + system;
    const before = beforeBytes[host] > used ? beforeBytes[host] : used;
    const rampPeak = rampPeakBytes[host];
    const reserve = p.minFreeFraction * total;
    const lsWanted = p.lsFileOverAnon * hostCacheShare * online;
    const beWanted = p.beFileOverAnon * hostCacheShare * best;
    out.pageCacheBytes[host] = pageCacheBytes(total, used, lsWanted + beWanted, reserve);
    const wasCalm = stallShare[host] + readShare[host] === 0 && bestEffortSlowdown[host] === 1;
    if (before < QUIET * total) {
      if (!wasCalm) calm(out, host);
    } else {
      readShare[host] = missShare(total, used, lsWanted, beWanted, reserve, p.lsHotFileShare);
      readShareAlone[host] = missShare(total, online + system, lsWanted, 0, reserve, p.lsHotFileShare);
      const fraction = usedFraction(total, used);
      const { directReclaimStart: start, directReclaimPeak: most } = p;
      stallShare[host] = directReclaimProbability(fraction, start, most, qosFactor);
      stallShareAlone[host] = directReclaimProbability(usedFraction(total, online + system), start, most, qosFactor);
      // Both at the end of their ranges would exceed all requests.
      if (readShare[host] > 1 - stallShare[host]) readShare[host] = 1 - stallShare[host];
      if (readShareAlone[host] > 1 - stallShareAlone[host]) readShareAlone[host] = 1 - stallShareAlone[host];
      bestEffortSlowdown[host] = 1 + directReclaimProbability(fraction, start, p.reclaimBestEffortSlowdown, 1);
      if (stallShare[host] + readShare[host] > 0) stalled++;
      const growth = freshBytes[host] / p.memoryRampSeconds;
      const reached = used + evictionOvershootBytes(growth, p.evictLoopSeconds, p.evictKillSeconds);
      const peak = rampPeak > 0 ? rampPeak : before > used && reached < before ? reached : before;
      const missing = peak - (total - reserve);
      missingBytes[host] = missing > 0 ? missing : 0;
      if (missing > 0) short++;
    }
    freshBytes[host] = 0;
  }
  out.hostCounts[0] = stalled;
  out.hostCounts[1] = short;
}

function calm(out: MemoryState, host: number): void {
  out.stallShare[host] = 0;
  out.readShare[host] = 0;
  out.stallShareAlone[host] = 0;
  out.readShareAlone[host] = 0;
  out.bestEffortSlowdown[host] = 1;
  out.missingBytes[host] = 0;
}

/** Share of requests that read from disk because pages of services are gone: cold pages of services go before hot ones. */
function missShare(
  total: number,
  used: number,
  lsWanted: number,
  beWanted: number,
  reserve: number,
  hotShare: number,
): number {
  const needed = lsWanted + beWanted - pageCacheBytes(total, used, lsWanted + beWanted, reserve);
  const lost = reclaimedFromLs(needed, beWanted, lsWanted);
  const lostHot = lost - (1 - hotShare) * lsWanted;
  return lostHot > 0 ? cacheHitLoss(hotShare, lostHot, lsWanted) : 0;
}

/** Slows best effort on hosts in direct reclaim, after the CPU split. */
export function slowBestEffort(memory: MemoryState, window: HostWindow): void {
  if (memory.hostCounts[0] === 0) return;
  const { bestEffortSlowdown } = memory;
  const { bestEffortSpeed } = window;
  for (let host = 0; host < bestEffortSpeed.length; host++)
    if (bestEffortSlowdown[host] > 1) bestEffortSpeed[host] /= bestEffortSlowdown[host];
}
