import { afterAll, expect, test } from 'vitest';
import { hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { writeImport } from './store.ts';
import { writeTaskBatches } from './task-sink.ts';
import { createTestFiles } from './test-files.ts';
import { readImport } from './test-read.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const FREE = () => Number.POSITIVE_INFINITY;
const row = (id: string, submitMs: number, parents: readonly string[] = []): TaskRow => ({
  id,
  group: id[0],
  submitMs,
  durationMs: submitMs % 2 === 0 ? 1_000 : Number.NaN,
  requestMilliCpu: 500,
  requestMemMib: Number.NaN,
  gpuModels: ['V100', 'T4'],
  labels: { of: id },
  ...(parents.length > 0 ? { parents } : {}),
});

test('three batches in time, each in any order, with parents among themselves: the rows that are written at once', async () => {
  const batches = [
    [row('a2', 30), row('a1', 10), row('a3', 30, ['a2', 'a1'])],
    [],
    [row('b2', 100, ['b1']), row('b1', 99)],
  ];
  const trace: ImportedTrace = {
    format: 'made',
    startUnixMs: null,
    hosts: hostColumns([]),
    tasks: taskColumns(batches.flat()).tasks,
    use: null,
    columns: {},
    notes: [],
  };
  await writeImport(trace, files.path('whole'));
  await writeImport(
    { ...trace, stored: { tasks: { count: 0, withDuration: 0, lastSubmitMs: 0 } } },
    files.path('batches'),
  );
  const writer = writeTaskBatches(files.path('batches'), FREE);
  for (const batch of batches) writer.add(batch);
  // Durations of 99 and of nothing else are unknown.
  expect(writer.finish()).toEqual({ count: 5, withDuration: 4, lastSubmitMs: 100 });
  const [whole, inBatches] = [await readImport(files.path('whole')), await readImport(files.path('batches'))];
  expect(inBatches).toEqual(whole);
  expect(Array.from(whole.tasks.parents)).toEqual([1, 0, 3]);
});

test('a parent in another batch is our own mistake', () => {
  const writer = writeTaskBatches(files.path('whole'), FREE);
  writer.add([row('a', 1)]);
  expect(() => writer.add([row('b', 2, ['a'])])).toThrow('b waits for a');
});
