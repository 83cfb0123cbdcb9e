/**
 * Requests under a CFS bandwidth quota, stepped at half a millisecond: the oracle for the throttling closed forms.
 *
 * Every request is a thread on a core of its own. Running threads use up the quota of the period; at zero all wait for the next
 * period, which also pays back what the last step overdrew. What is left of a quota is kept up to the burst buffer. The arrival
 * rate is redrawn each period (lognormal).
 */
import { exp, log, normalQuantile } from '../../../policies/base/exact-math.ts';

/** A pod and its requests; ms, cpus. */
export interface CfsCase {
  readonly limitCpus: number;
  readonly serviceMs: number;
  readonly use: number;
  readonly rateCv: number;
  readonly burstQuotas: number;
}

/** What the run showed. */
export interface CfsOutcome {
  /** Throttled periods over all periods. */
  readonly throttledFraction: number;
  /** Stalled time per finished request. */
  readonly stallMsMean: number;
}

const PERIOD_MS = 100;
const STEP_MS = 0.5;

/** Runs `periods` periods of 100 ms of exponential services; draws from `uniform` only. */
export function simulateCfs(pod: CfsCase, periods: number, uniform: () => number): CfsOutcome {
  const quotaMs = pod.limitCpus * PERIOD_MS;
  const sigma2 = log(1 + pod.rateCv * pod.rateCv);
  const rate = (pod.use * pod.limitCpus) / pod.serviceMs;
  const workMs: number[] = [];
  let reserveMs = 0;
  let throttledPeriods = 0;
  let finished = 0;
  let stalledMs = 0;
  for (let period = 0; period < periods; period++) {
    const normal = normalQuantile(Math.max(uniform(), 1e-12));
    const periodRate = rate * exp(Math.sqrt(sigma2) * normal - 0.5 * sigma2);
    let runtimeMs = quotaMs + reserveMs;
    let isThrottled = false;
    let nextMs = -log(1 - uniform()) / periodRate;
    for (let nowMs = 0; nowMs < PERIOD_MS; nowMs += STEP_MS) {
      while (nextMs < nowMs + STEP_MS) {
        workMs.push(-log(1 - uniform()) * pod.serviceMs);
        nextMs -= log(1 - uniform()) / periodRate;
      }
      if (runtimeMs <= 0) {
        if (workMs.length > 0) isThrottled = true;
        stalledMs += workMs.length * STEP_MS;
        continue;
      }
      let kept = 0;
      for (let k = 0; k < workMs.length; k++) {
        runtimeMs -= Math.min(workMs[k], STEP_MS);
        if (workMs[k] > STEP_MS) workMs[kept++] = workMs[k] - STEP_MS;
        else finished++;
      }
      workMs.length = kept;
    }
    if (isThrottled) throttledPeriods++;
    reserveMs = Math.min(runtimeMs, pod.burstQuotas * quotaMs);
  }
  return { throttledFraction: throttledPeriods / periods, stallMsMean: finished > 0 ? stalledMs / finished : 0 };
}
