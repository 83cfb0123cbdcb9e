/**
 * Philly's three tables of use, a row for each machine and minute, as a stream: CPU in percent of the machine, memory in KiB, GPUs in percent each.
 *
 * A header is a first row whose time is none. "NA" and an empty field mean offline. Rows of GPUs end in a comma.
 */
import { type RowPlace, readLines, readNumber, rejectRow } from '../readers/rows.ts';
import type { ImportContext } from './context.ts';
import { takeRows } from './headerless-rows.ts';
import { parsePacific } from './local-time.ts';
import type { ExtraColumn } from './usage-sink.ts';

const KIB_PER_MIB = 1024;
/** Time, machine, eight GPUs and what is behind the last comma. */
const MOST_GPU_FIELDS = 11;
const MILLI_PER_PERCENT = 10;

export interface PhillyUse {
  /** Ids with a sample, sorted. */
  readonly machines: readonly string[];
  /** Largest memory each machine said it has. */
  readonly memMibOf: ReadonlyMap<string, number>;
  readonly before: number;
  readonly offline: number;
}

/** The earliest first row of these files, NaN when none has a row with a time. */
export async function firstUnixMs(paths: readonly string[]): Promise<number> {
  let first = Infinity;
  for (const path of paths)
    for await (const line of readLines(path)) {
      const unixMs = parsePacific(line.slice(0, line.indexOf(',')));
      if (Number.isNaN(unixMs)) continue;
      first = Math.min(first, unixMs);
      break;
    }
  return Number.isFinite(first) ? first : Number.NaN;
}

/** Writes the tables to the sink. Rows before `startUnixMs` are left out and counted. Throws TraceError with file and row. */
export async function readPhillyUse(
  files: { readonly cpu: readonly string[]; readonly mem: readonly string[]; readonly gpu: readonly string[] },
  startUnixMs: number,
  milliCpuOf: (machine: string) => number,
  context: ImportContext,
): Promise<PhillyUse> {
  const machines = new Set<string>();
  const memMibOf = new Map<string, number>();
  const counts = { before: 0, offline: 0 };
  const table = async (
    name: string,
    paths: readonly string[],
    fields: number,
    read: ReadValues,
    extra?: ExtraColumn,
  ) => {
    if (paths.length === 0) return;
    const output = context.usage.open(name, extra);
    const shape = fields === 0 ? { fields: 3, more: true } : { fields };
    await takeRows({ name, ...shape }, paths, context, (row, place) => {
      const unixMs = parsePacific(row[0]);
      if (Number.isNaN(unixMs) && place.row === 1) return;
      if (Number.isNaN(unixMs)) rejectRow(place, `time is "${row[0]}"; YYYY-MM-DD HH:MM:SS is expected`);
      const { milliCpu = Number.NaN, memMib = Number.NaN, gpuMilli = Number.NaN } = read(row, place);
      if (unixMs < startUnixMs) {
        counts.before += 1;
        return;
      }
      if (Number.isNaN(milliCpu) && Number.isNaN(memMib) && Number.isNaN(gpuMilli)) counts.offline += 1;
      output.add(
        row[1],
        unixMs - startUnixMs,
        milliCpu,
        Number.NaN,
        memMib,
        () => `${place.path}:${place.row}`,
        gpuMilli,
      );
    });
    for (const id of output.finish()) machines.add(id);
  };
  await table('cluster_cpu_util', files.cpu, 3, (row, place) => ({
    milliCpu: (percentOf(place, row[2], 'CPU') / 100) * milliCpuOf(row[1]),
  }));
  await table('cluster_mem_util', files.mem, 4, (row, place) => {
    const total = numberOrOffline(place, row[2], 'mem_total') / KIB_PER_MIB;
    const free = numberOrOffline(place, row[3], 'mem_free') / KIB_PER_MIB;
    if (free > total) rejectRow(place, `mem_free ${row[3]} is above mem_total ${row[2]}`);
    if (!Number.isNaN(total) && !((memMibOf.get(row[1]) ?? 0) >= total))
      memMibOf.set(Buffer.from(row[1]).toString(), total);
    return { memMib: total - free };
  });
  const gpus = (row: readonly string[], place: RowPlace) => {
    if (row.length > MOST_GPU_FIELDS)
      rejectRow(place, `has ${row.length} fields; cluster_gpu_util has ${MOST_GPU_FIELDS}`);
    let [sum, known] = [0, 0];
    for (let at = 2; at < row.length; at++) {
      const percent = percentOf(place, row[at], `gpu${at - 2}_util`);
      if (Number.isNaN(percent)) continue;
      sum += percent;
      known += 1;
    }
    return { gpuMilli: known === 0 ? Number.NaN : sum * MILLI_PER_PERCENT };
  };
  await table('cluster_gpu_util', files.gpu, 0, gpus, 'gpuMilli');
  return { machines: Array.from(machines).sort(), memMibOf, ...counts };
}

type ReadValues = (
  row: readonly string[],
  place: RowPlace,
) => { readonly milliCpu?: number; readonly memMib?: number; readonly gpuMilli?: number };

/** NaN for a machine that was offline. */
function numberOrOffline(place: RowPlace, field: string, name: string): number {
  return field === 'NA' || field === '' ? Number.NaN : readNumber(place, field, name);
}

function percentOf(place: RowPlace, field: string, name: string): number {
  const percent = numberOrOffline(place, field, name);
  if (percent < 0 || percent > 100) rejectRow(place, `${name} is ${percent}; 0 to 100 is expected`);
  return percent;
}
