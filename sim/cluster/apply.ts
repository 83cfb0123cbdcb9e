/**
 * The only writer of the cluster: every change of a task's place or state, and of what a host sells, goes through here.
 *
 * Each function checks the state machine and the capacity rule before it writes, keeps the host sums in step, and mixes what
 * happened into the digest. Rule for binds: allocated + request <= sold in every dimension of the task's tier. What is already
 * allocated may later exceed what is sold, because a policy may sell less than before; then nothing more is bound.
 */
import { fail } from '../../policies/base/assert.ts';
import { type Digest, mix } from '../kernel/digest.ts';
import { giveCpus, holdCpus, NO_CPUS, takeCpus } from './cpusets.ts';
import { type CardShare, giveCards, holdCards, takeCards } from './gpus.ts';
import { type HostTable, noteChange, noteTaken, PRESSURE_CLASS_COUNT, TIER } from './hosts.ts';
import { moveTo, TASK_KIND, TASK_STATE, type TaskTable } from './tasks.ts';
import { giveZones, takeZones, zonesOf } from './zones.ts';

/** What an event in the digest and in the event log is about. */
export const CHANGE = {
  submit: 1,
  bind: 2,
  start: 3,
  finish: 4,
  evict: 5,
  fail: 6,
  abandon: 7,
  publish: 8,
  hostDown: 9,
  hostUp: 10,
  release: 11,
  forget: 12,
  hold: 13,
  resize: 14,
} as const;
export const CHANGE_NAMES = [
  'none',
  'submit',
  'bind',
  'start',
  'finish',
  'evict',
  'fail',
  'abandon',
  'publish',
  'host-down',
  'host-up',
  'release',
  'forget',
  'hold',
  'resize',
] as const;

/**
 * Receives every change in order, after it was written; the event log and the checker are such sinks. `value` is the reason of an
 * eviction, 1 for a submitted task that is held, the milli-CPU published, held or asked for anew, the cards of a bind, else 0. `row` is the task's row at that
 * moment, or -1; of a hold it is -1 - tier.
 */
export type ChangeSink = (
  timeMs: number,
  change: number,
  taskId: number,
  host: number,
  value: number,
  row: number,
) => void;

export interface Cluster {
  readonly hosts: HostTable;
  readonly tasks: TaskTable;
  readonly digest: Digest;
  /** null when nobody listens. */
  sink: ChangeSink | null;
}

function note(cluster: Cluster, timeMs: number, change: number, row: number, host: number, value: number): void {
  const id = cluster.tasks.id[row];
  const { digest } = cluster;
  const tick = digest.ticksPerMs === 1 ? timeMs : Math.round(timeMs * digest.ticksPerMs);
  mix(digest, tick, change | (value << 8), id, host);
  if (cluster.sink !== null) cluster.sink(timeMs, change, id, host, value, row);
}

/** A task becomes known; it is pending, or held until its job's earlier stages are done. */
export function submit(cluster: Cluster, row: number, nowMs: number, held: boolean): void {
  const { tasks } = cluster;
  moveTo(tasks, row, held ? TASK_STATE.held : TASK_STATE.pending);
  tasks.host[row] = -1;
  tasks.readyAtMs[row] = nowMs;
  note(cluster, nowMs, CHANGE.submit, row, -1, held ? 1 : 0);
}

/** A held task's turn has come. */
export function release(cluster: Cluster, row: number, nowMs: number): void {
  moveTo(cluster.tasks, row, TASK_STATE.pending);
  cluster.tasks.readyAtMs[row] = nowMs;
  note(cluster, nowMs, CHANGE.release, row, -1, 0);
}

/**
 * Binds a pending task to a host and takes its request from the host's tier, from the cards of the mask where it asks for GPUs, and the CPUs
 * (numbered from 0 on the host) where it asks for its own. A batch task takes it from NUMA zones too, where the host sells by zone.
 */
export function bind(cluster: Cluster, row: number, host: number, nowMs: number, cards = 0, cpus = NO_CPUS): void {
  const { tasks, hosts } = cluster;
  moveTo(tasks, row, TASK_STATE.bound);
  const at = tasks.tier[row] * hosts.count + host;
  const cpu = hosts.allocatedMilliCpu[at] + tasks.requestMilliCpu[row];
  const mem = hosts.allocatedMemBytes[at] + tasks.requestMemBytes[row];
  if (hosts.up[host] === 0 || hosts.outages[host] > 0)
    fail(`task ${tasks.id[row]} bound to host ${host}, which is down`);
  // Of a sold tier there may be less than is held by now, and an owner goes into what is held all the same.
  if (
    at < hosts.count &&
    (cpu + hosts.heldMilliCpu[at] > hosts.soldMilliCpu[at] || mem + hosts.heldMemBytes[at] > hosts.soldMemBytes[at])
  )
    fail(`task ${tasks.id[row]} bound to host ${host}, where ${hosts.heldMilliCpu[at]}m are held for others`);
  if (cpu > hosts.soldMilliCpu[at])
    fail(`task ${tasks.id[row]} bound to host ${host}: ${cpu}m allocated, ${hosts.soldMilliCpu[at]}m sold`);
  if (mem > hosts.soldMemBytes[at])
    fail(`task ${tasks.id[row]} bound to host ${host}: ${mem} bytes allocated, ${hosts.soldMemBytes[at]} sold`);
  if (tasks.gpuRequest[row] !== 0 || cards !== 0) {
    takeCards(hosts.gpus, tasks.gpuRequest[row], host, cards);
    tasks.gpuHeld[row] = cards;
  }
  if (tasks.cpuRequest[row] !== 0 || cpus.length !== 0) takeCpus(hosts.cpus, tasks.cpuRequest[row], host, row, cpus);
  hosts.gpus.revision[host]++;
  hosts.allocatedMilliCpu[at] = cpu;
  hosts.allocatedMemBytes[at] = mem;
  tasks.host[row] = host;
  if (tasks.kind[row] === TASK_KIND.online) hosts.podCount[host]++;
  else linkToHost(tasks, hosts, row, host);
  if (at < hosts.count && tasks.kind[row] !== TASK_KIND.online)
    hosts.beNativeMilliCpu[host] += tasks.requestMilliCpu[row];
  noteTaken(hosts.changes, host);
  for (const at of cpus) mix(cluster.digest, nowMs, CHANGE.bind, at, host);
  if (tasks.tier[row] === TIER.batch && zonesOf(hosts.zones, host) > 0)
    for (const take of takeZones(hosts.zones, row, host, tasks.requestMilliCpu[row], tasks.requestMemBytes[row]))
      mix(cluster.digest, nowMs, CHANGE.bind | (take.zone << 8), take.milliCpu, host);
  note(cluster, nowMs, CHANGE.bind, row, host, cards);
}

/** What is kept of a host for somebody still to come: amounts of one tier, shares of cards, and CPUs numbered from 0 there. */
export interface Holding {
  readonly tier: number;
  readonly milliCpu: number;
  readonly memBytes: number;
  readonly cards: readonly CardShare[];
  readonly cpus: readonly number[];
}

/**
 * Keeps a part of a host for somebody still to come (`sign` 1), or gives it up (-1). What is sold natively always covers what is held; of a
 * tier that a policy sells, less may be sold later than is allocated and held.
 */
export function hold(cluster: Cluster, host: number, holding: Holding, sign: 1 | -1, nowMs: number): void {
  const { hosts, digest } = cluster;
  const { tier, cards, cpus } = holding;
  const at = tier * hosts.count + host;
  const milliCpu = sign * holding.milliCpu;
  const memBytes = sign * holding.memBytes;
  const cpu = hosts.heldMilliCpu[at] + milliCpu;
  const mem = hosts.heldMemBytes[at] + memBytes;
  if (cpu < 0 || mem < 0) fail(`host ${host} would hold ${cpu}m and ${mem} bytes`);
  const isFixed = tier === TIER.native;
  if (isFixed && milliCpu > 0 && hosts.allocatedMilliCpu[at] + cpu > hosts.soldMilliCpu[at])
    fail(`host ${host} cannot hold ${cpu}m: ${hosts.allocatedMilliCpu[at]}m of ${hosts.soldMilliCpu[at]}m are bound`);
  if (isFixed && memBytes > 0 && hosts.allocatedMemBytes[at] + mem > hosts.soldMemBytes[at])
    fail(
      `host ${host} cannot hold ${mem} bytes: ${hosts.allocatedMemBytes[at]} of ${hosts.soldMemBytes[at]} are bound`,
    );
  hosts.heldMilliCpu[at] = cpu;
  hosts.heldMemBytes[at] = mem;
  holdCards(hosts.gpus, host, cards, sign);
  holdCpus(hosts.cpus, host, cpus, sign);
  if (cards.length > 0) hosts.gpus.revision[host]++;
  noteChange(hosts.changes, host);
  mix(digest, nowMs, CHANGE.hold | (tier << 8), cpu, host);
  for (const { card, milli } of cards) mix(digest, nowMs, CHANGE.hold | ((16 + card) << 8), sign * milli, host);
  for (const own of cpus) mix(digest, nowMs, CHANGE.hold | (64 << 8), sign * (own + 1), host);
  if (cluster.sink !== null) cluster.sink(nowMs, CHANGE.hold, -1, host, milliCpu, -1 - tier);
}

/** A pod or task uses another amount of memory from now on; of a running one its host's sums follow. */
export function useMemory(cluster: Cluster, row: number, usedMemBytes: number): void {
  const { tasks, hosts } = cluster;
  if (!(usedMemBytes >= 0)) fail(`task ${tasks.id[row]} would use ${usedMemBytes} bytes`);
  if (tasks.state[row] === TASK_STATE.running) {
    const host = tasks.host[row];
    const more = usedMemBytes - tasks.usedMemBytes[row];
    if (tasks.kind[row] === TASK_KIND.online) hosts.onlineMemBytes[host] += more;
    else {
      hosts.beMemBytes[host] += more;
      if (tasks.tier[row] === TIER.mid) hosts.midMemBytes[host] += more;
    }
  }
  tasks.usedMemBytes[row] = usedMemBytes;
}

/** A bound task begins to run. */
export function start(cluster: Cluster, row: number, nowMs: number): void {
  const { tasks, hosts } = cluster;
  moveTo(tasks, row, TASK_STATE.running);
  const host = tasks.host[row];
  tasks.startedAtMs[row] = nowMs;
  tasks.bookedAtMs[row] = nowMs;
  if (tasks.kind[row] === TASK_KIND.online) hosts.onlineMemBytes[host] += tasks.usedMemBytes[row];
  else addRunning(tasks, hosts, row, host, 1);
  note(cluster, nowMs, CHANGE.start, row, host, 0);
}

/** A running task has done its work; its place is free at once. */
export function finish(cluster: Cluster, row: number, nowMs: number): void {
  const host = cluster.tasks.host[row];
  leaveHost(cluster, row);
  moveTo(cluster.tasks, row, TASK_STATE.finished);
  note(cluster, nowMs, CHANGE.finish, row, host, 0);
}

/** A bound or running task loses its place and waits again. `change` is CHANGE.evict or CHANGE.fail. */
export function loseAttempt(cluster: Cluster, row: number, nowMs: number, change: number, reason: number): void {
  const { tasks } = cluster;
  const host = tasks.host[row];
  leaveHost(cluster, row);
  moveTo(tasks, row, TASK_STATE.pending);
  tasks.readyAtMs[row] = nowMs;
  tasks.leftMs[row] = tasks.durationMs[row];
  tasks.speed[row] = 0;
  tasks.generation[row]++;
  note(cluster, nowMs, change, row, host, reason);
}

/** A bound task that has not started gives its place back, as if it had never been bound: it goes on waiting. */
export function forget(cluster: Cluster, row: number, nowMs: number): void {
  const { tasks } = cluster;
  if (tasks.state[row] !== TASK_STATE.bound) fail(`task ${tasks.id[row]} gives back a place it does not hold`);
  const host = tasks.host[row];
  leaveHost(cluster, row);
  moveTo(tasks, row, TASK_STATE.pending);
  tasks.leftMs[row] = tasks.durationMs[row];
  tasks.generation[row]++;
  note(cluster, nowMs, CHANGE.forget, row, host, 0);
}

/** Whether a host has room for a placed task that asks for other amounts: more of a resource must fit, less of it always does. */
export function canResize(cluster: Cluster, row: number, milliCpu: number, memBytes: number): boolean {
  const { tasks, hosts } = cluster;
  const host = tasks.host[row];
  const at = tasks.tier[row] * hosts.count + host;
  const moreCpu = milliCpu - tasks.requestMilliCpu[row];
  const moreMem = memBytes - tasks.requestMemBytes[row];
  const freeCpu = hosts.soldMilliCpu[at] - hosts.allocatedMilliCpu[at] - hosts.heldMilliCpu[at];
  const freeMem = hosts.soldMemBytes[at] - hosts.allocatedMemBytes[at] - hosts.heldMemBytes[at];
  return (moreCpu <= 0 || moreCpu <= freeCpu) && (moreMem <= 0 || moreMem <= freeMem);
}

/**
 * A task asks for other amounts of CPU and memory: a placed one where it stands (Kubernetes' in-place resize, a container that YARN
 * updates), a pending one wherever it will go. What it uses is not changed. Tasks with CPUs of their own keep their size.
 */
export function resize(cluster: Cluster, row: number, milliCpu: number, memBytes: number, nowMs: number): void {
  const { tasks, hosts, digest } = cluster;
  const state = tasks.state[row];
  const isPlaced = state === TASK_STATE.bound || state === TASK_STATE.running;
  if (!isPlaced && state !== TASK_STATE.pending) fail(`task ${tasks.id[row]} is resized while it is nowhere`);
  if (!(milliCpu >= 0) || !(memBytes >= 0)) fail(`task ${tasks.id[row]} would ask for ${milliCpu}m, ${memBytes} bytes`);
  if (tasks.cpuRequest[row] !== 0) fail(`task ${tasks.id[row]} has CPUs of its own and cannot be resized`);
  if (hosts.zones.takes[row] !== undefined)
    fail(`task ${tasks.id[row]} has its place in NUMA zones and cannot be resized`);
  if (isPlaced && !canResize(cluster, row, milliCpu, memBytes))
    fail(
      `task ${tasks.id[row]} grows to ${milliCpu}m and ${memBytes} bytes; host ${tasks.host[row]} has no room for it`,
    );
  const host = tasks.host[row];
  const moreCpu = milliCpu - tasks.requestMilliCpu[row];
  const moreMem = memBytes - tasks.requestMemBytes[row];
  tasks.requestMilliCpu[row] = milliCpu;
  tasks.requestMemBytes[row] = memBytes;
  if (isPlaced) {
    const at = tasks.tier[row] * hosts.count + host;
    hosts.allocatedMilliCpu[at] += moreCpu;
    hosts.allocatedMemBytes[at] += moreMem;
    if (tasks.kind[row] !== TASK_KIND.online) {
      if (at < hosts.count) hosts.beNativeMilliCpu[host] += moreCpu;
      if (state === TASK_STATE.running) hosts.beRunningRequestMilliCpu[host] += moreCpu;
    }
    hosts.gpus.revision[host]++;
    noteChange(hosts.changes, host);
  }
  mix(digest, Math.floor(memBytes / 4294967296), memBytes % 4294967296, 0, host);
  note(cluster, nowMs, CHANGE.resize, row, host, milliCpu);
}

/** A held, pending, bound or running task is given up. */
export function abandon(cluster: Cluster, row: number, nowMs: number): void {
  const { tasks } = cluster;
  if (tasks.state[row] === TASK_STATE.bound || tasks.state[row] === TASK_STATE.running) leaveHost(cluster, row);
  moveTo(tasks, row, TASK_STATE.abandoned);
  note(cluster, nowMs, CHANGE.abandon, row, -1, 0);
}

/** Sets what a host sells in a tier. */
export function publish(
  cluster: Cluster,
  host: number,
  tier: number,
  milliCpu: number,
  memBytes: number,
  nowMs: number,
): void {
  const { hosts } = cluster;
  if (!(milliCpu >= 0) || !(memBytes >= 0)) fail(`host ${host} would sell ${milliCpu}m and ${memBytes} bytes`);
  const at = tier * hosts.count + host;
  hosts.soldMilliCpu[at] = milliCpu;
  hosts.soldMemBytes[at] = memBytes;
  if (tier === TIER.batch) {
    hosts.publishedAtMs[host] = nowMs;
    publishEvenly(hosts, host, milliCpu, memBytes);
  }
  hosts.gpus.revision[host]++;
  noteChange(hosts.changes, host);
  mix(cluster.digest, nowMs, CHANGE.publish | (tier << 8), milliCpu, host);
  mix(cluster.digest, Math.floor(memBytes / 4294967296), memBytes % 4294967296, 0, host);
  if (cluster.sink !== null) cluster.sink(nowMs, CHANGE.publish, -1, host, milliCpu, -1);
}

/** A seller that knows of no zones sells each an equal part. */
function publishEvenly({ zones }: HostTable, host: number, milliCpu: number, memBytes: number): void {
  const count = zonesOf(zones, host);
  for (let at = zones.firstZone[host]; at < zones.firstZone[host + 1]; at++) {
    zones.soldMilliCpu[at] = Math.floor(milliCpu / count);
    zones.soldMemBytes[at] = Math.floor(memBytes / count);
  }
}

/** Sets what one NUMA zone of a host sells to the batch tier; after the host's own. Zones are numbered from 0 on their host. */
export function publishZone(
  cluster: Cluster,
  host: number,
  zone: number,
  milliCpu: number,
  memBytes: number,
  nowMs: number,
): void {
  const { hosts } = cluster;
  if (!(zone >= 0 && zone < zonesOf(hosts.zones, host))) fail(`host ${host} has no NUMA zone ${zone}`);
  if (!(milliCpu >= 0) || !(memBytes >= 0))
    fail(`zone ${zone} of host ${host} would sell ${milliCpu}m, ${memBytes} bytes`);
  const at = hosts.zones.firstZone[host] + zone;
  hosts.zones.soldMilliCpu[at] = milliCpu;
  hosts.zones.soldMemBytes[at] = memBytes;
  noteChange(hosts.changes, host);
  mix(cluster.digest, nowMs, CHANGE.publish | ((16 + zone) << 8), milliCpu, host);
  mix(cluster.digest, Math.floor(memBytes / 4294967296), memBytes % 4294967296, 0, host);
}

/** Takes a host out of service or brings it back. Its tasks must have been moved off before. */
export function setHostUp(cluster: Cluster, host: number, up: boolean, nowMs: number): void {
  const { hosts } = cluster;
  if (!up && (hosts.taskCount[host] > 0 || hosts.podCount[host] > 0))
    fail(`host ${host} goes down with ${hosts.taskCount[host]} tasks and ${hosts.podCount[host]} pods on it`);
  hosts.up[host] = up ? 1 : 0;
  noteChange(hosts.changes, host);
  const change = up ? CHANGE.hostUp : CHANGE.hostDown;
  mix(cluster.digest, nowMs, change, -1, host);
  if (cluster.sink !== null) cluster.sink(nowMs, change, -1, host, 0, -1);
}

function leaveHost(cluster: Cluster, row: number): void {
  const { tasks, hosts } = cluster;
  const host = tasks.host[row];
  const at = tasks.tier[row] * hosts.count + host;
  hosts.allocatedMilliCpu[at] -= tasks.requestMilliCpu[row];
  hosts.allocatedMemBytes[at] -= tasks.requestMemBytes[row];
  if (tasks.gpuHeld[row] !== 0) {
    giveCards(hosts.gpus, tasks.gpuRequest[row], host, tasks.gpuHeld[row]);
    tasks.gpuHeld[row] = 0;
  }
  if (tasks.cpuRequest[row] !== 0) giveCpus(hosts.cpus, tasks.cpuRequest[row], host, row);
  giveZones(hosts.zones, row, host);
  hosts.gpus.revision[host]++;
  const running = tasks.state[row] === TASK_STATE.running;
  if (tasks.kind[row] === TASK_KIND.online) {
    hosts.podCount[host]--;
    if (running) hosts.onlineMemBytes[host] -= tasks.usedMemBytes[row];
  } else {
    unlinkFromHost(tasks, hosts, row, host);
    if (at < hosts.count) hosts.beNativeMilliCpu[host] -= tasks.requestMilliCpu[row];
    if (running) addRunning(tasks, hosts, row, host, -1);
  }
  tasks.host[row] = -1;
  noteChange(hosts.changes, host);
}

function addRunning(tasks: TaskTable, hosts: HostTable, row: number, host: number, sign: 1 | -1): void {
  if (sign === 1) {
    tasks.runningAt[row] = tasks.runningCount;
    tasks.runningRows[tasks.runningCount++] = row;
  } else {
    const hole = tasks.runningAt[row];
    const last = tasks.runningRows[--tasks.runningCount];
    tasks.runningRows[hole] = last;
    tasks.runningAt[last] = hole;
    tasks.runningAt[row] = -1;
  }
  const demand = sign * tasks.demandMilliCpu[row];
  hosts.beDemandMilliCpu[host] += demand;
  hosts.beDemandByClass[host * PRESSURE_CLASS_COUNT + tasks.pressureClass[row]] += demand;
  hosts.beMemBytes[host] += sign * tasks.usedMemBytes[row];
  hosts.beRunningRequestMilliCpu[host] += sign * tasks.requestMilliCpu[row];
  if (tasks.tier[row] === TIER.mid) {
    hosts.midDemandMilliCpu[host] += demand;
    hosts.midMemBytes[host] += sign * tasks.usedMemBytes[row];
  }
}

function linkToHost(tasks: TaskTable, hosts: HostTable, row: number, host: number): void {
  const first = hosts.firstTask[host];
  tasks.nextOnHost[row] = first;
  tasks.previousOnHost[row] = -1;
  if (first >= 0) tasks.previousOnHost[first] = row;
  hosts.firstTask[host] = row;
  hosts.taskCount[host]++;
}

function unlinkFromHost(tasks: TaskTable, hosts: HostTable, row: number, host: number): void {
  const next = tasks.nextOnHost[row];
  const previous = tasks.previousOnHost[row];
  if (previous >= 0) tasks.nextOnHost[previous] = next;
  else hosts.firstTask[host] = next;
  if (next >= 0) tasks.previousOnHost[next] = previous;
  hosts.taskCount[host]--;
}

/** Writes the best-effort rows on `host` into `out` in ascending order; returns how many. Insertion sort: lists are short. */
export function taskRowsOnHost(cluster: Cluster, host: number, out: Int32Array): number {
  const { tasks, hosts } = cluster;
  let n = 0;
  if (hosts.taskCount[host] > out.length)
    fail(`host ${host} has ${hosts.taskCount[host]} tasks, room is for ${out.length}`);
  for (let row = hosts.firstTask[host]; row >= 0; row = tasks.nextOnHost[row]) out[n++] = row;
  for (let i = 1; i < n; i++) {
    const row = out[i];
    let j = i - 1;
    while (j >= 0 && out[j] > row) {
      out[j + 1] = out[j];
      j--;
    }
    out[j + 1] = row;
  }
  return n;
}
