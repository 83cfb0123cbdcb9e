import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostColumns, serviceColumns, taskColumns } from '../traces/import/canonical.ts';
import { writeImport } from '../traces/import/store.ts';
import { parquetSink } from '../traces/import/usage-sink.ts';
import { daySpan } from './backtest.ts';

const BUILT = join(import.meta.dirname, '../dist/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'tidemark-backtest-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tidemark = (...words: string[]) =>
  spawnSync(process.execPath, [BUILT, ...words], { cwd: folder, encoding: 'utf8', maxBuffer: 1e8 });

/** Six days of four VMs; the last three days use a tenth more than the first three. */
beforeAll(async () => {
  const table = parquetSink(join(folder, 'vms')).open('use');
  for (let slot = 0; slot < 6 * 288; slot++)
    for (let vm = 0; vm < 4; vm++) {
      const hour = Math.floor(slot / 12) % 24;
      const level = (hour >= 8 && hour < 20 ? 600 : 200) * (slot < 3 * 288 ? 1 : 1.1);
      table.add(`vm-${vm}`, slot * 300_000, level, Number.NaN, Number.NaN, () => '');
    }
  table.finish();
  await writeImport(
    {
      format: 'test',
      startUnixMs: null,
      hosts: hostColumns([]),
      tasks: taskColumns([]).tasks,
      use: null,
      services: serviceColumns(
        [0, 1, 2, 3].map((vm) => ({ id: `vm-${vm}`, kind: 'vm', requestMilliCpu: 2_000, requestMemMib: 1_024 })),
      ),
      columns: {},
      notes: [],
    },
    join(folder, 'vms'),
  );
  writeFileSync(
    join(folder, 'fitted.yaml'),
    `name: fitted
title: Drawn from the first three days
seed: a
horizon: 2d
window: 5m
cluster: { hosts: { plain: { count: 1, cpu: 32 cores, memory: 64GiB, idlePower: 80W, maxPower: 260W, memBandwidth: 110GB/s } } }
online: { source: replay, trace: drawn }
`,
  );
});

test('fit on days 0 to 3, generate, backtest on days 3 to 5: a tenth too low, and every plan of this load says so', () => {
  expect(tidemark('trace', 'fit', 'vms', '--days', '0-3', '--out', 'fit.json').status).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, 'fit.json'), 'utf8')).source).toMatchObject({ fromDay: 0, toDay: 3 });
  expect(tidemark('trace', 'generate', 'fit.json', '--out', 'drawn', '--days', '2').status).toBe(0);
  const done = tidemark('backtest', 'fitted.yaml', '--measured', 'vms', '--days', '3-5');
  expect(done.stderr.split('\n').filter((line) => /rror/.test(line))).toEqual([]);
  expect(done.stdout).toMatch(/CPU of services over request: fitted against days 3 to 5 of vms, 48 hours/);
  const { rows, loadHash } = JSON.parse(readFileSync(join(folder, 'fitted.backtest.json'), 'utf8'));
  // Measured: 1.1 x (200 + 600) / 2 of 2,000 = 22 %, foretold 20 %.
  expect(rows[0].measuredMeanPercent).toBeCloseTo(22, 6);
  expect(Math.abs(rows[0].runMeanPercent - 20)).toBeLessThan(0.4);
  expect(Math.abs(rows[0].biasPoints + 2)).toBeLessThan(0.4);
  expect(rows.map((row: { name: string }) => row.name)).toEqual(['all', 'strong']);
  expect(loadHash).toHaveLength(64);

  const sentence =
    /Backtest of this load: online CPU over request was foretold as (19|20)[.\d]* % and measured as 22 %/;
  const room = tidemark(
    'plan',
    'headroom',
    'fitted.yaml',
    '--cpu',
    '1',
    '--mem',
    '64',
    '--set',
    'horizon=2h',
    '--out',
    'room',
  );
  expect(room.stdout).toMatch(sentence);
  const run = tidemark('run', 'fitted.yaml', '--set', 'horizon=2h', '--seeds', '2', '--out', 'run', '--no-report');
  expect(run.stdout.replaceAll(/\n +/g, ' ')).toMatch(sentence);
  // Pages keep numbers and units together.
  const quoted = (file: string) =>
    sentence.test(
      readFileSync(join(folder, file), 'utf8')
        .replaceAll(/&nbsp;/g, ' ')
        .replaceAll(/\s+/g, ' '),
    );
  const silent = (...written: readonly string[]) => written.filter((file) => !quoted(file));
  expect(silent('room/report.html', 'room/report.md')).toEqual([]);
  // Every other planning report: its page, its Markdown, its JSON or its text. The water-line writes as hosts does.
  const short = ['--set', 'horizon=2h'];
  const odds = ['--epsilon', '0.5', '--confidence', '0.5'];
  tidemark('plan', 'hosts', 'fitted.yaml', '--from', '1', '--to', '1', ...short, ...odds, '--out', 'hosts');
  expect(silent('hosts/report.html', 'hosts/report.md', 'hosts/answer.json', 'hosts/answer.txt')).toEqual([]);
  const line = 'koordinator.cpuSuppressThresholdPercent=50,60';
  const sweep = tidemark('sweep', 'fitted.yaml', '--vary', line, '--seeds', '2', ...short, '--out', 'sweep');
  const compare = tidemark('compare', 'sweep', '--out', 'compared');
  const gate = tidemark(
    ...['gate', '--baseline', 'run', '--candidate', 'run', '--markdown', 'gate.md', '--junit', 'gate.xml'],
  );
  for (const { stdout } of [sweep, compare, gate]) expect(stdout).toMatch(sentence);
  expect(silent('sweep/report.html', 'sweep/report.md', 'gate.md', 'gate.xml')).toEqual([]);
  expect(silent('compared/report.html', 'compared/report.md', 'compared/comparison.json')).toEqual([]);
  for (const index of ['1/2', '2/2'])
    tidemark(
      ...['sweep', 'fitted.yaml', '--vary', line, '--seeds', '1', ...short],
      ...['--shard', index, '--out', `shard-${index[0]}`],
    );
  const merge = tidemark('merge', 'merged', 'shard-1', 'shard-2');
  const sensitivity = tidemark('sensitivity', 'fitted.yaml', ...short, '--out', 'sensitivity');
  const sellers = ['--policies', 'limit-sum', '--seeds', '1'];
  const selling = tidemark('selling', 'fitted.yaml', ...sellers, ...short, '--out', 'selling');
  for (const { stdout, stderr } of [merge, sensitivity, selling])
    expect(stdout.replaceAll(/\s+/g, ' '), stderr).toMatch(sentence);
  expect(silent('merged/report.html', 'merged/report.md', 'merged/document.json')).toEqual([]);
  expect(silent('sensitivity/sensitivity.html', 'selling/selling.html')).toEqual([]);
  // A page that is drawn again still quotes it.
  tidemark('report', 'merged');
  expect(silent('merged/report.html')).toEqual([]);
  // Another load was not tested.
  const other = tidemark(
    'run',
    'fitted.yaml',
    '--set',
    'horizon=2h',
    '--set',
    'online.loadFactor=2',
    '--out',
    'run',
    '--no-report',
  );
  expect(other.stdout.replaceAll(/\n +/g, ' ')).toContain(
    'is the backtest of another load than this one and is not quoted',
  );
});

test('a horizon that leaves less than a day, and days that run backwards, are refused before anything runs', () => {
  const short = tidemark('backtest', 'fitted.yaml', '--measured', 'vms', '--set', 'horizon=20h');
  expect(short.status).toBe(2);
  expect(short.stderr).toContain('a backtest needs a day or more after warm-up; horizon and --days leave 20 hours');
  expect(() => daySpan('5-3')).toThrow('give the first day and the one after the last');
});
