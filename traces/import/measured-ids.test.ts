/** Ids of a table of use in ranges, against a sort in memory. */
import { afterAll, expect, test } from 'vitest';
import { keyedWord } from '../../sim/kernel/random.ts';
import { eachMeasured, type Request } from './measured-ids.ts';
import { createRowWriter } from './row-writer.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());
const plenty = () => 1e12;

function write(name: string, columns: Parameters<typeof createRowWriter>[1], rows: Iterable<(string | number)[]>) {
  const path = files.path(name);
  const writer = createRowWriter(path, columns, plenty);
  for (const row of rows) writer.add(row, () => name);
  writer.finish();
  return path;
}

test('60,000 samples of 40,000 ids, more than the sample holds: sorted, without the listed, with requests of their tasks', async () => {
  const idOf = (at: number) => `${(keyedWord(1, at) >>> 0) % 977}/${at}é`;
  const all = Array.from({ length: 40_000 }, (_, at) => idOf(at));
  const again = Array.from({ length: 20_000 }, (_, at) => idOf(at % 3));
  const usage = write(
    'usage.parquet',
    [['id', 'text']],
    [...all, ...again].map((id) => [id]),
  );
  const isListed = (at: number) => at % 5 === 0;
  const hasTask = (at: number) => at % 2 === 0;
  const listed = write(
    'listed.parquet',
    [['id', 'text']],
    all.filter((_, at) => isListed(at)).map((id) => [id]),
  );
  const tasks = write(
    'tasks.parquet',
    [
      ['id', 'text'],
      ['requestMilliCpu', 'double'],
      ['requestMemMib', 'double'],
    ],
    all.flatMap((id, at) => (hasTask(at) ? [[id, at, at % 4 === 0 ? Number.NaN : 2 * at]] : [])),
  );
  const bulk = { scratch: files.path(''), freeBytes: plenty, onStep: () => undefined };
  const found: [string, Request | undefined][] = [];
  await eachMeasured(bulk, usage, listed, tasks, (id, request) => void found.push([id, request]));
  const expected = all
    .flatMap((id, at): [string, Request | undefined][] =>
      isListed(at) ? [] : [[id, hasTask(at) ? [at, at % 4 === 0 ? Number.NaN : 2 * at] : undefined]],
    )
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
  expect(found.length).toBe(32_000);
  expect(found.join('\n')).toBe(expected.join('\n'));
});
