import { afterEach, expect, test } from 'vitest';
import { createJobThread } from './job-thread.ts';
import type { Behaviour } from './testing/misbehaving-worker.ts';

const workerUrl = new URL('../dist/lab/testing/misbehaving-worker.js', import.meta.url);
let thread = createJobThread<Behaviour, number>({ workerUrl });
afterEach(() => thread.end());

const run = (act: 'thread-id' | 'exit' | 'throw' | 'spin', onProgress: (done0to1: number) => void = () => {}) =>
  thread.run({ name: act, payload: { act } }, onProgress);
const threadId = async () => {
  const outcome = await run('thread-id');
  return outcome?.ok ? outcome.value : null;
};

test('jobs meet the same thread, after a job that throws too; after one that kills it twice they meet another', async () => {
  const first = await threadId();
  expect(await threadId()).toBe(first);
  expect(await run('throw')).toMatchObject({ ok: false, attempts: 1 });
  expect(await threadId()).toBe(first);
  expect(await run('exit')).toMatchObject({ ok: false, attempts: 2, failure: { error: 'WorkerDied' } });
  const later = await threadId();
  // The first attempt ended the thread they had met, the second one more.
  expect(later).toBe(Number(first) + 2);
});

test('ended in the middle of a job it answers null, then and ever after', async () => {
  thread = createJobThread({ workerUrl });
  const outcome = await run('spin', () => void thread.end());
  expect([outcome, await run('thread-id')]).toEqual([null, null]);
});

test('what the listener throws is what the job rejects with', async () => {
  thread = createJobThread({ workerUrl });
  const listener = () => {
    throw new RangeError('the listener throws');
  };
  await expect(run('thread-id', listener)).rejects.toThrow('the listener throws');
});
