/**
 * Microsoft Philly: cluster_job_log (a JSON array), cluster_machine_list, and cluster_cpu_util, cluster_mem_util and cluster_gpu_util by the minute.
 *
 * Job times are US Pacific without a zone; utilisation rows carry PST or PDT. Attempts may be empty and their times null or "None". The
 * duration is the sum over attempts. The log has no CPU or memory request: `--scale cpu=CORES mem=MIB` per GPU (4 cores, 32 GiB unless given). Time 0 is
 * the first submission or, without jobs, the earliest first row of the tables.
 */
import { TraceError } from '../../policies/base/assert.ts';
import { readNumber } from '../readers/rows.ts';
import {
  countedNote,
  type HostRow,
  hostColumns,
  type ImportedTrace,
  serviceColumns,
  taskColumns,
} from './canonical.ts';
import { dropRow, type ImportContext, scaleOf } from './context.ts';
import { takeRows } from './headerless-rows.ts';
import { asList, readJson } from './json-access.ts';
import { type PhillyJob, readPhillyJob } from './philly-jobs.ts';
import { firstUnixMs, readPhillyUse } from './philly-use.ts';
import { tableFiles } from './table-files.ts';

/** GPUs of a machine that is not in the list. */
const ASSUMED_GPUS = 8;

/** Reads the files given. Throws ConfigError, TraceError with file and place. */
export async function importPhilly(paths: readonly string[], context: ImportContext): Promise<ImportedTrace> {
  const files = await tableFiles(
    'philly',
    paths,
    {
      jobs: { pattern: /job_log/ },
      machines: { pattern: /machine_list/ },
      cpu: { pattern: /cpu_util/ },
      mem: { pattern: /mem_util/ },
      gpu: { pattern: /gpu_util/ },
    },
    context,
  );
  const milliPerGpu = scaleOf(context, 'cpu', 4) * 1000;
  const mibPerGpu = scaleOf(context, 'mem', 32_768);
  const counts = { retried: 0, neverRan: 0, open: 0 };
  const jobs: PhillyJob[] = [];
  const seen = new Set<string>();
  for (const path of files.jobs)
    for (const entry of asList(await readJson(path))) {
      try {
        const job = readPhillyJob(entry, milliPerGpu, mibPerGpu, counts);
        if (seen.has(job.id)) throw new TraceError(`${entry.where} repeats job ${job.id}`);
        seen.add(job.id);
        jobs.push(job);
      } catch (error) {
        dropRow(context, error);
      }
    }
  const machines = await readMachines(files.machines, milliPerGpu, mibPerGpu, context);
  const firstJobMs = jobs.reduce((low, job) => Math.min(low, job.submitUnixMs), Infinity);
  const startUnixMs = Number.isFinite(firstJobMs)
    ? firstJobMs
    : await firstUnixMs([...files.cpu, ...files.mem, ...files.gpu]);
  const milliOf = (machine: string) => machines.get(machine)?.milliCpu ?? ASSUMED_GPUS * milliPerGpu;
  const use = await readPhillyUse(files, startUnixMs, milliOf, context);
  for (const [id, memMib] of use.memMibOf) {
    const machine = machines.get(id);
    if (machine !== undefined) machines.set(id, { ...machine, memMib });
  }
  return {
    format: 'philly',
    startUnixMs: Number.isFinite(startUnixMs) ? startUnixMs : null,
    hosts: hostColumns(Array.from(machines.values())),
    tasks: taskColumns(jobs.map(({ submitUnixMs, ...row }) => ({ ...row, submitMs: submitUnixMs - startUnixMs })))
      .tasks,
    use: null,
    services: serviceColumns(
      use.machines.map((id) => ({
        id,
        kind: 'host',
        requestMilliCpu: milliOf(id),
        requestMemMib: use.memMibOf.get(id) ?? Number.NaN,
      })),
    ),
    columns: {
      'hosts.milliCpu': { kind: 'assumed', from: 'GPUs x cores of a GPU', scale: milliPerGpu },
      'hosts.memMib':
        use.memMibOf.size > 0
          ? { kind: 'absolute', from: 'largest mem_total, KiB; else GPUs x MiB of a GPU', scale: 1 / 1024 }
          : { kind: 'assumed', from: 'GPUs x MiB of a GPU', scale: mibPerGpu },
      'tasks.requestMilliCpu': { kind: 'assumed', from: 'GPUs x cores of a GPU', scale: milliPerGpu },
      'tasks.requestMemMib': { kind: 'assumed', from: 'GPUs x MiB of a GPU', scale: mibPerGpu },
      'tasks.durationMs': { kind: 'absolute', from: 'sum of the attempts', scale: 1 },
      'usage.milliCpu': { kind: 'normalised', from: 'cpu_util, % of the machine', scale: 0.01 },
      'usage.memMib': {
        kind: 'absolute',
        from: 'mem_total - mem_free, KiB (page cache counts as used)',
        scale: 1 / 1024,
      },
      'usage.gpuMilli': { kind: 'absolute', from: 'gpu0_util to gpu7_util, %, added', scale: 10 },
    },
    notes: [
      'times are US Pacific; those without a zone follow the rule of daylight saving since 2007',
      ...countedNote(counts.retried, 'jobs ran more than once; their duration is the sum'),
      ...countedNote(counts.neverRan, 'jobs have no attempt: they never ran'),
      ...countedNote(counts.open, 'jobs have an attempt without a start or an end: their duration is unknown'),
      ...countedNote(use.before, 'rows of use are from before the first submission and are left out'),
      ...countedNote(use.offline, 'rows of use say NA: the machine was offline'),
    ],
  };
}

async function readMachines(
  paths: readonly string[],
  milliPerGpu: number,
  mibPerGpu: number,
  context: ImportContext,
): Promise<Map<string, HostRow>> {
  const machines = new Map<string, HostRow>();
  await takeRows({ name: 'cluster_machine_list', fields: 3 }, paths, context, (fields, place) => {
    if (place.row === 1 && Number.isNaN(Number(fields[1]))) return;
    const gpus = readNumber(place, fields[1], 'number of GPUs');
    const id = fields[0].trim();
    const gpuModel = fields[2].trim();
    machines.set(id, { id, milliCpu: gpus * milliPerGpu, memMib: gpus * mibPerGpu, gpus, gpuModel });
  });
  return machines;
}
