import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../policies/base/assert.ts';
import type { HostSignals, PodSignals } from '../policies/ports.ts';
import { loadPlan } from '../scenarios/load.ts';
import type { Plan } from '../sim/plan.ts';
import { book, createAudit, planFor, runSeller, type SellerRun, sellerOf } from './compare-selling.ts';
import { policiesOf, runPlan } from './run-plan.ts';

const scenario = join(import.meta.dirname, '../scenarios/library/overcommit.yaml');
const NAMES = ['batch-resource', 'limit-sum', 'borg-default', 'machine-percentile', 'max-predictor', 'peak-oracle'];

let plan: Plan;
let rows: ReadonlyMap<string, SellerRun>;
beforeAll(async () => {
  const sets = ['cluster.hosts.plain.count=8', 'online.pods=120', 'bestEffort.tasksPerWeek=12000', 'horizon=1d'];
  plan = (await loadPlan(scenario, { sets })).plan;
  rows = new Map(NAMES.map((name) => [name, runSeller(plan, sellerOf(name))]));
});
const of = (name: string) => rows.get(name) as SellerRun;

describe('ways of selling compared', () => {
  test('limit-sum saves nothing and breaks no promise; borg-default saves exactly 10 %', () => {
    expect(of('limit-sum').savingsPercent).toBeCloseTo(0, 9);
    expect(of('limit-sum').violatedPercent).toBe(0);
    expect(of('borg-default').savingsPercent).toBeCloseTo(10, 9);
  });

  test('the oracle is never violated, has no excess and sells more than any policy that is not', () => {
    expect(of('peak-oracle').violatedPercent).toBe(0);
    expect(of('peak-oracle').excessPercent).toBe(0);
    for (const row of rows.values())
      if (row.violatedPercent === 0) expect(row.soldPercent).toBeLessThanOrEqual(of('peak-oracle').soldPercent);
  });

  test('gain is bought with risk: who sells more is violated at least as often, the oracle apart', () => {
    const bySold = NAMES.slice(1, 5).map(of);
    bySold.sort((a, b) => a.soldPercent - b.soldPercent);
    expect(bySold.map((row) => row.name)).toEqual(['limit-sum', 'borg-default', 'max-predictor', 'machine-percentile']);
    for (let i = 1; i < bySold.length; i++)
      expect(bySold[i].violatedPercent).toBeGreaterThanOrEqual(bySold[i - 1].violatedPercent);
    expect(of('machine-percentile').violatedPercent).toBeGreaterThan(5);
  });

  test('more sold is more used: best effort runs under the oracle at least twice as much as under limit-sum', () => {
    expect(of('peak-oracle').usedPercent).toBeGreaterThan(2 * of('limit-sum').usedPercent);
  });

  test('looking on changes nothing: the audited run has the digest of the run alone', () => {
    const identity = { planHash: '', tidemarkVersion: '', nodeVersion: '' };
    const alone = runPlan({ ...plan, policies: [{ name: 'max-predictor', config: {} }] }, { identity });
    expect(alone?.manifest.digest).toBe(of('max-predictor').digest);
  });

  test('a policy that sells nothing is refused, with those that do', () => {
    expect(() => sellerOf('cpu-suppress')).toThrow(ConfigError);
    expect(() => sellerOf('cpu-suppress')).toThrow(/known: .*batch-resource.*peak-oracle/);
  });

  test('four tiers: every population is offered in thirds to batch, mid and free, the work stays what it was', () => {
    const spread = planFor(plan, sellerOf('n-fold:4')).bestEffort.populations;
    expect(spread.map(({ name, priority }) => [name, priority])).toEqual([
      ['transcode', 5500],
      ['transcode-mid', 7500],
      ['transcode-free', 3500],
      ['analytics', 5500],
      ['analytics-mid', 7500],
      ['analytics-free', 3500],
    ]);
    expect(spread.reduce((sum, { taskShare }) => sum + taskShare, 0)).toBeCloseTo(1, 12);
    expect(planFor(plan, sellerOf('n-fold:2')).bestEffort).toBe(plan.bestEffort);
  });
});

describe('the policies of a plan', () => {
  const named = (...names: string[]) => ({ ...plan, policies: names.map((name) => ({ name, config: {} })) });

  test('a seller takes the place of batch-resource and leaves the protection loops', () => {
    expect(policiesOf(named('n-sigma')).map(({ policy }) => policy.name)).toEqual([
      'cpu-suppress',
      'memory-evict',
      'cpu-evict',
      'n-sigma',
    ]);
    expect(policiesOf(named()).map(({ policy }) => policy.name)).toContain('batch-resource');
  });

  test('two sellers in one plan are refused', () => {
    expect(() => policiesOf(named('n-sigma', 'rc-like'))).toThrow(/n-sigma and rc-like sell the same/);
  });
});

describe('the audit', () => {
  test('P = 6 against P* = 8 is a violation of severity 1/4; P = 10 against 8 an excess of 1/4', () => {
    // Pods of 5 and 15 cores on one host will use [3, 2] and [4, 6]: sums 7 and 8, so P* = 8 of 20 promised.
    const pods = {
      count: 2,
      host: Int32Array.of(0, 0),
      requestMilliCpu: Float64Array.of(5_000, 15_000),
      future: { horizonSamples: 2, usedMilliCpu: Float32Array.of(3_000, 2_000, 4_000, 6_000) },
    } as unknown as PodSignals;
    const signals = { count: 1, up: Uint8Array.of(1) } as unknown as HostSignals;
    const audit = createAudit(0);
    book(audit, signals, pods, Float64Array.of(6_000));
    expect(audit).toMatchObject({ samples: 1, violated: 1, severity: 0.25, excess: 0, savings: 0.7 });
    book(audit, signals, pods, Float64Array.of(10_000));
    expect(audit).toMatchObject({ samples: 2, violated: 1, excess: 0.25, savings: 1.2 });
  });
});
