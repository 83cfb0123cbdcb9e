import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sensitivity, SensitivityRow } from '../lab/sensitivity.ts';
import { sensitivity } from './sensitivity.ts';
import { sensitivityText, sentencesOf } from './sensitivity-text.ts';

const row = (name: string, atLow: number, atHigh: number, flips: ('low' | 'high')[] = []): SensitivityRow => ({
  name: name as SensitivityRow['name'],
  unit: 'ms',
  tag: 'A',
  confidence: 'L',
  source: 'usual scale',
  low: 2,
  high: 50,
  value: 10,
  atLow,
  atHigh,
  swing: Math.abs(atHigh - atLow),
  flips,
});

const made = (rows: readonly SensitivityRow[]): Sensitivity => ({
  name: 'made',
  figure: 'lateRequestPercent',
  seeds: ['a'],
  base: 0.5,
  baseLatePercent: 0.5,
  allowedLatePercent: 1,
  rows,
  without: [],
  runs: 5,
});

describe('sentences and bars', () => {
  test('the widest comes first with its ends, the coefficient that breaks the objective is named', () => {
    const result = made([row('rpcServiceMs', 0.2, 1.7, ['high']), row('rpcLlc', 0.4, 0.6)]);
    expect(sentencesOf(result, 'late requests', '%')).toEqual([
      'rpcServiceMs moves late requests most: 0.2 % at 2 and 1.7 % at 50 ms, against 0.5 % in the plan (assumed, low confidence; ' +
        'usual scale). Next: rpcLlc (0.4 % to 0.6 %).',
      'The plan keeps the objective (0.5 % late, 1 % allowed); rpcServiceMs at its high end would break it. Measure these before ' +
        'relying on the answer.',
    ]);
  });

  test('without a flip the sentence says that no single assumption decides', () => {
    expect(sentencesOf(made([row('rpcLlc', 0.4, 0.6)]), 'late requests', '%')[1]).toBe(
      'The plan keeps the objective (0.5 % late, 1 % allowed), and no single assumption within its range changes that.',
    );
  });

  test('40 columns from 0.2 to 1.7: the plan at 0.5 stands in column round(0.2 x 39) = 8, low end left of it, high end right', () => {
    const result = made([row('rpcServiceMs', 0.2, 1.7, ['high'])]);
    const lines = sensitivityText(result, result.rows, [], 'late requests', '%', 'out').split('\n');
    expect(lines[2]).toBe(`rpcServiceMs  ${'-'.repeat(8)}|${'+'.repeat(31)}  0.2 | 1.7  changes the objective`);
  });
});

describe('the command on four hosts and two services', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sensitivity-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const scenario = join(folder, 'tiny.yaml');
  writeFileSync(
    scenario,
    `name: tiny
horizon: 1h
cluster: { hosts: { plain: { count: 4, cpu: 16 cores, memory: 128GiB } } }
online:
  source: none
  explicit:
    api: { latencyClass: rpc, replicas: 8, cpuRequest: 2 cores, cpuLimit: 4 cores, memRequest: 4GiB, meanUsagePercent: 90 }
bestEffort:
  tasksPerWeek: 40000
  offeredPercent: 80%
  populations: { work: { kind: analytics, taskShare: 1 } }
`,
  );
  const out = join(folder, 'out');
  let result: Sensitivity;

  beforeAll(async () => {
    let text = '';
    const exitCode = await sensitivity(
      scenario,
      { outcome: 'lateRequestPercent', seeds: 2, workers: 2, top: 5, set: [], out, json: true },
      (part) => {
        text += part;
      },
    );
    expect(exitCode).toBe(0);
    result = JSON.parse(text);
  });

  test('coefficients of classes that do not run change nothing, those of the class that runs do', () => {
    const moved = result.rows.map(({ name }) => name as string);
    expect(moved).toContain('rpcCpuShare');
    expect(moved).toContain('targetOverBaseline');
    expect(result.without).toContain('searchServiceMs');
    expect(result.without).toContain('mlTrainingLlc');
    for (const { tag } of result.rows) expect(['A', 'M']).toContain(tag);
  });

  test('a target of 1.2 x the baseline gives more late requests than one of 2 x; rows come widest first', () => {
    const target = result.rows.find(({ name }) => name === 'targetOverBaseline');
    expect(target?.atLow).toBeGreaterThan(target?.atHigh ?? Number.POSITIVE_INFINITY);
    for (let i = 1; i < result.rows.length; i++)
      expect(result.rows[i].swing).toBeLessThanOrEqual(result.rows[i - 1].swing);
  });

  test('runs are 2 for the plan, 2 ends x 1 seed for every coefficient and 2 x 1 more for those that move', () => {
    const { rows, without, runs } = result;
    expect(runs).toBe(2 + 2 * (rows.length + without.length) + 2 * rows.length);
  });

  test('page, chart and JSON are written; the page draws five rows and loads nothing', () => {
    expect(readdirSync(out).sort()).toEqual(['sensitivity.html', 'sensitivity.json', 'tornado.svg']);
    const page = readFileSync(join(out, 'sensitivity.html'), 'utf8');
    expect(page).toContain('<svg');
    expect(page).not.toContain('<script');
    for (const { name } of result.rows.slice(0, 5)) expect(page).toContain(name);
  });
});
