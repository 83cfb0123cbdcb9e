/** Sweeps on a replayed trace: on a queue whose worker has the trace elsewhere, and in shards whose scenarios name it differently. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasRedis, startRedis } from '../lab/testing/redis-server.ts';
import { hostColumns, serviceColumns, taskColumns } from '../traces/import/canonical.ts';
import { writeImport } from '../traces/import/store.ts';
import { parquetSink } from '../traces/import/usage-sink.ts';

const BUILT = join(import.meta.dirname, '../dist/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'tidemark-worker-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const tidemark = (cwd: string, ...words: string[]) =>
  spawnSync(process.execPath, [BUILT, ...words], { cwd: join(folder, cwd), encoding: 'utf8', timeout: 120_000 });
const scenario = (trace: string) => `name: two
title: Two VMs of a trace
seed: a
horizon: 1h
window: 5m
cluster: { hosts: { plain: { count: 1, cpu: 32 cores, memory: 64GiB, idlePower: 80W, maxPower: 260W, memBandwidth: 110GB/s } } }
online: { source: replay, trace: ${trace} }
`;

/** `driver` and `other` hold the same trace under different names. */
beforeAll(async () => {
  const table = parquetSink(join(folder, 'driver/vms')).open('use');
  for (let slot = 0; slot < 24; slot++)
    for (const id of ['a', 'b']) table.add(id, slot * 300_000, 500 + 20 * slot, Number.NaN, Number.NaN, () => '');
  table.finish();
  const sized = { kind: 'vm', requestMilliCpu: 2_000, requestMemMib: 1_024 };
  const trace = { format: 'test', startUnixMs: null, hosts: hostColumns([]), tasks: taskColumns([]).tasks };
  const services = serviceColumns([
    { id: 'a', ...sized },
    { id: 'b', ...sized },
  ]);
  await writeImport({ ...trace, use: null, services, columns: {}, notes: [] }, join(folder, 'driver/vms'));
  mkdirSync(join(folder, 'other/store'), { recursive: true });
  cpSync(join(folder, 'driver/vms'), join(folder, 'other/store/renamed'), { recursive: true });
  writeFileSync(join(folder, 'driver/two.yaml'), scenario('vms'));
  writeFileSync(join(folder, 'other/two.yaml'), scenario('store/renamed'));
});

const VARY = ['sweep', 'two.yaml', '--vary', 'koordinator.cpuSuppressThresholdPercent=50,60'];
const table = (path: string) => readFileSync(join(folder, path, 'table.csv'), 'utf8');

test('two shards, the trace under another name in the second: merged they are the sweep of one machine', () => {
  const [whole, one, two] = [
    tidemark('driver', ...VARY, '--out', 'whole'),
    tidemark('driver', ...VARY, '--shard', '1/2', '--out', 'shard'),
    tidemark('other', ...VARY, '--shard', '2/2', '--out', 'shard'),
  ];
  for (const { status, stderr } of [whole, one, two]) expect([status, stderr]).toEqual([0, stderr]);
  const merged = tidemark('driver', 'merge', 'merged', 'shard', '../other/shard');
  expect([merged.status, merged.stderr]).toEqual([0, merged.stderr]);
  expect(table('driver/merged')).toBe(table('driver/whole'));
});

test.skipIf(!hasRedis('a replayed trace on a queue'))(
  'a worker finds the trace by its hash in --traces; one without it says so and names the trace',
  async () => {
    const server = await startRedis(folder);
    children.push(server.process);
    const queue = ['--queue', server.url];
    const startWorker = (...words: string[]) => {
      const child = spawn(process.execPath, [BUILT, 'worker', ...queue, ...words], {
        cwd: join(folder, 'other'),
        stdio: 'ignore',
      });
      children.push(child);
      return child;
    };
    const lost = startWorker();
    const failed = tidemark('driver', ...VARY, ...queue, '--out', 'queued');
    expect(failed.status).toBe(1);
    expect(failed.stdout + failed.stderr).toMatch(/the trace vms \(sha256 [0-9a-f]{16}\.\.\.\) is not on this machine/);
    lost.kill('SIGKILL');
    startWorker('--traces', 'store');
    const done = tidemark('driver', ...VARY, ...queue, '--out', 'queued');
    expect([done.status, done.stderr]).toEqual([0, done.stderr]);
    expect(table('driver/queued')).toBe(table('driver/whole'));
  },
);
