/**
 * What Koordinator does in production that its authors did not mean: twenty named switches, all on by default.
 *
 * A simulation that wants to know what will happen leaves them on; one that asks what a fix would bring turns one off.
 * Source: koordinator-sh/koordinator a7a1b76, koordinator-sh/yarn-copilot 658fb98.
 */

/** One switch a quirk; true = as production. */
export interface KoordinatorQuirks {
  /** K1: at node level the policy maxUsageRequest adds nothing for high-priority pods without metrics. Off: adds their request. */
  readonly maxUsageIgnoresMissingMetrics: boolean;
  /** K2: the memory policy "request" subtracts only the reservation. Off: subtracts max(system use, reservation). */
  readonly memoryRequestIgnoresSystemUse: boolean;
  /** K3: LSR pods are reclaimed by usage although their cpus are reserved. Off: by request for cpu, as LSE. */
  readonly lsrReclaimedByUsage: boolean;
  /** K4: a reclaim percent above 100 gives a negative margin, so batch may exceed capacity. Off: 100 is the most. */
  readonly reclaimAboveHundredPercent: boolean;
  /** K5: metrics of pods that ended count as high-priority usage until they age out. Off: metrics of ended pods are dropped. */
  readonly terminatedPodsDangle: boolean;
  /** K6: stale metrics delete the batch resources. Off: the last value is held and halves every degrade period. */
  readonly degradeRemovesBatch: boolean;
  /** K7: the small-change bypass keeps an unlimited quota when the target is below 1 % of the node. Off: writes it. */
  readonly cfsBypassKeepsUnlimited: boolean;
  /** K8: a pool too small for its share yields nothing and the other half is applied; no pool at all panics. Off: keeps the old set. */
  readonly cpusetPartialPools: boolean;
  /** K9: without a configured window the cpu satisfaction is judged on 1 s. Off: on at least 60 s. */
  readonly satisfactionWindowOneSecond: boolean;
  /** K10: MemoryEvict believes that a victim frees 1000 times its memory. Off: bytes. */
  readonly memoryEvictTimes1000: boolean;
  /** K11: usage percent is cut to an integer before it is compared and subtracted. Off: exact ratio. */
  readonly evictIntegerPercent: boolean;
  /** K12: the burst limiter drops fractions of a second, and a period of 0 denies. Off: fractions count, 0 means no limiter. */
  readonly burstLimiterWholeSeconds: boolean;
  /** K13: the load-aware estimate is 0 for free pods and for mid pods without requests. Off: defaults as for batch. */
  readonly loadAwareEstimateZero: boolean;
  /** K14: a missing aggregation window makes load-aware use the sum of estimates. Off: node usage. */
  readonly loadAwareFallsBackToEstimates: boolean;
  /** K15: the anomaly detector fires on mark N + 1. Off: on mark N. */
  readonly anomalyNeedsOneMoreMark: boolean;
  /** K16: nodeFit reserves target capacity for every candidate in list order. Off: only for pods that are evicted. */
  readonly nodeFitReservesInListOrder: boolean;
  /** K17: the scaled min of a quota is refreshed when that quota is read. Off: all siblings at once. */
  readonly quotaScaledMinLazy: boolean;
  /** K18: YARN is offered decimal megabytes that it reads as MiB, and BE pods are not subtracted. Off: MiB, subtracted. */
  readonly yarnDecimalMegabytes: boolean;
  /** K19: amplified allocatable hides the kubelet reservation. Off: raw allocatable is used. */
  readonly amplificationHidesReservation: boolean;
  /** K20: quota admission compares dimensions the pod does not ask for; revoke masks them. Off: per requested dimension; keep all. */
  readonly quotaComparesUnrequested: boolean;
}

/** The quirks' numbers in the upstream study, so that a report can name them. */
export const QUIRK_IDS: Readonly<Record<keyof KoordinatorQuirks, string>> = Object.freeze({
  maxUsageIgnoresMissingMetrics: 'K1',
  memoryRequestIgnoresSystemUse: 'K2',
  lsrReclaimedByUsage: 'K3',
  reclaimAboveHundredPercent: 'K4',
  terminatedPodsDangle: 'K5',
  degradeRemovesBatch: 'K6',
  cfsBypassKeepsUnlimited: 'K7',
  cpusetPartialPools: 'K8',
  satisfactionWindowOneSecond: 'K9',
  memoryEvictTimes1000: 'K10',
  evictIntegerPercent: 'K11',
  burstLimiterWholeSeconds: 'K12',
  loadAwareEstimateZero: 'K13',
  loadAwareFallsBackToEstimates: 'K14',
  anomalyNeedsOneMoreMark: 'K15',
  nodeFitReservesInListOrder: 'K16',
  quotaScaledMinLazy: 'K17',
  yarnDecimalMegabytes: 'K18',
  amplificationHidesReservation: 'K19',
  quotaComparesUnrequested: 'K20',
});

function everyQuirk(value: boolean): KoordinatorQuirks {
  const all = Object.fromEntries(Object.keys(QUIRK_IDS).map((name) => [name, value]));
  return Object.freeze(all) as unknown as KoordinatorQuirks;
}

/** All quirks on: what runs in production. */
export const PRODUCTION_QUIRKS: KoordinatorQuirks = everyQuirk(true);

/** All quirks off: what the authors meant. */
export const INTENDED_QUIRKS: KoordinatorQuirks = everyQuirk(false);
