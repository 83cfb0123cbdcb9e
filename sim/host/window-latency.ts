/**
 * Distribution of answer times over a whole window: a mixture over arrival rates of stationary sojourns and overload ramps.
 *
 * A workspace holds the mixture of one service; setLoad and setKappa move it, the rest read it. At rate f, load l = rho f:
 *
 *   every f:  lognormal sojourn at load min(l, 0.95), over 15 Hermite nodes
 *   l > 1:    wait uniform on [0, R], R = (l - 1) t_w, plus the answer time, where that is later; over 16 Legendre nodes
 *
 * Requests at rate f weigh f. Draining replaces min(1, sum w (l - 1) / (1 - rho)) of the other requests by the ramps' waits.
 * Used when surfaces are built; the hot path reads surfaces. Source: docs/performance-models.md 3.5, option 2.
 */
import { exp, log } from '../../policies/base/exact-math.ts';
import { createErlangCTable, type ErlangCTable, erlangC } from './erlang-c.ts';
import { createNormalTailTable, type NormalTailTable, normalTail } from './normal-tail.ts';
import { gaussLegendre, OVERLOAD_NODES, overloadNodes, rateNodes } from './rate-variation.ts';
import type { ServiceModel } from './service-model.ts';
import { sojournMean, sojournVariance, waitScale } from './sojourn.ts';
import { createThrottleTable, type ThrottleTable } from './throttling.ts';

/** Tables that all services share. */
export interface LatencyTables {
  readonly erlangC: ErlangCTable;
  readonly throttle: ThrottleTable;
  readonly normal: NormalTailTable;
  readonly legendre: { readonly node: Float64Array; readonly weight: Float64Array };
  readonly stationaryCap: number;
}

/** Builds the shared tables (20 to 40 ms). `stationaryCap`: the load up to which a rate counts as stationary. */
export function createLatencyTables(stationaryCap: number): LatencyTables {
  return Object.freeze({
    erlangC: createErlangCTable(),
    throttle: createThrottleTable(),
    normal: createNormalTailTable(),
    legendre: gaussLegendre(),
    stationaryCap,
  });
}

/**
 * Workspace of one service. Columns up to `delayedSigma` have one row per Hermite node and a last row for load 0.95; columns
 * from `rampMs` on one row per overload node.
 */
export interface WindowLatency {
  readonly tables: LatencyTables;
  readonly service: ServiceModel;
  readonly factor: Float64Array;
  /** w f; 0 in the last row. */
  readonly requestWeight: Float64Array;
  readonly load: Float64Array;
  readonly waiting: Float64Array;
  readonly eta: Float64Array;
  readonly meanMs: Float64Array;
  readonly lnMedian: Float64Array;
  readonly sigma: Float64Array;
  readonly lnDelayedMedian: Float64Array;
  readonly delayedSigma: Float64Array;
  readonly rampMs: Float64Array;
  readonly rampFactor: Float64Array;
  readonly rampWeight: Float64Array;
  /** Share of requests that meet this ramp while the queue drains. */
  readonly drainWeight: Float64Array;
  /** See the indices below. */
  readonly whole: Float64Array;
}

const RAMPS = 0;
const DRAINED = 1;
/** Mean, ln median and sigma of the bare answer; then the same with the rare delay. */
const ANSWER = 2;
const DELAYED = 5;
/** ln of the last quantile found, where the next search starts. */
const LAST_LN = 8;

/** A workspace for `service`; call setLoad, then setKappa, before reading. */
export function createWindowLatency(tables: LatencyTables, service: ServiceModel): WindowLatency {
  const { factor, weight } = rateNodes(service.rateCv);
  const column = () => new Float64Array(factor.length + 1);
  const rampColumn = () => new Float64Array(OVERLOAD_NODES);
  const w: WindowLatency = {
    tables,
    service,
    factor: column(),
    requestWeight: column(),
    load: column(),
    waiting: column(),
    eta: column(),
    meanMs: column(),
    lnMedian: column(),
    sigma: column(),
    lnDelayedMedian: column(),
    delayedSigma: column(),
    rampMs: rampColumn(),
    rampFactor: rampColumn(),
    rampWeight: rampColumn(),
    drainWeight: rampColumn(),
    whole: new Float64Array(9),
  };
  w.factor.set(factor);
  w.factor[factor.length] = Number.POSITIVE_INFINITY;
  for (let k = 0; k < factor.length; k++) w.requestWeight[k] = weight[k] * factor[k];
  w.whole[LAST_LN] = log(service.answerMs);
  return w;
}

/** Sets the mean load rho (slowdown included) of the window. */
export function setLoad(w: WindowLatency, rho: number): void {
  const { service, tables } = w;
  for (let k = 0; k < w.factor.length; k++) {
    const load = k === w.factor.length - 1 ? tables.stationaryCap : Math.min(rho * w.factor[k], tables.stationaryCap);
    w.load[k] = load;
    w.waiting[k] = erlangC(tables.erlangC, service.servers, load);
    w.eta[k] = waitScale(service.discipline, service.servers, load, service.arrivalScv, service.scv);
  }
  const ramps = overloadNodes(tables.legendre, service.rateCv, rho, w.rampFactor, w.rampWeight);
  let drained = 0;
  for (let k = 0; k < ramps; k++) {
    const over = rho * w.rampFactor[k] - 1;
    w.rampMs[k] = over * service.rateCorrelationMs;
    w.drainWeight[k] = (w.rampWeight[k] * over) / Math.max(1 - rho, 1e-9);
    drained += w.drainWeight[k];
  }
  if (drained > 1) {
    for (let k = 0; k < ramps; k++) w.drainWeight[k] /= drained;
    drained = 1;
  }
  w.whole[RAMPS] = ramps;
  w.whole[DRAINED] = drained;
}

/** Sets the slowdown kappa of CPU work and the mean `delayMs` of the rare delay that delayed tails include. */
export function setKappa(w: WindowLatency, kappa: number, delayMs: number): void {
  const { discipline, answerMs, cpuMs, scv } = w.service;
  const cpuPart = kappa * cpuMs;
  const answer = answerMs - cpuMs + cpuPart;
  const last = w.factor.length - 1;
  // From the last row down: rates beyond the stationary cap have its load, so what holds for that row holds for them.
  for (let k = last; k >= 0; k--) {
    if (k < last && w.load[k] === w.load[last]) {
      copyRow(w, last, k);
      continue;
    }
    const mean = sojournMean(answer, cpuPart, w.waiting[k], w.eta[k]);
    const variance = sojournVariance(discipline, answer, cpuPart, scv, w.load[k], w.waiting[k], w.eta[k]);
    w.meanMs[k] = mean;
    setLognormal(w.lnMedian, w.sigma, k, mean, variance);
    if (delayMs > 0) setLognormal(w.lnDelayedMedian, w.delayedSigma, k, mean + delayMs, variance + delayMs * delayMs);
  }
  const spread = scv * answer * answer;
  setBareAnswer(w.whole, ANSWER, answer, spread);
  setBareAnswer(w.whole, DELAYED, answer + delayMs, spread + delayMs * delayMs);
}

function copyRow(w: WindowLatency, from: number, to: number): void {
  w.meanMs[to] = w.meanMs[from];
  w.lnMedian[to] = w.lnMedian[from];
  w.sigma[to] = w.sigma[from];
  w.lnDelayedMedian[to] = w.lnDelayedMedian[from];
  w.delayedSigma[to] = w.delayedSigma[from];
}

function setLognormal(median: Float64Array, sigma: Float64Array, k: number, mean: number, variance: number): void {
  const s2 = log(1 + variance / (mean * mean));
  median[k] = log(mean) - 0.5 * s2;
  sigma[k] = Math.sqrt(s2);
}

function setBareAnswer(whole: Float64Array, at: number, mean: number, variance: number): void {
  const s2 = log(1 + variance / (mean * mean));
  whole[at] = mean;
  whole[at + 1] = log(mean) - 0.5 * s2;
  whole[at + 2] = Math.sqrt(s2);
}

/** P(T > t) over the window's requests; `delayed` includes one rare delay in every answer. Units: ms. */
export function windowTail(w: WindowLatency, tMs: number, delayed: boolean): number {
  const normal = w.tables.normal;
  const medians = delayed ? w.lnDelayedMedian : w.lnMedian;
  const sigmas = delayed ? w.delayedSigma : w.sigma;
  const lnT = log(tMs);
  const last = w.factor.length - 1;
  let during = 0;
  for (let k = 0; k < last; k++) during += w.requestWeight[k] * normalTail(normal, (lnT - medians[k]) / sigmas[k]);
  const ramps = w.whole[RAMPS];
  if (ramps === 0) return during < 1 ? during : 1;
  const capped = normalTail(normal, (lnT - medians[last]) / sigmas[last]);
  const beyond = excess(w, tMs, delayed);
  let draining = 0;
  for (let k = 0; k < ramps; k++) {
    const ramp = (excess(w, tMs - w.rampMs[k], delayed) - beyond) / w.rampMs[k];
    if (ramp > capped) during += w.rampWeight[k] * w.rampFactor[k] * (ramp - capped);
    draining += w.drainWeight[k] * ramp;
  }
  const mixed = during * (1 - w.whole[DRAINED]) + draining;
  const tail = mixed > during ? mixed : during;
  return tail < 1 ? tail : 1;
}

/** E max(0, X - a) for the bare answer X: m Q(z - sigma) - a Q(z), z = (ln a - ln median) / sigma. */
function excess(w: WindowLatency, aMs: number, delayed: boolean): number {
  const at = delayed ? DELAYED : ANSWER;
  const mean = w.whole[at];
  if (aMs <= 0) return mean - aMs;
  const sigma = w.whole[at + 2];
  const z = (log(aMs) - w.whole[at + 1]) / sigma;
  return mean * normalTail(w.tables.normal, z - sigma) - aMs * normalTail(w.tables.normal, z);
}

/** Mean answer time over the window's requests, ms. */
export function windowMeanMs(w: WindowLatency): number {
  const last = w.factor.length - 1;
  let during = 0;
  for (let k = 0; k < last; k++) during += w.requestWeight[k] * w.meanMs[k];
  let draining = 0;
  for (let k = 0; k < w.whole[RAMPS]; k++) {
    const ramp = w.whole[ANSWER] + 0.5 * w.rampMs[k];
    if (ramp > w.meanMs[last]) during += w.rampWeight[k] * w.rampFactor[k] * (ramp - w.meanMs[last]);
    draining += w.drainWeight[k] * ramp;
  }
  return Math.max(during, during * (1 - w.whole[DRAINED]) + draining);
}

/**
 * The time that a share `late` of requests exceeds, when a share `delayedShare` of them meets the rare delay.
 *
 * Bracketed from the last answer, then regula falsi (Illinois) in ln t and ln P to a width of 1e-4 or a step of 1e-5. Units: ms.
 */
export function windowQuantileMs(w: WindowLatency, late: number, delayedShare: number): number {
  let low = w.whole[LAST_LN];
  let missLow = miss(w, low, delayedShare, late);
  let high = low;
  let missHigh = missLow;
  let step = 0.1;
  while (missLow < 0) {
    high = low;
    missHigh = missLow;
    low -= step;
    step *= 3;
    missLow = miss(w, low, delayedShare, late);
  }
  while (missHigh > 0) {
    low = high;
    missLow = missHigh;
    high += step;
    step *= 3;
    missHigh = miss(w, high, delayedShare, late);
  }
  let x = low;
  while (high - low > 1e-4) {
    const next = missLow === missHigh ? 0.5 * (low + high) : (low * missHigh - high * missLow) / (missHigh - missLow);
    const moved = next > x ? next - x : x - next;
    x = next > low && next < high ? next : 0.5 * (low + high);
    if (moved < 1e-5) break;
    const here = miss(w, x, delayedShare, late);
    if (here > 0) {
      low = x;
      missLow = here;
      missHigh *= 0.5;
    } else {
      high = x;
      missHigh = here;
      missLow *= 0.5;
    }
  }
  w.whole[LAST_LN] = x;
  return exp(x);
}

/** ln P(T > e^x) - ln late, kept finite. */
function miss(w: WindowLatency, x: number, delayedShare: number, late: number): number {
  const tMs = exp(x);
  let tail = windowTail(w, tMs, false);
  if (delayedShare > 0) tail += delayedShare * (Math.max(tail, windowTail(w, tMs, true)) - tail);
  return log(Math.max(tail, 1e-300)) - log(late);
}
