import { describe, expect, test } from 'vitest';
import { BACKFILL_POLICIES } from './backfill-policies.ts';
import { type BatchQueue, createBatchStarts, shadowTime } from './batch-queue.ts';

/** Jobs are [width, estimate] in queue order, numbered from 0. */
function queueOf(now: number, freeAt: readonly number[], jobs: readonly (readonly [number, number])[]): BatchQueue {
  return {
    now,
    freeAt: Float64Array.from(freeAt),
    count: jobs.length,
    job: Int32Array.from(jobs, (_, job) => job),
    width: Int32Array.from(jobs, ([width]) => width),
    estimate: Float64Array.from(jobs, ([, estimate]) => estimate),
  };
}

function starts(
  name: keyof typeof BACKFILL_POLICIES,
  queue: BatchQueue,
  state = BACKFILL_POLICIES[name].createState(),
): string[] {
  const out = createBatchStarts(queue.freeAt.length);
  BACKFILL_POLICIES[name].decide(queue, state, out);
  return Array.from({ length: out.count }, (_, n) => {
    const machines = Array.from(out.machines.subarray(out.first[n], out.first[n + 1]));
    return `${queue.job[out.position[n]]}@${machines.join('+')}`;
  });
}

test('two of [0, 10, 20, 30] are free at 10, all at 30, five never', () => {
  const freeAt = Float64Array.of(30, 0, 20, 10);
  expect([2, 4, 5].map((width) => shadowTime(freeAt, 5, width))).toEqual([10, 30, Infinity]);
});

describe.each(Object.keys(BACKFILL_POLICIES) as (keyof typeof BACKFILL_POLICIES)[])('%s', (name) => {
  test('jobs of 1 and 2 on 4 free machines take 0, then 1 and 2; a third of 2 waits', () => {
    expect(
      starts(
        name,
        queueOf(
          0,
          [0, 0, 0, 0],
          [
            [1, 5],
            [2, 5],
            [2, 5],
          ],
        ),
      ),
    ).toEqual(['0@0', '1@1+2']);
  });
  test('a machine that is busy until 9 is not free at 8', () => {
    expect(starts(name, queueOf(8, [9, 9], [[1, 1]]))).toEqual([]);
    expect(starts(name, queueOf(9, [9, 12], [[1, 1]]))).toEqual(['0@0']);
  });
});

describe('a head of 3 on 4 machines, busy until 10, 20, free, free: shadow time 10', () => {
  // Free by 10 are machines 0, 2 and 3: the head reserves these three.
  const freeAt = [10, 20, 0, 0];
  const head = [3, 5] as const;

  test('fcfs starts nobody behind it', () => {
    expect(starts('fcfs', queueOf(0, freeAt, [head, [1, 5]]))).toEqual([]);
  });
  test('easy and conservative start a job of 10 (it ends in time) and refuse one of 11', () => {
    for (const name of ['easy', 'easy-count', 'conservative'] as const) {
      expect(starts(name, queueOf(0, freeAt, [head, [1, 10]]))).toEqual(['1@2']);
      expect(starts(name, queueOf(0, freeAt, [head, [1, 11]]))).toEqual([]);
    }
  });
});

describe('machines by name or by number', () => {
  // Free 0 and 1, busy until 10 (2) and 10 (3). Head of 3: shadow 10, one machine spare; it reserves 0, 1 and 2.
  const queue = queueOf(
    0,
    [0, 0, 10, 10],
    [
      [3, 5],
      [1, 50],
    ],
  );
  test('easy refuses the long job: both free machines are reserved', () => {
    expect(starts('easy', queue)).toEqual([]);
  });
  test('easy-count starts it on the spare one', () => {
    expect(starts('easy-count', queue)).toEqual(['1@0']);
  });
});

describe('easy and conservative differ in what the second in the queue may expect', () => {
  // Two machines: 0 busy until 10, 1 free. Job 0 wants both (10-15), job 1 one for 11: from 15; job 2 one for 10: now, to 10.
  test('conservative keeps job 1 at 15 although job 2 starts now', () => {
    const state = BACKFILL_POLICIES['conservative'].createState();
    expect(
      starts(
        'conservative',
        queueOf(
          0,
          [10, 0],
          [
            [2, 5],
            [1, 11],
            [1, 10],
          ],
        ),
        state,
      ),
    ).toEqual(['2@1']);
    expect(state.reservations.map(({ job, start, machines }) => [job, start, ...machines])).toEqual([
      [0, 10, 0, 1],
      [1, 15, 0],
      [2, 0, 1],
    ]);
  });
  test('when machine 0 is free at 4 already, job 0 moves from 10 to the end of job 2', () => {
    const state = BACKFILL_POLICIES['conservative'].createState();
    starts(
      'conservative',
      queueOf(
        0,
        [10, 0],
        [
          [2, 5],
          [1, 11],
        ],
      ),
      state,
    );
    // Job 1 had no place before 15. At 4 both are free: job 0 takes both at once, job 1 from 9.
    expect(
      starts(
        'conservative',
        queueOf(
          4,
          [4, 4],
          [
            [2, 5],
            [1, 11],
          ],
        ),
        state,
      ),
    ).toEqual(['0@0+1']);
    expect(state.reservations.map(({ job, start }) => [job, start])).toEqual([
      [0, 4],
      [1, 9],
    ]);
  });
  test('a wide job behind the head delays nobody under easy: job 2 of 8 starts although job 1 waits longer for it', () => {
    // Three machines: 0 busy to 10. Job 0 wants 3 (at 10). Job 2 [2, 8] ends before 10.
    expect(
      starts(
        'easy',
        queueOf(
          0,
          [10, 0, 0],
          [
            [3, 5],
            [3, 5],
            [2, 8],
          ],
        ),
      ),
    ).toEqual(['2@1+2']);
  });
});
