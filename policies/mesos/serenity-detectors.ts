/**
 * Signals of contention in the manner of Serenity: smoothing, a drop detector on instructions per cycle, CPU overload.
 *
 * The drop detector compares a sample with those 1, 2 and 4 samples ago and votes. It has found a drop until the signal is
 * back near what it was before. Source: mesosphere/serenity, pipeline/qos_pipeline.hpp, filters/ema.hpp,
 * contention_detectors/signal_analyzers/drop.hpp.
 */

export const EMA_ALPHA = 0.2;
export const OVERLOAD_FRACTION = 0.85;

/** Exponential moving average; the first sample (previous is NaN) starts it. */
export function smooth(previous: number, sample: number, alpha: number = EMA_ALPHA): number {
  return Number.isNaN(previous) ? sample : alpha * sample + (1 - alpha) * previous;
}

export interface DropRules {
  readonly windowSize: number;
  readonly maxCheckpoints: number;
  /** Relative fall that is a vote. */
  readonly fractionalThreshold: number;
  /** Share of checkpoints that must vote. */
  readonly quorum: number;
  /** Relative distance from the value before the drop that ends it. */
  readonly nearFraction: number;
  readonly startValue: number;
  /** Samples below are not used. */
  readonly minSample: number;
}

export const DEFAULT_DROP_RULES: DropRules = {
  windowSize: 10,
  maxCheckpoints: 3,
  fractionalThreshold: 0.5,
  quorum: 0.7,
  nearFraction: 0.1,
  startValue: 0.00001,
  minSample: 0.1,
};

/** One signal's detector: a ring of the last `windowSize` samples. */
export class DropDetector {
  private readonly rules: DropRules;
  private readonly window: Float64Array;
  private position = 0;
  /** Value before the drop that is under way; NaN when none is. */
  private baseline = Number.NaN;

  constructor(rules: DropRules) {
    this.rules = rules;
    this.window = new Float64Array(rules.windowSize).fill(rules.startValue);
  }

  /** Takes a sample; severity of the drop under way in (0, 1], or 0. */
  observe(sample: number): number {
    const { rules, window } = this;
    if (sample < rules.minSample) return this.severity(sample);
    if (!Number.isNaN(this.baseline) && sample >= this.baseline * (1 - rules.nearFraction)) this.baseline = Number.NaN;
    if (Number.isNaN(this.baseline)) this.vote(sample);
    window[this.position] = sample;
    this.position = (this.position + 1) % rules.windowSize;
    return this.severity(sample);
  }

  private vote(sample: number): void {
    const { rules, window } = this;
    let checkpoints = 0;
    let votes = 0;
    let base = 0;
    for (let back = 1; checkpoints < rules.maxCheckpoints && back <= rules.windowSize; back *= 2) {
      const value = window[(this.position - back + rules.windowSize) % rules.windowSize];
      checkpoints++;
      if ((value - sample) / value < rules.fractionalThreshold) continue;
      votes++;
      base = Math.max(base, value);
    }
    if (votes >= rules.quorum * checkpoints) this.baseline = base;
  }

  private severity(sample: number): number {
    return Number.isNaN(this.baseline) ? 0 : Math.max(0, (this.baseline - sample) / this.baseline);
  }
}

/** CPU used above the line of 0.85 of the agent, or 0. Units: milli-CPU. */
export function overloadMilliCpu(usedMilliCpu: number, totalMilliCpu: number): number {
  return Math.max(0, usedMilliCpu - OVERLOAD_FRACTION * totalMilliCpu);
}
