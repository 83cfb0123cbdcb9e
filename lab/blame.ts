/**
 * What followed from the decisions in which two runs part: both are run to the end side by side, an hour at a time.
 *
 * A *decision* is where and when a task is bound, and its eviction. A task has parted from the first decision on in which its two
 * stories differ. Every SLO-minute of a pod (exact, from the latency pass) that one run has and the other has not is put down to
 *
 *   the pod itself       when it stands on different hosts in the hour,
 *   parted neighbours    else, when other tasks took part in the hour on its host: those that are there in the run with more
 *                        SLO-minutes and not, or not as long, in the other; shared by requested core-time,
 *   the same neighbours  else: the same tasks, squeezed, paced or slowed differently,
 *   nobody answering     what a service has beyond its pods: no replica was ready.
 *
 * The four add up to the whole difference. Limits: standing beside is not proof of harm, a share of an hour's excess may belong to
 * tasks whose going would have changed nothing; and the chain is not followed further back than one step, so that a task parted only because
 * another had taken its place stands under its own name.
 */
import { assert } from '../policies/base/assert.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { CHANGE, type ChangeSink, taskRowsOnHost } from '../sim/cluster/apply.ts';
import { TASK_STATE } from '../sim/cluster/tasks.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { firstMeasuredHour } from '../sim/results/summarise.ts';
import type { DiffSide } from './diff.ts';
import { createPartedTasks, type PartedCounts, type PartedTasks, type TakenDecision } from './parted-tasks.ts';

/** A task whose stories differ, by the first decision that does. */
export interface PartedTask {
  readonly task: number;
  /** Service or population. */
  readonly group: string;
  readonly isPod: boolean;
  readonly a: TakenDecision | null;
  readonly b: TakenDecision | null;
  /** SLO-minutes of pods put down to it, b minus a: as a pod that stands elsewhere, and as a neighbour. */
  readonly ownMinutes: number;
  readonly neighbourMinutes: number;
}

/** SLO-minutes, b minus a. */
export interface MinuteSplit {
  readonly whole: number;
  readonly podsElsewhere: number;
  readonly partedNeighbours: number;
  readonly sameNeighbours: number;
  readonly nobodyAnswering: number;
}

export interface BlamedService extends MinuteSplit {
  readonly service: string;
  readonly a: number;
  readonly b: number;
  /** Hours with another figure, and the hour with the largest change. */
  readonly changedHours: number;
  readonly worstHour: number;
  readonly worstHourMinutes: number;
}

export interface Blame {
  readonly parted: Readonly<PartedCounts>;
  /** Evictions of one run beyond the other's, by whether the task had parted before. */
  readonly evictions: {
    readonly a: number;
    readonly b: number;
    readonly ofPartedA: number;
    readonly ofPartedB: number;
  };
  /** Over measured hours, as SLO-minutes per service are. */
  readonly minutes: MinuteSplit & { readonly a: number; readonly b: number };
  /** Largest change first. */
  readonly services: readonly BlamedService[];
  /** Most SLO-minutes put down to it first. */
  readonly tasks: readonly PartedTask[];
}

interface Stay {
  readonly id: number;
  readonly host: number;
  readonly coreMs: number;
}

/** What one run did within an hour. */
interface HourLog {
  /** Decisions, in parallel lists; `group` is -1 for a pod. */
  readonly ids: number[];
  readonly kinds: number[];
  readonly times: number[];
  readonly hosts: number[];
  readonly groups: number[];
  /** Stays that ended. */
  readonly left: Stay[];
}

interface Side {
  readonly engine: Engine;
  readonly log: HourLog;
  readonly podMinutes: Float64Array;
  /** Where each pod stood when the hour began. */
  readonly podHost: Int32Array;
}

/** Starts a run that is written down from its first bind on. */
function open(side: DiffSide): Side {
  const log: HourLog = { ids: [], kinds: [], times: [], hosts: [], groups: [], left: [] };
  let running: Engine | null = null;
  const sink: ChangeSink = (timeMs, change, task, host, _value, row) => {
    const tasks = running?.cluster.tasks;
    if (change === CHANGE.bind || change === CHANGE.evict) {
      log.ids.push(task);
      log.kinds.push(change);
      log.times.push(timeMs);
      log.hosts.push(host);
      log.groups.push(tasks === undefined || row < tasks.firstBestEffort ? -1 : tasks.group[row]);
    }
    if (tasks === undefined || host < 0 || row < 0) return;
    if (change !== CHANGE.finish && change !== CHANGE.evict && change !== CHANGE.fail) return;
    const since = Math.max(Math.floor(timeMs / MS_PER_HOUR) * MS_PER_HOUR, tasks.startedAtMs[row]);
    if (timeMs > since) log.left.push({ id: task, host, coreMs: tasks.requestMilliCpu[row] * (timeMs - since) });
  };
  const engine = side.start(sink);
  running = engine;
  const pods = engine.cluster.tasks.firstBestEffort;
  const podMinutes = new Float64Array(pods);
  engine.latencySums.podSloMinutes = podMinutes;
  return { engine, log, podMinutes, podHost: engine.cluster.tasks.host.slice(0, pods) };
}

/** Makes room for the next hour. */
function closeSide({ engine, log, podMinutes, podHost }: Side): void {
  for (const list of Object.values(log)) list.length = 0;
  podMinutes.fill(0);
  podHost.set(engine.cluster.tasks.host.subarray(0, podHost.length));
}

/** Columns by task id that grow. */
interface Ledger {
  /** Number among the parted tasks, plus 1; 0 = not parted. */
  first: Int32Array;
  own: Float64Array;
  neighbour: Float64Array;
}

/** Runs both sides to the shorter horizon. `most` tasks are listed. `onHour` hears the share done. */
export function blameRuns(a: DiffSide, b: DiffSide, most: number, onHour?: (done0to1: number) => void): Blame {
  const sides: readonly [Side, Side] = [open(a), open(b)];
  const { services } = sides[0].engine.online;
  assert(services.count === sides[1].engine.online.services.count, 'both runs have the same services');
  const horizonMs = Math.min(a.plan.horizonMs, b.plan.horizonMs);
  const firstHour = firstMeasuredHour(a.plan.warmUpMs);
  const ledger: Ledger = {
    first: new Int32Array(1024),
    own: new Float64Array(1024),
    neighbour: new Float64Array(1024),
  };
  const parted = createPartedTasks();
  const evictions = { a: 0, b: 0, ofPartedA: 0, ofPartedB: 0 };
  const byService = Array.from(
    { length: services.count },
    (): ServiceSum => ({
      a: 0,
      b: 0,
      podsElsewhere: 0,
      partedNeighbours: 0,
      sameNeighbours: 0,
      nobodyAnswering: 0,
      changedHours: 0,
      worstHour: -1,
      worstHourMinutes: 0,
    }),
  );
  const hours = Math.ceil(horizonMs / MS_PER_HOUR);
  for (let hour = 0; hour < hours; hour++) {
    const untilMs = Math.min(horizonMs, (hour + 1) * MS_PER_HOUR);
    for (const side of sides) runUntil(side.engine, untilMs);
    noteParted(sides, ledger, parted, evictions);
    if (hour >= firstHour) bookMinutes(sides, hour, untilMs, ledger, byService);
    for (const side of sides) closeSide(side);
    onHour?.((hour + 1) / hours);
  }
  const listed = byService.map((sum, s) => ({ service: services.names[s], whole: sum.b - sum.a, ...sum }));
  const total = (key: keyof MinuteSplit | 'a' | 'b') => listed.reduce((sum, own) => sum + own[key], 0);
  return {
    parted: parted.counts,
    evictions,
    minutes: {
      a: total('a'),
      b: total('b'),
      whole: total('whole'),
      podsElsewhere: total('podsElsewhere'),
      partedNeighbours: total('partedNeighbours'),
      sameNeighbours: total('sameNeighbours'),
      nobodyAnswering: total('nobodyAnswering'),
    },
    services: listed
      .filter(({ changedHours }) => changedHours > 0)
      .sort((x, y) => Math.abs(y.whole) - Math.abs(x.whole) || y.changedHours - x.changedHours),
    tasks: heaviest(ledger, parted.counts.total, most).map((number): PartedTask => {
      const { group, ...decision } = parted.at(number);
      return {
        ...decision,
        group: groupName(sides[0].engine, decision.isPod, group),
        ownMinutes: ledger.own[decision.task],
        neighbourMinutes: ledger.neighbour[decision.task],
      };
    }),
  };
}

/** Numbers of the `most` parted tasks with the most SLO-minutes put down to them; ties by task. */
function heaviest(ledger: Ledger, count: number, most: number): number[] {
  const heavy: { readonly number: number; readonly task: number; readonly weight: number }[] = [];
  for (let task = 0; task < ledger.first.length; task++) {
    const weight = Math.abs(ledger.own[task] + ledger.neighbour[task]);
    if (ledger.first[task] > 0 && weight > 0) heavy.push({ number: ledger.first[task] - 1, task, weight });
  }
  const found = heavy
    .sort((x, y) => y.weight - x.weight || x.task - y.task)
    .slice(0, most)
    .map(({ number }) => number);
  if (found.length === most) return found;
  const listed = new Set(found);
  for (let number = 0; number < count && found.length < most; number++) if (!listed.has(number)) found.push(number);
  return found;
}

function groupName(engine: Engine, isPod: boolean, group: number): string {
  return isPod ? engine.online.services.names[group] : engine.intake.source.populations[group].name;
}

/** Room in the ledger for task `id`. */
function reserve(ledger: Ledger, id: number): void {
  if (id < ledger.first.length) return;
  const size = Math.max(id + 1, 2 * ledger.first.length);
  const grown = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
    to.set(from);
    return to;
  };
  ledger.first = grown(ledger.first, new Int32Array(size));
  ledger.own = grown(ledger.own, new Float64Array(size));
  ledger.neighbour = grown(ledger.neighbour, new Float64Array(size));
}

/** Decisions of one hour by task, in order of time. */
function storiesOf(side: Side): Map<number, number[]> {
  const stories = new Map<number, number[]>();
  for (const [at, id] of side.log.ids.entries()) {
    const story = stories.get(id);
    if (story === undefined) stories.set(id, [at]);
    else story.push(at);
  }
  return stories;
}

function taken(side: Side, at: number | undefined): TakenDecision | null {
  if (at === undefined) return null;
  const kind = side.log.kinds[at] === CHANGE.bind ? 'bind' : 'evict';
  return { kind, timeMs: side.log.times[at], host: side.log.hosts[at] };
}

/** Finds the tasks whose stories begin to differ in this hour, and counts evictions. */
function noteParted(
  sides: readonly [Side, Side],
  ledger: Ledger,
  parted: PartedTasks,
  evictions: Record<'a' | 'b' | 'ofPartedA' | 'ofPartedB', number>,
): void {
  const [a, b] = sides;
  const storiesA = storiesOf(a);
  const storiesB = storiesOf(b);
  const ids = [...new Set([...storiesA.keys(), ...storiesB.keys()])].sort((x, y) => x - y);
  for (const id of ids) {
    reserve(ledger, id);
    const own = storiesA.get(id) ?? [];
    const other = storiesB.get(id) ?? [];
    const before = ledger.first[id] > 0;
    const evicted = (side: Side, story: readonly number[]) =>
      story.filter((at) => side.log.kinds[at] === CHANGE.evict).length;
    const [evictedA, evictedB] = [evicted(a, own), evicted(b, other)];
    evictions.a += evictedA;
    evictions.b += evictedB;
    if (before) {
      evictions.ofPartedA += evictedA;
      evictions.ofPartedB += evictedB;
      continue;
    }
    let at = 0;
    while (at < own.length && at < other.length && sameDecision(taken(a, own[at]), taken(b, other[at]))) at++;
    if (at === own.length && at === other.length) continue;
    const [x, y] = [taken(a, own[at]), taken(b, other[at])];
    const group = at < own.length ? a.log.groups[own[at]] : b.log.groups[other[at]];
    const { tasks } = a.engine.cluster;
    const isPod = id < tasks.firstBestEffort;
    ledger.first[id] = parted.add({ task: id, group: isPod ? tasks.group[id] : group, isPod, a: x, b: y }) + 1;
  }
}

function sameDecision(x: TakenDecision | null, y: TakenDecision | null): boolean {
  return x !== null && y !== null && x.kind === y.kind && x.timeMs === y.timeMs && x.host === y.host;
}

interface ServiceSum {
  a: number;
  b: number;
  podsElsewhere: number;
  partedNeighbours: number;
  sameNeighbours: number;
  nobodyAnswering: number;
  changedHours: number;
  worstHour: number;
  worstHourMinutes: number;
}

/** Puts the SLO-minutes of an hour down to pods, neighbours and hosts. */
function bookMinutes(
  sides: readonly [Side, Side],
  hour: number,
  untilMs: number,
  ledger: Ledger,
  byService: readonly ServiceSum[],
): void {
  const [a, b] = sides;
  const { firstPod, services } = a.engine.online;
  const hostA = a.engine.cluster.tasks.host;
  const hostB = b.engine.cluster.tasks.host;
  const neighbours = createNeighbours(sides, untilMs, ledger);
  for (let s = 0; s < services.count; s++) {
    const sum = byService[s];
    const cell = s * a.engine.recorder.hours + hour;
    const minutesA = a.engine.recorder.serviceSloMinutes[cell];
    const minutesB = b.engine.recorder.serviceSloMinutes[s * b.engine.recorder.hours + hour];
    sum.a += minutesA;
    sum.b += minutesB;
    let ofPods = 0;
    for (let row = firstPod[s]; row < firstPod[s + 1]; row++) {
      const change = b.podMinutes[row] - a.podMinutes[row];
      if (change === 0) continue;
      ofPods += change;
      if (hostA[row] !== hostB[row] || a.podHost[row] !== b.podHost[row]) {
        reserve(ledger, row);
        ledger.own[row] += change;
        sum.podsElsewhere += change;
        continue;
      }
      const { ids, coreMs, whole } = neighbours(hostB[row], change > 0 ? 1 : -1);
      if (whole === 0) sum.sameNeighbours += change;
      else {
        for (const [at, id] of ids.entries()) ledger.neighbour[id] += (change * coreMs[at]) / whole;
        sum.partedNeighbours += change;
      }
    }
    const whole = minutesB - minutesA;
    sum.nobodyAnswering += whole - ofPods;
    if (whole === 0 && ofPods === 0) continue;
    sum.changedHours++;
    if (sum.worstHour >= 0 && Math.abs(whole) <= Math.abs(sum.worstHourMinutes)) continue;
    sum.worstHour = hour;
    sum.worstHourMinutes = whole;
  }
}

interface Excess {
  readonly ids: readonly number[];
  readonly coreMs: readonly number[];
  readonly whole: number;
}

/** Parted tasks with more requested core-time on a host in the hour in one run (sign 1: in b) than in the other. */
function createNeighbours(
  sides: readonly [Side, Side],
  untilMs: number,
  ledger: Ledger,
): (host: number, sign: 1 | -1) => Excess {
  const stays = sides.map((side) => staysByHost(side, untilMs));
  const known = new Map<number, Excess>();
  return (host, sign) => {
    const key = 2 * host + (sign === 1 ? 1 : 0);
    let excess = known.get(key);
    if (excess === undefined) {
      const difference = new Map<number, number>();
      for (const [at, of] of stays.entries())
        for (const { id, coreMs } of of(host)) {
          if (ledger.first[id] > 0) difference.set(id, (difference.get(id) ?? 0) + (at === 1 ? sign : -sign) * coreMs);
        }
      const more = [...difference].filter(([, coreMs]) => coreMs > 0).sort(([x], [y]) => x - y);
      const coreMs = more.map(([, own]) => own);
      excess = { ids: more.map(([id]) => id), coreMs, whole: coreMs.reduce((sum, own) => sum + own, 0) };
      known.set(key, excess);
    }
    return excess;
  };
}

/** Everything that ran on a host within the hour. */
function staysByHost(side: Side, untilMs: number): (host: number) => readonly Stay[] {
  const hourMs = Math.floor((untilMs - 1) / MS_PER_HOUR) * MS_PER_HOUR;
  const { tasks, hosts } = side.engine.cluster;
  const byHost: Stay[][] = Array.from({ length: hosts.count }, () => []);
  for (const stay of side.log.left) byHost[stay.host].push(stay);
  const add = (row: number): void => {
    if (tasks.state[row] !== TASK_STATE.running) return;
    const coreMs = tasks.requestMilliCpu[row] * (untilMs - Math.max(hourMs, tasks.startedAtMs[row]));
    byHost[tasks.host[row]].push({ id: tasks.id[row], host: tasks.host[row], coreMs });
  };
  for (let row = 0; row < tasks.firstBestEffort; row++) add(row);
  const rows = new Int32Array(tasks.used);
  const asked = new Set<number>();
  return (host) => {
    const own = byHost[host];
    if (asked.has(host)) return own;
    asked.add(host);
    const n = taskRowsOnHost(side.engine.cluster, host, rows);
    for (let at = 0; at < n; at++) add(rows[at]);
    return own;
  };
}
