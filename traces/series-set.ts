/** Use of the services of an imported trace on a grid of five minutes: every service of a kind in the sum, a part of them one by one. */

import { MS_PER_DAY } from '../policies/base/units.ts';
import type { ImportedServices } from './import/canonical.ts';
import { readUsage, type UsageBatch } from './import/store-services.ts';
import { ALL_DAYS, type DaySpan } from './trace-days.ts';

export const GRID_MS = 300_000;
export const GRID_PER_HOUR = 12;
export const GRID_PER_DAY = 288;
/** Values kept at once, 64 MB of doubles. */
const MOST_VALUES = 8_000_000;

export interface GridSeries {
  /** Row in services. */
  readonly service: number;
  /** Milli-cores; NaN where nothing was measured. */
  readonly milliCpu: Float64Array;
  readonly peakMilliCpu: Float64Array;
  /** Mean memory, NaN when unknown. */
  readonly memMib: number;
  /** Mean share of CFS periods in which it was throttled, NaN when unknown. */
  readonly throttledShare: number;
  /** Mean GPUs in use, 1000 = one; NaN when unknown. */
  readonly gpuMilli: number;
}

export interface KindSeries {
  readonly kind: string;
  /** Services of this kind that have samples. */
  readonly services: number;
  readonly samples: number;
  readonly unknownSamples: number;
  readonly slots: number;
  /** Milli-cores of all services together, and how many of them were measured, per slot. */
  readonly totalMilliCpu: Float64Array;
  readonly measured: Float64Array;
  /** Every n-th service. */
  readonly kept: readonly GridSeries[];
}

/** Reads use of these days twice: once for its extent, once for its values. Slot 0 is the first of `days`. Throws TraceError. */
export async function readKindSeries(
  folder: string,
  services: ImportedServices | undefined,
  days: DaySpan = ALL_DAYS,
): Promise<KindSeries[]> {
  const [fromMs, toMs] = [days.fromDay * MS_PER_DAY, days.toDay * MS_PER_DAY];
  if (services === undefined || services.count === 0) return [];
  const rowOfId = new Map(services.ids.map((id, row) => [id, row]));
  const sampled = new Int32Array(services.count);
  let lastMs = 0;
  for await (const batch of readUsage(folder))
    for (let row = 0; row < batch.count; row++) {
      const service = rowOfId.get(batch.ids[row]);
      if (service === undefined || batch.timeMs[row] < fromMs || batch.timeMs[row] >= toMs) continue;
      sampled[service] += 1;
      if (batch.timeMs[row] > lastMs) lastMs = batch.timeMs[row];
    }
  const slots = Math.max(0, Math.floor((lastMs - fromMs) / GRID_MS)) + 1;
  const kinds = new Map<string, number[]>();
  for (let service = 0; service < services.count; service++) {
    if (sampled[service] === 0) continue;
    const list = kinds.get(services.kinds[service]);
    if (list === undefined) kinds.set(services.kinds[service], [service]);
    else list.push(service);
  }
  const grids = Array.from(kinds, ([kind, rows]) => openKind(kind, rows, slots, kinds.size));
  const gridOf = new Map(grids.flatMap((grid) => grid.rows.map((service) => [service, grid])));
  for await (const batch of readUsage(folder))
    for (let row = 0; row < batch.count; row++) {
      const service = rowOfId.get(batch.ids[row]);
      const grid = service === undefined ? undefined : gridOf.get(service);
      if (service === undefined || grid === undefined) continue;
      if (batch.timeMs[row] < fromMs || batch.timeMs[row] >= toMs) continue;
      const slot = Math.floor((batch.timeMs[row] - fromMs) / GRID_MS);
      addSample(grid, service, slot, batch, row);
    }
  return grids.map(closeKind);
}

interface OpenSeries {
  readonly sum: Float64Array;
  readonly count: Uint16Array;
  readonly peak: Float64Array;
  readonly mem: Mean;
  readonly throttled: Mean;
  readonly gpu: Mean;
}

interface Mean {
  sum: number;
  count: number;
}

function addKnown(mean: Mean, value: number): void {
  if (Number.isNaN(value)) return;
  mean.sum += value;
  mean.count += 1;
}

const meanOf = ({ sum, count }: Mean) => (count > 0 ? sum / count : Number.NaN);

interface OpenKind {
  readonly kind: string;
  readonly rows: readonly number[];
  readonly slots: number;
  readonly totals: Float64Array;
  readonly counts: Float64Array;
  readonly kept: Map<number, OpenSeries>;
  samples: number;
  unknown: number;
}

function openKind(kind: string, rows: readonly number[], slots: number, kinds: number): OpenKind {
  const most = Math.max(1, Math.floor(MOST_VALUES / kinds / slots / 2));
  const step = Math.ceil(rows.length / most);
  const kept = new Map<number, OpenSeries>();
  for (let at = 0; at < rows.length; at += step)
    kept.set(rows[at], {
      sum: new Float64Array(slots),
      count: new Uint16Array(slots),
      peak: new Float64Array(slots).fill(Number.NaN),
      mem: { sum: 0, count: 0 },
      throttled: { sum: 0, count: 0 },
      gpu: { sum: 0, count: 0 },
    });
  return {
    kind,
    rows,
    slots,
    totals: new Float64Array(slots),
    counts: new Float64Array(slots),
    kept,
    samples: 0,
    unknown: 0,
  };
}

function addSample(grid: OpenKind, service: number, slot: number, batch: UsageBatch, row: number): void {
  const milliCpu = batch.milliCpu[row];
  const peak = batch.peakMilliCpu[row];
  const isOfOther = !Number.isNaN(batch.memMib[row]) || !Number.isNaN(batch.gpuMilli[row]);
  // A row without CPU that says something else is no sample of CPU: some formats have a table for each.
  if (!Number.isNaN(milliCpu) || !isOfOther) grid.samples += 1;
  if (Number.isNaN(milliCpu)) grid.unknown += isOfOther ? 0 : 1;
  else {
    grid.totals[slot] += milliCpu;
    grid.counts[slot] += 1;
  }
  const one = grid.kept.get(service);
  if (one === undefined) return;
  if (!Number.isNaN(milliCpu)) {
    one.sum[slot] += milliCpu;
    one.count[slot] += 1;
  }
  if (!Number.isNaN(peak) && !(one.peak[slot] >= peak)) one.peak[slot] = peak;
  addKnown(one.mem, batch.memMib[row]);
  addKnown(one.throttled, batch.throttledShare[row]);
  addKnown(one.gpu, batch.gpuMilli[row]);
}

function closeKind(grid: OpenKind): KindSeries {
  const { kind, slots, samples, unknown } = grid;
  // Several samples of one service inside a slot are a finer grid: the sum over services is their mean times the services.
  const perSlot = samples / grid.rows.length / slots;
  const finer = perSlot > 1 ? perSlot : 1;
  return {
    kind,
    services: grid.rows.length,
    samples,
    unknownSamples: unknown,
    slots,
    totalMilliCpu: grid.totals.map((total, slot) => (grid.counts[slot] > 0 ? total / finer : Number.NaN)),
    measured: grid.counts.map((count) => count / finer),
    kept: Array.from(grid.kept, ([service, one]) => ({
      service,
      milliCpu: one.sum.map((sum, slot) => (one.count[slot] > 0 ? sum / one.count[slot] : Number.NaN)),
      peakMilliCpu: one.peak,
      memMib: meanOf(one.mem),
      throttledShare: meanOf(one.throttled),
      gpuMilli: meanOf(one.gpu),
    })),
  };
}
