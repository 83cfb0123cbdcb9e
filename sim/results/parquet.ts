/** One table as one Parquet file: INT32, DOUBLE and UTF-8 columns, none nullable, Snappy. DuckDB and pandas open it. */
import { TraceError } from '../../policies/base/assert.ts';
import type { Column, ColumnSpec, Table, TableName } from './schema.ts';
import { TABLES } from './schema.ts';

const PARQUET_TYPE = { int32: 'INT32', float64: 'DOUBLE', string: 'STRING' } as const;
const ROWS_PER_GROUP = 100_000;

/** Bytes of the Parquet file of `table`, columns in the order of the schema; equal tables give equal bytes. */
export async function parquetOf(table: Table): Promise<Uint8Array> {
  return parquetOfColumns(TABLES[table.name], table.columns as Readonly<Record<string, Column>>);
}

/** Bytes of the Parquet file of `columns`, in the order of `specs`. */
export async function parquetOfColumns(
  specs: readonly Pick<ColumnSpec, 'name' | 'type'>[],
  columns: Readonly<Record<string, Column>>,
): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const buffer = parquetWriteBuffer({
    columnData: specs.map((spec) => ({
      name: spec.name,
      data: spec.type === 'string' ? [...(columns[spec.name] as readonly string[])] : asNumbers(columns[spec.name]),
      type: PARQUET_TYPE[spec.type],
      nullable: false,
    })),
    codec: 'SNAPPY',
    rowGroupSize: ROWS_PER_GROUP,
    createdBy: 'tidemark',
  });
  return new Uint8Array(buffer);
}

function asNumbers(column: Column): Float64Array | Int32Array {
  return column as Float64Array | Int32Array;
}

/**
 * The table held by the Parquet bytes of `path`. Throws TraceError naming `path` when the bytes are no Parquet file, a
 * column is missing or has another type, or the number of rows is not `rows`.
 */
export async function tableOf<T extends TableName>(
  name: T,
  bytes: Uint8Array,
  rows: number,
  path: string,
): Promise<Table<T>> {
  const { parquetRead, parquetMetadata } = await import('hyparquet');
  const file = new Uint8Array(bytes).buffer;
  const columns: Record<string, Column> = {};
  try {
    const metadata = parquetMetadata(file);
    if (Number(metadata.num_rows) !== rows)
      throw new TraceError(`${path}: ${Number(metadata.num_rows)} rows, the manifest says ${rows}`);
    const present = new Map(metadata.schema.map((element) => [element.name, element.type]));
    for (const spec of TABLES[name]) {
      checkColumn(path, spec, present.get(spec.name));
      columns[spec.name] = emptyColumn(spec, rows);
    }
    if (rows > 0)
      await parquetRead({
        file,
        metadata,
        columns: TABLES[name].map((spec) => spec.name),
        onChunk: ({ columnName, columnData, rowStart }) => fillColumn(columns[columnName], columnData, rowStart),
      });
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`${path}: not a Parquet file of table ${name} (${(error as Error).message})`);
  }
  return { name, rows, columns: columns as Table<T>['columns'] };
}

function checkColumn(path: string, spec: ColumnSpec, found: string | undefined): void {
  const wanted = spec.type === 'string' ? 'BYTE_ARRAY' : PARQUET_TYPE[spec.type];
  if (found !== wanted)
    throw new TraceError(`${path}: column ${spec.name} is ${found ?? 'missing'}, expected ${wanted}`);
}

function emptyColumn(spec: ColumnSpec, rows: number): Column {
  if (spec.type === 'float64') return new Float64Array(rows);
  if (spec.type === 'int32') return new Int32Array(rows);
  return new Array<string>(rows).fill('');
}

function fillColumn(column: Column, chunk: ArrayLike<unknown>, rowStart: number): void {
  const target = column as { [row: number]: unknown };
  for (let row = 0; row < chunk.length; row++) target[rowStart + row] = chunk[row];
}
