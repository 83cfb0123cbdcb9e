/**
 * Arrival rates that vary inside a window: nodes over the rate, a wait ramp for overload, and a 1 s fluid queue.
 *
 * Formulas at the mean rate are badly optimistic when the window is longer than the time a rate lasts. With a lognormal rate
 * of mean 1 and CV v the window is a mixture over rates f, seen by requests with weight f. A rate with rho f <= 0.95 is
 * stationary. One with rho f > 1 builds a backlog during t_w: its waits are uniform on [0, (rho f - 1) t_w], and the queue
 * needs (rho f - 1) / (1 - rho) further windows to drain through the same waits.
 *
 * The stationary part is integrated by the 15-point Gauss-Hermite rule. Overload sets in with a jump at f = 1/rho when t_w is
 * long; Hermite nodes alone would turn the curve over rho into stairs (a factor 4 within 0.01 of load), so overload has its
 * own 16-point Gauss-Legendre rule on [1/rho, top], whose nodes move with rho.
 * Source: docs/performance-models.md 3.5 (p99 within -18..+33 % of simulation, P(T > 4S) within -12..+16 %).
 */
import { cos, exp, log } from '../../policies/base/exact-math.ts';

const NODES = 15;
export const OVERLOAD_NODES = 16;

/** Rate factors f_k (mean 1) with their weights in time; weights sum to 1, weights x factors too. */
export interface RateNodes {
  readonly factor: Float64Array;
  readonly weight: Float64Array;
}

/**
 * Nodes and weights of the 15-point Gauss-Hermite rule for integrals against e^{-x^2}, in ascending order.
 *
 * Newton's method on the orthonormal Hermite recurrence; error below 1e-13 (the weights sum to sqrt(pi)).
 */
export function gaussHermite(): { readonly node: Float64Array; readonly weight: Float64Array } {
  const node = new Float64Array(NODES);
  const weight = new Float64Array(NODES);
  const start = [4.5, 3.67, 2.97, 2.33, 1.72, 1.14, 0.57, 0]; // roots lie within 0.01 of these
  const pivot = 0.7511255444649425; // pi^(-1/4)
  for (let i = 0; i < start.length; i++) {
    let x = start[i];
    let slope = 1;
    for (let step = 0; step < 20; step++) {
      let value = pivot;
      let before = 0;
      for (let j = 0; j < NODES; j++) {
        const older = before;
        before = value;
        value = x * Math.sqrt(2 / (j + 1)) * before - Math.sqrt(j / (j + 1)) * older;
      }
      slope = Math.sqrt(2 * NODES) * before;
      const move = value / slope;
      x -= move;
      if (move < 1e-15 && move > -1e-15) break;
    }
    if (i === start.length - 1) x = 0;
    node[NODES - 1 - i] = x;
    node[i] = -x;
    weight[i] = 2 / (slope * slope);
    weight[NODES - 1 - i] = weight[i];
  }
  return { node, weight };
}

/**
 * Rate nodes of a lognormal rate with mean 1 and this CV.
 *
 *   s^2 = ln(1 + v^2), f_k = e^{sqrt(2) s x_k - s^2/2}, w_k = weight_k / sqrt(pi); both sums are then normalised to 1
 */
export function rateNodes(rateCv: number): RateNodes {
  const { node, weight } = gaussHermite();
  const s2 = log(1 + rateCv * rateCv);
  const factor = new Float64Array(NODES);
  const share = new Float64Array(NODES);
  let shares = 0;
  for (let k = 0; k < NODES; k++) shares += weight[k];
  let mean = 0;
  for (let k = 0; k < NODES; k++) {
    factor[k] = exp(Math.sqrt(2 * s2) * node[k] - 0.5 * s2);
    share[k] = weight[k] / shares;
    mean += share[k] * factor[k];
  }
  for (let k = 0; k < NODES; k++) factor[k] /= mean;
  return Object.freeze({ factor, weight: share });
}

/** Nodes and weights of the 16-point Gauss-Legendre rule on [-1, 1], by Newton's method; error below 1e-14. */
export function gaussLegendre(): { readonly node: Float64Array; readonly weight: Float64Array } {
  const node = new Float64Array(OVERLOAD_NODES);
  const weight = new Float64Array(OVERLOAD_NODES);
  for (let i = 0; i < OVERLOAD_NODES; i++) {
    let x = -cos((Math.PI * (i + 0.75)) / (OVERLOAD_NODES + 0.5));
    let slope = 1;
    for (let step = 0; step < 20; step++) {
      let value = 1;
      let before = 0;
      for (let j = 1; j <= OVERLOAD_NODES; j++) {
        const older = before;
        before = value;
        value = ((2 * j - 1) * x * before - (j - 1) * older) / j;
      }
      slope = (OVERLOAD_NODES * (x * value - before)) / (x * x - 1);
      const move = value / slope;
      x -= move;
      if (move < 1e-15 && move > -1e-15) break;
    }
    node[i] = x;
    weight[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { node, weight };
}

/** Standard deviations of ln rate that the overload rule reaches; beyond lies 1e-9 of the time. */
const REACH = 6;

/**
 * Writes rates f > 1/rho and their weights in time to `factor` and `weight` (16 rows); returns how many rows are used (0 or 16).
 *
 *   z_k on [z_1, 6] with e^{s z_1 - s^2/2} = 1/rho;  f_k = e^{s z_k - s^2/2}, w_k = (half width) weight_k phi(z_k)
 */
export function overloadNodes(
  rule: { readonly node: Float64Array; readonly weight: Float64Array },
  rateCv: number,
  rho: number,
  factor: Float64Array,
  weight: Float64Array,
): number {
  const s2 = log(1 + rateCv * rateCv);
  const s = Math.sqrt(s2);
  const first = rho > 0 && s > 0 ? Math.max(-REACH, (0.5 * s2 - log(rho)) / s) : REACH;
  if (first >= REACH) return 0;
  const half = 0.5 * (REACH - first);
  for (let k = 0; k < OVERLOAD_NODES; k++) {
    const z = first + half * (rule.node[k] + 1);
    factor[k] = exp(s * z - 0.5 * s2);
    weight[k] = half * rule.weight[k] * 0.3989422804014327 * exp(-0.5 * z * z);
  }
  return OVERLOAD_NODES;
}

/** Backlog at the end of a step of the fluid queue: max(0, B + (arrivals - capacity) dt). Units: work, work/s, s. */
export function fluidBacklog(backlog: number, arrivals: number, capacity: number, seconds: number): number {
  const next = backlog + (arrivals - capacity) * seconds;
  return next > 0 ? next : 0;
}

/** Wait added by a backlog: B / capacity; a backlog worth more than `timeoutSeconds` of arrivals is given up by clients. */
export function fluidWaitSeconds(backlog: number, capacity: number): number {
  return backlog > 0 ? backlog / capacity : 0;
}

/** Backlog that stays when clients give up after `timeoutSeconds`: min(B, arrivals x timeout). */
export function fluidAfterTimeouts(backlog: number, arrivals: number, timeoutSeconds: number): number {
  const most = arrivals * timeoutSeconds;
  return backlog < most ? backlog : most;
}
