/**
 * What the 1 s loop of CPU suppression does inside a longer window, in closed form, and the loop itself.
 *
 * Use is sampled once a second as the mean of the last second; the loop reads the latest sample once a second at its own
 * phase, cuts at once and grows best effort by at most a tenth of the node per second. A step of latency-sensitive use is
 * therefore seen in part first and in full a second later, and noise costs best effort its slow way back.
 * Source: docs/performance-models.md 1.5; Koordinator koordlet, cpu suppress.
 */
import { assert } from '../../policies/base/assert.ts';

/**
 * CPU above the water-line after a rise of LS use by `riseCpus` while best effort was at the line, core-seconds.
 *
 * Mean over phases 1.5 s per core: with the sample at a and the loop D later (both uniform on [0, 1)), excess is 1 until
 * a + D and 1 - a for one second more: 1 + D. A fall of LS use costs nothing.
 */
export function stepExcessCpuSeconds(riseCpus: number, excessSeconds: number): number {
  return riseCpus > 0 ? riseCpus * excessSeconds : 0;
}

/** Weight within a window of the state before suppression: min(1, excess seconds / window), 0 without a rise. */
export function stepExcessWeight(riseCpus: number, excessSeconds: number, windowSeconds: number): number {
  if (!(riseCpus > 0)) return 0;
  return excessSeconds < windowSeconds ? excessSeconds / windowSeconds : 1;
}

/** Seconds until best effort has grown back into `freedCpus`: ceil(freed / (growth per second)). */
export function recoverySeconds(freedCpus: number, cpus: number, growthFraction: number): number {
  return freedCpus > 0 ? Math.ceil(freedCpus / (growthFraction * cpus)) : 0;
}

/**
 * Mean grant lost within a window to the way back after LS use falls by `freedCpus`, in cpus.
 *
 * The first growth comes one second after the fall on average, each next one a second later: freed + sum of (freed - k g)
 * = freed^2 / (2 g) + freed / 2 core-seconds with growth g per second; at most freed x window.
 */
export function recoveryLossCpus(
  freedCpus: number,
  cpus: number,
  growthFraction: number,
  windowSeconds: number,
): number {
  if (!(freedCpus > 0)) return 0;
  const area = (freedCpus * freedCpus) / (2 * growthFraction * cpus) + 0.5 * freedCpus;
  const loss = area / windowSeconds;
  return loss < freedCpus ? loss : freedCpus;
}

/** Ratio of 1 s standard deviation to growth per second, and the loss of mean grant over that standard deviation. */
const RATIO = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16];
const LOSS = [0, 0.0008, 0.0516, 0.1404, 0.2277, 0.3763, 0.4931, 0.673, 0.8005, 0.9849, 1.1119, 1.2922, 1.4182];

/**
 * Mean best-effort grant lost to noise of LS use with this 1 s standard deviation, in cpus.
 *
 *   loss = s h(s / (growth x cpus)); h from the loop with white Gaussian noise, linear between points, flat beyond 16
 *
 * 104 cpus: s = 5 -> 0.2, 10 -> 2.2, 15 -> 5.4, 20 -> 9.5. Zero while a second's growth covers the swings.
 */
export function noiseLossCpus(sdCpus: number, cpus: number, growthFraction: number): number {
  if (!(sdCpus > 0)) return 0;
  const ratio = sdCpus / (growthFraction * cpus);
  let at = 0;
  while (at < RATIO.length - 2 && ratio > RATIO[at + 1]) at++;
  const along = Math.min(1, (ratio - RATIO[at]) / (RATIO[at + 1] - RATIO[at]));
  return sdCpus * (LOSS[at] + along * (LOSS[at + 1] - LOSS[at]));
}

/** One turn of the loop: x' = min(T, x + growth x cpus), never below the floor. Units: cpus. */
export function suppressStep(
  grant: number,
  target: number,
  cpus: number,
  growthFraction: number,
  floorCpus: number,
): number {
  const grown = grant + growthFraction * cpus;
  const next = target < grown ? target : grown;
  return next > floorCpus ? next : floorCpus;
}

/** What one phase of a step looked like. */
export interface StepResponse {
  readonly excessCpuSeconds: number;
  readonly complianceSeconds: number;
}

/**
 * Runs the sampling and the loop through a rise of LS use by `riseCpus` at time 0, with best effort at the water-line.
 *
 * `samplePhase`, `loopPhase` in [0, 1): first sample and first loop turn after the step. Exact piecewise-constant integration.
 */
export function simulateStep(riseCpus: number, samplePhase: number, loopPhase: number): StepResponse {
  assert(samplePhase >= 0 && samplePhase < 1 && loopPhase >= 0 && loopPhase < 1, 'phases lie in [0, 1)');
  let excess = 0;
  let cut = 0;
  let before = 0;
  for (let turn = loopPhase; turn < loopPhase + 4; turn++) {
    excess += (riseCpus - cut) * (turn - before);
    before = turn;
    const lastSample = samplePhase + Math.floor(turn - samplePhase);
    const seen = Math.max(0, Math.min(1, lastSample));
    cut = Math.max(cut, riseCpus * seen);
    if (cut >= riseCpus) return { excessCpuSeconds: excess, complianceSeconds: turn };
  }
  return { excessCpuSeconds: excess, complianceSeconds: Number.POSITIVE_INFINITY };
}
