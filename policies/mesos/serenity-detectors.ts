/**
 * Signals of contention in the manner of Serenity: smoothing, a drop detector on instructions per cycle, CPU overload.
 *
 * The drop detector compares a sample with those 1, 2 and 4 samples ago; each that lies far enough above it is a vote. With a quorum of
 * votes there is a drop, and the mean of those who voted is what the signal has to come back to. Until it is near that, every sample is
 * a contention. Source: mesosphere/serenity, src/contention_detectors/signal_analyzers/drop.cpp, overload.cpp; filters/ema.cpp.
 */

export const EMA_ALPHA = 0.2;
export const OVERLOAD_FRACTION = 0.85;

/** A contention whose severity nobody can tell. */
export const UNKNOWN_SEVERITY = -1;

/** Exponential moving average; the first sample (previous is NaN) starts it. */
export function smooth(previous: number, sample: number, alpha: number = EMA_ALPHA): number {
  return Number.isNaN(previous) ? sample : alpha * sample + (1 - alpha) * previous;
}

export interface DropRules {
  readonly windowSize: number;
  readonly maxCheckpoints: number;
  /** Relative fall that is a vote. */
  readonly fractionalThreshold: number;
  /** Share of checkpoints that must vote; rounded down to whole votes, as upstream casts it. */
  readonly quorum: number;
  /** Relative distance from the value before the drop that ends it. */
  readonly nearFraction: number;
  /** Severity of a drop of all there was; below 0 the severity is unknown. */
  readonly severityFraction: number;
  readonly startValue: number;
  /** Smaller samples count as this. */
  readonly minSample: number;
}

export const DEFAULT_DROP_RULES: DropRules = {
  windowSize: 10,
  maxCheckpoints: 3,
  fractionalThreshold: 0.5,
  quorum: 0.7,
  nearFraction: 0.1,
  severityFraction: UNKNOWN_SEVERITY,
  startValue: 0.00001,
  minSample: 0.1,
};

/** Detectors of many signals: a ring of the last samples of each, and the value before its drop (NaN when none is under way). */
export interface DropState {
  readonly window: Float64Array;
  readonly position: Int32Array;
  readonly valueBeforeDrop: Float64Array;
}

/** Detectors for `rows` signals that have seen nothing. */
export function createDropState(rows: number, rules: DropRules): DropState {
  return {
    window: new Float64Array(rows * rules.windowSize).fill(rules.startValue),
    position: new Int32Array(rows),
    valueBeforeDrop: new Float64Array(rows).fill(Number.NaN),
  };
}

/** Takes the next sample of a signal; 0 without contention, else its severity or UNKNOWN_SEVERITY. */
export function observeDrop(state: DropState, row: number, sample: number, rules: DropRules): number {
  const value = Math.max(sample, rules.minSample);
  const before = state.valueBeforeDrop[row];
  const near = before - rules.nearFraction * before;
  if (value >= near) state.valueBeforeDrop[row] = Number.NaN;
  const severity = value < near ? severityOf(near - value, rules) : vote(state, row, value, rules);
  state.window[row * rules.windowSize + state.position[row]] = value;
  state.position[row] = (state.position[row] + 1) % rules.windowSize;
  return severity;
}

/** Forgets a drop that was none: nobody is there who could have caused it. */
export function forgetDrop({ valueBeforeDrop }: DropState, row: number): void {
  valueBeforeDrop[row] = Number.NaN;
}

function vote({ window, position, valueBeforeDrop }: DropState, row: number, value: number, rules: DropRules): number {
  const { windowSize, maxCheckpoints, fractionalThreshold } = rules;
  let checkpoints = 0;
  let votes = 0;
  let fall = 0;
  let base = 0;
  for (let back = 1; checkpoints < maxCheckpoints && back <= windowSize; back *= 2) {
    const past = window[row * windowSize + ((position[row] - back + windowSize) % windowSize)];
    checkpoints++;
    const drop = 1 - value / past;
    if (drop < fractionalThreshold) continue;
    votes++;
    fall += drop;
    base += past;
  }
  const quorum = Math.floor(rules.quorum * checkpoints);
  if (votes < (quorum === 0 || quorum > checkpoints ? checkpoints : quorum)) return 0;
  valueBeforeDrop[row] = base / votes;
  return severityOf(fall / votes, rules);
}

function severityOf(size: number, { severityFraction }: DropRules): number {
  const severity = size * severityFraction;
  return severity > 0 ? severity : UNKNOWN_SEVERITY;
}

/** CPU used above the line of the agent, or 0. Units: milli-CPU. */
export function overloadMilliCpu(
  usedMilliCpu: number,
  totalMilliCpu: number,
  fraction: number = OVERLOAD_FRACTION,
): number {
  return Math.max(0, usedMilliCpu - fraction * totalMilliCpu);
}
