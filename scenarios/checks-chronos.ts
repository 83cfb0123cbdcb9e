/** Rules of the jobs of a Chronos: schedules, graph, sizes. Refusals that Chronos makes at its REST interface are made in its words. */
import { MS_PER_DAY } from '../policies/base/units.ts';
import { checkConstraint } from '../policies/chronos/constraints.ts';
import { parseSchedule, printDateTime } from '../policies/chronos/iso8601.ts';
import { addDependency, addJob, createDag } from '../policies/chronos/job-dag.ts';
import type { Report } from './checks.ts';
import { refusalOf } from './problems.ts';
import { constraintOf, laneCount, type MesosSection, startsAtMsOf } from './resolve-mesos.ts';
import type { Scenario } from './schema.ts';
import { knownText } from './suggest.ts';

type Framework = MesosSection['frameworks'][string];
type Jobs = Framework['jobs'];

const MS_PER_YEAR = 365 * MS_PER_DAY;
/** Rows of a table of populations are numbered in a byte. */
const MOST_POPULATIONS = 255;

/** Checks every job of every Chronos of `mesos`. */
export function checkChronosJobs(mesos: MesosSection, scenario: Partial<Scenario>, report: Report): void {
  const startsAtMs = refusalOf(() => startsAtMsOf(mesos));
  if (typeof startsAtMs === 'string')
    report.error(['controlPlane', 'startsAt'], `is "${mesos.startsAt}": ${startsAtMs}`);
  let count = Object.keys(scenario.bestEffort?.populations ?? {}).length;
  for (const [name, framework] of Object.entries(mesos.frameworks)) {
    const path = ['controlPlane', 'frameworks', name, 'jobs'];
    const jobs = Object.keys(framework.jobs).length;
    count += jobs;
    if (jobs === 0) continue;
    if (framework.kind !== 'chronos')
      report.error(path, `are given, but kind is ${framework.kind}; only chronos runs schedules and job graphs`);
    if (count > MOST_POPULATIONS)
      report.error(path, `and populations are ${count}; at most ${MOST_POPULATIONS} are counted apart`);
    if (scenario.bestEffort?.trace !== undefined)
      report.error(path, 'are given beside a replayed trace, whose tasks are found by number; leave one of them out', [
        ['bestEffort', 'trace'],
      ]);
    if (scenario.endWhenDone === true)
      report.error(path, 'are given, but endWhenDone is true; jobs with a schedule are never done', [['endWhenDone']]);
    checkGraph(framework.jobs, path, report);
    const lanes = laneCount(framework);
    for (const [job, it] of Object.entries(framework.jobs)) {
      const own = [...path, job];
      if (typeof startsAtMs === 'number') checkSchedule(it, startsAtMs, own, report);
      if (it.lane !== null && it.lane >= lanes)
        report.error([...own, 'lane'], `is ${it.lane}; the lanes are 0 to ${lanes - 1}`);
      it.constraints.forEach((rule, index) => {
        const problem = refusalOf(() => checkConstraint(constraintOf(rule)));
        if (typeof problem === 'string') report.error([...own, 'constraints', index], `is "${rule}": ${problem}`);
      });
      checkFits(it, scenario, own, report);
    }
  }
}

function checkSchedule(job: Jobs[string], nowMs: number, own: readonly string[], report: Report): void {
  if (job.schedule !== '' && job.parents.length > 0)
    report.error([...own, 'schedule'], 'is given, and parents too; a job has one of them', [[...own, 'parents']]);
  if (job.schedule === '') {
    if (job.parents.length === 0)
      report.error(own, 'has neither schedule nor parents; a job that runs once at the start is R1//P1D');
    if (job.timeZone !== '') report.error([...own, 'timeZone'], 'is given without a schedule');
    return;
  }
  const schedule = refusalOf(() => parseSchedule(job.schedule, nowMs, job.timeZone));
  if (typeof schedule === 'string') {
    const ofZone = job.timeZone !== '' && schedule.includes(job.timeZone) && !schedule.includes(job.schedule);
    report.error(
      [...own, ofZone ? 'timeZone' : 'schedule'],
      ofZone ? `is refused: ${schedule}` : `is refused: Cannot parse schedule '${job.schedule}': ${schedule}`,
    );
  } else if (schedule.startMs < nowMs - MS_PER_YEAR)
    report.error(
      [...own, 'schedule'],
      `is refused: Scheduled start date '${printDateTime(schedule.startMs)}' is more than 1 year in the past! The run begins at ${printDateTime(nowMs)}`,
      [['controlPlane', 'startsAt']],
    );
}

/** Every parent is a job, and no job waits for itself; an edge that closes a cycle is refused with the way round. */
function checkGraph(jobs: Jobs, path: readonly string[], report: Report): void {
  const dag = createDag();
  const names = Object.keys(jobs);
  for (const name of names) addJob(dag, name);
  for (const [name, { parents }] of Object.entries(jobs))
    parents.forEach((parent, index) => {
      const at = [...path, name, 'parents', index];
      if (!names.includes(parent))
        report.error(at, `is "${parent}": Error, parent does not exist; known: ${knownText(parent, names)}`);
      else if (parent === name) report.error(at, `is "${parent}": a job cannot follow itself`);
      else {
        const problem = refusalOf(() => addDependency(dag, parent, name));
        if (typeof problem === 'string') report.error(at, `is "${parent}": ${problem}`);
      }
    });
}

/** A run that no agent can hold would wait for ever at the head of its lane. */
function checkFits(job: Jobs[string], { cluster }: Partial<Scenario>, own: readonly string[], report: Report): void {
  if (cluster === undefined) return;
  const fits = Object.values(cluster.hosts).some(
    (host) =>
      host.count > 0 &&
      job.cpu <= host.cpu * (1 - cluster.reservedCpuPercent / 100) &&
      job.memory <= host.memory * (1 - cluster.reservedMemPercent / 100),
  );
  if (!fits)
    report.error(own, `asks for ${job.cpu}m and ${job.memory} MiB a run; no agent has that much`, [
      ['cluster', 'hosts'],
    ]);
}
