// Forks from snapshot files: equal to the run that was not interrupted, refused where they would not be.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { POLICIES } from '../policies/registry.ts';
import { loadPlan } from '../scenarios/load.ts';
import { planHash } from '../scenarios/resolve.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import { OPEN } from '../sim/engine/recorder.ts';
import { runUntil } from '../sim/engine/run.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { checkFork, forkObstacles, forkRun, openFork, runFork, warm } from './fork.ts';
import { prepare, runPlan } from './run-plan.ts';
import { readSnapshot, readSnapshotHeader } from './snapshot-file.ts';
import { runSweep, type SweepOptions } from './sweep.ts';
import { planSweep } from './sweep-plan.ts';
import { SMALL_IDENTITY } from './testing/sweep-process.ts';
import { parseVary } from './vary.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 10 hosts x 1,000 a year over 8 hours: 9 crashes are expected. */
const CRASHES = ['failures.enabled=true', 'failures.hostCrashesPerYear=1000', 'failures.repairMedian=15m'];
const CODE = { codeVersion: 'code', replayVersion: '' };
const room = mkdtempSync(join(tmpdir(), 'tidemark-fork-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));

async function libraryPlan(name: string, ...sets: string[]): Promise<Plan> {
  return (await loadPlan(`scenarios/library/${name}.yaml`, { sets })).plan;
}

/** Warms `plan` until `atMs` into a file of the room. */
function warmed(name: string, plan: Plan, atMs: number): string {
  const path = join(room, `${name}.snapshot`);
  warm(plan, atMs, path, { ...CODE, ...SMALL_IDENTITY, planHash: planHash(plan) });
  return path;
}

/** The first whole minute by which a host has crashed. */
function firstCrashMs(plan: Plan): number {
  const { engine } = prepare(plan, {});
  for (let timeMs = MINUTE; timeMs < plan.horizonMs; timeMs += MINUTE) {
    runUntil(engine, timeMs);
    if (engine.recorder.open[OPEN.failures] > 0) return timeMs;
  }
  throw new Error('no host crashes');
}

const identity = (plan: Plan) => ({ ...SMALL_IDENTITY, planHash: planHash(plan) });
const straight = (plan: Plan) => runPlan(plan, { identity: identity(plan) })!;
const forked = (path: string, plan: Plan) => runFork(openFork(path, undefined), plan, { identity: identity(plan) })!;

describe('a fork', () => {
  test.each([
    ['unit-small', 37 * MINUTE],
    ['mesos-unit', HOUR],
    ['faults', 5 * HOUR],
  ])('of %s has digest, tables and summary of the run that was not stopped', async (name, atMs) => {
    const plan = await libraryPlan(
      name,
      ...(name === 'faults' ? ['horizon=8h', 'online.explicit.checkout.rollingRestartAt=[2h]'] : ['horizon=2h']),
    );
    const whole = straight(plan);
    const fork = forked(warmed(name, plan, atMs), plan);
    expect(fork.manifest.digest).toBe(whole.manifest.digest);
    expect(fork.tables).toEqual(whole.tables);
    expect(fork.summary).toEqual(whole.summary);
    expect(fork.manifest.continuedFrom).toEqual({ planHash: planHash(plan), atMs });
    expect(whole.manifest.continuedFrom).toBeUndefined();
  });

  // Whatever a scenario switches on has state that a snapshot must hold; the largest are left out.
  const library = readdirSync('scenarios/library').map((file) => file.replace('.yaml', ''));
  test.each(library.filter((name) => !/2000|mesos-600|federation|waterline-75/.test(name)))(
    'of %s at minute 54 of two hours has its digest',
    async (name) => {
      const plan = await libraryPlan(name);
      const untilMs = Math.min(plan.horizonMs, 2 * HOUR);
      const { engine } = prepare(plan, {});
      const fork = forkRun(openFork(warmed(name, plan, 54 * MINUTE), undefined), plan);
      for (const run of [engine, fork]) runUntil(run, untilMs);
      expect(digestText(fork.cluster.digest)).toBe(digestText(engine.cluster.digest));
    },
  );

  // Host crashes of one seed come at fixed times; before the first one a cluster without failures is the same cluster.
  test('into failures before the first of them is the straight run with failures, and out of them without', async () => {
    const on = await libraryPlan('unit-small', 'horizon=8h', ...CRASHES);
    const off = await libraryPlan('unit-small', 'horizon=8h');
    const { manifest, summary } = straight(on);
    expect(summary.hostFailures).toBeGreaterThan(1);
    const atMs = firstCrashMs(on) - MINUTE;
    expect(atMs).toBeGreaterThan(0);
    expect(forked(warmed('off', off, atMs), on).manifest.digest).toBe(manifest.digest);
    expect(forked(warmed('on', on, atMs), off).manifest.digest).toBe(straight(off).manifest.digest);
  });

  test('out of failures while a host is down ends that outage when it would have ended and knows no other', async () => {
    const on = await libraryPlan('unit-small', 'horizon=8h', ...CRASHES);
    const off = await libraryPlan('unit-small', 'horizon=8h');
    const path = warmed('down', on, firstCrashMs(on));
    const engine = forkRun(openFork(path, undefined), off);
    const { hosts } = engine.cluster;
    const down = () => [...hosts.outages].reduce((sum, count) => sum + count, 0);
    const before = down();
    expect(before).toBeGreaterThan(0);
    runUntil(engine, off.horizonMs);
    checkEngine(engine);
    // A median repair of 15 minutes is over within the 8 hours, and no outage follows.
    expect(down()).toBe(0);
    expect(engine.recorder.open[OPEN.failures]).toBe(before);
  });

  const added = Object.keys(POLICIES).filter(
    (name) => !['fixed-estimator', 'load-qos', 'serenity', 'slack-estimator'].includes(name),
  );
  test('may add any Kubernetes policy: each goes on for 20 minutes and keeps every fact', async () => {
    const plan = await libraryPlan('quickstart');
    const base = openFork(warmed('quick', plan, 40 * MINUTE), undefined);
    for (const name of added) {
      const own: Plan = { ...plan, policies: [{ name, config: {} }] };
      const engine = forkRun(base, own);
      runUntil(engine, HOUR);
      checkEngine(engine);
    }
    expect(added.length).toBeGreaterThan(15);
  });
});

describe('what a fork may change', () => {
  test('policies, Koordinator, failures and scheduler weights; not load, hosts, seed, report window or quotas', async () => {
    const plan = await libraryPlan('quickstart');
    const of = async (...sets: string[]) => forkObstacles(plan, await libraryPlan('quickstart', ...sets));
    expect(
      await of(
        'koordinator.cpuSuppressThresholdPercent=40',
        'failures.enabled=true',
        'controlPlane.fitWeight=3',
        'name=other',
      ),
    ).toEqual([]);
    expect(await of('online.pods=300')).toEqual([`online.pods: ${plan.online.pods} -> 300`]);
    expect(await of('seed=x')).toEqual(['seed: "quickstart" -> "x"']);
    expect(await of('koordinator.aggregate=10m')).toEqual(['koordinator.aggregateMs: 300000 -> 600000']);
    expect(forkObstacles(plan, await libraryPlan('mesos-unit')).length).toBeGreaterThan(3);
  });

  test('a snapshot of another world, of other code and of other series is refused with what and how to fix', async () => {
    const plan = await libraryPlan('unit-small');
    const path = warmed('refuse', plan, 5 * MINUTE);
    const header = readSnapshotHeader(path);
    const bigger = await libraryPlan('unit-small', 'cluster.hosts.plain.count=9');
    expect(() => checkFork(path, header, plan, CODE)).not.toThrow();
    expect(() => checkFork(path, header, bigger, CODE)).toThrow('cluster.shapes.0.count: 8 -> 9. A fork may change');
    expect(() => checkFork(path, header, plan, { ...CODE, codeVersion: 'new' })).toThrow('was made by other code');
    expect(() => checkFork(path, header, plan, { ...CODE, replayVersion: 'r' })).toThrow('other replayed series');
  });

  test('a time outside the run is refused', async () => {
    const plan = await libraryPlan('unit-small');
    for (const atMs of [0, plan.horizonMs]) expect(() => warmed('never', plan, atMs)).toThrow('is not inside the run');
    expect(existsSync(join(room, 'never.snapshot'))).toBe(false);
  });
});

describe('a snapshot file', () => {
  test('gives every column memory of its own: a view of the whole file would be cloned as the whole file', async () => {
    const { snapshot } = readSnapshot(warmed('owned', await libraryPlan('unit-small'), 37 * MINUTE));
    const evicting = snapshot.policies.find(({ name }) => name === 'memory-evict')!;
    const { rows } = evicting.state as { rows: Int32Array };
    expect(rows.buffer.byteLength).toBe(rows.byteLength);
  });

  test('cut short, changed or foreign is refused by name; no temporary file stays', async () => {
    const plan = await libraryPlan('unit-small');
    const path = warmed('file', plan, 5 * MINUTE);
    const whole = readFileSync(path);
    expect(readSnapshot(path).header.atMs).toBe(5 * MINUTE);
    truncateSync(path, whole.length - 1);
    expect(() => readSnapshot(path)).toThrow(`${path}: cut short or changed since it was written`);
    const changed = Buffer.from(whole);
    changed[whole.length >> 1] ^= 1;
    writeFileSync(path, changed);
    expect(() => readSnapshot(path)).toThrow('make it again with tidemark warm');
    writeFileSync(path, 'notes\n');
    for (const read of [readSnapshot, readSnapshotHeader])
      expect(() => read(path)).toThrow('is no snapshot of tidemark; make one with: tidemark warm');
    expect(() => readSnapshot(join(room, 'nowhere'))).toThrow('nowhere cannot be read');
    expect(readdirSync(room).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('a sweep of warm clusters', () => {
  const request = (vary: string, seeds: number) => ({
    scenario: 'scenarios/library/unit-small.yaml',
    sets: ['horizon=20m'],
    factors: [parseVary(vary)],
    design: { kind: 'factorial' as const },
    seeds,
    warm: { kind: 'until' as const, atMs: 5 * MINUTE },
  });
  const run = async (name: string, vary: string, options: Partial<SweepOptions> = {}) =>
    runSweep(await planSweep(request(vary, 2), CODE, {}), join(room, name), {
      workers: 1,
      identity: SMALL_IDENTITY,
      signal: new AbortController().signal,
      ...options,
    });
  const VARY = 'failures.enabled=false,true';
  const snapshots = (name: string) => readdirSync(join(room, name, 'snapshots'));

  test('warms each of 2 seeds once for 2 points; as written it gives the digests of straight runs, on 1, 2 and 7 workers', async () => {
    const one = await run('one', VARY);
    expect(snapshots('one')).toHaveLength(2);
    const plan = await libraryPlan('unit-small', 'horizon=20m');
    const digests = ['unit-small', 'unit-small/2'].map((seed) => straight({ ...plan, seed }).manifest.digest);
    expect(one?.table.rows.slice(0, 2).map((row) => row.digest)).toEqual(digests);
    for (const workers of [2, 7]) {
      await run(`w${workers}`, VARY, { workers });
      expect(readFileSync(join(room, `w${workers}`, 'table.csv'), 'utf8')).toBe(
        readFileSync(join(room, 'one', 'table.csv'), 'utf8'),
      );
    }
    expect(await run('one', VARY)).toMatchObject({ reused: 4, ran: 0 });
  });

  test('a damaged snapshot is named and made again; cells of a sweep from the start are not taken for those of a fork', async () => {
    await run('again', 'failures.enabled=false');
    const [path] = snapshots('again').map((name) => join(room, 'again', 'snapshots', name));
    truncateSync(path, 1000);
    const notes: string[] = [];
    const outcome = await run('again', VARY, { onNote: (note) => notes.push(note) });
    expect(outcome).toMatchObject({ reused: 2, ran: 2 });
    expect(notes).toEqual([expect.stringContaining('cut short or changed')]);
    const { warm: _, ...cold } = request(VARY, 2);
    const keys = (await planSweep(cold, CODE, {})).description.cells.map((cell) => cell.key);
    const own = (await planSweep(request(VARY, 2), CODE, {})).description.cells.map((cell) => cell.key);
    expect(keys.filter((key) => own.includes(key))).toEqual([]);
  });

  test('a point that would change the warm cluster and a file with more than one seed are refused', async () => {
    await expect(planSweep(request('cluster.hosts.plain.count=8,9', 2), CODE, {})).rejects.toThrow(
      '--warm-until: cluster.hosts.plain.count=9 would change the warm cluster itself (cluster.shapes.0.count: 8 -> 9)',
    );
    const path = warmed('seeded', await libraryPlan('unit-small', 'horizon=20m'), 5 * MINUTE);
    const start = { kind: 'file' as const, path, header: readSnapshotHeader(path) };
    await expect(planSweep({ ...request(VARY, 2), warm: start }, CODE, {})).rejects.toThrow('holds one seed');
    const { description } = await planSweep({ ...request(VARY, 1), warm: start }, CODE, {});
    const made = await planSweep(request(VARY, 1), CODE, {});
    expect(description.cells).toEqual(made.description.cells);
  });
});
