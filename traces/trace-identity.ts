/** What an imported trace consists of, and one hash that stands for its content. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TraceError } from '../policies/base/assert.ts';
import { readFooter } from './readers/parquet-groups.ts';

const TABLES = ['hosts', 'tasks', 'use', 'services', 'events'] as const;

/** File names of the tables of use, in the order of names; none when the trace has no use. */
export function usageTables(folder: string): readonly string[] {
  const usage = join(folder, 'usage');
  if (!existsSync(usage)) return [];
  return readdirSync(usage)
    .filter((name) => name.endsWith('.parquet'))
    .sort();
}

/**
 * SHA-256 (hex) over trace.json and, for each table, its name, its size and its footer: sizes, places and bounds of every column of every
 * row group. Reads a few bytes of the largest trace; a change of values that keeps all of these is not seen. Throws TraceError.
 */
export function traceIdentity(folder: string): string {
  const hash = createHash('sha256');
  const index = join(folder, 'trace.json');
  if (!existsSync(index))
    throw new TraceError(
      `${folder}: no trace.json; give a folder that "tidemark trace import" or "trace generate" wrote`,
    );
  hash.update(readFileSync(index));
  const files = [
    ...TABLES.map((name) => `${name}.parquet`).filter((name) => existsSync(join(folder, name))),
    ...usageTables(folder).map((name) => join('usage', name)),
  ];
  for (const name of files) {
    const { footer, fileBytes } = readFooter(join(folder, name));
    hash.update(`\0${name}\0${fileBytes}\0`).update(footer);
  }
  return hash.digest('hex');
}
