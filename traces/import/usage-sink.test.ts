import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { readUsage } from './store-services.ts';
import { createTestFiles } from './test-files.ts';
import { parquetSink } from './usage-sink.ts';

const files = createTestFiles();
afterAll(() => files.remove());

/** A device that is always full: what is written to it fails as on a full disk. */
const FULL = '/dev/full';

test.skipIf(!existsSync(FULL))(
  'a disk that is full although it said otherwise: the row that could not be written is named',
  () => {
    mkdirSync(files.path('full/usage'), { recursive: true });
    symlinkSync(FULL, files.path('full/usage/use.parquet'));
    const table = parquetSink(files.path('full'), () => 1e12).open('use');
    const fill = () => {
      for (let row = 1; row <= 6 * 30_720; row++)
        table.add(`vm-${row}`, row, Math.sqrt(row), Number.NaN, Number.NaN, () => `use.csv:${row}`);
      table.finish();
    };
    expect(fill).toThrow(/use\.csv:\d+ cannot be written to .*use\.parquet \(Error: ENOSPC/);
  },
);

test('one sample more than a row group makes two of them; ids are sorted', async () => {
  mkdirSync(files.path('two'), { recursive: true });
  const table = parquetSink(files.path('two')).open('use');
  for (let row = 0; row <= 30_720; row++) table.add(row % 2 === 0 ? 'b' : 'a', row, 1, 1, 1, () => '');
  expect(table.finish()).toEqual(['a', 'b']);
  const sizes: number[] = [];
  for await (const { count } of readUsage(files.path('two'))) sizes.push(count);
  expect(sizes).toEqual([30_720, 1]);
});
