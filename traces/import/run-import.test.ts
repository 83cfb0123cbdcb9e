import { existsSync, readdirSync, rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { runImport } from './run-import.ts';
import { createTestFiles } from './test-files.ts';
import { readImport } from './test-read.ts';

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

const swf = (id: string) => `${id} 0 0 30 2 -1 -1 2 60 -1 1 -1 -1 -1 -1 -1 -1 -1`;
const V2025 =
  'instance_sn,role,app_name,cpu_request,gpu_request,memory_request,max_instance_per_node,creation_time,scheduled_time,deletion_time';
const HELIOS = 'job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue';
const helios = (id: string) => `${id},u,v,1,2,1,COMPLETED,2020-04-01 00:00:00,,,5,0`;
test.each([
  ['swf', 'jobs.swf', [swf('1'), '2 0 0', swf('1'), swf('3')]],
  ['openb', 'pods.csv', ['name,cpu_milli,memory_mib,num_gpu,gpu_milli', 'a,1,1,0,0', 'b,1', 'a,1,1,0,0', 'c,1,1,0,0']],
  [
    'gpu-v2025',
    'list.csv',
    [V2025, 'a,CN,x,8,0,16,-1,1,2,3', 'b,CN', 'a,CN,x,8,0,16,-1,1,2,3', 'c,CN,x,8,0,16,-1,1,2,3'],
  ],
  ['helios', 'cluster_log.csv', [HELIOS, helios('a'), 'b,u', helios('a'), helios('c')]],
])(
  '%s: a row with too few fields and a repeated one end the import, or are dropped and listed',
  async (format, name, lines) => {
    const path = files.write(`rows/${name}`, `${lines.join('\n')}\n`);
    const first = lines.length - 2;
    await expect(runImport(request(format, [path], 'rows-out'))).rejects.toThrow(
      new RegExp(`:${first} has \\d fields`),
    );
    const { trace, drops } = await runImport({ ...request(format, [path], 'rows-out'), skipInvalid: true });
    expect([trace.tasks.count, drops.count]).toEqual([2, 2]);
    expect(drops.listed.map((text) => text.slice(path.length))).toEqual([
      expect.stringMatching(new RegExp(`^:${first} has`)),
      expect.stringMatching(new RegExp(`^:${first + 1} .* appears a second time$`)),
    ]);
  },
);

test('files without a single row are refused', async () => {
  const empty = files.write('empty/vmtable.csv', '');
  await expect(runImport(request('azure', [empty], 'none'))).rejects.toThrow(
    /vmtable\.csv: no host, task, service or event was read/,
  );
  expect(existsSync(files.path('none'))).toBe(false);
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
