import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ExecuteRuns, queueName, queueRuns } from './queue.ts';
import { runSweep } from './sweep.ts';
import type { SweepPlan } from './sweep-plan.ts';
import { freePort, hasRedis, startRedis } from './testing/redis-server.ts';
import { SMALL_IDENTITY, smallSweep } from './testing/sweep-process.ts';

const canQueue = hasRedis('sweeps on a queue');
const room = mkdtempSync(join(tmpdir(), 'tidemark-queue-'));
const children: ChildProcess[] = [];
let url = '';

beforeAll(async () => {
  if (!canQueue) return;
  const server = await startRedis(room);
  children.push(server.process);
  url = server.url;
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(room, { recursive: true, force: true });
});

/** A worker process that tells the cells it has finished. */
function startWorker(): { child: ChildProcess; cells: string[] } {
  const script = fileURLToPath(new URL('../dist/lab/testing/queue-worker-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, url, 'code', '1500'], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const cells: string[] = [];
  child.stdout?.on('data', (text: Buffer) => cells.push(...text.toString().trim().split('\n')));
  return { child, cells };
}

function run(sweep: SweepPlan, name: string, queued: boolean, onProgress?: (done: number) => void) {
  const { signal } = new AbortController();
  return runSweep(sweep, join(room, name), {
    workers: 1,
    identity: SMALL_IDENTITY,
    signal,
    ...(queued ? { execute: queueRuns(url, 'code', signal) } : {}),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}
/** Lines of what the server answers. */
const redis = (...args: string[]): string[] =>
  spawnSync('redis-cli', ['-p', new URL(url).port, ...args])
    .stdout.toString()
    .split('\n')
    .filter((line) => line !== '');
const table = (name: string) => readFileSync(join(room, name, 'table.json'), 'utf8');

describe.skipIf(!canQueue)('a sweep on a queue', () => {
  // A worker left alive would take cells of the next test. The server is the first child.
  afterEach(() => {
    for (const child of children.splice(1)) child.kill('SIGKILL');
  });

  test('8 cells, two worker processes, one killed -9 in the middle of a cell: nothing lost, nothing doubled, the same table', async () => {
    const sweep = await smallSweep();
    await run(sweep, 'here', false);
    const first = startWorker();
    const finished = run(sweep, 'queued', true);
    // The first worker alone until it has finished a cell: it is then in the middle of the next.
    while (first.cells.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    first.child.kill('SIGKILL');
    const second = startWorker();
    const outcome = await finished;
    expect(outcome).toMatchObject({ ran: 8, reused: 0 });
    expect(outcome?.table.failures).toEqual([]);
    expect(table('queued')).toBe(table('here'));
    // Every cell was finished by exactly one of the two, and the dead one left some.
    const cells = [...first.cells, ...second.cells];
    expect(new Set(cells).size).toBe(8);
    expect(cells).toHaveLength(8);
    expect(second.cells.length).toBeGreaterThan(0);
  });

  test('forks: 4 cells of 2 warm seeds go on from snapshots that the server hands to a worker, the same table as here', async () => {
    const sweep = await smallSweep({ kind: 'until', atMs: 5 * 60_000 });
    await run(sweep, 'forks-here', false);
    startWorker();
    const outcome = await run(sweep, 'forks', true);
    expect(outcome).toMatchObject({ ran: 4, reused: 0 });
    expect(outcome?.table.failures).toEqual([]);
    expect(table('forks')).toBe(table('forks-here'));
  });

  test('a snapshot that the server has no more fails its cells by name', async () => {
    const sweep = await smallSweep({ kind: 'until', atMs: 6 * 60_000 });
    const { signal } = new AbortController();
    const lossy: ExecuteRuns = async (jobs, keys, hooks) => {
      const waiting = queueRuns(url, 'code', signal)(jobs, keys, hooks);
      while (redis('keys', 'tidemark-snapshot:*').length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
      redis('del', ...redis('keys', 'tidemark-snapshot:*'));
      startWorker();
      return waiting;
    };
    const options = { workers: 1, identity: SMALL_IDENTITY, signal, execute: lossy };
    const outcome = await runSweep(sweep, join(room, 'lost'), options);
    expect(outcome?.table.failures).toHaveLength(4);
    expect(outcome?.table.failures[0].message).toContain('is no longer on the queue; run the same sweep again');
  });

  test('another driver of the same sweep takes the finished cells from the queue: no worker runs', async () => {
    const outcome = await run(await smallSweep(), 'again', true);
    expect(outcome).toMatchObject({ ran: 8 });
    expect(table('again')).toBe(table('here'));
  });
});

describe('what a queue refuses', () => {
  test('an address that is no redis:// address, and one where nothing answers', async () => {
    const { signal } = new AbortController();
    expect(() => queueRuns('http://x', 'code', signal)).toThrow('expected redis://host:port');
    const silent = `redis://127.0.0.1:${await freePort()}`;
    const hooks = { onProgress: () => {}, onOutcome: () => {} };
    await expect(queueRuns(silent, 'code', signal)([], [], hooks)).rejects.toThrow('does not answer');
  });

  test('workers of another code version have another queue', () => {
    expect(queueName('a'.repeat(64))).toBe(`tidemark-${'a'.repeat(16)}`);
    expect(queueName('a'.repeat(64))).not.toBe(queueName('b'.repeat(64)));
  });
});
