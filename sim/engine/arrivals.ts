/** How a best-effort task enters the cluster, from the stream or from the plane's own clock: its row is opened, it is held or pending, and the plane hears of it. */
import { fail } from '../../policies/base/assert.ts';
import { PRESSURE_CLASSES } from '../../traces/format.ts';
import { submit } from '../cluster/apply.ts';
import { TASK_KIND, takeRow } from '../cluster/tasks.ts';
import type { RunOfWork } from '../planes/control-plane.ts';
import type { Engine } from './engine.ts';
import { nextArrivalMs } from './intake.ts';
import { holdTask, openJob } from './jobs.ts';
import { dropOrphan, MS_PER_CORE_HOUR } from './lifecycle.ts';
import { usedByTask } from './pod-overhead.ts';
import { countBatch, WORK } from './recorder.ts';
import { tierOfPriority } from './tier-of-priority.ts';

/** Takes in every task that arrives at `nowMs`. */
export function takeArrivals(engine: Engine, nowMs: number): void {
  const { intake, hours } = engine;
  while (nextArrivalMs(intake, hours) <= nowMs) takeArrival(engine, nowMs);
}

function takeArrival(engine: Engine, nowMs: number): void {
  const { intake, cluster, jobs } = engine;
  const { tasks } = cluster;
  const { chunk } = intake;
  const at = intake.next++;
  const population = chunk.population[at];
  const number = chunk.job[at];
  if (number !== intake.jobNumber) {
    intake.jobNumber = number;
    intake.jobRow = openJob(jobs, population, nowMs, chunk.deadlineMs[at]);
  }
  const job = intake.jobRow;
  // A task that never leaves lasts longer than the run.
  const stays = engine.plan.bestEffort.departures === 'ignored';
  const row = takeBatchRow(
    engine,
    population,
    chunk.requestMilliCpu[at],
    chunk.requestMemBytes[at],
    stays ? 2 * engine.plan.horizonMs : chunk.durationMs[at],
    nowMs,
  );
  tasks.demandMilliCpu[row] = chunk.demandMilliCpu[at];
  const usedMemBytes = Math.ceil(chunk.usedMemBytes[at]);
  tasks.fullMemBytes[row] = usedByTask(engine.podOverhead, usedMemBytes, chunk.requestMemBytes[at]);
  tasks.usedMemBytes[row] = tasks.fullMemBytes[row];
  tasks.job[row] = job;
  tasks.stage[row] = chunk.stage[at];
  tasks.gpuRequest[row] = chunk.gpu[at] === 0 ? 0 : engine.gpuRequests.batchOffset + chunk.gpu[at];
  tasks.podShape[row] = engine.batchShape(
    tasks.requestMilliCpu[row],
    tasks.requestMemBytes[row],
    tasks.tier[row],
    engine.placement?.laneOf?.[population] ?? 0,
    tasks.gpuRequest[row],
  );
  jobs.left[job]++;
  const orphan = waitsForParents(engine, row);
  const held = chunk.stage[at] > 0 || orphan;
  if (!held) jobs.leftReleased[job]++;
  submit(cluster, row, nowMs, held);
  bookSubmitted(engine, row, nowMs);
  if (orphan) dropOrphan(engine, row, nowMs);
  else if (held) holdTask(jobs, tasks, job, row);
  else engine.plane.onPending(row, nowMs);
}

/** A free row with what every best-effort task begins with; what it uses, its job and its shape are the caller's. */
function takeBatchRow(
  engine: Engine,
  population: number,
  requestMilliCpu: number,
  requestMemBytes: number,
  durationMs: number,
  nowMs: number,
  id = engine.intake.nextTaskId++,
): number {
  const { intake, cluster, podOverhead } = engine;
  const { tasks } = cluster;
  const about = intake.source.populations[population];
  const row = takeRow(tasks);
  tasks.kind[row] = TASK_KIND.bestEffort;
  tasks.tier[row] = tierOfPriority(about.priority, engine.plane.bestEffortTier);
  tasks.group[row] = population;
  tasks.id[row] = id;
  tasks.priority[row] = about.priority;
  tasks.pressureClass[row] = PRESSURE_CLASSES.indexOf(about.pressureClass);
  tasks.requestMilliCpu[row] = requestMilliCpu + podOverhead.requestMilliCpu;
  tasks.requestMemBytes[row] = Math.ceil(requestMemBytes / 1024) * 1024 + podOverhead.requestMemBytes;
  tasks.submitAtMs[row] = nowMs;
  tasks.durationMs[row] = durationMs;
  tasks.leftMs[row] = durationMs;
  tasks.speed[row] = 0;
  tasks.keptMs[row] = 0;
  tasks.recomputeMs[row] = 0;
  tasks.isCopy[row] = 0;
  tasks.mate[row] = -1;
  tasks.attempts[row] = 0;
  tasks.failing[row] = 0;
  return row;
}

function bookSubmitted(engine: Engine, row: number, nowMs: number): void {
  const { recorder, cluster } = engine;
  const { durationMs, demandMilliCpu, requestMilliCpu, group } = cluster.tasks;
  recorder.work[WORK.submitted] += durationMs[row] * demandMilliCpu[row];
  countBatch(recorder, 'submitted', group[row], nowMs, 1);
  const coreHours = (durationMs[row] * requestMilliCpu[row]) / MS_PER_CORE_HOUR;
  countBatch(recorder, 'offeredCoreHours', group[row], nowMs, coreHours);
}

/** A task that the control plane starts by its own clock: a job of one task that waits from now on. Its memory is used in full. */
export function submitRun(engine: Engine, run: RunOfWork, nowMs: number): number {
  const { cluster, jobs } = engine;
  const { tasks } = cluster;
  if (engine.dependencies !== null) fail('tasks of a trace are found by number; a control plane cannot add to them');
  const job = openJob(jobs, run.population, nowMs, Number.POSITIVE_INFINITY);
  const row = takeBatchRow(engine, run.population, run.requestMilliCpu, run.requestMemBytes, run.durationMs, nowMs);
  tasks.demandMilliCpu[row] = run.demandMilliCpu;
  tasks.fullMemBytes[row] = usedByTask(engine.podOverhead, run.requestMemBytes, run.requestMemBytes);
  tasks.usedMemBytes[row] = tasks.fullMemBytes[row];
  tasks.job[row] = job;
  tasks.stage[row] = 0;
  tasks.gpuRequest[row] = 0;
  tasks.podShape[row] = engine.batchShape(
    tasks.requestMilliCpu[row],
    tasks.requestMemBytes[row],
    tasks.tier[row],
    0,
    0,
  );
  jobs.left[job]++;
  jobs.leftReleased[job]++;
  submit(cluster, row, nowMs, false);
  bookSubmitted(engine, row, nowMs);
  engine.plane.onPending(row, nowMs);
  return row;
}

/** Numbers of copies: 2^39 + 2^27 and up, apart from those of tasks, so that numbers of tasks do not move with them and draws by number (x 16, 32 bits) meet no task's. */
export const FIRST_COPY = 2_199_023_255_552 / 4 + 134_217_728;

/** A copy of a running task, in a job of its own that no table counts: it waits from now on. */
export function submitCopy(engine: Engine, original: number, copies: number, nowMs: number): number {
  const { cluster, jobs, podOverhead, recorder } = engine;
  const { tasks } = cluster;
  const row = takeBatchRow(
    engine,
    tasks.group[original],
    tasks.requestMilliCpu[original] - podOverhead.requestMilliCpu,
    tasks.requestMemBytes[original] - podOverhead.requestMemBytes,
    tasks.durationMs[original],
    nowMs,
    FIRST_COPY + copies,
  );
  for (const name of ['demandMilliCpu', 'fullMemBytes', 'gpuRequest', 'podShape'] as const)
    tasks[name][row] = tasks[name][original];
  tasks.usedMemBytes[row] = tasks.fullMemBytes[row];
  tasks.stage[row] = 0;
  tasks.job[row] = openJob(jobs, tasks.group[row], nowMs, Number.POSITIVE_INFINITY);
  jobs.left[tasks.job[row]]++;
  jobs.leftReleased[tasks.job[row]]++;
  tasks.isCopy[row] = 1;
  tasks.mate[row] = original;
  tasks.mate[original] = row;
  submit(cluster, row, nowMs, false);
  recorder.work[WORK.submitted] += tasks.durationMs[row] * tasks.demandMilliCpu[row];
  engine.plane.onPending(row, nowMs);
  return row;
}

/** Whether a task has parents that are not done; it is then found by its number. */
function waitsForParents(engine: Engine, row: number): boolean {
  const { dependencies, cluster } = engine;
  if (dependencies === null) return false;
  const number = cluster.tasks.id[row] - cluster.tasks.firstBestEffort;
  if (dependencies.openParents[number] === 0) return false;
  dependencies.rowOf[number] = row;
  return true;
}
