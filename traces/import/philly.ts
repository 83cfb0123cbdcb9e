/**
 * Microsoft Philly: cluster_job_log (a JSON array), cluster_machine_list and cluster_cpu_util CSV.
 *
 * Job times are US Pacific without a zone; utilisation rows carry PST or PDT. Attempts may be empty and their times null or "None". The
 * duration is the sum over attempts. The log has no CPU or memory request: `--scale cpu=CORES mem=MIB` per GPU (4 cores, 32 GiB unless given).
 */
import { TraceError } from '../../policies/base/assert.ts';
import { type RowPlace, readNumber, rejectRow } from '../readers/rows.ts';
import {
  countedNote,
  type HostRow,
  hostColumns,
  type ImportedTrace,
  serviceColumns,
  type TaskRow,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext, scaleOf } from './context.ts';
import { takeRows } from './headerless-rows.ts';
import { asList, asText, type Located, member, readJson, textOr } from './json-access.ts';
import { parsePacific } from './local-time.ts';
import { tableFiles } from './table-files.ts';

interface PhillyJob extends Omit<TaskRow, 'submitMs'> {
  readonly submitUnixMs: number;
}

/** Reads the files given. Throws ConfigError, TraceError with file and place. */
export async function importPhilly(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'philly',
    paths,
    { jobs: { pattern: /job_log/ }, machines: { pattern: /machine_list/ }, cpu: { pattern: /cpu_util/ } },
    context,
  );
  const milliPerGpu = scaleOf(context, 'cpu', 4) * 1000;
  const mibPerGpu = scaleOf(context, 'mem', 32_768);
  const jobs: PhillyJob[] = [];
  const seen = new Set<string>();
  const counts = { retried: 0, neverRan: 0, open: 0 };
  for (const path of files.jobs)
    for (const entry of asList(await readJson(path))) {
      try {
        const job = readJob(entry, milliPerGpu, mibPerGpu, counts);
        if (seen.has(job.id)) throw new TraceError(`${entry.where} repeats job ${job.id}`);
        seen.add(job.id);
        jobs.push(job);
      } catch (error) {
        dropRow(context, error);
      }
    }
  const hosts: HostRow[] = [];
  await takeRows({ name: 'cluster_machine_list', fields: 3 }, files.machines, context, (fields, place) => {
    if (place.row === 1) return;
    const gpus = readNumber(place, fields[1], 'number of GPUs');
    hosts.push({
      id: fields[0].trim(),
      milliCpu: gpus * milliPerGpu,
      memMib: gpus * mibPerGpu,
      gpus,
      gpuModel: fields[2].trim(),
    });
  });
  const milliOfHost = new Map(hosts.map((host) => [host.id, host.milliCpu]));
  const use = await readUse(files.cpu, milliOfHost, context);
  const startUnixMs = Math.min(
    jobs.reduce((low, job) => Math.min(low, job.submitUnixMs), Infinity),
    use.reduce((low, one) => Math.min(low, one.unixMs), Infinity),
  );
  const table = context.usage.open('cluster_cpu_util');
  for (const one of use)
    table.add(one.id, one.unixMs - startUnixMs, one.milliCpu, Number.NaN, Number.NaN, () => one.where);
  const measured = table.finish();
  return {
    format: 'philly',
    startUnixMs: Number.isFinite(startUnixMs) ? startUnixMs : null,
    hosts: hostColumns(hosts),
    tasks: taskColumns(jobs.map(({ submitUnixMs, ...row }) => ({ ...row, submitMs: submitUnixMs - startUnixMs })))
      .tasks,
    use: null,
    services: serviceColumns(
      measured.map(({ id }) => ({
        id,
        kind: 'host',
        requestMilliCpu: milliOfHost.get(id) ?? 8 * milliPerGpu,
        requestMemMib: Number.NaN,
      })),
    ),
    columns: {
      'tasks.requestMilliCpu': { kind: 'assumed', from: 'GPUs x cores of a GPU', scale: milliPerGpu },
      'tasks.requestMemMib': { kind: 'assumed', from: 'GPUs x MiB of a GPU', scale: mibPerGpu },
      'tasks.durationMs': { kind: 'absolute', from: 'sum of the attempts', scale: 1 },
    },
    notes: [
      'times are US Pacific; those without a zone follow the rule of daylight saving since 2007',
      ...countedNote(counts.retried, 'jobs ran more than once; their duration is the sum'),
      ...countedNote(counts.neverRan, 'jobs have no attempt: they never ran'),
      ...countedNote(counts.open, 'jobs have an attempt without a start or an end: their duration is unknown'),
    ],
  };
}

function readJob(
  entry: Located,
  milliPerGpu: number,
  mibPerGpu: number,
  counts: { retried: number; neverRan: number; open: number },
): PhillyJob {
  const attempts = asList(member(entry, 'attempts'), true);
  const submitted = member(entry, 'submitted_time');
  const submitUnixMs = parsePacific(asText(submitted));
  if (Number.isNaN(submitUnixMs))
    throw new TraceError(`${submitted.where} is "${asText(submitted)}"; YYYY-MM-DD HH:MM:SS is expected`);
  let durationMs = attempts.length === 0 ? Number.NaN : 0;
  let gpus = 0;
  let host = '';
  for (const attempt of attempts) {
    const ran =
      parsePacific(textOr(member(attempt, 'end_time'), 'None')) -
      parsePacific(textOr(member(attempt, 'start_time'), 'None'));
    durationMs += ran >= 0 ? ran : Number.NaN;
    const detail = asList(member(attempt, 'detail'), true);
    gpus = detail.reduce((sum, part) => sum + asList(member(part, 'gpus'), true).length, 0);
    host = detail.length === 1 ? textOr(member(detail[0], 'ip'), '') : '';
  }
  if (attempts.length === 0) counts.neverRan += 1;
  else if (Number.isNaN(durationMs)) counts.open += 1;
  if (attempts.length > 1) counts.retried += 1;
  return {
    id: asText(member(entry, 'jobid')),
    group: textOr(member(entry, 'vc'), ''),
    submitUnixMs,
    durationMs,
    requestMilliCpu: gpus > 0 ? gpus * milliPerGpu : Number.NaN,
    requestMemMib: gpus > 0 ? gpus * mibPerGpu : Number.NaN,
    gpus,
    gpuMilli: gpus > 0 ? 1000 : 0,
    qos: textOr(member(entry, 'user'), ''),
    status: textOr(member(entry, 'status'), ''),
    host,
  };
}

async function readUse(paths: readonly string[], milliOfHost: ReadonlyMap<string, number>, context: ImportContext) {
  const use: { id: string; unixMs: number; milliCpu: number; where: string }[] = [];
  await takeRows({ name: 'cluster_cpu_util', fields: 3 }, paths, context, (fields, place: RowPlace) => {
    if (place.row === 1) return;
    const unixMs = parsePacific(fields[0]);
    if (Number.isNaN(unixMs)) rejectRow(place, `time is "${fields[0]}"; YYYY-MM-DD HH:MM:SS is expected`);
    const percent = fields[2] === 'NA' || fields[2] === '' ? Number.NaN : readNumber(place, fields[2], 'CPU');
    const milli = milliOfHost.get(fields[1]) ?? 32_000;
    use.push({ id: fields[1], unixMs, milliCpu: (percent / 100) * milli, where: `${place.path}:${place.row}` });
  });
  return use;
}
