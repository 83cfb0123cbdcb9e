/** Measured CPU use in slots of five minutes, and the two public files that hold such series. */
import { TraceError } from '../../policies/base/assert.ts';
import { type RowPlace, readLines, readNumber, rejectRow } from './rows.ts';

export const SERIES_SLOT_MS = 300_000;
const SLOT_SECONDS = 300;
const SLOTS_PER_DAY = 288;
/** A slot beyond 400 days is a wrong number rather than a long trace. */
const MOST_SLOTS = 400 * SLOTS_PER_DAY;

/** One machine or job: use in percent of its size per slot from the start of the trace. */
export interface UsageSeries {
  readonly id: string;
  /** Mean inside the slot. NaN where nothing was measured. */
  readonly meanPercent: Float64Array;
  /** Largest inside the slot; NaN where the trace has none. */
  readonly maxPercent: Float64Array;
}

interface OpenSeries {
  readonly means: number[];
  readonly maxima: number[];
}

/**
 * VM readings of the Azure Public Dataset V2: `timestamp s, vm id, min, max, avg CPU %`, no header, any order of rows.
 *
 * Throws TraceError with file and row for a row that is short, not numeric, off the 300 s grid, outside 0..100 % or seen before.
 */
export async function readAzureV2(path: string): Promise<UsageSeries[]> {
  const open = new Map<string, OpenSeries>();
  let row = 0;
  for await (const line of readLines(path)) {
    row += 1;
    if (line === '') continue;
    const place = { path, row };
    const fields = line.split(',');
    if (fields.length < 5) rejectRow(place, `has ${fields.length} fields; timestamp,vm id,min,max,avg are expected`);
    const second = readNumber(place, fields[0], 'timestamp');
    if (second % SLOT_SECONDS !== 0 || second < 0) rejectRow(place, `timestamp ${second} is not a multiple of 300 s`);
    const max = readPercent(place, fields[3], 'max CPU');
    const mean = readPercent(place, fields[4], 'avg CPU');
    addReading(open, place, fields[1], second / SLOT_SECONDS, mean, max);
  }
  return closeSeries(open, path);
}

/**
 * Job use of Google ClusterData2011: header `job_id,day,slot5m,cpu_pct,mem_pct`; days from 1, slots 0..287.
 *
 * Throws TraceError with file and row for a row that is short, not numeric, outside its day or 0..100 %, or seen before.
 */
export async function readGoogle2011(path: string): Promise<UsageSeries[]> {
  const open = new Map<string, OpenSeries>();
  let row = 0;
  for await (const line of readLines(path)) {
    row += 1;
    const place = { path, row };
    if (row === 1) {
      if (!line.startsWith('job_id,day,slot5m,cpu_pct'))
        rejectRow(place, 'is not the header job_id,day,slot5m,cpu_pct,mem_pct');
      continue;
    }
    if (line === '') continue;
    const fields = line.split(',');
    if (fields.length < 4) rejectRow(place, `has ${fields.length} fields; job_id,day,slot5m,cpu_pct are expected`);
    const day = readNumber(place, fields[1], 'day');
    const slot = readNumber(place, fields[2], 'slot5m');
    if (!Number.isInteger(day) || day < 1) rejectRow(place, `day ${day} is not a whole number from 1`);
    if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS_PER_DAY)
      rejectRow(place, `slot5m ${slot} is not in 0..287`);
    const mean = readPercent(place, fields[3], 'cpu_pct');
    addReading(open, place, fields[0], (day - 1) * SLOTS_PER_DAY + slot, mean, Number.NaN);
  }
  return closeSeries(open, path);
}

function readPercent(place: RowPlace, field: string, name: string): number {
  const percent = readNumber(place, field, name);
  if (percent < 0 || percent > 100) rejectRow(place, `${name} is ${percent}; a percentage in 0..100 is expected`);
  return percent;
}

function addReading(
  open: Map<string, OpenSeries>,
  place: RowPlace,
  id: string,
  slot: number,
  mean: number,
  max: number,
): void {
  if (slot >= MOST_SLOTS)
    rejectRow(place, `lies ${slot / SLOTS_PER_DAY} days after the start of the trace; at most 400`);
  let series = open.get(id);
  if (series === undefined) {
    series = { means: [], maxima: [] };
    open.set(id, series);
  }
  while (series.means.length <= slot) {
    series.means.push(Number.NaN);
    series.maxima.push(Number.NaN);
  }
  if (!Number.isNaN(series.means[slot])) rejectRow(place, `${id} has a second value for slot ${slot}`);
  series.means[slot] = mean;
  series.maxima[slot] = max;
}

function closeSeries(open: Map<string, OpenSeries>, path: string): UsageSeries[] {
  if (open.size === 0) throw new TraceError(`${path}: no row with data`);
  return Array.from(open, ([id, { means, maxima }]) => ({
    id,
    meanPercent: Float64Array.from(means),
    maxPercent: Float64Array.from(maxima),
  }));
}
