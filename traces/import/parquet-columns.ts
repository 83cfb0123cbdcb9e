/** Columns of a parquet file by name, with BigInt and Date turned into numbers. */
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { TraceError } from '../../policies/base/assert.ts';

export interface ParquetColumns {
  readonly path: string;
  readonly count: number;
  has(name: string): boolean;
  /** The column as read. Throws TraceError when the file does not have it. */
  column(name: string): readonly unknown[];
}

/** Reads those of `wanted` that the file has. Throws TraceError when it cannot be read or lacks one of `required`. */
export async function readParquet(
  path: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Promise<ParquetColumns> {
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const present = parquetSchema(metadata).children.map((child) => child.element.name);
    for (const name of required)
      if (!present.includes(name)) throw new TraceError(`${path}: no column ${name}; it has ${present.join(', ')}`);
    const columns = [...required, ...optional].filter((name) => present.includes(name));
    const count = Number(metadata.num_rows);
    const values = new Map<string, unknown[]>(columns.map((name) => [name, new Array<unknown>(count)]));
    await parquetRead({
      file,
      metadata,
      columns,
      compressors,
      onChunk: ({ columnName, columnData, rowStart }) => {
        const target = values.get(columnName);
        if (target !== undefined)
          for (let row = 0; row < columnData.length; row++) target[rowStart + row] = columnData[row];
      },
    });
    return {
      path,
      count,
      has: (name) => values.has(name),
      column: (name) => {
        const column = values.get(name);
        if (column === undefined) throw new TraceError(`${path}: no column ${name}`);
        return column;
      },
    };
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The number at a row: int64 arrives as BigInt, a timestamp as Date. Rows are named from 1. Throws TraceError. */
export function numberAt(columns: ParquetColumns, name: string, row: number): number {
  const value = columns.column(name)[row];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.getTime();
  throw new TraceError(`${columns.path}:${row + 1} ${name} is ${String(value)}; a number is expected`);
}

/** An id as text: int32 in new files, a string in old ones. Throws TraceError. */
export function idAt(columns: ParquetColumns, name: string, row: number): string {
  return idText(columns.column(name)[row], () => `${columns.path}:${row + 1} ${name}`);
}

/** The ids of a list column; none when it is empty. Throws TraceError. */
export function idsAt(columns: ParquetColumns, name: string, row: number): string[] {
  const value = columns.column(name)[row];
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new TraceError(`${columns.path}:${row + 1} ${name} is not a list`);
  return value.map((id) => idText(id, () => `${columns.path}:${row + 1} ${name}`));
}

function idText(value: unknown, where: () => string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  throw new TraceError(`${where()} is ${String(value)}; an id (number or string) is expected`);
}

/** The column as doubles. */
export function doubles(file: ParquetColumns, name: string): Float64Array {
  return Float64Array.from(file.column(name), (value) => Number(value));
}

/** The column as doubles, NaN for all rows of a file that does not have it. */
export function doublesOrNan(file: ParquetColumns, name: string): Float64Array {
  return file.has(name) ? doubles(file, name) : new Float64Array(file.count).fill(Number.NaN);
}

/** The column as 32-bit integers. */
export function ints(file: ParquetColumns, name: string): Int32Array {
  return Int32Array.from(file.column(name), (value) => Number(value));
}

/** The column as text. Throws TraceError. */
export function texts(file: ParquetColumns, name: string): string[] {
  return Array.from({ length: file.count }, (_, row) => idAt(file, name, row));
}

/** Columns to write, as hyparquet-writer takes them. */
export const textColumn = (name: string, data: readonly string[]) => ({
  name,
  data: [...data],
  type: 'STRING' as const,
});
export const doubleColumn = (name: string, data: Float64Array) => ({ name, data, type: 'DOUBLE' as const });
export const intColumn = (name: string, data: Int32Array) => ({ name, data, type: 'INT32' as const });
