/**
 * Runs a sweep: what has a result on disk is taken from there, the rest runs on worker threads, and each result is stored the moment
 * it is there. Killed at any moment and called again it goes on; the table does not depend on workers, shards or interruptions.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../policies/base/assert.ts';
import type { RunIdentity } from '../sim/engine/results.ts';
import type { OnlineServices } from '../traces/format.ts';
import { type CellIdentity, type CellResult, readCell, sweepLeftovers, writeCell } from './cache.ts';
import type { JobOutcome } from './job-thread.ts';
import { runPool } from './pool.ts';
import type { ExecuteRuns } from './queue.ts';
import { RUN_WORKER_URL, runWorkerData, withSeed } from './replications.ts';
import { runCost } from './run-cost.ts';
import { continuedFrom, pointName, type SweepDescription, type SweepPlan } from './sweep-plan.ts';
import {
  readDescription,
  rowsOf,
  type SweepFailure,
  type SweepTable,
  writeSweepTable,
  writeWhole,
} from './sweep-table.ts';
import { snapshotPath, warmCost, warmSeeds } from './warm-seeds.ts';
import type { RunAnswer, RunJob } from './worker.ts';

/** Part `index` (from 1) of `count` of the cells. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface SweepOptions {
  readonly workers: number;
  readonly identity: Omit<RunIdentity, 'planHash'>;
  readonly signal: AbortSignal;
  readonly shard?: Shard;
  readonly replayed?: OnlineServices;
  readonly memoryLimitMb?: number;
  readonly silentLimitMs?: number;
  /** A run that takes longer fails alone; absent = no limit. */
  readonly runLimitMs?: number;
  readonly workerUrl?: URL;
  /** Where cells run; threads of this machine unless it says otherwise. */
  readonly execute?: ExecuteRuns;
  /** `table` gives what is there so far. */
  readonly onProgress?: (done0to1: number, detail: string, table: () => SweepTable) => void;
  /** What a person should know: damaged results found, cells that failed. */
  readonly onNote?: (text: string) => void;
}

export interface SweepOutcome {
  readonly table: SweepTable;
  /** Cells taken from disk, run now, and of this shard altogether. */
  readonly reused: number;
  readonly ran: number;
  readonly cells: number;
}

/** `i/n` with 1 <= i <= n. */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || index < 1 || index > count)
    throw new ConfigError(`--shard ${text}: expected i/n with i from 1 to n, as in 2/8`);
  return { index, count };
}

/** Cells of a shard: dealt out in order of cost, so that every shard has its part of the long ones. */
export function cellsOfShard(sweep: SweepPlan, shard: Shard): number[] {
  const costs = sweep.plans.map(runCost);
  const { cells } = sweep.description;
  const order = cells.map((_, index) => index).sort((a, b) => costs[cells[b].point] - costs[cells[a].point] || a - b);
  return order.filter((_, position) => position % shard.count === shard.index - 1).sort((a, b) => a - b);
}

/** Throws ConfigError when `dir` holds something that is no sweep. */
export function checkSweepDirectory(dir: string): void {
  if (!existsSync(dir) || readDescription(dir) !== null) return;
  const foreign = readdirSync(dir).filter((name) => name !== 'cells' && name !== 'snapshots');
  if (foreign.length > 0)
    throw new ConfigError(`${dir} exists and is no tidemark sweep; give another --out or remove it yourself`);
}

/** Runs the cells of the sweep (or of one shard); null when `signal` stopped it: what was finished stays on disk. */
export async function runSweep(sweep: SweepPlan, dir: string, options: SweepOptions): Promise<SweepOutcome | null> {
  const { description } = sweep;
  checkSweepDirectory(dir);
  const cellDir = join(dir, 'cells');
  sweepLeftovers(cellDir);
  writeWhole(join(dir, 'sweep.json'), `${JSON.stringify(description)}\n`);
  const mine = cellsOfShard(sweep, options.shard ?? { index: 1, count: 1 });
  const results = new Map<number, CellResult>();
  for (const index of mine) {
    const found = readCell(cellDir, identityOf(description, index));
    if (found.kind === 'found') results.set(index, found.result);
    if (found.kind === 'damaged') options.onNote?.(`${found.path}: ${found.reason}; the run is made again`);
  }
  const reused = results.size;
  // Points with equal settings share a cell; it is run once.
  const first = new Map<string, number>();
  const missing = mine.filter((index) => !results.has(index));
  for (const index of missing) {
    const { key } = description.cells[index];
    if (!first.has(key)) first.set(key, index);
  }
  const open = [...first.values()];
  const failed = await runOpen(sweep, open, dir, results, reused, mine.length, options);
  if (failed === null) return null;
  const failures: SweepFailure[] = [];
  for (const index of missing) {
    const representative = first.get(description.cells[index].key) as number;
    const result = results.get(representative);
    if (result !== undefined) results.set(index, result);
    const failure = failed.get(representative);
    if (failure !== undefined)
      failures.push({ ...failure, point: description.cells[index].point, name: cellName(description, index) });
  }
  const table: SweepTable = { description, rows: rowsOf(description, (index) => results.get(index)), failures };
  if (options.shard === undefined) writeSweepTable(dir, table);
  return { table, reused, ran: open.length, cells: mine.length };
}

async function runOpen(
  sweep: SweepPlan,
  open: readonly number[],
  dir: string,
  results: Map<number, CellResult>,
  reused: number,
  cells: number,
  options: SweepOptions,
): Promise<ReadonlyMap<number, SweepFailure> | null> {
  const { description } = sweep;
  const failed = new Map<number, SweepFailure>();
  const jobs = open.map((index) => {
    const cell = description.cells[index];
    const plan = withSeed(sweep.plans[cell.point], cell.seed);
    const payload: RunJob = {
      plan,
      identity: { ...options.identity, planHash: cell.planHash },
      notes: [],
      tables: false,
      ...(sweep.description.warm === undefined ? {} : { fork: snapshotPath(sweep, dir, cell.replication) }),
    };
    return { name: cellName(description, index), cost: runCost(plan), payload };
  });
  const { warm } = description;
  const share = warm === undefined ? 1 : 1 - warm.atMs / sweep.base.horizonMs;
  const replications = [...new Set(open.map((index) => description.cells[index].replication))];
  const warming = warmCost(sweep) * replications.length;
  const whole = warming + share * jobs.reduce((sum, job) => sum + job.cost, 0);
  const table = (): SweepTable => ({
    description,
    rows: rowsOf(description, (index) => results.get(index)),
    failures: [...failed.values()],
  });
  const isWarm = await warmSeeds(sweep, dir, replications, {
    ...options,
    onProgress: (own, detail) => options.onProgress?.((own * warming) / whole, detail, table),
  });
  if (!isWarm) return null;
  const done = new Float64Array(jobs.length);
  let finished = 0;
  const progress = (last: string): void => {
    let sum = warming;
    for (let job = 0; job < jobs.length; job++) sum += done[job] * jobs[job].cost * share;
    options.onProgress?.(sum / whole, `${reused + finished} of ${cells} runs${last}`, table);
  };
  const hooks = {
    onProgress: (job: number, own: number) => {
      done[job] = own;
      if (own < 1) progress('');
    },
    onOutcome: (job: number, outcome: JobOutcome<RunAnswer>) => {
      const index = open[job];
      const cell = description.cells[index];
      finished++;
      if (outcome.ok) {
        const { manifest, summary, hours } = outcome.value;
        const result = { seed: cell.seed, digest: manifest.digest, events: manifest.events, summary, hours };
        writeCell(join(dir, 'cells'), identityOf(description, index), result);
        results.set(index, result);
      } else {
        const { error, message } = outcome.failure;
        failed.set(index, { point: cell.point, seed: cell.seed, name: outcome.name, error, message });
        options.onNote?.(`${outcome.name} failed alone: ${error}: ${message}`);
      }
      progress(`, last ${outcome.name}`);
    },
  };
  const execute = options.execute ?? onThreads(options);
  const keys = open.map((index) => description.cells[index].key);
  const outcomes = await execute(jobs, keys, hooks);
  return outcomes === null ? null : failed;
}

/** Runs cells on worker threads. */
function onThreads(options: SweepOptions): ExecuteRuns {
  return (jobs, _keys, hooks) =>
    runPool<RunJob, RunAnswer>(jobs, {
      ...hooks,
      workers: options.workers,
      workerUrl: options.workerUrl ?? RUN_WORKER_URL,
      workerData: runWorkerData(jobs.length, options.workers, options.replayed),
      signal: options.signal,
      ...(options.memoryLimitMb === undefined ? {} : { memoryLimitMb: options.memoryLimitMb }),
      ...(options.silentLimitMs === undefined ? {} : { silentLimitMs: options.silentLimitMs }),
      ...(options.runLimitMs === undefined ? {} : { jobLimitMs: options.runLimitMs }),
    });
}

/** `path=value, seed s`: how messages name a run. */
function cellName(description: SweepDescription, index: number): string {
  const cell = description.cells[index];
  return `${pointName(description, cell.point)}, seed ${cell.seed}`;
}

export function identityOf(description: SweepDescription, index: number): CellIdentity {
  const { codeVersion, replayVersion, warm } = description;
  const { planHash, replication } = description.cells[index];
  return { codeVersion, replayVersion, planHash, ...continuedFrom(warm, replication) };
}
