/**
 * Gangs of best-effort pods at the scheduler's door: which pods belong together, and where each of them stands.
 *
 * The pods of a stage of a job are one gang, or every `size` pods of a population in the order they came; the n-th gangs of populations that name
 * one group are a gang group and start together. One pending
 * pod of a gang, its leader, stands in the scheduler's queues for all; the others are parked and tried right after it. A placed pod waits
 * at the gate with its place taken until enough others have theirs. What then happens to whom
 * is policies/koordinator/gang.ts; this file keeps the books and remembers pods by their number, because task rows are used again.
 */
import { fail } from '../../../policies/base/assert.ts';
import {
  createGangGroup,
  expireGang,
  expiryMs,
  failPod,
  type Gang,
  type GangGroup,
  mayTryGang,
  permitPod,
  releaseIfReady,
} from '../../../policies/koordinator/gang.ts';
import { TASK_KIND, TASK_STATE, type TaskTable } from '../../cluster/tasks.ts';
import type { GangPlan } from '../../plan/workload.ts';

/** One gang of pods. */
export interface PodGang {
  readonly population: number;
  /** Job row, -1 for gangs of a fixed size. */
  readonly job: number;
  readonly group: GangGroup;
  /** Its place among the gangs of its group; and the group's key, empty = it is alone in it. */
  readonly place: number;
  readonly key: string;
  /** Members that are neither done nor given up. */
  alive: number;
  /** Members that are or were there, without those given up. */
  total: number;
  /** The pending member that stands in the queues, -1 = none; and those that do not, in order of their numbers. */
  leader: number;
  readonly parked: number[];
}

export interface GangBook {
  /** By population; null = its pods are no gangs. */
  readonly plans: readonly (GangPlan | null)[];
  /** Gangs with members alive, and places in the list that are free; a job row and a population's open gang point into it. */
  readonly gangs: PodGang[];
  readonly free: number[];
  /** By job row, and by population for gangs of a fixed size; -1 = none. */
  byJob: Int32Array;
  readonly open: Int32Array;
  /** By task row: its gang, and the number of the pod that this was said of. */
  gangOf: Int32Array;
  idOf: Float64Array;
  /** Groups of several gangs that are not over, by name and number, with how many of their gangs are not; and gangs begun by population. */
  readonly groups: Record<string, { readonly group: GangGroup; left: number }>;
  readonly begun: Int32Array;
  /** Gangs with pods at the gate. */
  readonly atGate: number[];
  /** Gangs let through so far, and how often waiting pods lost their places. */
  readonly counts: Float64Array;
}

export const GANG_COUNT = { satisfied: 0, sentBack: 1, timedOut: 2 } as const;

/** Books for populations in order; null when none has gangs. */
export function createGangBook(plans: readonly (GangPlan | null)[]): GangBook | null {
  if (plans.every((plan) => plan === null)) return null;
  return {
    plans,
    gangs: [],
    free: [],
    byJob: new Int32Array(64).fill(-1),
    open: new Int32Array(plans.length).fill(-1),
    gangOf: new Int32Array(64).fill(-1),
    idOf: new Float64Array(64).fill(-1),
    groups: {},
    begun: new Int32Array(plans.length),
    atGate: [],
    counts: new Float64Array(3),
  };
}

function grown(column: Int32Array, rows: number): Int32Array {
  const larger = new Int32Array(Math.max(rows, column.length * 2)).fill(-1);
  larger.set(column);
  return larger;
}

/** The gang of the pod in a row, null = none. */
export function gangOf(book: GangBook, tasks: TaskTable, row: number): PodGang | null {
  if (row >= book.gangOf.length || book.idOf[row] !== tasks.id[row] || book.gangOf[row] < 0) return null;
  return book.gangs[book.gangOf[row]];
}

function specOf(plan: GangPlan, total: number) {
  return {
    name: '',
    minimum: plan.minMember === 0 ? total : Math.min(plan.minMember, total),
    total,
    strict: plan.strict,
    matchPolicy: plan.matchPolicy,
    waitMs: plan.waitMs,
  };
}

/** What the rule keeps of a gang. */
function own(gang: PodGang): Gang {
  return gang.group.gangs[gang.place];
}

/** The gangs of a gang's group that have members, itself among them. */
export function gangsOfGroup(book: GangBook, gang: PodGang): readonly PodGang[] {
  if (gang.key === '') return [gang];
  return book.gangs.filter((other) => other.key === gang.key && other.alive > 0);
}

/** The group that the next gang of a population belongs to, and its place there. */
function groupFor(book: GangBook, population: number, plan: GangPlan): Pick<PodGang, 'group' | 'place' | 'key'> {
  const total = Math.max(1, plan.size);
  if (plan.group === undefined) return { group: createGangGroup([specOf(plan, total)]), place: 0, key: '' };
  const mates = book.plans.flatMap((mate, at) => (mate !== null && mate.group === plan.group ? [at] : []));
  const key = `${plan.group}/${book.begun[population]++}`;
  book.groups[key] ??= {
    group: createGangGroup(
      mates.map((mate) => {
        const of = book.plans[mate] as GangPlan;
        return specOf(of, of.size);
      }),
    ),
    left: mates.length,
  };
  return { group: book.groups[key].group, place: mates.indexOf(population), key };
}

/** Gives the gang's rule another number of members, keeping who stands where. */
function resize(gang: PodGang, plan: GangPlan, total: number, children: number): void {
  gang.group.gangs[gang.place] = { ...own(gang), spec: specOf(plan, total), children };
}

/** Whether members go their own ways: the gang has stood together once, and its rule asks for no more. */
export function isReleased(gang: PodGang): boolean {
  return gang.group.satisfied && own(gang).spec.matchPolicy === 'once-satisfied';
}

/**
 * A pod became pending. Returns the row that goes into the queues: the pod itself when it is in no gang or its gang is released, the
 * leader when the gang gets one, -1 = none. The tasks of a stage come in one moment, before the scheduler wakes; a gang of a fixed size
 * has no leader before it is complete.
 */
export function joinGang(book: GangBook, tasks: TaskTable, row: number): number {
  const plan = tasks.kind[row] === TASK_KIND.bestEffort ? book.plans[tasks.group[row]] : null;
  if (plan === null || plan === undefined) return row;
  let gang = gangOf(book, tasks, row);
  if (gang === null) {
    gang = admit(book, tasks, row, plan);
    gang.alive++;
    gang.total++;
    resize(gang, plan, Math.max(plan.size, gang.total), gang.total);
    if (gang.total === plan.size) book.open[gang.population] = -1;
  }
  if (isReleased(gang)) return row;
  park(tasks, gang, row);
  return takeLeader(gang);
}

function park(tasks: TaskTable, gang: PodGang, row: number): void {
  gang.parked.push(row);
  gang.parked.sort((a, b) => tasks.id[a] - tasks.id[b]);
}

/** Makes the first parked pod the leader of a complete gang that has none; returns it, -1 when there was nothing to do. */
export function takeLeader(gang: PodGang): number {
  if (gang.leader >= 0 || gang.parked.length === 0 || !mayTryGang(own(gang))) return -1;
  gang.leader = gang.parked.shift() as number;
  return gang.leader;
}

/** Pending members, the leader first; the gang is then being decided and has neither leader nor parked pods. */
export function takePending(gang: PodGang): number[] {
  const rows = [gang.leader, ...gang.parked];
  gang.leader = -1;
  gang.parked.length = 0;
  return rows;
}

/** Members without a place are parked again. */
export function parkAll(tasks: TaskTable, gang: PodGang, rows: readonly number[]): void {
  for (const row of rows) park(tasks, gang, row);
}

/** Pods of a released gang that are still parked: they go into the queues, each for itself. */
export function releaseParked(gang: PodGang): readonly number[] {
  return isReleased(gang) ? gang.parked.splice(0, gang.parked.length) : [];
}

function admit(book: GangBook, tasks: TaskTable, row: number, plan: GangPlan): PodGang {
  const population = tasks.group[row];
  const job = tasks.job[row];
  if (row >= book.gangOf.length) {
    const ids = new Float64Array(Math.max(row + 1, book.idOf.length * 2)).fill(-1);
    ids.set(book.idOf);
    book.idOf = ids;
    book.gangOf = grown(book.gangOf, ids.length);
  }
  if (job >= book.byJob.length) book.byJob = grown(book.byJob, job + 1);
  let at = plan.size > 0 ? book.open[population] : book.byJob[job];
  if (at < 0) {
    at = book.free.pop() ?? book.gangs.length;
    book.gangs[at] = {
      population,
      job: plan.size > 0 ? -1 : job,
      ...groupFor(book, population, plan),
      alive: 0,
      total: 0,
      leader: -1,
      parked: [],
    };
    if (plan.size > 0) book.open[population] = at;
    else book.byJob[job] = at;
  }
  book.gangOf[row] = at;
  book.idOf[row] = tasks.id[row];
  return book.gangs[at];
}

/** A member is done or given up; a gang without members leaves its place. */
function bury(book: GangBook, gang: PodGang, row: number): void {
  const at = book.gangOf[row];
  book.gangOf[row] = -1;
  if (--gang.alive > 0 || (gang.job < 0 && book.open[gang.population] === at)) return;
  if (gang.job >= 0) book.byJob[gang.job] = -1;
  if (gang.key !== '' && --book.groups[gang.key].left === 0) delete book.groups[gang.key];
  book.free.push(at);
}

/** A placed pod stands at the gate. Returns the pods that start now: none, or all that wait. */
export function arriveAtGate(book: GangBook, gang: PodGang, row: number, nowMs: number): readonly number[] {
  if (own(gang).waiting.length === 0) book.atGate.push(book.gangOf[row]);
  const freed = permitPod(gang.group, own(gang), row, nowMs);
  if (freed.length > 0) leaveGate(book, gang);
  if (freed.length > 0) book.counts[GANG_COUNT.satisfied]++;
  return freed;
}

/** Whether one member without a host sends the others back. */
export function isStrict(gang: PodGang): boolean {
  return own(gang).spec.strict && !isReleased(gang);
}

/** A member is bound without waiting, as its gang is released. */
export function noteBoundInGang(gang: PodGang): void {
  own(gang).bound++;
}

/** A member found no host. Returns the waiting pods that lose their places. */
export function failMember(book: GangBook, gang: PodGang): readonly number[] {
  const back = failPod(gang.group, own(gang));
  if (back.length > 0) leaveGate(book, gang);
  if (back.length > 0) book.counts[GANG_COUNT.sentBack]++;
  return back;
}

/** Gangs whose wait is over, each with the pods that lose their places. */
export function expireGate(
  book: GangBook,
  nowMs: number,
): readonly { readonly gang: PodGang; readonly rows: readonly number[] }[] {
  const expired: { gang: PodGang; rows: readonly number[] }[] = [];
  for (const at of [...book.atGate]) {
    const gang = book.gangs[at];
    const rows = expireGang(gang.group, nowMs);
    if (rows.length === 0) continue;
    expired.push({ gang, rows });
    leaveGate(book, gang);
    book.counts[GANG_COUNT.timedOut]++;
  }
  return expired;
}

/** When the next wait is over; Infinity = nobody waits. */
export function nextExpiryMs(book: GangBook): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const at of book.atGate) nextMs = Math.min(nextMs, expiryMs(book.gangs[at].group));
  return nextMs;
}

/** No gang of the group stands at the gate any more. */
function leaveGate(book: GangBook, gang: PodGang): void {
  const still = book.atGate.filter((at) => book.gangs[at].group !== gang.group);
  book.atGate.splice(0, book.atGate.length, ...still);
}

/** A pod left its host; one that is done still counts as bound, as its object stays until the gang is deleted. */
export function leaveHostInGang(book: GangBook, tasks: TaskTable, row: number, isDone: boolean): void {
  const gang = gangOf(book, tasks, row);
  if (gang === null) return;
  const { waiting } = own(gang);
  const at = waiting.indexOf(row);
  if (at < 0) {
    if (isDone) bury(book, gang, row);
    else own(gang).bound--;
    return;
  }
  waiting.splice(at, 1);
  if (waiting.length > 0) return;
  book.atGate.splice(
    book.atGate.findIndex((place) => book.gangs[place] === gang),
    1,
  );
  if (gang.group.gangs.every((mate) => mate.waiting.length === 0)) gang.group.waitingSinceMs = -1;
}

/** A pod is given up: the others no longer count on it. Returns the pods at the gate that start for that. */
export function leaveGang(book: GangBook, tasks: TaskTable, row: number): readonly number[] {
  const gang = gangOf(book, tasks, row);
  const plan = gang === null ? null : book.plans[gang.population];
  if (gang === null || plan === null) return [];
  gang.total--;
  resize(gang, plan, gang.total, gang.total);
  bury(book, gang, row);
  if (gang.group.waitingSinceMs < 0) return [];
  const start = releaseIfReady(gang.group);
  if (start.length === 0) return [];
  leaveGate(book, gang);
  book.counts[GANG_COUNT.satisfied]++;
  return start;
}

/** Rows whose place is taken and that do not start yet. */
export function rowsAtGate(book: GangBook): readonly number[] {
  return book.atGate.flatMap((at) => own(book.gangs[at]).waiting);
}

/** Rows parked until their gang is complete. */
export function rowsParked(book: GangBook): readonly number[] {
  return book.gangs.flatMap((gang) => gang.parked);
}

/**
 * All or nothing: a pod of a gang starts only once enough of them were placed together. Throws InvariantError.
 */
export function checkGangs(book: GangBook, tasks: TaskTable): void {
  for (const row of rowsAtGate(book))
    if (tasks.state[row] !== TASK_STATE.bound)
      fail(`task ${tasks.id[row]} waits at the gate in state ${tasks.state[row]}`);
  for (let row = 0; row < Math.min(tasks.used, book.gangOf.length); row++) {
    const gang = gangOf(book, tasks, row);
    if (gang === null || tasks.state[row] !== TASK_STATE.running) continue;
    if (!gang.group.satisfied)
      fail(`task ${tasks.id[row]} runs although its gang of ${own(gang).spec.minimum} never stood together`);
  }
}

/** What a reader of the report should know. */
export function gangNotes(book: GangBook): readonly string[] {
  const [satisfied, sentBack, timedOut] = book.counts;
  return [
    `gangs: ${satisfied} stood together and started, ${sentBack} times placed pods were sent back because one found no host, ${timedOut} times because the wait was over`,
  ];
}
