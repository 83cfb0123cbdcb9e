/**
 * Laws of the Framework port, run over every implementation by a small master with seeded faults.
 *
 * The master offers whole free agents, rescinds, loses answers, fails tasks, and checks every appended row from outside.
 */
import { describe, expect, test } from 'vitest';
import { chronosFramework } from './chronos/framework.ts';
import { CHRONOS_DEFAULTS } from './chronos/state.ts';
import {
  ActionKind,
  createActions,
  type Framework,
  type FrameworkActions,
  type FrameworkContext,
  TaskStatus,
  type Work,
} from './framework.ts';
import { marathonFramework } from './marathon/framework.ts';
import { MARATHON_2015, MARATHON_DEFAULTS } from './marathon/state.ts';
import { ROOT_DEFAULTS, rootFramework } from './root-framework/framework.ts';
import { SISYPHUS_DEFAULTS, sisyphusFramework } from './sisyphus/framework.ts';
import { SPARK_DEFAULTS, sparkLikeFramework } from './spark-like/framework.ts';
import { STORM_DEFAULTS, stormLikeFramework } from './storm-like/framework.ts';

const AGENTS = 6;
const AGENT_MILLI_CPU = 4_000;
const AGENT_MEM_MIB = 8_192;
const AGENT_DISK_MIB = 20_000;

/** mulberry32: a generator for tests. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Throws with the law that is broken; vitest's expect is far too slow for every row. */
function law(holds: boolean, fact: string): void {
  if (!holds) throw new Error(fact);
}

interface Offered {
  readonly agent: number;
  milliCpu: number;
  memMiB: number;
  diskMiB: number;
}

interface Task {
  readonly agent: number;
  readonly work: number;
  readonly milliCpu: number;
  readonly memMiB: number;
  readonly diskMiB: number;
  status: TaskStatus;
}

interface Run {
  /** Every appended row in order, printed. */
  readonly trace: string[];
  readonly submitted: number;
  readonly finished: number;
  readonly live: number;
  readonly heldOffers: number;
}

interface Options {
  readonly seed: number;
  readonly steps: number;
  /** Faults: failed tasks, lost agents, rescinded offers. */
  readonly faults: boolean;
  /** Replaces the state by its structured clone after every call. */
  readonly clone: boolean;
  /** Calls tick at every step, not only when it is due. */
  readonly extraTicks: boolean;
}

function randomWork(name: string, uniform: () => number): Work {
  const pick = (values: readonly number[]): number => values[Math.floor(uniform() * values.length)];
  return {
    name,
    instances: pick([1, 1, 2, 5]),
    milliCpu: pick([100, 500, 1000, 2000]),
    memMiB: pick([128, 512, 2048]),
    diskMiB: pick([0, 256, 1024]),
    lane: pick([0, 1, 2]),
  };
}

function play<State, Config>(
  framework: Framework<State, Config>,
  config: Config,
  options: Options,
  works: (uniform: () => number, count: number) => Work,
): Run {
  const world = generator(options.seed);
  const draws = generator(options.seed + 1);
  const agents = {
    hostname: Array.from({ length: AGENTS }, (_, i) => `host-${i}`),
    region: Array<string>(AGENTS).fill(''),
    zone: Array<string>(AGENTS).fill(''),
    attributes: Array.from({ length: AGENTS }, (_, i) => ({ rack: `rack-${i % 3}` })),
  };
  const free = Array.from({ length: AGENTS }, () => [AGENT_MILLI_CPU, AGENT_MEM_MIB, AGENT_DISK_MIB]);
  const offered = new Map<number, Offered>();
  const tasks = new Map<number, Task>();
  const trace: string[] = [];
  let [nowMs, nextOffer, seenTasks, submitted, finished, submits] = [0, 0, -1, 0, 0, 0];
  let state = framework.create(config);

  /** Offers of the call that is answered. */
  let called: readonly number[] = [];
  const settle = (out: FrameworkActions): void => {
    const accepted = new Set<number>();
    const declined = new Set<number>();
    for (let row = 0; row < out.count; row++) {
      const [kind, offer, task] = [out.kind[row], out.offer[row], out.task[row]];
      trace.push(
        `${nowMs} ${kind} ${offer} ${task} ${out.work[row]} ${out.milliCpu[row]} ${out.memMiB[row]} ${out.refuseMs[row]}`,
      );
      if (kind === ActionKind.Decline) {
        law(offered.has(offer), 'a decline names an offer in hand');
        law(!accepted.has(offer) && !declined.has(offer), 'an offer is answered once');
        declined.add(offer);
      } else if (kind === ActionKind.DeclineRest) {
        for (const rest of called) if (!accepted.has(rest) && !declined.has(rest)) declined.add(rest);
      } else if (kind === ActionKind.Launch) {
        const hand = offered.get(offer);
        if (hand === undefined || declined.has(offer)) throw new Error('a launch names an offer in hand');
        accepted.add(offer);
        law(task > seenTasks, 'task numbers rise and are never used twice');
        seenTasks = task;
        hand.milliCpu -= out.milliCpu[row];
        hand.memMiB -= out.memMiB[row];
        hand.diskMiB -= out.diskMiB[row];
        law(Math.min(hand.milliCpu, hand.memMiB, hand.diskMiB) >= 0, 'no more than offered');
        const [milliCpu, memMiB, diskMiB] = [out.milliCpu[row], out.memMiB[row], out.diskMiB[row]];
        const status = TaskStatus.Staging;
        tasks.set(task, { agent: hand.agent, work: out.work[row], milliCpu, memMiB, diskMiB, status });
      } else if (kind === ActionKind.Kill) {
        law(tasks.has(task), 'a kill names a task that lives');
      }
    }
    for (const offer of [...accepted, ...declined]) giveBack(offer);
  };
  const giveBack = (offer: number): void => {
    const hand = offered.get(offer) as Offered;
    const left = free[hand.agent];
    left[0] += hand.milliCpu;
    left[1] += hand.memMiB;
    left[2] += hand.diskMiB;
    offered.delete(offer);
  };
  const call = (step: (state: State, context: FrameworkContext, out: FrameworkActions) => void): void => {
    const out = createActions(1);
    step(state, { nowMs, agents, uniform: draws }, out);
    if (options.clone) state = structuredClone(state);
    const killed: number[] = [];
    for (let row = 0; row < out.count; row++) if (out.kind[row] === ActionKind.Kill) killed.push(out.task[row]);
    settle(out);
    for (const task of killed) if (tasks.has(task)) update(task, TaskStatus.Killed);
  };
  const update = (task: number, status: TaskStatus): void => {
    const entry = tasks.get(task) as Task;
    entry.status = status;
    if (status >= TaskStatus.Finished && status <= TaskStatus.Gone) {
      tasks.delete(task);
      if (status === TaskStatus.Finished) finished += 1;
      const left = free[entry.agent];
      left[0] += entry.milliCpu;
      left[1] += entry.memMiB;
      left[2] += entry.diskMiB;
    }
    call((s, c, o) => framework.statusUpdate(s, { task, status, agent: entry.agent }, c, o));
  };
  const offerFree = (every: boolean): void => {
    const rows: number[] = [];
    for (let a = 0; a < AGENTS; a++) {
      const chosen = world() < 0.7 || every;
      if (chosen && free[a][0] > 0 && free[a][1] > 0) rows.push(a);
    }
    const columns = rows.map((agent) => {
      const id = nextOffer++;
      const [milliCpu, memMiB, diskMiB] = free[agent];
      free[agent] = [0, 0, 0];
      offered.set(id, { agent, milliCpu, memMiB, diskMiB });
      return { id, agent, milliCpu, memMiB, diskMiB };
    });
    const zeros = rows.map(() => 0);
    const offers = {
      count: rows.length,
      id: columns.map((column) => column.id),
      agent: rows,
      milliCpu: columns.map((column) => column.milliCpu),
      memMiB: columns.map((column) => column.memMiB),
      diskMiB: columns.map((column) => column.diskMiB),
      gpus: columns.map(() => 0),
      revocableMilliCpu: zeros,
      reservedMilliCpu: zeros,
      reservedMemMiB: zeros,
    };
    called = offers.id;
    if (rows.length > 0) call((s, c, o) => framework.resourceOffers(s, offers, c, o));
    called = [];
  };
  const wakeUntil = (untilMs: number): void => {
    for (let turns = 0; turns < 1000; turns++) {
      const wakeMs = Math.max(nowMs, framework.nextWakeMs(state));
      if (wakeMs > untilMs) break;
      nowMs = wakeMs;
      call((s, c, o) => framework.tick(s, c, o));
      if (framework.nextWakeMs(state) <= nowMs && turns > 900) throw new Error('tick never comes to rest');
    }
    nowMs = untilMs;
    if (options.extraTicks) call((s, c, o) => framework.tick(s, c, o));
  };
  const advanceTasks = (share: number): void => {
    for (const [task, entry] of [...tasks]) {
      const luck = world();
      if (!tasks.has(task) || luck > share) continue;
      if (entry.status === TaskStatus.Staging) update(task, TaskStatus.Running);
      else if (options.faults && luck < share * 0.1) update(task, TaskStatus.Failed);
      else if (options.faults && luck < share * 0.15) update(task, TaskStatus.Lost);
      else if (options.faults && luck < share * 0.2) update(task, TaskStatus.Unreachable);
      else update(task, TaskStatus.Finished);
    }
  };

  call((s, c, o) => framework.subscribe(s, c, o));
  for (let step = 0; step < options.steps; step++) {
    wakeUntil(nowMs + Math.floor(world() * 3_000));
    const dice = world();
    if (dice < 0.25) {
      const work = works(world, submits++);
      submitted += work.instances;
      call((s, c, o) => framework.submit(s, work, c, o));
    } else if (dice < 0.6) offerFree(false);
    else if (dice < 0.7 && options.faults && offered.size > 0) {
      const offer = [...offered.keys()][0];
      giveBack(offer);
      call((s, c, o) => framework.rescind(s, offer, c, o));
    } else advanceTasks(0.6);
  }
  for (let step = 0; step < 200; step++) {
    wakeUntil(nowMs + 1_000);
    offerFree(true);
    advanceTasks(1);
  }
  wakeUntil(nowMs + 60_000);
  return { trace, submitted, finished, live: tasks.size, heldOffers: offered.size };
}

/** Runs the laws; `ends` when a task that finished is done, not started again. */
function laws<State, Config>(
  title: string,
  framework: Framework<State, Config>,
  config: Config,
  ends: boolean,
  works: (uniform: () => number, count: number) => Work = (uniform, count) => randomWork(`work-${count}`, uniform),
): void {
  const options: Options = { seed: 1, steps: 150, faults: true, clone: false, extraTicks: false };
  describe(title, () => {
    test('never accepts more than offered, never uses a task number twice, answers each offer once (8 seeds with faults)', () => {
      for (let seed = 1; seed <= 8; seed++) {
        const run = play(framework, config, { ...options, seed }, works);
        expect(run.trace.length).toBeGreaterThan(50);
      }
    });
    test('declines what it does not use: no offer is held one minute after the last (8 seeds)', () => {
      for (let seed = 1; seed <= 8; seed++)
        expect(play(framework, config, { ...options, seed }, works).heldOffers).toBe(0);
    });
    test('the same inputs give the same rows, also when the state is a structured clone after every call', () => {
      for (let seed = 1; seed <= 3; seed++) {
        const { trace } = play(framework, config, { ...options, seed }, works);
        expect(play(framework, config, { ...options, seed }, works).trace).toEqual(trace);
        expect(play(framework, config, { ...options, seed, clone: true }, works).trace).toEqual(trace);
      }
    });
    test('a tick that is not due changes nothing', () => {
      for (let seed = 1; seed <= 3; seed++) {
        const { trace } = play(framework, config, { ...options, seed }, works);
        expect(play(framework, config, { ...options, seed, extraTicks: true }, works).trace).toEqual(trace);
      }
    });
    if (ends)
      test('without faults every submitted instance finishes exactly once (5 seeds)', () => {
        for (let seed = 1; seed <= 5; seed++) {
          const run = play(framework, config, { ...options, seed, faults: false }, works);
          expect(run.live).toBe(0);
          expect(run.finished).toBe(run.submitted);
        }
      });
  });
}

const appWorks = (uniform: () => number, count: number): Work => ({
  ...randomWork(`app-${count % 4}`, uniform),
  ...(uniform() < 0.3 ? { constraints: [{ field: 'rack', operator: 'MAX_PER', value: '1' }] } : {}),
});

laws('chronos', chronosFramework, CHRONOS_DEFAULTS, true);
laws('chronos of 2014', chronosFramework, { ...CHRONOS_DEFAULTS, era: '2014' }, true);
laws(
  'chronos 3.0 with a slow store and revives',
  chronosFramework,
  {
    ...CHRONOS_DEFAULTS,
    scheduler: '3.0',
    storeOperationMs: 3,
    reviveOffersForNewJobs: true,
  },
  true,
);
laws('marathon', marathonFramework, MARATHON_DEFAULTS, false, appWorks);
laws('marathon of 2015', marathonFramework, MARATHON_2015, false, appWorks);
laws('sisyphus', sisyphusFramework, SISYPHUS_DEFAULTS, true);
laws('sisyphus with preemption', sisyphusFramework, { ...SISYPHUS_DEFAULTS, preemptAfterMs: 2_000 }, true);
laws('root framework', rootFramework, { ...ROOT_DEFAULTS, maxSchedulersPerAgent: 4 }, false);
laws('spark-like, coarse', sparkLikeFramework, SPARK_DEFAULTS, true);
laws('spark-like, fine', sparkLikeFramework, { ...SPARK_DEFAULTS, mode: 'fine' }, true);
laws('storm-like', stormLikeFramework, STORM_DEFAULTS, true);

describe('the laws catch a framework that breaks them', () => {
  const options: Options = { seed: 3, steps: 60, faults: false, clone: false, extraTicks: false };
  const works = (uniform: () => number, count: number): Work => randomWork(`work-${count}`, uniform);
  const broken = (breakRows: (out: FrameworkActions) => void): typeof sparkLikeFramework => ({
    ...sparkLikeFramework,
    resourceOffers(state, offers, context, out) {
      sparkLikeFramework.resourceOffers(state, offers, context, out);
      breakRows(out);
    },
  });
  test('a launch that takes 100 CPUs is caught', () => {
    const greedy = broken((out) => {
      for (let row = 0; row < out.count; row++) if (out.kind[row] === ActionKind.Launch) out.milliCpu[row] = 100_000;
    });
    expect(() => play(greedy, SPARK_DEFAULTS, options, works)).toThrow('no more than offered');
  });
  test('a task number used twice is caught', () => {
    const forgetful = broken((out) => {
      for (let row = 0; row < out.count; row++) out.task[row] = 0;
    });
    expect(() => play(forgetful, SPARK_DEFAULTS, options, works)).toThrow('never used twice');
  });
  test('an offer declined twice is caught', () => {
    const nervous = broken((out) => {
      if (out.count > 1) out.offer[1] = out.offer[0];
      if (out.count > 1) out.kind.fill(ActionKind.Decline, 0, 2);
    });
    expect(() => play(nervous, SPARK_DEFAULTS, options, works)).toThrow('answered once');
  });
});
