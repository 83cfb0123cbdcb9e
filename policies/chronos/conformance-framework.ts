/** Translates the cases of chronos-framework/1 into calls of the shipped functions. */
import { firstDifference, isRecord } from '../conformance.ts';
import { TaskStatus } from '../framework.ts';
import { declineRefuseMs } from './framework.ts';
import { parseInstantMs } from './iso8601.ts';
import { type BatchJob, type BatchOffer, type BatchView, oneRunPerOffer, packBatch } from './offer-batch.ts';
import { decideAfterFailure } from './retry.ts';
import { createThrottle, requestRevive, takePlannedRevive } from './revive-throttle.ts';
import { applyStatus, type RunningTasks, runningCount } from './running-tasks.ts';
import { CHRONOS_DEFAULTS } from './state.ts';
import { createLanes, enqueue, type Lane, poll, waitingRuns } from './task-queue.ts';

type Case = Readonly<Record<string, unknown>>;

const STATUS: Readonly<Record<string, TaskStatus>> = {
  STAGING: TaskStatus.Staging,
  STARTING: TaskStatus.Starting,
  RUNNING: TaskStatus.Running,
  FINISHED: TaskStatus.Finished,
  FAILED: TaskStatus.Failed,
  KILLED: TaskStatus.Killed,
  LOST: TaskStatus.Lost,
  ERROR: TaskStatus.Error,
  DROPPED: TaskStatus.Dropped,
  GONE: TaskStatus.Gone,
  UNREACHABLE: TaskStatus.Unreachable,
};

const HIGH = 0;
const NORMAL = 1;

/** Checks one case by its kind. */
export function checkFrameworkCase(entry: Case): string {
  switch (entry.kind) {
    case 'statusUpdates':
      return checkStatusUpdates(entry);
    case 'decline': {
      const configured = typeof entry.declineOfferDurationMs === 'number' ? entry.declineOfferDurationMs : null;
      return firstDifference(entry.expectRefuseSeconds, declineRefuseMs(configured) / 1000, 0, 'expectRefuseSeconds');
    }
    case 'revive': {
      const now = entry.flag === true && requestRevive(createThrottle(), 0, CHRONOS_DEFAULTS.minReviveIntervalMs);
      return firstDifference(entry.expectRevive, now ? 1 : 0, 0, 'expectRevive');
    }
    case 'reviveThrottle':
      return checkReviveThrottle(entry);
    case 'queue':
      return checkQueue(entry);
    case 'offerBatch':
      return checkBatch(entry, false);
    case 'offerBatch_2014':
      return checkBatch(entry, true);
    default:
      return `unknown kind "${String(entry.kind)}"`;
  }
}

/** Checks one decision about a failed run. */
export function checkRetry(entry: Case): string {
  const job = isRecord(entry.job) ? entry.job : {};
  const time = (value: unknown): number | null =>
    typeof value === 'string' && value !== '' ? parseInstantMs(value) : null;
  const decision = decideAfterFailure(
    {
      retries: Number(job.retries ?? CHRONOS_DEFAULTS.retries),
      lastSuccessMs: time(job.lastSuccess),
      lastErrorMs: time(job.lastError),
      errorsSinceLastSuccess: Number(job.errorsSinceLastSuccess ?? 0),
    },
    Number(entry.attempt ?? 0),
    Number(entry.disableAfterFailures ?? 0),
  );
  return compareNamed(entry.expect, { ...decision });
}

/** Compares only the fields that the case expects; an expected field that is unknown differs. */
function compareNamed(expect: unknown, got: Record<string, unknown>): string {
  if (!isRecord(expect)) return 'the case expects nothing';
  const named: Record<string, unknown> = {};
  for (const field of Object.keys(expect)) if (field in got) named[field] = got[field];
  return firstDifference(expect, named, 0, 'expect');
}

function checkStatusUpdates(entry: Case): string {
  const running: RunningTasks = new Map();
  const steps = Array.isArray(entry.steps) ? entry.steps : [];
  if (steps.length === 0) return 'the case has no steps';
  for (let i = 0; i < steps.length; i++) {
    const [job, state, count, task] = Array.isArray(steps[i]) ? steps[i] : [];
    const status = STATUS[String(state).replace(/^TASK_/, '')];
    if (status === undefined) return `steps[${i}]: unknown state "${String(state)}"`;
    applyStatus(running, String(job), typeof task === 'number' ? task : 0, status);
    const difference = firstDifference(count, runningCount(running, String(job)), 0, `steps[${i}]`);
    if (difference !== '') return difference;
  }
  return '';
}

function names(value: unknown): Set<string> {
  return new Set(Array.isArray(value) ? value.map(String) : []);
}

interface QueueCase {
  readonly lanes: Lane[];
  readonly view: BatchView;
}

/** Queue entries are names or records; amounts are in CPUs and MB. */
function readQueue(entry: Case): QueueCase {
  const [running, deleted, disabled] = [names(entry.running), names(entry.deleted), names(entry.disabled)];
  const jobs = new Map<string, BatchJob>();
  const lanes = createLanes(2);
  for (const item of Array.isArray(entry.queue) ? entry.queue : []) {
    const fields: Case = isRecord(item) ? item : { job: item };
    const name = String(fields.job);
    const amount = (field: string, absent: number): number =>
      Number(fields[field] ?? 0) > 0 ? Number(fields[field]) : absent;
    if (!deleted.has(name))
      jobs.set(name, {
        name,
        milliCpu: Math.round(amount('cpus', CHRONOS_DEFAULTS.defaultMilliCpu / 1000) * 1000),
        memMiB: amount('mem', CHRONOS_DEFAULTS.defaultMemMiB),
        diskMiB: amount('disk', CHRONOS_DEFAULTS.defaultDiskMiB),
        concurrent: fields.concurrent === true,
        disabled: disabled.has(name) || fields.disabled === true,
      });
    enqueue(lanes, fields.high === true ? HIGH : NORMAL, { job: name, attempt: 0 });
  }
  const view: BatchView = {
    job: (name) => jobs.get(name),
    isRunning: (name) => running.has(name),
    meets: () => true,
  };
  return { lanes, view };
}

function checkBatch(entry: Case, onePerOffer: boolean): string {
  const { lanes, view } = readQueue(entry);
  const items = (Array.isArray(entry.offers) ? entry.offers : []).filter(isRecord);
  const offers: BatchOffer[] = items.map((item) => ({
    milliCpu: Math.round(Number(item.cpus ?? 0) * 1000),
    memMiB: Number(item.mem ?? 0),
    diskMiB: Number(item.disk ?? 0),
    reservedMilliCpu: Math.round(Number(item.reservedCpus ?? 0) * 1000),
    reservedMemMiB: Number(item.reservedMem ?? 0),
  }));
  const offerName = (index: number): unknown => items[index].offer ?? index;
  const batch = onePerOffer ? oneRunPerOffer(lanes, offers, view) : packBatch(lanes, offers, view);
  const expectPairs = Array.isArray(entry.expectLaunched) && entry.expectLaunched.some(Array.isArray);
  const launched = batch.placements.map(({ run, offer }) => (expectPairs ? [run.job, offerName(offer)] : run.job));
  const declined = batch.declined.map(offerName);
  const waiting = waitingRuns(lanes).map((run) => run.job);
  const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.map(String).sort() : value);
  const compared: readonly (readonly [string, unknown, unknown])[] = [
    ['expectLaunched', entry.expectLaunched, launched],
    ['expectDeclined', sorted(entry.expectDeclined), sorted(declined)],
    ['expectQueueAfter', entry.expectQueueAfter, waiting],
  ];
  let asserted = false;
  for (const [field, expected, got] of compared) {
    if (entry[field] === undefined) continue;
    asserted = true;
    const difference = firstDifference(expected, got, 0, field);
    if (difference !== '') return difference;
  }
  return asserted ? '' : 'the case expects nothing that is known';
}

/**
 * One poll of the queue: `expectPoll`, `expectTask` or `expect` is the name of the job or null, `expectQueueAfter` what is left.
 *
 * The queue stands in `queue` or `enqueue`; with a list of `jobs`, a queued name that is not among them is gone.
 */
function checkQueue(entry: Case): string {
  const items = entry.queue ?? entry.enqueue;
  const { lanes, view } = readQueue({ ...entry, queue: items });
  const registered = Array.isArray(entry.jobs)
    ? new Set(entry.jobs.map((job) => String(isRecord(job) ? (job.name ?? job.job) : job)))
    : null;
  const polled = poll(lanes, (name) => view.job(name)?.disabled === false && registered?.has(name) !== false);
  const field = ['expectPoll', 'expectTask', 'expectPolled', 'expectNext', 'expect'].find((name) => name in entry);
  if (field === undefined) return 'the case expects nothing that is known';
  const difference = firstDifference(entry[field], polled === null ? null : polled.run.job, 0, field);
  if (difference !== '' || entry.expectQueueAfter === undefined) return difference;
  const waiting = waitingRuns(lanes).map((run) => run.job);
  return firstDifference(entry.expectQueueAfter, waiting, 0, 'expectQueueAfter');
}

/** Milliseconds per unit of a field: its name tells seconds, else it is ms. */
function unitMs(field: string): number {
  return /sec/i.test(field) ? 1000 : 1;
}

/**
 * Requests at the times of the one list of numbers, at most one revive per `...interval...` field.
 *
 * Expected are the times of all revives (a list), how many came by the last request (a number), and with `expectScheduled` whether one
 * more is planned then.
 */
function checkReviveThrottle(entry: Case): string {
  const isTimes = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
  const requestField = Object.keys(entry).find((field) => !field.startsWith('expect') && isTimes(entry[field]));
  if (requestField === undefined) return 'the case names no times of requests';
  const intervalField = Object.keys(entry).find((field) => /interval/i.test(field));
  const intervalMs =
    intervalField === undefined
      ? CHRONOS_DEFAULTS.minReviveIntervalMs
      : Number(entry[intervalField]) * unitMs(intervalField);
  const throttle = createThrottle();
  const revivesMs: number[] = [];
  const settle = (untilMs: number): void => {
    const { plannedMs } = throttle;
    if (plannedMs !== null && plannedMs <= untilMs && takePlannedRevive(throttle, plannedMs, intervalMs))
      revivesMs.push(plannedMs);
  };
  for (const request of entry[requestField] as number[]) {
    const atMs = request * unitMs(requestField);
    settle(atMs);
    if (requestRevive(throttle, atMs, intervalMs)) revivesMs.push(atMs);
  }
  const byLastRequest = revivesMs.length;
  const planned = throttle.plannedMs !== null;
  settle(Number.MAX_SAFE_INTEGER);
  const fields = Object.keys(entry).filter((field) => field.startsWith('expect'));
  for (const field of fields) {
    const expected = entry[field];
    const times = revivesMs.map((ms) => ms / unitMs(field));
    let got: unknown = Array.isArray(expected) ? times : byLastRequest;
    if (/scheduled|planned/i.test(field)) got = typeof expected === 'number' ? Number(planned) : planned;
    const difference = firstDifference(expected, got, 0, field);
    if (difference !== '') return difference;
  }
  return fields.length === 0 ? 'the case expects nothing' : '';
}
