/**
 * Services of an import that has too many for memory: listed ones are laid down as they come, measured ones are taken from the table of use;
 * services.parquet has both.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import { createIdValues } from '../readers/id-index.ts';
import type { Bulk } from './bulk.ts';
import type { ServiceRow } from './canonical.ts';
import { dropRow, type ImportContext } from './context.ts';
import { eachMeasured, type Request } from './measured-ids.ts';
import { createRepeatedIds } from './repeated-ids.ts';
import { createRowWriter, eachRow, type RowColumns } from './row-writer.ts';
import type { ScaleLookup, StoredScales, UsageScale } from './usage-csv.ts';
import { sqlText } from './usage-duckdb.ts';

/** Columns of services.parquet, as store-services.ts writes them. */
export const SERVICE_COLUMNS: RowColumns = [
  ['id', 'text'],
  ['kind', 'text'],
  ['group', 'text'],
  ['requestMilliCpu', 'double'],
  ['requestMemMib', 'double'],
  ['limitMilliCpu', 'double'],
  ['limitMemMib', 'double'],
  ['replicas', 'int'],
  ['startMs', 'double'],
  ['endMs', 'double'],
  ['qos', 'text'],
  ['status', 'text'],
  ['host', 'text'],
  ['labels', 'text'],
];

const SIZED: RowColumns = [
  ['id', 'text'],
  ['requestMilliCpu', 'double'],
];
/** Of one byte. */
const MOST_SIZES = 255;

/** Of a listed service in the source, for what is said of it. */
const PLACE: RowColumns[number] = ['place', 'text'];

export interface ListedServices {
  add(row: ServiceRow, place: string): void;
  /** Closes the list. An id that comes again is refused, or dropped as the context says. */
  finish(context: ImportContext): Promise<void>;
  /** What a percent of each service is worth, for its table of use. */
  scales(memMib: number): StoredScales;
  readonly path: string;
}

export function listServices(bulk: Bulk): ListedServices {
  const path = join(bulk.scratch, 'services.parquet');
  const writer = createRowWriter(path, [...SERVICE_COLUMNS, PLACE], bulk.freeBytes);
  const ids = createRepeatedIds(bulk);
  const nan = Number.NaN;
  let listed = path;
  let count = 0;
  return {
    get path() {
      return listed;
    },
    add(row, place) {
      const request = [row.requestMilliCpu, row.requestMemMib, row.limitMilliCpu ?? nan, row.limitMemMib ?? nan];
      const life = [row.replicas ?? 1, row.startMs ?? nan, row.endMs ?? nan];
      const words = [row.qos ?? '', row.status ?? '', row.host ?? '', JSON.stringify(row.labels ?? {})];
      ids.add(row.id, count);
      count += 1;
      writer.add([row.id, row.kind, row.group ?? '', ...request, ...life, ...words, place], () => place);
    },
    async finish(context) {
      writer.finish();
      const again = await ids.find();
      if (again.size === 0) return;
      listed = join(bulk.scratch, 'services-once.parquet');
      const once = createRowWriter(listed, SERVICE_COLUMNS, bulk.freeBytes);
      let row = 0;
      await eachRow(path, [...SERVICE_COLUMNS, PLACE], (values) => {
        const place = String(values.pop());
        if (again.has(row++)) dropRow(context, new TraceError(`${place} ${values[0]} appears a second time`));
        else once.add(values, () => place);
      });
      once.finish();
    },
    scales(memMib) {
      const sql = `SELECT id, requestMilliCpu / 100 AS milliCpu, ${memMib}::DOUBLE AS memMib FROM ${sqlText(listed)}`;
      return { count, sql, load: () => loadScales(listed, count, memMib) };
    },
  };
}

/** Services are of few sizes: each is kept as the number of its size, from 1. */
async function loadScales(path: string, count: number, memMib: number): Promise<ScaleLookup> {
  const sizeOfId = createIdValues(count, Uint8Array);
  const scales: UsageScale[] = [];
  const sizeOf = new Map<number, number>();
  await eachRow(path, SIZED, ([id, requestMilliCpu]) => {
    let size = sizeOf.get(Number(requestMilliCpu));
    if (size === undefined) {
      size = scales.push({ milliCpu: Number(requestMilliCpu) / 100, memMib });
      if (size > MOST_SIZES) throw new TraceError(`${path}: services of more than ${MOST_SIZES} sizes`);
      sizeOf.set(Number(requestMilliCpu), size);
    }
    sizeOfId.put(String(id), size);
  });
  return { get: (id) => scales[sizeOfId.get(id) - 1] };
}

/** What a service is that only its use tells of. */
export interface MeasuredServices {
  /** Table of use. */
  readonly usage: string;
  readonly kind: string;
  /** The request of each, or of the task with the same id in tasks.parquet; its group is then the id up to the slash. */
  readonly requestMilliCpu: number | 'task';
}

/** Writes services.parquet: the listed, then by id those that are only measured. */
export async function storeServices(
  bulk: Bulk,
  listed: ListedServices | null,
  measured: MeasuredServices,
): Promise<{ readonly count: number; readonly unlisted: number }> {
  const usage = join(bulk.folder, 'usage', `${measured.usage}.parquet`);
  const hasUse = existsSync(usage);
  const writer = createRowWriter(join(bulk.folder, 'services.parquet'), SERVICE_COLUMNS, bulk.freeBytes);
  let [count, unlisted] = [0, 0];
  const add = (row: (string | number)[]) => {
    writer.add(row, () => String(row[0]));
    count += 1;
  };
  if (listed !== null) await eachRow(listed.path, SERVICE_COLUMNS, add);
  const isTask = measured.requestMilliCpu === 'task';
  const other: Request = isTask ? [Number.NaN, Number.NaN] : [Number(measured.requestMilliCpu), Number.NaN];
  if (hasUse)
    await eachMeasured(
      bulk,
      usage,
      listed?.path ?? null,
      isTask ? join(bulk.folder, 'tasks.parquet') : null,
      (id, of) => {
        const group = isTask ? id.split('/', 1)[0] : '';
        add([
          id,
          measured.kind,
          group,
          ...(of ?? other),
          Number.NaN,
          Number.NaN,
          1,
          Number.NaN,
          Number.NaN,
          '',
          '',
          '',
          '{}',
        ]);
        unlisted += 1;
      },
    );
  writer.finish();
  return { count, unlisted };
}
