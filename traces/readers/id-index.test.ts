import { expect, test } from 'vitest';
import { createIdIndex } from './id-index.ts';

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
  expect(() => index.add('c')).toThrow('an index of 2 ids is full');
});
