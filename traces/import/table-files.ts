/** Which of the given paths holds which table of a format, with folders opened, parts in order and none of them missing. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError, TraceError } from '../../policies/base/assert.ts';
import { dropRow, type ImportContext } from './context.ts';

/** The tables of a format by what their path looks like; a table marked required must be there. */
export interface TablePattern {
  readonly pattern: RegExp;
  readonly required?: boolean;
}

/**
 * Files by table. `folder/name` of each path is matched, because some traces name their parts by folder only.
 *
 * Parts `-5-of-195` or `-00005-of-00500` count from 1 or 0; a missing one throws TraceError, or is listed when invalid data is skipped.
 * Throws ConfigError for a path that fits no table and for a required table without a file.
 */
export async function tableFiles<Name extends string>(
  format: string,
  paths: readonly string[],
  tables: Readonly<Record<Name, TablePattern>>,
  context: ImportContext,
): Promise<Readonly<Record<Name, readonly string[]>>> {
  const names = Object.keys(tables) as Name[];
  const found = Object.fromEntries(names.map((name) => [name, [] as string[]])) as Record<Name, string[]>;
  for (const { path, given } of await openFolders(paths)) {
    const shown = join(basename(dirname(path)), basename(path));
    const name =
      names.find((one) => tables[one].pattern.test(basename(path))) ??
      names.find((one) => tables[one].pattern.test(shown));
    if (name !== undefined) found[name].push(path);
    else if (given) throw new ConfigError(`${path}: no table of ${format} is called so; known: ${names.join(', ')}`);
  }
  for (const name of names) {
    if (tables[name].required === true && found[name].length === 0)
      throw new ConfigError(`${format}: the table ${name} is missing; given: ${paths.join(', ')}`);
    found[name].sort((a, b) => partOf(a).part - partOf(b).part || (a < b ? -1 : 1));
    checkParts(found[name], context);
  }
  return found;
}

async function openFolders(paths: readonly string[]): Promise<{ path: string; given: boolean }[]> {
  const opened: { path: string; given: boolean }[] = [];
  for (const path of paths) {
    let folder: boolean;
    try {
      folder = (await stat(path)).isDirectory();
    } catch (error) {
      throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (!folder) opened.push({ path, given: true });
    else
      for (const inner of (await readdir(path, { recursive: true })).sort())
        if ((await stat(join(path, inner))).isFile()) opened.push({ path: join(path, inner), given: false });
  }
  return opened;
}

function partOf(path: string): { part: number; of: number } {
  const match = /-(\d+)-of-(\d+)\b/.exec(basename(path));
  return match === null ? { part: 0, of: 0 } : { part: Number(match[1]), of: Number(match[2]) };
}

function checkParts(paths: readonly string[], context: ImportContext): void {
  const parts = paths.map(partOf);
  const of = parts.reduce((most, { of }) => Math.max(most, of), 0);
  if (of === 0) return;
  const present = new Set(parts.map(({ part }) => part));
  const first = present.has(0) ? 0 : 1;
  const missing: number[] = [];
  for (let part = first; part < first + of; part++) if (!present.has(part)) missing.push(part);
  if (missing.length === 0) return;
  const shown = missing.slice(0, 10).join(', ') + (missing.length > 10 ? ', ...' : '');
  const error = new TraceError(
    `${paths[0]}: ${missing.length} of ${of} parts are missing (${shown}); give them all, or leave them out with --skip-invalid`,
  );
  dropRow(context, error);
}
