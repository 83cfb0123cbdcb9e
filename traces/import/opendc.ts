/**
 * OpenDC workload: tasks.parquet and fragments.parquet.
 *
 * Tasks: `id, submission_time ms, duration ms, cpu_count, cpu_capacity MHz in all, mem_capacity` (documented as KB, used as MiB by the
 * simulator that defines the format: taken as MiB unless a scale is given), optionally `name, gpu_count, parents, children`. Fragments: `id, duration ms,
 * cpu_usage MHz in all`; **the order of rows inside an id is the order of time**. Ids are int32, strings in old files.
 */
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { MILLI_PER_CPU } from '../../policies/base/units.ts';
import {
  countedNote,
  hostColumns,
  type ImportedTasks,
  type ImportedTrace,
  type ImportedUse,
  type TaskRow,
  taskColumns,
} from './canonical.ts';
import { idAt, idsAt, numberAt, type ParquetColumns, readParquet } from './parquet-columns.ts';

const TASK_COLUMNS = ['id', 'submission_time', 'duration', 'cpu_count', 'cpu_capacity', 'mem_capacity'];
const OPTIONAL_TASK_COLUMNS = ['name', 'gpu_count', 'parents', 'children', 'deferrable', 'deadline'];
const FRAGMENT_COLUMNS = ['id', 'duration', 'cpu_usage'];

/** More than this for each core on average is taken as a sign that mem_capacity is in KB. */
const DOUBTFUL_MIB_PER_CORE = 65_536;

/**
 * Reads a folder with both files; `memMibPerUnit` says what one unit of mem_capacity is worth (1 = MiB, 1/1024 = KB).
 *
 * Throws TraceError with file and row.
 */
export async function importOpendc(folder: string, memMibPerUnit = 1): Promise<ImportedTrace> {
  const taskFile = await readParquet(join(folder, 'tasks.parquet'), TASK_COLUMNS, OPTIONAL_TASK_COLUMNS);
  if (taskFile.count === 0) throw new TraceError(`${taskFile.path}: no task`);
  const fragmentFile = await readParquet(join(folder, 'fragments.parquet'), FRAGMENT_COLUMNS);
  const { rows, startUnixMs, milliPerMhz } = readTasks(taskFile, memMibPerUnit);
  const { tasks, lostParents } = taskColumns(rows);
  const { use, orphans } = readFragments(fragmentFile, tasks, milliPerMhz);
  const { usedMilliCpu, uneven, bare } = summarise(tasks, use);
  const later = ['deferrable', 'deadline'].filter((name) => taskFile.has(name)).length;
  return {
    format: 'opendc',
    startUnixMs,
    hosts: hostColumns([]),
    tasks: { ...tasks, usedMilliCpu },
    use,
    columns: {
      'tasks.requestMilliCpu': { kind: 'absolute', from: 'cpu_count', scale: MILLI_PER_CPU },
      'tasks.requestMemMib': { kind: 'absolute', from: 'mem_capacity', scale: memMibPerUnit },
      'use.milliCpu': {
        kind: 'normalised',
        from: 'cpu_usage MHz over cpu_capacity MHz of the task, times cpu_count',
        scale: 1,
      },
    },
    notes: [
      ...doubtfulMemory(tasks),
      ...countedNote(lostParents, 'parents are not in the trace and are left out'),
      ...countedNote(orphans, 'fragments belong to no task and are left out'),
      ...countedNote(bare, 'tasks have no fragment: their use is unknown'),
      ...countedNote(uneven, 'tasks have fragments that do not add up to their duration; both are kept as written'),
      ...countedNote(later, 'columns about deferring (deferrable, deadline) are not read'),
    ],
  };
}

/** A note when tasks have more memory per core than any host, as files written in KB have. */
function doubtfulMemory(tasks: ImportedTasks): string[] {
  const mib = tasks.requestMemMib.reduce((sum, value) => sum + value, 0);
  const cores = tasks.requestMilliCpu.reduce((sum, value) => sum + value, 0) / MILLI_PER_CPU;
  if (mib / cores <= DOUBTFUL_MIB_PER_CORE) return [];
  return [
    `memory is ${Math.round(mib / cores)} MiB per core: mem_capacity is probably in KB; give 1/1024 as its scale`,
  ];
}

function readTasks(file: ParquetColumns, memMibPerUnit: number) {
  const milliPerMhz = new Map<string, number>();
  let startUnixMs = Infinity;
  for (let row = 0; row < file.count; row++)
    startUnixMs = Math.min(startUnixMs, numberAt(file, 'submission_time', row));
  const parentsOf = file.has('parents') ? null : invertChildren(file);
  const rows: TaskRow[] = [];
  for (let row = 0; row < file.count; row++) {
    const place = `${file.path}:${row + 1}`;
    const id = idAt(file, 'id', row);
    if (milliPerMhz.has(id)) throw new TraceError(`${place} task ${id} appears a second time`);
    const cores = numberAt(file, 'cpu_count', row);
    const mhz = numberAt(file, 'cpu_capacity', row);
    if (!(cores > 0)) throw new TraceError(`${place} task ${id} has cpu_count ${cores}; above 0 is expected`);
    if (!(mhz > 0)) throw new TraceError(`${place} task ${id} has cpu_capacity ${mhz} MHz; above 0 is expected`);
    milliPerMhz.set(id, (cores * MILLI_PER_CPU) / mhz);
    const gpus = file.has('gpu_count') ? numberAt(file, 'gpu_count', row) : 0;
    rows.push({
      id,
      submitMs: numberAt(file, 'submission_time', row) - startUnixMs,
      durationMs: numberAt(file, 'duration', row),
      requestMilliCpu: cores * MILLI_PER_CPU,
      requestMemMib: numberAt(file, 'mem_capacity', row) * memMibPerUnit,
      gpus,
      gpuMilli: gpus > 0 ? 1000 : 0,
      parents: parentsOf === null ? idsAt(file, 'parents', row) : (parentsOf.get(id) ?? []),
    });
  }
  return { rows, startUnixMs, milliPerMhz };
}

/** Parents by id, from the children of each task; used when the file lists only those. */
function invertChildren(file: ParquetColumns): Map<string, string[]> {
  const parentsOf = new Map<string, string[]>();
  if (!file.has('children')) return parentsOf;
  for (let row = 0; row < file.count; row++)
    for (const child of idsAt(file, 'children', row)) {
      const known = parentsOf.get(child);
      if (known === undefined) parentsOf.set(child, [idAt(file, 'id', row)]);
      else known.push(idAt(file, 'id', row));
    }
  return parentsOf;
}

/** Fragments by task, keeping their order: counted first, then placed. */
function readFragments(file: ParquetColumns, tasks: ImportedTasks, milliPerMhz: ReadonlyMap<string, number>) {
  const rowOfId = new Map(tasks.ids.map((id, row) => [id, row]));
  const taskOf = new Int32Array(file.count);
  const useStart = new Int32Array(tasks.count + 1);
  let orphans = 0;
  for (let row = 0; row < file.count; row++) {
    const task = rowOfId.get(idAt(file, 'id', row));
    taskOf[row] = task ?? -1;
    if (task === undefined) orphans += 1;
    else useStart[task + 1] += 1;
  }
  for (let task = 0; task < tasks.count; task++) useStart[task + 1] += useStart[task];
  const next = useStart.slice(0, tasks.count);
  const durationMs = new Float64Array(file.count - orphans);
  const milliCpu = new Float64Array(file.count - orphans);
  for (let row = 0; row < file.count; row++) {
    const task = taskOf[row];
    if (task < 0) continue;
    const at = next[task];
    next[task] += 1;
    durationMs[at] = numberAt(file, 'duration', row);
    milliCpu[at] = numberAt(file, 'cpu_usage', row) * (milliPerMhz.get(tasks.ids[task]) ?? Number.NaN);
    if (!(durationMs[at] >= 0 && milliCpu[at] >= 0))
      throw new TraceError(
        `${file.path}:${row + 1} has duration ${durationMs[at]} ms and use ${milliCpu[at]}; neither is negative`,
      );
  }
  return { use: { useStart, durationMs, milliCpu }, orphans };
}

/** Mean use of each task, and how many tasks have no fragment or fragments of another length than their duration. */
function summarise(tasks: ImportedTasks, use: ImportedUse) {
  const usedMilliCpu = new Float64Array(tasks.count);
  let uneven = 0;
  let bare = 0;
  for (let task = 0; task < tasks.count; task++) {
    let ms = 0;
    let milliMs = 0;
    for (let at = use.useStart[task]; at < use.useStart[task + 1]; at++) {
      ms += use.durationMs[at];
      milliMs += use.milliCpu[at] * use.durationMs[at];
    }
    usedMilliCpu[task] = ms > 0 ? milliMs / ms : Number.NaN;
    if (use.useStart[task] === use.useStart[task + 1]) bare += 1;
    else if (ms !== tasks.durationMs[task]) uneven += 1;
  }
  return { usedMilliCpu, uneven, bare };
}
