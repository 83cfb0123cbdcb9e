/**
 * Columns of a Parquet file, row group by row group and at once: a run asks for load between two events and cannot wait.
 *
 * The file is opened for each read and closed again, so that a reader can be dropped at any time. Compression is Snappy, which is what an
 * import writes, or none: a worker loads no other.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type CompressionCodec, parquetSchema } from 'hyparquet';
import { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { TraceError } from '../../policies/base/assert.ts';
import { type Footer, openFooter } from './parquet-footer.ts';

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
  const { head, groups, chunks } = inFile(path, () => layOutGroups(openFooter(readFooter(path).footer)));
  const tree = parquetSchema(head);
  const nodes = new Map(tree.children.map((child) => [child.element.name, child]));
  for (const name of required)
    if (!nodes.has(name)) throw new TraceError(`${path}: no column ${name}; it has ${[...nodes.keys()].join(', ')}`);
  const chunkOf = (group: number, column: string) => {
    const of = chunks.get(column);
    if (of === undefined || of.bytes[group] === 0)
      throw new TraceError(`${path}: row group ${group + 1} has no column ${column}`);
    return of;
  };
  const pieces = (group: number, column: string) =>
    inFile(path, () => {
      const { from, bytes: sizes, codecs } = chunkOf(group, column);
      const node = nodes.get(column);
      if (node?.element.type === undefined) throw new TraceError(`${path}: no column ${column}`);
      const bytes = withFile(path, (descriptor) => bytesAt(descriptor, from[group], sizes[group]));
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const { rows } = groups[group];
      const select = { groupStart: 0, selectStart: 0, selectEnd: rows, groupRows: rows };
      const { data } = readColumn({ view, offset: 0 }, select, {
        pathInSchema: [column],
        element: node.element,
        schemaPath: [tree, node],
        parsers: DEFAULT_PARSERS,
        codec: codecs[group],
        type: node.element.type,
      });
      return data;
    });
  return {
    path,
    rows: Number(head.num_rows),
    groups,
    has: (column) => nodes.has(column),
    range(group, column) {
      const { least, most } = chunkOf(group, column);
      return Number.isNaN(least[group]) || Number.isNaN(most[group]) ? null : [least[group], most[group]];
    },
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

/** Where the values of a column are, by row group; a group without the column has 0 bytes. */
interface Chunks {
  readonly from: Float64Array;
  readonly bytes: Float64Array;
  readonly codecs: CompressionCodec[];
  /** NaN where the file does not say. */
  readonly least: Float64Array;
  readonly most: Float64Array;
}

/** Rows of each group, and the chunks of each column that is not inside of another. */
function layOutGroups(footer: Footer) {
  const groups: RowGroup[] = [];
  const chunks = new Map<string, Chunks>();
  const numbers = () => new Float64Array(footer.groupCount);
  let start = 0;
  for (const { num_rows, columns } of footer.groups()) {
    for (const { meta_data } of columns) {
      if (meta_data?.path_in_schema.length !== 1) continue;
      const [name] = meta_data.path_in_schema;
      const column = chunks.get(name) ?? {
        from: numbers(),
        bytes: numbers(),
        codecs: [],
        least: numbers(),
        most: numbers(),
      };
      const group = groups.length;
      const { statistics } = meta_data;
      column.from[group] = Number(meta_data.dictionary_page_offset || meta_data.data_page_offset);
      column.bytes[group] = Number(meta_data.total_compressed_size);
      column.codecs[group] = meta_data.codec;
      column.least[group] = Number(statistics?.min_value ?? statistics?.min ?? Number.NaN);
      column.most[group] = Number(statistics?.max_value ?? statistics?.max ?? Number.NaN);
      chunks.set(name, column);
    }
    groups.push({ start, rows: Number(num_rows) });
    start += Number(num_rows);
  }
  return { head: footer.head, groups, chunks };
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
