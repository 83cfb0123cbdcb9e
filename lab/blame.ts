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
import { CHANGE } from '../sim/cluster/apply.ts';
import type { Engine } from '../sim/engine/engine.ts';
import { runUntil } from '../sim/engine/run.ts';
import { firstMeasuredHour } from '../sim/results/summarise.ts';
import { createLedger, heaviest, type Ledger, reserve } from './blame-ledger.ts';
import type { DiffSide } from './diff.ts';
import { decisionAt, type LoggedRun, nextHour, openLogged, staysByHost, storiesOf } from './hour-log.ts';
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

/** Runs both sides to the shorter horizon. `most` tasks are listed. `onHour` hears the share done. */
export function blameRuns(a: DiffSide, b: DiffSide, most: number, onHour?: (done0to1: number) => void): Blame {
  const sides: readonly [LoggedRun, LoggedRun] = [openLogged(a), openLogged(b)];
  const { services } = sides[0].engine.online;
  assert(services.count === sides[1].engine.online.services.count, 'both runs have the same services');
  const horizonMs = Math.min(a.plan.horizonMs, b.plan.horizonMs);
  const firstHour = firstMeasuredHour(a.plan.warmUpMs);
  const ledger = createLedger();
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
    for (const side of sides) nextHour(side);
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

function groupName(engine: Engine, isPod: boolean, group: number): string {
  return isPod ? engine.online.services.names[group] : engine.intake.source.populations[group].name;
}

/** Finds the tasks whose stories begin to differ in this hour, and counts evictions. */
function noteParted(
  sides: readonly [LoggedRun, LoggedRun],
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
    const evicted = (side: LoggedRun, story: readonly number[]) =>
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
    while (at < own.length && at < other.length && sameDecision(decisionAt(a, own[at]), decisionAt(b, other[at]))) at++;
    if (at === own.length && at === other.length) continue;
    const [x, y] = [decisionAt(a, own[at]), decisionAt(b, other[at])];
    const group = at < own.length ? a.log.groups[own[at]] : b.log.groups[other[at]];
    const { tasks } = a.engine.cluster;
    const isPod = id < tasks.firstBestEffort;
    ledger.first[id] = parted.add({ task: id, group: isPod ? tasks.group[id] : group, isPod, a: x, b: y }) + 1;
  }
}

function sameDecision(x: TakenDecision | null, y: TakenDecision | null): boolean {
  return x !== null && y !== null && x.kind === y.kind && x.timeMs === y.timeMs && x.host === y.host;
}

/** What is summed up of a service, hour by hour. */
type ServiceSum = { -readonly [Key in Exclude<keyof BlamedService, 'service' | 'whole'>]: number };

/** Puts the SLO-minutes of an hour down to pods, neighbours and hosts. */
function bookMinutes(
  sides: readonly [LoggedRun, LoggedRun],
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
  sides: readonly [LoggedRun, LoggedRun],
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
