/**
 * Quotas of pods and what follows from them for a run: surfaces of late shares, uses below which limits are quiet, and what policies set.
 */
import type { PodThrottling } from '../../policies/ports.ts';
import type { TaskTable } from '../cluster/tasks.ts';
import type { Parameters } from '../host/parameters.ts';
import { quietUse, type ThrottledService } from '../host/throttle-surface.ts';
import type { ThrottleTable } from '../host/throttling.ts';
import type { LatencyModel } from './latency-model.ts';
import type { OnlineState } from './online.ts';

const US_PER_MILLI_CPU = 100;

/** Quotas of pods and what they lead to; row a pod. */
export interface Throttling {
  readonly table: ThrottleTable;
  /** Quota over the limit, and burst buffer over the quota: 1 and 0 unless a policy sets them. */
  readonly quotaScale: Float64Array;
  readonly burstQuotas: Float64Array;
  /** Start of the pod that the two columns belong to. */
  readonly setSinceMs: Float64Array;
  readonly signals: PodThrottling;
  /** Whether a policy reads the signals: then every pod is worked out. */
  readonly isAsked: boolean;
  /** Row a service. CV of its rate in a period: that inside a window, and at least the table's cv100. */
  readonly services: readonly ThrottledService[];
  /** Built when first needed; they follow from the service alone. */
  readonly surfaces: (Float32Array | null)[];
  /** Use up to which limits make less than QUIET_SHARE of the requests late, row a service. */
  readonly quietMilliCpu: Float64Array;
  /** Late alone over late of each service, as last evaluated: see latency-term.ts. */
  readonly aloneRatio: Float64Array;
  /** [late requests because of throttling, in the whole run] */
  readonly lateRequests: Float64Array;
}

/** Every pod at its limit, without burst. */
export function createThrottling(
  online: OnlineState,
  latency: LatencyModel,
  p: Parameters,
  isAsked: boolean,
): Throttling {
  const table = latency.tables.throttle;
  const { services, firstPod } = online;
  const pods = firstPod[services.count];
  const f = () => new Float64Array(pods);
  const described = latency.service.map(
    ({ scv, answerMs, cpuMs }, s): ThrottledService => ({
      workMs: latency.workMs[s],
      scv,
      rateCv: Math.max(latency.rateCv[s], p.cv100),
      slackMs: latency.target[s].targetMs - answerMs,
      cpuMs,
    }),
  );
  return {
    table,
    quotaScale: f().fill(1),
    burstQuotas: f(),
    setSinceMs: f().fill(-1),
    signals: { limitMilliCpu: online.podLimitMilliCpu, throttledRatio: f(), lastUsedMilliCpu: f() },
    aloneRatio: new Float64Array(services.count).fill(1),
    lateRequests: new Float64Array(1),
    isAsked,
    services: described,
    surfaces: new Array<Float32Array | null>(services.count).fill(null),
    quietMilliCpu: Float64Array.from(services.limitMilliCpu, (limit, s) =>
      limit > 0
        ? quietUse(table, described[s], limit / 1000, QUIET_KAPPA, QUIET_SHARE) * limit
        : Number.POSITIVE_INFINITY,
    ),
  };
}

/** A thousandth of what an objective of 99 % allows. */
const QUIET_SHARE = 1e-5;
/** The slowdown assumed while looking for the quiet use; slower hosts are rare and push it down by little. */
const QUIET_KAPPA = 2;

/** A pod has another limit: its quota is that, without burst, until a policy sets both again. */
export function forgetBurst(throttling: Throttling, row: number): void {
  throttling.quotaScale[row] = 1;
  throttling.burstQuotas[row] = 0;
}

/** Sets quota and burst buffer of one pod, in microseconds a period. */
export function limitPod(
  throttling: Throttling,
  tasks: TaskTable,
  row: number,
  quotaUs: number,
  burstUs: number,
): void {
  const limitUs = throttling.signals.limitMilliCpu[row] * US_PER_MILLI_CPU;
  throttling.quotaScale[row] = quotaUs / limitUs;
  throttling.burstQuotas[row] = burstUs / quotaUs;
  throttling.setSinceMs[row] = tasks.startedAtMs[row];
}
