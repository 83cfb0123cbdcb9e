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
import { laneOf } from './lanes.ts';
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
/** Sizes of so many services are in memory at once, in 21 MB; Azure's V2 has 2.7 million. */
const PORTION_IDS = 2_796_202;
/** Portions are made of so many parts. */
const PARTS = 1_021;

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

export function listServices(bulk: Bulk, portionIds: number = PORTION_IDS): ListedServices {
  const path = join(bulk.scratch, 'services.parquet');
  const writer = createRowWriter(path, [...SERVICE_COLUMNS, PLACE], bulk.freeBytes);
  const ids = createRepeatedIds(bulk);
  const perPart = new Int32Array(PARTS);
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
      perPart[laneOf(row.id, PARTS)] += 1;
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
      const { portionOfPart, sizes } = portionsOf(perPart, portionIds);
      const portionOf = (id: string) => portionOfPart[laneOf(id, PARTS)];
      const load = (portion: number) =>
        loadScales(listed, memMib, sizes[portion], (id) => sizes.length === 1 || portionOf(id) === portion);
      return { count, sql, portions: sizes.length, portionOf, load };
    },
  };
}

/** Neighbouring parts share a portion until it is full. */
function portionsOf(perPart: Int32Array, portionIds: number) {
  const sizes = [0];
  const portionOfPart = perPart.map((ids) => {
    const open = sizes.length - 1;
    if (sizes[open] === 0 || sizes[open] + ids <= portionIds) sizes[open] += ids;
    else sizes.push(ids);
    return sizes.length - 1;
  });
  return { portionOfPart, sizes };
}

/** Services are of few sizes: each of a portion of `count` is kept as the number of its size, from 1. */
async function loadScales(
  path: string,
  memMib: number,
  count: number,
  isInPortion: (id: string) => boolean,
): Promise<ScaleLookup> {
  const sizeOfId = createIdValues(count, Uint8Array);
  const scales: UsageScale[] = [];
  const sizeOf = new Map<number, number>();
  await eachRow(path, SIZED, ([id, requestMilliCpu]) => {
    if (!isInPortion(String(id))) return;
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
