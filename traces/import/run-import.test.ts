import { existsSync, readdirSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { runImport } from './run-import.ts';
import { readImport } from './store.ts';
import { createTestFiles } from './test-files.ts';

const files = createTestFiles();
afterAll(() => files.remove());

const request = (format: string, paths: readonly string[], out: string) => ({
  format,
  paths,
  out: files.path(out),
  skipInvalid: false,
  scale: {},
  duckdb: false,
});
const table = 'a,s,d,0,2591400,94,5.8,11.3,Interactive,2,4\r\nb,s,d,5,6,1,1,1,Unknown,2,4\n';
const vmtable = files.write('in/vmtable.csv', table);

test('an import can be read again; mixed line ends are in its notes; no partial folder is left', async () => {
  const { trace } = await runImport(request('azure', [vmtable], 'a'));
  expect(await readImport(files.path('a'))).toEqual(trace);
  expect(trace.notes.at(-1)).toBe('line ends are mixed: 1 lines end in CR LF, 1 do not');
  expect(readdirSync(files.path('a')).sort()).toEqual([
    'hosts.parquet',
    'services.parquet',
    'tasks.parquet',
    'trace.json',
  ]);
  expect(readdirSync(files.path('.')).some((name) => name.includes('partial'))).toBe(false);
});

test('a cut gzip file leaves neither the folder nor a partial one, and a folder that was there stays', async () => {
  const whole = gzipSync(
    Array.from({ length: 200_000 }, (_, row) => `${row * 300},vm${(row * 7919) % 1009},1,2,${(row % 89) / 8}`).join(
      '\n',
    ),
  );
  const cut = files.writeBytes('in/vm_cpu_readings-file-1-of-1.csv.gz', whole.subarray(0, whole.length - 1000));
  await expect(runImport(request('azure', [vmtable, cut], 'b'))).rejects.toThrow(
    /csv\.gz:\d+ the gzip stream ends early/,
  );
  expect(existsSync(files.path('b'))).toBe(false);
  await expect(runImport({ ...request('azure', [vmtable, cut], 'a'), duckdb: true })).rejects.toThrow(/ends early/);
  expect((await readImport(files.path('a'))).services?.count).toBe(2);
  expect(readdirSync(files.path('.')).some((name) => name.includes('partial'))).toBe(false);
  rmSync(cut);
});

test('skipped rows are counted and listed in the stored notes', async () => {
  const bad = files.write('in2/vmtable.csv', 'a,s,d,0,x,94,5.8,11.3,Interactive,2,4\nb,s,d,5,6,1,1,1,Unknown,2,4\n');
  const { drops } = await runImport({ ...request('azure', [bad], 'c'), skipInvalid: true });
  expect(drops.count).toBe(1);
  const { notes } = await readImport(files.path('c'));
  expect(notes.some((note) => /^skipped: .*vmtable\.csv:1 deleted is "x"/.test(note))).toBe(true);
});

test('a folder with other things in it is not replaced', async () => {
  files.write('mine/letter.txt', 'x');
  await expect(runImport(request('azure', [vmtable], 'mine'))).rejects.toThrow(
    /holds something else than an imported trace/,
  );
  await expect(runImport({ ...request('azure', [vmtable], 'in/vmtable.csv') })).rejects.toThrow(
    /is a file; give a folder/,
  );
});
