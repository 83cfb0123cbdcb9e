import { afterAll, expect, test } from 'vitest';
import { describeImport, importTrace } from './import-trace.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const job = (id: number, submit: number, run: number) =>
  `${id} ${submit} 0 ${run} 2 -1 -1 2 60 -1 1 -1 -1 -1 -1 -1 -1 -1`;

test('an SWF file of two jobs over an hour on 8 processors is described with its numbers', async () => {
  const path = files.write('a.swf', `; MaxProcs: 8\n${job(1, 0, 30)}\n${job(2, 3600, -1)}\n`);
  expect(describeImport(await importTrace('swf', [path]))).toEqual([
    'swf: 2 tasks over 1.0 h, 1 of them with a duration.',
    '8 hosts with 8 cores.',
    'tasks.requestMilliCpu: absolute, from processors (field 8, else 5) x 1000.',
    'tasks.requestMemMib: absolute, from KB per processor (field 10, else 7) x 0.0009765625.',
    'tasks.durationMs: absolute, from s (field 4) x 1000.',
    'tasks.wallTimeMs: absolute, from s (field 9, else 4) x 1000.',
    '1 jobs have no run time or 0: cancelled or unknown.',
  ]);
});

test('an unknown format names the 23 known ones; two paths are one too many for SWF', async () => {
  await expect(importTrace('slurm', ['x'])).rejects.toThrow(
    '"slurm"; known: swf, batsim, openb, kubectl, opendc, azure, google-2011',
  );
  await expect(importTrace('swf', ['x', 'y'])).rejects.toThrow(/2 paths were given; swf reads/);
  await expect(importTrace('toString', ['x'])).rejects.toThrow(/"toString"; known/);
});
