/**
 * What CPU grants are worth to best-effort work: speed, stragglers, waste, checkpoints.
 *
 * CPU-seconds are not work: a thread beside a busy sibling does y/2 of the work. Report both.
 * Source: docs/performance-models.md 6.
 */
import { exp, log } from '../../policies/base/exact-math.ts';

/**
 * Work per CPU-second of a best-effort thread, 1 = an unshared core without contention.
 *
 *   (1 - s (1 - y/2)) / (kappa_llc kappa_mem kappa_vm) x (1 - overhead), s = P(sibling busy)
 */
export function bestEffortSpeed(
  siblingBusy: number,
  smtYield: number,
  kappaLlc: number,
  kappaMem: number,
  kappaVm: number,
  overhead: number,
): number {
  const shared = 1 - siblingBusy * (1 - 0.5 * smtYield);
  return (shared * (1 - overhead)) / (kappaLlc * kappaMem * kappaVm);
}

/**
 * P(a best-effort thread's sibling is busy) on an SMT host.
 *
 *   beside LS allowed (levels E, S): U_L + U_B;  core kept from LS (N, G, C): the busy part of the threads of free cores,
 *   min(1, U_B / free), free = share of threads on cores without LS
 */
export function bestEffortSiblingBusy(
  sharesCoreWithLs: boolean,
  lsBusy: number,
  beBusy: number,
  freeThreads: number,
): number {
  const busy = sharesCoreWithLs ? lsBusy + beBusy : freeThreads > 0 ? beBusy / freeThreads : 1;
  return busy < 1 ? busy : 1;
}

/** Time of a stage over the mean of its n tasks: 1 + s sqrt(2 ln n); an upper-bound shape for n > 10. */
export function stragglerFactor(tasks: number, speedSd: number): number {
  return tasks > 1 ? 1 + speedSd * Math.sqrt(2 * log(tasks)) : 1;
}

/** Whether a task gets a speculative copy: enough tasks done, and it runs longer than `ratio` medians. */
export function isSpeculated(
  doneShare: number,
  quantile: number,
  elapsed: number,
  median: number,
  ratio: number,
): boolean {
  return doneShare >= quantile && elapsed > ratio * median;
}

/** Whether the share of its request that best effort gets counts as starvation. */
export function isStarved(grant: number, request: number, starvedShare: number): boolean {
  return grant < starvedShare * request;
}

/** Whether an executor is declared lost: grant below 2 cpus for longer than the network timeout. */
export function isExecutorLost(grantCpus: number, lowSeconds: number, timeoutSeconds: number): boolean {
  return grantCpus < 2 && lowSeconds > timeoutSeconds;
}

/**
 * Work thrown away by killing a task, in the unit of `elapsedWork`.
 *
 *   elapsed + [no remote shuffle] bytes held here / bytes of the stage x work of the stage
 */
export function wastedWork(
  elapsedWork: number,
  hasRemoteShuffle: boolean,
  bytesHere: number,
  stageBytes: number,
  stageWork: number,
): number {
  if (hasRemoteShuffle || !(stageBytes > 0)) return elapsedWork;
  return elapsedWork + (bytesHere / stageBytes) * stageWork;
}

/** Share of shuffle output saved by moving it within the grace period: min(1, g bw / bytes). Source: SPARK-20624. */
export function migratedShare(graceSeconds: number, bytesPerSecond: number, bytes: number): number {
  if (!(bytes > 0)) return 1;
  const share = (graceSeconds * bytesPerSecond) / bytes;
  return share < 1 ? share : 1;
}

/** Time of a task over the mean of its like: exp(s z - s^2 / 2), lognormal with mean 1; `z` is standard normal. */
export function stragglerStretch(sigma: number, z: number): number {
  return exp(sigma * z - 0.5 * sigma * sigma);
}

/** Interval between checkpoints that wastes least: sqrt(2 cost x mean time to eviction). Source: Young 1974. */
export function checkpointInterval(checkpointSeconds: number, meanSecondsToEviction: number): number {
  return Math.sqrt(2 * checkpointSeconds * meanSecondsToEviction);
}

/** Share of time lost with that interval, checkpoints and repeated work together: sqrt(2 cost / mean time to eviction). */
export function checkpointWaste(checkpointSeconds: number, meanSecondsToEviction: number): number {
  const waste = Math.sqrt((2 * checkpointSeconds) / meanSecondsToEviction);
  return waste < 1 ? waste : 1;
}
