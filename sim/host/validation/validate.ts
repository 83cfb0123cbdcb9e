/**
 * Runs every registered fact against the host model and says what agrees.
 *
 * A row that fails stays failing, with the reason: coefficients are never tuned on a validation row. Calibration rows fitted
 * coefficients and are shown, not counted.
 */
import { createStream } from '../../kernel/random.ts';
import { defaultParameters, type Parameters } from '../parameters.ts';
import { type BandMetric, type BandRow, isWithin, readBands } from './bands.ts';
import { REASONS } from './reasons.ts';
import { type Bench, createBench, type Metrics, v1, v2, v3, v4, v6, v8, v9, v15, v17, v18, v20 } from './setups.ts';
import { v5, v16, v19, v21, v22, v23, v24 } from './setups-life.ts';

export type Verdict = 'pass' | 'fail' | 'calibration' | 'not-modelled';

/** A metric with what the model says. */
export interface ModelMetric extends BandMetric {
  readonly model: number;
  readonly isWithin: boolean;
}

/** One fact, judged. */
export interface ValidationRow {
  readonly id: string;
  readonly fact: string;
  readonly source: string;
  readonly tag: BandRow['tag'];
  readonly needs: BandRow['needs'];
  /** The band in words: `p99ChangePercent 90..200; cpuPercent 68..75`. */
  readonly band: string;
  readonly model: readonly ModelMetric[];
  readonly verdict: Verdict;
  /** Why it fails, what it waits for, or what to know of a pass. */
  readonly reason: string;
  readonly setup: BandRow['setup'];
}

const SETUPS: Readonly<Record<string, (bench: Bench, uniform: () => number) => Metrics>> = Object.freeze({
  V1: v1,
  V2: v2,
  V3: v3,
  V4: v4,
  V5: v5,
  V6: v6,
  V8: v8,
  V9: v9,
  V15: v15,
  V16: (_bench, uniform) => v16(uniform),
  V17: v17,
  V18: v18,
  V19: v19,
  V20: v20,
  V21: v21,
  V22: (_bench, uniform) => v22(uniform),
  V23: v23,
  V24: v24,
});

/** Judges every fact in order; rows that need the engine are `not-modelled` here and carry their scenario in `setup`. */
export function validatePhysics(p: Parameters = defaultParameters()): ValidationRow[] {
  const bench = createBench(p);
  return readBands().map((row) => judge(row, bench));
}

function judge(row: BandRow, bench: Bench): ValidationRow {
  const run = SETUPS[row.id];
  if (run !== undefined) return judgeRow(row, run(bench, createStream('validation', `row/${row.id}`).next));
  return notModelled(
    row,
    row.needs === 'engine' ? 'needs a whole run; the scenario is described in setup' : 'no set-up',
  );
}

/** The verdict on a fact for which the model gives these values. `remark` is what a reader must know even of a pass. */
export function judgeRow(row: BandRow, values: Metrics, remark = ''): ValidationRow {
  const model = row.metrics.map((metric) => {
    const value = values[metric.name];
    return { ...metric, model: value, isWithin: isWithin(metric, value) };
  });
  const agrees = model.every((metric) => metric.isWithin);
  const verdict = row.calibration ? 'calibration' : agrees ? 'pass' : 'fail';
  const reason = [agrees ? '' : (REASONS[row.id] ?? ''), remark].filter((text) => text !== '').join(' ');
  return { ...described(row), model, verdict, reason };
}

/** The row of a fact that is not run, with why. */
export function notModelled(row: BandRow, reason: string): ValidationRow {
  return { ...described(row), model: [], verdict: 'not-modelled', reason };
}

function described({ id, fact, source, tag, needs, setup, metrics }: BandRow) {
  return { id, fact, source, tag, needs, setup, band: metrics.map(bandText).join('; ') };
}

function bandText({ name, low, high }: BandMetric): string {
  if (low === null) return `${name} at most ${high}`;
  return high === null ? `${name} at least ${low}` : `${name} ${low}..${high}`;
}
