/** Files written group by group against those of the library: every byte has to be the same. */
import { readFileSync } from 'node:fs';
import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, fileWriter, ParquetWriter } from 'hyparquet-writer';
import { afterAll, expect, test } from 'vitest';
import { keyedWord } from '../../sim/kernel/random.ts';
import { releaseHeap } from '../readers/release-heap.ts';
import { createGroupWriter } from './group-writer.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: 3 },
  { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'use', type: 'DOUBLE', repetition_type: 'REQUIRED' },
  { name: 'count', type: 'INT32', repetition_type: 'REQUIRED' },
];

/** Ids of a hundred letters: 12,000 of them do not fit on one page. */
function columns(group: number, rows: number, statistics: boolean): ColumnSource[] {
  const word = (row: number) => keyedWord(group, row) >>> 0;
  const of = <T>(value: (row: number) => T) => Array.from({ length: rows }, (_, row) => value(row));
  return [
    { name: 'id', data: of((row) => `${word(row)}`.padStart(100, 'é')), statistics },
    { name: 'use', data: Float64Array.from(of((row) => (row % 7 === 0 ? Number.NaN : word(row) / 3))), statistics },
    { name: 'count', data: Int32Array.from(of((row) => word(row) % 5)), statistics },
  ];
}

test.each([
  ['no group', [], true],
  ['one row', [1], true],
  ['14 groups, whose number stands in the head of the list', new Array(14).fill(3), false],
  ['15 groups, whose number stands behind it', new Array(15).fill(3), true],
  ['300 groups, some of them with several pages in a column', [12_000, ...new Array(298).fill(20), 12_000], true],
  ['two groups without statistics', [12_000, 4], false],
])('%s', (name, sizes, statistics) => {
  const [own, theirs] = [files.path(`${name}.own`), files.path(`${name}.theirs`)];
  const writer = createGroupWriter(own, SCHEMA);
  const library = new ParquetWriter({ writer: fileWriter(theirs), schema: SCHEMA });
  for (const [group, rows] of sizes.entries()) {
    writer.write(columns(group, rows, statistics));
    void library.write({ columnData: columns(group, rows, statistics), rowGroupSize: rows });
  }
  writer.finish();
  void library.finish();
  expect(readFileSync(own).equals(readFileSync(theirs))).toBe(true);
});

test('4,000 groups leave fewer objects than the library keeps for them', () => {
  // Objects alone: freed memory outside of the heap goes in the background, some MB of it any time.
  const keptBytes = () => {
    releaseHeap();
    return process.memoryUsage().heapUsed;
  };
  const bytesOf = (write: () => void): number => {
    for (let warm = 0; warm < 100; warm++) write();
    const before = keptBytes();
    for (let at = 0; at < 4_000; at++) write();
    return keptBytes() - before;
  };
  const group = columns(0, 1, false);
  const writer = createGroupWriter(files.path('many'), SCHEMA);
  const own = bytesOf(() => writer.write(group));
  writer.finish();
  const library = new ParquetWriter({ writer: fileWriter(files.path('many of theirs')), schema: SCHEMA });
  const theirs = bytesOf(() => void library.write({ columnData: group, rowGroupSize: 1 }));
  void library.finish();
  // 330 to 640 bytes of 1,470 to 2,000 a group, on Node 20 and 24.
  expect(own).toBeLessThan(0.6 * theirs);
});
