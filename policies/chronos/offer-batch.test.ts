import { describe, expect, test } from 'vitest';
import { type BatchJob, type BatchOffer, type BatchView, oneRunPerOffer, packBatch } from './offer-batch.ts';
import { createLanes, enqueue, type Lane, poll, queueLength, shift, waitingRuns } from './task-queue.ts';

const offer = (milliCpu: number): BatchOffer => ({
  milliCpu,
  memMiB: 1000,
  diskMiB: 1000,
  reservedMilliCpu: 0,
  reservedMemMiB: 0,
});

function viewOf(milliCpu: Readonly<Record<string, number>>, more: Partial<BatchJob> = {}): BatchView {
  return {
    job: (name) =>
      name in milliCpu
        ? { name, milliCpu: milliCpu[name], memMiB: 1, diskMiB: 1, concurrent: false, disabled: false, ...more }
        : undefined,
    isRunning: () => false,
    meets: () => true,
  };
}

function lanesOf(...lanes: string[][]): Lane[] {
  const made = createLanes(lanes.length);
  lanes.forEach((jobs, lane) => {
    for (const job of jobs) enqueue(made, lane, { job, attempt: 0 });
  });
  return made;
}

const names = (runs: readonly { readonly run: { readonly job: string } }[]): string[] => runs.map(({ run }) => run.job);

describe('task queue', () => {
  test('1000 runs come out in order although the spent front is cut away', () => {
    const lanes = createLanes<number>(1);
    const out: (number | null)[] = [];
    for (let i = 0; i < 1000; i++) {
      enqueue(lanes, 0, i);
      if (i % 3 === 2) out.push(shift(lanes[0]));
    }
    expect(queueLength(lanes)).toBe(1000 - 333);
    while (queueLength(lanes) > 0) out.push(shift(lanes[0]));
    expect(out).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(shift(lanes[0])).toBeNull();
  });
  test('a deleted head of lane 0 lets lane 1 be asked; a deleted head of the last lane ends the poll', () => {
    const known = (job: string): boolean => job !== 'gone';
    expect(poll(lanesOf(['gone', 'x'], ['y']), known)?.run.job).toBe('y');
    expect(poll(lanesOf([], ['gone', 'y']), known)).toBeNull();
  });
});

describe('a batch', () => {
  test('a job queued twice is launched once; the second run is dropped and the scan goes on', () => {
    const lanes = lanesOf([], ['a', 'a', 'b']);
    expect(names(packBatch(lanes, [offer(9000)], viewOf({ a: 1, b: 1 })).placements)).toEqual(['a', 'b']);
    expect(queueLength(lanes)).toBe(0);
  });
  test('in 2014 the second run of a job declines the offer it would have had', () => {
    const batch = oneRunPerOffer(lanesOf([], ['a', 'a', 'b']), [offer(9), offer(9), offer(9)], viewOf({ a: 1, b: 1 }));
    expect([batch.placements.map((placement) => placement.offer), batch.declined]).toEqual([[0, 2], [1]]);
  });
  test('even a concurrent job starts once a batch, unless it stands for a workload of many instances', () => {
    const once = viewOf({ a: 1 }, { concurrent: true });
    expect(names(packBatch(lanesOf([], ['a', 'a']), [offer(9)], once).placements)).toEqual(['a']);
    const many = viewOf({ a: 1 }, { concurrent: true, manyPerBatch: true });
    expect(names(packBatch(lanesOf([], ['a', 'a']), [offer(9)], many).placements)).toEqual(['a', 'a']);
  });
  test('a concurrent job starts beside itself, another one does not', () => {
    const beside = { ...viewOf({ a: 1 }, { concurrent: true }), isRunning: () => true };
    expect(names(packBatch(lanesOf([], ['a']), [offer(9)], beside).placements)).toEqual(['a']);
    const alone = { ...viewOf({ a: 1 }), isRunning: () => true };
    expect(names(packBatch(lanesOf([], ['a']), [offer(9)], alone).placements)).toEqual([]);
  });
  test('an unfit run of lane 0 goes to the tail of lane 0, not of lane 1', () => {
    const lanes = lanesOf(['big', 'c'], ['d']);
    packBatch(lanes, [offer(10)], viewOf({ big: 99, c: 1, d: 1 }));
    expect(waitingRuns(lanes).map((run) => run.job)).toEqual(['c', 'big', 'd']);
  });
});
