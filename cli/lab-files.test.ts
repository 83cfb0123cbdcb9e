import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { LabDocument } from '../sim/results/lab-document.ts';
import { repeatCommand } from './lab-files.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const room = mkdtempSync(join(tmpdir(), 'tidemark-lab-files-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));

function tidemark(args: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args.split(' ')], {
    cwd: room,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args}: ${status}\n${stderr}`);
  return stdout;
}

const text = (...path: string[]): string => readFileSync(join(room, ...path), 'utf8');
const documentOf = (dir: string): LabDocument => JSON.parse(text(dir, 'document.json'));
const SHORT = '--set horizon=3h --set warmUp=1h';

describe('a sweep, its comparison and two plans', () => {
  test('a sweep leaves page, Markdown and tables; table.csv is the one that the sweep itself wrote', () => {
    const stdout = tidemark(`sweep unit-small ${SHORT} --vary cluster.hosts.plain.count=7,9 --seeds 2 --out s`);
    expect(stdout).toContain('4 runs: 4 made, 0 taken from disk, 0 failed; s/report.html');
    const files = readdirSync(join(room, 's')).sort();
    expect(files).toEqual([
      'cells',
      'document.json',
      'points.csv',
      'points.parquet',
      'report.html',
      'report.md',
      'sweep.json',
      'table.csv',
      'table.json',
      'table.parquet',
    ]);
    const table = JSON.parse(text('s', 'table.json'));
    const [header, first] = text('s', 'table.csv').split('\n');
    expect(header.startsWith('point,cluster.hosts.plain.count,seed,planHash,digest,events,')).toBe(true);
    expect(first.split(',').slice(0, 5)).toEqual([
      '0',
      '7',
      table.rows[0].seed,
      table.rows[0].planHash,
      table.rows[0].digest,
    ]);
    const document = documentOf('s');
    expect(document.command).toBe(`tidemark sweep unit-small ${SHORT} --vary cluster.hosts.plain.count=7,9 --seeds 2`);
    expect(document.arms.map((arm) => [arm.name, arm.at])).toEqual([
      ['count 7', [7]],
      ['count 9', [9]],
    ]);
  });

  test('the hours of a sweep agree with its summaries: CPU and late requests after the warm-up of one hour', () => {
    const table = JSON.parse(text('s', 'table.json'));
    const { hours } = documentOf('s').arms[0];
    const columns = hours?.columns as Record<string, number[]>;
    const counted = (column: string): number => columns[column].slice(1).reduce((sum, value) => sum + value, 0);
    const rows = table.rows.filter((row: { point: number }) => row.point === 0);
    const mean = (figure: string): number =>
      rows.reduce((sum: number, row: { summary: Record<string, number> }) => sum + row.summary[figure], 0) /
      rows.length;
    const used = counted('onlineCores') + counted('systemCores') + counted('bestEffortCores');
    expect((100 * used) / counted('capacityCores')).toBeCloseTo(mean('cpuUtilisationMeanPercent'), 2);
    expect((100 * counted('lateRequests')) / counted('requests')).toBeCloseTo(mean('lateRequestPercent'), 3);
  });

  test('compare --out writes its own; both points stand under the same two seeds', () => {
    const stdout = tidemark('compare s --out c');
    expect(stdout.trimEnd().endsWith('c/report.html')).toBe(true);
    const document = documentOf('c');
    expect(document.title).toBe('count 9 against 7');
    expect(document.arms.map((arm) => arm.seeds)).toEqual([
      ['unit-small', 'unit-small/2'],
      ['unit-small', 'unit-small/2'],
    ]);
    expect(document.arms.every((arm) => arm.hours !== null)).toBe(true);
    expect(text('c', 'report.md')).toContain('# count 9 against 7');
  });

  test('plan water-line: the recommended value and the pair of runs are in the page, the curve in table.csv', () => {
    const line = 'online.explicit.web.meanUsagePercent=20%,90%';
    tidemark(
      `plan water-line unit-small --set horizon=30m --line ${line} --figure lateRequestPercent --budget 1 --epsilon 0.3 --confidence 0.8 --gain-seeds 2 --draws 0 --out p`,
    );
    const document = documentOf('p');
    expect(document.kind).toBe('search');
    expect(document.answer[0]).toContain('Recommended: meanUsagePercent 20%.');
    expect(document.answer.some((words) => words.startsWith('Just unsafe: tidemark run unit-small'))).toBe(true);
    expect(document.risk?.candidates.map((entry) => [entry.name, entry.recommended])).toEqual([
      ['meanUsagePercent 20%', true],
      ['meanUsagePercent 90%', false],
    ]);
    expect(text('p', 'table.csv').split('\n')[1]).toMatch(/^meanUsagePercent 20%,"safe, recommended",/);
    // Hours stay with the cells: the answer alone is small.
    expect(text('p', 'answer.json')).not.toContain('capacityCores');
  });

  test('plan headroom --out: one line a seed, its least value in the answer', () => {
    tidemark(`plan headroom unit-small ${SHORT} --cpu 2 --mem 2048 --seeds 2 --out h`);
    const document = documentOf('h');
    expect(document.arms.map((arm) => arm.hours?.columns.fits.length)).toEqual([2, 2]);
    const least = Math.min(...document.arms.flatMap((arm) => arm.hours?.columns.fits ?? []));
    expect(document.cards[0].value).toBe(least.toLocaleString('en'));
  });
});

test('the repeated command leaves out where and how fast, and quotes what a shell would take apart', () => {
  expect(repeatCommand(['sweep', 'a b.yaml', '--out', 'x', '--workers', '4', '--vary', "p=[1,'2']", '--json'])).toBe(
    "tidemark sweep 'a b.yaml' --vary 'p=[1,'\\''2'\\'']'",
  );
});
