/**
 * The ids of a table of use in order, with what their tasks ask for, when neither fits in memory.
 *
 * Ids are laid down in ranges of the alphabet with so many that one is sorted in memory, and tasks and listed services beside them. A sample
 * of the ids says where the ranges end: all ids whose hash is divisible by a number that doubles whenever they become too many, so that how
 * often an id is measured does not matter.
 */
import { join } from 'node:path';
import type { Bulk } from './bulk.ts';
import { createLanes, laneOf } from './lanes.ts';
import { createRowWriter, eachRow, type RowColumns } from './row-writer.ts';

export type Request = readonly [milliCpu: number, memMib: number];

/** Ids of one range are in memory at once. */
const RANGE_IDS = 8_192;
const MOST_SAMPLED = 16_384;
/** So many ids met last are not laid down again: samples in the order of time name the same services over and over. */
const MOST_RECENT = 32_768;
const ID: RowColumns = [['id', 'text']];
const REQUESTS: RowColumns = [...ID, ['requestMilliCpu', 'double'], ['requestMemMib', 'double']];

/** Calls `take` for each id of `usage` that `listed` does not have, in code unit order. Throws TraceError. */
export async function eachMeasured(
  bulk: Pick<Bulk, 'scratch' | 'freeBytes' | 'onStep'>,
  usage: string,
  listed: string | null,
  tasks: string | null,
  take: (id: string, request: Request | undefined) => void,
): Promise<void> {
  const spool = join(bulk.scratch, 'measured.parquet');
  const ends = await layDownIds(usage, spool, bulk);
  const lanesOf = (name: string) => createLanes(join(bulk.scratch, name), ends.length + 1, bulk.freeBytes);
  const [measured, known, asked] = [lanesOf('measured'), lanesOf('listed'), lanesOf('requests')];
  await eachRow(spool, ID, ([id]) => measured.add(rangeOf(String(id), ends), JSON.stringify(id), String(id)));
  if (listed !== null)
    await eachRow(listed, ID, ([id]) => known.add(rangeOf(String(id), ends), JSON.stringify(id), String(id)));
  if (tasks !== null)
    await eachRow(tasks, REQUESTS, (row) =>
      asked.add(rangeOf(String(row[0]), ends), JSON.stringify(row), String(row[0])),
    );
  for (let range = 0; range <= ends.length; range++) {
    bulk.onStep('services written', range / (ends.length + 1));
    const ids = new Set<string>();
    await measured.read(range, (line) => void ids.add(JSON.parse(line)));
    await known.read(range, (line) => void ids.delete(JSON.parse(line)));
    const requests = new Map<string, Request>();
    await asked.read(range, (line) => {
      const [id, milliCpu, memMib] = JSON.parse(line) as [string, number | null, number | null];
      // JSON has no NaN.
      if (ids.has(id)) requests.set(id, [milliCpu ?? Number.NaN, memMib ?? Number.NaN]);
    });
    for (const id of Array.from(ids).sort()) take(id, requests.get(id));
  }
}

/** Lays down the ids, the recent ones not again; gives the first id of every range but the first. */
async function layDownIds(usage: string, spool: string, bulk: Pick<Bulk, 'scratch' | 'freeBytes'>): Promise<string[]> {
  const writer = createRowWriter(spool, ID, bulk.freeBytes);
  const [recent, sample] = [new Set<string>(), new Set<string>()];
  let oneOf = 1;
  await eachRow(usage, ID, ([value]) => {
    const id = String(value);
    if (recent.has(id)) return;
    if (recent.size === MOST_RECENT) recent.clear();
    recent.add(id);
    writer.add([id], () => id);
    if (laneOf(id, oneOf) !== 0) return;
    sample.add(id);
    if (sample.size <= MOST_SAMPLED) return;
    oneOf *= 2;
    for (const one of sample) if (laneOf(one, oneOf) !== 0) sample.delete(one);
  });
  writer.finish();
  const sorted = Array.from(sample).sort();
  const ranges = Math.min(sorted.length, Math.ceil((sorted.length * oneOf) / RANGE_IDS));
  return Array.from(
    { length: Math.max(0, ranges - 1) },
    (_, at) => sorted[Math.floor((sorted.length * (at + 1)) / ranges)],
  );
}

/** How many ends are not above the id. */
function rangeOf(id: string, ends: readonly string[]): number {
  let [from, to] = [0, ends.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (ends[middle] <= id) from = middle + 1;
    else to = middle;
  }
  return from;
}
