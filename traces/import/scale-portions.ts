/**
 * Use times the scales of services that are too many to be looked up at once.
 *
 * Services are in portions by a hash of their id. The first table has the samples of the first portion scaled and all others as they are; each
 * further portion is scaled on the way from one table to the next, in the same order.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { releaseHeap } from '../readers/release-heap.ts';
import type { Bulk } from './bulk.ts';
import { eachRow, type RowColumns } from './row-writer.ts';
import type { ScaleLookup, StoredScales, UsageScale } from './usage-csv.ts';
import { parquetSink, type UsageTable } from './usage-sink.ts';

const COLUMNS: RowColumns = [
  ['id', 'text'],
  ['timeMs', 'double'],
  ['milliCpu', 'double'],
  ['peakMilliCpu', 'double'],
  ['memMib', 'double'],
];
const AS_IT_IS: UsageScale = { milliCpu: 1, memMib: 1 };
const ROWS_PER_STEP = 65_536;

/**
 * Fills the table that `open` opens with the samples that `read` finds and counts, and gives what its `finish` gives. Services without a scale use
 * `other`. Throws TraceError.
 */
export async function scaleInPortions(
  scales: StoredScales,
  other: UsageScale,
  bulk: Pick<Bulk, 'scratch' | 'freeBytes' | 'onStep'>,
  open: () => UsageTable,
  read: (scales: ScaleLookup, output: UsageTable) => Promise<number>,
): Promise<string[]> {
  const { portions } = scales;
  const between = parquetSink(bulk.scratch, bulk.freeBytes);
  const tableOf = (portion: number) =>
    portion === portions - 1 ? open() : between.open(`portion-${portion}`, undefined, false);
  let output = tableOf(0);
  const rows = await read(await lookupOf(scales, 0), output);
  let ids = output.finish();
  for (let portion = 1; portion < portions; portion++) {
    const from = join(bulk.scratch, 'usage', `portion-${portion - 1}.parquet`);
    const known = await lookupOf(scales, portion);
    output = tableOf(portion);
    let row = 0;
    await eachRow(from, COLUMNS, ([id, ...numbers]) => {
      const { milliCpu, memMib } = known.get(String(id)) ?? other;
      const [timeMs, cpu, peak, mem] = numbers as number[];
      if (row++ % ROWS_PER_STEP === 0) bulk.onStep('use scaled', (portion - 1 + row / (rows + 1)) / (portions - 1));
      output.add(String(id), timeMs, cpu * milliCpu, peak * milliCpu, mem * memMib, () => String(id));
    });
    rmSync(from);
    ids = output.finish();
  }
  return ids;
}

/** Scales of one portion; samples of the others stay as they are. */
async function lookupOf(scales: StoredScales, portion: number): Promise<ScaleLookup> {
  if (portion > 0) releaseHeap();
  const known = await scales.load(portion);
  if (scales.portions === 1) return known;
  return { get: (id) => (scales.portionOf(id) === portion ? known.get(id) : AS_IT_IS) };
}
