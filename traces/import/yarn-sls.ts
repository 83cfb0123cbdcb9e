/**
 * YARN SLS and Rumen: JSON objects one after another, not an array.
 *
 * SLS: optional `{num.nodes}`, then jobs with `job.start.ms`, `job.count` copies and tasks with `count` containers, `container.start.ms`
 * and `container.end.ms` or `duration.ms`. A container is one core and 1 GiB unless it says so. Rumen: `jobID, submitTime, mapTasks[],
 * reduceTasks[]` with attempts. A reduce waits for the map that ended last. SYNTH files describe
 * distributions: jobs are drawn from them (yarn-synth.ts).
 */
import { TraceError } from '../../policies/base/assert.ts';
import { countedNote, type HostRow, hostColumns, type ImportedTrace, type TaskRow, taskColumns } from './canonical.ts';
import { asId, asList, asNumber, type Located, member, textOr } from './json-access.ts';
import { readJsonValues } from './json-stream.ts';
import { drawSynth } from './yarn-synth.ts';

const CONTAINER_MIB = 1024;
const MOST_NODES = 1_000_000;

interface Reading {
  readonly rows: TaskRow[];
  readonly hosts: Set<string>;
  nodes: number;
  unfinished: number;
  readonly notes: string[];
}

/** Reads one file. Throws TraceError with file and JSON path. */
export async function importYarnSls(path: string): Promise<ImportedTrace> {
  const reading: Reading = { rows: [], hosts: new Set(), nodes: 0, unfinished: 0, notes: [] };
  const values = await readJsonValues(path);
  values.forEach((value, index) => {
    if (member(value, 'num.nodes').value !== undefined) reading.nodes = asNumber(member(value, 'num.nodes'));
    else if (member(value, 'job_classes').value !== undefined || member(value, 'workloads').value !== undefined)
      readSynth(value, reading);
    else if (member(value, 'jobID').value !== undefined) readRumen(value, reading);
    else readSls(value, index, reading);
  });
  if (reading.rows.length === 0) throw new TraceError(`${path}: no job with a container`);
  if (reading.nodes > MOST_NODES) throw new TraceError(`${path}: num.nodes is ${reading.nodes}; at most ${MOST_NODES}`);
  if (new Set(reading.rows.map((row) => row.id)).size < reading.rows.length)
    throw new TraceError(`${path}: two jobs have the same id`);
  const least = reading.rows.reduce((low, row) => Math.min(low, row.submitMs), Infinity);
  const rows = reading.rows.map((row) => ({ ...row, submitMs: row.submitMs - least }));
  const named = Array.from(reading.hosts).sort();
  const ids = named.length > 0 ? named : Array.from({ length: reading.nodes }, (_, index) => `node-${index}`);
  return {
    format: 'yarn-sls',
    startUnixMs: least > 1e12 ? least : null,
    hosts: hostColumns(ids.map((id): HostRow => ({ id, milliCpu: Number.NaN, memMib: Number.NaN }))),
    tasks: taskColumns(rows).tasks,
    use: null,
    columns: {
      'tasks.durationMs': {
        kind: 'absolute',
        from: 'container.end.ms - container.start.ms, else duration.ms',
        scale: 1,
      },
      'tasks.requestMilliCpu': { kind: 'assumed', from: 'container.vcores, one when not said', scale: 1000 },
      'tasks.requestMemMib': { kind: 'assumed', from: 'container.memory MB, 1024 when not said', scale: 1 },
    },
    notes: [...reading.notes, ...countedNote(reading.unfinished, 'containers have no end: their duration is unknown')],
  };
}

function numberOr(located: Located, fallback: number): number {
  return located.value === undefined || located.value === null ? fallback : asNumber(located);
}

function readSynth(root: Located, reading: Reading): void {
  const { jobs, nodes, seed } = drawSynth(root);
  reading.nodes = nodes;
  reading.notes.push(
    `${jobs.length} jobs are drawn from a SYNTH description with its rand_seed ${seed}: its distributions, not the jobs that SLS would draw; times are seconds`,
  );
  for (const job of jobs) addJob(job, reading);
}

function readSls(job: Located, index: number, reading: Reading): void {
  const name = member(job, 'job.id').value === undefined ? `job-${index}` : asId(member(job, 'job.id'));
  const startMs = numberOr(member(job, 'job.start.ms'), 0);
  const copies = numberOr(member(job, 'job.count'), 1);
  for (let copy = 0; copy < copies; copy++) {
    const jobId = copies === 1 ? name : `${name}#${copy + 1}`;
    const rows = asList(member(job, 'job.tasks'), true).map((task, at) => {
      const containerStart = numberOr(member(task, 'container.start.ms'), startMs);
      const end = member(task, 'container.end.ms');
      const ran = numberOr(member(task, 'duration.ms'), Number.NaN);
      const durationMs = end.value === undefined ? ran : asNumber(end) - containerStart;
      if (durationMs < 0) throw new TraceError(`${end.where} lies ${-durationMs} ms before its start`);
      const host = textOr(member(task, 'container.host'), '');
      const instances = numberOr(member(task, 'count'), 1);
      return {
        id: `${jobId}/${at}`,
        group: jobId,
        submitMs: startMs,
        durationMs,
        instances,
        requestMilliCpu: numberOr(member(task, 'container.vcores'), 1) * 1000 * instances,
        requestMemMib: numberOr(member(task, 'container.memory'), CONTAINER_MIB) * instances,
        qos: textOr(member(task, 'container.execution.type'), ''),
        status: textOr(member(task, 'container.type'), 'map'),
        host,
        endMs: containerStart + durationMs,
      };
    });
    addJob(rows, reading);
  }
}

function readRumen(job: Located, reading: Reading): void {
  const jobId = asId(member(job, 'jobID'));
  const submitMs = numberOr(member(job, 'submitTime'), 0);
  const rows: (TaskRow & { endMs: number })[] = [];
  for (const [list, type] of [
    ['mapTasks', 'map'],
    ['reduceTasks', 'reduce'],
  ] as const)
    for (const task of asList(member(job, list), true)) {
      const attempt = asList(member(task, 'attempts'), true).at(-1);
      const startMs = attempt === undefined ? Number.NaN : numberOr(member(attempt, 'startTime'), Number.NaN);
      const endMs = attempt === undefined ? Number.NaN : numberOr(member(attempt, 'finishTime'), Number.NaN);
      rows.push({
        id: `${jobId}/${rows.length}`,
        group: jobId,
        submitMs,
        durationMs: endMs >= startMs ? endMs - startMs : Number.NaN,
        requestMilliCpu: 1000,
        requestMemMib: CONTAINER_MIB,
        status: type,
        host: attempt === undefined ? '' : textOr(member(attempt, 'hostName'), ''),
        endMs,
      });
    }
  addJob(rows, reading);
}

/** Adds the tasks of one job; reduces wait for the map that ended last. */
function addJob(tasks: readonly (TaskRow & { endMs: number })[], reading: Reading): void {
  const maps = tasks.filter((task) => task.status === 'map');
  const last = maps.reduce<(typeof maps)[number] | undefined>(
    (best, task) => (best === undefined || task.endMs > best.endMs ? task : best),
    undefined,
  );
  for (const { endMs: _, ...row } of tasks) {
    if (Number.isNaN(row.durationMs)) reading.unfinished += 1;
    if (row.host !== undefined && row.host !== '') reading.hosts.add(row.host);
    reading.rows.push(row.status === 'reduce' && last !== undefined ? { ...row, parents: [last.id] } : row);
  }
}
