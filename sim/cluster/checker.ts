/**
 * A witness of a run: it hears every change from outside and keeps its own account in plain objects.
 *
 * It shares no sum and no state table with `apply`: what a host carries is added up again from the requests of the tasks that were
 * said to be bound there. It fails at the first change that cannot be, so the stack points at the culprit.
 *
 *   none -> held -> pending -> bound -> running -> done         evict and fail lead back to pending, abandon ends any of them
 */
import { assert, fail } from '../../policies/base/assert.ts';
import { MILLI_PER_CARD } from '../../policies/packing/gpu/gpu-hosts.ts';
import { CHANGE, CHANGE_NAMES, type Cluster } from './apply.ts';
import { cpusOf, HELD_CPU } from './cpusets.ts';
import { TIER_COUNT } from './hosts.ts';
import { TASK_KIND, TASK_STATE } from './tasks.ts';

type Place = 'held' | 'pending' | 'bound' | 'running';

interface KnownTask {
  readonly id: number;
  readonly online: boolean;
  readonly tier: number;
  milliCpu: number;
  memBytes: number;
  /** Core-ms of nominal speed; 0 for pods. */
  readonly work: number;
  /** Milli asked of each card, how many cards, and which it has. */
  readonly gpuMilli: number;
  readonly gpuCards: number;
  cards: number[];
  /** How many CPUs of its own it asks for, and which it has. */
  readonly ownCpus: number;
  cpus: number[];
  place: Place;
  host: number;
}

interface KnownHost {
  up: boolean;
  /** Milli-CPU kept for somebody still to come, by tier. */
  readonly held: number[];
  readonly milliCpu: number[];
  readonly memBytes: number[];
  readonly tasks: Set<number>;
  /** Milli of core in use, card by card. */
  readonly cardMilli: number[];
  /** Task that a CPU is bound to, by CPU. */
  readonly cpuOwner: Map<number, number>;
}

/** Work in core-ms of nominal speed, by what became of it. */
export interface WorkAccount {
  readonly submitted: number;
  readonly done: number;
  readonly abandoned: number;
  readonly left: number;
}

export interface Checker {
  /** Best-effort tasks by what became of them. */
  counts(): { readonly submitted: number; readonly done: number; readonly abandoned: number; readonly left: number };
  work(): WorkAccount;
  /** Holds the account against the cluster's own columns; throws InvariantError. */
  compare(): void;
}

/** Sets a checker on a cluster and passes every change on to the sink that was there; what is there already is taken as given. */
export function watch(cluster: Cluster): Checker {
  const { tasks, hosts } = cluster;
  const known = new Map<number, KnownTask>();
  const ended = new Set<number>();
  const work = { submitted: 0, done: 0, abandoned: 0 };
  const counts = { submitted: 0, done: 0, abandoned: 0 };
  const account: KnownHost[] = Array.from({ length: hosts.count }, (_, host) => ({
    up: hosts.up[host] === 1,
    held: Array.from({ length: TIER_COUNT }, (__, tier) => hosts.heldMilliCpu[tier * hosts.count + host]),
    milliCpu: new Array<number>(TIER_COUNT).fill(0),
    memBytes: new Array<number>(TIER_COUNT).fill(0),
    tasks: new Set<number>(),
    cardMilli: new Array<number>(hosts.gpus.firstCard[host + 1] - hosts.gpus.firstCard[host]).fill(0),
    cpuOwner: new Map<number, number>(),
  }));

  const learn = (row: number, place: Place): KnownTask => {
    const task: KnownTask = {
      id: tasks.id[row],
      online: tasks.kind[row] === TASK_KIND.online,
      tier: tasks.tier[row],
      milliCpu: tasks.requestMilliCpu[row],
      memBytes: tasks.requestMemBytes[row],
      work: tasks.kind[row] === TASK_KIND.online ? 0 : tasks.durationMs[row] * tasks.demandMilliCpu[row],
      gpuMilli: hosts.gpus.requests.milliPerCard[tasks.gpuRequest[row]],
      gpuCards: hosts.gpus.requests.cards[tasks.gpuRequest[row]],
      cards: [],
      ownCpus: hosts.cpus.requests.cpus[tasks.cpuRequest[row]],
      cpus: [],
      place,
      host: -1,
    };
    known.set(task.id, task);
    work.submitted += task.work;
    if (!task.online) counts.submitted++;
    return task;
  };
  const settle = (task: KnownTask, host: number, mask: number, row: number) => {
    const on = account[host];
    if (task.ownCpus > 0) task.cpus = cpusOf(hosts.cpus, host, row);
    for (const cpu of task.cpus) {
      const owner = on.cpuOwner.get(cpu);
      if (owner !== undefined)
        fail(`CPU ${cpu} of host ${host} is bound to task ${owner}, and again to task ${task.id}`);
      on.cpuOwner.set(cpu, task.id);
    }
    task.cards = on.cardMilli.map((_, card) => card).filter((card) => (mask & (1 << card)) !== 0);
    for (const card of task.cards) on.cardMilli[card] += task.gpuMilli;
    on.milliCpu[task.tier] += task.milliCpu;
    on.memBytes[task.tier] += task.memBytes;
    on.tasks.add(task.id);
    task.host = host;
  };
  const leave = (task: KnownTask) => {
    const on = account[task.host];
    for (const card of task.cards) on.cardMilli[card] -= task.gpuMilli;
    task.cards = [];
    for (const cpu of task.cpus) on.cpuOwner.delete(cpu);
    task.cpus = [];
    on.milliCpu[task.tier] -= task.milliCpu;
    on.memBytes[task.tier] -= task.memBytes;
    if (!on.tasks.delete(task.id)) fail(`task ${task.id} left host ${task.host} twice`);
    task.host = -1;
  };
  const end = (task: KnownTask) => {
    known.delete(task.id);
    // A pod's number is used again when its service grows again; a best-effort task's never.
    if (!task.online) ended.add(task.id);
  };

  for (let row = 0; row < tasks.used; row++) {
    const place = PLACE_OF_STATE[tasks.state[row]];
    if (place === undefined) continue;
    const task = learn(row, place);
    if (tasks.host[row] >= 0) settle(task, tasks.host[row], tasks.gpuHeld[row], row);
  }

  const next = cluster.sink;
  cluster.sink = (timeMs, change, taskId, host, value, row) => {
    if (change === CHANGE.publish) {
      if (!(value >= 0)) fail(`host ${host} would sell ${value}m at ${timeMs} ms`);
    } else if (change === CHANGE.hold) {
      const on = account[host];
      const tier = -1 - row;
      on.held[tier] += value;
      if (on.held[tier] < 0) fail(`host ${host} at ${timeMs} ms gives up more than it holds`);
      if (tier === 0 && value > 0 && on.milliCpu[0] + on.held[0] > hosts.soldMilliCpu[host])
        fail(
          `host ${host} at ${timeMs} ms holds ${on.held[0]}m beside ${on.milliCpu[0]}m bound, of ${hosts.soldMilliCpu[host]}m`,
        );
    } else if (change === CHANGE.hostDown || change === CHANGE.hostUp) {
      const up = change === CHANGE.hostUp;
      if (account[host].up === up) fail(`host ${host} goes ${up ? 'up' : 'down'} twice at ${timeMs} ms`);
      if (!up && account[host].tasks.size > 0) fail(`host ${host} goes down with ${account[host].tasks.size} tasks`);
      account[host].up = up;
    } else if (change === CHANGE.submit) {
      if (known.has(taskId) || ended.has(taskId)) fail(`task ${taskId} submitted twice, again at ${timeMs} ms`);
      learn(row, value === 1 ? 'held' : 'pending');
    } else {
      const task = known.get(taskId);
      if (task === undefined) fail(`task ${taskId}: ${CHANGE_NAMES[change]} at ${timeMs} ms, but it is not there`);
      follow(task, change, host, timeMs, value, row);
    }
    if (next !== null) next(timeMs, change, taskId, host, value, row);
  };

  function follow(task: KnownTask, change: number, host: number, timeMs: number, value: number, row: number): void {
    const { id, place } = task;
    if (LEGAL[change]?.includes(place) !== true)
      fail(`task ${id}: ${CHANGE_NAMES[change]} at ${timeMs} ms while it is ${place}`);
    if (place === 'bound' || place === 'running') {
      if (change !== CHANGE.abandon && host !== task.host)
        fail(`task ${id}: ${CHANGE_NAMES[change]} on host ${host} at ${timeMs} ms, but it is on host ${task.host}`);
    }
    switch (change) {
      case CHANGE.release:
        task.place = 'pending';
        break;
      case CHANGE.bind:
        settle(task, host, value, row);
        task.place = 'bound';
        checkRoom(task, host, timeMs);
        break;
      case CHANGE.start:
        task.place = 'running';
        break;
      case CHANGE.resize:
        resize(task, host, timeMs, value, row);
        break;
      case CHANGE.finish:
        leave(task);
        work.done += task.work;
        if (!task.online) counts.done++;
        end(task);
        break;
      case CHANGE.abandon:
        if (task.host >= 0) leave(task);
        work.abandoned += task.work;
        if (!task.online) counts.abandoned++;
        end(task);
        break;
      default:
        leave(task);
        task.place = 'pending';
    }
  }

  function resize(task: KnownTask, host: number, timeMs: number, milliCpu: number, row: number): void {
    const memBytes = tasks.requestMemBytes[row];
    if (milliCpu !== tasks.requestMilliCpu[row])
      fail(`task ${task.id} is resized to ${milliCpu}m at ${timeMs} ms, the table says ${tasks.requestMilliCpu[row]}m`);
    if (task.ownCpus > 0) fail(`task ${task.id} has CPUs of its own and is resized at ${timeMs} ms`);
    const [moreCpu, moreMem] = [milliCpu - task.milliCpu, memBytes - task.memBytes];
    task.milliCpu = milliCpu;
    task.memBytes = memBytes;
    if (task.host < 0) return;
    const on = account[host];
    const at = task.tier * hosts.count + host;
    on.milliCpu[task.tier] += moreCpu;
    on.memBytes[task.tier] += moreMem;
    if (moreCpu > 0 && on.milliCpu[task.tier] + on.held[task.tier] > hosts.soldMilliCpu[at])
      fail(`host ${host} at ${timeMs} ms: ${on.milliCpu[task.tier]}m asked for, ${hosts.soldMilliCpu[at]}m sold`);
    if (moreMem > 0 && on.memBytes[task.tier] > hosts.soldMemBytes[at])
      fail(`host ${host} at ${timeMs} ms: ${on.memBytes[task.tier]} bytes asked for, ${hosts.soldMemBytes[at]} sold`);
  }

  function checkRoom(task: KnownTask, host: number, timeMs: number): void {
    const on = account[host];
    const at = task.tier * hosts.count + host;
    if (!on.up) fail(`task ${task.id} bound at ${timeMs} ms to host ${host}, which is down`);
    const held = task.tier === 0 ? on.held[0] : 0;
    if (on.milliCpu[task.tier] + held > hosts.soldMilliCpu[at])
      fail(`host ${host} at ${timeMs} ms: ${on.milliCpu[task.tier]}m bound, ${hosts.soldMilliCpu[at]}m sold`);
    if (task.cards.length !== task.gpuCards)
      fail(
        `task ${task.id} asks for ${task.gpuCards} cards and gets ${task.cards.length} of host ${host} at ${timeMs} ms`,
      );
    if (task.cpus.length !== task.ownCpus)
      fail(
        `task ${task.id} asks for ${task.ownCpus} CPUs and gets ${task.cpus.length} of host ${host} at ${timeMs} ms`,
      );
    for (const card of task.cards)
      if (on.cardMilli[card] > MILLI_PER_CARD)
        fail(`card ${card} of host ${host} at ${timeMs} ms: ${on.cardMilli[card]} milli bound`);
    if (on.memBytes[task.tier] > hosts.soldMemBytes[at])
      fail(`host ${host} at ${timeMs} ms: ${on.memBytes[task.tier]} bytes bound, ${hosts.soldMemBytes[at]} sold`);
  }

  function compare(): void {
    let there = 0;
    for (let row = 0; row < tasks.used; row++) {
      const place = PLACE_OF_STATE[tasks.state[row]];
      if (place === undefined) continue;
      there++;
      const task = known.get(tasks.id[row]);
      if (task === undefined) fail(`task ${tasks.id[row]} is ${place} in the table, but was never submitted`);
      if (task.place !== place || task.host !== tasks.host[row])
        fail(`task ${task.id} is ${task.place} on ${task.host}, the table says ${place} on ${tasks.host[row]}`);
    }
    assert(there === known.size, `${known.size} tasks are known, ${there} are in the table: tasks were lost`);
    account.forEach((on, host) => {
      on.cardMilli.forEach((milli, card) => {
        const at = hosts.gpus.firstCard[host] + card;
        const left = hosts.gpus.cardLeftMilli[at] + hosts.gpus.cardHeldMilli[at];
        if (milli + left !== MILLI_PER_CARD) fail(`card ${card} of host ${host}: ${milli} milli bound, ${left} left`);
      });
      const { cpus } = hosts;
      const held = cpus.owner.subarray(cpus.firstCpu[host], cpus.firstCpu[host + 1]).filter((row) => row === HELD_CPU);
      const left = cpus.firstCpu[host + 1] - cpus.firstCpu[host] - on.cpuOwner.size - held.length;
      if (left !== cpus.freeCpus[host])
        fail(`host ${host} has ${left} CPUs left, the table says ${cpus.freeCpus[host]}`);
      for (let tier = 0; tier < TIER_COUNT; tier++) {
        const at = tier * hosts.count + host;
        if (on.milliCpu[tier] !== hosts.allocatedMilliCpu[at] || on.memBytes[tier] !== hosts.allocatedMemBytes[at])
          fail(
            `host ${host} tier ${tier}: ${on.milliCpu[tier]}m bound, the table says ${hosts.allocatedMilliCpu[at]}m`,
          );
      }
    });
  }

  return {
    counts: () => ({ ...counts, left: counts.submitted - counts.done - counts.abandoned }),
    work: () => {
      let left = 0;
      for (const task of known.values()) left += task.work;
      return { ...work, left };
    },
    compare,
  };
}

const PLACE_OF_STATE: readonly (Place | undefined)[] = (() => {
  const places: (Place | undefined)[] = new Array(8).fill(undefined);
  places[TASK_STATE.held] = 'held';
  places[TASK_STATE.pending] = 'pending';
  places[TASK_STATE.bound] = 'bound';
  places[TASK_STATE.running] = 'running';
  return places;
})();

/** Places from which a change may happen. */
const LEGAL: Readonly<Record<number, readonly Place[]>> = {
  [CHANGE.release]: ['held'],
  [CHANGE.bind]: ['pending'],
  [CHANGE.start]: ['bound'],
  [CHANGE.finish]: ['running'],
  [CHANGE.evict]: ['bound', 'running'],
  [CHANGE.forget]: ['bound'],
  [CHANGE.fail]: ['bound', 'running'],
  [CHANGE.resize]: ['pending', 'bound', 'running'],
  [CHANGE.abandon]: ['held', 'pending', 'bound', 'running'],
};
