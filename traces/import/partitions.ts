/**
 * Rows that belong together, together: tables too large for memory are laid down in parts by a hash of their key, and each part is then
 * read as if it were the whole.
 *
 * Small tables are read from their files at once and are one part. The order of rows inside a part is that of the source, and each row knows
 * its number in the source.
 */
import { join } from 'node:path';
import { TraceError } from '../../policies/base/assert.ts';
import type { RowPlace } from '../readers/rows.ts';
import { dropRow, type ImportContext } from './context.ts';
import { takeRows } from './headerless-rows.ts';
import type { Located } from './json-access.ts';
import { createLanes, type Lanes, laneOf } from './lanes.ts';
import { eachObject } from './object-rows.ts';

export interface PartedTable {
  readonly name: string;
  readonly fields: number;
  readonly paths: readonly string[];
  /** Rows with the same key come in the same part. */
  key(fields: readonly string[]): string;
}

/** Reads table number `table` of a part, or of everything. */
export type ReadPart = (
  table: number,
  take: (fields: readonly string[], place: RowPlace, seq: number) => void,
) => Promise<void>;

const SEPARATOR = ',';

/** Calls `each` for every part of the tables. Throws TraceError with file and row. */
export async function inParts(
  tables: readonly PartedTable[],
  context: ImportContext,
  each: (read: ReadPart) => Promise<void>,
): Promise<void> {
  if (context.bulk === null) {
    await each(async (table, take) => {
      let seq = 0;
      await takeRows(tables[table], tables[table].paths, context, (fields, place) => take(fields, place, seq++));
    });
    return;
  }
  const stores = tables.map((table) => createParts(table.name, context));
  for (const [at, table] of tables.entries()) {
    let seq = 0;
    for (const [file, path] of table.paths.entries())
      await takeRows(table, [path], context, (fields, { row }) =>
        stores[at].keep(table.key(fields), `${file}\t${row}\t${seq++}\t${fields.join(SEPARATOR)}`, `${path}:${row}`),
      );
  }
  for (let part = 0; part < stores[0].count; part++) {
    context.bulk.onStep('rows of a task put together', part / stores[0].count);
    await each((table, take) =>
      stores[table].read(part, (text) => {
        const [file, row, seq, line] = splitRecord(text);
        const place = { path: tables[table].paths[Number(file)], row: Number(row) };
        withDrops(context, () => take(line.split(SEPARATOR), place, Number(seq)));
      }),
    );
  }
}

/** The same for rows that are objects; their 64-bit numbers become text. */
export async function objectsInParts(
  paths: readonly string[],
  keyOf: (row: Located) => string,
  context: ImportContext,
  each: (read: (take: (row: Located, seq: number) => void) => Promise<void>) => Promise<void>,
): Promise<void> {
  if (context.bulk === null) {
    await each(async (take) => {
      let seq = 0;
      await eachObject(paths, context, (row) => take(row, seq++));
    });
    return;
  }
  const store = createParts('objects', context);
  let seq = 0;
  await eachObject(paths, context, (row) => {
    const text = JSON.stringify(row.value, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    store.keep(keyOf(row), `${row.where}\t\t${seq++}\t${text}`, row.where);
  });
  for (let part = 0; part < store.count; part++) {
    context.bulk.onStep('rows of a task put together', part / store.count);
    await each((take) =>
      store.read(part, (text) => {
        const [where, , order, json] = splitRecord(text);
        withDrops(context, () => take({ value: JSON.parse(json), where }, Number(order)));
      }),
    );
  }
}

function withDrops(context: ImportContext, take: () => void): void {
  try {
    take();
  } catch (error) {
    dropRow(context, error);
  }
}

/** Three fields, and whatever is behind the third tab. */
function splitRecord(text: string): [string, string, string, string] {
  const first = text.indexOf('\t');
  const second = text.indexOf('\t', first + 1);
  const third = text.indexOf('\t', second + 1);
  return [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1, third), text.slice(third + 1)];
}

interface Parts extends Lanes {
  keep(key: string, text: string, place: string): void;
}

function createParts(name: string, context: ImportContext): Parts {
  const { bulk } = context;
  if (bulk === null) throw new TraceError(`${name}: parts need a folder`);
  const lanes = createLanes(join(bulk.scratch, `parts-${name}`), bulk.parts, bulk.freeBytes);
  return { ...lanes, keep: (key, text, place) => lanes.add(laneOf(key, bulk.parts), text, place) };
}
