/** Use of the services of an imported trace on a grid of five minutes: every service of a kind in the sum, a part of them one by one. */
import { join } from 'node:path';
import { MS_PER_DAY } from '../policies/base/units.ts';
import { readUsage, type UsageBatch } from './import/store-services.ts';
import { indexRows } from './readers/id-index.ts';
import { openParquetGroups, type ParquetGroups } from './readers/parquet-groups.ts';
import { ALL_DAYS, type DaySpan } from './trace-days.ts';

export const GRID_MS = 300_000;
export const GRID_PER_HOUR = 12;
export const GRID_PER_DAY = 288;
/** Values kept at once, 64 MB of doubles. */
const MOST_VALUES = 8_000_000;

export interface GridSeries {
  /** Of one replica; NaN when it is not said. */
  readonly requestMilliCpu: number;
  readonly requestMemMib: number;
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

/**
 * Reads use of these days twice: once for its extent, once for its values. Slot 0 is the first of `days`.
 *
 * In memory stand 15 to 27 bytes a service besides what is kept. Throws TraceError.
 */
export async function readKindSeries(folder: string, days: DaySpan = ALL_DAYS): Promise<KindSeries[]> {
  const [fromMs, toMs] = [days.fromDay * MS_PER_DAY, days.toDay * MS_PER_DAY];
  const file = openParquetGroups(join(folder, 'services.parquet'), ['id', 'kind', ...REQUESTS]);
  const rowOfId = indexRows(file);
  const isSampled = new Uint8Array(file.rows);
  let lastMs = 0;
  for await (const batch of readUsage(folder))
    for (let row = 0; row < batch.count; row++) {
      const service = rowOfId.find(batch.ids[row]);
      if (service < 0 || batch.timeMs[row] < fromMs || batch.timeMs[row] >= toMs) continue;
      isSampled[service] = 1;
      if (batch.timeMs[row] > lastMs) lastMs = batch.timeMs[row];
    }
  const slots = Math.max(0, Math.floor((lastMs - fromMs) / GRID_MS)) + 1;
  const { names, kindOf, counts } = kindsOf(file, isSampled);
  const grids = names.map((kind, at) => openKind(kind, counts[at], slots, names.length));
  keepSome(file, kindOf, grids);
  for await (const batch of readUsage(folder))
    for (let row = 0; row < batch.count; row++) {
      if (batch.timeMs[row] < fromMs || batch.timeMs[row] >= toMs) continue;
      const service = rowOfId.find(batch.ids[row]);
      if (service < 0 || kindOf[service] < 0) continue;
      const slot = Math.floor((batch.timeMs[row] - fromMs) / GRID_MS);
      addSample(grids[kindOf[service]], service, slot, batch, row);
    }
  return grids.map(closeKind);
}

const REQUESTS = ['requestMilliCpu', 'requestMemMib'] as const;

/** The kind of every service with samples, -1 for one without, and how many there are of each. */
function kindsOf(file: ParquetGroups, isSampled: Uint8Array) {
  const names: string[] = [];
  const counts: number[] = [];
  const kindOf = new Int16Array(file.rows).fill(-1);
  for (const [group, { start }] of file.groups.entries())
    for (const [row, name] of file.texts(group, 'kind').entries()) {
      if (isSampled[start + row] === 0) continue;
      let kind = names.indexOf(name);
      if (kind < 0) {
        kind = names.push(name) - 1;
        counts.push(0);
      }
      kindOf[start + row] = kind;
      counts[kind] += 1;
    }
  return { names, counts, kindOf };
}

/** Opens a series for every n-th service of a kind. */
function keepSome(file: ParquetGroups, kindOf: Int16Array, grids: readonly OpenKind[]): void {
  const seen = new Int32Array(grids.length);
  for (const [group, { start, rows }] of file.groups.entries()) {
    const [milliCpu, memMib] = REQUESTS.map((name) => file.numbers(group, name));
    for (let row = 0; row < rows; row++) {
      const kind = kindOf[start + row];
      if (kind < 0) continue;
      const { kept, step, slots } = grids[kind];
      if (seen[kind]++ % step === 0) kept.set(start + row, openSeries(slots, milliCpu[row], memMib[row]));
    }
  }
}

interface OpenSeries {
  readonly requestMilliCpu: number;
  readonly requestMemMib: number;
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
  /** With samples. */
  readonly services: number;
  readonly slots: number;
  readonly totals: Float64Array;
  readonly counts: Float64Array;
  /** Every `step`-th service is kept, by its row. */
  readonly step: number;
  readonly kept: Map<number, OpenSeries>;
  samples: number;
  unknown: number;
}

function openKind(kind: string, services: number, slots: number, kinds: number): OpenKind {
  const most = Math.max(1, Math.floor(MOST_VALUES / kinds / slots / 2));
  return {
    kind,
    services,
    slots,
    totals: new Float64Array(slots),
    counts: new Float64Array(slots),
    step: Math.ceil(services / most),
    kept: new Map(),
    samples: 0,
    unknown: 0,
  };
}

function openSeries(slots: number, requestMilliCpu: number, requestMemMib: number): OpenSeries {
  return {
    requestMilliCpu,
    requestMemMib,
    sum: new Float64Array(slots),
    count: new Uint16Array(slots),
    peak: new Float64Array(slots).fill(Number.NaN),
    mem: { sum: 0, count: 0 },
    throttled: { sum: 0, count: 0 },
    gpu: { sum: 0, count: 0 },
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
  const { kind, services, slots, samples, unknown } = grid;
  // Several samples of one service inside a slot are a finer grid: the sum over services is their mean times the services.
  const perSlot = samples / services / slots;
  const finer = perSlot > 1 ? perSlot : 1;
  return {
    kind,
    services,
    samples,
    unknownSamples: unknown,
    slots,
    totalMilliCpu: grid.totals.map((total, slot) => (grid.counts[slot] > 0 ? total / finer : Number.NaN)),
    measured: grid.counts.map((count) => count / finer),
    kept: Array.from(grid.kept.values(), (one) => ({
      requestMilliCpu: one.requestMilliCpu,
      requestMemMib: one.requestMemMib,
      milliCpu: one.sum.map((sum, slot) => (one.count[slot] > 0 ? sum / one.count[slot] : Number.NaN)),
      peakMilliCpu: one.peak,
      memMib: meanOf(one.mem),
      throttledShare: meanOf(one.throttled),
      gpuMilli: meanOf(one.gpu),
    })),
  };
}
