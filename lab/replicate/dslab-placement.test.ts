import { afterAll, expect, test } from 'vitest';
import { createTestFiles } from '../../traces/import/test-files.ts';
import { dslabTable } from './dslab-placement.ts';
import { agrees, tableText } from './table.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('10 policies and 5 figures of overcommit: 15 of 15 agree', async () => {
  const { rows } = await dslabTable();
  expect(rows).toHaveLength(15);
  expect(rows.filter((row) => !agrees(row))).toEqual([]);
});

const setup = (expected: object) =>
  JSON.stringify({
    hosts: [
      ['a', 4, 4],
      ['b', 8, 8],
    ],
    racks: [0, 1],
    preplaced: [['a', 2, 2]],
    arrivals: [[3, 3]],
    expected,
  });

test('a VM of 3 does not fit the 2 left on a: it goes to b; an expectation of a is shown as a difference', async () => {
  const table = await dslabTable(files.write('setup.json', setup({ 'first-fit': ['a'] })));
  expect(table.rows).toEqual([{ name: 'first-fit', expected: 'a', got: 'b', tolerance: 0 }]);
  expect(tableText(table)).toMatch(/first-fit +a +b {2}DIFFERS\n0 of 1 rows agree/);
});

test('an unknown policy names those there are', async () => {
  const path = files.write('unknown.json', setup({ 'next-fit': ['a'] }));
  await expect(dslabTable(path)).rejects.toThrow(/expected\.next-fit: no such policy; known: first-fit, best-fit/);
});
