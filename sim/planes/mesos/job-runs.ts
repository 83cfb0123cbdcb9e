/**
 * Jobs that a framework starts by its own clock: Chronos says when a run is due, and the plane makes a task of it.
 *
 * A run waits in the task table from the moment it is due until it is launched, dropped, or has failed for the last time. Runs of one job
 * are alike, so a launch takes the one that waits longest, and what is dropped is the one that began to wait last.
 */
import { fail } from '../../../policies/base/assert.ts';
import { risingSet } from '../../../policies/base/rising-map.ts';
import { BYTES_PER_MIB } from '../../../policies/base/units.ts';
import type { FrameworkActions, FrameworkContext } from '../../../policies/framework.ts';
import { type ChronosJobPlan, jobPopulation } from '../../plan/mesos.ts';
import type { RunOfWork } from '../control-plane.ts';
import type { Driver } from './driver.ts';
import type { MesosRun } from './mesos-run.ts';

export interface JobRuns {
  readonly run: RunOfWork;
  readonly diskMib: number;
  /** Rows of the task table that wait, longest first. */
  readonly waiting: Set<number>;
}

/** Submits the jobs of a framework, parents before children; each is the next row of its work. */
export function submitJobs(run: MesosRun, driver: Driver, context: FrameworkContext, out: FrameworkActions): void {
  const { framework, plan, state } = driver;
  for (const job of parentsFirst(plan.jobs ?? [])) {
    const population = run.setup.populations.indexOf(jobPopulation(plan.name, job.name));
    if (population < 0) fail(`runs of ${plan.name}'s job ${job.name} are counted nowhere`);
    const { milliCpu, memMib, diskMib, schedule, timeZone } = job;
    driver.jobs.set(driver.nextWork++, {
      run: {
        population,
        requestMilliCpu: milliCpu,
        requestMemBytes: memMib * BYTES_PER_MIB,
        demandMilliCpu: milliCpu * job.usageOverRequest,
        durationMs: job.durationMs,
      },
      diskMib,
      waiting: new Set(),
    });
    const { name, lane, parents, softError, epsilonMs, retries, concurrent, constraints } = job;
    const work = {
      name,
      instances: 1,
      milliCpu,
      memMiB: memMib,
      diskMiB: diskMib,
      lane,
      parents,
      softError,
      constraints,
    };
    const timing = schedule === '' ? {} : { schedule, scheduleTimeZone: timeZone };
    framework.submit(state, { ...work, ...timing, epsilonMs, retries, concurrent }, context, out);
  }
}

function parentsFirst(jobs: readonly ChronosJobPlan[]): ChronosJobPlan[] {
  const placed = new Set<string>();
  const order: ChronosJobPlan[] = [];
  while (order.length < jobs.length) {
    const before = order.length;
    for (const job of jobs) {
      if (placed.has(job.name) || !job.parents.every((parent) => placed.has(parent))) continue;
      placed.add(job.name);
      order.push(job);
    }
    if (order.length === before) fail('jobs that wait for each other are refused when a scenario is read');
  }
  return order;
}

/** A run of a job became due: a task that waits. */
export function runDue(run: MesosRun, driver: Driver, work: number, nowMs: number): void {
  const { s, setup } = run;
  const job = jobAt(driver, work);
  const row = setup.context.submit?.(job.run, nowMs) ?? fail('this engine takes no tasks from its plane');
  s.workOfRow[row] = work;
  s.driverOfRow[row] = driver.index;
  s.queued[driver.index]++;
  job.waiting.add(row);
}

/** A waiting run of a job is given up. */
export function runDropped(run: MesosRun, driver: Driver, work: number, nowMs: number): void {
  const { waiting } = jobAt(driver, work);
  const row = [...waiting].at(-1);
  if (row === undefined) fail(`${driver.plan.name} drops a run of work ${work}, and none waits`);
  waiting.delete(row);
  giveUpRow(run, driver, row, nowMs);
}

/** A waiting task is given up for good; its framework has forgotten it. */
export function giveUpRow({ s, setup }: MesosRun, driver: Driver, row: number, nowMs: number): void {
  s.waiting[row] = 0;
  s.queued[driver.index]--;
  s.workOfRow[row] = -1;
  s.driverOfRow[row] = -1;
  setup.context.giveUp(row, nowMs);
}

function jobAt(driver: Driver, work: number): JobRuns {
  return driver.jobs.get(work) ?? fail(`work ${work} of ${driver.plan.name} is no job`);
}

/** A task that was tried before waits again for a launch of its work. */
export function waitAgain(driver: Driver, work: number, row: number): void {
  const job = driver.jobs.get(work);
  if (job === undefined) risingSet(driver.targetOfWork, work, row);
  else job.waiting.add(row);
}

/** Takes the run that waits longest; -1 when none does. */
export function takeRun({ waiting }: JobRuns): number {
  for (const row of waiting) {
    waiting.delete(row);
    return row;
  }
  return -1;
}
