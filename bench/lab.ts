/** What the lab adds to the runs it makes: a sweep on one and on two workers, the overhead of a cell, forks, and a whole search. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCellRunner } from '../lab/cell-runner.ts';
import { forkRun, openFork, warm } from '../lab/fork.ts';
import { withSeed } from '../lab/replications.ts';
import { runPlan } from '../lab/run-plan.ts';
import { runSweep } from '../lab/sweep.ts';
import { planSweep, type SweepPlan } from '../lab/sweep-plan.ts';
import { parseVary } from '../lab/vary.ts';
import { planWaterLine } from '../lab/water-line.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { loadPlan } from '../scenarios/load.ts';
import { createSurfaceStore, type SurfaceStore } from '../sim/engine/latency-model.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { BenchCase, BenchOutcome } from './harness.ts';

const LIBRARY = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'scenarios', 'library');
const CODE = { codeVersion: 'bench', replayVersion: '' };
const IDENTITY = { tidemarkVersion: 'bench', nodeVersion: process.version };

const libraryFile = (name: string): string => join(LIBRARY, `${name}.yaml`);

async function inRoom<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function planOf(scenario: string, sets: readonly string[], vary: string, seeds: number): Promise<SweepPlan> {
  const factors = [parseVary(vary)];
  const request = { scenario: libraryFile(scenario), sets, factors, design: { kind: 'factorial' as const }, seeds };
  return planSweep(request, CODE, {});
}

async function sweepInto(dir: string, sweep: SweepPlan, workers: number): Promise<string> {
  await runSweep(sweep, dir, { workers, identity: IDENTITY, signal: new AbortController().signal });
  return createHash('sha256')
    .update(readFileSync(join(dir, 'table.csv')))
    .digest('hex')
    .slice(0, 16);
}

/** 200 cells of quickstart (smoke: 6 of unit-small); the wall times of one and two workers are to be compared in one sitting. */
export function sweepCase(workers: number): BenchCase {
  return {
    name: `sweep-200-${workers}`,
    about: `20 values x 10 seeds of quickstart on ${workers} worker threads`,
    run: (size) =>
      inRoom(async (dir): Promise<BenchOutcome> => {
        const sweep =
          size === 'full'
            ? await planOf('quickstart', [], 'koordinator.memoryReclaimThresholdPercent=60..79/1', 10)
            : await planOf('unit-small', ['horizon=10m'], 'slo.objectivePercent=98,99', 3);
        const resultHash = await sweepInto(dir, sweep, workers);
        return { resultHash, operations: sweep.description.cells.length };
      }),
  };
}

/** CPU of a sweep of short runs on one worker beyond what the same runs cost in this thread; operations are cells. */
export function cellOverheadCase(): BenchCase {
  return {
    name: 'cell-overhead',
    about: 'CPU that a cell costs beyond its simulation: planning, hashing, threads, files, table',
    run: (size) =>
      inRoom(async (dir): Promise<BenchOutcome> => {
        const line = 'koordinator.memoryReclaimThresholdPercent';
        const [scenario, sets, values, seeds] =
          size === 'full'
            ? ['quickstart', ['horizon=1h', 'warmUp=0s'], '60..79/1', 10]
            : ['unit-small', ['horizon=10m'], '60,61', 2];
        const warmed = await planOf(scenario, sets, `${line}=60`, 3);
        // As a worker does: runs of one sweep share their latency surfaces, which the first of them builds.
        const surfaces = createSurfaceStore();
        for (const { seed } of warmed.description.cells) runOnce(warmed, 0, seed, surfaces);
        const before = process.cpuUsage();
        const sweep = await planOf(scenario, sets, `${line}=${values}`, seeds);
        const planned = cpuSeconds(before);
        const alone = process.cpuUsage();
        for (const { point, seed } of sweep.description.cells) runOnce(sweep, point, seed, surfaces);
        const simulation = cpuSeconds(alone);
        const whole = process.cpuUsage();
        const resultHash = await sweepInto(dir, sweep, 1);
        const overhead = cpuSeconds(whole) - simulation + planned;
        const operations = sweep.description.cells.length;
        return {
          resultHash,
          operations,
          parts: { 'simulation alone': simulation, 'planning the sweep': planned, overhead },
        };
      }),
  };
}

function runOnce({ plans }: SweepPlan, point: number, seed: string, surfaces: SurfaceStore): void {
  runPlan(withSeed(plans[point], seed), { identity: { ...IDENTITY, planHash: '' }, surfaces });
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

/** Forks of a warm cluster in one process; operations are forks. */
export function forkCase(): BenchCase {
  return {
    name: 'fork-2000',
    about: 'forks of mixed-2000 (two days) warmed for 24 hours; `a fork` is the median wall time of one',
    run: (size) =>
      inRoom(async (dir): Promise<BenchOutcome> => {
        const { plan, planHash } =
          size === 'full'
            ? await loadPlan(libraryFile('mixed-2000'), { sets: ['horizon=2d'] })
            : await loadPlan(libraryFile('unit-small'));
        const path = join(dir, 'warm.snapshot');
        const atMs = size === 'full' ? 24 * MS_PER_HOUR : MS_PER_HOUR / 2;
        warm(plan, atMs, path, { ...CODE, ...IDENTITY, planHash });
        const opened = performance.now();
        const base = openFork(path, undefined);
        const open = (performance.now() - opened) / 1000;
        const times: number[] = [];
        let resultHash = '';
        for (let fork = 0; fork < 21; fork++) {
          const started = performance.now();
          const engine = forkRun(base, plan);
          times.push((performance.now() - started) / 1000);
          resultHash = digestText(engine.cluster.digest);
        }
        // The first fork builds the tables that the others share.
        const [first, ...others] = times;
        const median = others.sort((a, b) => a - b)[others.length >> 1];
        return {
          resultHash,
          operations: times.length,
          parts: { 'reading the file': open, 'the first fork': first, 'a fork': median },
        };
      }),
  };
}

const SMALLER = [
  'horizon=2d',
  'warmUp=12h',
  // A tenth of every shape, rounded: 9 + 30 + 84 + 52 + 5 + 6 + 14 = 200.
  'cluster.hosts.cpu-96c-512g.count=9',
  'cluster.hosts.misc-96c-512g.count=30',
  'cluster.hosts.p100-64c-512g.count=84',
  'cluster.hosts.t4-96c-512g.count=52',
  'cluster.hosts.v100-96c-384g.count=5',
  'cluster.hosts.v100-96c-512g.count=6',
  'cluster.hosts.v100m32-96c-384g.count=14',
  'online.pods=4000',
  'bestEffort.tasksPerWeek=500000',
];

/** The default question of `plan water-line` on two workers; operations are runs. */
export function waterLineCase(): BenchCase {
  return {
    name: 'water-line-200',
    about: 'plan water-line on mixed-2000 scaled to 200 hosts and two days, two workers',
    run: (size) =>
      inRoom(async (dir): Promise<BenchOutcome> => {
        const full = size === 'full';
        const runner = createCellRunner({
          ...CODE,
          dir,
          workers: full ? 2 : 1,
          identity: IDENTITY,
          signal: new AbortController().signal,
        });
        const answer = await planWaterLine(
          {
            scenario: libraryFile(full ? 'mixed-2000' : 'unit-small'),
            shown: 'mixed-2000',
            sets: full ? SMALLER : ['horizon=10m'],
            lines: [parseVary(`koordinator.cpuSuppressThresholdPercent=${full ? '50..90/5' : '60,65'}`, '--line')],
            rule: { figure: 'violationServiceHourPercent', budget: 1, unplaced: false },
            epsilon: full ? 0.1 : 0.5,
            confidence: full ? 0.9 : 0.5,
            gainSeeds: full ? 8 : 2,
            draws: full ? 16 : 0,
            seedsPerDraw: 2,
          },
          {},
          runner,
          () => {},
        );
        const { result } = answer?.search ?? {};
        const resultHash = createHash('sha256').update(JSON.stringify(result)).digest('hex').slice(0, 16);
        return { resultHash, operations: answer?.runs.ran ?? 0 };
      }),
  };
}
