/**
 * What a platform on Marathon adds (iQIYI's QAE): auto-scaling, gray release, A/B weights. The semantics are ours; iQIYI's article on
 * its Mesos cloud names the features and no formulas.
 *
 * Auto-scaling by target utilisation:
 *
 *   wanted = ceil(instances x used / target)       inside the tolerance: no change
 *
 * limited to [min, max] and to a step per decision; growing waits `growCooldownMs` since the last change, shrinking
 * `shrinkCooldownMs`, so that a short valley costs nothing. Gray release puts a share of the instances on the new version stage by stage
 * and goes back at once when its error rate exceeds the old one's by a margin. A/B weights split instances by largest remainder.
 */
import { ConfigError } from '../base/assert.ts';
import { clamp } from '../base/int-math.ts';

/** Settings of auto-scaling. Utilisation and tolerance in percent, times in ms. */
export interface AutoScale {
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly targetPercent: number;
  readonly tolerancePercent: number;
  readonly maxStep: number;
  readonly growCooldownMs: number;
  readonly shrinkCooldownMs: number;
}

/** Refuses limits that cross or a target that is none with ConfigError. */
export function checkAutoScale(scale: AutoScale): void {
  if (!(scale.minInstances >= 1 && scale.maxInstances >= scale.minInstances))
    throw new ConfigError(`auto-scale: 1 <= min <= max does not hold for ${scale.minInstances}, ${scale.maxInstances}`);
  if (!(scale.targetPercent > 0)) throw new ConfigError(`auto-scale: the target is ${scale.targetPercent} %; above 0`);
  if (!(scale.maxStep >= 1)) throw new ConfigError(`auto-scale: maxStep is ${scale.maxStep}; it must be 1 or more`);
}

/** Number of instances to have. `usedPercent` is the mean use of one instance; `lastChangeMs` null when there was none. */
export function autoScaleTarget(
  scale: AutoScale,
  instances: number,
  usedPercent: number,
  lastChangeMs: number | null,
  nowMs: number,
): number {
  const limited = clamp(instances, scale.minInstances, scale.maxInstances);
  if (limited !== instances) return limited;
  if (Math.abs(usedPercent - scale.targetPercent) <= scale.tolerancePercent) return instances;
  const ideal = Math.ceil((instances * usedPercent) / scale.targetPercent);
  const step = clamp(ideal - instances, -scale.maxStep, scale.maxStep);
  const wanted = clamp(instances + step, scale.minInstances, scale.maxInstances);
  const cooldownMs = wanted > instances ? scale.growCooldownMs : scale.shrinkCooldownMs;
  if (lastChangeMs !== null && nowMs < lastChangeMs + cooldownMs) return instances;
  return wanted;
}

/** Settings of a gray release: shares of the new version per stage in percent, rising to 100. */
export interface GrayRelease {
  readonly stagePercents: readonly number[];
  readonly stageMs: number;
  /** How much worse, in percentage points of failed requests, the new version may be. */
  readonly errorMarginPercent: number;
}

/** A gray release in progress; `stage` -1 means rolled back, the number of stages means done. */
export interface GrayProgress {
  stage: number;
  stageSinceMs: number;
}

/** Refuses stages that do not rise to 100 with ConfigError. */
export function checkGrayRelease(release: GrayRelease): void {
  const stages = release.stagePercents;
  if (stages.length === 0 || stages[stages.length - 1] !== 100)
    throw new ConfigError('gray release: the last stage must be 100 %');
  for (let i = 0; i < stages.length; i++)
    if (!(stages[i] > (i === 0 ? 0 : stages[i - 1])))
      throw new ConfigError(`gray release: stage ${i + 1} (${stages[i]} %) must be above the one before`);
  if (!(release.stageMs >= 0)) throw new ConfigError('gray release: stageMs must be 0 or more');
}

/** One look at a gray release: rolls back, moves to the next stage when the present one lasted long enough, or waits. */
export function advanceGray(
  release: GrayRelease,
  progress: GrayProgress,
  newErrorPercent: number,
  oldErrorPercent: number,
  nowMs: number,
): void {
  if (progress.stage < 0 || progress.stage >= release.stagePercents.length) return;
  if (newErrorPercent > oldErrorPercent + release.errorMarginPercent) {
    progress.stage = -1;
    progress.stageSinceMs = nowMs;
  } else if (nowMs >= progress.stageSinceMs + release.stageMs) {
    progress.stage += 1;
    progress.stageSinceMs = nowMs;
  }
}

/** Instances of the new version at the present stage. Rounding: up, so that the first stage has one. */
export function grayInstances(release: GrayRelease, progress: GrayProgress, instances: number): number {
  if (progress.stage < 0) return 0;
  const stages = release.stagePercents;
  const percent = progress.stage >= stages.length ? 100 : stages[progress.stage];
  return Math.ceil((instances * percent) / 100);
}

/**
 * Instances per variant of an A/B test.
 *
 *   share = instances x weight / sum of weights     floors first, then one each to the largest remainders, ties to the earlier
 *
 * Errors: ConfigError for no weight, a negative one, or a sum of 0.
 */
export function splitByWeight(instances: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (weights.length === 0 || weights.some((weight) => !(weight >= 0)) || !(sum > 0))
    throw new ConfigError(`A/B weights [${weights.join(', ')}] must be 0 or more with a sum above 0`);
  const exact = weights.map((weight) => (instances * weight) / sum);
  const counts = exact.map(Math.floor);
  const byRemainder = weights.map((_, i) => i).sort((a, b) => exact[b] - counts[b] - (exact[a] - counts[a]) || a - b);
  let left = instances - counts.reduce((total, count) => total + count, 0);
  for (const i of byRemainder) {
    if (left === 0) break;
    counts[i] += 1;
    left -= 1;
  }
  return counts;
}
