/**
 * Results of single runs on disk, found again by what they are results of.
 *
 * One file a run, named by the hash of plan, code and replayed series; its text carries its own SHA-256. A file is written under a
 * temporary name and renamed, so that a process killed at any moment leaves whole files or none; a file that was cut short or
 * changed afterwards is recognised and never used.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunHours } from '../sim/results/run-hours.ts';
import type { RunSummary } from '../sim/results/schema.ts';

const CELL_FORMAT = 'tidemark-cell/1';

/** What a cell is the result of. */
export interface CellIdentity {
  readonly planHash: string;
  readonly codeVersion: string;
  readonly replayVersion: string;
  /** Warm cluster that the run went on from (`hash of its plan@ms`); absent = it began at 0. */
  readonly continuedFrom?: string;
}

export interface CellResult {
  readonly seed: string;
  readonly digest: string;
  readonly events: number;
  readonly summary: RunSummary;
  /** The run hour by hour, for charts; null in cells that were written without. */
  readonly hours: RunHours | null;
}

export type CellLookup =
  | { readonly kind: 'found'; readonly result: CellResult }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly path: string; readonly reason: string };

/** Name of a cell: SHA-256 over its identity, hex. */
export function cellKey(identity: CellIdentity): string {
  const { planHash, codeVersion, replayVersion, continuedFrom } = identity;
  const from = continuedFrom === undefined ? '' : `\n${continuedFrom}`;
  return createHash('sha256').update(`${planHash}\n${codeVersion}\n${replayVersion}${from}`).digest('hex');
}

/** Stores a result; a reader sees the whole file or none. */
export function writeCell(dir: string, identity: CellIdentity, result: CellResult): void {
  mkdirSync(dir, { recursive: true });
  const key = cellKey(identity);
  const body = JSON.stringify({ format: CELL_FORMAT, ...identity, ...result });
  const temporary = join(dir, `.${key}.${hostname()}.${process.pid}.tmp`);
  writeFileSync(temporary, `${sha256(body)}\n${body}\n`);
  renameSync(temporary, join(dir, `${key}.json`));
}

/** Looks a result up; `damaged` says why a file that is there must not be used. */
export function readCell(dir: string, identity: CellIdentity): CellLookup {
  const path = join(dir, `${cellKey(identity)}.json`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return { kind: 'missing' };
    return { kind: 'damaged', path, reason: String((error as Error).message) };
  }
  const lineEnd = text.indexOf('\n');
  const body = text.slice(lineEnd + 1).trimEnd();
  if (lineEnd !== 64 || sha256(body) !== text.slice(0, lineEnd))
    return { kind: 'damaged', path, reason: 'cut short or changed since it was written (SHA-256 differs)' };
  const cell = JSON.parse(body) as CellIdentity & CellResult & { readonly format: string };
  const own =
    cell.format === CELL_FORMAT &&
    cell.planHash === identity.planHash &&
    cell.codeVersion === identity.codeVersion &&
    cell.replayVersion === identity.replayVersion &&
    cell.continuedFrom === identity.continuedFrom;
  if (!own) return { kind: 'damaged', path, reason: 'is the result of another plan or code version' };
  const { seed, digest, events, summary, hours = null } = cell;
  return { kind: 'found', result: { seed, digest, events, summary, hours } };
}

/** Removes temporary files that killed processes of this machine left behind. */
export function sweepLeftovers(dir: string): void {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return;
  }
  for (const name of names) {
    const match = /^\.[0-9a-f]{64}\.(.+)\.(\d+)\.tmp$/.exec(name);
    if (match === null || match[1] !== hostname() || isAlive(Number(match[2]))) continue;
    rmSync(join(dir, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
