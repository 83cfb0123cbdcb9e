/**
 * What the latency formulas know of one service: its servers, its times and how its rate varies.
 *
 *   c = max(1, min(limit, threads)), speed = min(1, limit): a limit below one cpu is one slower server.
 */
import { assert } from '../../policies/base/assert.ts';
import type { LatencyClassTable } from './contention.ts';
import type { Parameters } from './parameters.ts';
import type { Discipline } from './sojourn.ts';

/** One service on one kind of pod. Times in ms; `rho` elsewhere is arrivals x CPU work x kappa / marginal capacity. */
export interface ServiceModel {
  readonly servers: number;
  readonly discipline: Discipline;
  /** Unloaded mean answer time U, other parts included. */
  readonly answerMs: number;
  /** CPU part of it, S. */
  readonly cpuMs: number;
  /** Squared CV of the answer time. */
  readonly scv: number;
  readonly arrivalScv: number;
  readonly rateCv: number;
  readonly rateCorrelationMs: number;
}

/**
 * The model of a pod of latency class `classRow` with this limit.
 *
 * `limitCpus` Infinity = no limit; then `threads` bounds the servers. `answerMs` of the class holds at speed 1.
 */
export function serviceModel(
  p: Parameters,
  classes: LatencyClassTable,
  classRow: number,
  limitCpus: number,
  threads: number,
  discipline: Discipline,
): ServiceModel {
  assert(limitCpus > 0 && threads >= 1, 'a service has a positive limit and at least one thread');
  const speed = Math.min(1, limitCpus);
  const cpuAtFullSpeedMs = classes.cpuShare[classRow] * classes.serviceMs[classRow];
  const cpuMs = cpuAtFullSpeedMs / speed;
  return Object.freeze({
    servers: Math.max(1, Math.min(limitCpus, threads)),
    discipline,
    answerMs: classes.serviceMs[classRow] - cpuAtFullSpeedMs + cpuMs,
    cpuMs,
    scv: classes.scv[classRow],
    arrivalScv: p.arrivalScv,
    rateCv: p.rateCv,
    rateCorrelationMs: p.rateCorrelationMs,
  });
}
