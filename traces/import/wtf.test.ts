import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, expect, test } from 'vitest';
import { testContext } from './test-context.ts';
import { createTestFiles } from './test-files.ts';
import { importWtf } from './wtf.ts';

const files = createTestFiles();
afterAll(() => files.remove());

function write(name: string, ids: bigint[], runtimes: bigint[], parents: bigint[][]): string {
  const folder = join(files.path(name), 'tasks', 'schema-1.0');
  mkdirSync(folder, { recursive: true });
  parquetWriteFile({
    filename: join(folder, 'part.0.parquet'),
    columnData: [
      { name: 'id', data: ids, type: 'INT64' },
      { name: 'ts_submit', data: ids.map((id) => 1_500_000_000_000n + id * 10n), type: 'INT64' },
      { name: 'runtime', data: runtimes, type: 'INT64' },
      { name: 'workflow_id', data: ids.map(() => 5n), type: 'INT64' },
      { name: 'parents', data: parents.map((list) => list.map(Number)), type: 'JSON' },
      { name: 'resource_amount_requested', data: ids.map((id) => (id === 1n ? 4 : -1)), type: 'DOUBLE' },
      { name: 'memory_requested', data: ids.map((id) => (id === 1n ? 2048 : -1)), type: 'DOUBLE' },
    ],
  });
  return files.path(name);
}

test('-1 is unknown: no run time, one core, no memory; parents are of the same workflow; int64 ids become text', async () => {
  const { tasks, notes, startUnixMs } = await importWtf(
    write('a', [1n, 2n], [500n, -1n], [[], [1n, 7n]]),
    testContext().context,
  );
  expect(startUnixMs).toBe(1_500_000_000_010);
  expect(tasks.ids).toEqual(['5/1', '5/2']);
  expect(Array.from(tasks.submitMs)).toEqual([0, 10]);
  expect(Array.from(tasks.durationMs)).toEqual([500, Number.NaN]);
  expect(Array.from(tasks.requestMilliCpu)).toEqual([4_000, 1_000]);
  expect(Array.from(tasks.requestMemMib)).toEqual([2, Number.NaN]);
  expect(Array.from(tasks.parents)).toEqual([0]);
  expect(notes).toEqual([
    '1 tasks have run time -1: unknown',
    '1 tasks do not say how many cores they ask for: one is assumed',
    '1 parents are not in the trace and are left out',
  ]);
});

test('a folder without tasks, and an id twice in one workflow, are named', async () => {
  await expect(importWtf('/nowhere', testContext().context)).rejects.toThrow(/\/nowhere\/tasks\/schema-1\.0: ENOENT/);
  await expect(importWtf(write('b', [1n, 1n], [1n, 1n], [[], []]), testContext().context)).rejects.toThrow(
    /the same id/,
  );
});
