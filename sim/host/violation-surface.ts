/**
 * P(T > target) of one service as a surface over (rho kappa, kappa): built once, read for every pod and window.
 *
 * 96 x 24 nodes of ln P; rho kappa on [0, 1.25], kappa by 1 - 1/kappa on [0, 0.875] (kappa 1 to 8, finest near 1); once without and once
 * with the rare wake-up delay of the host's isolation level. Loads lie side by side: the pods of a service have many loads and few slowdowns,
 * so they read few cache lines. Nodes never fall along either axis, so neither does the bilinear reading. Outside the grid the edge counts.
 * Source: docs/performance-models.md 3.5; interpolation error |d ln P| below 0.05 where P > 1e-4.
 */
import { assert } from '../../policies/base/assert.ts';
import { exp, log } from '../../policies/base/exact-math.ts';
import type { ServiceModel } from './service-model.ts';
import {
  createWindowLatency,
  type LatencyTables,
  setKappa,
  setLoad,
  windowMeanMs,
  windowTail,
} from './window-latency.ts';

const LOADS = 96;
const KAPPAS = 24;
const MOST_LOAD = 1.25;
const MOST_X = 0.875;
const LOAD_SCALE = (LOADS - 1) / MOST_LOAD;
const X_SCALE = (KAPPAS - 1) / MOST_X;
/** ln of the smallest probability kept: 1e-13 is never told apart from none. */
export const LEAST_LN = -30;

/** The grid, for readers that keep their own place in it (violation-lookup.ts). */
export const LOAD_NODES = LOADS;
export const KAPPA_NODES = KAPPAS;
export const LOAD_NODES_PER_UNIT = LOAD_SCALE;
export const X_NODES_PER_UNIT = X_SCALE;

/** Surfaces of one service at one isolation level. */
export interface ViolationSurface {
  readonly targetMs: number;
  readonly delayMs: number;
  /** [kappa][load]: ln P without rare delays, and with one in every answer. */
  readonly lnTail: Float32Array;
  readonly lnTailDelayed: Float32Array;
  /** [kappa][load]: mean answer time without rare delays. */
  readonly meanMs: Float32Array;
}

/**
 * Builds the surfaces of `service` for this target; `delayMs`: mean of the rare wake-up delay (0 = none).
 *
 * Each node is raised to its lower neighbours, which moves it by less than the model error and makes the law "more load or
 * more slowdown never helps" exact.
 */
export function createViolationSurface(
  tables: LatencyTables,
  service: ServiceModel,
  targetMs: number,
  delayMs: number,
): ViolationSurface {
  assert(targetMs > 0 && delayMs >= 0, 'a target is positive and a delay not negative');
  const window = createWindowLatency(tables, service);
  const lnTail = new Float32Array(LOADS * KAPPAS);
  const lnTailDelayed = new Float32Array(LOADS * KAPPAS);
  const meanMs = new Float32Array(LOADS * KAPPAS);
  for (let i = 0; i < LOADS; i++) {
    setLoad(window, i / LOAD_SCALE);
    for (let j = 0; j < KAPPAS; j++) {
      setKappa(window, 1 / (1 - j / X_SCALE), delayMs);
      const base = windowTail(window, targetMs, false);
      const delayed = delayMs > 0 ? Math.max(base, windowTail(window, targetMs, true)) : base;
      const at = j * LOADS + i;
      lnTail[at] = Math.max(LEAST_LN, log(base));
      lnTailDelayed[at] = Math.max(LEAST_LN, log(delayed));
      meanMs[at] = windowMeanMs(window);
    }
  }
  raise(lnTail);
  raise(lnTailDelayed);
  raise(meanMs);
  return Object.freeze({ targetMs, delayMs, lnTail, lnTailDelayed, meanMs });
}

/** Running maximum along both axes. */
function raise(values: Float32Array): void {
  for (let at = 0; at < values.length; at++) {
    if (at >= LOADS && values[at] < values[at - LOADS]) values[at] = values[at - LOADS];
    if (at % LOADS > 0 && values[at] < values[at - 1]) values[at] = values[at - 1];
  }
}

/** P(T > target) without rare delays. `rhoKappa` = arrivals x CPU work x kappa / marginal capacity. */
export function violationProbability(surface: ViolationSurface, rhoKappa: number, kappa: number): number {
  return exp(read(surface.lnTail, rhoKappa, kappa));
}

/** P(T > target) when a share `delayedShare` of requests meets the level's wake-up delay: (1 - p) P + p P_delayed. */
export function violationProbabilityDelayed(
  surface: ViolationSurface,
  rhoKappa: number,
  kappa: number,
  delayedShare: number,
): number {
  const base = violationProbability(surface, rhoKappa, kappa);
  if (!(delayedShare > 0)) return base;
  const delayed = exp(read(surface.lnTailDelayed, rhoKappa, kappa));
  return base + (delayedShare < 1 ? delayedShare : 1) * (delayed - base);
}

/** Mean answer time in ms without rare delays; each delay adds probability x mean. */
export function meanAnswerMs(surface: ViolationSurface, rhoKappa: number, kappa: number): number {
  return read(surface.meanMs, rhoKappa, kappa);
}

/** Bilinear: along kappa first, then along load. */
function read(z: Float32Array, rhoKappa: number, kappa: number): number {
  const x = rhoKappa > 0 ? (rhoKappa < MOST_LOAD ? rhoKappa * LOAD_SCALE : LOADS - 1) : 0;
  const y = kappa > 1 ? (kappa < 8 ? (1 - 1 / kappa) * X_SCALE : KAPPAS - 1) : 0;
  const i = x < LOADS - 1 ? x | 0 : LOADS - 2;
  const j = y < KAPPAS - 1 ? y | 0 : KAPPAS - 2;
  const v = y - j;
  const at = j * LOADS + i;
  const up = at + LOADS;
  const low = z[at] + v * (z[up] - z[at]);
  const high = z[at + 1] + v * (z[up + 1] - z[at + 1]);
  return low + (x - i) * (high - low);
}
