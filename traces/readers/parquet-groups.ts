/**
 * Columns of a Parquet file, row group by row group and at once: a run asks for load between two events and cannot wait.
 *
 * The file is opened for each read and closed again, so that a reader can be dropped at any time. Compression is Snappy, which is what an
 * import writes, or none: a worker loads no other.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileMetaData, parquetMetadata, parquetSchema } from 'hyparquet';
import { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { TraceError } from '../../policies/base/assert.ts';

export interface RowGroup {
  readonly start: number;
  readonly rows: number;
}

export interface ParquetGroups {
  readonly path: string;
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  has(column: string): boolean;
  /** Smallest and largest value of a column of numbers in a group, null when the file does not say. */
  range(group: number, column: string): readonly [least: number, most: number] | null;
  /** Values of a column of numbers. Throws TraceError. */
  numbers(group: number, column: string): Float64Array;
  /** Values of a column of text. Throws TraceError. */
  texts(group: number, column: string): string[];
}

const TAIL_BYTES = 8;
const MAGIC = 'PAR1';

/** The last bytes of a Parquet file: what it holds, where, and between which values. Throws TraceError. */
export function readFooter(path: string): { readonly footer: Buffer; readonly fileBytes: number } {
  return withFile(path, (descriptor) => {
    const fileBytes = fstatSync(descriptor).size;
    const tail = bytesAt(descriptor, Math.max(0, fileBytes - TAIL_BYTES), TAIL_BYTES);
    const length = tail.length === TAIL_BYTES ? tail.readUInt32LE(0) : 0;
    if (tail.toString('latin1', 4) !== MAGIC || length + TAIL_BYTES > fileBytes)
      throw new TraceError(`${path}: is no whole Parquet file`);
    return { footer: bytesAt(descriptor, fileBytes - TAIL_BYTES - length, length + TAIL_BYTES), fileBytes };
  });
}

/** Opens a file that must have the `required` columns. Throws TraceError. */
export function openParquetGroups(path: string, required: readonly string[]): ParquetGroups {
  const metadata = inFile(path, () => {
    const { footer } = readFooter(path);
    return parquetMetadata(arrayBufferOf(footer));
  });
  const tree = parquetSchema(metadata);
  const nodes = new Map(tree.children.map((child) => [child.element.name, child]));
  for (const name of required)
    if (!nodes.has(name)) throw new TraceError(`${path}: no column ${name}; it has ${[...nodes.keys()].join(', ')}`);
  let start = 0;
  const groups = metadata.row_groups.map(({ num_rows }) => {
    const group = { start, rows: Number(num_rows) };
    start += group.rows;
    return group;
  });
  const chunkOf = (group: number, column: string) => {
    const chunk = metadata.row_groups[group].columns.find(
      ({ meta_data }) => meta_data?.path_in_schema.length === 1 && meta_data.path_in_schema[0] === column,
    )?.meta_data;
    if (chunk === undefined) throw new TraceError(`${path}: row group ${group + 1} has no column ${column}`);
    return chunk;
  };
  const pieces = (group: number, column: string) =>
    inFile(path, () => {
      const chunk = chunkOf(group, column);
      const node = nodes.get(column);
      if (node === undefined) throw new TraceError(`${path}: no column ${column}`);
      const from = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
      const bytes = withFile(path, (descriptor) => bytesAt(descriptor, from, Number(chunk.total_compressed_size)));
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const { rows } = groups[group];
      const select = { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows };
      const { data } = readColumn({ view, offset: 0 }, select, {
        pathInSchema: chunk.path_in_schema,
        element: node.element,
        schemaPath: [tree, node],
        parsers: DEFAULT_PARSERS,
        codec: chunk.codec,
        type: chunk.type,
      });
      return data;
    });
  return {
    path,
    rows: Number(metadata.num_rows),
    groups,
    has: (column) => nodes.has(column),
    range: (group, column) => rangeOf(chunkOf(group, column).statistics),
    numbers(group, column) {
      const out = new Float64Array(groups[group].rows);
      let at = 0;
      for (const piece of pieces(group, column))
        for (let row = 0; row < piece.length; row++) out[at++] = Number(piece[row]);
      return out;
    },
    texts(group, column) {
      const out = new Array<string>(groups[group].rows);
      let at = 0;
      for (const piece of pieces(group, column))
        for (let row = 0; row < piece.length; row++) out[at++] = String(piece[row]);
      return out;
    },
  };
}

type Statistics = NonNullable<FileMetaData['row_groups'][number]['columns'][number]['meta_data']>['statistics'];

function rangeOf(statistics: Statistics): readonly [number, number] | null {
  const least = Number(statistics?.min_value ?? statistics?.min ?? Number.NaN);
  const most = Number(statistics?.max_value ?? statistics?.max ?? Number.NaN);
  return Number.isNaN(least) || Number.isNaN(most) ? null : [least, most];
}

function inFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function withFile<T>(path: string, work: (descriptor: number) => T): T {
  return inFile(path, () => {
    const descriptor = openSync(path, 'r');
    try {
      return work(descriptor);
    } finally {
      closeSync(descriptor);
    }
  });
}

function bytesAt(descriptor: number, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const got = readSync(descriptor, bytes, read, length - read, from + read);
    if (got === 0) throw new Error(`ends ${length - read} bytes early`);
    read += got;
  }
  return bytes;
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
