/**
 * CSV tables of use, as large as they come: read as a stream into the sink, without a row kept.
 *
 * A table is described, not programmed, so that the same description also runs as one query of DuckDB (usage-duckdb.ts). Both give
 * the same samples in the same order.
 */
import { stat } from 'node:fs/promises';
import { fail, TraceError } from '../../policies/base/assert.ts';
import { releaseHeap } from '../readers/release-heap.ts';
import { type RowPlace, readLineBlocks, readNumber, refuseBomb, rejectRow } from '../readers/rows.ts';
import { dropRow, type ImportContext } from './context.ts';
import { scaleInPortions } from './scale-portions.ts';
import { copyUsageWithDuckdb } from './usage-duckdb.ts';
import type { UsageTable } from './usage-sink.ts';

export interface UsageCsv {
  readonly name: string;
  readonly separator: ',';
  /** Fields a row must have; more are refused. */
  readonly fields: number;
  /** Older versions have fewer; as many as `fields` unless said. */
  readonly fewestFields?: number;
  /** Put before every id, where ids of two tables would be the same. */
  readonly idPrefix?: string;
  /** Positions from 0; several are joined by `/`. */
  readonly id: readonly number[];
  readonly time: number;
  /** ms = field x timeScaleMs - timeOffsetMs, at least 0. */
  readonly timeScaleMs: number;
  readonly timeOffsetMs: number;
  readonly cpu: number;
  /** Position of the largest CPU inside the sample, or -1. */
  readonly peak: number;
  /** Position of memory, or -1. */
  readonly mem: number;
  /** Values that mean "not measured", as numbers; an empty field always does. */
  readonly invalid: readonly number[];
  /** Largest sensible value of cpu and peak as written. */
  readonly mostCpu: number;
  /** Ids may be too many for memory: in bulk they are not collected. */
  readonly manyIds?: boolean;
  /** Rows with an empty id are left out and counted instead of refused. */
  readonly skipEmptyId?: boolean;
}

/** What one unit of cpu and memory of an id is worth in milli-cores and MiB. */
export interface UsageScale {
  readonly milliCpu: number;
  readonly memMib: number;
}

/** Scales by id. */
export type ScaleLookup = Pick<ReadonlyMap<string, UsageScale>, 'get'>;

/** Scales that stand in a file. */
export interface StoredScales {
  readonly count: number;
  /** Query of id, milliCpu and memMib. */
  readonly sql: string;
  /** Portions of so many that one is in memory at once. */
  readonly portions: number;
  portionOf(id: string): number;
  /** Scales of one portion. Throws TraceError. */
  load(portion: number): Promise<ScaleLookup>;
}
export type UsageScales = ReadonlyMap<string, UsageScale> | StoredScales;

export interface UsageRead {
  /** Sorted; none of a table with many, in bulk. */
  readonly ids: readonly string[];
  readonly rows: number;
  readonly emptyIds: number;
  readonly engine: 'duckdb' | 'stream';
}

/** More stored scales than these are looked up here: DuckDB takes a multiple of the memory for them. */
const MOST_JOINED = 1_000_000;

/** Reads the parts of one table. Ids that are not in `scales` use `other`. Throws TraceError with file and row. */
export async function readUsageCsv(
  table: UsageCsv,
  paths: readonly string[],
  scales: UsageScales,
  other: UsageScale,
  context: ImportContext,
): Promise<UsageRead> {
  const keepIds = context.bulk === null || table.manyIds !== true;
  if (paths.length === 0) return { ids: [], rows: 0, emptyIds: 0, engine: 'stream' };
  const target = context.usage.pathOf(table.name);
  if (context.bulk !== null) releaseHeap();
  const isJoinable = !('sql' in scales) || scales.count <= MOST_JOINED;
  if (context.duckdb && target !== null && isJoinable) {
    for (const path of paths) await refuseBomb(path, context.reading);
    const bytes = (await Promise.all(paths.map((path) => stat(path)))).reduce((sum, { size }) => sum + size, 0);
    let told = 0;
    const tell = (share0to1: number) => {
      const read = Math.round(bytes * share0to1);
      context.reading.onBytes?.(read - told);
      told = read;
    };
    const done = await copyUsageWithDuckdb(table, paths, scales, other, target, keepIds, tell);
    // Anything it stumbled over is read again row by row, which can say where it is.
    tell(done === null ? 0 : 1);
    if (done !== null) return { ...done, engine: 'duckdb' };
  }
  const tally = { rows: 0, emptyIds: 0 };
  const open = () => context.usage.open(table.name, undefined, keepIds);
  const readAll = async (known: ScaleLookup, output: UsageTable): Promise<number> => {
    for (const path of paths) await readPart(table, path, known, other, output, context, tally);
    return tally.rows;
  };
  if ('sql' in scales) {
    if (context.bulk === null) fail('scales stand in a file of an import that has no folder');
    const ids = await scaleInPortions(scales, other, context.bulk, open, readAll);
    return { ids, ...tally, engine: 'stream' };
  }
  const output = open();
  await readAll(scales, output);
  return { ids: output.finish(), ...tally, engine: 'stream' };
}

async function readPart(
  table: UsageCsv,
  path: string,
  scales: ScaleLookup,
  other: UsageScale,
  output: UsageTable,
  context: ImportContext,
  tally: { rows: number; emptyIds: number },
): Promise<void> {
  const place = { path, row: 0 };
  const where = () => `${path}:${place.row}`;
  for await (const lines of readLineBlocks(path, context.reading))
    for (const line of lines) {
      place.row += 1;
      if (line === '') continue;
      const fields = line.split(table.separator);
      try {
        if (fields.length > table.fields || fields.length < (table.fewestFields ?? table.fields))
          rejectRow(place, `has ${fields.length} fields; ${table.name} has ${table.fields}`);
        const id = table.id.length === 1 ? fields[table.id[0]] : table.id.map((at) => fields[at]).join('/');
        if (id === '' && table.skipEmptyId === true) {
          tally.emptyIds += 1;
          continue;
        }
        if (id === '') rejectRow(place, 'has no id');
        const timeMs = Math.round(
          readNumber(place, fields[table.time], 'time') * table.timeScaleMs - table.timeOffsetMs,
        );
        const name = (table.idPrefix ?? '') + id;
        const scale = scales.get(name) ?? other;
        const cpu = readValue(place, fields, table.cpu, table, 'CPU', table.mostCpu);
        const peak = readValue(place, fields, table.peak, table, 'peak CPU', table.mostCpu);
        const mem = readValue(place, fields, table.mem, table, 'memory', Infinity);
        tally.rows += 1;
        output.add(name, Math.max(0, timeMs), cpu * scale.milliCpu, peak * scale.milliCpu, mem * scale.memMib, where);
      } catch (error) {
        if (error instanceof TraceError && error.message.includes('on the disk')) throw error;
        dropRow(context, error);
      }
    }
}

/** NaN when the table has no such column, the field is empty or holds a word for "not measured". */
function readValue(
  place: RowPlace,
  fields: readonly string[],
  at: number,
  table: UsageCsv,
  name: string,
  most: number,
): number {
  if (at < 0 || fields[at] === '') return Number.NaN;
  const value = readNumber(place, fields[at], name);
  if (table.invalid.includes(value)) return Number.NaN;
  if (value < 0 || value > most) rejectRow(place, `${name} is ${value}; 0 to ${most} is expected`);
  return value;
}
