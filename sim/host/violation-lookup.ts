/**
 * Reading violation surfaces 400 million times a simulated week: the same bilinear reading as violation-surface.ts, with the part
 * that depends on host and class alone (the place along kappa) found once per host, and e^x from a table.
 *
 * Error against violationProbabilityDelayed: relative 7e-6 (linear steps of 1/136 in the exponent), tested.
 */
import { exp } from '../../policies/base/exact-math.ts';
import { KAPPA_NODES, LEAST_LN, LOAD_NODES, LOAD_NODES_PER_UNIT, X_NODES_PER_UNIT } from './violation-surface.ts';

const EXP_STEPS = 4096;
const EXP_SCALE = EXP_STEPS / -LEAST_LN;
/** e^(LEAST_LN + i / EXP_SCALE), one point beyond 0 for interpolation at the end. */
const EXP_TABLE: Float64Array = (() => {
  const table = new Float64Array(EXP_STEPS + 2);
  for (let i = 0; i < table.length; i++) table[i] = exp(LEAST_LN + i / EXP_SCALE);
  return table;
})();

const LAST_LOAD = LOAD_NODES - 1;
const LAST_KAPPA = KAPPA_NODES - 1;

/** e^x from the table for x in [LEAST_LN, 0]; 0 below, 1 above. Relative error 7e-6. */
export function tableExp(x: number): number {
  if (x >= 0) return 1;
  const e = (x - LEAST_LN) * EXP_SCALE;
  if (e <= 0) return 0;
  const k = e | 0;
  return EXP_TABLE[k] + (e - k) * (EXP_TABLE[k + 1] - EXP_TABLE[k]);
}

/** Place of a slowdown along the kappa axis, in nodes; beyond the grid the edge. */
export function kappaPlace(kappa: number): number {
  if (!(kappa > 1)) return 0;
  const y = (1 - 1 / kappa) * X_NODES_PER_UNIT;
  return y < LAST_KAPPA ? y : LAST_KAPPA;
}

/**
 * P(T > target) of `count` pods of one service at their loads (rho x kappa) and places along kappa, into `out`; `delayedShares`: share of
 * requests that meet the wake-up delay, null = none (`lnTailDelayed` is then not read).
 *
 * A batch and not one pod, because the engine does not inline a function of this size, and a call boxes every double it passes.
 */
export function violationsAt(
  lnTail: Float32Array,
  lnTailDelayed: Float32Array,
  loads: Float64Array,
  places: Float64Array,
  delayedShares: Float64Array | null,
  count: number,
  out: Float64Array,
): void {
  const lastLoad = LAST_LOAD;
  const lastKappa = LAST_KAPPA;
  const row = LOAD_NODES;
  const perLoad = LOAD_NODES_PER_UNIT;
  const least = LEAST_LN;
  const expScale = EXP_SCALE;
  const exps = EXP_TABLE;
  for (let n = 0; n < count; n++) {
    const x = loads[n] > 0 ? loads[n] * perLoad : 0;
    const bounded = x < lastLoad ? x : lastLoad;
    const i = bounded < lastLoad ? bounded | 0 : lastLoad - 1;
    const place = places[n];
    const j = place < lastKappa ? place | 0 : lastKappa - 1;
    const u = bounded - i;
    const v = place - j;
    const at = j * row + i;
    const up = at + row;
    const low = lnTail[at] + v * (lnTail[up] - lnTail[at]);
    const high = lnTail[at + 1] + v * (lnTail[up + 1] - lnTail[at + 1]);
    const e = (low + u * (high - low) - least) * expScale;
    const k = e | 0;
    const base = exps[k] + (e - k) * (exps[k + 1] - exps[k]);
    if (delayedShares === null || !(delayedShares[n] > 0)) {
      out[n] = base;
      continue;
    }
    const lowDelayed = lnTailDelayed[at] + v * (lnTailDelayed[up] - lnTailDelayed[at]);
    const highDelayed = lnTailDelayed[at + 1] + v * (lnTailDelayed[up + 1] - lnTailDelayed[at + 1]);
    const d = (lowDelayed + u * (highDelayed - lowDelayed) - least) * expScale;
    const m = d | 0;
    const delayed = exps[m] + (d - m) * (exps[m + 1] - exps[m]);
    const share = delayedShares[n] < 1 ? delayedShares[n] : 1;
    out[n] = base + share * (delayed - base);
  }
}
