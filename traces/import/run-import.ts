/**
 * One import from files to a folder: everything is written beside the wanted place and renamed at the end, so that an import that fails leaves
 * nothing behind.
 */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import type { ReadLog } from '../readers/rows.ts';
import { type Bulk, openBulk } from './bulk.ts';
import type { ImportedTrace } from './canonical.ts';
import type { Drops } from './context.ts';
import { importTrace } from './import-trace.ts';
import { writeImport } from './store.ts';
import { freeBytesOf, parquetSink } from './usage-sink.ts';

export interface ImportRequest {
  readonly format: string;
  readonly paths: readonly string[];
  readonly out: string;
  readonly skipInvalid: boolean;
  readonly scale: Readonly<Record<string, number>>;
  readonly duckdb: boolean;
  /** Told how many bytes of the input were read since the last call. */
  readonly onBytes?: (bytes: number) => void;
  /** Told what a large import does after its input was read, and how far it is. */
  readonly onStep?: Bulk['onStep'];
  readonly freeBytes?: (folder: string) => number;
  /** Packed bytes from which tables are laid down on disk instead of held in memory. */
  readonly bulkBytes?: number;
}

export interface ImportOutcome {
  readonly trace: ImportedTrace;
  readonly drops: Drops;
  readonly log: ReadLog;
}

/** Where an import of this process into `out` writes until it is done; what stops the process removes it. */
export function partialFolder(out: string): string {
  return `${resolve(out)}.partial-${process.pid}`;
}

/** Imports into `out`. Throws ConfigError, TraceError; then `out` is as it was and no partial folder is left. */
export async function runImport(request: ImportRequest): Promise<ImportOutcome> {
  const out = resolve(request.out);
  await refuseForeignFolder(out);
  const partial = partialFolder(out);
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const freeBytes = request.freeBytes ?? freeBytesOf;
  let bulk: Bulk | null = null;
  try {
    bulk = await openBulk(partial, request.paths, freeBytes, request.bulkBytes, request.onStep);
    const log: ReadLog = { lfLines: 0, crlfLines: 0 };
    const drops: Drops = { count: 0, listed: [] };
    const trace = await importTrace(request.format, request.paths, {
      reading: { log, ...(request.onBytes === undefined ? {} : { onBytes: request.onBytes }) },
      usage: parquetSink(partial, freeBytes),
      drops,
      skipInvalid: request.skipInvalid,
      scale: request.scale,
      duckdb: request.duckdb,
      bulk,
    });
    bulk?.remove();
    if (isEmpty(trace)) throw new TraceError(`${request.paths.join(', ')}: no host, task, service or event was read`);
    const noted = { ...trace, notes: [...trace.notes, ...readingNotes(log, drops)] };
    await writeImport(noted, partial);
    if ((await readdir(join(partial, 'usage'))).length === 0) await rm(join(partial, 'usage'), { recursive: true });
    await rm(out, { recursive: true, force: true });
    await rename(partial, out);
    return { trace: noted, drops, log };
  } catch (error) {
    bulk?.remove();
    await rm(partial, { recursive: true, force: true });
    if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new TraceError(`${request.paths.join(', ')}: the disk of ${out} is full (${error.message})`);
    throw error;
  }
}

function isEmpty({ hosts, tasks, services, events, stored }: ImportedTrace): boolean {
  const counts = [hosts.ids.length, tasks.count, services?.count, events?.ids.length, stored?.tasks?.count];
  return [...counts, stored?.services].every((count) => (count ?? 0) === 0);
}

/** Only a folder that an import made, or an empty one, may be replaced. */
async function refuseForeignFolder(out: string): Promise<void> {
  let names: string[];
  try {
    if (!(await stat(out)).isDirectory()) throw new ConfigError(`--out ${out} is a file; give a folder`);
    names = await readdir(out);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return;
  }
  if (names.length > 0 && !names.includes('trace.json'))
    throw new ConfigError(`--out ${out} holds something else than an imported trace; give another folder`);
}

function readingNotes(log: ReadLog, drops: Drops): string[] {
  const notes: string[] = [];
  if (log.crlfLines > 0 && log.lfLines > 0)
    notes.push(`line ends are mixed: ${log.crlfLines} lines end in CR LF, ${log.lfLines} do not`);
  if (drops.count > 0) notes.push(`${drops.count} invalid rows or parts were skipped, as asked`);
  for (const message of drops.listed) notes.push(`skipped: ${message}`);
  return notes;
}
