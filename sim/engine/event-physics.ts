/**
 * Physics at events (`physics.accounting: event`): every change on a host shares its CPU again at once, and energy and use are integrated exactly
 * between changes.
 *
 * CPU is shared max-min with equal weights; nothing contends. A task uses CPU as its recorded series says, or its demand for its duration.
 * `progress: no-delay`: a stretch of the series lasts as long as recorded, whatever CPU it gets; `work`: until demand x time is done. A host that
 * is down draws idle power. For runs of batch work alone: services need the window's physics.
 */
import { fail } from '../../policies/base/assert.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import type { TaskDetails } from '../../traces/format.ts';
import { taskRowsOnHost } from '../cluster/apply.ts';
import type { HostTable } from '../cluster/hosts.ts';
import { TASK_STATE } from '../cluster/tasks.ts';
import { fill } from '../host/max-min.ts';
import { modelWatts, POWER_MODEL, POWER_MODEL_NAMES } from '../host/power-models.ts';
import { mix } from '../kernel/digest.ts';
import { PHASE } from '../kernel/phase.ts';
import type { Plan } from '../plan.ts';
import type { Engine } from './engine.ts';
import { EVENT, endAttempt, rowOfPayload, taskPayload } from './lifecycle.ts';
import { inTicks } from './ticks.ts';

/** Carbon intensity as steps, times in ms of the run. */
export interface CarbonSteps {
  readonly atMs: Float64Array;
  readonly gramsPerKwh: Float64Array;
}

export interface EventPhysics {
  readonly perfect: boolean;
  readonly use: NonNullable<TaskDetails['use']> | null;
  readonly carbon: CarbonSteps | null;
  /** Milli-CPU of the speed in which use is counted. */
  readonly capacityMilliCpu: Float64Array;
  readonly powerModel: Uint8Array;
  /** Row a host: utilisation now and just before this instant, power, and integrals up to metAtMs. */
  readonly useNow: Float64Array;
  readonly useBefore: Float64Array;
  readonly watts: Float64Array;
  readonly metAtMs: Float64Array;
  readonly wattMs: Float64Array;
  readonly useMs: Float64Array;
  /** Utilisation just before a window or the run ended, mean over hosts: [sum of samples, how many]. */
  readonly samples: Float64Array;
  /** Integrals when the window began. */
  readonly openWattMs: Float64Array;
  readonly openUseMs: Float64Array;
  /** [step of carbon, joules at its begin, grams so far] */
  readonly carbonBooks: Float64Array;
  /** Row a task. */
  rows: TaskRows;
}

interface TaskRows {
  readonly cursor: Int32Array;
  readonly demandMilliCpu: Float64Array;
  readonly grantMilliCpu: Float64Array;
  /** Milli-CPU x ms left in the stretch, and up to when it is booked; only for `work`. */
  readonly leftWork: Float64Array;
  readonly bookedAtMs: Float64Array;
  /** End of the stretch under way, -1 = none; an event at another time is stale. */
  readonly dueMs: Float64Array;
}

function createRows(capacity: number): TaskRows {
  const f = () => new Float64Array(capacity);
  return {
    cursor: new Int32Array(capacity),
    demandMilliCpu: f(),
    grantMilliCpu: f(),
    leftWork: f(),
    bookedAtMs: f(),
    dueMs: f().fill(-1),
  };
}

/** Meters at time 0, every host idle; null where the plan's physics runs by windows. */
export function createEventPhysics(
  plan: Plan,
  hosts: Pick<HostTable, 'count' | 'shape' | 'capacityMilliCpu'>,
  watts: { readonly idle: Float64Array; readonly max: Float64Array },
  details: TaskDetails | undefined,
  carbon: CarbonSteps | undefined,
): EventPhysics | null {
  if (plan.physics.accounting !== 'event') return null;
  const f = () => new Float64Array(hosts.count);
  const powerModel = Uint8Array.from(hosts.shape, (shape) => {
    const name = plan.cluster.shapes[shape].powerModel;
    return name === undefined ? POWER_MODEL.linear : POWER_MODEL_NAMES.indexOf(name);
  });
  return {
    perfect: plan.physics.progress !== 'no-delay',
    use: details?.use ?? null,
    carbon: carbon ?? null,
    capacityMilliCpu: hosts.capacityMilliCpu.map(
      (milliCpu, host) => milliCpu * (plan.cluster.shapes[hosts.shape[host]].coreSpeed ?? 1),
    ),
    powerModel,
    samples: new Float64Array(2),
    useNow: f(),
    useBefore: f(),
    watts: Float64Array.from(powerModel, (model, h) => modelWatts(model, watts.idle[h], watts.max[h], 0)),
    metAtMs: f(),
    wattMs: f(),
    useMs: f(),
    openWattMs: f(),
    openUseMs: f(),
    carbonBooks: new Float64Array(3),
    rows: createRows(1024),
  };
}

/** Puts the first step of the carbon trace after time 0 into the calendar. */
export function startEventPhysics(engine: Engine): void {
  const { exact } = engine;
  if (exact === null || exact.carbon === null) return;
  const { carbonBooks, carbon } = exact;
  while (carbonBooks[0] + 1 < carbon.atMs.length && carbon.atMs[carbonBooks[0] + 1] <= 0) carbonBooks[0]++;
  pushCarbonStep(engine, exact);
}

function pushCarbonStep(engine: Engine, exact: EventPhysics): void {
  const next = exact.carbonBooks[0] + 1;
  if (exact.carbon !== null && next < exact.carbon.atMs.length)
    engine.calendar.push(exact.carbon.atMs[next], PHASE.physics, 0, EVENT.carbon, 0);
}

/** The intensity changes. */
export function handleCarbonStep(engine: Engine, nowMs: number): void {
  const { exact } = engine;
  if (exact === null) fail('a carbon step in a run without physics at events');
  bookCarbon(engine, exact, nowMs);
  exact.carbonBooks[0]++;
  pushCarbonStep(engine, exact);
}

/** Energy since the last step at the intensity of that step. */
function bookCarbon(engine: Engine, exact: EventPhysics, nowMs: number): void {
  const { carbon, carbonBooks } = exact;
  if (carbon === null) return;
  const joules = joulesAt(engine, exact, nowMs);
  carbonBooks[2] += ((joules - carbonBooks[1]) / 3_600_000) * carbon.gramsPerKwh[carbonBooks[0]];
  carbonBooks[1] = joules;
}

/** Joules of all hosts up to now, in row order. */
export function joulesAt(engine: Engine, exact: EventPhysics, nowMs: number): number {
  let sum = 0;
  for (let host = 0; host < engine.cluster.hosts.count; host++) {
    meterHost(exact, host, nowMs);
    sum += exact.wattMs[host];
  }
  return sum / 1000;
}

/** Mean over hosts of the utilisation just before `nowMs`. */
export function useJustBefore(exact: EventPhysics, nowMs: number): number {
  const { useNow, useBefore, metAtMs } = exact;
  let sum = 0;
  for (let host = 0; host < useNow.length; host++) sum += metAtMs[host] === nowMs ? useBefore[host] : useNow[host];
  return sum / useNow.length;
}

function meterHost(exact: EventPhysics, host: number, nowMs: number): void {
  const elapsed = nowMs - exact.metAtMs[host];
  if (elapsed === 0) return;
  exact.wattMs[host] += exact.watts[host] * elapsed;
  exact.useMs[host] += exact.useNow[host] * elapsed;
  exact.useBefore[host] = exact.useNow[host];
  exact.metAtMs[host] = nowMs;
}

const MAX_TASKS_PER_HOST = 4096;
const demand = new Float64Array(MAX_TASKS_PER_HOST);
const weight = new Float64Array(MAX_TASKS_PER_HOST).fill(1);
const grant = new Float64Array(MAX_TASKS_PER_HOST);
const scratch = new Int32Array(MAX_TASKS_PER_HOST);

/** Rows of running tasks of a host into engine.rows, ascending; returns how many. */
function runningOn(engine: Engine, host: number): number {
  const { cluster, rows } = engine;
  const { state } = cluster.tasks;
  const n = taskRowsOnHost(cluster, host, rows);
  let running = 0;
  for (let i = 0; i < n; i++) if (state[rows[i]] === TASK_STATE.running) rows[running++] = rows[i];
  return running;
}

/** Shares a host's CPU again and, where progress depends on it, moves the ends of stretches. */
function shareHost(engine: Engine, exact: EventPhysics, host: number, nowMs: number): void {
  meterHost(exact, host, nowMs);
  const { hosts } = engine.cluster;
  const { rows } = engine;
  const { demandMilliCpu, grantMilliCpu, leftWork, bookedAtMs } = exact.rows;
  const capacity = exact.capacityMilliCpu[host];
  const system = hosts.systemMilliCpu[host];
  const n = runningOn(engine, host);
  if (exact.perfect)
    for (let i = 0; i < n; i++) {
      const row = rows[i];
      leftWork[row] -= grantMilliCpu[row] * (nowMs - bookedAtMs[row]);
      bookedAtMs[row] = nowMs;
    }
  let used = 0;
  if (n === 1) {
    const wanted = demandMilliCpu[rows[0]];
    used = wanted < capacity - system ? wanted : capacity - system;
    grantMilliCpu[rows[0]] = used;
  } else if (n > 1) {
    for (let i = 0; i < n; i++) demand[i] = demandMilliCpu[rows[i]];
    fill(capacity - system, demand, weight, 0, n, scratch, grant);
    for (let i = 0; i < n; i++) {
      grantMilliCpu[rows[i]] = grant[i];
      used += grant[i];
    }
  }
  const use = (used + system) / capacity;
  exact.useNow[host] = use;
  exact.watts[host] = modelWatts(
    exact.powerModel[host],
    engine.hostWatts.idle[host],
    engine.hostWatts.max[host],
    hosts.outages[host] > 0 ? 0 : use,
  );
  if (!exact.perfect) return;
  for (let i = 0; i < n; i++) {
    const row = rows[i];
    // A stretch without demand has no work; it lasts its time.
    if (grantMilliCpu[row] > 0)
      setDue(engine, exact, row, inTicks(engine.plan, nowMs + Math.max(0, leftWork[row] / grantMilliCpu[row])));
  }
}

function setDue(engine: Engine, exact: EventPhysics, row: number, dueMs: number): void {
  if (exact.rows.dueMs[row] === dueMs) return;
  exact.rows.dueMs[row] = dueMs;
  const { tasks } = engine.cluster;
  engine.calendar.push(dueMs, PHASE.finish, tasks.id[row], EVENT.use, taskPayload(tasks, row));
}

/** Number of a task in order of submission. */
function numberOf(engine: Engine, row: number): number {
  const { tasks } = engine.cluster;
  return tasks.id[row] - tasks.firstBestEffort;
}

/** Sets the demand of the stretch at the cursor and when it ends if nothing delays it. */
function beginStretch(engine: Engine, exact: EventPhysics, row: number, nowMs: number): void {
  const { rows, use } = exact;
  const { tasks } = engine.cluster;
  const at = rows.cursor[row];
  let milliCpu = tasks.demandMilliCpu[row];
  let ms = tasks.durationMs[row];
  if (use !== null) {
    const within = at < use.first[numberOf(engine, row) + 1];
    milliCpu = within ? use.milliCpu[at] : 0;
    ms = within ? use.ms[at] : 0;
  }
  rows.demandMilliCpu[row] = milliCpu;
  rows.leftWork[row] = milliCpu * ms;
  rows.bookedAtMs[row] = nowMs;
  setDue(engine, exact, row, inTicks(engine.plan, nowMs + ms));
}

/** A task begins to run. */
export function beginTask(engine: Engine, exact: EventPhysics, row: number, nowMs: number): void {
  const { tasks } = engine.cluster;
  if (row >= exact.rows.cursor.length) growRows(exact, tasks.capacity);
  exact.rows.cursor[row] = exact.use === null ? 0 : exact.use.first[numberOf(engine, row)];
  exact.rows.dueMs[row] = -1;
  exact.rows.grantMilliCpu[row] = 0;
  tasks.speed[row] = 1;
  beginStretch(engine, exact, row, nowMs);
  shareHost(engine, exact, tasks.host[row], nowMs);
}

function growRows(exact: EventPhysics, capacity: number): void {
  const larger = createRows(capacity);
  for (const name of Object.keys(larger) as (keyof TaskRows)[]) larger[name].set(exact.rows[name]);
  exact.rows = larger;
}

/** A task has left its host, or the host's state changed. */
export function leaveTask(engine: Engine, exact: EventPhysics, row: number, host: number, nowMs: number): void {
  if (row < exact.rows.cursor.length) {
    exact.rows.dueMs[row] = -1;
    exact.rows.grantMilliCpu[row] = 0;
    exact.rows.demandMilliCpu[row] = 0;
  }
  shareHost(engine, exact, host, nowMs);
}

/** A stretch ends: the next begins, or the task is done. */
export function handleStretchEnd(engine: Engine, payload: number, nowMs: number): void {
  const { exact } = engine;
  if (exact === null) fail('the end of a stretch in a run without physics at events');
  const { tasks } = engine.cluster;
  const row = rowOfPayload(tasks, payload);
  if (row < 0 || tasks.state[row] !== TASK_STATE.running || exact.rows.dueMs[row] !== nowMs) return;
  exact.rows.dueMs[row] = -1;
  const next = exact.rows.cursor[row] + 1;
  if (exact.use !== null && next < exact.use.first[numberOf(engine, row) + 1]) {
    if (exact.perfect) shareHost(engine, exact, tasks.host[row], nowMs);
    exact.rows.cursor[row] = next;
    beginStretch(engine, exact, row, nowMs);
    shareHost(engine, exact, tasks.host[row], nowMs);
    return;
  }
  tasks.leftMs[row] = 0;
  tasks.bookedAtMs[row] = nowMs;
  endAttempt(engine, row, nowMs);
}

/** A window begins. */
export function openEventWindow(engine: Engine, exact: EventPhysics, nowMs: number): void {
  engine.nextTickMs = nowMs + engine.plan.windowMs;
  const { recorder } = engine;
  recorder.windows.timeMs[recorder.cursor[0]] = nowMs;
  exact.openWattMs.set(exact.wattMs);
  exact.openUseMs.set(exact.useMs);
}

/**
 * Writes the means of the window that ends now. A run that ends inside a window spreads that window's energy and use over all of it, so that sums over
 * windows x their length stay exact.
 */
export function closeEventWindow(engine: Engine, exact: EventPhysics): void {
  const { cluster, recorder, nowMs, plan } = engine;
  const { hosts } = cluster;
  const { windows: w } = recorder;
  const at = recorder.cursor[0];
  const hour = Math.floor(w.timeMs[at] / MS_PER_HOUR);
  let capacity = 0;
  let used = 0;
  let system = 0;
  let memCapacity = 0;
  let memUsed = 0;
  let watts = 0;
  let down = 0;
  bookCarbon(engine, exact, nowMs);
  // A run that ends with a window ends twice: its last window, and itself.
  const times = engine.endedAtMs === nowMs && nowMs === w.timeMs[at] + plan.windowMs ? 2 : 1;
  exact.samples[0] += times * useJustBefore(exact, nowMs);
  exact.samples[1] += times;
  for (let host = 0; host < hosts.count; host++) {
    meterHost(exact, host, nowMs);
    watts += (exact.wattMs[host] - exact.openWattMs[host]) / plan.windowMs;
    const use = (exact.useMs[host] - exact.openUseMs[host]) / plan.windowMs;
    const cell = hour * hosts.count + host;
    recorder.hostBestEffort[cell] += use;
    recorder.hostMem[cell] += hosts.beMemBytes[host] / hosts.capacityMemBytes[host];
    used += use * hosts.capacityMilliCpu[host];
    capacity += hosts.capacityMilliCpu[host];
    system += hosts.systemMilliCpu[host];
    memCapacity += hosts.capacityMemBytes[host];
    memUsed += hosts.beMemBytes[host];
    if (hosts.outages[host] > 0 || hosts.up[host] === 0) down++;
  }
  w.capacityMilliCpu[at] = capacity;
  w.bestEffortUsedMilliCpu[at] = Math.max(0, used - system);
  w.systemUsedMilliCpu[at] = Math.min(system, used);
  w.workUtilisation[at] = used / capacity;
  w.capacityMemMib[at] = memCapacity / 1_048_576;
  w.bestEffortUsedMemMib[at] = memUsed / 1_048_576;
  w.powerWatts[at] = watts;
  w.hostsDown[at] = down;
  recorder.windowsInHour[hour]++;
  mix(cluster.digest, nowMs, Math.floor(used), 0, 0);
}
