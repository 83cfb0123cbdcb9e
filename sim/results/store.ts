/**
 * Run directories on disk: written whole or not at all, checked byte by byte when read.
 *
 * A directory is built under a temporary name beside its place and renamed into it, so a killed run leaves no half
 * directory under the name a person asked for.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { assert, ConfigError, TraceError } from '../../policies/base/assert.ts';
import { parquetOf, tableOf } from './parquet.ts';
import type { Estimate, FileStamp, Manifest, Replications, RunResults, Table, TableName } from './schema.ts';
import { TABLES } from './schema.ts';

export const RUN_FORMAT = 'tidemark-run/1';
export const REPLICATIONS_FORMAT = 'tidemark-replications/1';

const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** Further files of a run directory by name: a report, say. */
export type Attachments = Readonly<Record<string, string | Uint8Array>>;

/**
 * Writes a run directory at `dir` and returns the manifest as written, its `files` filled in.
 *
 * An earlier run in the same place is replaced. Throws ConfigError when `dir` exists and is neither empty nor a run.
 */
export async function writeRun(dir: string, results: RunResults, attachments: Attachments = {}): Promise<Manifest> {
  return replaceWhole(dir, (temporary) => writeRunFiles(temporary, results, attachments));
}

/**
 * Reads a run directory. Throws TraceError that names the file when one is missing, cut short or changed since it was
 * written, ConfigError when `dir` is no run directory.
 */
export async function readRun(dir: string): Promise<RunResults> {
  const manifest = readManifest(dir);
  const bytesOf = (name: string): Uint8Array => readStamped(dir, name, manifest.files);
  const tables: Partial<Record<TableName, Table>> = {};
  for (const name of TABLE_NAMES) {
    const path = join(dir, `${name}.parquet`);
    const rows = manifest.tables[name];
    if (rows === undefined) throw new TraceError(`${join(dir, 'manifest.json')}: no row count for table ${name}`);
    tables[name] = await tableOf(name, bytesOf(`${name}.parquet`), rows, path);
  }
  for (const name of Object.keys(manifest.files)) bytesOf(name);
  const parse = (name: string): unknown => parseJson(join(dir, name), bytesOf(name));
  return {
    manifest,
    plan: parse('plan.json'),
    summary: parse('summary.json') as RunResults['summary'],
    tables: tables as RunResults['tables'],
    notes: parse('notes.json') as RunResults['notes'],
  };
}

/**
 * Writes `seed-1/`, `seed-2/`, ... (in the order of `runs`) and summary.json with the estimates; rules as writeRun.
 * `runs` may produce each run only when it is asked for, so that one at a time is held in memory.
 */
export async function writeReplications(
  dir: string,
  replications: Replications,
  runs: Iterable<RunResults>,
  attachments: Attachments = {},
): Promise<void> {
  await replaceWhole(dir, async (temporary) => {
    let n = 0;
    for (const run of runs) {
      n++;
      const seedDir = join(temporary, `seed-${n}`);
      mkdirSync(seedDir);
      await writeRunFiles(seedDir, run, {});
    }
    assert(n === replications.seeds.length, 'there is one run for every seed of the replications');
    writeFileSync(join(temporary, 'summary.json'), jsonText({ format: REPLICATIONS_FORMAT, ...replications }));
    for (const [name, content] of Object.entries(attachments)) writeFileSync(join(temporary, name), content);
  });
}

/** Reads summary.json of a directory of several seeds; half widths that JSON holds as null come back as NaN. */
export function readReplications(dir: string): Replications {
  const path = join(dir, 'summary.json');
  if (!existsSync(path)) throw new ConfigError(`${dir} is no directory of replications: it has no summary.json`);
  const { format, ...replications } = parseJson(path, readFileSync(path)) as Replications & { format: unknown };
  if (format !== REPLICATIONS_FORMAT)
    throw new TraceError(`${path}: format is ${JSON.stringify(format)}, expected "${REPLICATIONS_FORMAT}"`);
  const estimates: Record<string, Estimate> = {};
  for (const [figure, estimate] of Object.entries(replications.estimates))
    estimates[figure] = { ...estimate, halfWidth: estimate.halfWidth ?? Number.NaN };
  return { ...replications, estimates: estimates as Replications['estimates'] };
}

/** What lies at `dir`: one run, runs of several seeds, nothing yet, or something that is not ours. */
export function kindOfDirectory(dir: string): 'run' | 'replications' | 'free' | 'foreign' {
  if (!existsSync(dir)) return 'free';
  let entries: string[];
  try {
    entries = readdirSync(dir);
  } catch {
    return 'foreign';
  }
  if (entries.length === 0) return 'free';
  if (formatOf(join(dir, 'manifest.json')) === RUN_FORMAT) return 'run';
  return formatOf(join(dir, 'summary.json')) === REPLICATIONS_FORMAT ? 'replications' : 'foreign';
}

function formatOf(path: string): unknown {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { format?: unknown }).format;
  } catch {
    return undefined;
  }
}

async function replaceWhole<T>(dir: string, write: (temporary: string) => Promise<T>): Promise<T> {
  const target = resolve(dir);
  if (kindOfDirectory(target) === 'foreign')
    throw new ConfigError(`${dir} exists and is not a tidemark run: choose another directory or remove it yourself`);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  const former = `${temporary}.former`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  try {
    const written = await write(temporary);
    if (existsSync(target)) renameSync(target, former);
    renameSync(temporary, target);
    rmSync(former, { recursive: true, force: true });
    return written;
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (existsSync(former) && !existsSync(target)) renameSync(former, target);
    throw error;
  }
}

async function writeRunFiles(dir: string, results: RunResults, attachments: Attachments): Promise<Manifest> {
  const files: Record<string, FileStamp> = {};
  const put = (name: string, content: string | Uint8Array): void => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    assert(basename(name) === name && name !== 'manifest.json', 'a file of a run has a plain name of its own');
    writeFileSync(join(dir, name), bytes);
    files[name] = { bytes: bytes.byteLength, sha256: sha256Of(bytes) };
  };
  const rows: Record<string, number> = {};
  for (const name of TABLE_NAMES) {
    const table: Table = results.tables[name];
    checkTable(table);
    put(`${name}.parquet`, await parquetOf(table));
    rows[name] = table.rows;
  }
  put('plan.json', jsonText(results.plan));
  put('summary.json', jsonText(results.summary));
  put('notes.json', jsonText(results.notes));
  for (const [name, content] of Object.entries(attachments)) put(name, content);
  const manifest: Manifest = { ...results.manifest, tables: rows, files };
  writeFileSync(join(dir, 'manifest.json'), jsonText(manifest));
  return manifest;
}

function checkTable(table: Table): void {
  const columns = table.columns as Readonly<Record<string, { readonly length: number } | undefined>>;
  for (const spec of TABLES[table.name]) {
    const length = columns[spec.name]?.length;
    assert(length === table.rows, `${table.name}.${spec.name} has ${length} entries, the table ${table.rows} rows`);
  }
}

function readManifest(dir: string): Manifest {
  const path = join(dir, 'manifest.json');
  if (!existsSync(path)) throw new ConfigError(`${dir} is no run directory: it has no manifest.json`);
  const manifest = parseJson(path, readFileSync(path)) as Manifest;
  if (manifest.format !== RUN_FORMAT)
    throw new TraceError(`${path}: format is ${JSON.stringify(manifest.format)}, expected "${RUN_FORMAT}"`);
  if (typeof manifest.files !== 'object' || typeof manifest.tables !== 'object')
    throw new TraceError(`${path}: has no stamps of files or no row counts`);
  return manifest;
}

function readStamped(dir: string, name: string, files: Manifest['files']): Uint8Array {
  const path = join(dir, name);
  const stamp = files[name];
  if (stamp === undefined) throw new TraceError(`${join(dir, 'manifest.json')}: no stamp for ${name}`);
  if (!existsSync(path)) throw new TraceError(`${path}: missing, though the manifest lists it`);
  const bytes = readFileSync(path);
  if (bytes.byteLength !== stamp.bytes)
    throw new TraceError(`${path}: ${bytes.byteLength} bytes, the manifest says ${stamp.bytes}: cut short or changed`);
  if (sha256Of(bytes) !== stamp.sha256)
    throw new TraceError(`${path}: contents changed since the run was written (SHA-256 differs from the manifest)`);
  return bytes;
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new TraceError(`${path}: not JSON (${(error as Error).message})`);
  }
}
