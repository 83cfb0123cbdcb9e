/**
 * A Parquet file row group by row group: of a group that is written, some 1 KB stays in memory until the file is closed.
 *
 * hyparquet-writer keeps objects of every column of every group for the footer: 12 KB for a group of twenty columns. Here they are packed as
 * soon as their group is written, and the footer is put together group by group. The bytes are those of the library.
 */
import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { RowGroup, SchemaElement } from 'hyparquet';
import { ByteWriter, type ColumnSource, fileWriter, ParquetWriter } from 'hyparquet-writer';
import { writeIndexes } from 'hyparquet-writer/src/indexes.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';

export interface GroupWriter {
  /** Writes one row group: every column of the schema, all of the same length, at least one row. */
  write(columns: ColumnSource[]): void;
  /** Writes the footer and closes the file; only then can it be read. */
  finish(): void;
}

/** `PAR1`, and the length of the footer before it. */
const MAGIC = 0x31524150;
const LENGTH_BYTES = 4;
/** Head of a list of structs in Thrift's compact protocol: 4 bits of its length, 15 when that follows, and 4 of the type. */
const STRUCT = 12;
const LONG = 15;

/** A new file at `path` (what stood there is lost) with the columns of `schema`, whose first element is the root. Errors of the disk come as they are. */
export function createGroupWriter(path: string, schema: SchemaElement[]): GroupWriter {
  const file = fileWriter(path);
  const writer = new ParquetWriter({ writer: file, schema });
  const packed: Uint8Array[] = [];
  const footerOf = (groups: RowGroup[]): Uint8Array => {
    const bytes = new ByteWriter();
    const { createdBy, num_rows } = writer;
    const sizes = { num_rows, metadata_length: 0 };
    writeMetadata(bytes, { version: 2, created_by: createdBy, schema, row_groups: groups, ...sizes });
    return bytes.getBytes().subarray(0, -LENGTH_BYTES);
  };
  return {
    write(columns) {
      void writer.write({ columnData: columns, rowGroupSize: columns[0].data.length });
      const [[group], indexes] = [writer.row_groups.splice(0), writer.pendingIndexes.splice(0)];
      // A copy: what zlib gives is a view into 16 KB.
      packed.push(new Uint8Array(deflateRawSync(serialize({ group, indexes }))));
    },
    finish() {
      if (packed.length === 0) return void writer.finish();
      const none = footerOf([]);
      let list = 0;
      for (const [at, bytes] of packed.entries()) {
        const { group, indexes } = deserialize(inflateRawSync(bytes));
        // Indexes stand before the footer, which says where.
        writeIndexes(file, indexes);
        const one = footerOf([group]);
        // The head of the list of groups is the first byte that differs.
        if (at === 0) list = none.findIndex((byte, place) => byte !== one[place]);
        packed[at] = one.slice(list + 1, list + 1 + one.length - none.length);
      }
      const start = file.offset;
      file.appendBytes(none.subarray(0, list));
      appendList(file, packed);
      file.appendBytes(none.subarray(list + 1));
      file.appendUint32(file.offset - start);
      file.appendUint32(MAGIC);
      void file.finish();
    },
  };
}

function appendList(file: ReturnType<typeof fileWriter>, structs: readonly Uint8Array[]): void {
  if (structs.length < LONG) file.appendUint8((structs.length << 4) | STRUCT);
  else {
    file.appendUint8((LONG << 4) | STRUCT);
    file.appendVarInt(structs.length);
  }
  for (const struct of structs) file.appendBytes(struct);
}
