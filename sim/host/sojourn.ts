/**
 * Time a request spends with a service: M/M/c exactly, and the two-moment lognormal used for realistic service times.
 *
 * Times are in any one unit. Two parts stretch differently under contention: the whole answer time U by
 * kappa_tot = 1 + phi (kappa - 1), and the CPU part S = phi U, in which queueing happens, by kappa:
 *
 *   mean = U_k + S_k W,  U_k = kappa_tot U, S_k = kappa S
 *   FCFS: W = C eta, eta = (ca^2 + cs^2) / (2 c (1 - rho)),  var = cs^2 U_k^2 + S_k^2 (2 C eta^2 - W^2)
 *   PS:   W = C eta, eta = 1 / (c (1 - rho)),  var = cs^2 mean^2 + min(1, 0.2 + 0.95 rho) S_k^2 (2 C eta^2 - W^2)
 *
 * With phi = 1 these are the published forms. Model band: violation probabilities within a factor 1.75; p99 within 7 %
 * (FCFS, cs^2 = 0.3) and 2 % (PS); never quote p99.9. Source: docs/performance-models.md 3.3 and 3.4.
 */
import { exp, log, normalUpperTail } from '../../policies/base/exact-math.ts';
import { type NormalTailTable, normalTail } from './normal-tail.ts';

/** FCFS: worker queue or event loop. PS: a thread per request. */
export const DISCIPLINE = { FCFS: 0, PS: 1 } as const;
export type Discipline = (typeof DISCIPLINE)[keyof typeof DISCIPLINE];

export const Z_P50 = 0;
export const Z_P90 = 1.2815515655446004;
export const Z_P95 = 1.6448536269514722;
export const Z_P99 = 2.3263478740408408;

/** Mean wait of those who wait, in units of the CPU part: eta. */
export function waitScale(
  discipline: Discipline,
  servers: number,
  load: number,
  arrivalScv: number,
  scv: number,
): number {
  const each = 1 / (servers * (1 - load));
  return discipline === DISCIPLINE.FCFS ? 0.5 * (arrivalScv + scv) * each : each;
}

/** Mean sojourn. `waiting` is Erlang C; `eta` from waitScale. */
export function sojournMean(answer: number, cpuPart: number, waiting: number, eta: number): number {
  return answer + cpuPart * waiting * eta;
}

/** Variance of the sojourn; arguments as sojournMean. */
export function sojournVariance(
  discipline: Discipline,
  answer: number,
  cpuPart: number,
  scv: number,
  load: number,
  waiting: number,
  eta: number,
): number {
  const wait = waiting * eta;
  const queue = cpuPart * cpuPart * (2 * waiting * eta * eta - wait * wait);
  if (discipline === DISCIPLINE.FCFS) return scv * answer * answer + queue;
  const mean = answer + cpuPart * wait;
  const spread = 0.2 + 0.95 * load;
  return scv * mean * mean + (spread < 1 ? spread : 1) * queue;
}

/** P(T > t) for a lognormal of this mean and variance. */
export function lognormalTail(t: number, mean: number, variance: number): number {
  if (t <= 0) return 1;
  if (variance <= 0) return t < mean ? 1 : 0;
  const s2 = log(1 + variance / (mean * mean));
  return normalUpperTail((log(t / mean) + 0.5 * s2) / Math.sqrt(s2));
}

/** As lognormalTail, by the tail table: relative error below 1e-7 where the result exceeds 1e-9. */
export function lognormalTailFast(table: NormalTailTable, t: number, mean: number, variance: number): number {
  if (t <= 0) return 1;
  if (variance <= 0) return t < mean ? 1 : 0;
  const s2 = log(1 + variance / (mean * mean));
  return normalTail(table, (log(t / mean) + 0.5 * s2) / Math.sqrt(s2));
}

/** The quantile at standard normal `z` (Z_P50, Z_P90, Z_P95, Z_P99) of a lognormal of this mean and variance. */
export function lognormalQuantile(mean: number, variance: number, z: number): number {
  const s2 = log(1 + variance / (mean * mean));
  return mean * exp(z * Math.sqrt(s2) - 0.5 * s2);
}

/**
 * P(T > t) of M/M/c, first come first served: mu = 1 / service, a = c mu (1 - rho).
 *
 *   (1 - C) e^{-mu t} + C (a e^{-mu t} - mu e^{-a t}) / (a - mu);  (1 + mu t) e^{-mu t} in the second term when a = mu
 */
export function markovTail(t: number, service: number, servers: number, load: number, waiting: number): number {
  const mu = 1 / service;
  const a = servers * mu * (1 - load);
  const direct = exp(-mu * t);
  const gap = a - mu;
  const near = gap < 1e-6 * mu && gap > -1e-6 * mu;
  const queued = near ? (1 + mu * t) * direct : (a * direct - mu * exp(-a * t)) / gap;
  return (1 - waiting) * direct + waiting * queued;
}

/**
 * P(T > t) when each request also meets one of up to three rare delays.
 *
 *   (1 - sum p) P_base + sum p_k LN(mean + d_k, variance + d_k^2), sum p limited to 1 (a union bound on overlaps)
 *
 * `base` is P(T > t) without delay; delays are run-queue wait D, throttling stall H and reclaim stall R.
 */
export function delayedTail(
  table: NormalTailTable,
  t: number,
  base: number,
  mean: number,
  variance: number,
  waitP: number,
  wait: number,
  stallP: number,
  stall: number,
  reclaimP: number,
  reclaim: number,
): number {
  let rest = 1;
  let sum = 0;
  if (waitP > 0) {
    const p = waitP < rest ? waitP : rest;
    rest -= p;
    sum += p * atLeast(base, lognormalTailFast(table, t, mean + wait, variance + wait * wait));
  }
  if (stallP > 0) {
    const p = stallP < rest ? stallP : rest;
    rest -= p;
    sum += p * atLeast(base, lognormalTailFast(table, t, mean + stall, variance + stall * stall));
  }
  if (reclaimP > 0) {
    const p = reclaimP < rest ? reclaimP : rest;
    rest -= p;
    sum += p * atLeast(base, lognormalTailFast(table, t, mean + reclaim, variance + reclaim * reclaim));
  }
  return rest * base + sum;
}

/**
 * P(T > target) when a share of requests meets a stall that is exponential with this mean, from base and mean alone.
 *
 *   (1 - p) base + p max(base, e^{-(target - mean) / stall}), 1 in the exponential where the mean passes the target
 *
 * For throttling and reclaim, whose stall differs from pod to pod: the answer without stall counts as its mean, which is
 * close when the stall is longer than the answer's spread. One exponential; nothing when the share is 0. Units: ms.
 */
export function stalledViolation(
  base: number,
  meanMs: number,
  targetMs: number,
  stallMs: number,
  share: number,
): number {
  if (!(share > 0 && stallMs > 0)) return base;
  const slack = targetMs - meanMs;
  const late = slack > 0 ? exp(-slack / stallMs) : 1;
  return late > base ? base + (share < 1 ? share : 1) * (late - base) : base;
}

/** A delay never makes an answer earlier, which two lognormals of different shape could otherwise claim. */
function atLeast(base: number, delayed: number): number {
  return delayed > base ? delayed : base;
}
