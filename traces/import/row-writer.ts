/**
 * Rows of text and numbers to a Parquet file and back, row group by row group: never more than one in memory.
 *
 * The disk keeps some room: an import that does not fit ends while others can still write.
 */
import { setImmediate } from 'node:timers/promises';
import { TraceError } from '../../policies/base/assert.ts';
import { openParquetGroups } from '../readers/parquet-groups.ts';
import { createGroupWriter } from './group-writer.ts';

export type ColumnType = 'text' | 'double' | 'int';
export type RowColumns = readonly (readonly [name: string, type: ColumnType])[];

export interface RowWriter {
  /** Values in the order of the columns; `place` is asked for when the disk is full. Throws TraceError. */
  add(values: readonly (string | number)[], place: () => string): void;
  finish(): void;
}

/** Twice as many cost 50 MiB more while they are written. */
const GROUP_ROWS = 8_192;
/** Left free on the disk, so that the rest of the import and others can still write. */
const SPARE_BYTES = 67_108_864;

/** Throws TraceError naming `place` when `free` bytes are too few to write on. */
export function refuseFullDisk(free: number, place: () => string, path: string): void {
  if (free < SPARE_BYTES)
    throw new TraceError(`${place()} does not fit on the disk: ${free} bytes are free where ${path} is written`);
}

/** A copy: the text of a row is a view into the block it was read in, and a row group would keep all of it alive. */
export function ownText(text: string): string {
  return text === '' ? '' : Buffer.from(text).toString();
}

const PARQUET_TYPES = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  double: { type: 'DOUBLE' },
  int: { type: 'INT32' },
} as const;

export function createRowWriter(path: string, columns: RowColumns, freeBytes: () => number): RowWriter {
  const writer = createGroupWriter(path, [
    { name: 'root', num_children: columns.length },
    ...columns.map(([name, type]) => ({ name, repetition_type: 'REQUIRED' as const, ...PARQUET_TYPES[type] })),
  ]);
  const texts = columns.map((): string[] => []);
  const numbers = columns.map(([, type]) =>
    type === 'int' ? new Int32Array(GROUP_ROWS) : new Float64Array(type === 'double' ? GROUP_ROWS : 0),
  );
  let rows = 0;
  const flush = (): void => {
    if (rows === 0) return;
    writer.write(
      columns.map(([name, type], at) => ({
        name,
        data: type === 'text' ? texts[at] : numbers[at].subarray(0, rows),
        statistics: false,
      })),
    );
    for (const column of texts) column.length = 0;
    rows = 0;
  };
  return {
    add(values, place) {
      if (rows === GROUP_ROWS) {
        refuseFullDisk(freeBytes(), place, path);
        try {
          flush();
        } catch (error) {
          throw new TraceError(`${place()} cannot be written to ${path} (${String(error)})`);
        }
      }
      for (let at = 0; at < columns.length; at++) {
        const value = values[at];
        if (typeof value === 'string') texts[at].push(ownText(value));
        else numbers[at][rows] = value;
      }
      rows += 1;
    },
    finish() {
      flush();
      writer.finish();
    },
  };
}

/** Calls `take` for every row of a file, with the values of `columns`. Between two groups others have their turn. Throws TraceError. */
export async function eachRow(
  path: string,
  columns: RowColumns,
  take: (values: (string | number)[]) => void,
): Promise<void> {
  const file = openParquetGroups(
    path,
    columns.map(([name]) => name),
  );
  for (const [group, { rows }] of file.groups.entries()) {
    const read = columns.map(([name, type]) => (type === 'text' ? file.texts(group, name) : file.numbers(group, name)));
    for (let at = 0; at < rows; at++) take(read.map((column) => column[at]));
    await setImmediate();
  }
}
