/**
 * Eviction by over-allocation: the requests of a tier against what the node still offers it.
 *
 * CPU and memory use different formulas upstream, by design, which can differ by one unit.
 * Source: pkg/koordlet/qosmanager/plugins/{cpuevict/cpu_evict.go,memoryevict/memory_evict.go}.
 */

/** Which formula the release follows. */
export const CPU_FORMULA = 0;
export const MEMORY_FORMULA = 1;

/** The highest pod priority the tier eviction may reach: the top of the mid band. */
export const MAX_ALLOCATABLE_EVICT_PRIORITY = 7999;

export interface AllocatableLines {
  readonly thresholdPercent: number;
  readonly lowerPercent: number;
  readonly priorityThreshold: number;
}

/** Whether upstream runs with these lines: threshold >= 0, lower < threshold, priority threshold at most 7999. */
export function allocatableLinesValid(lines: AllocatableLines): boolean {
  return (
    lines.thresholdPercent >= 0 &&
    lines.lowerPercent < lines.thresholdPercent &&
    lines.priorityThreshold <= MAX_ALLOCATABLE_EVICT_PRIORITY
  );
}

/**
 * Amount to release in one tier.
 *
 *   no allocatable (NaN or 0)              -> requested
 *   requested / allocatable > threshold %  -> cpu:    trunc(requested - lower % * allocatable)
 *                                             memory: trunc((requested / allocatable - lower %) * allocatable)
 *   otherwise                              -> 0
 *
 * Units: requested and allocatable alike, percent. A negative threshold switches it off.
 */
export function allocatableReleaseOf(
  requested: number,
  allocatable: number,
  thresholdPercent: number,
  lowerPercent: number,
  formula: number,
): number {
  if (thresholdPercent < 0) return 0;
  if (Number.isNaN(allocatable) || allocatable === 0) return requested;
  if (!(requested / allocatable > thresholdPercent / 100)) return 0;
  if (formula === MEMORY_FORMULA) return Math.trunc((requested / allocatable - lowerPercent / 100) * allocatable);
  return Math.trunc(requested - (lowerPercent / 100) * allocatable);
}

/**
 * Amount to release in one tier, per host.
 *
 * Shape: columns of `count` rows; allocatable NaN = the node does not offer the tier. See allocatableReleaseOf.
 */
export function allocatableEvictRelease(
  count: number,
  requested: Float64Array,
  allocatable: Float64Array,
  thresholdPercent: number,
  lowerPercent: number,
  formula: number,
  outRelease: Float64Array,
): void {
  for (let i = 0; i < count; i++)
    outRelease[i] = allocatableReleaseOf(requested[i], allocatable[i], thresholdPercent, lowerPercent, formula);
}

/** Resource tier a pod's request is counted in. */
export type ResourceTier = 'batch' | 'mid' | 'native';

/** The default priority value of a tier's class, for pods that carry none. */
const TIER_PRIORITY_VALUE: Readonly<Record<ResourceTier, number>> = Object.freeze({
  batch: 5500,
  mid: 7500,
  native: 9500,
});

export interface TierPod {
  readonly tier: ResourceTier;
  /** undefined or 0 = that of the tier's class. */
  readonly priorityValue?: number | undefined;
  readonly request: number;
}

/** One amount a tier; a tier without pods is absent. */
export type TierAmounts = Readonly<Partial<Record<ResourceTier, number>>>;

/**
 * Amounts to release on a node, per tier.
 *
 * Only pods whose priority value is at most the threshold are counted, and only tiers with such pods are judged. Tiers
 * without a release are absent. Native amounts appear, yet only batch and mid pods are ever victims.
 */
export function allocatableRelease(
  allocatable: TierAmounts,
  pods: readonly TierPod[],
  lines: AllocatableLines,
  formula: number,
): TierAmounts {
  const requested: Partial<Record<ResourceTier, number>> = {};
  for (const pod of pods) {
    const priority =
      pod.priorityValue === undefined || pod.priorityValue === 0 ? TIER_PRIORITY_VALUE[pod.tier] : pod.priorityValue;
    if (priority <= lines.priorityThreshold) requested[pod.tier] = (requested[pod.tier] ?? 0) + pod.request;
  }
  const release: Partial<Record<ResourceTier, number>> = {};
  for (const tier of ['batch', 'mid', 'native'] as const) {
    const sum = requested[tier];
    if (sum === undefined) continue;
    const offered = allocatable[tier] ?? Number.NaN;
    const amount = allocatableReleaseOf(sum, offered, lines.thresholdPercent, lines.lowerPercent, formula);
    if (amount !== 0) release[tier] = amount;
  }
  return release;
}
