/**
 * Power, the work a host really does at a given CPU utilisation, and yearly cost.
 *
 * Two hardware threads share one core, so logical utilisation U overstates idle capacity: work is not linear in U. Power
 * follows physical utilisation. Power savings at high fill are a lower bound.
 * Source: docs/performance-models.md 4.4 and 9.
 */
import { pow } from '../../policies/base/exact-math.ts';
import type { Parameters } from './parameters.ts';

/**
 * Share of the machine's peak throughput at logical utilisation U with SMT yield y.
 *
 *   core-aware: 2U / y for U <= 1/2, else (1 + (y - 1)(2U - 1)) / y;  blind: (2U - 2U^2 + y U^2) / y
 *
 * Without SMT (threadsPerCore 1) it is U. Units: fractions 0..1; U above 1 counts as 1.
 */
export function workFraction(logicalUse: number, smtYield: number, coreAware: boolean, threadsPerCore: number): number {
  const u = logicalUse < 0 ? 0 : logicalUse < 1 ? logicalUse : 1;
  if (threadsPerCore === 1) return u;
  if (!coreAware) return (2 * u - 2 * u * u + smtYield * u * u) / smtYield;
  return u <= 0.5 ? (2 * u) / smtYield : (1 + (smtYield - 1) * (2 * u - 1)) / smtYield;
}

/** Power curves over physical utilisation, 257 points on [0, 1], as a share between idle (0) and maximum (1). */
export type PowerCurve = Float64Array;

const POINTS = 256;

/** Fan et al.: 2u - u^r. Source: Fan, Weber, Barroso, ISCA 2007, from memory. */
export function fanCurve(exponent: number): PowerCurve {
  const curve = new Float64Array(POINTS + 1);
  for (let i = 0; i <= POINTS; i++) {
    const u = i / POINTS;
    curve[i] = 2 * u - pow(u, exponent);
  }
  return curve;
}

/** Piecewise curve of modern servers: u 0 .1 .3 .5 .7 1 -> .20 .34 .53 .66 .79 1.0 of maximum. */
export function piecewiseCurve(): PowerCurve {
  const use = [0, 0.1, 0.3, 0.5, 0.7, 1];
  const power = [0.2, 0.34, 0.53, 0.66, 0.79, 1];
  const curve = new Float64Array(POINTS + 1);
  let piece = 0;
  for (let i = 0; i <= POINTS; i++) {
    const u = i / POINTS;
    while (piece < use.length - 2 && u > use[piece + 1]) piece++;
    const along = (u - use[piece]) / (use[piece + 1] - use[piece]);
    const share = power[piece] + along * (power[piece + 1] - power[piece]);
    curve[i] = (share - power[0]) / (1 - power[0]);
  }
  return curve;
}

/** Watts at physical utilisation u: idle + (max - idle) curve(u), linear between points (below 0.05 % of max off). */
export function powerWatts(curve: PowerCurve, idleWatts: number, maxWatts: number, physicalUse: number): number {
  const u = physicalUse < 0 ? 0 : physicalUse < 1 ? physicalUse : 1;
  const x = u * POINTS;
  const i = x < POINTS ? x | 0 : POINTS - 1;
  const share = curve[i] + (x - i) * (curve[i + 1] - curve[i]);
  return idleWatts + (maxWatts - idleWatts) * share;
}

/** Cost of energy drawn at the wall: Wh / 1000 x PUE x price. */
export function energyCost(wattHours: number, pue: number, pricePerKwh: number): number {
  return (wattHours / 1000) * pue * pricePerKwh;
}

/**
 * Yearly cost of owning one host, energy excluded: capex / lifetime + overhead x capex.
 *
 * 60,000 RMB over 4 years with 25 % a year: 15,000 + 15,000 = 30,000 RMB; about 2,000 RMB of energy come on top.
 */
export function yearlyOwnership(p: Parameters): number {
  return p.capexPerHost / p.lifetimeYears + p.yearlyOverheadFraction * p.capexPerHost;
}

/** What ten more points of CPU use of one host are worth in a year, in money. */
export interface MarginalUse {
  /** Energy at the wall: (P(work(U + 0.1)) - P(work(U))) x 8,760 h x PUE x price. */
  readonly energyCost: number;
  /** Owning the hosts that would do the added work at their peak: (work(U + 0.1) - work(U)) x yearly ownership. A lower bound: bought hosts are never full. */
  readonly avoidedCost: number;
}

/** Ten points above logical use `use`; `workAt` and `wattsAt` are those of the host, `ownership` its cost in a year without energy. */
export function marginalUse(
  use: number,
  workAt: (logicalUse: number) => number,
  wattsAt: (physicalUse: number) => number,
  ownership: number,
  pue: number,
  pricePerKwh: number,
): MarginalUse {
  const work = workAt(use);
  const more = workAt(use + 0.1);
  return {
    energyCost: energyCost((wattsAt(more) - wattsAt(work)) * 8760, pue, pricePerKwh),
    avoidedCost: (more - work) * ownership,
  };
}
