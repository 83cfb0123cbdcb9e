import { afterAll, describe, expect, test } from 'vitest';
import { type BatchChunk, createBatchChunk } from './format.ts';
import { hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './import/canonical.ts';
import { writeImport } from './import/store.ts';
import { createTestFiles } from './import/test-files.ts';
import { type ReplayBatchConfig, replayBatch } from './replay-batch.ts';
import { replayTasks } from './replay-tasks.ts';
import { createStream } from './streams.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const HOUR_MS = 3_600_000;
const MIB = 1_048_576;
const config: ReplayBatchConfig = {
  population: { name: 'replay', pressureClass: 'spark', priority: 5500 },
  horizonMs: 10 * HOUR_MS,
  skipMs: 0,
  maxRequestMilliCpu: 8_000,
  maxRequestMemBytes: 4_096 * MIB,
  memMibPerCore: 1_024,
  usageOverRequest: 0.5,
  deadlineMs: HOUR_MS,
};

function traceOf(rows: readonly TaskRow[]): ImportedTrace {
  const { tasks } = taskColumns(rows);
  return { format: 'test', startUnixMs: null, hosts: hostColumns([]), tasks, use: null, columns: {}, notes: [] };
}

/** Tasks in random jobs of up to five, over 12 hours, some large, of many instances, without memory, or without a duration. */
function randomRows(seed: string, count: number): TaskRow[] {
  const stream = createStream(seed, 'tasks');
  const pick = (most: number) => Math.floor(stream.next() * most);
  return Array.from({ length: count }, (_, at): TaskRow => {
    const parents = at % 5 === 0 || stream.next() < 0.5 ? [] : [`t${at - 1 - pick(at % 5)}`];
    return {
      id: `t${at}`,
      // Children may be submitted hours after the first task of their job.
      submitMs: Math.floor((at / count) * 12 * HOUR_MS) + pick(2 * HOUR_MS),
      durationMs: stream.next() < 0.1 ? Number.NaN : 1_000 + pick(600_000),
      requestMilliCpu: 500 + pick(20_000),
      requestMemMib: stream.next() < 0.2 ? Number.NaN : pick(9_000),
      instances: 1 + pick(3),
      usedMilliCpu: stream.next() < 0.5 ? Number.NaN : pick(500),
      parents,
    };
  });
}

function rowsOf(chunk: BatchChunk): number[][] {
  const {
    count,
    submitMs,
    job,
    stage,
    requestMilliCpu,
    requestMemBytes,
    demandMilliCpu,
    usedMemBytes,
    durationMs,
    deadlineMs,
  } = chunk;
  const columns = [
    submitMs,
    job,
    stage,
    requestMilliCpu,
    requestMemBytes,
    demandMilliCpu,
    usedMemBytes,
    durationMs,
    deadlineMs,
  ];
  return Array.from({ length: count }, (_, row) => columns.map((column) => column[row]));
}

describe('tasks read hour by hour', () => {
  // Row groups hold 1,000 and then 100,000 rows: 3,000 tasks lie in two.
  for (const [seed, count, skipMs] of [
    ['small', 40, 0],
    ['groups', 3_000, 0],
    ['skipped', 3_000, 2 * HOUR_MS],
  ] as const)
    test(`${count} tasks from ${skipMs / HOUR_MS} h on: the same rows, jobs and notes as with all of them in memory, in any order of hours`, async () => {
      const trace = traceOf(randomRows(seed, count));
      const folder = files.path(seed);
      await writeImport(trace, folder);
      const inMemory = replayBatch(trace, { ...config, skipMs });
      const streamed = replayTasks(folder, { ...config, skipMs });
      expect(Array.from(streamed.source.firstJobOfHour)).toEqual(Array.from(inMemory.source.firstJobOfHour));
      expect(streamed.notes.slice(1)).toEqual(inMemory.notes.slice(1));
      const [a, b] = [createBatchChunk(1), createBatchChunk(1)];
      let rows = 0;
      for (const hour of [3, 0, 1, 2, 4, 9, 5, 6, 7, 8, 3]) {
        inMemory.source.fillHour(hour, a);
        streamed.source.fillHour(hour, b);
        expect(rowsOf(b)).toEqual(rowsOf(a));
        rows += a.count;
      }
      expect(rows).toBeGreaterThan(count / 2);
    });

  test('parents in a circle are named by the id of a task', async () => {
    const { tasks } = taskColumns([
      { id: 'x', submitMs: 0, durationMs: 1, requestMilliCpu: 1, requestMemMib: 1, parents: ['y'] },
      { id: 'y', submitMs: 0, durationMs: 1, requestMilliCpu: 1, requestMemMib: 1, parents: ['x'] },
    ]);
    const folder = files.path('circle');
    await writeImport({ ...traceOf([]), tasks }, folder);
    expect(() => replayTasks(folder, config)).toThrow(/circle: task x waits for itself through its parents/);
  });
});
