/** Reads what the openb table needs: node list, pod list, and per seed the order of arrival. */
import { TraceError } from '../../policies/base/assert.ts';
import type { ImportedTrace } from '../../traces/import/canonical.ts';
import { STRICT } from '../../traces/import/context.ts';
import { eachCsvRow } from '../../traces/import/csv-table.ts';
import { asList, asNumber, type Located, member, readJson } from '../../traces/import/json-access.ts';
import { importOpenb } from '../../traces/import/openb.ts';
import { type Arrivals, drawArrivals } from './openb.ts';

export interface OpenbInputs {
  readonly trace: ImportedTrace;
  readonly arrivals: Arrivals;
  /** Whether the arrivals were drawn here because none were given for the seed. */
  readonly drawn: boolean;
}

/** Reads the lists and the arrivals of one seed; without a file of arrivals they are drawn from our own stream. Throws TraceError. */
export async function readOpenb(
  nodes: string,
  pods: string,
  arrivals: string | undefined,
  seed: number,
  tune: number,
): Promise<OpenbInputs> {
  const trace = await importOpenb(pods, nodes);
  if (arrivals === undefined) return { trace, arrivals: drawArrivals(trace, seed, tune), drawn: true };
  const seeds = member(await readJson(arrivals), 'seeds');
  const one = member(seeds, String(seed));
  if (one.value === undefined)
    throw new TraceError(`${arrivals}: no seed ${seed}; it has ${Object.keys(seeds.value as object).join(', ')}`);
  const rowOf = await rowOfLine(pods, trace);
  const places = asList(member(one, 'order'));
  const order = places.map((place) => rowAt(rowOf, place));
  return {
    trace,
    arrivals: { order, lines: places.map(asNumber), rank: asList(member(one, 'rank')).map(asNumber) },
    drawn: false,
  };
}

/** Arrivals name pods by line of the file; the imported tasks are sorted by time. */
async function rowOfLine(pods: string, trace: ImportedTrace): Promise<number[]> {
  const rowOfId = new Map(trace.tasks.ids.map((id, row) => [id, row]));
  const rows: number[] = [];
  await eachCsvRow(pods, ['name'], STRICT, (line) => void rows.push(rowOfId.get(line.field('name')) ?? -1));
  return rows;
}

function rowAt(rowOf: readonly number[], place: Located): number {
  const row = rowOf[asNumber(place)];
  if (row === undefined)
    throw new TraceError(`${place.where} is ${place.value}; the pod list has ${rowOf.length} rows`);
  return row;
}
