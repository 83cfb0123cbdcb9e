/** An imported folder read whole into memory, to hold against what was written. The program itself reads a column or a row group at a time. */
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import type { ImportedTasks, ImportedTrace, ImportedUse } from './canonical.ts';
import { doubles, doublesOrNan, ints, type ParquetColumns, readParquet, texts } from './parquet-columns.ts';
import { lists, readImportHead, TASK_LATER, TASK_NUMBERS } from './store.ts';
import { labelsOf } from './store-labels.ts';
import { readEvents, readServices } from './store-services.ts';

const TASK_TEXT = ['id', 'group', 'gpuModels', 'qos', 'status', 'host', 'parents'] as const;

/** Reads all of a folder that writeImport made into memory. Throws TraceError. */
export async function readImport(folder: string): Promise<ImportedTrace> {
  const { hasUse, hasServices, hasEvents, ...head } = await readImportHead(folder);
  const taskFile = await readParquet(
    join(folder, 'tasks.parquet'),
    [...TASK_TEXT, ...TASK_NUMBERS, 'gpus', 'gpuMilli', 'useCount'],
    TASK_LATER,
  );
  return {
    ...head,
    tasks: readTasks(taskFile),
    use: hasUse ? await readUse(folder, taskFile) : null,
    ...(hasServices ? { services: await readServices(folder) } : {}),
    ...(hasEvents ? { events: await readEvents(folder) } : {}),
  };
}

function readTasks(file: ParquetColumns): ImportedTasks {
  const parents = lists(file, 'parents', ' ');
  return {
    count: file.count,
    ids: texts(file, 'id'),
    groups: texts(file, 'group'),
    submitMs: doubles(file, 'submitMs'),
    durationMs: doubles(file, 'durationMs'),
    wallTimeMs: doubles(file, 'wallTimeMs'),
    instances: file.has('instances') ? ints(file, 'instances') : new Int32Array(file.count).fill(1),
    requestMilliCpu: doubles(file, 'requestMilliCpu'),
    requestMemMib: doubles(file, 'requestMemMib'),
    limitMilliCpu: doublesOrNan(file, 'limitMilliCpu'),
    limitMemMib: doublesOrNan(file, 'limitMemMib'),
    usedMilliCpu: doubles(file, 'usedMilliCpu'),
    gpus: ints(file, 'gpus'),
    gpuMilli: ints(file, 'gpuMilli'),
    gpuModels: lists(file, 'gpuModels', '|'),
    qos: texts(file, 'qos'),
    status: texts(file, 'status'),
    hosts: texts(file, 'host'),
    labels: labelsOf(file),
    parentStart: runningSum(parents.map((rows) => rows.length)),
    parents: Int32Array.from(parents.flat(), Number),
  };
}

async function readUse(folder: string, taskFile: ParquetColumns): Promise<ImportedUse> {
  const file = await readParquet(join(folder, 'use.parquet'), ['durationMs', 'milliCpu']);
  const useStart = runningSum(ints(taskFile, 'useCount'));
  if (useStart[useStart.length - 1] !== file.count)
    throw new TraceError(`${file.path}: ${file.count} rows; the tasks count ${useStart[useStart.length - 1]}`);
  return { useStart, durationMs: doubles(file, 'durationMs'), milliCpu: doubles(file, 'milliCpu') };
}

function runningSum(counts: ArrayLike<number>): Int32Array {
  const sums = new Int32Array(counts.length + 1);
  for (let index = 0; index < counts.length; index++) sums[index + 1] = sums[index] + counts[index];
  return sums;
}
