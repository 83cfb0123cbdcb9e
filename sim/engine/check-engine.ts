/**
 * Holds a run against the facts that must be true between any two events: nothing that waits is forgotten, nothing that is under way
 * lacks its next event, and every count is what counting gives.
 */
import { assert, fail } from '../../policies/base/assert.ts';
import { checkCluster } from '../cluster/check-cluster.ts';
import type { Checker } from '../cluster/checker.ts';
import { TASK_KIND, TASK_STATE } from '../cluster/tasks.ts';
import type { Engine } from './engine.ts';
import { EVENT, rowOfPayload } from './lifecycle.ts';
import { WORK } from './recorder.ts';

/** Sums of doubles in another order may differ in the last digits: relative bound for sums of work. */
const WORK_TOLERANCE = 1e-9;

/** Full recomputation; throws InvariantError with the first fact that does not hold. For use between events. */
export function checkEngine(engine: Engine): void {
  const { cluster, online, placement } = engine;
  const { tasks, hosts } = cluster;
  checkCluster(cluster);
  checkWaiting(engine);
  checkStarts(engine);
  const ready = new Int32Array(online.services.count);
  const replicas = new Uint16Array(online.services.count * hosts.count);
  for (let row = 0; row < tasks.firstBestEffort; row++) {
    const s = tasks.group[row];
    if (online.silent[row] === 1 && (tasks.state[row] !== TASK_STATE.running || hosts.outages[tasks.host[row]] === 0))
      fail(`pod ${row} is silent although its host is alive`);
    if (tasks.state[row] === TASK_STATE.running && online.silent[row] === 0) {
      ready[s]++;
      if (hosts.outages[tasks.host[row]] > 0) fail(`pod ${row} answers from host ${tasks.host[row]}, which is dead`);
    }
    if (tasks.host[row] >= 0) replicas[s * hosts.count + tasks.host[row]]++;
  }
  for (let s = 0; s < ready.length; s++)
    if (ready[s] !== online.ready[s]) fail(`service ${s} has ${ready[s]} ready replicas and counts ${online.ready[s]}`);
  const kept = placement === null ? replicas : placement.view.replicasOnHost;
  for (let i = 0; i < kept.length; i++)
    if (kept[i] !== replicas[i]) fail(`replicasOnHost[${i}] is ${kept[i]}, counting gives ${replicas[i]}`);
  checkJobs(engine);
  engine.plane.check?.();
}

/** Every pending task stands in exactly one place of the plane's queues. */
function checkWaiting(engine: Engine): void {
  const { tasks } = engine.cluster;
  const rows = engine.plane.waitingRows();
  const seen = new Set<number>();
  for (const row of rows) {
    if (seen.has(row)) fail(`task ${tasks.id[row]} waits twice`);
    seen.add(row);
    if (tasks.state[row] !== TASK_STATE.pending)
      fail(`task ${tasks.id[row]} waits, but is in state ${tasks.state[row]}`);
  }
  for (let row = 0; row < tasks.used; row++)
    if (tasks.state[row] === TASK_STATE.pending && !seen.has(row))
      fail(`task ${tasks.id[row]} is pending, but waits nowhere: it is lost`);
}

/** Every bound task has its start ahead of it. */
function checkStarts(engine: Engine): void {
  const { tasks } = engine.cluster;
  const { count, kind, payload } = engine.calendar.snapshot();
  const starts = new Set<number>();
  for (let i = 0; i < count; i++) {
    if (kind[i] !== EVENT.start) continue;
    const row = rowOfPayload(tasks, payload[i]);
    if (row >= 0) starts.add(row);
  }
  for (const row of engine.plane.assumedRows?.() ?? []) {
    if (starts.has(row)) fail(`task ${tasks.id[row]} is only assumed, and would start`);
    starts.add(row);
  }
  for (let row = 0; row < tasks.used; row++)
    if (tasks.state[row] === TASK_STATE.bound && !starts.has(row))
      fail(`task ${tasks.id[row]} is bound and never starts`);
}

/** A job counts its tasks that are still there, and has one stage under way: later ones are held, and none is held for nothing. */
function checkJobs(engine: Engine): void {
  const { jobs } = engine;
  const { tasks } = engine.cluster;
  const left = new Int32Array(jobs.left.length);
  const released = new Int32Array(jobs.left.length);
  const stage = new Int32Array(jobs.left.length).fill(-1);
  for (let row = tasks.firstBestEffort; row < tasks.used; row++) {
    const state = tasks.state[row];
    if (state < TASK_STATE.held || state > TASK_STATE.running || tasks.kind[row] !== TASK_KIND.bestEffort) continue;
    const job = tasks.job[row];
    left[job]++;
    if (state === TASK_STATE.held) continue;
    released[job]++;
    if (stage[job] >= 0 && stage[job] !== tasks.stage[row]) fail(`job row ${job} has two stages under way`);
    stage[job] = tasks.stage[row];
  }
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (
      engine.dependencies === null &&
      tasks.state[row] === TASK_STATE.held &&
      !(stage[tasks.job[row]] >= 0 && tasks.stage[row] > stage[tasks.job[row]])
    )
      fail(
        `task ${tasks.id[row]} of stage ${tasks.stage[row]} is held while stage ${stage[tasks.job[row]]} is under way`,
      );
  for (let job = 0; job < jobs.used; job++)
    if (left[job] !== jobs.left[job] || released[job] !== jobs.leftReleased[job])
      fail(
        `job row ${job}: ${left[job]} tasks left, ${released[job]} released; counted ${jobs.left[job]}, ${jobs.leftReleased[job]}`,
      );
}

/** At the end of a run: work in = done + abandoned + left, in the recorder's books and in the checker's. */
export function checkWork(engine: Engine, checker: Checker): void {
  const { work } = engine.recorder;
  const seen = checker.work();
  const near = (a: number, b: number) => Math.abs(a - b) <= WORK_TOLERANCE * Math.max(1, Math.abs(a));
  assert(
    near(work[WORK.submitted], seen.submitted),
    `recorded ${work[WORK.submitted]} submitted, seen ${seen.submitted}`,
  );
  assert(near(work[WORK.done], seen.done), `recorded ${work[WORK.done]} done, seen ${seen.done}`);
  assert(
    near(work[WORK.abandoned], seen.abandoned),
    `recorded ${work[WORK.abandoned]} abandoned, seen ${seen.abandoned}`,
  );
  assert(
    near(seen.submitted, seen.done + seen.abandoned + seen.left),
    `${seen.submitted} submitted = ${seen.done} done + ${seen.abandoned} abandoned + ${seen.left} left`,
  );
  assert(work[WORK.wasted] >= 0, 'wasted work is not negative');
}
