/**
 * How often a CFS quota throttles a pod, what CPU burst changes, and what the stalls cost its requests.
 *
 * Demand of one 100 ms period is Gamma with mean u (use over quota). Unmet demand carries over, so the backlog is a Lindley queue with
 * tail exponent theta. Two CVs describe the demand: what is offered over many periods (periodCv) drives the backlog, what runs in a single
 * one (executedCv, smaller, because requests at the end of a period go on in the next) drives how often one period is not enough.
 * Band: p_th within -29..+28 %, p99 never tighter than 45 %.
 * Source: docs/performance-models.md 2; Linux sched-bwc.
 */
import { assert } from '../../policies/base/assert.ts';
import { exp, log } from '../../policies/base/exact-math.ts';
import { gammaUpperTail } from './gamma-tail.ts';

/**
 * CV of the demand of one period.
 *
 *   cv^2 = S (1 + cs^2) / (u q tau) + v^2: shot noise of requests, plus the CV v of the arrival rate at this scale
 *
 * Units: ms for S and tau, cpus for the quota q.
 */
export function periodCv(
  serviceMs: number,
  scv: number,
  use: number,
  quotaCpus: number,
  periodMs: number,
  rateCv: number,
): number {
  const shot = use > 0 ? (serviceMs * (1 + scv)) / (use * quotaCpus * periodMs) : 0;
  return Math.sqrt(shot + rateCv * rateCv);
}

/**
 * CV of the work that runs in one period when nothing is throttled: requests that begin near its end spill into the next.
 *
 *   cv^2 = S (1 + cs^2) / (u q tau) g(s1) + v^2 ((1 - w)^2 + w^2)
 *   g(s) = 1 - (s/tau)(1 - e^(-tau/s)), s1 = S (1 + 2 cs^2) / 3;   w = 1 - g(s2), s2 = S (1 + cs^2) / 2
 *
 * Exact for exponential requests at a constant rate (covariance e^(-t/S) of M/G/infinity, integrated over the period); for others the
 * first order of S / tau is right: rectangular requests lose S / 3 tau of their variance and spill S / 2 tau of their work.
 */
export function executedCv(
  serviceMs: number,
  scv: number,
  use: number,
  quotaCpus: number,
  periodMs: number,
  rateCv: number,
): number {
  const shot = use > 0 ? (serviceMs * (1 + scv)) / (use * quotaCpus * periodMs) : 0;
  const spilt = spill((serviceMs * (1 + scv)) / (2 * periodMs));
  const kept = 1 - spilt;
  const g = 1 - spill((serviceMs * (1 + 2 * scv)) / (3 * periodMs));
  return Math.sqrt(shot * g + rateCv * rateCv * (kept * kept + spilt * spilt));
}

/** x (1 - e^(-1/x)): mean share of exponential pulses of length x periods that lies behind the end of their period. */
function spill(x: number): number {
  return x > 0 ? x * (1 - exp(-1 / x)) : 0;
}

/** theta, the positive root of -k ln(1 - theta u cv^2) = theta with k = 1/cv^2; 0 for u >= 1. Units: 1 / quota. */
export function backlogExponent(use: number, cv: number): number {
  assert(use > 0 && cv > 0, 'use and cv are positive');
  if (use >= 1) return 0;
  const scale = use * cv * cv;
  let low = 0;
  let high = 1;
  // In x = theta x scale on (0, 1): -k ln(1 - x) - x / scale is negative below the root and positive above it.
  for (let step = 0; step < 60; step++) {
    const x = 0.5 * (low + high);
    if (-log(1 - x) / (cv * cv) < x / scale) low = x;
    else high = x;
  }
  return (0.5 * (low + high)) / scale;
}

/** p_th without burst: P(A > 1) / P(A tilted by theta > 1); 1 for u >= 1. */
export function throttledFractionExact(use: number, cv: number): number {
  return use >= 1 ? 1 : fractionAt(use, cv, backlogExponent(use, cv));
}

function fractionAt(use: number, cv: number, theta: number): number {
  const shape = 1 / (cv * cv);
  const scale = use * cv * cv;
  const x = theta * scale;
  const tilted = gammaUpperTail(shape, (1 - x) / scale);
  return tilted > 0 ? Math.min(1, gammaUpperTail(shape, 1 / scale) / tilted) : 0;
}

const USES = 64;
const CVS = 48;
const MOST_CV = 3;
const LEAST_LN = -60;

/** [use][cv][ln p_th, theta u^2 cv^2]: u on [0, 1], cv = 3 t^2 with t on [0, 1] (finest where ln p_th bends most). */
export type ThrottleTable = Float64Array;

/** Builds the table (64 x 48, about 60 ms; p_th above 1e-3 read within 10 %). theta u^2 cv^2 is stored because it stays within 0..2 where theta does not. */
export function createThrottleTable(): ThrottleTable {
  const table = new Float64Array(2 * USES * CVS);
  for (let i = 0; i < USES; i++) {
    const use = i / (USES - 1);
    for (let j = 0; j < CVS; j++) {
      const at = 2 * (i * CVS + j);
      const t = Math.max(j, 0.5) / (CVS - 1);
      const cv = MOST_CV * t * t;
      if (i === 0) {
        table[at] = LEAST_LN;
      } else if (i < USES - 1) {
        const theta = backlogExponent(use, cv);
        const fraction = fractionAt(use, cv, theta);
        table[at] = fraction > 0 ? Math.max(LEAST_LN, log(fraction)) : LEAST_LN;
        table[at + 1] = theta * use * use * cv * cv;
      }
    }
  }
  return table;
}

/**
 * Fraction of periods throttled, with a burst buffer of `burstQuotas` quotas: p_th(0) e^{-theta b}; 1 for u >= 1.
 *
 * `executed` is the CV of what runs in one period, `offered` that of what is offered over many (theta).
 */
export function throttledFraction(
  table: ThrottleTable,
  use: number,
  executed: number,
  burstQuotas: number,
  offered: number = executed,
): number {
  if (use <= 0 || executed <= 0) return use >= 1 ? 1 : 0;
  if (use >= 1) return 1;
  const lnFraction = read(table, use, executed, 0);
  if (lnFraction <= LEAST_LN) return 0;
  return exp(lnFraction - (burstQuotas > 0 ? throttleExponent(table, use, offered) * burstQuotas : 0));
}

/** theta from the table; 0 for u >= 1. */
export function throttleExponent(table: ThrottleTable, use: number, cv: number): number {
  if (use >= 1) return 0;
  const capped = cv < MOST_CV ? cv : MOST_CV;
  return read(table, use, cv, 1) / (use * use * capped * capped);
}

/** Bilinear in u and sqrt(cv). */
function read(table: ThrottleTable, use: number, cv: number, channel: number): number {
  const x = use * (USES - 1);
  const y = cv < MOST_CV ? Math.sqrt(cv / MOST_CV) * (CVS - 1) : CVS - 1;
  const i = x < USES - 1 ? x | 0 : USES - 2;
  const j = y < CVS - 1 ? y | 0 : CVS - 2;
  const v = y - j;
  const at = 2 * (i * CVS + j) + channel;
  const up = at + 2 * CVS;
  const low = table[at] + v * (table[at + 2] - table[at]);
  const high = table[up] + v * (table[up + 2] - table[up]);
  return low + (x - i) * (high - low);
}

/** Share of requests that a throttled period delays: 1 - (1 - p_th)^(1.25 cv). */
export function throttledRequestShare(fraction: number, cv: number): number {
  if (fraction >= 1) return 1;
  return fraction > 0 ? 1 - exp(1.25 * cv * log(1 - fraction)) : 0;
}

/**
 * Mean stall over all requests: tau (p_th / (theta u)) 0.75 / (1 + 0.1 theta); Infinity when u >= 1 (a backlog without end).
 *
 * The mean stall of a delayed request is this over throttledRequestShare, exponentially distributed. Units: ms. The last factor is fitted
 * (least absolute error of the logarithm) to 101 runs of the request-level simulation that the validation does not use: model over simulation
 * 0.48, 0.99 and 1.54 at the 10, 50 and 90 % point.
 */
export function meanStallMs(periodMs: number, fraction: number, exponent: number, use: number): number {
  if (!(fraction > 0)) return 0;
  if (!(exponent > 0)) return Number.POSITIVE_INFINITY;
  return (periodMs * fraction * 0.75) / (exponent * use * (1 + 0.1 * exponent));
}
