import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replicate } from './replicate.ts';
import { kindOfDirectory, readReplications, readRun, writeReplications, writeRun } from './store.ts';
import { threeWindowResults } from './testing/three-windows.ts';

let room = '';
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'tidemark-store-'));
});
afterEach(() => rmSync(room, { recursive: true, force: true }));

describe('a run directory', () => {
  test('comes back as it was written, with stamps for its 10 files and row counts for its 7 tables', async () => {
    const results = threeWindowResults();
    const dir = join(room, 'run');
    const manifest = await writeRun(dir, results);
    const read = await readRun(dir);
    expect(read.tables).toEqual(results.tables);
    expect(read.tables.hosts.columns.name).toEqual(['host-0', 'h\u00f6st-1']);
    expect(read.tables.windows.columns.onlineUsedMilliCpu).toBeInstanceOf(Float64Array);
    expect(read.tables.windows.columns.evictedMemory).toBeInstanceOf(Int32Array);
    expect(read.summary).toEqual(results.summary);
    expect(read.plan).toEqual(results.plan);
    expect(read.notes).toEqual(results.notes);
    expect(read.manifest).toEqual(manifest);
    expect(Object.keys(manifest.files)).toHaveLength(10);
    expect(manifest.tables).toMatchObject({ windows: 3, hostHours: 6, populations: 1 });
    expect(readdirSync(room)).toEqual(['run']);
  });

  test('is written in the same bytes twice', async () => {
    const first = await writeRun(join(room, 'a'), threeWindowResults());
    const second = await writeRun(join(room, 'b'), threeWindowResults());
    expect(second).toEqual(first);
  });

  test('takes attachments under their stamp and replaces an earlier run whole', async () => {
    const dir = join(room, 'run');
    await writeRun(dir, threeWindowResults(), { 'report.html': '<p>old</p>', 'extra.txt': 'x' });
    const manifest = await writeRun(dir, threeWindowResults('2'), { 'report.html': '<p>new</p>' });
    expect(readFileSync(join(dir, 'report.html'), 'utf8')).toBe('<p>new</p>');
    expect(existsSync(join(dir, 'extra.txt'))).toBe(false);
    expect(manifest.files['report.html'].bytes).toBe(10);
    expect((await readRun(dir)).manifest.seed).toBe('2');
  });

  test('never replaces a directory that is not a run, and leaves nothing behind', async () => {
    const dir = join(room, 'thesis');
    mkdirSync(dir);
    writeFileSync(join(dir, 'chapter.txt'), 'years of work');
    await expect(writeRun(dir, threeWindowResults())).rejects.toThrow(/thesis exists and is not a tidemark run/);
    expect(readFileSync(join(dir, 'chapter.txt'), 'utf8')).toBe('years of work');
    expect(readdirSync(room)).toEqual(['thesis']);
  });

  test('fills an empty directory', async () => {
    mkdirSync(join(room, 'empty'));
    await writeRun(join(room, 'empty'), threeWindowResults());
    expect(kindOfDirectory(join(room, 'empty'))).toBe('run');
  });

  test('an error while writing leaves the former run in place and no temporary directory', async () => {
    const dir = join(room, 'run');
    await writeRun(dir, threeWindowResults());
    const broken = threeWindowResults();
    const short = { ...broken.tables.windows, rows: 2 };
    await expect(writeRun(dir, { ...broken, tables: { ...broken.tables, windows: short } })).rejects.toThrow(
      'windows.timeMs has 3 entries, the table 2 rows',
    );
    expect((await readRun(dir)).tables.windows.rows).toBe(3);
    expect(readdirSync(room)).toEqual(['run']);
  });
});

describe('a damaged run directory names the file', () => {
  const damaged = async (damage: (dir: string) => void): Promise<unknown> => {
    const dir = join(room, 'run');
    await writeRun(dir, threeWindowResults(), { 'report.html': 'hello' });
    damage(dir);
    return readRun(dir).catch((error: unknown) => error);
  };

  test.each([
    ['hostHours.parquet', 'cut short', (path: string) => truncateSync(path, 100)],
    ['summary.json', 'changed since', (path: string) => flipLastDigit(path)],
    ['report.html', 'changed since', (path: string) => writeFileSync(path, 'hallo')],
    ['plan.json', 'missing', (path: string) => rmSync(path)],
  ])('%s: %s', async (file, words, damage) => {
    const error = await damaged((dir) => damage(join(dir, file)));
    expect(error).toMatchObject({ name: 'TraceError' });
    expect((error as Error).message).toContain(file);
    expect((error as Error).message).toContain(words);
  });

  test('manifest.json: not JSON', async () => {
    const error = await damaged((dir) => truncateSync(join(dir, 'manifest.json'), 50));
    expect(error).toMatchObject({ name: 'TraceError' });
    expect((error as Error).message).toContain('manifest.json: not JSON');
  });

  test('a directory without manifest.json is no run', async () => {
    await expect(readRun(room)).rejects.toMatchObject({ name: 'ConfigError' });
  });
});

function flipLastDigit(path: string): void {
  const text = readFileSync(path, 'utf8');
  const at = text.search(/\d(?=\D*$)/);
  writeFileSync(path, `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`);
}

test('two seeds lie in seed-1 and seed-2 beside their estimates; a missing half width survives as NaN', async () => {
  const dir = join(room, 'sweep');
  const runs = [threeWindowResults('7'), threeWindowResults('9')];
  const replications = replicate(runs.map(({ manifest, summary }) => ({ ...manifest, summary })));
  await writeReplications(dir, replications, runs, { 'report.html': 'r' });
  expect(readdirSync(dir).sort()).toEqual(['report.html', 'seed-1', 'seed-2', 'summary.json']);
  expect(kindOfDirectory(dir)).toBe('replications');
  expect(readReplications(dir)).toEqual(replications);
  expect((await readRun(join(dir, 'seed-2'))).manifest.seed).toBe('9');

  const single = replicate([{ seed: '7', digest: 'd7', summary: runs[0].summary }]);
  await writeReplications(dir, single, [runs[0]]);
  expect(readReplications(dir).estimates.cost.halfWidth).toBeNaN();
  expect(readdirSync(dir).sort()).toEqual(['seed-1', 'summary.json']);
});

test('DuckDB reads the tables: late requests of 3 windows sum to 700, names keep their umlauts', async (context) => {
  const duckdb = await import('@duckdb/node-api').catch(() => null);
  if (duckdb === null) return context.skip('@duckdb/node-api is not installed: npm install @duckdb/node-api');
  const dir = join(room, 'run');
  await writeRun(dir, threeWindowResults());
  const connection = await (await duckdb.DuckDBInstance.create(':memory:')).connect();
  const query = async (sql: string): Promise<unknown> => (await connection.runAndReadAll(sql)).getRowObjects();
  // 500 + 40 + 160
  expect(
    await query(`select sum("violatingRequests") as late, count(*)::int as n from '${dir}/windows.parquet'`),
  ).toEqual([{ late: 700, n: 3 }]);
  expect(await query(`select "name" from '${dir}/hosts.parquet' order by host`)).toEqual([
    { name: 'host-0' },
    { name: 'h\u00f6st-1' },
  ]);
  connection.closeSync();
});
