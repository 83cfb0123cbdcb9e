/** The registered facts and bands, read from bands.json and checked for shape. */
import { assert } from '../../../policies/base/assert.ts';
import registered from './bands.json' with { type: 'json' };

/** One number a fact is judged by; the model agrees when low <= value <= high (null = open). */
export interface BandMetric {
  readonly name: string;
  readonly target: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** One published fact. `needs: engine` rows describe a scenario that only a whole run can answer. */
export interface BandRow {
  readonly id: string;
  readonly needs: 'host' | 'engine';
  readonly calibration: boolean;
  readonly tag: 'F' | 'V' | 'S' | 'M' | 'A';
  readonly source: string;
  readonly fact: string;
  readonly setup: Readonly<Record<string, unknown>>;
  readonly metrics: readonly BandMetric[];
}

/** All rows in order. Throws InvariantError when an id stands twice or a band is empty. */
export function readBands(): readonly BandRow[] {
  const { rows } = registered as { readonly rows: readonly BandRow[] };
  assert(new Set(rows.map((row) => row.id)).size === rows.length, 'every fact stands once');
  for (const row of rows) {
    for (const { name, low, high } of row.metrics) {
      assert(low === null || high === null || low <= high, `${row.id} ${name}: the band holds a number`);
    }
  }
  return rows;
}

/** Whether `value` lies in the band, ends included. */
export function isWithin(metric: BandMetric, value: number): boolean {
  return (metric.low === null || value >= metric.low) && (metric.high === null || value <= metric.high);
}
