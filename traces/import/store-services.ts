/** Services, events and use by service of an imported trace, as parquet. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteFile } from 'hyparquet-writer';
import { TraceError } from '../../policies/base/assert.ts';
import type { ImportedEvents, ImportedServices } from './canonical.ts';
import {
  doubleColumn,
  doubles,
  doublesOrNan,
  intColumn,
  ints,
  readParquet,
  textColumn,
  texts,
} from './parquet-columns.ts';
import { labelsOf, labelTexts } from './store-labels.ts';

export function writeServices(services: ImportedServices, path: string): void {
  parquetWriteFile({
    filename: path,
    columnData: [
      textColumn('id', services.ids),
      textColumn('kind', services.kinds),
      textColumn('group', services.groups),
      doubleColumn('requestMilliCpu', services.requestMilliCpu),
      doubleColumn('requestMemMib', services.requestMemMib),
      doubleColumn('limitMilliCpu', services.limitMilliCpu),
      doubleColumn('limitMemMib', services.limitMemMib),
      intColumn('replicas', services.replicas),
      doubleColumn('startMs', services.startMs),
      doubleColumn('endMs', services.endMs),
      textColumn('qos', services.qos),
      textColumn('status', services.status),
      textColumn('host', services.hosts),
      textColumn('labels', labelTexts(services.labels)),
    ],
  });
}

/** Columns that older folders may lack. */
export const SERVICE_LATER = ['limitMilliCpu', 'limitMemMib', 'status', 'labels'];

export async function readServices(folder: string): Promise<ImportedServices> {
  const names = [
    'id',
    'kind',
    'group',
    'requestMilliCpu',
    'requestMemMib',
    'replicas',
    'startMs',
    'endMs',
    'qos',
    'host',
  ];
  const file = await readParquet(join(folder, 'services.parquet'), names, SERVICE_LATER);
  return {
    count: file.count,
    ids: texts(file, 'id'),
    kinds: texts(file, 'kind'),
    groups: texts(file, 'group'),
    requestMilliCpu: doubles(file, 'requestMilliCpu'),
    requestMemMib: doubles(file, 'requestMemMib'),
    limitMilliCpu: doublesOrNan(file, 'limitMilliCpu'),
    limitMemMib: doublesOrNan(file, 'limitMemMib'),
    replicas: ints(file, 'replicas'),
    startMs: doubles(file, 'startMs'),
    endMs: doubles(file, 'endMs'),
    qos: texts(file, 'qos'),
    status: file.has('status') ? texts(file, 'status') : new Array<string>(file.count).fill(''),
    hosts: texts(file, 'host'),
    labels: labelsOf(file),
  };
}

export function writeEvents(events: ImportedEvents, path: string): void {
  parquetWriteFile({
    filename: path,
    columnData: [
      doubleColumn('timeMs', events.timeMs),
      textColumn('id', events.ids),
      textColumn('kind', events.kinds),
      textColumn('detail', events.details),
    ],
  });
}

export async function readEvents(folder: string): Promise<ImportedEvents> {
  const file = await readParquet(join(folder, 'events.parquet'), ['timeMs', 'id', 'kind', 'detail']);
  return {
    timeMs: doubles(file, 'timeMs'),
    ids: texts(file, 'id'),
    kinds: texts(file, 'kind'),
    details: texts(file, 'detail'),
  };
}

/** Some rows of a table of use, as columns. */
export interface UsageBatch {
  readonly table: string;
  readonly count: number;
  readonly ids: readonly string[];
  readonly timeMs: Float64Array;
  readonly milliCpu: Float64Array;
  readonly peakMilliCpu: Float64Array;
  readonly memMib: Float64Array;
  /** Share of CFS periods in which it was throttled; NaN in a table without. */
  readonly throttledShare: Float64Array;
  /** GPUs in use, 1000 = one all the time; NaN in a table without. */
  readonly gpuMilli: Float64Array;
}

/** The samples of a folder row group by row group: never more than one in memory. Throws TraceError. */
export async function* readUsage(folder: string): AsyncGenerator<UsageBatch> {
  let names: string[];
  try {
    names = (await readdir(join(folder, 'usage'))).filter((name) => name.endsWith('.parquet')).sort();
  } catch {
    return;
  }
  for (const name of names) {
    const path = join(folder, 'usage', name);
    try {
      const file = await asyncBufferFromFile(path);
      const metadata = await parquetMetadataAsync(file);
      let start = 0;
      for (const group of metadata.row_groups) {
        const rows = Number(group.num_rows);
        yield await readGroup(file, metadata, name.slice(0, -'.parquet'.length), start, rows);
        start += rows;
      }
    } catch (error) {
      throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function readGroup(
  file: Awaited<ReturnType<typeof asyncBufferFromFile>>,
  metadata: Awaited<ReturnType<typeof parquetMetadataAsync>>,
  table: string,
  start: number,
  rows: number,
): Promise<UsageBatch> {
  const ids = new Array<string>(rows);
  const numbers = {
    timeMs: new Float64Array(rows),
    milliCpu: new Float64Array(rows),
    peakMilliCpu: new Float64Array(rows),
    memMib: new Float64Array(rows),
    throttledShare: new Float64Array(rows).fill(Number.NaN),
    gpuMilli: new Float64Array(rows).fill(Number.NaN),
  };
  const present = parquetSchema(metadata).children.map((child) => child.element.name);
  await parquetRead({
    file,
    metadata,
    compressors,
    columns: ['id', ...Object.keys(numbers)].filter((name) => present.includes(name)),
    rowStart: start,
    rowEnd: start + rows,
    onChunk: ({ columnName, columnData, rowStart }) => {
      for (let row = 0; row < columnData.length; row++) {
        const at = rowStart + row - start;
        if (at < 0 || at >= rows) continue;
        if (columnName === 'id') ids[at] = String(columnData[row]);
        else numbers[columnName as keyof typeof numbers][at] = Number(columnData[row]);
      }
    },
  });
  return { table, count: rows, ids, ...numbers };
}
