/**
 * Conservative backfilling against a table of machines and seconds: nobody published start times for it, so small random workloads are planned
 * twice, by the engine and by hand.
 *
 * The table knows no reservations as objects, no lists of times and no events: a job takes the first column where as many rows are empty as it is
 * wide, and all of its estimate; the lowest such rows.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { keyedWord } from '../../sim/kernel/random.ts';
import { createTestFiles } from '../../traces/import/test-files.ts';
import { readBatsim, runBatsim, startLines } from './batsim.ts';

const files = createTestFiles();
afterAll(() => files.remove());

interface Job {
  readonly submit: number;
  readonly width: number;
  readonly estimate: number;
  /** At most the estimate. */
  readonly runtime: number;
}
const CASES = 40;
const MACHINES = 4;
/** Longer than any of the schedules. */
const SECONDS = 160;

/** Six to nine jobs, submitted at different seconds. */
function jobsOf(seed: number, isExact: boolean): Job[] {
  let row = 0;
  const draw = (least: number, most: number) => least + ((keyedWord(seed, row++) >>> 0) % (most - least + 1));
  let submit = 0;
  return Array.from({ length: draw(6, 9) }, () => {
    submit += draw(1, 3);
    const estimate = draw(1, 12);
    return { submit, width: draw(1, MACHINES), estimate, runtime: isExact ? estimate : draw(1, estimate) };
  });
}

interface Placed {
  readonly start: number;
  readonly machines: readonly number[];
}

/** Who holds a machine in a second; -1 = nobody. */
type Table = Int32Array[];

function placeEarliest(table: Table, job: number, { width, estimate }: Job, from: number): Placed {
  for (let start = from; ; start++) {
    const machines = table.flatMap((row, machine) =>
      row.subarray(start, start + estimate).every((holder) => holder === -1) ? [machine] : [],
    );
    if (machines.length < width) continue;
    const taken = machines.slice(0, width);
    for (const machine of taken) table[machine].fill(job, start, start + estimate);
    return { start, machines: taken };
  }
}

/** Second by second: what ended early gives its seconds back, then every job that waits may move forward, first come first. */
function byHand(jobs: readonly Job[]): { placed: Placed[]; promised: number[] } {
  const table: Table = Array.from({ length: MACHINES }, () => new Int32Array(SECONDS).fill(-1));
  const clear = (job: number, from: number) => {
    for (const row of table) for (let at = from; at < SECONDS; at++) if (row[at] === job) row[at] = -1;
  };
  const placed: Placed[] = [];
  const promised: number[] = [];
  for (let now = 0; now < SECONDS / 2; now++) {
    for (const [job, { start }] of placed.entries()) if (start + jobs[job].runtime === now) clear(job, now);
    for (const [job, one] of jobs.entries())
      if (job < placed.length && placed[job].start >= now) {
        const kept = placed[job];
        clear(job, now);
        placed[job] = placeEarliest(table, job, one, now);
        if (placed[job].start < kept.start) continue;
        // Not earlier: it keeps the machines it has.
        clear(job, now);
        for (const machine of kept.machines) table[machine].fill(job, kept.start, kept.start + one.estimate);
        placed[job] = kept;
      } else if (job === placed.length && one.submit <= now) {
        placed.push(placeEarliest(table, job, one, now));
        promised.push(placed[job].start);
      }
  }
  return { placed, promised };
}

async function byEngine(jobs: readonly Job[], name: string): Promise<string[]> {
  const list = jobs.map((job, id) => ({
    id,
    subtime: job.submit,
    res: job.width,
    walltime: job.estimate,
    profile: `p${job.runtime}`,
  }));
  const profiles = Object.fromEntries(jobs.map((job) => [`p${job.runtime}`, { type: 'delay', delay: job.runtime }]));
  const read = await readBatsim(files.write(name, JSON.stringify({ nb_res: MACHINES, jobs: list, profiles })));
  return startLines(read, runBatsim(read, 'conservative', 1));
}

const secondOf = (line: string) => Number(line.split(',')[1]);

describe(`${CASES} workloads of 6 to 9 jobs on ${MACHINES} machines`, () => {
  test('exact estimates: starts and machines are those of the table, and leaving the last job out moves nobody', async () => {
    for (let seed = 0; seed < CASES; seed++) {
      const jobs = jobsOf(seed, true);
      const lines = await byEngine(jobs, `exact-${seed}.json`);
      const { placed } = byHand(jobs);
      expect(
        lines.map((line) => secondOf(line)),
        `seed ${seed}`,
      ).toEqual(placed.map(({ start }) => start));
      expect(lines, `seed ${seed}`).toEqual(linesOf(placed));
      expect(await byEngine(jobs.slice(0, -1), `shorter-${seed}.json`), `seed ${seed}`).toEqual(lines.slice(0, -1));
    }
  });

  test('jobs that end early: starts are those of the table, and nobody starts after what was promised at submission', async () => {
    let [earlier, jobsInAll] = [0, 0];
    for (let seed = 0; seed < CASES; seed++) {
      const jobs = jobsOf(seed, false);
      const lines = await byEngine(jobs, `early-${seed}.json`);
      const { placed, promised } = byHand(jobs);
      expect(lines, `seed ${seed}`).toEqual(linesOf(placed));
      const late = lines.filter((line, job) => secondOf(line) > promised[job]);
      expect(late, `seed ${seed}`).toEqual([]);
      earlier += lines.filter((line, job) => secondOf(line) < promised[job]).length;
      jobsInAll += jobs.length;
    }
    // The promise would be no test if every job started when it was promised.
    expect(earlier).toBeGreaterThan(jobsInAll / 4);
  });
});

/** As startLines writes them. */
function linesOf(placed: readonly Placed[]): string[] {
  return placed.map(({ start, machines }, job) => `${job},${start.toFixed(6)},${runsOf(machines)}`);
}

function runsOf(machines: readonly number[]): string {
  const runs: number[][] = [];
  for (const machine of machines)
    if (runs.at(-1)?.at(-1) === machine - 1) runs.at(-1)?.push(machine);
    else runs.push([machine]);
  return runs.map((run) => (run.length === 1 ? `${run[0]}` : `${run[0]}-${run.at(-1)}`)).join(' ');
}
