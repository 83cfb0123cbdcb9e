// A run that reads an imported trace block by block and hour by hour, against the same run with all of it in memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { createEngine, type Engine, type Workload } from '../sim/engine/engine.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { createBaseUse, moveBaseTo } from '../traces/base-use.ts';
import type { OnlineServices } from '../traces/format.ts';
import { hostColumns, serviceColumns, type TaskRow, taskColumns } from '../traces/import/canonical.ts';
import { writeImport } from '../traces/import/store.ts';
import { readImport } from '../traces/import/test-read.ts';
import { parquetSink } from '../traces/import/usage-sink.ts';
import { replayBatch } from '../traces/replay-batch.ts';
import { replayServices } from '../traces/replay-services.ts';
import { createStream } from '../traces/streams.ts';
import { replayVersion } from './code-version.ts';
import { runSeeds } from './replications.ts';
import { policiesOf, prepare, runPlan } from './run-plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MINUTE = 60_000;
const SLOT = 5 * MINUTE;
const HOURS = 30;

async function writeTrace(name: string): Promise<void> {
  const stream = createStream(name, 'trace');
  const ids = Array.from({ length: 12 }, (_, at) => `vm-${at}`);
  const table = parquetSink(join(folder, name)).open('use');
  for (const id of ids)
    for (let slot = 0; slot < HOURS * 12; slot++)
      if (stream.next() > 0.05)
        table.add(id, slot * SLOT, 200 + stream.next() * 1_500, 2_000, 1_000 + stream.next(), () => id);
  table.finish();
  const tasks = Array.from(
    { length: 2_500 },
    (_, at): TaskRow => ({
      id: `t${at}`,
      submitMs: Math.floor((at * HOURS * 3_600_000) / 2_500),
      durationMs: 60_000 + Math.floor(stream.next() * 1_800_000),
      requestMilliCpu: 500 + Math.floor(stream.next() * 3_000),
      requestMemMib: 512,
      parents: at % 4 === 3 ? [`t${at - 1}`] : [],
    }),
  );
  await writeImport(
    {
      format: 'test',
      startUnixMs: null,
      hosts: hostColumns([]),
      tasks: taskColumns(tasks).tasks,
      use: null,
      services: serviceColumns(
        ids.map((id, at) => ({ id, kind: 'vm', requestMilliCpu: 2_000, requestMemMib: 4_096, replicas: 1 + (at % 3) })),
      ),
      columns: {},
      notes: [],
    },
    join(folder, name),
  );
}

const SCENARIO = `name: replayed
title: Twelve services and 2,500 tasks of a trace
seed: a
horizon: 26h
window: 60s
cluster: { hosts: { plain: { count: 4, cpu: 32 cores, memory: 128GiB, idlePower: 80W, maxPower: 260W, memBandwidth: 110GB/s } } }
online:
  source: replay
  trace: week
  explicit: { web: { replicas: 3, cpuRequest: 2 cores, memRequest: 4GiB } }
bestEffort:
  trace: week
  populations: { tasks: { kind: transcode, taskShare: 1 } }
`;
const identity = { planHash: '', tidemarkVersion: '0', nodeVersion: 'v0' };

/** The services with every slot in memory. */
function inMemory(services: OnlineServices): OnlineServices {
  const { stream, slotCount, count } = services;
  if (stream === undefined) throw new Error('a streamed set is expected');
  const whole = {
    ...services,
    stream: { ...stream, blockSlots: slotCount, before: stream.before.slice(0, stream.ids.length) },
  };
  const base = createBaseUse(whole);
  moveBaseTo(base, whole, 0);
  const baseRatio = new Float32Array(count * slotCount);
  for (let s = 0; s < count; s++)
    for (let slot = 0; slot < slotCount; slot++) baseRatio[s * slotCount + slot] = base.ratio[s * base.columns + slot];
  const { stream: _, ...rest } = whole;
  return { ...rest, baseRatio };
}

let plan: Plan;
let replayed: OnlineServices;

beforeAll(async () => {
  await writeTrace('week');
  writeFileSync(join(folder, 'replayed.yaml'), SCENARIO);
  plan = (await loadPlan(join(folder, 'replayed.yaml'))).plan;
  const { startDay, limitOverRequest, loadFactor, trace } = plan.online;
  replayed = replayServices(trace?.folder ?? '', {
    horizonMs: plan.horizonMs,
    startDay,
    limitOverRequest,
    loadFactor,
    seed: plan.seed,
    blockSlots: 36,
  }).services;
});

async function workloadInMemory(): Promise<Workload> {
  const services = workloadOf(plan, inMemory(replayed)).services;
  const { source } = replayBatch(await readImport(join(folder, 'week')), {
    population: workloadOf(plan, replayed).batch.populations[0],
    horizonMs: plan.horizonMs,
    skipMs: 0,
    maxRequestMilliCpu: 16_000,
    maxRequestMemBytes: 64 * 1024 ** 3,
    memMibPerCore: 4_096,
    usageOverRequest: plan.bestEffort.populations[0].usageOverRequest,
    deadlineMs: 0,
  });
  return { services, batch: source, notes: [] };
}

function toEnd(engine: Engine): string {
  runUntil(engine, plan.horizonMs);
  return digestText(engine.cluster.digest);
}

describe('a replayed trace', () => {
  test('26 hours in blocks of 3 hours end with the digest of the run that holds services and tasks in memory', async () => {
    const { engine } = prepare(plan, { replayed });
    const other = createEngine(plan, await workloadInMemory(), { policies: policiesOf(plan) });
    startRun(other);
    const digest = toEnd(engine);
    expect(digest).toBe(toEnd(other));
    expect(engine.recorder.work).toEqual(other.recorder.work);
    expect(engine.online.base.stream?.groupsRead).toBeGreaterThanOrEqual(9);
    expect(engine.online.services.count).toBe(13);
    // Another seed draws other noise and other failures.
    const reseeded = prepare({ ...plan, seed: 'b' }, { replayed }).engine;
    expect(toEnd(reseeded)).not.toBe(digest);
  });

  test('a snapshot in the middle of a block goes on to the same digest, in another block too', () => {
    const whole = toEnd(prepare(plan, { replayed }).engine);
    const { engine } = prepare(plan, { replayed });
    runUntil(engine, 7.5 * 3_600_000);
    const copy = restoreRun(
      plan,
      workloadOf(plan, replayed),
      { policies: policiesOf(plan) },
      structuredClone(snapshotRun(engine)),
    );
    expect(toEnd(copy)).toBe(whole);
    expect(toEnd(engine)).toBe(whole);
  });

  test('worker threads read the trace for themselves: the digest of one seed and of two on two workers', async () => {
    const options = { identity, notes: [], signal: new AbortController().signal, replayed };
    const alone = runPlan(plan, { identity, replayed });
    const two = await runSeeds(plan, 2, { ...options, workers: 2 }, () => {});
    expect(two?.[0].manifest.digest).toBe(alone?.manifest.digest);
    expect(two?.[1].manifest.digest).not.toBe(alone?.manifest.digest);
  });

  test('the plan carries the content of the trace: other samples give another plan and another key of stored results', async () => {
    const before = [plan.online.trace?.sha256, replayVersion(replayed)];
    await writeTrace('other');
    const other = (await loadPlan(join(folder, 'replayed.yaml'), { sets: [`online.trace=${join(folder, 'other')}`] }))
      .plan;
    expect(other.online.trace?.sha256).not.toBe(before[0]);
    expect(other.bestEffort.trace?.sha256).toBe(before[0]);
    const config = { horizonMs: plan.horizonMs, startDay: 0, limitOverRequest: 2, loadFactor: 1, seed: 'a' };
    expect(replayVersion(replayServices(join(folder, 'other'), config).services)).not.toBe(before[1]);
  });
});

describe('a scenario is refused', () => {
  const refused = async (sets: readonly string[]) =>
    loadPlan(join(folder, 'replayed.yaml'), { sets }).then(
      () => 'accepted',
      (error: Error) => error.message,
    );

  test('when a folder is no trace, when source does not replay, when tasks are also drawn or have two populations', async () => {
    expect(await refused(['online.trace=nowhere'])).toMatch(/online\.trace is "nowhere": nowhere: no trace\.json/);
    expect(await refused(['online.source=fit'])).toMatch(
      /online\.trace is set, but source is fit; only source: replay reads it/,
    );
    expect(await refused(['bestEffort.tasksPerWeek=10'])).toMatch(
      /tasksPerWeek is 10, but the trace says how many tasks there are/,
    );
    expect(await refused(['bestEffort.populations.more={kind: transcode, taskShare: 0.1}'])).toMatch(
      /populations holds 2; the tasks of a trace belong to one/,
    );
  });
});
