/**
 * Service targets and how breaking them is counted.
 *
 * A service run alone at its design load with kappa = 1 has a baseline p99; its target is beta times that, or the contract
 * if that is looser. V is the share of requests answered later than the target.
 * Source: docs/performance-models.md 3.6.
 */
import type { Parameters } from './parameters.ts';
import type { ServiceModel } from './service-model.ts';
import { createWindowLatency, type LatencyTables, setKappa, setLoad, windowQuantileMs } from './window-latency.ts';

/** Baseline and target of one service, ms. */
export interface ServiceTarget {
  readonly baselineP50Ms: number;
  readonly baselineP99Ms: number;
  readonly targetMs: number;
}

/** target = max(contract, beta x p99 alone at design load); `contractMs` 0 = none. */
export function serviceTarget(
  tables: LatencyTables,
  service: ServiceModel,
  designLoad: number,
  targetOverBaseline: number,
  contractMs: number,
): ServiceTarget {
  const window = createWindowLatency(tables, service);
  setLoad(window, designLoad);
  setKappa(window, 1, 0);
  const baselineP50Ms = windowQuantileMs(window, 0.5, 0);
  const baselineP99Ms = windowQuantileMs(window, 0.01, 0);
  const targetMs = Math.max(contractMs, targetOverBaseline * baselineP99Ms);
  return Object.freeze({ baselineP50Ms, baselineP99Ms, targetMs });
}

/** As serviceTarget with design load and beta of the coefficient table and no contract. */
export function defaultTarget(p: Parameters, tables: LatencyTables, service: ServiceModel): ServiceTarget {
  return serviceTarget(tables, service, p.designLoad, p.targetOverBaseline, 0);
}

/** Share of late requests above which a minute breaks the target (the same as p99 > target). */
export const SLO_MINUTE_SHARE = 0.01;

/** Whether a minute with this P(T > target) is an SLO minute. */
export function isSloMinute(violation: number): boolean {
  return violation > SLO_MINUTE_SHARE;
}

/** Request-weighted share of late answers: sum lambda_t P_t / sum lambda_t; 0 without requests. */
export function violatingFraction(violating: number, requests: number): number {
  return requests > 0 ? violating / requests : 0;
}

/** Speed at which the error budget is spent: V / (1 - objective). 1 spends exactly the budget. */
export function burnRate(violating: number, objective: number): number {
  return violating / (1 - objective);
}

/** Pairs of windows and the burn rate both must pass before someone is woken (Google SRE workbook, from memory). */
export const BURN_ALERTS = Object.freeze([
  Object.freeze({ longMinutes: 60, shortMinutes: 5, burnRate: 14.4 }),
  Object.freeze({ longMinutes: 360, shortMinutes: 30, burnRate: 6 }),
]);

/** Whether either alert pair fires for burn rates over 1 h, 5 min, 6 h and 30 min. */
export function alertFires(hour: number, fiveMinutes: number, sixHours: number, halfHour: number): boolean {
  const [fast, slow] = BURN_ALERTS;
  const isFast = hour > fast.burnRate && fiveMinutes > fast.burnRate;
  return isFast || (sixHours > slow.burnRate && halfHour > slow.burnRate);
}

/** Share of user requests that meet at least one late answer among `calls` independent ones: 1 - (1 - p)^n. */
export function fanOutViolation(violation: number, calls: number): number {
  let none = 1;
  for (let k = 0; k < calls; k++) none *= 1 - violation;
  return 1 - none;
}

/** Load factor on the rest when `lost` of `replicas` are gone: n / (n - k); Infinity when none is left. */
export function survivorLoadFactor(replicas: number, lost: number): number {
  return lost >= replicas ? Number.POSITIVE_INFINITY : replicas / (replicas - lost);
}
