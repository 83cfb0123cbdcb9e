/**
 * p99 answer time of one service as a surface over (rho kappa, kappa, share of requests with the wake-up delay).
 *
 * 48 x 8 x 4 nodes of ln p99, read trilinearly: rho kappa on [0, 1.25], kappa by 1 - 1/kappa on [0, 0.875], share by its
 * square root on [0, 0.6] (shares 0, 0.04, 0.16, 0.36). For reports; violations come from violation-surface.ts.
 * Source: docs/performance-models.md 3.4 and 3.5; model band of p99 -18..+33 %.
 */
import { exp, log } from '../../policies/base/exact-math.ts';
import type { ServiceModel } from './service-model.ts';
import { createWindowLatency, type LatencyTables, setKappa, setLoad, windowQuantileMs } from './window-latency.ts';

const LOADS = 48;
const KAPPAS = 8;
const SHARES = 4;
const MOST_LOAD = 1.25;
const MOST_X = 0.875;
const MOST_ROOT = 0.6;
const LOAD_SCALE = (LOADS - 1) / MOST_LOAD;
const X_SCALE = (KAPPAS - 1) / MOST_X;
const ROOT_SCALE = (SHARES - 1) / MOST_ROOT;

/** ln p99 in ms, [load][kappa][share]. */
export type P99Surface = Float32Array;

/** Builds the surface of `service`; `delayMs`: mean of the rare wake-up delay (0 = none). Nodes never fall along an axis. */
export function createP99Surface(tables: LatencyTables, service: ServiceModel, delayMs: number): P99Surface {
  const window = createWindowLatency(tables, service);
  const surface = new Float32Array(LOADS * KAPPAS * SHARES);
  for (let i = 0; i < LOADS; i++) {
    setLoad(window, i / LOAD_SCALE);
    for (let j = 0; j < KAPPAS; j++) {
      setKappa(window, 1 / (1 - j / X_SCALE), delayMs);
      for (let k = 0; k < SHARES; k++) {
        const at = (i * KAPPAS + j) * SHARES + k;
        const root = k / ROOT_SCALE;
        if (k > 0 && delayMs === 0) surface[at] = surface[at - 1];
        else surface[at] = log(windowQuantileMs(window, 0.01, root * root));
        if (k > 0) surface[at] = Math.max(surface[at], surface[at - 1]);
        if (j > 0) surface[at] = Math.max(surface[at], surface[at - SHARES]);
        if (i > 0) surface[at] = Math.max(surface[at], surface[at - SHARES * KAPPAS]);
      }
    }
  }
  return surface;
}

/** p99 answer time, ms; outside the grid the edge counts. */
export function p99AnswerMs(z: P99Surface, rhoKappa: number, kappa: number, delayedShare: number): number {
  const x = rhoKappa > 0 ? Math.min(rhoKappa * LOAD_SCALE, LOADS - 1) : 0;
  const y = kappa > 1 ? Math.min((1 - 1 / kappa) * X_SCALE, KAPPAS - 1) : 0;
  const r = delayedShare > 0 ? Math.min(Math.sqrt(delayedShare) * ROOT_SCALE, SHARES - 1) : 0;
  const i = Math.min(Math.floor(x), LOADS - 2);
  const j = Math.min(Math.floor(y), KAPPAS - 2);
  const k = Math.min(Math.floor(r), SHARES - 2);
  const at = (i * KAPPAS + j) * SHARES + k;
  const low = plane(z, at, y - j, r - k);
  const high = plane(z, at + KAPPAS * SHARES, y - j, r - k);
  return exp(low + (x - i) * (high - low));
}

/** Bilinear over kappa and share at one load. */
function plane(z: P99Surface, at: number, v: number, r: number): number {
  const low = z[at] + r * (z[at + 1] - z[at]);
  const high = z[at + SHARES] + r * (z[at + SHARES + 1] - z[at + SHARES]);
  return low + v * (high - low);
}
