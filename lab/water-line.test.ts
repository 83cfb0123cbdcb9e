import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import type { Plan } from '../sim/plan.ts';
import { threeWindowResults } from '../sim/results/testing/three-windows.ts';
import { bindingOf, bindingSentence } from './binds.ts';
import { createCellRunner } from './cell-runner.ts';
import { epistemicBand, rankCorrelation } from './epistemic.ts';
import { runPlan } from './run-plan.ts';
import { searchLines } from './search-text.ts';
import { planWaterLine, type WaterLineRequest, waterLineCandidates } from './water-line.ts';

const room = mkdtempSync(join(tmpdir(), 'tidemark-water-line-'));
afterAll(() => rmSync(room, { recursive: true, force: true }));

const runners: ReturnType<typeof createCellRunner>[] = [];
afterAll(() => Promise.all(runners.map((runner) => runner.end())));

const runner = (workers: number, dir = join(room, `${workers}`)) => {
  const created = createCellRunner({
    dir,
    codeVersion: 'code',
    replayVersion: '',
    workers,
    identity: { tidemarkVersion: 't', nodeVersion: 'n' },
    signal: new AbortController().signal,
  });
  runners.push(created);
  return created;
};

// Ten hosts whose web pods ask for 2 cores each; the line is how much of it they use. More use, later answers.
const request: WaterLineRequest = {
  scenario: 'scenarios/library/unit-small.yaml',
  shown: 'unit-small',
  sets: ['horizon=30m'],
  lines: [{ path: 'online.explicit.web.meanUsagePercent', values: ['20%', '40%', '60%', '80%', '90%'] }],
  rule: { figure: 'lateRequestPercent', budget: 1, unplaced: false },
  epsilon: 0.3,
  confidence: 0.8,
  looks: 1,
  gainSeeds: 2,
  draws: 0,
  seedsPerDraw: 1,
};

describe('a water-line', () => {
  test('is found between a value that is safe and the next that is not, the same on 1 and 2 workers; its commands repeat', async () => {
    const one = await planWaterLine(request, {}, runner(1), () => {});
    const two = await planWaterLine(request, {}, runner(2), () => {});
    expect({ ...two, runs: null }).toEqual({ ...one, runs: null });
    const { recommended, notSafe, tests } = one!.search.result;
    expect([recommended, notSafe]).toEqual([recommended, recommended! + 1]);
    // alpha' = 0.2 / (ceil(log2(6)) x 1) = 0.0667; ln(0.0667) / ln(0.7) = 7.6: 8 seeds without a violation.
    const safe = tests.filter((entry) => entry.verdict === 'safe');
    expect(safe.length).toBeGreaterThan(0);
    expect(safe.every((entry) => entry.violates.length === 8 && entry.hits === 0)).toBe(true);
    const { justSafe, justUnsafe } = one!;
    expect([justSafe!.violates, justUnsafe!.violates]).toEqual([false, true]);
    const value = request.lines[0].values[recommended!];
    expect(justSafe!.command).toBe(
      `tidemark run unit-small --set horizon=30m --set online.explicit.web.meanUsagePercent=${value} --seed ${justSafe!.seed}`,
    );
    const sets = ['horizon=30m', `online.explicit.web.meanUsagePercent=${value}`, `seed=${justSafe!.seed}`];
    const { plan } = await loadPlan(request.scenario, { sets });
    const identity = { planHash: '', tidemarkVersion: '', nodeVersion: '' };
    expect(runPlan(plan, { identity })?.manifest.digest).toBe(justSafe!.digest);
    const text = searchLines(one!).join('\n');
    expect(text).toContain(
      `Recommended: meanUsagePercent ${value} (P(lateRequestPercent > 1) <= 30 % at 80 % confidence)`,
    );
    expect(text).toContain('Just unsafe: tidemark run unit-small');
    const { anchor } = one!.search.result;
    expect(text.includes('only looked at')).toBe(anchor !== null);
    expect(one!.binding!.service).toBe('web');
  });

  test('asked again it runs nothing but the run that shows what binds', async () => {
    const again = runner(1);
    const answer = await planWaterLine(request, {}, again, () => {});
    expect(again.counts().ran).toBe(0);
    expect(answer!.runs.reused).toBeGreaterThan(10);
  });

  test('lines that move together have equal lists, and values rise', async () => {
    const [line] = request.lines;
    const other = { path: 'koordinator.cpuSuppressThresholdPercent', values: ['50', '60'] };
    await expect(waterLineCandidates({ ...request, lines: [line, other] }, {})).rejects.toThrow('has 5, koordinator');
    const falling = { ...line, values: ['60%', '40%'] };
    await expect(waterLineCandidates({ ...request, lines: [falling] }, {})).rejects.toThrow('values must rise');
    const unknown = { path: 'koordinator.suppress', values: ['1'] };
    await expect(waterLineCandidates({ ...request, lines: [unknown] }, {})).rejects.toThrow(
      '--line koordinator.suppress',
    );
  });
});

test('assumed coefficients: 3 draws x 2 seeds are 6 runs inside their ranges, the same draws every time', async () => {
  const { plan } = await loadPlan(request.scenario, { sets: ['horizon=10m'] });
  const own = runner(1, join(room, 'draws'));
  const band = await epistemicBand({ name: 'x', plan }, request.rule, 3, 2, own, () => {});
  expect(own.counts()).toEqual({ ran: 6, reused: 0 });
  expect(band!.figures).toHaveLength(3);
  expect(band!.parameters.length).toBeGreaterThan(3);
  expect(await epistemicBand({ name: 'x', plan }, request.rule, 3, 2, own, () => {})).toEqual(band);
  expect(own.counts()).toEqual({ ran: 6, reused: 6 });
});

test('rank correlation of 1 2 3 4 with 10 30 20 40 is 1 - 6 x 2 / (4 x 15) = 0.8', () => {
  expect(rankCorrelation([1, 2, 3, 4], [10, 30, 20, 40])).toBeCloseTo(0.8, 12);
  expect(rankCorrelation([1, 2, 3], [5, 5, 5])).toBe(0);
});

test('what binds in three windows: web with 1 of 2 hours beyond 1 %, hour 2, 75 % of late requests from co-location', () => {
  // Measured hours 1 and 2: web 20 of 2,000 (1 %, not beyond 1 %) and 100 of 3,000; search 20 of 2,000 and none.
  // Late 40 + 160, alone 10 + 40: 150 of 200 from best effort.
  const results = threeWindowResults();
  const binding = bindingOf({ ...results, plan: results.plan as Plan }, 99, 3_600_000, new Set());
  expect(binding).toMatchObject({
    service: 'web',
    serviceViolatingHours: 1,
    serviceHours: 2,
    worstHour: 2,
    worstHourOfDay: 2,
    mechanism: 'co-location',
  });
  expect(binding.colocationPercent).toBeCloseTo(75, 9);
  expect(bindingSentence(binding)).toContain('75 % of late requests come from best effort beside them');
});
