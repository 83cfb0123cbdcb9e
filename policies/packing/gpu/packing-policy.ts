/**
 * A GPU packing policy: for one pod the host, and the cards on it.
 *
 * The policy keeps nothing between calls but the state its caller owns. All scores are whole numbers; the highest wins and ties go to
 * the lowest rank.
 */
import type { RandomSource } from '../../base/random-source.ts';
import type { TypicalPods } from './fragmentation.ts';
import { fits, type GpuHosts, type GpuPod } from './gpu-hosts.ts';

/** Scores of one pod shape, kept until a host changes. */
export interface ShapeMemo {
  /** revision + 1 of the host when its score was taken, 0 = never. */
  readonly takenAt: Int32Array;
  readonly score: Int16Array;
  readonly card: Int8Array;
}

export interface PackingState {
  /** What pods of this cluster look like; only fragmentation-gradient reads it. */
  readonly typical: TypicalPods;
  readonly random: RandomSource;
  /** Room for one number a host. */
  readonly score: Int32Array;
  /** By pod shape. */
  readonly memo: (ShapeMemo | undefined)[];
  /** Fragmentation a host has now, taken at fragmentationAt (revision + 1, 0 = never). */
  readonly fragmentation: Float64Array;
  readonly fragmentationAt: Int32Array;
}

export interface PackingPolicy {
  readonly name: string;
  /** One sentence for lists of policies. */
  readonly about: string;
  /** The host for `pod`, -1 when it fits nowhere. */
  chooseHost(hosts: GpuHosts, pod: GpuPod, state: PackingState): number;
  /** The cards on a host where it fits, as a bit mask; 0 for a pod without cards. */
  chooseCards(hosts: GpuHosts, host: number, pod: GpuPod, state: PackingState): number;
}

/** State for `hostCount` hosts. */
export function createPackingState(hostCount: number, typical: TypicalPods, random: RandomSource): PackingState {
  return {
    typical,
    random,
    score: new Int32Array(hostCount),
    memo: [],
    fragmentation: new Float64Array(hostCount),
    fragmentationAt: new Int32Array(hostCount),
  };
}

/** Score of one host where the pod fits. */
export type HostScore = (hosts: GpuHosts, host: number, pod: GpuPod, state: PackingState) => number;

/** The fitting host with the highest score, lowest rank among equals; -1 when none fits. */
export function bestByScore(hosts: GpuHosts, pod: GpuPod, state: PackingState, scoreOf: HostScore): number {
  let best = -1;
  let bestScore = 0;
  for (let host = 0; host < hosts.count; host++) {
    if (!fits(hosts, host, pod)) continue;
    const score = scoreOf(hosts, host, pod, state);
    if (best < 0 || score > bestScore || (score === bestScore && hosts.rank[host] < hosts.rank[best])) {
      best = host;
      bestScore = score;
    }
  }
  return best;
}
