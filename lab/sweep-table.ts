/** The one table of a sweep: a row a run, the settings of its point, its seed and every figure of its summary. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError, TraceError } from '../policies/base/assert.ts';
import type { RunSummary } from '../sim/results/schema.ts';
import type { CellResult } from './cache.ts';
import type { SweepDescription } from './sweep-plan.ts';

export interface SweepRow {
  readonly point: number;
  readonly replication: number;
  readonly seed: string;
  readonly planHash: string;
  readonly digest: string;
  readonly events: number;
  readonly summary: RunSummary;
}

/** A run that gave no result. */
export interface SweepFailure {
  readonly point: number;
  readonly seed: string;
  readonly name: string;
  readonly error: string;
  readonly message: string;
}

/** Rows stand in the order of the cells; a cell without a result has no row. */
export interface SweepTable {
  readonly description: SweepDescription;
  readonly rows: readonly SweepRow[];
  readonly failures: readonly SweepFailure[];
}

/** Rows of all cells that have a result. */
export function rowsOf(
  description: SweepDescription,
  resultOf: (cell: number) => CellResult | undefined,
): readonly SweepRow[] {
  return description.cells.flatMap((cell, index) => {
    const result = resultOf(index);
    if (result === undefined) return [];
    const { point, replication, seed, planHash } = cell;
    return [
      { point, replication, seed, planHash, digest: result.digest, events: result.events, summary: result.summary },
    ];
  });
}

/** Summaries of one point, in the order of the seeds. */
export function summariesOf(table: SweepTable, point: number): readonly SweepRow[] {
  return table.rows.filter((row) => row.point === point);
}

/** The table as CSV (RFC 4180): settings, seed, hash, digest, then every figure. */
export function csvOf(table: SweepTable): string {
  const { description, rows } = table;
  const figures = rows.length === 0 ? [] : (Object.keys(rows[0].summary) as (keyof RunSummary)[]);
  const lines = [['point', ...description.paths, 'seed', 'planHash', 'digest', 'events', ...figures]];
  for (const row of rows)
    lines.push([
      String(row.point),
      ...description.points[row.point],
      row.seed,
      row.planHash,
      row.digest,
      String(row.events),
      ...figures.map((figure) => String(row.summary[figure])),
    ]);
  return `${lines.map((cells) => cells.map(csvCell).join(',')).join('\n')}\n`;
}

function csvCell(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes sweep.json (the description), table.csv and table.json; each is whole or not there. */
export function writeSweepTable(dir: string, table: SweepTable): void {
  writeWhole(join(dir, 'table.csv'), csvOf(table));
  writeWhole(join(dir, 'table.json'), tableText(table));
}

/** Reads sweep.json; null when there is none. Throws TraceError when it is there and is no description of a sweep. */
export function readDescription(dir: string): SweepDescription | null {
  const path = join(dir, 'sweep.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  try {
    const description = JSON.parse(text) as SweepDescription;
    if (description.format === 'tidemark-sweep/1' && Array.isArray(description.cells)) return description;
  } catch {
    // Falls through to the one message for every kind of damage.
  }
  throw new TraceError(`${path}: is no description of a sweep; remove the folder and run the sweep again`);
}

/** The table as JSON that carries its own SHA-256. */
function tableText({ description, rows, failures }: SweepTable): string {
  const body = { description, rows, failures };
  return `${JSON.stringify({ sha256: sha256(body), ...body })}\n`;
}

function sha256(body: SweepTable): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}

/** Reads a finished sweep. Throws ConfigError when `dir` holds none, TraceError when its table was cut short or changed. */
export function readSweepTable(dir: string): SweepTable {
  const path = join(dir, 'table.json');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(`${dir} holds no finished sweep; run: tidemark sweep SCENARIO --vary ... --out ${dir}`);
  }
  try {
    const { sha256: stamp, ...body } = JSON.parse(text) as SweepTable & { readonly sha256: string };
    if (body.description.format === 'tidemark-sweep/1' && stamp === sha256(body)) return body;
  } catch {
    // Falls through to the one message for every kind of damage.
  }
  throw new TraceError(
    `${path}: cut short or changed since it was written (SHA-256 differs); run the same sweep again, finished runs are reused`,
  );
}

/** Writes a file under a temporary name and renames it. */
export function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
