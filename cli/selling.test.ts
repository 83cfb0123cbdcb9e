import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SellingComparison } from '../lab/selling.ts';
import { selling } from './selling.ts';

const out = mkdtempSync(join(tmpdir(), 'tidemark-selling-'));
afterAll(() => rmSync(out, { recursive: true }));

const SMALL = [
  'cluster.hosts.plain.count=4',
  'online.pods=40',
  'bestEffort.tasksPerWeek=6000',
  'horizon=8h',
  'warmUp=3h',
];
const command = (policies: string, seeds: number) => ({ policies, seeds, set: SMALL, workers: 1, json: false, out });

describe('selling on two seeds', () => {
  let text = '';
  let result: SellingComparison;
  beforeAll(async () => {
    const code = await selling(
      'overcommit',
      command('limit-sum, n-sigma, peak-oracle, n-fold:2, n-fold:4', 2),
      (part) => {
        text += part;
      },
    );
    expect(code).toBe(0);
    result = JSON.parse(readFileSync(join(out, 'selling.json'), 'utf8')) as SellingComparison;
  });
  const row = (name: string) => {
    const found = result.rows.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no row ${name}`);
    return found;
  };

  test('limit-sum is the baseline and gains exactly 0 under every seed; the oracle is exactly 0 below itself', () => {
    expect(result.baseline).toBe('limit-sum');
    expect(row('limit-sum').gainCoreHours).toEqual({ mean: 0, halfWidth: 0 });
    expect(row('peak-oracle').belowOraclePercent).toEqual({ mean: 0, halfWidth: 0 });
    expect(row('peak-oracle').figures.violatedPercent).toEqual({ mean: 0, halfWidth: 0 });
    expect(row('peak-oracle').gainCoreHours.mean).toBeGreaterThan(0);
    expect(row('limit-sum').belowOraclePercent.mean).toBeGreaterThan(row('n-sigma').belowOraclePercent.mean);
  });

  test('two seeds, two digests a row; the interval of n-sigma has a width', () => {
    expect(result.seeds).toEqual(['overcommit', 'overcommit/2']);
    expect(new Set(row('n-sigma').digests).size).toBe(2);
    expect(row('n-sigma').figures.soldPercent.halfWidth).toBeGreaterThan(0);
  });

  test('the same CPU sold to three classes counts three times: more than twice what one class is sold', () => {
    expect(row('n-fold:4').figures.soldPercent.mean).toBeGreaterThan(2 * row('n-fold:2').figures.soldPercent.mean);
  });

  test('the page has both charts with every seller by name, and the text a line each', () => {
    const page = readFileSync(join(out, 'selling.html'), 'utf8');
    for (const name of ['limit-sum', 'n-sigma', 'peak-oracle', 'n-fold:4']) expect(page).toContain(`>${name}<`);
    expect(page).toContain('id="chart-selling-violation"');
    expect(page).toContain('id="chart-selling-broken"');
    expect(readFileSync(join(out, 'selling-violation.svg'), 'utf8')).toMatch(/^<svg/);
    const lines = text.split('\n');
    expect(lines[0]).toMatch(
      /^seller +sold % +used % +gain core-h +P\(viol\) % +late % +broken % +severity % +below oracle$/,
    );
    expect(lines[3]).toMatch(/^peak-oracle/);
    expect(text).toContain(`Page      ${join(out, 'selling.html')}`);
  });
});

test('what sells nothing, and a number of tiers that does not exist, are refused before anything runs', async () => {
  const run = (policies: string) => selling('overcommit', command(policies, 1), () => {});
  await expect(run('cpu-suppress')).rejects.toThrow(/"cpu-suppress" sells nothing; known: .*peak-oracle/);
  await expect(run('n-fold:5')).rejects.toThrow(/only n-fold takes a number of tiers, 2, 3 or 4/);
  await expect(run('n-sigma:3')).rejects.toThrow(/only n-fold takes a number of tiers/);
});
