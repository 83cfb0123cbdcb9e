/** What the frameworks share: the check of submitted work, the room left on an offer, the tasks that live. */
import { ConfigError, fail } from './base/assert.ts';
import { createRisingMap, type RisingMap, risingDelete, risingGet, risingSet } from './base/rising-map.ts';
import { type Offers, TaskStatus, type Work } from './framework.ts';

/** A task that was launched and has not ended. */
export interface LiveTask {
  task: number;
  workRow: number;
  work: Work;
  agent: number;
  status: TaskStatus;
  launchedAtMs: number;
  /** How often this run was tried before. */
  attempt: number;
}

/**
 * Work and tasks of a framework, as plain data.
 *
 * `works` is by row, without the rows that are retired; a framework of millions of short jobs keeps none, as every task carries its own.
 * Keys of `live` are task numbers in order of launch.
 */
export interface Ledger {
  works: RisingMap<Work>;
  nextWorkRow: number;
  nextTask: number;
  live: RisingMap<LiveTask>;
  /** Records of tasks that endLive() took out, to be used anew. */
  spare: LiveTask[];
}

/** An empty ledger. */
export function createLedger(): Ledger {
  return { works: createRisingMap(), nextWorkRow: 0, nextTask: 0, live: createRisingMap(), spare: [] };
}

const WHOLE_FIELDS = ['instances', 'milliCpu', 'memMiB', 'diskMiB', 'lane'] as const;

/**
 * Refuses work that no framework can run: amounts must be whole and not negative, with CPU or memory asked for.
 *
 * Throws ConfigError naming the rule.
 */
export function checkWork(work: Work, framework: string): void {
  if (work.name === '') throw new ConfigError(`${framework}: work needs a name`);
  for (const field of WHOLE_FIELDS) {
    const amount = work[field];
    if (Number.isInteger(amount) && amount >= 0) continue;
    throw new ConfigError(
      `${framework}: work "${work.name}": ${field} is ${amount}; it must be a whole number, 0 or more`,
    );
  }
  if (work.milliCpu === 0 && work.memMiB === 0)
    throw new ConfigError(
      `${framework}: work "${work.name}": asks for neither CPU nor memory; Mesos refuses a task without resources`,
    );
}

/** Refuses the fields of `work` that `framework` cannot honour. Throws ConfigError. */
export function refuseSchedule(work: Work, framework: string): void {
  if (work.schedule !== undefined)
    throw new ConfigError(`${framework}: work "${work.name}" has a schedule; only chronos runs ISO 8601 schedules`);
  if (work.parents !== undefined && work.parents.length > 0)
    throw new ConfigError(`${framework}: work "${work.name}" has parents; only chronos runs job graphs`);
}

/** The check of a framework that knows sizes and lanes only: no schedule, no parents, no constraints. Throws ConfigError. */
export function checkPlainWork(work: Work, framework: string): void {
  checkWork(work, framework);
  refuseSchedule(work, framework);
  if (work.constraints !== undefined && work.constraints.length > 0)
    throw new ConfigError(`${framework}: work "${work.name}" has constraints; only marathon and chronos place by them`);
}

/** Adds work to the ledger and returns its row. */
export function addWork(ledger: Ledger, work: Work): number {
  const row = ledger.nextWorkRow;
  risingSet(ledger.works, row, work);
  ledger.nextWorkRow = row + 1;
  return row;
}

/** The work of a row that is not retired. */
export function workAt(ledger: Ledger, row: number): Work {
  return risingGet(ledger.works, row) ?? fail(`work row ${row} is retired or was never added`);
}

/** Forgets the work of a row; no live or waiting run may name it. */
export function retireWork(ledger: Ledger, row: number): void {
  risingDelete(ledger.works, row);
}

/** What is left of each offer of one callback, in the order of the callback. Units: milli-CPU, MiB. */
export interface OfferRoom {
  readonly milliCpu: number[];
  readonly revocableMilliCpu: number[];
  readonly memMiB: number[];
  readonly diskMiB: number[];
  readonly gpus: number[];
  /** How many tasks were put on the offer. */
  readonly launches: number[];
}

/** Copies the amounts of the offers, so that launches can be subtracted. */
export function roomOf(offers: Offers): OfferRoom {
  const room = emptyRoom();
  for (let i = 0; i < offers.count; i++) addRoom(room, offers);
  return room;
}

/** The room of no offer yet; addRoom() adds them one by one, for a framework that seldom looks at all of them. */
export function emptyRoom(): OfferRoom {
  return { milliCpu: [], revocableMilliCpu: [], memMiB: [], diskMiB: [], gpus: [], launches: [] };
}

/** Adds the amounts of the first offer that is not in yet. */
export function addRoom(room: OfferRoom, offers: Offers): void {
  const i = room.launches.length;
  room.milliCpu.push(offers.milliCpu[i]);
  room.revocableMilliCpu.push(offers.revocableMilliCpu[i]);
  room.memMiB.push(offers.memMiB[i]);
  room.diskMiB.push(offers.diskMiB[i]);
  room.gpus.push(offers.gpus[i]);
  room.launches.push(0);
}

/** Whether one task of `work` fits in what is left of offer `i`. */
export function fits(room: OfferRoom, i: number, work: Work): boolean {
  const milliCpu = work.revocable === true ? room.revocableMilliCpu[i] : room.milliCpu[i];
  if (milliCpu < work.milliCpu || room.memMiB[i] < work.memMiB || room.diskMiB[i] < work.diskMiB) return false;
  return work.gpus === undefined || room.gpus[i] >= work.gpus;
}

/** Takes one task of `work` out of offer `i`, writes it to the ledger and returns its number. */
export function place(
  ledger: Ledger,
  room: OfferRoom,
  i: number,
  agent: number,
  workRow: number,
  nowMs: number,
  attempt = 0,
  work = workAt(ledger, workRow),
): number {
  if (work.revocable === true) room.revocableMilliCpu[i] -= work.milliCpu;
  else room.milliCpu[i] -= work.milliCpu;
  room.memMiB[i] -= work.memMiB;
  room.diskMiB[i] -= work.diskMiB;
  if (work.gpus !== undefined) room.gpus[i] -= work.gpus;
  room.launches[i] += 1;
  return addLive(ledger, workRow, work, agent, TaskStatus.Staging, nowMs, attempt);
}

/** Writes a task to the ledger that runs on `agent` already, as after a start from the store, and returns its number. */
export function adopt(ledger: Ledger, workRow: number, agent: number, nowMs: number): number {
  return addLive(ledger, workRow, workAt(ledger, workRow), agent, TaskStatus.Running, nowMs, 0);
}

function addLive(
  ledger: Ledger,
  workRow: number,
  work: Work,
  agent: number,
  status: TaskStatus,
  launchedAtMs: number,
  attempt: number,
): number {
  const task = ledger.nextTask;
  ledger.nextTask += 1;
  const live = ledger.spare.pop();
  if (live === undefined) {
    risingSet(ledger.live, task, { task, workRow, work, agent, status, launchedAtMs, attempt });
    return task;
  }
  live.task = task;
  live.workRow = workRow;
  live.work = work;
  live.agent = agent;
  live.status = status;
  live.launchedAtMs = launchedAtMs;
  live.attempt = attempt;
  risingSet(ledger.live, task, live);
  return task;
}

/** Takes a task out that is over; its record is used anew by the next launch. */
export function endLive(ledger: Ledger, live: LiveTask): void {
  risingDelete(ledger.live, live.task);
  ledger.spare.push(live);
}
