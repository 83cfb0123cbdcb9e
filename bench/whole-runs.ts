/** Whole runs of library scenarios: the main job for its week, and a day of 2,000 and of 20,000 hosts at equal density. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from '../lab/run-plan.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { loadPlan } from '../scenarios/load.ts';
import { runUntil } from '../sim/engine/run.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { BenchCase, BenchOutcome } from './harness.ts';
import { profileParts } from './profile.ts';

const LIBRARY = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'scenarios', 'library');

/** mixed-2000 for seven days (smoke: quickstart for two hours), with the time told apart by part. */
export function mixedWeek(): BenchCase {
  return {
    name: 'mixed-2000-week',
    about: '2,000 hosts, 40,000 pods, 5 M tasks, 7 days in 60 s windows',
    run: (size) =>
      wholeRun(size === 'full' ? 'mixed-2000.yaml' : 'quickstart.yaml', [], size === 'full' ? Infinity : 2),
  };
}

/** The 600-agent Mesos cluster with 5 million containers a week, for the week (smoke: two hours at a tenth). */
export function mesosWeek(): BenchCase {
  const small = ['cluster.hosts.mixed.count=60', 'online.pods=300', 'online.services=8'];
  return {
    name: 'mesos-600-week',
    about: '600 agents, 3,000 pods, 5 M containers, 7 days',
    run: (size) =>
      size === 'full'
        ? wholeRun('mesos-600.yaml', ['bestEffort.tasksPerWeek=5000000', 'horizon=7d'], Infinity)
        : wholeRun('mesos-600.yaml', [...small, 'bestEffort.tasksPerWeek=500000'], 2),
  };
}

/** The federation of 2,000 hosts in four Mesos clusters, 5 million containers a week, for twelve hours (smoke: one at a fortieth). */
export function mesosFederation(): BenchCase {
  const small = ['dc1=15', 'dc2=13', 'dc3=12', 'dc4=10'].map((text) => {
    const [name, hosts] = text.split('=');
    return `cluster.hosts.${name}.count=${hosts}`;
  });
  return {
    name: 'mesos-federation-2000',
    about: '2,000 agents under four masters, 8,000 pods, 5 M containers a week, 12 hours',
    run: (size) =>
      size === 'full'
        ? wholeRun('mesos-federation.yaml', ['horizon=12h'], Infinity)
        : wholeRun(
            'mesos-federation.yaml',
            [...small, 'online.pods=200', 'online.services=8', 'bestEffort.tasksPerWeek=125000'],
            1,
          ),
  };
}

/** One day of `hosts` hosts with the load of mixed-2000 a host; operations are host-days x 1,440 windows. */
export function clusterDay(name: string, hosts: number): BenchCase {
  return {
    name,
    about: `${hosts} hosts for one day, equal density`,
    run(size) {
      if (size === 'smoke') return wholeRun('quickstart.yaml', [], 1);
      const sets = ['horizon=1d', 'warmUp=2h'];
      return wholeRun(hosts === 20_000 ? 'large-20000.yaml' : 'mixed-2000.yaml', sets, Infinity);
    },
  };
}

async function wholeRun(file: string, sets: readonly string[], hours: number): Promise<BenchOutcome> {
  const { plan } = await loadPlan(join(LIBRARY, file), { sets });
  const profile = await profileParts(() => {
    const { engine } = prepare(plan, {});
    runUntil(engine, Math.min(plan.horizonMs, hours * MS_PER_HOUR));
    return engine;
  });
  const engine = profile.result;
  return { resultHash: digestText(engine.cluster.digest), operations: engine.events, parts: profile.parts };
}
