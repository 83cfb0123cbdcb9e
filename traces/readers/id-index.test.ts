import { afterAll, expect, test } from 'vitest';
import { createRowWriter } from '../import/row-writer.ts';
import { createTestFiles } from '../import/test-files.ts';
import { createIdIndex, createIdValues, indexRows } from './id-index.ts';
import { openParquetGroups } from './parquet-groups.ts';

const files = createTestFiles();
afterAll(() => files.remove());

/** Against a Map: the same numbers, in the order of first sight. */
function playAgainstMap(ids: readonly string[]): void {
  const index = createIdIndex(ids.length);
  const map = new Map<string, number>();
  for (const id of ids) {
    expect(index.find(id)).toBe(map.get(id) ?? -1);
    if (!map.has(id)) map.set(id, map.size);
    expect(index.add(id)).toBe(map.get(id));
  }
  expect(index.count).toBe(map.size);
}

test('ids that differ in one letter, in their order or in their length; the empty id; ids that come again', () => {
  playAgainstMap([
    '',
    'a',
    'b',
    'ab',
    'ba',
    'aab',
    'aba',
    'a',
    '',
    'ab',
    'é',
    'é',
    '数',
    '6250000000/1',
    '6250000001/0',
  ]);
});

test('100,000 numbered ids of jobs and tasks, hex words and paths get 100,000 numbers', () => {
  const index = createIdIndex(100_000);
  for (let at = 0; at < 25_000; at++)
    for (const id of [
      `${6_250_000_000 + 7 * at}/${at % 5}`,
      `job_${at}`,
      (at * 2_654_435_761).toString(16),
      `M${at % 9}_${at}`,
    ])
      index.add(id);
  expect(index.count).toBe(100_000);
  expect(index.find('job_25000')).toBe(-1);
});

test('one id more than an index was made for is refused', () => {
  const index = createIdIndex(2);
  expect([index.add('a'), index.add('b'), index.add('a')]).toEqual([0, 1, 0]);
  expect(() => index.add('c')).toThrow('a table of 2 ids is full');
});

test('values of one byte: 1 and 255 are held and can be changed; 0 and 256 are refused; an id that was never put has 0', () => {
  const values = createIdValues(3, Uint8Array);
  values.put('a', 1);
  values.put('b', 255);
  expect(['a', 'b', 'c'].map(values.get)).toEqual([1, 255, 0]);
  values.put('a', 7);
  expect(values.get('a')).toBe(7);
  for (const value of [0, 256]) expect(() => values.put('c', value)).toThrow(`the value of an id is ${value}`);
});

test('rows of a file by their ids, over row groups; ids that come again are counted', () => {
  const open = (name: string, ids: readonly string[]) => {
    const writer = createRowWriter(files.path(name), [['id', 'text']], () => Number.POSITIVE_INFINITY);
    for (const id of ids) writer.add([id], () => id);
    writer.finish();
    return openParquetGroups(files.path(name), ['id']);
  };
  const ids = Array.from({ length: 20_000 }, (_, row) => `vm-${row}`);
  const file = open('once.parquet', ids);
  expect(file.groups.length).toBeGreaterThan(1);
  const rowOfId = indexRows(file);
  expect(['vm-0', 'vm-19999', 'vm-20000'].map((id) => rowOfId.find(id))).toEqual([0, 19_999, -1]);
  expect(() => indexRows(open('again.parquet', [...ids, 'vm-3', 'vm-19000']))).toThrow(
    /again\.parquet: 2 of 20002 ids appear a second time/,
  );
});
