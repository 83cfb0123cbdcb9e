import { describe, expect, test } from 'vitest';
import type { JobOutcome } from './job-thread.ts';
import { createPool, type PoolOptions, runPool } from './pool.ts';
import type { Behaviour } from './testing/misbehaving-worker.ts';

const workerUrl = new URL('../dist/lab/testing/misbehaving-worker.js', import.meta.url);

function job(name: string, payload: Behaviour, cost = 1) {
  return { name, cost, payload };
}

function pool(jobs: ReturnType<typeof job>[], options: Partial<PoolOptions<number>> = {}) {
  return runPool<Behaviour, number>(jobs, { workers: 2, workerUrl, ...options });
}

function read(outcome: JobOutcome<number>) {
  return outcome.ok
    ? [outcome.name, outcome.value]
    : [outcome.name, outcome.failure.error, outcome.failure.message, outcome.attempts];
}

describe('a pool of workers', () => {
  test('gives 2 x 0..9 in the order of the jobs with 1, 3 and 20 workers', async () => {
    const jobs = Array.from({ length: 10 }, (_, value) => job(`${value}`, { act: 'double', value }, value % 4));
    const wanted = Array.from({ length: 10 }, (_, value) => [`${value}`, 2 * value]);
    for (const workers of [1, 3, 20]) expect((await pool(jobs, { workers }))?.map(read)).toEqual(wanted);
  });

  test('starts costs 1, 9, 4, 9 in the order 9, 9, 4, 1 on one worker', async () => {
    const ended: number[] = [];
    const jobs = [1, 9, 4, 9].map((cost, value) => job(`${value}`, { act: 'double', value }, cost));
    await pool(jobs, { workers: 1, onOutcome: (index) => ended.push(index) });
    expect(ended).toEqual([1, 3, 2, 0]);
  });

  test('a job that throws, one that exits with 3 and one that eats 40 MB of heap fail alone and by name', async () => {
    const outcomes = await pool(
      [
        job('good 1', { act: 'double', value: 1 }),
        job('thrower', { act: 'throw' }),
        job('leaver', { act: 'exit' }),
        job('eater', { act: 'eat-memory' }),
        job('good 2', { act: 'double', value: 2 }),
      ],
      { memoryLimitMb: 40 },
    );
    expect(outcomes?.map(read)).toEqual([
      ['good 1', 2],
      // A thrown error would be thrown again: no second attempt. A dead worker gets one.
      ['thrower', 'RangeError', 'this job throws', 1],
      ['leaver', 'WorkerDied', 'the worker ended with code 3', 2],
      ['eater', 'WorkerDied', expect.stringContaining('memory limit'), 2],
      ['good 2', 4],
    ]);
  });

  test('and one that eats the least limit under which young objects have more room, 1 GB', async () => {
    const outcomes = await pool([job('eater', { act: 'eat-memory' }), job('good', { act: 'double', value: 3 })], {
      memoryLimitMb: 1024,
    });
    expect(outcomes?.map(read)).toEqual([
      ['eater', 'WorkerDied', expect.stringContaining('memory limit'), 2],
      ['good', 6],
    ]);
  });

  test('a job silent for 1.5 s has run away: it ends after two attempts and the other job is done', async () => {
    const outcomes = await pool([job('runaway', { act: 'spin' }), job('good', { act: 'double', value: 4 })], {
      silentLimitMs: 1_500,
    });
    expect(outcomes?.map(read)).toEqual([
      ['runaway', 'WorkerDied', 'no progress for 1.5 s', 2],
      ['good', 8],
    ]);
  });

  test('a job that takes longer than 3 s fails alone, without a second try', async () => {
    const outcomes = await pool([job('endless', { act: 'spin' }), job('good', { act: 'double', value: 4 })], {
      jobLimitMs: 3_000,
    });
    expect(outcomes?.map(read)).toEqual([
      ['endless', 'WorkerDied', 'not done after 3 s', 1],
      ['good', 8],
    ]);
  });

  test('an abort ends even a job that never returns, and the answer is null', async () => {
    const abort = new AbortController();
    const outcomes = await pool([job('runaway', { act: 'spin' })], {
      signal: abort.signal,
      onProgress: (_, done) => {
        if (done === 0.5) abort.abort();
      },
    });
    expect(outcomes).toBeNull();
    expect(await pool([job('late', { act: 'double', value: 1 })], { signal: abort.signal })).toBeNull();
  });

  test('a pool that stays gives a second list of jobs to the threads of the first', async () => {
    const staying = createPool<Behaviour, number>({ workers: 2, workerUrl });
    const jobs = [job('a', { act: 'thread-id' }), job('b', { act: 'thread-id' })];
    const first = (await staying.run(jobs, {}))?.map(read);
    expect((await staying.run(jobs, {}))?.map(read)).toEqual(first);
    expect(new Set(first?.map(([, id]) => id)).size).toBe(2);
    await staying.end();
  });

  test('without jobs there are no results and no workers', async () => {
    expect(await pool([])).toEqual([]);
  });
});
