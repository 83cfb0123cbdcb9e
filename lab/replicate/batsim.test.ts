import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestFiles, publicData } from '../../traces/import/test-files.ts';
import { machineText, readBatsim, runBatsim, startLines } from './batsim.ts';
import { batsimTable } from './batsim-table.ts';
import { agrees } from './table.ts';

const data = publicData('the Batsim tables (batsim/)');
const files = createTestFiles();
afterAll(() => files.remove());

const job = (id: number | string, subtime: number, res: number, walltime: number, delay: number) => ({
  job: { id, subtime, res, walltime, profile: `p${delay}` },
  profile: [`p${delay}`, { type: 'delay', delay }] as const,
});
function workload(name: string, jobs: readonly ReturnType<typeof job>[]): string {
  const profiles = Object.fromEntries(jobs.map((entry) => entry.profile));
  return files.write(name, JSON.stringify({ nb_res: 2, jobs: jobs.map((entry) => entry.job), profiles }));
}

describe('two machines: a (1 for 10 s), b (2 for 5 s, at 1 s), c (1 for 4 s, at 2 s)', () => {
  // Jobs stand in no order of time.
  const path = workload('three.json', [job(3, 2, 1, 6, 4), job(1, 0, 1, 10, 10), job(2, 1, 2, 5, 5)]);

  test('fcfs: b at 10, c at 15; waits 0, 9 and 13', async () => {
    const read = await readBatsim(path);
    const result = runBatsim(read, 'fcfs', 10);
    expect(startLines(read, result)).toEqual(['1,0.000000,0', '2,10.000000,0-1', '3,15.000000,0']);
    expect([result.makespanS, result.meanWaitS, result.maxWaitS]).toEqual([19, 22 / 3, 13]);
    // Busy 10 + 2 x 5 + 4; energy 10 W x 2 x 19 s.
    expect([result.busyMachineS, result.energyJ]).toEqual([24, 380]);
    // Slowdowns 1, 14 / 5 and 17 / 4.
    expect(result.meanSlowdown).toBeCloseTo((1 + 2.8 + 4.25) / 3, 12);
  });

  test.each(['easy', 'conservative'] as const)(
    '%s: c (estimate 6) ends by 8 < 10 on machine 1 and starts at once',
    async (name) => {
      const read = await readBatsim(path);
      const result = runBatsim(read, name, 10);
      expect(startLines(read, result)).toEqual(['1,0.000000,0', '2,10.000000,0-1', '3,2.000000,1']);
    },
  );

  test('a job whose delay passes its walltime is killed at it: 3 of 10 s', async () => {
    const read = await readBatsim(workload('long.json', [job('w0!1', 0.5, 1, 3, 10)]));
    expect([read.killed, runBatsim(read, 'easy', 1).makespanS]).toEqual([1, 3.5]);
  });

  test('a job wider than the machines, and a profile that is no delay, are refused by their place', async () => {
    await expect(readBatsim(path, 1)).rejects.toThrow(/jobs\[2\] wants 2 machines; there are 1/);
    const parallel = files.write(
      'parallel.json',
      '{"nb_res":1,"jobs":[{"id":1,"subtime":0,"res":1,"profile":"p"}],"profiles":{"p":{"type":"parallel"}}}',
    );
    await expect(readBatsim(parallel)).rejects.toThrow(/profiles\.p is not a delay profile/);
  });
});

test('machines 5, 0, 6, 4 are written 0 4-6', () => {
  expect(machineText([5, 0, 6, 4])).toBe('0 4-6');
});

describe.skipIf(data === '')('published figures', () => {
  const path = join(data, 'batsim/medium_late.json');

  test('easy: 801 of 801 starts and machine sets', async () => {
    const read = await readBatsim(path);
    const lines = new Set(startLines(read, runBatsim(read, 'easy', 95)));
    const rows = readFileSync(join(data, 'batsim/easy/out_jobs.csv'), 'utf8').trim().split('\n').slice(1);
    const wanted = rows.map((row) => row.split(',')).map((cells) => `${cells[0]},${cells[7]},${cells[14].trim()}`);
    expect(wanted).toHaveLength(801);
    expect(wanted.filter((line) => !lines.has(line))).toEqual([]);
  });

  test.each([
    ['easy', 10],
    ['fcfs', 4],
    ['easy-count', 2],
  ] as const)('%s: all of %i published rows agree', async (name, count) => {
    const { rows } = await batsimTable({ workload: path, policy: name, watts: 95 });
    expect(rows.filter((row) => row.expected !== null)).toHaveLength(count);
    expect(rows.filter((row) => !agrees(row))).toEqual([]);
  });
});
