// Blame against a log of both whole runs, and against a move planted by hand.
import { beforeAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { bind, CHANGE, type ChangeSink, loseAttempt, start } from '../sim/cluster/apply.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { resultsOf } from '../sim/engine/results.ts';
import { runUntil } from '../sim/engine/run.ts';
import type { Plan } from '../sim/plan.ts';
import { type Blame, blameRuns } from './blame.ts';
import { blameLines } from './blame-text.ts';
import type { DiffSide } from './diff.ts';
import { prepare } from './run-plan.ts';

async function libraryPlan(name: string, ...sets: string[]): Promise<Plan> {
  return (await loadPlan(`scenarios/library/${name}.yaml`, { sets })).plan;
}

const sideOf = (label: string, plan: Plan): DiffSide => ({
  label,
  plan,
  start: (sink) => prepare(plan, { sink }).engine,
});

describe('more memory sold on quickstart', () => {
  const SETS = ['horizon=8h', 'warmUp=2h'];
  let plans: Plan[];
  let blame: Blame;
  beforeAll(async () => {
    plans = [
      await libraryPlan('quickstart', ...SETS),
      await libraryPlan('quickstart', ...SETS, 'koordinator.memoryReclaimThresholdPercent=80'),
    ];
    blame = blameRuns(sideOf('a', plans[0]), sideOf('b', plans[1]), 1_000_000);
  });

  test('the four causes add up to the SLO-minutes that the two summaries differ by', () => {
    const minutes = plans.map((plan) => {
      const { engine } = prepare(plan, {});
      runUntil(engine, plan.horizonMs);
      const { summary, tables } = resultsOf(engine, { planHash: '', tidemarkVersion: '', nodeVersion: '' }, []);
      // Per service and day over the 6 measured hours, a quarter of a day.
      return summary.sloMinutesPerServiceDay * tables.services.rows * 0.25;
    });
    expect(minutes[0]).toBeGreaterThan(1);
    expect(blame.minutes.a).toBeCloseTo(minutes[0], 6);
    expect(blame.minutes.b).toBeCloseTo(minutes[1], 6);
    expect(blame.minutes.whole).not.toBe(0);
    for (const split of [blame.minutes, ...blame.services]) {
      const { podsElsewhere, partedNeighbours, sameNeighbours, nobodyAnswering, whole } = split;
      expect(podsElsewhere + partedNeighbours + sameNeighbours + nobodyAnswering).toBeCloseTo(whole, 9);
    }
  });

  test('what is put down to tasks adds up to the minutes of pods elsewhere and of parted neighbours', () => {
    const sum = (key: 'ownMinutes' | 'neighbourMinutes') => blame.tasks.reduce((total, task) => total + task[key], 0);
    expect(sum('ownMinutes')).toBeCloseTo(blame.minutes.podsElsewhere, 9);
    expect(sum('neighbourMinutes')).toBeCloseTo(blame.minutes.partedNeighbours, 9);
  });

  test('the parted tasks and their first decisions are those of a log of both whole runs', () => {
    const stories = plans.map((plan) => {
      const story = new Map<number, string[]>();
      const { engine } = prepare(plan, {
        sink: (timeMs, change, task, host) => {
          if (change === CHANGE.bind || change === CHANGE.evict)
            story.set(task, [...(story.get(task) ?? []), `${change}@${timeMs}:${host}`]);
        },
      });
      runUntil(engine, plan.horizonMs);
      return story;
    });
    const ids = new Set([...stories[0].keys(), ...stories[1].keys()]);
    const parted = [...ids].filter((id) => stories[0].get(id)?.join() !== stories[1].get(id)?.join());
    expect(parted.length).toBeGreaterThan(100);
    expect(blame.tasks.map(({ task }) => task).sort((x, y) => x - y)).toEqual(parted.sort((x, y) => x - y));
    const kinds = { bind: CHANGE.bind, evict: CHANGE.evict } as const;
    for (const { task, a, b } of blame.tasks)
      for (const [story, decision] of [
        [stories[0], a],
        [stories[1], b],
      ] as const)
        if (decision !== null)
          expect(story.get(task)).toContain(`${kinds[decision.kind]}@${decision.timeMs}:${decision.host}`);
    const { parted: counts } = blame;
    expect(counts.total).toBe(parted.length);
    expect(counts.elsewhere + counts.atAnotherTime + counts.evictedOnlyInA + counts.evictedOnlyInB).toBe(counts.total);
  });

  test('in words: decisions, evictions, minutes by cause, services and tasks', () => {
    const lines = blameLines(blame, 'a', 'b');
    expect(lines[0]).toMatch(
      /^decisions: [\d,]+ tasks parted \(0 of them online pods\) by their first differing decision/,
    );
    expect(lines.join('\n')).toMatch(/SLO-minutes after warm-up: [\d.,]+ -> [\d.,]+ \([+-][\d.]+\): /);
    expect(lines.join('\n')).toMatch(/ {2}task \d+ of \w+: [+-][\d.]+ beside it; a: .*; b: bound to host \d+ at day 1/);
  });

  test('a run against itself: nothing parted, no minute differs', () => {
    const same = blameRuns(sideOf('a', plans[0]), sideOf('b', plans[0]), 10);
    expect(same.parted.total).toBe(0);
    expect(same.services).toEqual([]);
    expect(blameLines(same, 'a', 'b').at(-1)).toMatch(/^SLO-minutes: [\d.]+ in both, the same in every hour/);
  });
});

describe('one pod of ten hosts moved by hand before the run', () => {
  /** Three quarters of four cores a replica make web late; its replica 0 goes from host 0 to the ssd-free host 7. */
  const moved = (plan: Plan) => (sink: ChangeSink) => {
    const engine: Engine = prepare(plan, { sink }).engine;
    const { cluster } = engine;
    loseAttempt(cluster, 0, 0, CHANGE.evict, 0);
    engine.countReplica(0, 0, -1);
    bind(cluster, 0, 7, 0);
    engine.countReplica(0, 7, 1);
    start(cluster, 0, 0);
    return engine;
  };

  test('every changed minute is its own or of the pods beside it on hosts 0 and 7', async () => {
    const plan = await libraryPlan(
      'unit-small',
      'online.explicit.web.meanUsagePercent=150%',
      'online.explicit.orders.meanUsagePercent=85%',
      'cluster.hosts.plain.cpu=12 cores',
      'warmUp=0h',
      'horizon=2h',
    );
    const blame = blameRuns(sideOf('a', plan), { label: 'b', plan, start: moved(plan) }, 10);
    expect(blame.parted).toMatchObject({ total: 1, pods: 1, evictedOnlyInB: 1 });
    expect(blame.tasks).toHaveLength(1);
    expect(blame.tasks[0]).toMatchObject({
      task: 0,
      group: 'web',
      isPod: true,
      a: null,
      b: { kind: 'evict', host: 0 },
    });
    const { podsElsewhere, partedNeighbours, sameNeighbours, whole } = blame.minutes;
    // Seven hosts of two webs and one order; host 7 has one web more, host 0 one less.
    expect(Math.abs(podsElsewhere) + Math.abs(partedNeighbours)).toBeGreaterThan(0);
    expect(sameNeighbours).toBeCloseTo(0, 9);
    expect(podsElsewhere + partedNeighbours).toBeCloseTo(whole, 9);
  });
});
