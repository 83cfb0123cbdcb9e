/**
 * The footer of a Parquet file group by group: read at once, it makes 34 KB of objects for a row group of twenty columns.
 *
 * A footer is a struct of Thrift's compact protocol, whose field 4 is the list of row groups. Each group is read from a footer of its own: the
 * whole with the other groups left out. Source: parquet.thrift and thrift-compact-protocol.md.
 */
import { type FileMetaData, parquetMetadata, type RowGroup } from 'hyparquet';
import { readVarInt, readZigZag } from 'hyparquet/src/thrift.js';

export interface Footer {
  /** All but the row groups. */
  readonly head: FileMetaData;
  readonly groupCount: number;
  /** The groups in order. */
  groups(): Generator<RowGroup>;
}

const ROW_GROUPS = 4;
/** Length of the footer and `PAR1`. */
const TAIL_BYTES = 8;
const [STOP, TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, STRUCT] = [0, 1, 2, 3, 7, 8, 9, 12];
const INTEGERS = [4, 5, 6];
/** Of a list whose length stands behind its head. */
const LONG = 15;

/** Reads a footer with what stands behind it in the file. Throws when it is none. */
export function openFooter(footer: Uint8Array): Footer {
  const reader = { view: new DataView(footer.buffer, footer.byteOffset, footer.byteLength), offset: 0 };
  findField(reader, ROW_GROUPS);
  const before = footer.subarray(0, reader.offset);
  const groupCount = readListHead(reader).length;
  const first = reader.offset;
  for (let group = 0; group < groupCount; group++) skip(reader, STRUCT);
  const behind = footer.subarray(reader.offset);
  const withGroups = (count: 0 | 1, groups: Uint8Array): FileMetaData => {
    const bytes = Buffer.concat([before, Uint8Array.of((count << 4) | STRUCT), groups, behind]);
    const length = bytes.length - TAIL_BYTES;
    bytes.writeUInt32LE(length, length);
    return parquetMetadata(bytes);
  };
  return {
    head: withGroups(0, new Uint8Array(0)),
    groupCount,
    *groups() {
      reader.offset = first;
      for (let group = 0; group < groupCount; group++) {
        const start = reader.offset;
        skip(reader, STRUCT);
        yield withGroups(1, footer.subarray(start, reader.offset)).row_groups[0];
      }
    },
  };
}

interface Reader {
  readonly view: DataView;
  offset: number;
}

/** Moves to the value of a field of the struct that begins here. */
function findField(reader: Reader, wanted: number): void {
  for (let at = nextField(reader, 0); at.field !== wanted; at = nextField(reader, at.field)) {
    if (at.type === STOP) throw new Error(`a footer without field ${wanted}`);
    skip(reader, at.type);
  }
}

function readListHead(reader: Reader): { readonly length: number; readonly type: number } {
  const head = reader.view.getUint8(reader.offset++);
  return { length: head >> 4 === LONG ? readVarInt(reader) : head >> 4, type: head & 15 };
}

/** Moves behind a value. The value of a boolean stands in its type, but in a list. */
function skip(reader: Reader, type: number): void {
  if (type === TRUE || type === FALSE) return;
  if (type === BYTE) reader.offset += 1;
  else if (INTEGERS.includes(type)) readVarInt(reader);
  else if (type === DOUBLE) reader.offset += 8;
  else if (type === BINARY) {
    const length = readVarInt(reader);
    reader.offset += length;
  } else if (type === LIST) {
    const { length, type: of } = readListHead(reader);
    for (let at = 0; at < length; at++) skip(reader, of === TRUE || of === FALSE ? BYTE : of);
  } else if (type === STRUCT)
    for (let at = nextField(reader, 0); at.type !== STOP; at = nextField(reader, at.field)) skip(reader, at.type);
  else throw new Error(`a footer with a value of type ${type}`);
}

/** The field behind `field`; STOP behind the last. */
function nextField(reader: Reader, field: number): { readonly field: number; readonly type: number } {
  const head = reader.view.getUint8(reader.offset++);
  if (head === STOP) return { field, type: STOP };
  return { field: head >> 4 === 0 ? readZigZag(reader) : field + (head >> 4), type: head & 15 };
}
