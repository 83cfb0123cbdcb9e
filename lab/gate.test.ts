import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPlan } from '../scenarios/load.ts';
import { planHash } from '../scenarios/resolve.ts';
import { createStream } from '../sim/kernel/random.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunSummary } from '../sim/results/schema.ts';
import { threeWindowResults } from '../sim/results/testing/three-windows.ts';
import type { Arm, ArmRun } from './compare.ts';
import { gate, judge, lookSeeds } from './gate.ts';
import { budgetOf } from './gate-budget.ts';
import { gateAnnotations, gateJunit, gateLines, gateMarkdown } from './gate-output.ts';
import { OUTCOMES, outcomeOf } from './outcomes.ts';
import { runPool } from './pool.ts';
import { RUN_WORKER_URL, seedText, withSeed } from './replications.ts';
import type { RunAnswer, RunJob } from './worker.ts';

const { summary } = threeWindowResults();

/** Runs of a world whose figures are drawn; `shift` is what the policy does, `noise` what differs between two runs of one seed. */
function runs(name: string, seeds: number, shift: number, noise: number): ArmRun[] {
  const world = createStream('gate', 'world');
  const own = createStream('gate', name);
  return Array.from({ length: seeds }, (_, seed) => {
    const level = 1000 + 400 * world.next();
    const doneCoreHours = level + shift + noise * (own.next() - 0.5);
    const lateRequestPercent = 0.5 + 0.001 * noise * (own.next() - 0.5);
    const figures: Partial<RunSummary> = { doneCoreHours, lateRequestPercent };
    return { seed: `s/${seed}`, digest: `${name}/${seed}`, events: 10, summary: { ...summary, ...figures } };
  });
}
const arm = (name: string, own: readonly ArmRun[]): Arm => ({ name, runs: own });
const two = [outcomeOf('doneCoreHours'), outcomeOf('lateRequestPercent')];

function gateOf(baseline: readonly ArmRun[], candidate: readonly ArmRun[], confidence = 0.95) {
  return gate(arm('base', baseline), 'candidate', async (n) => candidate.slice(0, n), two, confidence);
}

describe('a gate', () => {
  test('looks at 4, 8, 16, 32, 64, 128 and 200 of 200 seeds', () => {
    expect(lookSeeds(200)).toEqual([4, 8, 16, 32, 64, 128, 200]);
    expect([lookSeeds(4), lookSeeds(2)]).toEqual([[4], [2]]);
  });

  test('judges d against its margin: bounds of (1, 2, 0) worse are 1 -+ 2.92 x 0.577 at 5 % each side', () => {
    // 1.6858 either side: below a margin of 3 ok; above a margin of -1 it would be regressed; 1.5 undecided.
    const side = (values: number[]) =>
      values.map((strandedCpuPercent, i) => ({
        ...runs('x', 3, 0, 0)[i],
        summary: { ...summary, strandedCpuPercent },
      }));
    const at = (value: number) => [
      { ...outcomeOf('strandedCpuPercent'), margin: { kind: 'absolute' as const, value } },
    ];
    const [ok] = judge(side([10, 12, 14]), side([11, 14, 14]), at(3), 0.05);
    expect(ok.worseHigh).toBeCloseTo(1 + 2.919986 / Math.sqrt(3), 5);
    expect(ok.verdict).toBe('ok');
    expect(judge(side([10, 12, 14]), side([11, 14, 14]), at(1.5), 0.05)[0].verdict).toBe('undecided');
    expect(judge(side([10, 12, 14]), side([21, 24, 24]), at(3), 0.05)[0].verdict).toBe('regressed');
  });

  test('a change that does nothing passes on 200 seeds, at the first look, even with no spread at all', async () => {
    const base = runs('base', 200, 0, 0);
    const result = await gateOf(base, base);
    expect(result).toMatchObject({ verdict: 'ok', identical: true, seeds: 4 });
  });

  test('200 gates of a change with noise and no effect: no more than 5 % regress (10), more than 9 of 10 pass', async () => {
    const counts = { ok: 0, regressed: 0, undecided: 0 };
    for (let trial = 0; trial < 200; trial++) {
      const result = await gateOf(runs(`a${trial}`, 32, 0, 20), runs(`b${trial}`, 32, 0, 20));
      counts[result!.verdict]++;
    }
    expect(counts.regressed).toBeLessThanOrEqual(10);
    expect(counts.ok).toBeGreaterThan(180);
  });

  test('200 gates of a change exactly at the margin: no more than 5 % pass (10)', async () => {
    // The world's mean is 1,200, so 1 % of it is 12; noise hides it at first, more seeds must not turn it into a pass.
    let passed = 0;
    for (let trial = 0; trial < 200; trial++) {
      const base = runs(`c${trial}`, 32, 0, 20);
      const mean = base.reduce((sum, run) => sum + run.summary.doneCoreHours, 0) / 32;
      const result = await gateOf(base, runs(`d${trial}`, 32, -0.0105 * mean, 20));
      if (result!.verdict === 'ok') passed++;
    }
    expect(passed).toBeLessThanOrEqual(10);
  });

  test('5 % less work done is caught at the first look of 4 seeds; 5 % more is no regression', async () => {
    const base = runs('e', 16, 0, 20);
    expect(await gateOf(base, runs('f', 16, -60, 20))).toMatchObject({ verdict: 'regressed', seeds: 4 });
    expect((await gateOf(base, runs('g', 16, 60, 20)))?.verdict).toBe('ok');
  });

  test('noise larger than the margin is undecided after the last look and says how many seeds would decide', async () => {
    const result = await gateOf(runs('h', 8, 0, 100), runs('i', 8, 0, 100));
    expect(result).toMatchObject({ verdict: 'undecided', seeds: 8, look: 2 });
    const open = result!.outcomes.find((entry) => entry.verdict === 'undecided');
    expect(open?.outcome.figure).toBe('doneCoreHours');
    expect(open?.seedsToDecide).toBeGreaterThan(8);
  });

  test('other seeds than the baseline’s and a baseline of one seed are refused', async () => {
    const base = runs('j', 8, 0, 1);
    await expect(gateOf(base, base.slice(1))).rejects.toThrow('has no run of seed s/0');
    await expect(gateOf(base.slice(0, 1), base)).rejects.toThrow('one seed decides nothing');
  });
});

describe('the budget file', () => {
  test('takes margins in the unit of the figure or in percent of the baseline', () => {
    const parsed = {
      confidence: 0.9,
      outcomes: { lateRequestPercent: { margin: 0.2 }, doneCoreHours: { marginPercent: 3 } },
    };
    const { outcomes, confidence } = budgetOf('b.yaml', parsed);
    expect(confidence).toBe(0.9);
    expect(outcomes.map((outcome) => [outcome.figure, outcome.margin])).toEqual([
      ['lateRequestPercent', { kind: 'absolute', value: 0.2 }],
      ['doneCoreHours', { kind: 'relative', value: 0.03 }],
    ]);
    expect(budgetOf('b.yaml', {}).outcomes).toBe(OUTCOMES);
  });

  test('refuses what it does not know, naming file and nearest', () => {
    expect(() => budgetOf('b.yaml', { outcome: {} })).toThrow(
      'b.yaml: outcome is an unknown key; known: confidence, outcomes',
    );
    expect(() => budgetOf('b.yaml', { outcomes: { lateRequests: null } })).toThrow('outcome "lateRequests" is unknown');
    expect(() => budgetOf('b.yaml', { outcomes: { doneCoreHours: { margin: -1 } } })).toThrow('give a number above 0');
    expect(() => budgetOf('b.yaml', { confidence: 95 })).toThrow('confidence is 95; give a share');
    expect(() => budgetOf('b.yaml', [])).toThrow('the file is no mapping');
  });
});

describe('what a gate prints', () => {
  test('one regression: a failure in JUnit, an error on GitHub, bold in Markdown; all well is one notice', async () => {
    const base = runs('k', 8, 0, 20);
    const bad = (await gateOf(base, runs('l', 8, -60, 20)))!;
    expect(gateLines(bad)[0]).toBe('gate regressed: an outcome got worse (candidate against base)');
    expect(gateMarkdown(bad)).toContain('| **regressed** | best-effort work done |');
    expect(gateJunit(bad)).toContain('tests="2" failures="1" errors="0"');
    expect(gateJunit(bad)).toContain('name="lateRequestPercent"/>');
    const [annotation] = gateAnnotations(bad);
    expect(annotation).toMatch(/^::error title=tidemark%3A doneCoreHours::best-effort work done /);
    expect(gateAnnotations((await gateOf(base, base))!)).toEqual([
      expect.stringMatching(/^::notice title=tidemark gate::/),
    ]);
  });
});

describe('end to end', () => {
  const room = mkdtempSync(join(tmpdir(), 'tidemark-gate-'));
  afterAll(() => rmSync(room, { recursive: true, force: true }));

  async function runsWith(plan: Plan, workerUrl: URL, seeds: number): Promise<ArmRun[]> {
    const jobs = Array.from({ length: seeds }, (_, index) => {
      const own = withSeed(plan, seedText(plan.seed, index));
      const identity = { planHash: planHash(own), tidemarkVersion: 't', nodeVersion: 'n' };
      const payload: RunJob = { plan: own, identity, notes: [], tables: false };
      return { name: own.seed, cost: 1, payload };
    });
    const outcomes = await runPool<RunJob, RunAnswer>(jobs, { workers: 2, workerUrl });
    return outcomes!.map((outcome) => {
      if (!outcome.ok) throw new Error(outcome.failure.message);
      const { manifest, summary: own } = outcome.value;
      return { seed: manifest.seed, digest: manifest.digest, events: manifest.events, summary: own };
    });
  }

  test('one changed line of the shipped batch-resource policy (half of the batch-cpu) is caught; a comment changes nothing', async () => {
    const file = join(room, 'small.yaml');
    const library = join(process.cwd(), 'scenarios', 'library', 'quickstart.yaml');
    writeFileSync(file, `extends: ${library}\nname: small\nhorizon: 2h\nwarmUp: 1h\n`);
    const { plan } = await loadPlan(file);
    const dist = join(process.cwd(), 'dist');
    const copy = join(room, 'dist');
    for (const name of ['lab', 'policies', 'scenarios', 'sim', 'traces'])
      cpSync(join(dist, name), join(copy, name), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(room, 'node_modules'));
    writeFileSync(join(room, 'package.json'), '{"type":"module"}');
    const changed = pathToFileURL(join(copy, 'lab', 'worker.js'));
    const policy = join(copy, 'policies', 'koordinator', 'batch-from-signals.js');
    const text = readFileSync(policy, 'utf8');
    const baseline = await runsWith(plan, RUN_WORKER_URL, 4);

    writeFileSync(policy, `// A remark.\n${text}`);
    const noOp = await runsWith(plan, changed, 4);
    expect(await gateOf(baseline, noOp)).toMatchObject({ verdict: 'ok', identical: true });

    const planted = plant(text);
    writeFileSync(policy, planted);
    const worse = (await gateOf(baseline, await runsWith(plan, changed, 4)))!;
    expect(worse.outcomes.find((entry) => entry.verdict === 'regressed')?.outcome.figure).toBe('doneCoreHours');
    expect(worse).toMatchObject({ verdict: 'regressed', identical: false });
  });
});

/** The one line: batch-cpu is sold as if the reclaim threshold were half of what it is. */
function plant(text: string): string {
  const line = 's.capacityMilliCpu[host], percent,';
  expect(text.split(line)).toHaveLength(2);
  return text.replace(line, 's.capacityMilliCpu[host], percent / 2,');
}
