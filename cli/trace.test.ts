import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, test, vi } from 'vitest';
import { register } from './trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the command prints. */
async function run(...words: string[]): Promise<string> {
  const written: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    const program = new Command('tidemark').exitOverride();
    register(program);
    await program.parseAsync(['node', 'tidemark', 'trace', ...words]);
  } finally {
    spy.mockRestore();
  }
  return written.join('');
}

const job = (id: number, submit: number) =>
  `${id} ${submit} 0 ${30 + (id % 50)} 2 -1 -1 2 60 -1 1 ${id % 3} -1 -1 -1 -1 -1 -1`;
const jobs = Array.from({ length: 600 }, (_, id) => job(id, id * 1_000));
const swf = join(folder, 'a.swf');
writeFileSync(swf, `; MaxProcs: 8\n${jobs.join('\n')}\n`);

test('import, validate, inspect with a page, fit, generate: 600 jobs over 166 h go all the way', async () => {
  const out = join(folder, 'a');
  expect(await run('import', 'swf', swf, '--out', out)).toContain(
    'swf: 600 tasks over 166.4 h, 600 of them with a duration.',
  );
  expect(await run('validate', out)).toContain(`${out} is valid`);
  expect(await run('validate', 'swf', swf)).toContain(`${swf}: valid swf`);
  const page = join(folder, 'a.html');
  expect(await run('inspect', out, '--html', page)).toContain('600 tasks in 3 jobs over 167 h');
  const html = readFileSync(page, 'utf8');
  expect(html).toContain('id="chart-arrivals-day"');
  // Arrivals over time and over the day, durations; requests are all alike and need no chart.
  expect(Array.from(html.matchAll(/id="chart-([\w-]+)"/g), ([, id]) => id)).toEqual([
    'arrivals',
    'arrivals-day',
    'spread-durations',
  ]);
  expect(html.match(/<svg/g)?.length).toBe(3);
  expect(html).not.toContain('<script');
  expect(JSON.parse(await run('inspect', out, '--json')).tasks.jobs).toBe(3);
  const fit = join(folder, 'a.json');
  expect(await run('fit', out, '--out', fit)).toContain('held out, tasks a day: 4 days foretell 2');
  expect(await run('generate', fit, '--out', join(folder, 'g'), '--days', '2', '--tasks-scale', '2')).toContain(
    'tasks x 2',
  );
  expect(existsSync(join(folder, 'g/trace.json'))).toBe(true);
});

test('a bad row ends the import and leaves no folder; with --skip-invalid it is listed', async () => {
  const bad = join(folder, 'bad_vmtable.csv');
  writeFileSync(bad, 'a,s,d,0,x,9,5,1,Interactive,2,4\nb,s,d,5,6,1,1,1,Unknown,2,4\n');
  const out = join(folder, 'bad');
  await expect(run('import', 'azure', bad, '--out', out)).rejects.toThrow(/bad_vmtable\.csv:1 deleted is "x"/);
  expect(existsSync(out)).toBe(false);
  expect(await run('import', 'azure', bad, '--out', out, '--skip-invalid', '--scale', 'cpu=4')).toMatch(
    /1 invalid rows or parts were skipped, as asked\.\nskipped: .*bad_vmtable\.csv:1/,
  );
});

test('get without a name lists the manifest with licences', async () => {
  expect(await run('get')).toMatch(/opendc-workload-traces-surf-week-tasks +\d+ bytes {2}MIT/);
});

test('Ctrl-C in the middle of an import ends with code 130 and leaves nothing behind', async () => {
  const inputs = join(folder, 'vm_cpu_readings-file-1-of-1.csv');
  writeFileSync(
    inputs,
    Array.from({ length: 1_000_000 }, (_, row) => `${300 * row},vm${row % 1_000},1,2,3`).join('\n'),
  );
  const main = join(import.meta.dirname, '../dist/cli/main.js');
  const args = [main, 'trace', 'import', 'azure', inputs, '--no-duckdb', '--out', join(folder, 'stopped')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  // The first line of progress says that the import has begun.
  await new Promise((resolve) => child.stderr.once('data', resolve));
  const written = () => readdirSync(folder).filter((name) => name.startsWith('stopped'));
  expect(written()).toEqual([`stopped.partial-${child.pid}`]);
  child.kill('SIGINT');
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(130);
  expect(written()).toEqual([]);
});
