import { describe, expect, test } from 'vitest';
import { createBatchChunk } from './format.ts';
import { hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './import/canonical.ts';
import { type ReplayBatchConfig, replayBatch } from './replay-batch.ts';

const HOUR_MS = 3_600_000;
const MIB = 1_048_576;

function traceOf(rows: readonly TaskRow[]): ImportedTrace {
  const { tasks } = taskColumns(rows);
  return { format: 'test', startUnixMs: null, hosts: hostColumns([]), tasks, use: null, columns: {}, notes: [] };
}

const task = (id: string, submitMs: number, more: Partial<TaskRow> = {}): TaskRow => ({
  id,
  submitMs,
  durationMs: 60_000,
  requestMilliCpu: 2_000,
  requestMemMib: 512,
  ...more,
});

const config: ReplayBatchConfig = {
  population: { name: 'replay', pressureClass: 'spark', priority: 5500 },
  horizonMs: 3 * HOUR_MS,
  skipMs: 0,
  maxRequestMilliCpu: 8_000,
  maxRequestMemBytes: 4_096 * MIB,
  memMibPerCore: 1_024,
  usageOverRequest: 0.5,
  deadlineMs: 0,
};

function hourOf(rows: readonly TaskRow[], hour: number, changes: Partial<ReplayBatchConfig> = {}) {
  const chunk = createBatchChunk(1);
  replayBatch(traceOf(rows), { ...config, ...changes }).source.fillHour(hour, chunk);
  const list = (column: ArrayLike<number>) => Array.from(column).slice(0, chunk.count);
  return { chunk, list };
}

describe('hours', () => {
  const rows = [task('c', 2 * HOUR_MS + 5), task('a', 100), task('b', 100)];

  test('tasks of the hours 0, 0 and 2 are jobs 0, 1 and 2; hour 1 is empty', () => {
    const { source } = replayBatch(traceOf(rows), config);
    expect(Array.from(source.firstJobOfHour)).toEqual([0, 2, 2, 3]);
    const { chunk, list } = hourOf(rows, 2);
    expect(list(chunk.job)).toEqual([2]);
    expect(list(chunk.submitMs)).toEqual([2 * HOUR_MS + 5]);
    expect(hourOf(rows, 1).chunk.count).toBe(0);
  });

  test('skipping an hour leaves the first two out and moves the third to hour 1', () => {
    const { source, notes } = replayBatch(traceOf(rows), { ...config, skipMs: HOUR_MS });
    expect(Array.from(source.firstJobOfHour)).toEqual([0, 0, 1, 1]);
    expect(notes[1]).toBe('2 tasks are submitted outside the run');
  });
});

describe('jobs and stages', () => {
  test('a diamond a -> b, c -> d is one job of stages 0, 1, 1, 2, submitted with its first task', () => {
    const rows = [
      task('d', 700, { parents: ['b', 'c'] }),
      task('c', 600, { parents: ['a'] }),
      task('b', 500, { parents: ['a'] }),
      task('a', 400),
      task('x', 450),
    ];
    const { chunk, list } = hourOf(rows, 0);
    expect(list(chunk.job)).toEqual([0, 0, 0, 0, 1]);
    expect(list(chunk.stage)).toEqual([0, 1, 1, 2, 0]);
    expect(list(chunk.submitMs)).toEqual([400, 400, 400, 400, 450]);
  });

  test('a stage whose only task has no duration leaves no gap', () => {
    const rows = [
      task('a', 0),
      task('b', 0, { parents: ['a'], durationMs: Number.NaN }),
      task('c', 0, { parents: ['b'] }),
    ];
    expect(hourOf(rows, 0).list(hourOf(rows, 0).chunk.stage)).toEqual([0, 1]);
  });

  test('parents in a circle are refused by name', () => {
    const rows = [task('a', 0, { parents: ['b'] }), task('b', 0, { parents: ['a'] })];
    expect(() => replayBatch(traceOf(rows), config)).toThrow(/task a waits for itself through its parents/);
  });

  test('a chain of 257 tasks has one stage too many', () => {
    const rows = Array.from({ length: 257 }, (_, k) => task(`t${k}`, 0, k === 0 ? {} : { parents: [`t${k - 1}`] }));
    expect(() => replayBatch(traceOf(rows), config)).toThrow(/task t256 is in stage 256; at most 256/);
    expect(replayBatch(traceOf(rows.slice(0, 256)), config).source.firstJobOfHour[1]).toBe(1);
  });
});

describe('sizes', () => {
  test('20 cores on hosts that take 8 become three containers of 6 666 milli with a third of the memory', () => {
    const { chunk, list } = hourOf([task('wide', 0, { requestMilliCpu: 20_000, requestMemMib: 3_000 })], 0);
    expect(list(chunk.requestMilliCpu)).toEqual([6_666, 6_666, 6_666]);
    expect(list(chunk.requestMemBytes)).toEqual([1_000 * MIB, 1_000 * MIB, 1_000 * MIB]);
    expect(list(chunk.job)).toEqual([0, 0, 0]);
  });

  test('10 000 MiB where 4 096 fit are three containers too', () => {
    expect(hourOf([task('fat', 0, { requestMemMib: 10_000 })], 0).chunk.count).toBe(3);
  });

  test('demand is the measured use, else half the request; unknown memory is 1 GiB per core', () => {
    const rows = [task('a', 0, { usedMilliCpu: 700 }), task('b', 1, { requestMemMib: Number.NaN })];
    const { chunk, list } = hourOf(rows, 0);
    expect(list(chunk.demandMilliCpu)).toEqual([700, 1_000]);
    expect(list(chunk.requestMemBytes)).toEqual([512 * MIB, 2_048 * MIB]);
  });

  test('use above the request is held at the request', () => {
    const { chunk, list } = hourOf([task('a', 0, { usedMilliCpu: 9_000 })], 0);
    expect(list(chunk.demandMilliCpu)).toEqual([2_000]);
  });

  test('a deadline of an hour counts from submission; notes count what was left out', () => {
    const rows = [task('a', 50), task('never', 60, { durationMs: Number.NaN })];
    const { chunk, list } = hourOf(rows, 0, { deadlineMs: HOUR_MS });
    expect(list(chunk.deadlineMs)).toEqual([HOUR_MS + 50]);
    expect(replayBatch(traceOf(rows), config).notes.slice(0, 3)).toEqual([
      'test: 1 of 2 tasks in 1 jobs are replayed as 1 containers',
      '0 tasks are submitted outside the run',
      '1 tasks have no duration or no CPU request and are left out',
    ]);
  });
});
