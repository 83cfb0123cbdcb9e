/** Gangs in whole runs: nobody of a stage starts before all of it has a place, whatever fails. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../sim/engine/snapshot.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import { policiesOf, prepare } from './run-plan.ts';

const HOUR = 3_600_000;
const load = async (sets: readonly string[] = []) =>
  (await loadPlan(new URL('../scenarios/library/gangs.yaml', import.meta.url).pathname, { sets: [...sets] })).plan;

/** Runs three hours and looks at every start of a task of population 0 from outside. */
function watched(plan: Plan): { engine: Engine; stages: number; broken: number } {
  let stages = 0;
  let broken = 0;
  const begun = new Set<string>();
  let made: Engine | undefined;
  const { engine } = prepare(plan, {
    sink: (_atMs, change, _id, _host, _value, row) => {
      if (change !== CHANGE.start || made === undefined) return;
      const { tasks } = made.cluster;
      if (row < tasks.firstBestEffort || tasks.group[row] !== 0) return;
      const stage = `${tasks.job[row]}/${tasks.submitAtMs[row]}/${tasks.stage[row]}`;
      if (begun.has(stage)) return;
      begun.add(stage);
      stages++;
      for (let other = tasks.firstBestEffort; other < tasks.used; other++)
        if (
          tasks.state[other] === TASK_STATE.pending &&
          tasks.group[other] === 0 &&
          `${tasks.job[other]}/${tasks.submitAtMs[other]}/${tasks.stage[other]}` === stage
        ) {
          broken++;
          break;
        }
    },
  });
  made = engine;
  runUntil(engine, 3 * HOUR);
  checkEngine(engine);
  return { engine, stages, broken };
}

describe('stages as gangs', () => {
  test('in three hours over a hundred stages start, each of them whole; without gangs many start in part', async () => {
    const whole = watched(await load());
    expect(whole.stages).toBeGreaterThan(100);
    expect(whole.broken).toBe(0);
    const free = watched(
      await load(['bestEffort.populations.spark.gang=null', 'bestEffort.populations.ring.gang=null']),
    );
    expect(free.broken).toBeGreaterThan(20);
  });

  test('no place is lost: sums hold with failing pods and dying hosts, and the report says how often gangs were sent back', async () => {
    const plan = await load([
      'bestEffort.failureProbability=20%',
      'bestEffort.maxRetries=1',
      'failures.enabled=true',
      'failures.hostCrashesPerYear=900',
    ]);
    const { engine } = prepare(plan, {});
    for (let atMs = HOUR; atMs <= 8 * HOUR; atMs += HOUR / 4) {
      runUntil(engine, atMs);
      checkEngine(engine);
    }
    expect(engine.plane.notes?.()[0]).toMatch(
      /^gangs: \d+ stood together and started, \d+ times placed pods were sent back/,
    );
  });

  test('index and scan, and a run continued while pods wait at the gate, end in one digest', async () => {
    const plan = { ...(await load()), horizonMs: 3 * HOUR };
    const { engine } = prepare(plan, {});
    let atMs = HOUR;
    for (; atMs < 3 * HOUR && (engine.plane.assumedRows?.() ?? []).length === 0; atMs += 30_000) runUntil(engine, atMs);
    expect(atMs).toBeLessThan(3 * HOUR);
    const middle = structuredClone(snapshotRun(engine));
    runUntil(engine, plan.horizonMs);
    const scan = prepare(plan, { placementByScan: true }).engine;
    runUntil(scan, plan.horizonMs);
    const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, middle);
    runUntil(fork, plan.horizonMs);
    for (const other of [scan, fork]) expect(digestText(other.cluster.digest)).toBe(digestText(engine.cluster.digest));
  });
});

describe('gang groups', () => {
  const TEXT = `
name: train
seed: train
horizon: 6h
window: 60s
cluster:
  hosts:
    plain: { count: 4, cpu: 32 cores, memory: 128GiB }
online: { source: none }
bestEffort:
  tasksPerWeek: 20160
  failureProbability: 0
  populations:
    server: { kind: transcode, taskShare: 25%, lifeLogMean: 7.5, lifeLogSigma: 0.1, sizes: [{ cores: 1, weight: 1 }], gang: { size: 1, group: train } }
    worker: { kind: transcode, taskShare: 75%, lifeLogMean: 7.5, lifeLogSigma: 0.1, sizes: [{ cores: 2, weight: 1 }], gang: { size: 3, group: train } }
`;
  const planOf = async (text: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-gangs-'));
    const file = join(folder, 'train.yaml');
    writeFileSync(file, text);
    try {
      return (await loadPlan(file)).plan;
    } catch (error) {
      throw new Error((error as Error).message.replaceAll(`${folder}/`, ''));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('a server and three workers start in one moment, whenever; each for itself without the group', async () => {
    const starts = (plan: Plan) => {
      const times: Record<number, [servers: number, workers: number]> = {};
      const { engine } = prepare(plan, {
        sink: (atMs, change, _id, _host, _value, row) => {
          if (change !== CHANGE.start || row < engine.cluster.tasks.firstBestEffort) return;
          times[atMs] ??= [0, 0];
          times[atMs][engine.cluster.tasks.group[row]]++;
        },
      });
      for (let atMs = HOUR; atMs <= plan.horizonMs; atMs += HOUR) {
        runUntil(engine, atMs);
        checkEngine(engine);
      }
      const counts = Object.values(times);
      return {
        whole: counts.every(([servers, workers]) => workers === 3 * servers),
        servers: counts.reduce((sum, [servers]) => sum + servers, 0),
      };
    };
    const grouped = starts(await planOf(TEXT));
    expect(grouped.whole).toBe(true);
    expect(grouped.servers).toBeGreaterThan(20);
    expect(starts(await planOf(TEXT.replaceAll(', group: train', ''))).whole).toBe(false);
  });

  test('a group of one population, and one of stages, are refused with their lines', async () => {
    await expect(planOf(TEXT.replace('size: 1, group: train', 'size: 1'))).rejects.toThrow(
      /train.yaml:15:\d+ bestEffort\.populations\.worker\.gang\.group is "train", which no other population names/,
    );
    await expect(planOf(TEXT.replace('size: 1, group', 'size: 0, group'))).rejects.toThrow(
      /train.yaml:14:\d+ bestEffort\.populations\.server\.gang\.size is 0; gangs of a group are counted off/,
    );
  });
});
