/**
 * One burst of a closed loop under a CFS quota: `clients` requests begin together, each on a cpu of its own, and none follows before it is
 * answered. So a period is asked for at most clients x work, where open arrivals know no bound.
 *
 * What the kernel counts as periods: its timer runs from the first use of CPU until a whole period without any, so a burst of two active
 * periods counts three. Source: do_sched_cfs_period_timer of kernel/sched/fair.c (nr_periods, idle).
 */

/** What became of the burst. */
export interface BurstRun {
  /** How much later than alone the requests end. */
  readonly stallMs: number;
  readonly throttledPeriods: number;
  /** Periods that nr_periods of cpu.stat grows by. */
  readonly countedPeriods: number;
}

/**
 * Runs a burst that begins at `phase` (0..1) of a period, with a full reserve of `burstQuotas` quotas (time between bursts must refill it).
 *
 * Units: ms of CPU for `serviceMs`, cpus for the quota. All requests are alike, so all end together.
 */
export function runBurst(
  clients: number,
  serviceMs: number,
  quotaCpus: number,
  periodMs: number,
  burstQuotas: number,
  phase: number,
): BurstRun {
  const quotaMs = quotaCpus * periodMs;
  const beginMs = phase * periodMs;
  let leftMs = clients * serviceMs;
  let runtimeMs = quotaMs * (1 + burstQuotas);
  let nowMs = beginMs;
  let throttledPeriods = 0;
  let activePeriods = 0;
  for (;;) {
    const endMs = (activePeriods + 1) * periodMs;
    const ranMs = Math.min(leftMs, runtimeMs, (endMs - nowMs) * clients);
    activePeriods++;
    leftMs -= ranMs;
    runtimeMs -= ranMs;
    if (leftMs <= 1e-9)
      return {
        stallMs: nowMs + ranMs / clients - beginMs - serviceMs,
        throttledPeriods,
        countedPeriods: activePeriods + 1,
      };
    if (nowMs + ranMs / clients < endMs - 1e-9) throttledPeriods++;
    nowMs = endMs;
    runtimeMs = Math.min(runtimeMs, quotaMs * burstQuotas) + quotaMs;
  }
}
