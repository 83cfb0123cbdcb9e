/**
 * Who is evicted first: the three orders of the node agent.
 *
 * No order uses creation time. Upstream sorts with insertion sort up to 12 pods; so do these functions always, which makes
 * ties fall in listed order and agrees with upstream even where its comparison is not transitive (unset priorities).
 * Source: pkg/koordlet/qosmanager/plugins/{cpuevict,memoryevict}.
 */

import type { PodClassFields } from './priority-class.ts';
import { priorityValueWithDefault } from './priority-class.ts';

/** Stable insertion sort of a copy; `before(a, b)` = a must come before b. */
export function insertionSorted<Item>(items: readonly Item[], before: (a: Item, b: Item) => boolean): Item[] {
  const sorted = [...items];
  for (let i = 1; i < sorted.length; i++)
    for (let j = i; j > 0 && before(sorted[j], sorted[j - 1]); j--) {
      const moved = sorted[j];
      sorted[j] = sorted[j - 1];
      sorted[j - 1] = moved;
    }
  return sorted;
}

interface NamedPod {
  readonly name: string;
  /** spec.priority; undefined = unset. */
  readonly priorityValue?: number | undefined;
  readonly qosLabel?: string | undefined;
}

export interface BeCpuPod extends NamedPod {
  readonly usedMilliCpu: number;
  readonly requestMilliCpu: number;
}

/** BECPUEvict: pods labelled BE; priority ascending; equal or unset, used / request descending (no request: 0). */
export function beCpuVictims(pods: readonly BeCpuPod[]): BeCpuPod[] {
  return insertionSorted(
    pods.filter((pod) => pod.qosLabel === 'BE'),
    (a, b) => {
      const sameRank =
        a.priorityValue === undefined || b.priorityValue === undefined || a.priorityValue === b.priorityValue;
      return sameRank ? usedRatio(a) > usedRatio(b) : a.priorityValue < b.priorityValue;
    },
  );
}

function usedRatio(pod: BeCpuPod): number {
  return pod.requestMilliCpu > 0 ? pod.usedMilliCpu / pod.requestMilliCpu : 0;
}

export interface BeMemoryPod extends NamedPod {
  /** undefined or 0 = unknown. */
  readonly usedMemBytes?: number | undefined;
}

/**
 * BEMemoryEvict: pods labelled BE; priority ascending when both are set; used descending, unknown last; both unknown, name
 * descending.
 */
export function beMemoryVictims(pods: readonly BeMemoryPod[]): BeMemoryPod[] {
  return insertionSorted(
    pods.filter((pod) => pod.qosLabel === 'BE'),
    (a, b) => {
      const [pa, pb] = [a.priorityValue, b.priorityValue];
      if (pa !== undefined && pb !== undefined && pa !== pb) return pa < pb;
      const [usedA, usedB] = [a.usedMemBytes ?? 0, b.usedMemBytes ?? 0];
      if (usedA === 0 && usedB === 0) return a.name > b.name;
      return usedA > usedB;
    },
  );
}

/** A pod as CPUEvict, MemoryEvict and their allocatable variants see it. */
export interface PriorityPod extends PodClassFields {
  readonly name: string;
  readonly phase: string;
  /** Label koordinator.sh/eviction-enabled. */
  readonly evictionEnabled: boolean;
  /** Label koordinator.sh/priority; undefined = the priority value. */
  readonly priorityLabel?: number | undefined;
  /** Annotation koordinator.sh/eviction-priority as written; undefined or unreadable = 0. */
  readonly evictionPriority?: string | undefined;
  /** Features that may evict the pod; undefined = all. */
  readonly evictionPolicies?: readonly string[];
  /** What counts among equals: used, or request for the allocatable variants; undefined = no metric, never a victim. */
  readonly amount?: number | undefined;
}

/** A whole number within 32 bits, else 0. */
export function readEvictionPriority(text: string | undefined): number {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return 0;
  const value = Number(text);
  return value >= -2_147_483_648 && value <= 2_147_483_647 ? value : 0;
}

/**
 * CPUEvict, MemoryEvict and the allocatable variants.
 *
 *   candidates: Running or Pending, eviction enabled, priority value <= threshold, with a metric, `feature` allowed
 *   order     : eviction priority, priority value, priority label ascending; amount descending
 */
export function priorityVictims(
  pods: readonly PriorityPod[],
  priorityThreshold: number,
  feature: string,
): PriorityPod[] {
  const candidates = pods.filter(
    (pod) =>
      (pod.phase === 'Running' || pod.phase === 'Pending') &&
      pod.evictionEnabled &&
      priorityValueWithDefault(pod) <= priorityThreshold &&
      pod.amount !== undefined &&
      (pod.evictionPolicies === undefined || pod.evictionPolicies.includes(feature)),
  );
  const ranked = candidates.map((pod) => {
    const priority = priorityValueWithDefault(pod);
    const keys = [
      readEvictionPriority(pod.evictionPriority),
      priority,
      pod.priorityLabel ?? priority,
      -(pod.amount ?? 0),
    ];
    return { pod, keys };
  });
  return insertionSorted(ranked, (a, b) => keysBefore(a.keys, b.keys)).map((entry) => entry.pod);
}

function keysBefore(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((key, i) => key !== b[i]);
  return at !== -1 && a[at] < b[at];
}
