// Sisyphus takes the place of a task in a lower lane when an urgent one has waited long enough.
import { expect, test } from 'vitest';
import { checkCluster } from '../../sim/cluster/check-cluster.ts';
import { batchSum, HOUR, libraryPlan, results, runTo } from './run-scenario.ts';

/** 160 cores full of tasks of 30 minutes, one in fifty urgent. */
const plan = (settings: string) =>
  libraryPlan('mesos-reservations', [
    'controlPlane.reservations={nights: null, more: null, reports: null}',
    'controlPlane.frameworks.night=null',
    'controlPlane.frameworks.reports=null',
    'controlPlane.frameworks.sisyphus.populations=[transcode, urgent]',
    `controlPlane.frameworks.sisyphus.settings=${settings}`,
    'bestEffort.populations.transcode.taskShare=98%',
    'bestEffort.populations.urgent={kind: transcode, taskShare: 2%, priority: 5900, sizes: [{cores: 2, weight: 1}], memPerCore: 1GiB, lifeLogMean: 4, lifeLogSigma: 0.01}',
  ]);

test('with a preemption after 10 s urgent tasks wait little more than that; without it they wait for the next of 80 tasks of half an hour to end', async () => {
  const run = async (settings: string) => {
    const engine = runTo(await plan(settings), 3 * HOUR);
    checkCluster(engine.cluster);
    const run = results(engine);
    const { columns } = run.tables.populations;
    const urgent = (columns.name as readonly string[]).indexOf('urgent');
    return { waitSeconds: Number(columns.waitMsP95[urgent]) / 1000, evicted: batchSum(run, 'evicted') };
  };
  const waiting = await run('{}');
  const preempting = await run('{preemptAfterMs: 10000}');
  expect(waiting.evicted).toBe(0);
  expect(preempting.evicted).toBeGreaterThan(0);
  // 10 s, the next run, an offer refused for 5 s before, the container.
  expect(preempting.waitSeconds).toBeLessThan(10 + 1 + 6 + 1.57 + 5);
  expect(waiting.waitSeconds).toBeGreaterThan(preempting.waitSeconds);
});
