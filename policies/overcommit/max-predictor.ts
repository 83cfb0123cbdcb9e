/**
 * The larger of two predictions, host by host: the choice made for production.
 *
 *   P = max(N-sigma, RC-like)
 *
 * N-sigma reacts to the machine's swings, RC-like to single tasks; each covers what the other misses.
 * Source: Take it to the limit (EuroSys'21), max predictor.
 */

import type { MachineHistory } from './machine-history.ts';
import type { MachinePeakPredictor } from './machine-peak.ts';
import { type NSigmaConfig, nSigma } from './n-sigma.ts';
import { rcLike, type TaskPercentileConfig } from './rc-like.ts';

/** Configuration of both predictors. */
export interface MaxPredictorConfig {
  readonly nSigma: NSigmaConfig;
  readonly rcLike: TaskPercentileConfig;
}

function predictMax(count: number, history: MachineHistory, config: MaxPredictorConfig, out: Float64Array): void {
  const other = history.hostScratchB;
  nSigma.predict(count, history, config.nSigma, out);
  rcLike.predict(count, history, config.rcLike, other);
  for (let host = 0; host < count; host++) if (other[host] > out[host]) out[host] = other[host];
}

/** Maximum of N-sigma and RC-like. */
export const maxPredictor: MachinePeakPredictor<MaxPredictorConfig> = {
  name: 'max',
  defaults: { nSigma: nSigma.defaults, rcLike: rcLike.defaults },
  needs: [],
  predict: predictMax,
};
