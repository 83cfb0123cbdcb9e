/**
 * Laws that every policy must keep to run in production and in the simulator alike.
 *
 * Each law plays the policy through the same drawn half day of reports or loops and compares what it decided. `brokenLaws` gives one
 * sentence for every law that does not hold, so that a candidate can be judged before it is registered.
 */
import { ConfigError } from './base/assert.ts';
import { createWorld, feedBack, moveOn, type PolicyWorld, partOf } from './contract-world.ts';
import { createDecisions, DECISION, type Decisions, EVICT_REASON, type Policy, type PolicyState } from './ports.ts';

export interface Law {
  readonly name: string;
  /** Empty when the law holds. */
  readonly check: (policy: Policy) => string;
}

const HOSTS = 6;
const STEPS = 40;

/** One sentence for every law that `policy` breaks. `except` names laws that do not concern it. */
export function brokenLaws(policy: Policy, except: readonly string[] = []): string[] {
  return LAWS.filter((law) => !except.includes(law.name)).flatMap((law) => {
    const broken = law.check(policy);
    return broken === '' ? [] : [`${policy.name}: ${law.name}: ${broken}`];
  });
}

function stepMs(policy: Policy): number {
  return policy.moment === 'report' ? 60_000 : 20_000;
}

/** Plays a world through and returns what was decided in every step; `between` may replace the state before a step, `look` sees every batch of decisions. */
function play(
  policy: Policy,
  world: PolicyWorld,
  between: (state: PolicyState, step: number) => PolicyState = (state) => state,
  look: (world: PolicyWorld, decisions: Decisions) => void = () => {},
): string[] {
  const config = policy.configure({});
  const decisions = createDecisions(1);
  const log: string[] = [];
  let state = policy.createState(world.signals.count, config);
  for (let step = 0; step < STEPS; step++) {
    moveOn(world, step, stepMs(policy));
    state = between(state, step);
    decisions.count = 0;
    policy.decide(world.signals, config, state, decisions);
    look(world, decisions);
    log.push(textOf(decisions, world));
    feedBack(world, decisions);
  }
  return log;
}

function textOf(decisions: Decisions, world: PolicyWorld): string {
  const rows: string[] = [];
  for (let i = 0; i < decisions.count; i++)
    rows.push(
      `${decisions.kind[i]} host ${world.hostNames[decisions.host[i]]} task ${decisions.task[i]} ${decisions.a[i]} ${decisions.b[i]}`,
    );
  return rows.join('; ');
}

function firstDifference(expected: readonly string[], got: readonly string[]): string {
  const step = expected.findIndex((text, i) => text !== got[i]);
  return step < 0 ? '' : `step ${step}: expected [${expected[step]}], got [${got[step]}]`;
}

export const LAWS: readonly Law[] = [
  {
    name: 'is described',
    check: ({ name, about, periodMs }) =>
      /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && about.length > 20 && Number.isInteger(periodMs) && periodMs >= 1_000
        ? ''
        : `name "${name}", about "${about}", period ${periodMs} ms`,
  },
  {
    name: 'defaults pass configure, and a complete configuration stays as it is',
    check(policy) {
      const full = policy.configure({});
      const again = policy.configure(full);
      const missing = Object.keys(policy.defaults).filter((key) => !Object.hasOwn(full, key));
      if (missing.length > 0) return `configure leaves out ${missing.join(', ')}`;
      return JSON.stringify(full) === JSON.stringify(again)
        ? ''
        : `${JSON.stringify(full)} -> ${JSON.stringify(again)}`;
    },
  },
  {
    name: 'what is unknown or of the wrong kind is refused with ConfigError',
    check(policy) {
      const wrong: [string, unknown][] = [['noSuchParameter', 1]];
      for (const [key, value] of Object.entries(policy.defaults)) {
        if (typeof value === 'number' || value === null) wrong.push([key, Number.NaN], [key, 'many']);
        if (typeof value === 'string') wrong.push([key, 7]);
      }
      const taken = wrong.filter(([key, value]) => {
        try {
          policy.configure({ [key]: value });
          return true;
        } catch (error) {
          return !(error instanceof ConfigError);
        }
      });
      return taken.map(([key, value]) => `${key}: ${String(value)}`).join(', ');
    },
  },
  {
    name: 'the same input gives the same decisions',
    check: (policy) => firstDifference(play(policy, createWorld(1, HOSTS)), play(policy, createWorld(1, HOSTS))),
  },
  {
    name: 'nothing is kept outside the state',
    check(policy) {
      const before = play(policy, createWorld(2, HOSTS));
      play(policy, createWorld(3, HOSTS));
      return firstDifference(before, play(policy, createWorld(2, HOSTS)));
    },
  },
  {
    name: 'a host alone gets what it gets among many',
    check(policy) {
      const together = play(policy, createWorld(4, HOSTS));
      for (let host = 0; host < HOSTS; host++) {
        const own = together.map((text) =>
          text
            .split('; ')
            .filter((row) => row.includes(` host ${host} `))
            .join('; '),
        );
        const broken = firstDifference(own, play(policy, partOf(createWorld(4, HOSTS), host)));
        if (broken !== '') return `host ${host}, ${broken}`;
      }
      return '';
    },
  },
  {
    name: 'a copy of the state goes on as the state would',
    check(policy) {
      const straight = play(policy, createWorld(5, HOSTS));
      const copied = play(policy, createWorld(5, HOSTS), (state, step) =>
        step % 7 === 3 ? structuredClone(state) : state,
      );
      return firstDifference(straight, copied);
    },
  },
  {
    name: 'signals are read, not written',
    check(policy) {
      let broken = '';
      const world = createWorld(6, HOSTS);
      const config = policy.configure({});
      const state = policy.createState(HOSTS, config);
      const decisions = createDecisions(4);
      for (let step = 0; step < STEPS && broken === ''; step++) {
        moveOn(world, step, stepMs(policy));
        const signature = world.signature();
        decisions.count = 0;
        policy.decide(world.signals, config, state, decisions);
        if (world.signature() !== signature) broken = `step ${step} changed a column`;
        feedBack(world, decisions);
      }
      return broken;
    },
  },
  {
    name: 'decisions are finite, in range, and about hosts and tasks that are there',
    check(policy) {
      let broken = '';
      play(
        policy,
        createWorld(7, HOSTS),
        (state) => state,
        (world, decisions) => {
          broken ||= wrongDecision(world, decisions);
        },
      );
      return broken;
    },
  },
  {
    name: 'something is decided in the drawn half day, unless the defaults switch the policy off',
    check: (policy) =>
      Object.values(policy.defaults).includes(null) || play(policy, createWorld(8, HOSTS)).some((text) => text !== '')
        ? ''
        : 'nothing',
  },
];

function wrongDecision(world: PolicyWorld, decisions: Decisions): string {
  const { signals } = world;
  const rows = new Int32Array(signals.tasks.maxRowsPerHost);
  const gone = new Set<number>();
  for (let i = 0; i < decisions.count; i++) {
    const host = decisions.host[i];
    const [a, b] = [decisions.a[i], decisions.b[i]];
    const where = `decision ${decisions.kind[i]} on host ${host} with ${a}, ${b}`;
    if (!(host >= 0 && host < signals.count)) return `${where}: no such host`;
    if (signals.up[host] === 0) return `${where}: the host is down`;
    if (!Number.isFinite(a) || !Number.isFinite(b)) return `${where}: not finite`;
    if (decisions.kind[i] === DECISION.limitBestEffort) {
      if (!Number.isInteger(a) || a < -1 || a > signals.capacityMilliCpu[host] * 100) return `${where}: no quota`;
    } else if (decisions.kind[i] === DECISION.evict || decisions.kind[i] === DECISION.migrate) {
      const task = decisions.task[i];
      const count = signals.tasks.rowsOnHost(host, rows);
      if (!rows.subarray(0, count).includes(task)) return `${where}: task ${task} does not run there`;
      if (gone.has(task)) return `${where}: task ${task} is evicted twice`;
      gone.add(task);
      if (decisions.kind[i] === DECISION.migrate) {
        if (!(a > 0) || !(b > 0)) return `${where}: no time, or no rate`;
      } else if (!Object.values<number>(EVICT_REASON).includes(a)) return `${where}: no reason`;
    } else if (decisions.kind[i] === DECISION.limitPod) {
      if (signals.pods?.host[decisions.task[i]] !== host)
        return `${where}: pod ${decisions.task[i]} does not run there`;
      if (!(a > 0) || !(b >= 0)) return `${where}: no quota`;
    } else if (decisions.kind[i] === DECISION.bind) return `${where}: a policy binds nothing`;
    else if (a < 0 || a > signals.capacityMilliCpu[host] || b < 0 || b > signals.capacityMemBytes[host])
      return `${where}: more than the host has`;
  }
  return '';
}
