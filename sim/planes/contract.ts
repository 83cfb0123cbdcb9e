/**
 * What every control plane must keep, whoever schedules: no task lost, none bound twice, no capacity exceeded, all work done once
 * faults stop, the same digest twice, and the same again when it is copied in the middle.
 *
 * A small driver stands in for the engine: it keeps time, starts and ends tasks, lets hosts die and come back, and calls the port as
 * the engine does. It watches from outside after every event. A plane's test gives a factory and runs `playPlane`.
 */
import { assert, fail } from '../../policies/base/assert.ts';
import {
  bind,
  CHANGE,
  finish,
  forget,
  hold,
  loseAttempt,
  publish,
  setHostUp,
  start,
  submit,
  taskRowsOnHost,
} from '../cluster/apply.ts';
import { checkCluster } from '../cluster/check-cluster.ts';
import { watch } from '../cluster/checker.ts';
import { noteChange, TIER } from '../cluster/hosts.ts';
import { TASK_KIND, TASK_STATE } from '../cluster/tasks.ts';
import { smallCluster } from '../cluster/testing/small-cluster.ts';
import { digestText } from '../kernel/digest.ts';
import { createStream, type Stream } from '../kernel/random.ts';
import type { ControlPlane, PlaneContext } from './control-plane.ts';

const GIB = 1_073_741_824;

/** Requests of the tasks that are drawn, by number of their pod shape: cores, and as many GiB. */
export const CONTRACT_CORES = [1, 2, 4] as const;
export const CONTRACT_PODS = 8;

/** Builds a plane over the context's cluster: hosts of 10 cores and 100 GiB, rows below CONTRACT_PODS are pods of shape 0. */
export type PlaneFactory = (context: PlaneContext) => ControlPlane;

/** What a play came to. */
export interface PlaneOutcome {
  readonly digest: string;
  readonly finished: number;
  readonly lost: number;
  /** When the last task was done. */
  readonly doneAtMs: number;
}

const EVENT = { arrive: 0, start: 1, finish: 2, fault: 3, repair: 4, losePods: 5, wake: 6, evict: 7 } as const;

interface Happening {
  readonly timeMs: number;
  readonly kind: number;
  /** A task row or a host. */
  readonly entity: number;
  /** Generation of the task, or when the host broke. */
  readonly stamp: number;
}

/** Faults and arrivals come in the first two minutes; after that everything must be done within this time. */
const ACTIVE_MS = 120_000;
const QUIET_MS = 1_800_000;

export interface PlayOptions {
  /** Replace the plane by a new one that continues from its snapshot after this many events; Infinity = never. */
  readonly copyAfter?: number;
  /** No pods of services, for planes that run none. */
  readonly batchOnly?: boolean;
}

/** Plays a drawn story of 4 to 8 hosts, 8 pods and 60 tasks; throws InvariantError at the first broken promise. */
export function playPlane(create: PlaneFactory, seed: number, options: PlayOptions = {}): PlaneOutcome {
  const stream = createStream(`plane-contract-${seed}`, 'story');
  const hosts = 4 + Math.floor(stream.next() * 5);
  const cluster = smallCluster(hosts, CONTRACT_PODS + 60);
  const { tasks } = cluster;
  const checker = watch(cluster);
  const queue: Happening[] = [];
  const brokenAtMs = new Float64Array(hosts).fill(-1);
  let wakeMs = Number.POSITIVE_INFINITY;
  let events = 0;
  let finished = 0;
  let lost = 0;
  let doneAtMs = 0;
  let lostAtMs = 0;

  const push = (timeMs: number, kind: number, entity: number, stamp: number) => {
    queue.push({ timeMs, kind, entity, stamp });
  };
  const context: PlaneContext = {
    cluster,
    bind(row, host, nowMs, startAfterMs, cards, cpus) {
      if (brokenAtMs[host] >= 0) fail(`task ${row} is bound to host ${host}, which is dead`);
      bind(cluster, row, host, nowMs, cards, cpus);
      push(nowMs + startAfterMs, EVENT.start, row, tasks.generation[row]);
    },
    assume(row, host, nowMs) {
      if (brokenAtMs[host] >= 0) fail(`task ${row} is assumed on host ${host}, which is dead`);
      bind(cluster, row, host, nowMs);
    },
    startAssumed: (row, nowMs, startAfterMs) => push(nowMs + startAfterMs, EVENT.start, row, tasks.generation[row]),
    forget: (row, nowMs) => forget(cluster, row, nowMs),
    hold: (host, holding, sign, nowMs) => hold(cluster, host, holding, sign, nowMs),
    giveUp: (row) => fail(`task ${row} is given up; planes that drop tasks are not held to this contract`),
    evict: (row, nowMs, reason) => take(row, nowMs, CHANGE.evict, reason),
    publish: (host, tier, milliCpu, memBytes, nowMs) => publish(cluster, host, tier, milliCpu, memBytes, nowMs),
    wakeAt(timeMs) {
      if (timeMs >= wakeMs) return;
      wakeMs = timeMs;
      push(timeMs, EVENT.wake, 0, 0);
    },
  };
  let plane = create(context);

  function take(row: number, nowMs: number, change: number, reason: number): void {
    const host = tasks.host[row];
    loseAttempt(cluster, row, nowMs, change, reason);
    lost++;
    plane.onLeft(row, host, nowMs, change);
    plane.onPending(row, nowMs);
    plane.onCapacity(nowMs);
  }

  function happen(kind: number, entity: number, stamp: number, nowMs: number): void {
    const { hosts: table } = cluster;
    switch (kind) {
      case EVENT.arrive:
        submit(cluster, entity, nowMs, false);
        plane.onPending(entity, nowMs);
        break;
      case EVENT.start:
        if (tasks.generation[entity] !== stamp || tasks.state[entity] !== TASK_STATE.bound) break;
        start(cluster, entity, nowMs);
        plane.onStarted(entity, nowMs);
        if (tasks.kind[entity] === TASK_KIND.bestEffort)
          push(nowMs + tasks.durationMs[entity], EVENT.finish, entity, stamp);
        break;
      case EVENT.finish: {
        if (tasks.generation[entity] !== stamp || tasks.state[entity] !== TASK_STATE.running) break;
        const host = tasks.host[entity];
        finish(cluster, entity, nowMs);
        finished++;
        doneAtMs = nowMs;
        plane.onLeft(entity, host, nowMs, CHANGE.finish);
        // Every task is a job of its own.
        plane.onJobOver?.(tasks.job[entity], nowMs);
        plane.onCapacity(nowMs);
        break;
      }
      case EVENT.evict:
        if (tasks.state[entity] === TASK_STATE.running) take(entity, nowMs, CHANGE.evict, 0);
        break;
      case EVENT.fault: {
        if (brokenAtMs[entity] >= 0) break;
        brokenAtMs[entity] = nowMs;
        table.cordoned[entity] = 1;
        table.outages[entity] = 1;
        table.brokenAtMs[entity] = nowMs;
        noteChange(table.changes, entity);
        const rows = new Int32Array(64);
        for (const row of rows.slice(0, taskRowsOnHost(cluster, entity, rows))) take(row, nowMs, CHANGE.fail, 0);
        push(nowMs + plane.podLossAfterMs, EVENT.losePods, entity, nowMs);
        plane.onHostChanged(entity, nowMs);
        break;
      }
      case EVENT.losePods:
        if (brokenAtMs[entity] !== stamp || table.up[entity] === 0) break;
        lostAtMs = plane.givesUpPodsMs?.(entity, nowMs) ?? nowMs;
        if (lostAtMs > nowMs) {
          push(lostAtMs, EVENT.losePods, entity, stamp);
          break;
        }
        for (let row = 0; row < CONTRACT_PODS; row++) if (tasks.host[row] === entity) take(row, nowMs, CHANGE.fail, 0);
        setHostUp(cluster, entity, false, nowMs);
        plane.onHostChanged(entity, nowMs);
        break;
      case EVENT.repair:
        if (brokenAtMs[entity] < 0) break;
        brokenAtMs[entity] = -1;
        table.cordoned[entity] = 0;
        table.outages[entity] = 0;
        table.brokenAtMs[entity] = Number.POSITIVE_INFINITY;
        if (table.up[entity] === 0) setHostUp(cluster, entity, true, nowMs);
        noteChange(table.changes, entity);
        plane.onHostChanged(entity, nowMs);
        plane.onCapacity(nowMs);
        break;
      default:
        if (nowMs !== wakeMs) break;
        wakeMs = Number.POSITIVE_INFINITY;
        plane.wake(nowMs);
    }
  }

  function check(nowMs: number): void {
    const waiting = [...plane.waitingRows()].sort((a, b) => a - b);
    const pending: number[] = [];
    for (let row = 0; row < tasks.used; row++) if (tasks.state[row] === TASK_STATE.pending) pending.push(row);
    assert(waiting.join() === pending.join(), `at ${nowMs} ms rows ${pending} are pending, but ${waiting} wait`);
    checkCluster(cluster);
    checker.compare();
    plane.check?.();
  }

  drawStory(stream, hosts, cluster.tasks, plane.bestEffortTier, options.batchOnly === true, push);
  let total = 0;
  for (let row = CONTRACT_PODS; row < tasks.used; row++) if (tasks.kind[row] === TASK_KIND.bestEffort) total++;
  while (queue.length > 0) {
    let first = 0;
    for (let i = 1; i < queue.length; i++) if (isBefore(queue[i], queue[first])) first = i;
    const { timeMs, kind, entity, stamp } = queue.splice(first, 1)[0];
    if (timeMs > ACTIVE_MS + QUIET_MS) break;
    happen(kind, entity, stamp, timeMs);
    check(timeMs);
    if (++events === options.copyAfter) {
      const kept = structuredClone(plane.snapshot());
      // The wake that stands is the engine's to restore; a new plane asks for its first one.
      const standsMs = wakeMs;
      plane = create(context);
      plane.restore(kept);
      wakeMs = standsMs;
      check(timeMs);
    }
    if (finished === total && timeMs > ACTIVE_MS && (options.batchOnly === true || allPodsRun(tasks))) break;
  }
  assert(finished === total, `${finished} of ${total} tasks were done ${QUIET_MS} ms after the last fault`);
  assert(options.batchOnly === true || allPodsRun(tasks), 'every pod runs once faults have stopped');
  return { digest: digestText(cluster.digest), finished, lost, doneAtMs };
}

/** Time, then kind, then entity; of equal events the one asked for first. */
function isBefore(a: Happening, b: Happening): boolean {
  return (
    a.timeMs < b.timeMs || (a.timeMs === b.timeMs && (a.kind < b.kind || (a.kind === b.kind && a.entity < b.entity)))
  );
}

function allPodsRun(tasks: { readonly state: Uint8Array }): boolean {
  for (let row = 0; row < CONTRACT_PODS; row++) if (tasks.state[row] !== TASK_STATE.running) return false;
  return true;
}

type Tasks = ReturnType<typeof smallCluster>['tasks'];

/** Arrivals, faults, repairs and evictions of the first two minutes. */
function drawStory(
  stream: Stream,
  hosts: number,
  tasks: Tasks,
  tier: number,
  batchOnly: boolean,
  push: (timeMs: number, kind: number, entity: number, stamp: number) => void,
): void {
  const at = () => Math.floor(stream.next() * ACTIVE_MS);
  for (let row = 0; row < CONTRACT_PODS && !batchOnly; row++) push(0, EVENT.arrive, row, 0);
  for (let row = CONTRACT_PODS; row < CONTRACT_PODS + 60; row++) {
    const shape = Math.floor(stream.next() * CONTRACT_CORES.length);
    const cores = CONTRACT_CORES[shape];
    tasks.kind[row] = TASK_KIND.bestEffort;
    tasks.job[row] = row;
    tasks.tier[row] = tier;
    tasks.podShape[row] = tier === TIER.native ? shape : CONTRACT_CORES.length + shape;
    tasks.priority[row] = 5_500;
    tasks.requestMilliCpu[row] = cores * 1_000;
    tasks.requestMemBytes[row] = cores * GIB;
    tasks.demandMilliCpu[row] = cores * 500;
    tasks.usedMemBytes[row] = cores * GIB;
    tasks.durationMs[row] = 1_000 + Math.floor(stream.next() * 30_000);
    tasks.leftMs[row] = tasks.durationMs[row];
    push(at(), EVENT.arrive, row, 0);
    if (stream.next() < 0.2) push(at(), EVENT.evict, row, 0);
  }
  for (let i = 0; i < 6; i++) {
    const host = Math.floor(stream.next() * hosts);
    const brokenAt = at();
    push(brokenAt, EVENT.fault, host, 0);
    // Some repairs come before the plane notices, some long after its pods were given up.
    push(brokenAt + (stream.next() < 0.5 ? 20_000 : 500_000), EVENT.repair, host, 0);
  }
}
