import { describe, expect, test } from 'vitest';
import { seededRandomSource } from '../base/random-source.ts';
import { AgentLossTracker, silenceMs } from './agent-loss.ts';
import { AgentObserver, DEFAULT_PING_RULES, RemovalLimiter } from './agent-observer.ts';
import { MODERN_VARIANT, VARIANT_0_2X } from './allocator-variants.ts';
import { readAllocatorOptions } from './conformance-allocator-options.ts';
import { runMasterFile } from './conformance-master.ts';
import { readBag, readLimits, readQuantities } from './conformance-resources.ts';
import { MesosMaster } from './master-lifecycle.ts';
import { convertOnAgent, drainAgent, updateQuotas, updateWeights } from './master-operator.ts';
import { ResourceCatalog } from './resource-catalog.ts';

type Step = Record<string, unknown>;

const agent = { op: 'startAgent', agent: 'a1', total: { cpus: 2, mem: 1024 } };
const whole = [{ agent: 'a1', res: { cpus: 2, mem: 1024 } }];
const launch = [{ task: 't1', agent: 'a1', res: { cpus: 1, mem: 512 } }];

function play(steps: readonly Step[], options: Step = {}): string | undefined {
  const file = { schema: 'mesos-master/1', scenarios: [{ id: 'x', options, steps }] };
  return runMasterFile(file)[0].detail;
}

describe('offers', () => {
  test('a 30 s timeout rescinds at 30 s and the batch of that instant offers again', () => {
    const steps = [
      agent,
      { op: 'registerFramework', fw: 'f', roles: ['*'] },
      { op: 'expectOffers', fw: 'f', offers: whole },
      { op: 'advance', seconds: 29 },
      { op: 'expectOfferNotRescinded', fw: 'f', index: 0 },
      { op: 'advance', seconds: 1 },
      { op: 'expectOfferRescinded', fw: 'f', index: 0 },
      { op: 'expectOffers', fw: 'f', offers: whole },
    ];
    expect(play(steps, { offerTimeout: 30 })).toBeUndefined();
  });

  test('accepting without a task declines: the default filter keeps the agent away for 5 s', () => {
    const steps = [
      agent,
      { op: 'registerFramework', fw: 'f', roles: ['*'] },
      { op: 'expectOffers', fw: 'f', offers: whole },
      { op: 'accept', fw: 'f', offers: [0], launch: [] },
      { op: 'expectNothingAllocated' },
      { op: 'advance', seconds: 4 },
      { op: 'expectOffers', fw: 'f', offers: [] },
      { op: 'advance', seconds: 1 },
      { op: 'expectOffers', fw: 'f', offers: whole },
    ];
    expect(play(steps)).toBeUndefined();
  });

  test('a task of 3 cpus on an offer of 2 is an error and the offer returns whole', () => {
    const steps = [
      agent,
      { op: 'registerFramework', fw: 'f', roles: ['*'] },
      { op: 'accept', fw: 'f', offers: [0], launch: [{ task: 't1', agent: 'a1', res: { cpus: 3, mem: 1 } }] },
      { op: 'expectTaskState', task: 't1', state: 'TASK_ERROR', reason: 'REASON_TASK_INVALID' },
      { op: 'expectNothingAllocated' },
    ];
    expect(play(steps)).toBeUndefined();
  });
});

describe('lost schedulers', () => {
  const start: Step[] = [
    agent,
    { op: 'registerFramework', fw: 'f', roles: ['*'], failoverTimeout: 60 },
    { op: 'accept', fw: 'f', offers: [0], launch },
    { op: 'statusUpdate', task: 't1', state: 'TASK_RUNNING' },
    { op: 'revive', fw: 'f' },
    { op: 'disconnect', fw: 'f' },
    { op: 'expectRescinded', fw: 'f', count: 1 },
  ];

  test('a driver that aborted gets nothing for an hour; its next subscription gets the agent', () => {
    const steps = [
      { op: 'registerFramework', fw: 'f', roles: ['*'] },
      { op: 'deactivateFramework', fw: 'f' },
      agent,
      { op: 'advance', seconds: 3_600 },
      { op: 'expectOffers', fw: 'f', offers: [] },
      { op: 'reregisterFramework', fw: 'f' },
      { op: 'expectOffers', fw: 'f', offers: whole },
    ];
    expect(play(steps)).toBeUndefined();
  });

  test('59 s after its socket broke the task still holds 1 cpu, at 60 s the framework is removed', () => {
    const steps = [
      ...start,
      { op: 'advance', seconds: 59 },
      { op: 'expectAllocated', agent: 'a1', res: { cpus: 1, mem: 512 } },
      { op: 'advance', seconds: 1 },
      { op: 'expectNothingAllocated' },
      { op: 'expectTaskState', task: 't1', state: 'TASK_KILLED' },
      { op: 'reregisterFramework', fw: 'f' },
      { op: 'expectError', fw: 'f', message: 'Framework has been removed' },
    ];
    expect(play(steps)).toBeUndefined();
  });

  test('back after 30 of 60 s it keeps its task, also at 90 s, and is offered the rest', () => {
    const steps = [
      ...start,
      { op: 'ignoreNewOffers', fw: 'f' },
      { op: 'advance', seconds: 30 },
      { op: 'reregisterFramework', fw: 'f' },
      { op: 'expectOffers', fw: 'f', offers: [{ agent: 'a1', res: { cpus: 1, mem: 512 } }] },
      { op: 'advance', seconds: 60 },
      { op: 'expectAllocated', agent: 'a1', res: { cpus: 2, mem: 1024 } },
    ];
    expect(play(steps)).toBeUndefined();
  });
});

describe('tasks and agents', () => {
  test('killing an unknown task is answered as by reconciliation', () => {
    const steps = [
      agent,
      { op: 'registerFramework', fw: 'f', roles: ['*'] },
      { op: 'kill', fw: 'f', task: 'nobody' },
      {
        op: 'expectTaskState',
        task: 'nobody',
        state: 'TASK_LOST',
        reason: 'REASON_RECONCILIATION',
        origin: 'SOURCE_MASTER',
      },
    ];
    expect(play(steps)).toBeUndefined();
  });

  test('an unreachable agent takes its task with it: precise state for partition-aware frameworks', () => {
    for (const [capabilities, state] of [
      [['PARTITION_AWARE'], 'TASK_UNREACHABLE'],
      [[], 'TASK_LOST'],
    ]) {
      const steps = [
        agent,
        { op: 'registerFramework', fw: 'f', roles: ['*'], capabilities },
        { op: 'accept', fw: 'f', offers: [0], launch },
        { op: 'markUnreachable', agent: 'a1' },
        { op: 'expectTaskState', task: 't1', state, reason: 'REASON_SLAVE_REMOVED' },
        { op: 'expectNothingAllocated' },
      ];
      expect(play(steps)).toBeUndefined();
    }
  });

  test('a pong at 70 s starts the count anew: found unreachable 5 periods after the ping at 75 s, at 150 s', () => {
    const observer = new AgentObserver(DEFAULT_PING_RULES, null, 0);
    let markedMs = -1;
    for (let nowMs = 0; markedMs < 0; nowMs = observer.nextTickMs) {
      if (observer.tick(nowMs)) markedMs = nowMs;
      if (nowMs === 60_000) observer.pong();
    }
    // The period that ends at 75 s had a pong; those ending at 90, 105, 120, 135 and 150 s had none.
    expect(markedMs).toBe(150_000);
  });

  test('1 removal per 20 minutes: agents lost at 0, 0 and 0 go at 10, 30 and 50 minutes', () => {
    const minuteMs = 60_000;
    const tracker = new AgentLossTracker(10 * minuteMs, new RemovalLimiter(1, 20 * minuteMs));
    for (const id of ['a', 'b', 'c']) tracker.missing(id, 0);
    const marked: number[] = [];
    for (let minute = 0; minute <= 60; minute++) {
      for (const { action, atMs } of tracker.advanceTo(minute * minuteMs)) {
        if (action === 'markUnreachable') marked.push(atMs / minuteMs);
      }
    }
    expect(marked).toEqual([10, 30, 50]);
  });
});

describe('agents that are away', () => {
  test('one that is heard again passes its permit on: of three with a permit each 20 minutes the third goes second', () => {
    const minuteMs = 60_000;
    const tracker = new AgentLossTracker(10 * minuteMs, new RemovalLimiter(1, 20 * minuteMs));
    for (const id of ['a', 'b', 'c']) tracker.missing(id, 0);
    const marked: string[] = [];
    for (let minute = 0; minute <= 60; minute++) {
      if (minute === 15) tracker.reregistered('b');
      for (const { action, agent: id } of tracker.advanceTo(minute * minuteMs))
        if (action === 'markUnreachable') marked.push(`${id} at ${minute}`);
    }
    expect(marked).toEqual(['a at 10', 'c at 30']);
    expect(tracker.nextMs()).toBe(Infinity);
  });

  test('a permit that nobody waits for any more is free: two who come later are a whole 20 minutes apart', () => {
    const minuteMs = 60_000;
    const tracker = new AgentLossTracker(10 * minuteMs, new RemovalLimiter(1, 20 * minuteMs));
    const marked: string[] = [];
    // a takes a permit at 10; b waits for the one of 30 and is back at 15; c is overdue at 35, d at 36.
    const missing = new Map([
      [0, ['a', 'b']],
      [25, ['c']],
      [26, ['d']],
    ]);
    for (let minute = 0; minute <= 60; minute++) {
      for (const id of missing.get(minute) ?? []) tracker.missing(id, minute * minuteMs);
      if (minute === 15) tracker.reregistered('b');
      for (const { action, agent: id } of tracker.advanceTo(minute * minuteMs))
        if (action === 'markUnreachable') marked.push(`${id} at ${minute}`);
    }
    expect(marked).toEqual(['a at 10', 'c at 35', 'd at 55']);
  });

  test('silence is found by the pings from the next one on, as an observer that ticks finds it: 75 to 89 s', () => {
    for (let silentMs = 0; silentMs < 60_000; silentMs += 1_700) {
      const observer = new AgentObserver(DEFAULT_PING_RULES, null, 0);
      let marked = false;
      let nowMs = 0;
      for (; ; nowMs = observer.nextTickMs) {
        marked = observer.tick(nowMs);
        if (marked) break;
        // Pings before the silence are answered at once.
        if (nowMs < silentMs) observer.pong();
      }
      expect(silentMs + silenceMs(DEFAULT_PING_RULES, 0, silentMs)).toBe(nowMs);
    }
  });
});

describe('an agent that comes back with its task after it was given up', () => {
  function comesBack(variant: typeof MODERN_VARIANT) {
    const catalog = new ResourceCatalog(8);
    const allocator = readAllocatorOptions(catalog, {});
    const master = new MesosMaster(catalog, allocator, variant, { offerTimeoutMs: null }, seededRandomSource(1), 0);
    const framework = { id: 'f', roles: ['*'], suppressedRoles: [], capabilities: [], minAllocatable: new Map() };
    master.subscribe({ ...framework, checkpoint: true, active: true }, 0);
    const bag = readBag(catalog, { cpus: 1, mem: 32 });
    const register = (withTask: boolean) => {
      const about = { id: 'a', hostname: 'a', region: null, attributes: '', capabilities: null, checkpoint: true };
      const info = { id: 't', bag, executor: null };
      const task = {
        ...info,
        framework: 'f',
        role: '*',
        agent: 'a',
        latestState: 'TASK_RUNNING',
        holds: true,
        order: 0,
      };
      const used = new Map(withTask ? [['f', new Map([['*', bag]])]] : []);
      master.addAgent(
        { ...about, total: readBag(catalog, { cpus: 2, mem: 64 }), unavailableFromMs: null },
        used,
        withTask ? [task] : [],
      );
      return master.takeMessages().flatMap((message) => (message.type === 'status' ? [message.status] : []));
    };
    // Registering for the first time tells nobody anything.
    expect(register(true)).toEqual([]);
    master.loseAgent('a', 'unreachable');
    expect(master.takeMessages().flatMap((m) => (m.type === 'status' ? [m.status.state] : []))).toEqual(['TASK_LOST']);
    const takesBack = master.takesBack('a', 'f');
    return { takesBack, told: register(takesBack), held: [...master.book.holding('agent', 'a')].length };
  }

  test('is told running with REASON_SLAVE_REREGISTERED, whether or not its framework is partition-aware', () => {
    expect(comesBack(MODERN_VARIANT)).toMatchObject({
      takesBack: true,
      told: [{ task: 't', state: 'TASK_RUNNING', reason: 'REASON_SLAVE_REREGISTERED', source: 'SOURCE_MASTER' }],
      held: 1,
    });
  });

  test('0.2x does not take it back: the task is shut down and nobody is told that it runs', () => {
    expect(comesBack(VARIANT_0_2X)).toEqual({ takesBack: false, told: [], held: 0 });
  });
});

describe('operator', () => {
  function cluster(): { master: MesosMaster; catalog: ResourceCatalog } {
    const catalog = new ResourceCatalog(8);
    const allocator = readAllocatorOptions(catalog, {});
    const master = new MesosMaster(
      catalog,
      allocator,
      MODERN_VARIANT,
      { offerTimeoutMs: null },
      seededRandomSource(1),
      0,
    );
    for (const [id, role] of [
      ['f', 'held'],
      ['g', 'wanted'],
    ]) {
      const about = { id, roles: [role], suppressedRoles: [], capabilities: [], minAllocatable: new Map() };
      master.subscribe({ ...about, checkpoint: false, active: true }, 0);
    }
    for (const id of ['a', 'b', 'c']) {
      const about = { id, hostname: id, region: null, attributes: '', capabilities: null, checkpoint: true };
      master.addAgent({ ...about, total: readBag(catalog, { cpus: 2, mem: 64 }), unavailableFromMs: null }, new Map());
      master.settle();
    }
    return { master, catalog };
  }

  test('a guarantee of 4 of 6 cpus while its role is offered 2 rescinds one other agent of 2', () => {
    const { master, catalog } = cluster();
    // DRF gave a to held, b to wanted, c to held (tie broken by grants, then name).
    expect([...master.offers.values()].map(({ role }) => role)).toEqual(['held', 'wanted', 'held']);
    const quota = { guarantees: readQuantities(catalog, { cpus: 4 }), limits: readLimits(catalog, {}) };
    expect(updateQuotas(master, catalog, new Map([['wanted', quota]]), false)).toBe('');
    expect([...master.offers.values()].map(({ role }) => role)).toEqual(['wanted', 'held']);
    master.advanceTo(1_000);
    expect([...master.offers.values()].map(({ role }) => role)).toEqual(['wanted', 'held', 'wanted']);
  });

  test('7 cpus of 6 are refused unless forced; a limit of 1 takes back the offer of 2', () => {
    const { master, catalog } = cluster();
    const tooMuch = { guarantees: readQuantities(catalog, { cpus: 7 }), limits: readLimits(catalog, {}) };
    const wanted = (quota: typeof tooMuch, force = false) =>
      updateQuotas(master, catalog, new Map([['wanted', quota]]), force);
    expect(wanted(tooMuch)).toBe(
      "Invalid QuotaConfig: total quota guarantees 'cpus:7' exceed cluster capacity 'cpus:6; mem:192' (use 'force' flag to bypass this check)",
    );
    const limit = { guarantees: readQuantities(catalog, {}), limits: readLimits(catalog, { cpus: 1 }) };
    expect(wanted(limit)).toBe('');
    expect([...master.offers.values()].map(({ role }) => role)).toEqual(['held', 'held']);
    expect(wanted(tooMuch, true)).toBe('');
  });

  test('quotas are set together or not at all: 4 moved from one role to the other fit, 4 for each do not; a limit below 1 in use needs force', () => {
    const { master, catalog } = cluster();
    const cpus = (count: number, most = {}) => ({
      guarantees: readQuantities(catalog, { cpus: count }),
      limits: readLimits(catalog, most),
    });
    const set = (held: number, wanted: number) =>
      updateQuotas(
        master,
        catalog,
        new Map([
          ['held', cpus(held)],
          ['wanted', cpus(wanted)],
        ]),
        false,
      );
    const promised = () =>
      ['held', 'wanted'].map((role) => master.allocator.ledger.roleTree.get(role)?.quota?.guarantees[0]);
    expect(set(4, 0)).toBe('');
    expect(set(4, 4)).not.toBe('');
    expect(promised()).toEqual([4_000, undefined]);
    expect(set(0, 4)).toBe('');
    expect(promised()).toEqual([undefined, 4_000]);
    master.advanceTo(1_000);
    const offer = [...master.offers.values()].find(({ role }) => role === 'wanted');
    const task = { id: 't', bag: readBag(catalog, { cpus: 1 }), executor: null };
    master.accept('g', [offer?.id ?? -1], [{ type: 'launch', tasks: [task] }], 0);
    const limit = new Map([['wanted', cpus(0, { cpus: 0.5 })]]);
    expect(updateQuotas(master, catalog, limit, false)).toBe(
      "Invalid QuotaConfig: Role 'wanted' is already consuming 'cpus:1'; this is more than the requested limits 'cpus:0.5' (use 'force' flag to bypass this check)",
    );
    expect(updateQuotas(master, catalog, limit, true)).toBe('');
  });

  test('a weight of a role in use takes back all 3 offers, another one none', () => {
    const { master } = cluster();
    updateWeights(master, new Map([['unused', 2]]));
    expect(master.offers.size).toBe(3);
    updateWeights(master, new Map([['held', 2]]));
    expect(master.offers.size).toBe(0);
  });

  test('draining b takes back its offer and keeps it from offers; its task is asked to end', () => {
    const { master, catalog } = cluster();
    const offer = [...master.offers.values()].find(({ agent: id }) => id === 'b');
    const task = { id: 't', bag: readBag(catalog, { cpus: 1 }), executor: null };
    master.accept('g', [offer?.id ?? -1], [{ type: 'launch', tasks: [task] }], 0);
    master.advanceTo(1_000);
    expect([...master.offers.values()].filter(({ agent: id }) => id === 'b')).toHaveLength(1);
    master.takeMessages();
    drainAgent(master, 'b');
    master.advanceTo(5_000);
    expect([...master.offers.values()].map(({ agent: id }) => id)).toEqual(['a', 'c']);
    expect(master.takeMessages()).toContainEqual({ type: 'killTask', agent: 'b', task: 't' });
    drainAgent(master, 'b', 30_000);
    expect(master.takeMessages()).toContainEqual({ type: 'killTask', agent: 'b', task: 't', maxGraceMs: 30_000 });
  });

  test('reserving what is offered takes back that agent only', () => {
    const { master, catalog } = cluster();
    const consumed = readBag(catalog, { cpus: 1 });
    const converted = readBag(catalog, [{ reserved: ['held'], q: { cpus: 1 } }]);
    expect(convertOnAgent(master, 'b', [{ consumed, converted }])).toBe(true);
    expect([...master.offers.values()].map((offer) => offer.agent)).toEqual(['a', 'c']);
    expect(master.allocator.ledger.roleTree.get('held')?.reserved[0]).toBe(1_000);
  });
});
