/** Footers read group by group against the same footers read at once. */
import { parquetMetadata } from 'hyparquet';
import { ByteWriter, type ColumnSource, ParquetWriter, parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, expect, test } from 'vitest';
import { createTestFiles } from '../import/test-files.ts';
import { openDuckdb, sqlText } from '../import/usage-duckdb.ts';
import { openFooter } from './parquet-footer.ts';
import { openParquetGroups, readFooter } from './parquet-groups.ts';

const files = createTestFiles();
afterAll(() => files.remove());

/** The footer in a file and what stands behind it. */
function footerIn(file: Uint8Array): Uint8Array {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(file.length - 8, true);
  return file.subarray(file.length - 8 - length);
}

function checkFooter(bytes: Uint8Array, groups: number): void {
  const { row_groups, metadata_length, ...whole } = parquetMetadata(bytes);
  const footer = openFooter(bytes);
  expect([footer.groupCount, Array.from(footer.groups())]).toEqual([groups, row_groups]);
  expect({ ...footer.head, metadata_length }).toEqual({ ...whole, metadata_length, row_groups: [] });
  // Once more: the groups may be walked any number of times.
  expect(Array.from(footer.groups())).toEqual(row_groups);
}

const NUMBERS: ColumnSource = { name: 'use', data: [0.5, Number.NaN, 3], type: 'DOUBLE' };

test.each([0, 1, 14, 15, 200])('%i groups of text and numbers, with bounds', (groups) => {
  const writer = new ParquetWriter({
    writer: new ByteWriter(),
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'use', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
    ],
  });
  for (let group = 0; group < groups; group++)
    void writer.write({ columnData: [{ name: 'id', data: ['é', `${group}`, ''] }, NUMBERS] });
  void writer.finish();
  checkFooter(footerIn(writer.writer.getBytes()), groups);
});

test('words of the writer behind the groups, booleans, dates and large whole numbers', () => {
  const file = parquetWriteBuffer({
    columnData: [
      NUMBERS,
      { name: 'yes', data: [true, false, true], type: 'BOOLEAN' },
      { name: 'when', data: [new Date(0), new Date(1e12), new Date(5)], type: 'TIMESTAMP' },
      { name: 'large', data: [1n << 62n, -(1n << 62n), 0n], type: 'INT64', columnIndex: true },
    ],
    kvMetadata: [{ key: 'of', value: 'whom' }],
  });
  checkFooter(footerIn(new Uint8Array(file)), 1);
});

test('a file of DuckDB with lists and structs: columns inside of others have no chunk of their own', async () => {
  const connection = await openDuckdb(files.path('tmp'));
  if (connection === null) return console.log('skipped: DuckDB is not installed');
  const path = files.path('nested.parquet');
  await connection.run(
    `COPY (SELECT i AS use, [i, 2] AS list, {'a': i, 'b': 'x'} AS struct, 't' || i AS id FROM range(5000) r(i)) TO ${sqlText(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  );
  connection.closeSync();
  const { footer } = readFooter(path);
  checkFooter(footer, 3);
  const file = openParquetGroups(path, ['use']);
  expect([file.rows, file.groups.map(({ start }) => start)]).toEqual([5_000, [0, 2_048, 4_096]]);
  expect(file.range(1, 'use')).toEqual([2_048, 4_095]);
  expect(file.numbers(2, 'use')[0]).toBe(4_096);
  expect(file.texts(2, 'id').at(-1)).toBe('t4999');
  expect(() => file.numbers(0, 'list')).toThrow(/nested\.parquet: row group 1 has no column list/);
});

test('what is no footer is refused', () => {
  expect(() => openFooter(Uint8Array.of(0, 1, 0, 0, 0, 80, 65, 82, 49))).toThrow('a footer without field 4');
  expect(() => openFooter(Uint8Array.of(0x1d, 0))).toThrow('a footer with a value of type 13');
});
