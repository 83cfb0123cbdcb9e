import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mergeShards } from './merge.ts';
import { cellsOfShard, parseShard, runSweep, type SweepOptions } from './sweep.ts';
import { planSweep, type SweepPlan } from './sweep-plan.ts';
import { SMALL_IDENTITY, smallSweep } from './testing/sweep-process.ts';
import { parseVary } from './vary.ts';

const room = mkdtempSync(join(tmpdir(), 'tidemark-sweep-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));

let sweep: SweepPlan;
let wanted: string;
beforeAll(async () => {
  sweep = await smallSweep();
  await run('one', { workers: 1 });
  wanted = text('one', 'table.csv');
});

function run(name: string, options: Partial<SweepOptions> = {}) {
  const signal = new AbortController().signal;
  return runSweep(sweep, join(room, name), { workers: 2, identity: SMALL_IDENTITY, signal, ...options });
}

function text(...path: string[]): string {
  return readFileSync(join(room, ...path), 'utf8');
}

function cellFiles(name: string): string[] {
  return readdirSync(join(room, name, 'cells')).filter((file) => file.endsWith('.json'));
}

describe('a sweep of 2 points and 4 seeds', () => {
  test('has 8 rows, points before seeds, every point under the same 4 seeds', () => {
    const rows = wanted
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    expect(rows).toHaveLength(9);
    expect(rows[0].slice(0, 5)).toEqual(['point', 'cluster.hosts.plain.count', 'seed', 'planHash', 'digest']);
    const seeds = ['unit-small', 'unit-small/2', 'unit-small/3', 'unit-small/4'];
    expect(rows.slice(1).map((row) => row.slice(0, 3))).toEqual(
      [0, 1].flatMap((point) => seeds.map((seed) => [`${point}`, `${8 + point}`, seed])),
    );
    expect(new Set(rows.slice(1).map((row) => row[4])).size).toBe(8);
  });

  test('gives the same table on 2 and on 7 workers', async () => {
    for (const workers of [2, 7]) {
      await run(`w${workers}`, { workers });
      expect(text(`w${workers}`, 'table.csv')).toBe(wanted);
      expect(text(`w${workers}`, 'table.json')).toBe(text('one', 'table.json'));
    }
  });

  test('runs nothing a second time', async () => {
    expect(await run('one')).toMatchObject({ reused: 8, ran: 0, cells: 8 });
  });

  test('a truncated, a changed and a swapped cell are named and run again; the table is the same', async () => {
    await run('damaged');
    const [a, b, c, d] = cellFiles('damaged').map((file) => join(room, 'damaged', 'cells', file));
    truncateSync(a, 100);
    writeFileSync(b, readFileSync(b, 'utf8').replace('"hosts":1', '"hosts":2'));
    writeFileSync(c, readFileSync(d));
    const notes: string[] = [];
    const outcome = await run('damaged', { onNote: (note) => notes.push(note) });
    expect(outcome).toMatchObject({ reused: 5, ran: 3 });
    expect(notes.filter((note) => note.includes('cut short or changed'))).toHaveLength(2);
    expect(notes.filter((note) => note.includes('of another plan or code version'))).toHaveLength(1);
    expect(text('damaged', 'table.csv')).toBe(wanted);
  });

  test('killed -9 in the middle, it goes on with what was finished', async () => {
    const script = fileURLToPath(new URL('../dist/lab/testing/sweep-process.js', import.meta.url));
    const child = spawn(process.execPath, [script, join(room, 'killed')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let finished = 0;
    while (finished < 2 && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      try {
        finished = cellFiles('killed').length;
      } catch {
        // The folder is not there yet.
      }
    }
    child.kill('SIGKILL');
    await ended;
    const kept = cellFiles('killed').length;
    expect(kept).toBeGreaterThanOrEqual(2);
    expect(kept).toBeLessThan(8);
    expect(() => text('killed', 'table.csv')).toThrow('no such file');
    expect(await run('killed')).toMatchObject({ reused: kept, ran: 8 - kept });
    expect(text('killed', 'table.csv')).toBe(wanted);
    expect(readdirSync(join(room, 'killed', 'cells'))).toHaveLength(8);
  });

  test('an abort gives null and writes no table', async () => {
    const abort = new AbortController();
    const stop = { signal: abort.signal, onProgress: () => abort.abort() };
    expect(await run('aborted', stop)).toBeNull();
    expect(() => text('aborted', 'table.csv')).toThrow('no such file');
  });

  test('shards 1/3, 2/3 and 3/3 hold 3 + 3 + 2 cells and merge to the same table', async () => {
    const shards = ['1/3', '2/3', '3/3'].map(parseShard);
    expect(shards.map((shard) => cellsOfShard(sweep, shard).length)).toEqual([3, 3, 2]);
    for (const shard of shards) expect(await run(`s${shard.index}`, { shard })).toMatchObject({ reused: 0 });
    const dirs = [1, 2, 3].map((index) => join(room, `s${index}`));
    expect(() => mergeShards(join(room, 'part'), dirs.slice(0, 2))).toThrow(
      /^2 of 8 runs are missing; run their shards/,
    );
    mergeShards(join(room, 'merged'), dirs);
    expect(text('merged', 'table.csv')).toBe(wanted);
    expect(text('merged', 'table.json')).toBe(text('one', 'table.json'));
  });

  test('shards of another code version and of another sweep are refused', async () => {
    const other: SweepPlan = { ...sweep, description: { ...sweep.description, codeVersion: 'newer' } };
    const options = { workers: 2, identity: SMALL_IDENTITY, signal: new AbortController().signal };
    await runSweep(other, join(room, 'newer'), options);
    expect(() => mergeShards(join(room, 'x'), [join(room, 'one'), join(room, 'newer')])).toThrow('run by other code');
    const less: SweepPlan = { ...sweep, description: { ...sweep.description, name: 'less' } };
    await runSweep(less, join(room, 'less'), options);
    expect(() => mergeShards(join(room, 'x'), [join(room, 'one'), join(room, 'less')])).toThrow('of another sweep');
  });

  test('a cell whose worker dies fails alone and is named, and is tried again next time', async () => {
    const workerUrl = new URL('../dist/lab/testing/failing-run-worker.js', import.meta.url);
    const outcome = await run('failing', { workerUrl });
    expect(outcome?.table.rows).toHaveLength(7);
    expect(outcome?.table.failures).toEqual([
      {
        point: 1,
        seed: 'unit-small/3',
        name: 'cluster.hosts.plain.count=9, seed unit-small/3',
        error: 'WorkerDied',
        message: 'the worker ended with code 9',
      },
    ]);
    expect(await run('failing')).toMatchObject({ reused: 7, ran: 1 });
    expect(text('failing', 'table.csv')).toBe(wanted);
  });
});

describe('what a sweep refuses', () => {
  const request = (factors: string[], seeds = 2) =>
    planSweep(
      {
        scenario: 'scenarios/library/unit-small.yaml',
        sets: [],
        factors: factors.map((factor) => parseVary(factor)),
        design: { kind: 'factorial' },
        seeds,
      },
      { codeVersion: '', replayVersion: '' },
      {},
    );

  test('0 seeds, an unknown path, a point that is no valid scenario: before anything runs', async () => {
    await expect(request([], 0)).rejects.toThrow('--seeds is 0; give a whole number of 1 or more');
    await expect(request(['slo.objectivPercent=99'])).rejects.toThrow('Did you mean "slo.objectivePercent"?');
    await expect(request(['slo.objectivePercent=99,101'])).rejects.toThrow('slo.objectivePercent');
  });

  test('--shard 0/3, 4/3 and 1; an --out that is no sweep', async () => {
    for (const text of ['0/3', '4/3', '1']) expect(() => parseShard(text)).toThrow('expected i/n');
    writeFileSync(join(room, 'notes.txt'), 'mine');
    await expect(run('.')).rejects.toThrow('is no tidemark sweep');
  });
});
