/**
 * Sells the same resource to several tiers: each tier gets what the tiers above leave unused under its own water-line.
 *
 *   sellable[k] = max(0, floor(capacity x waterLine[k] / 100) - sum over j < k of peak[j])
 *
 * Two tiers are online and batch; three and four put mid and free between and below them. `peak[j]` is the predicted
 * peak of tier j, whichever predictor made it. A lower tier never sees its own peak, so raising its water-line sells more
 * of what is idle, not of what it holds itself.
 */

import { assert } from '../base/assert.ts';

/**
 * Writes what every tier may sell on every host.
 *
 * Shape: `tierPeakMilliCpu` and `outSellableMilliCpu` hold one column of `count` rows a tier, highest tier first.
 * Units: milli-CPU, percent of capacity. Rounding: down, never below 0.
 */
export function sellTiers(
  count: number,
  capacityMilliCpu: Float64Array,
  waterLinePercent: readonly number[],
  tierPeakMilliCpu: readonly Float64Array[],
  outSellableMilliCpu: readonly Float64Array[],
): void {
  const tiers = waterLinePercent.length;
  assert(tiers >= 1 && tierPeakMilliCpu.length >= tiers - 1, 'every tier but the last needs a predicted peak');
  assert(outSellableMilliCpu.length === tiers, 'one column of results a tier');
  for (let tier = 0; tier < tiers; tier++) {
    const line = waterLinePercent[tier];
    const out = outSellableMilliCpu[tier];
    for (let host = 0; host < count; host++) {
      let left = Math.floor((capacityMilliCpu[host] * line) / 100);
      for (let above = 0; above < tier; above++) left -= tierPeakMilliCpu[above][host];
      out[host] = left > 0 ? Math.floor(left) : 0;
    }
  }
}
