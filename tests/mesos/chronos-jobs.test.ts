// Chronos runs jobs by ISO 8601 schedules and by their graph, in the plane: when each starts, what is tried again, what is dropped.
import { describe, expect, test } from 'vitest';
import { policiesOf } from '../../lab/run-plan.ts';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../../sim/engine/snapshot.ts';
import { workloadOf } from '../../sim/workload/from-plan.ts';
import { batchSum, HOUR, libraryPlan, MINUTE, results, runTo, startSeconds } from './run-scenario.ts';

/** Seconds from 18:00 to an hour and minute of that evening or the next day. */
const at = (hour: number, minute: number, day = 0) => (day * 24 + hour - 18) * 3600 + minute * 60;

/**
 * Longest time from due to running: Chronos refuses an idle offer for 5 s, a filter outlives the run it ends at, so the offer comes back
 * within 6 s; the container is made and starts in 1.57 s.
 */
const SLACK_SECONDS = 6 + 1.57;

/** Jobs in place of those of the library's night, which begins at 18:00. */
const jobsPlan = (jobs: string, ...sets: string[]) => {
  const none = ['extract-logs', 'extract-orders', 'join', 'report', 'index', 'probe'].map((job) => `${job}: null`);
  return libraryPlan('mesos-nightly', [`controlPlane.frameworks.chronos.jobs={${none.join(', ')}, ${jobs}}`, ...sets]);
};

describe('a nightly graph', () => {
  test('extracts start by the clock, the join behind the later of them, report and index behind the join, a probe every two hours', async () => {
    const plan = await libraryPlan('mesos-nightly');
    const { engine, starts } = startSeconds(plan, plan.horizonMs);
    checkCluster(engine.cluster);
    const shouldBe = (job: string, dueSeconds: readonly number[], hops = 1) => {
      const seen = starts[`chronos/${job}`];
      expect(seen).toHaveLength(dueSeconds.length);
      seen.forEach((second, i) => {
        expect(second, `${job} ${i}`).toBeGreaterThanOrEqual(dueSeconds[i]);
        expect(second, `${job} ${i}`).toBeLessThanOrEqual(dueSeconds[i] + hops * SLACK_SECONDS);
      });
    };
    shouldBe('extract-logs', [at(20, 0), at(20, 0, 1)]);
    shouldBe('extract-orders', [at(20, 15), at(20, 15, 1)]);
    // 20:00 + 30 min and 20:15 + 20 min: the orders are later.
    shouldBe('join', [at(20, 35), at(20, 35, 1)], 2);
    shouldBe('report', [at(21, 15), at(21, 15, 1)], 3);
    shouldBe('index', [at(21, 15), at(21, 15, 1)], 3);
    shouldBe(
      'probe',
      Array.from({ length: 15 }, (_, i) => at(18, 30) + i * 7200),
    );
    // 2 extracts, 2 more jobs behind and the join, twice; 15 probes.
    expect(batchSum(results(engine), 'finished')).toBe(2 * 5 + 15);
  });

  test('the 3.0 loop runs the same night within its own step: a run is due once its start has passed', async () => {
    const plan = await libraryPlan('mesos-nightly', ['controlPlane.frameworks.chronos.settings.scheduler="3.0"']);
    const { starts } = startSeconds(plan, 8 * HOUR);
    expect(starts['chronos/join']).toHaveLength(1);
    expect(starts['chronos/join'][0]).toBeGreaterThan(at(20, 35));
    expect(starts['chronos/join'][0]).toBeLessThanOrEqual(at(20, 35) + 2 * (SLACK_SECONDS + 0.001));
  });
});

describe('epsilon', () => {
  test('a run that was due 30 s before the start is made up for with an epsilon of 60 s, and left out with one of 20 s', async () => {
    const job = (epsilon: string) =>
      jobsPlan(`tick: {schedule: R/2014-03-08T17:59:30Z/PT1H, duration: 1m, epsilon: ${epsilon}}`);
    const first = async (epsilon: string) => startSeconds(await job(epsilon), 2 * HOUR).starts['chronos/tick'];
    const [madeUp, ...rest] = await first('60s');
    expect(madeUp).toBeLessThanOrEqual(SLACK_SECONDS);
    const late = await first('20s');
    expect(late).toHaveLength(2);
    for (const [i, starts] of [rest, late].entries())
      for (const [hour, second] of starts.entries()) {
        expect(second, `${i}`).toBeGreaterThanOrEqual((hour + 1) * 3600 - 30);
        expect(second, `${i}`).toBeLessThanOrEqual((hour + 1) * 3600 - 30 + SLACK_SECONDS);
      }
  });
});

describe('runs that fail', () => {
  /** Every attempt on every host fails a second after its start. */
  const FAILING = `failures.blackHoles=[${[0, 1, 2, 3].map((host) => `{host: ${host}, failAfter: 1s}`).join(', ')}]`;

  test('are tried twice more, a minute after each failure, and then given up; jobs behind them never run', async () => {
    const plan = await jobsPlan(
      'once: {schedule: R1/2014-03-08T18:10:00Z/P1D, duration: 1m}, after: {parents: [once], duration: 1m}',
      FAILING,
    );
    const { engine, starts } = startSeconds(plan, HOUR);
    const seen = starts['chronos/once'];
    expect(seen).toHaveLength(3);
    // Start, 1 s of work, 60 s until it is queued again.
    for (let i = 1; i < 3; i++) {
      expect(seen[i] - seen[i - 1]).toBeGreaterThanOrEqual(61);
      expect(seen[i] - seen[i - 1]).toBeLessThanOrEqual(61 + SLACK_SECONDS);
    }
    expect(starts['chronos/after']).toEqual([]);
    const run = results(engine);
    expect([batchSum(run, 'submitted'), batchSum(run, 'failed'), batchSum(run, 'abandoned')]).toEqual([1, 3, 1]);
    checkCluster(engine.cluster);
  });

  test('with softError set off the jobs behind them; after one final failure the next run is tried once', async () => {
    const plan = await jobsPlan(
      'twice: {schedule: R2/2014-03-08T18:10:00Z/PT20M, duration: 1m, retries: 1, softError: true}, after: {parents: [twice], duration: 1m, retries: 0}',
      FAILING,
    );
    const { engine, starts } = startSeconds(plan, 50 * MINUTE);
    // Two attempts at 18:10; at 18:30 one: no retry until a run succeeds.
    expect(starts['chronos/twice']).toHaveLength(3);
    expect(starts['chronos/after']).toHaveLength(2);
    const run = results(engine);
    expect([batchSum(run, 'failed'), batchSum(run, 'abandoned')]).toEqual([5, 4]);
  });
});

describe('a run that is due while the last still runs', () => {
  test('is dropped, unless the job may run beside itself', async () => {
    // Due at 18:10, :20, :30, :40 and :50, 15 minutes each: every second one finds the one before it running.
    const starts = async (concurrent: boolean) => {
      const job = `slow: {schedule: R5/2014-03-08T18:10:00Z/PT10M, duration: 15m, concurrent: ${concurrent}}`;
      const { engine, starts } = startSeconds(await jobsPlan(job), 2 * HOUR);
      return [starts['chronos/slow'].length, batchSum(results(engine), 'abandoned')];
    };
    expect(await starts(false)).toEqual([3, 2]);
    expect(await starts(true)).toEqual([5, 0]);
  });
});

describe('one task an offer, as in 2014', () => {
  test('eight jobs due at once start four a second on four agents; the later Chronos starts all eight at once', async () => {
    const jobs = Array.from({ length: 8 }, (_, i) => `j${i}: {schedule: R1/2014-03-08T18:10:00Z/P1D, duration: 5m}`);
    const spread = async (era: string) => {
      const plan = await jobsPlan(
        jobs.join(', '),
        'controlPlane.variant=0.2x',
        `controlPlane.frameworks.chronos.settings={era: "${era}", declineOfferMs: 0}`,
      );
      const { starts } = startSeconds(plan, HOUR);
      const all = Object.values(starts)
        .flat()
        .sort((a, b) => a - b);
      expect(all).toHaveLength(8);
      return all;
    };
    const batch = await spread('batch');
    expect(batch[7] - batch[0]).toBeLessThan(1);
    const one = await spread('2014');
    expect(one[7] - one[0]).toBeGreaterThanOrEqual(1);
  });
});

test('a run goes on from a snapshot in the middle of the night as without it', async () => {
  const plan = await libraryPlan('mesos-nightly', ['horizon=6h']);
  const engine = runTo(plan, 150 * MINUTE);
  const kept = structuredClone(snapshotRun(engine));
  runUntil(engine, plan.horizonMs);
  const other = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, kept);
  runUntil(other, plan.horizonMs);
  expect(results(other).manifest.digest).toBe(results(engine).manifest.digest);
});
