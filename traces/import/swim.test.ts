import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { importSwim } from './swim.ts';
import { testContext } from './test-context.ts';
import { createTestFiles, publicData } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

test('300 MiB of input are 3 maps of 2 s at 50 MB/s; 2 GiB of shuffle are 2 reduces of 21 s; no shuffle, no reduce', async () => {
  const mib = 1_048_576;
  const path = files.write('a.tsv', `job0\t49\t49\t${300 * mib}\t${2048 * mib}\t0\njob1\t101\t52\t0\t0\t0\n`);
  const { tasks, notes } = await importSwim(path, testContext().context);
  expect(tasks.ids).toEqual(['job0/map', 'job0/reduce', 'job1/map']);
  expect(Array.from(tasks.instances)).toEqual([3, 2, 1]);
  // 300 MiB / 3 / 50 MB/s = 2.10 s; 2 GiB / 2 / 50 MB/s = 21.5 s; nothing takes 1 s.
  expect(Array.from(tasks.durationMs)).toEqual([2_000, 21_000, 1_000]);
  expect(Array.from(tasks.parents)).toEqual([0]);
  expect(notes[1]).toBe('1 jobs move no bytes; they count as one map of one second');
});

test('a rate of 10 MB/s makes the same map 10 s; five fields, a negative size and a job twice are named', async () => {
  const path = files.write('b.tsv', `j\t0\t0\t${300 * 1_048_576}\t0\t0`);
  const { tasks } = await importSwim(path, testContext({ scale: { bytesPerSecond: 10_000_000 } }).context);
  expect(tasks.durationMs[0]).toBe(10_000);
  const of = (text: string) => importSwim(files.write('c.tsv', text), testContext().context);
  await expect(of('j\t0\t0\t1\t2')).rejects.toThrow(/c\.tsv:1 has 5 fields/);
  await expect(of('j\t0\t0\t1\t-2\t3')).rejects.toThrow(/c\.tsv:1 field 5 is -2/);
  await expect(of('j\t0\t0\t1\t2\t3\nj\t1\t1\t1\t2\t3')).rejects.toThrow(/c\.tsv:2 job j appears a second time/);
});

const data = publicData('SWIM samples of 5 894 and 24 442 jobs');
test.skipIf(data === '')('FB-2009 has 5 894 jobs and FB-2010 24 442', async () => {
  const counts: number[] = [];
  for (const name of ['FB-2009_samples_24_times_1hr_0', 'FB-2010_samples_24_times_1hr_0'])
    counts.push(
      new Set((await importSwim(join(data, `swim/${name}.tsv.gz`), testContext().context)).tasks.groups).size,
    );
  expect(counts).toEqual([5_894, 24_442]);
});
