/**
 * What an import has when its tables are too large for memory: a folder for what lies in between, and DuckDB to join on disk.
 *
 * Memory stays that of one part, one row group and DuckDB's own limit, whatever the number of tasks or services.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { TraceError } from '../../policies/base/assert.ts';
import { openDuckdb } from './usage-duckdb.ts';

export interface Bulk {
  /** Where the finished tables go. */
  readonly folder: string;
  readonly scratch: string;
  /** Parts that keyed tables are laid down in. */
  readonly parts: number;
  readonly freeBytes: () => number;
  /** Told what is done after the input was read, and how far it is. */
  readonly onStep: (step: string, share0to1: number) => void;
  /** Runs SQL; throws what DuckDB says. */
  run(sql: string): Promise<void>;
  /** Rows of a query. */
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
  /** Removes what lies in between. */
  remove(): void;
}

/** Packed bytes of input from which tables are laid down on disk. */
export const BULK_BYTES = 4_194_304;
/** Packed bytes for each part: up to thirty times as many unpacked, and the objects made of them. */
const PART_BYTES = 262_144;
/** Of DuckDB while it joins; the rest goes to disk. */
const JOIN_MEMORY = '96MB';
const MOST_PARTS = 1_024;

/** null when the input is small, or DuckDB is not installed. */
export async function openBulk(
  folder: string,
  paths: readonly string[],
  freeBytes: (folder: string) => number,
  fromBytes: number = BULK_BYTES,
  onStep: Bulk['onStep'] = () => undefined,
): Promise<Bulk | null> {
  let bytes = 0;
  for (const path of paths) bytes += await bytesOf(path);
  if (bytes < fromBytes) return null;
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch, { recursive: true });
  // Opened for each query and closed again: what it holds is given back before the next step needs memory.
  const query = async <T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> => {
    const connection = await openDuckdb(join(scratch, 'tmp'), JOIN_MEMORY);
    if (connection === null) throw new TraceError(`${folder}: DuckDB is not installed any more`);
    try {
      return await work(connection);
    } catch (error) {
      throw new TraceError(
        `${folder}: the tables cannot be joined (${error instanceof Error ? error.message : error})`,
      );
    } finally {
      connection.closeSync();
    }
  };
  try {
    await query((connection) => connection.run('SELECT 1'));
  } catch {
    rmSync(scratch, { recursive: true });
    return null;
  }
  return {
    folder,
    scratch,
    parts: Math.min(MOST_PARTS, Math.max(2, Math.ceil(bytes / PART_BYTES))),
    freeBytes: () => freeBytes(folder),
    onStep,
    run: (sql) => query(async (connection) => void (await connection.run(sql))),
    rows: (sql) => query(async (connection) => (await connection.runAndReadAll(sql)).getRowsJS()),
    remove: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** A folder has the bytes of all files in it. */
async function bytesOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return found.size;
    const { readdir } = await import('node:fs/promises');
    let bytes = 0;
    for (const inner of await readdir(path, { recursive: true })) bytes += (await stat(join(path, inner))).size;
    return bytes;
  } catch {
    // What is wrong with a path is for the importer to say.
    return 0;
  }
}
