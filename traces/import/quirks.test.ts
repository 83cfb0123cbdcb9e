/** QUIRKS.md names the test of each quirk: the words have to stand in that test's file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { IMPORT_FORMATS } from './import-trace.ts';

const rows = readFileSync(join(import.meta.dirname, 'QUIRKS.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\|.*\.test\.ts \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('every quirk of the table has its test, and every format a quirk', () => {
  const lost = rows.filter(
    ([, , file, words]) => !readFileSync(join(import.meta.dirname, file), 'utf8').includes(words),
  );
  expect(lost.map(([, quirk]) => quirk)).toEqual([]);
  // Two formats each stand in the file of another.
  const elsewhere: Readonly<Record<string, string>> = { 'gpu-v2025': 'gpu-v2020', helios: 'philly' };
  const covered = new Set(rows.map(([, , file]) => file.replace('.test.ts', '')));
  expect(Object.keys(IMPORT_FORMATS).filter((name) => !covered.has(elsewhere[name] ?? name))).toEqual([]);
});
