/** The third water-line from safe to too high: evictions give way to waiting, and waiting to the OOM killer. */
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { CHANGE } from '../sim/cluster/apply.ts';
import { TASK_KIND } from '../sim/cluster/tasks.ts';
import { checkEngine } from '../sim/engine/check-engine.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { resultsOf } from '../sim/engine/results.ts';
import { runUntil } from '../sim/engine/run.ts';
import type { RunResults } from '../sim/results/schema.ts';
import { prepare } from './run-plan.ts';

const PATH = new URL('../scenarios/library/memory-pressure.yaml', import.meta.url).pathname;
const OUT_OF_MEMORY = 7;

interface Outcome {
  readonly engine: Engine;
  readonly results: RunResults;
}

async function runAt(line: number, ...sets: string[]): Promise<Outcome> {
  const { plan } = await loadPlan(PATH, {
    sets: [`koordinator.memoryEvictThresholdPercent=${line}`, ...sets],
  });
  const { engine } = prepare(plan, {});
  runUntil(engine, plan.horizonMs);
  checkEngine(engine);
  return { engine, results: resultsOf(engine, { planHash: '', tidemarkVersion: '', nodeVersion: '' }, []) };
}

const sum = (column: unknown) => Array.from(column as Float64Array).reduce((total, value) => total + value, 0);

describe('the third water-line in a run', () => {
  let low: Outcome;
  let high: Outcome;
  let none: Outcome;
  let protectedByQos: Outcome;
  beforeAll(async () => {
    low = await runAt(80);
    high = await runAt(99);
    none = await runAt(100);
    protectedByQos = await runAt(100, 'physics.memoryQos=true');
  });

  test('at 80 % best effort is evicted, nothing waits for memory and nothing is killed', () => {
    const { summary, tables } = low.results;
    expect(summary.evictionsMemory).toBeGreaterThan(0);
    expect(summary.oomKills).toBe(0);
    expect(sum(tables.windows.columns.reclaimHosts)).toBe(0);
    expect(sum(tables.serviceHours.columns.violatingMemory)).toBe(0);
  });

  test('the higher the line, the fewer evictions, the more waiting, and at 100 % the kernel kills', () => {
    const evicted = [low, high, none].map(({ results }) => results.summary.evictionsMemory);
    const waiting = [low, high, none].map(({ results }) => sum(results.tables.serviceHours.columns.violatingMemory));
    expect(evicted[0]).toBeGreaterThan(evicted[1]);
    expect(evicted[1]).toBeGreaterThanOrEqual(evicted[2]);
    expect(waiting[1]).toBeGreaterThan(waiting[0]);
    expect(waiting[2]).toBeGreaterThanOrEqual(waiting[1]);
    expect(none.results.summary.oomKills).toBeGreaterThan(0);
  });

  test('Memory QoS lets fewer requests wait', () => {
    const waiting = ({ results }: Outcome) => sum(results.tables.serviceHours.columns.violatingMemory);
    expect(waiting(protectedByQos)).toBeLessThan(waiting(none));
  });

  test('the OOM killer takes best effort while there is any on the host', async () => {
    const { plan } = await loadPlan(PATH, { sets: ['koordinator.memoryEvictThresholdPercent=100'] });
    const kinds: number[] = [];
    const { engine } = prepare(plan, {
      sink: (_time: number, change: number, _id: number, _host: number, value: number, row: number) => {
        if (change === CHANGE.fail && value === OUT_OF_MEMORY) kinds.push(engine.cluster.tasks.kind[row]);
      },
    });
    runUntil(engine, plan.horizonMs);
    expect(kinds.length).toBeGreaterThan(0);
    expect(new Set(kinds)).toEqual(new Set([TASK_KIND.bestEffort]));
  });
});
