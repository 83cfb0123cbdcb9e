/**
 * Where samples of use go while a trace is read: to parquet row group by row group, or to memory in tests.
 *
 * One table for each source table: columns id, timeMs, milliCpu (mean since the sample before), peakMilliCpu, memMib and in some
 * tables one of EXTRA_COLUMNS; NaN = unknown.
 */
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { createGroupWriter } from './group-writer.ts';
import { ownText, refuseFullDisk } from './row-writer.ts';

export interface UsageTable {
  /** `place` is asked for when the disk is full; `extra` is the value of the column the table was opened with. */
  add(
    id: string,
    timeMs: number,
    milliCpu: number,
    peakMilliCpu: number,
    memMib: number,
    place: () => string,
    extra?: number,
  ): void;
  /** Closes the table; its ids, sorted, or none where they are not kept. */
  finish(): string[];
}

/** Columns that few tables have: the share of CFS periods in which a pod was throttled, and GPUs in use, 1000 = one all the time. */
const EXTRA_COLUMNS = ['throttledShare', 'gpuMilli'] as const;
export type ExtraColumn = (typeof EXTRA_COLUMNS)[number];

export interface UsageSink {
  /** Opens a table; the name is a file name. Ids may be too many to keep. */
  open(name: string, extra?: ExtraColumn, keepIds?: boolean): UsageTable;
  /** Path of the parquet file of a table, null when use is kept in memory. */
  pathOf(name: string): string | null;
}

export interface UsageSample {
  readonly table: string;
  readonly id: string;
  readonly timeMs: number;
  readonly milliCpu: number;
  readonly peakMilliCpu: number;
  readonly memMib: number;
  readonly throttledShare?: number;
  readonly gpuMilli?: number;
}

/** Keeps samples in memory. */
export function memorySink(): UsageSink & { readonly samples: UsageSample[] } {
  const samples: UsageSample[] = [];
  return {
    samples,
    pathOf: () => null,
    open(table, extra) {
      const ids = createIds();
      return {
        add(id, timeMs, milliCpu, peakMilliCpu, memMib, _place, more) {
          ids.own(id);
          const sample = { table, id, timeMs, milliCpu, peakMilliCpu, memMib };
          samples.push(extra === undefined ? sample : { ...sample, [extra]: more ?? Number.NaN });
        },
        finish: () => ids.sorted(),
      };
    },
  };
}

/** Twice as many cost 100 MiB more while they are written. */
const GROUP_ROWS = 30_720;

/** Free bytes on the disk of `folder`. */
export function freeBytesOf(folder: string): number {
  const disk = statfsSync(folder);
  return disk.bavail * disk.bsize;
}

/** Writes tables to `folder`/usage/NAME.parquet. `freeBytes` says what the disk has left. */
export function parquetSink(folder: string, freeBytes: (folder: string) => number = freeBytesOf): UsageSink {
  const usageFolder = join(folder, 'usage');
  mkdirSync(usageFolder, { recursive: true });
  const pathOf = (name: string) => join(usageFolder, `${name}.parquet`);
  return {
    pathOf,
    open: (name, extra, keepIds = true) =>
      createParquetTable(pathOf(name), extra, keepIds, () => freeBytes(usageFolder)),
  };
}

function createParquetTable(
  path: string,
  extra: ExtraColumn | undefined,
  keepIds: boolean,
  freeBytes: () => number,
): UsageTable {
  const column = (name: string, type: 'BYTE_ARRAY' | 'DOUBLE') =>
    type === 'BYTE_ARRAY'
      ? { name, type, repetition_type: 'REQUIRED' as const, converted_type: 'UTF8' as const }
      : { name, type, repetition_type: 'REQUIRED' as const };
  const names = ['timeMs', 'milliCpu', 'peakMilliCpu', 'memMib', ...(extra === undefined ? [] : [extra])];
  const writer = createGroupWriter(path, [
    { name: 'root', num_children: 1 + names.length },
    column('id', 'BYTE_ARRAY'),
    ...names.map((name) => column(name, 'DOUBLE')),
  ]);
  const known = createIds();
  const ids: string[] = [];
  const numbers = names.map(() => new Float64Array(GROUP_ROWS));
  const [times, means, peaks, memories] = numbers;
  const extras = numbers.at(4);
  let rows = 0;
  const flush = () => {
    if (rows === 0) return;
    writer.write([
      { name: 'id', data: ids },
      ...names.map((name, at) => ({ name, data: numbers[at].subarray(0, rows) })),
    ]);
    rows = 0;
    ids.length = 0;
  };
  return {
    add(id, timeMs, milliCpu, peakMilliCpu, memMib, place, more) {
      if (rows === GROUP_ROWS) {
        refuseFullDisk(freeBytes(), place, path);
        try {
          flush();
        } catch (error) {
          throw new TraceError(`${place()} cannot be written to ${path} (${String(error)})`);
        }
      }
      ids.push(keepIds ? known.own(id) : ownText(id));
      times[rows] = timeMs;
      means[rows] = milliCpu;
      peaks[rows] = peakMilliCpu;
      memories[rows] = memMib;
      if (extras !== undefined) extras[rows] = more ?? Number.NaN;
      rows += 1;
    },
    finish() {
      flush();
      writer.finish();
      return known.sorted();
    },
  };
}

/** One string for each id. */
function createIds() {
  const ids = new Map<string, string>();
  return {
    own(id: string): string {
      const known = ids.get(id);
      if (known !== undefined) return known;
      const own = ownText(id);
      ids.set(own, own);
      return own;
    },
    /** In code unit order: the same for any order of rows. */
    sorted: (): string[] => Array.from(ids.keys()).sort(),
  };
}
