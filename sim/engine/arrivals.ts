/** How a best-effort task enters the cluster: its row is opened, it is held or pending, and the plane hears of it. */
import { PRESSURE_CLASSES } from '../../traces/format.ts';
import { submit } from '../cluster/apply.ts';
import { TASK_KIND, takeRow } from '../cluster/tasks.ts';
import type { Engine } from './engine.ts';
import { nextArrivalMs } from './intake.ts';
import { holdTask, openJob } from './jobs.ts';
import { dropOrphan, MS_PER_CORE_HOUR } from './lifecycle.ts';
import { countBatch, WORK } from './recorder.ts';
import { tierOfPriority } from './tier-of-priority.ts';

/** Takes in every task that arrives at `nowMs`. */
export function takeArrivals(engine: Engine, nowMs: number): void {
  const { intake, hours } = engine;
  while (nextArrivalMs(intake, hours) <= nowMs) takeArrival(engine, nowMs);
}

function takeArrival(engine: Engine, nowMs: number): void {
  const { intake, cluster, jobs, recorder } = engine;
  const { tasks } = cluster;
  const { chunk } = intake;
  const at = intake.next++;
  const population = chunk.population[at];
  const about = intake.source.populations[population];
  const number = chunk.job[at];
  if (number !== intake.jobNumber) {
    intake.jobNumber = number;
    intake.jobRow = openJob(jobs, population, nowMs, chunk.deadlineMs[at]);
  }
  const job = intake.jobRow;
  const row = takeRow(tasks);
  tasks.kind[row] = TASK_KIND.bestEffort;
  tasks.tier[row] = tierOfPriority(about.priority, engine.plane.bestEffortTier);
  tasks.group[row] = population;
  tasks.id[row] = intake.nextTaskId++;
  tasks.priority[row] = about.priority;
  tasks.pressureClass[row] = PRESSURE_CLASSES.indexOf(about.pressureClass);
  tasks.requestMilliCpu[row] = chunk.requestMilliCpu[at];
  tasks.requestMemBytes[row] = Math.ceil(chunk.requestMemBytes[at] / 1024) * 1024;
  tasks.demandMilliCpu[row] = chunk.demandMilliCpu[at];
  tasks.usedMemBytes[row] = Math.ceil(chunk.usedMemBytes[at]);
  tasks.submitAtMs[row] = nowMs;
  // A task that never leaves lasts longer than the run.
  const stays = engine.plan.bestEffort.departures === 'ignored';
  tasks.durationMs[row] = stays ? 2 * engine.plan.horizonMs : chunk.durationMs[at];
  tasks.leftMs[row] = tasks.durationMs[row];
  tasks.speed[row] = 0;
  tasks.attempts[row] = 0;
  tasks.failing[row] = 0;
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
  recorder.work[WORK.submitted] += tasks.durationMs[row] * tasks.demandMilliCpu[row];
  countBatch(recorder, 'submitted', population, nowMs, 1);
  countBatch(
    recorder,
    'offeredCoreHours',
    population,
    nowMs,
    (tasks.durationMs[row] * tasks.requestMilliCpu[row]) / MS_PER_CORE_HOUR,
  );
  if (orphan) dropOrphan(engine, row, nowMs);
  else if (held) holdTask(jobs, tasks, job, row);
  else engine.plane.onPending(row, nowMs);
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
