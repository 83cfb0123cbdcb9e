/**
 * What the choice of window does to an answer, and laws that whole runs obey. All runs are a few hosts for a few hours.
 *
 * Windows differ in their draws (noise is drawn once a window), so convergence is a statement about means over seeds.
 */
import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../policies/base/exact-math.ts';
import { nextQuotaUs } from '../policies/koordinator/cpu-suppress.ts';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { createEngine } from '../sim/engine/engine.ts';
import { resultsOf } from '../sim/engine/results.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { noiseLossCpus, recoveryLossCpus } from '../sim/host/suppress-transient.ts';
import { createStream } from '../sim/kernel/random.ts';
import type { Plan } from '../sim/plan.ts';
import type { RunResults, RunSummary } from '../sim/results/schema.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import type { BatchSource } from '../traces/format.ts';
import { policiesOf, runPlan } from './run-plan.ts';

type Text = Readonly<Record<string, unknown>>;

const IDENTITY = { planHash: '', tidemarkVersion: '', nodeVersion: '' };

function planOf(text: Text): Plan {
  return resolve(scenarioSchema.parse(text));
}

function run(text: Text): RunResults {
  const results = runPlan(planOf(text), { identity: IDENTITY });
  if (results === null) throw new Error('stopped');
  return results;
}

const WORK = { kind: 'analytics', taskShare: 1, usageOverRequest: 1 };

describe('convergence', () => {
  const SEEDS = ['a', 'b', 'c', 'd'];

  /** 20 hosts, 400 pods, more best effort than fits. `load` 1 = services as measured. */
  function slice(window: string, load: number): (figure: keyof RunSummary) => number {
    const summaries = SEEDS.map(
      (seed) =>
        run({
          name: 'slice',
          seed,
          horizon: '3h',
          warmUp: '1h',
          window,
          cluster: { hosts: { plain: { count: 20, cpu: '64 cores', memory: '512GiB' } } },
          online: { source: 'fit', services: 20, pods: 400, loadFactor: load },
          koordinator: { cpuSuppressPolicy: 'cfsQuota' },
          physics: { isolation: 'group-identity' },
          bestEffort: { tasksPerWeek: 200_000, offeredPercent: 100, populations: { work: WORK } },
        }).summary,
    );
    return (figure) => summaries.reduce((sum, summary) => sum + summary[figure], 0) / SEEDS.length;
  }

  for (const load of [1, 2])
    test(`20 hosts at ${load} x measured load: late requests at 60 s and 5 s lie within 20 % of those at 1 s, CPU within 1 point`, () => {
      const fine = slice('1s', load);
      for (const window of ['60s', '5s']) {
        const coarse = slice(window, load);
        const ratio = coarse('lateRequestPercent') / fine('lateRequestPercent');
        expect(ratio, `${window} late requests`).toBeGreaterThan(0.8);
        expect(ratio, `${window} late requests`).toBeLessThan(1.2);
        const cpu = coarse('cpuUtilisationMeanPercent') - fine('cpuUtilisationMeanPercent');
        expect(Math.abs(cpu), `${window} CPU`).toBeLessThan(1);
      }
    });
});

describe('the 1 s loop against its closed form, 104 cpus at a line of 65 %', () => {
  const CPUS = 104;
  const LINE = 0.65 * CPUS;

  /** Mean of (free - granted) of the shipped loop, in cpus, while others use mean + sd x normal of one second. */
  function loopLossCpus(sdCpus: number, seconds: number): number {
    const stream = createStream('convergence', `loop/${sdCpus}`);
    const meanCpus = 20;
    let quotaUs = LINE * 100_000;
    let lost = 0;
    for (let second = 0; second < seconds; second++) {
      const used = meanCpus + sdCpus * normalQuantile(Math.min(1 - 1e-12, Math.max(1e-12, stream.next())));
      const freeCpus = LINE - used;
      quotaUs = nextQuotaUs(CPUS, Math.trunc(freeCpus * 1000), quotaUs);
      lost += freeCpus - quotaUs / 100_000;
    }
    return lost / seconds;
  }

  test('noise of 5, 10 and 15 cpus costs 0.2, 2.2 and 5.4 cpus; a million turns agree within a tenth of a cpu', () => {
    for (const [sd, closed] of [
      [5, 0.2],
      [10, 2.2],
      [15, 5.4],
    ] as const) {
      expect(noiseLossCpus(sd, CPUS, 0.1)).toBeCloseTo(closed, 0);
      expect(Math.abs(loopLossCpus(sd, 1_000_000) - noiseLossCpus(sd, CPUS, 0.1)), `sd ${sd}`).toBeLessThan(0.1);
    }
  });

  test('31.2 cpus freed at once come back in 3 turns: 31.2 + 20.8 + 10.4 = 62.4 core-seconds in the loop, 31.2^2 / 20.8 + 15.6 in closed form', () => {
    // Freed half a second before a sample, which the loop reads half a second later (means over phases): the first second is lost
    // whole, then each turn gives back 10.4.
    let quotaUs = 20 * 100_000;
    let lost = 31.2;
    const free = 51.2;
    let turns = 0;
    while (quotaUs < free * 100_000) {
      quotaUs = nextQuotaUs(CPUS, free * 1000, quotaUs);
      lost += free - quotaUs / 100_000;
      turns++;
    }
    expect(turns).toBe(3);
    expect(lost).toBeCloseTo(62.4, 6);
    expect(recoveryLossCpus(31.2, CPUS, 0.1, 60) * 60).toBeCloseTo(62.4, 6);
  });
});

describe('laws of whole runs, 6 hosts for two hours', () => {
  function tinyText(seed: string, offeredPercent: number, usageOverRequest: number, line = 65): Text {
    return {
      name: 'tiny',
      seed,
      horizon: '2h',
      cluster: { hosts: { plain: { count: 6, cpu: '32 cores', memory: '256GiB' } } },
      online: { source: 'fit', services: 6, pods: 90, loadFactor: 2 },
      koordinator: {
        cpuSuppressPolicy: 'cfsQuota',
        cpuSuppressThresholdPercent: line,
        cpuReclaimThresholdPercent: 85,
      },
      physics: { isolation: 'shares' },
      bestEffort:
        offeredPercent === 0
          ? {}
          : { tasksPerWeek: 60_000, offeredPercent, populations: { work: { ...WORK, usageOverRequest } } },
    };
  }

  const tiny = (...of: Parameters<typeof tinyText>): RunResults => run(tinyText(...of));

  const lateOf = (results: RunResults) => {
    let late = 0;
    for (const value of results.tables.windows.columns.violatingRequests) late += Number(value);
    return late;
  };
  /** Core-hours that best effort got: what finishes counts whole tasks, so two hours would show their ends and not the law. */
  const grantedOf = (results: RunResults) => {
    let milliCpuMinutes = 0;
    for (const value of results.tables.windows.columns.bestEffortUsedMilliCpu) milliCpuMinutes += Number(value);
    return milliCpuMinutes / 60_000;
  };

  test('placebo: more than 100 tasks that run and use no CPU change late requests of every window by exactly 0', () => {
    const plan = planOf(tinyText('p', 60, 1));
    const workload = workloadOf(plan);
    const batch: BatchSource = {
      ...workload.batch,
      fillHour: (hour, out) => {
        workload.batch.fillHour(hour, out);
        out.demandMilliCpu.fill(0, 0, out.count);
      },
    };
    const engine = createEngine(plan, { ...workload, batch }, { policies: policiesOf(plan) });
    startRun(engine);
    runUntil(engine, plan.horizonMs);
    const placebo = resultsOf(engine, IDENTITY, []);
    const without = tiny('p', 0, 1);
    expect(placebo.summary.tasksFinished).toBeGreaterThan(100);
    expect(lateOf(without)).toBeGreaterThan(0);
    expect(placebo.tables.windows.columns.violatingRequests).toEqual(without.tables.windows.columns.violatingRequests);
  });

  test('more best effort never lowers late requests: offers of 0, 20, 60 and 150 % under three seeds', () => {
    for (const seed of ['a', 'b', 'c']) {
      const late = [0, 20, 60, 150].map((offered) => lateOf(tiny(seed, offered, 1)));
      for (let i = 1; i < late.length; i++) expect(late[i], `${seed} step ${i}`).toBeGreaterThanOrEqual(late[i - 1]);
      expect(late[3]).toBeGreaterThan(late[0]);
    }
  });

  test('a higher suppress line never takes CPU from best effort: lines of 35, 50, 65 and 80 % under three seeds', () => {
    for (const seed of ['a', 'b', 'c']) {
      const done = [35, 50, 65, 80].map((line) => grantedOf(tiny(seed, 150, 1, line)));
      for (let i = 1; i < done.length; i++) expect(done[i], `${seed} step ${i}`).toBeGreaterThanOrEqual(done[i - 1]);
      expect(done[3]).toBeGreaterThan(done[0]);
    }
  });
});
