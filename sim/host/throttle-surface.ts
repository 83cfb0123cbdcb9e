/**
 * Share of requests that a CFS limit makes late, as a surface over (use over quota, kappa) for one service without burst: built when a
 * service first comes near its limit, read for every pod and window by violation-lookup.ts, whose grid it has.
 *
 *   late = share delayed x P(stall > slack),  slack = target - mean answer at kappa,  stall exponential
 *
 * The spread of the answer is left out. Nodes never fall along use. Reading error of ln late below 0.15 where late > 1e-4, tested.
 */
import { exp, log } from '../../policies/base/exact-math.ts';
import {
  executedCv,
  meanStallMs,
  periodCv,
  type ThrottleTable,
  throttledFraction,
  throttledRequestShare,
  throttleExponent,
} from './throttling.ts';
import { KAPPA_NODES, LEAST_LN, LOAD_NODES, LOAD_NODES_PER_UNIT, X_NODES_PER_UNIT } from './violation-surface.ts';

export const CFS_PERIOD_MS = 100;

/** What limits need to know of a service. */
export interface ThrottledService {
  /** CPU work of a request at full speed. */
  readonly workMs: number;
  readonly scv: number;
  /** CV of the request rate in a period. */
  readonly rateCv: number;
  /** Target less the mean answer alone; each unit of slowdown takes `cpuMs` of it. */
  readonly slackMs: number;
  readonly cpuMs: number;
}

/** What a quota does to a pod: periods throttled, and requests late for it. */
export interface Throttled {
  fraction: number;
  late: number;
}

/** Works out one pod exactly: `use` over its quota, burst buffer in quotas. Writes into `out`. */
export function throttle(
  table: ThrottleTable,
  service: ThrottledService,
  use: number,
  quotaCpus: number,
  burstQuotas: number,
  kappa: number,
  out: Throttled,
): void {
  const workMs = service.workMs * kappa;
  const offered = periodCv(workMs, service.scv, use, quotaCpus, CFS_PERIOD_MS, service.rateCv);
  const executed = executedCv(workMs, service.scv, use, quotaCpus, CFS_PERIOD_MS, service.rateCv);
  const fraction = throttledFraction(table, use, executed, burstQuotas, offered);
  const delayed = throttledRequestShare(fraction, offered);
  const slackMs = service.slackMs - (kappa - 1) * service.cpuMs;
  out.fraction = fraction;
  out.late = delayed;
  if (delayed <= 0 || slackMs <= 0 || use >= 1) return;
  const stallMs = meanStallMs(CFS_PERIOD_MS, fraction, throttleExponent(table, use, offered), use) / delayed;
  out.late = delayed * exp(-slackMs / stallMs);
}

/** ln of the late share over the grid of violation surfaces, [kappa][load]; about 2 ms. */
export function createThrottleSurface(
  table: ThrottleTable,
  service: ThrottledService,
  quotaCpus: number,
): Float32Array {
  const surface = new Float32Array(LOAD_NODES * KAPPA_NODES);
  const pod: Throttled = { fraction: 0, late: 0 };
  for (let i = 0; i < LOAD_NODES; i++) {
    for (let j = 0; j < KAPPA_NODES; j++) {
      throttle(table, service, i / LOAD_NODES_PER_UNIT, quotaCpus, 0, 1 / (1 - j / X_NODES_PER_UNIT), pod);
      const at = j * LOAD_NODES + i;
      const value = pod.late > 0 ? Math.max(LEAST_LN, log(pod.late)) : LEAST_LN;
      const before = i > 0 ? surface[at - 1] : LEAST_LN;
      surface[at] = value > before ? value : before;
    }
  }
  return surface;
}

const QUIET_STEPS = 256;

/** Largest use over quota, in 256 steps, up to which the late share at this slowdown stays below `share`: it grows with use. */
export function quietUse(
  table: ThrottleTable,
  service: ThrottledService,
  quotaCpus: number,
  kappa: number,
  share: number,
): number {
  const pod: Throttled = { fraction: 0, late: 0 };
  let quiet = 0;
  let loud = QUIET_STEPS;
  while (loud - quiet > 1) {
    const step = (quiet + loud) >> 1;
    throttle(table, service, step / QUIET_STEPS, quotaCpus, 0, kappa, pod);
    if (pod.late < share) quiet = step;
    else loud = step;
  }
  return quiet / QUIET_STEPS;
}
