// Mesos runs drawn by seed, with everything that can go wrong at once: every book is kept, and a fork from the middle ends alike.
import { expect, test } from 'vitest';
import { policiesOf, prepare } from '../../lab/run-plan.ts';
import { watch } from '../../sim/cluster/checker.ts';
import { checkEngine, checkWork } from '../../sim/engine/check-engine.ts';
import { runUntil } from '../../sim/engine/run.ts';
import { restoreRun, snapshotRun } from '../../sim/engine/snapshot.ts';
import { digestText } from '../../sim/kernel/digest.ts';
import { createStream } from '../../sim/kernel/random.ts';
import { workloadOf } from '../../sim/workload/from-plan.ts';
import { libraryPlan, MINUTE } from './run-scenario.ts';

const HORIZON_MIN = 180;
const SEEDS = Number(process.env['DRAWN_SEEDS'] ?? 4);
const FROM = Number(process.env['DRAWN_FROM'] ?? 1);

/** Overrides of mesos-unit, drawn by seed. */
function drawn(seed: number): string[] {
  const stream = createStream(`drawn/${seed}`, 'mesos');
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(stream.next() * of.length)];
  const whole = (least: number, most: number) => least + Math.floor(stream.next() * (most - least + 1));
  const often = (share: number) => stream.next() < share;
  const isModern = often(0.8);
  const isAware = isModern && often(0.7);
  const strategy = () =>
    pick(
      'disabled',
      '{inactiveAfter: 0s, expungeAfter: 0s}',
      '{inactiveAfter: 1m, expungeAfter: 10m}',
      '{inactiveAfter: 0s, expungeAfter: 40m}',
    );
  const incidents: string[] = [];
  for (let n = whole(0, 4); n > 0; n--) {
    const at = `${whole(5, 150)}m`;
    const hosts = `[${[...new Set([whole(0, 19), whole(0, 19), whole(0, 19)])].join(', ')}]`;
    incidents.push(
      pick(
        `{at: ${at}, kind: partition, hosts: ${hosts}, lasts: ${whole(1, 40)}m}`,
        `{at: ${at}, kind: maintenance, hosts: ${hosts}, lasts: ${whole(5, 40)}m}`,
        `{at: ${at}, kind: master-lost}`,
        `{at: ${at}, kind: scheduler-lost, framework: ${pick('marathon', 'spark', 'sisyphus')}}, {at: ${whole(151, 175)}m, kind: resubscribe, framework: ${pick('marathon', 'spark', 'sisyphus')}}`,
      ),
    );
  }
  const outages: string[] = [];
  for (let n = whole(0, 4); n > 0; n--)
    outages.push(`{host: ${whole(0, 19)}, at: ${whole(5, 170)}m, duration: ${whole(1, 60)}m}`);
  const marathon = isAware
    ? `{kind: marathon, partitionAware: true, unreachable: {web: ${strategy()}, cache: ${strategy()}}}`
    : '{kind: marathon}';
  const spark = pick(
    'kind: storm-like',
    'kind: spark-like, settings: {mode: fine}',
    'kind: spark-like, settings: {mode: fine, dynamicAllocation: true}',
    `kind: spark-like, settings: {executorCores: ${pick(4, 8)}, coresMax: ${pick(0, 16, 40)}, dynamicAllocation: false}`,
    `kind: spark-like, settings: {executorCores: ${pick(2, 8)}, coresMax: ${pick(0, 16, 40)}, dynamicAllocation: true}`,
  );
  const web = ['online.explicit.web.cpuLimit=4 cores', `online.explicit.web.meanUsagePercent=${whole(20, 75)}%`];
  if (often(0.6))
    web.push(
      `online.explicit.web.healthCheck={gracePeriod: 1m, interval: ${pick(10, 60)}s, timeout: ${pick(2, 9)}s, maxConsecutiveFailures: ${whole(0, 3)}}`,
    );
  if (often(0.5)) web.push(`online.explicit.web.autoscale={maxReplicas: 60, targetCpuPercent: ${whole(30, 70)}%}`);
  return [
    `seed=drawn-${seed}`,
    `horizon=${HORIZON_MIN}m`,
    `controlPlane.variant=${isModern ? 'modern' : '0.2x'}`,
    `controlPlane.frameworks.marathon=${marathon}`,
    `controlPlane.frameworks.spark={${spark}, populations: [analytics]}`,
    `controlPlane.launch.start=${pick(1, 60)}s`,
    `controlPlane.incidents=[${incidents.join(', ')}]`,
    `failures.outages=[${outages.join(', ')}]`,
    `bestEffort.tasksPerWeek=${pick(20_000, 60_000)}`,
    'bestEffort.populations.transcode.taskShare=70%',
    'bestEffort.populations.analytics={kind: analytics, taskShare: 30%, sizes: [{cores: 2, weight: 1}], memPerCore: 1GiB}',
    ...web,
  ];
}

test(`seeds ${FROM} to ${FROM + SEEDS - 1}: health checks, partitions, dead hosts, lost masters and executors keep every book`, async () => {
  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    const plan = await libraryPlan('mesos-unit', drawn(seed));
    const said = `seed ${seed}`;
    try {
      const { engine } = prepare(plan, {});
      const checker = watch(engine.cluster);
      let kept: ReturnType<typeof snapshotRun> | undefined;
      for (let part = 1; part <= 9; part++) {
        runUntil(engine, Math.floor((HORIZON_MIN * MINUTE * part) / 9));
        checkEngine(engine);
        checker.compare();
        if (part === 5) kept = structuredClone(snapshotRun(engine));
      }
      checkWork(engine, checker);
      if (kept === undefined) throw new Error('a run has a middle');
      const fork = restoreRun(plan, workloadOf(plan), { policies: policiesOf(plan) }, kept);
      runUntil(fork, plan.horizonMs);
      expect(digestText(fork.cluster.digest), said).toBe(digestText(engine.cluster.digest));
    } catch (error) {
      throw new Error(`${said} (DRAWN_FROM=${seed} DRAWN_SEEDS=1): ${error instanceof Error ? error.stack : error}`);
    }
  }
});
