/** Whole runs of library scenarios: the main job for its week, and a day of 2,000 and of 20,000 hosts at equal density. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from '../lab/run-plan.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { loadPlan } from '../scenarios/load.ts';
import { countInState, TASK_KIND, TASK_STATE } from '../sim/cluster/tasks.ts';
import type { Engine } from '../sim/engine/engine.ts';
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

/**
 * What the 600-agent cluster holds of 5 million containers a week: a quarter to one core each and most of them in the small hours, so that
 * all start at once and about 20,000 run at the peak, as published. The library scenario's containers are whole cores.
 */
const FITTING = [
  'bestEffort.populations.transcode.sizes=[{cores: 0.25, weight: 0.5}, {cores: 0.5, weight: 0.3}, {cores: 1, weight: 0.2}]',
  'bestEffort.populations.transcode.arrivals=[2.4, 2.6, 2.6, 2.4, 1.7, 1.3, 1.0, 0.8, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575, 0.575]',
];

/** The 600-agent Mesos cluster with 5 million containers a week, for the week (smoke: two hours at a tenth). */
export function mesosWeek(): BenchCase {
  return mesosRun('mesos-600-week', '600 agents, 3,000 pods, 5 M containers that all fit, 7 days', FITTING, '7d');
}

/** The same containers with the library's sizes, 1 to 4 cores: more than fits, so that a backlog grows and agents stay full; a day. */
export function mesosSaturatedDay(): BenchCase {
  return mesosRun('mesos-600-full', '600 agents, 3,000 pods, a day of 5 M containers a week that do not fit', [], '1d');
}

function mesosRun(name: string, about: string, sets: readonly string[], horizon: string): BenchCase {
  const small = ['cluster.hosts.mixed.count=60', 'online.pods=300', 'online.services=8'];
  return {
    name,
    about,
    run: (size) =>
      size === 'full'
        ? wholeRun('mesos-600.yaml', [...sets, 'bestEffort.tasksPerWeek=5000000', `horizon=${horizon}`], Infinity)
        : wholeRun('mesos-600.yaml', [...sets, ...small, 'bestEffort.tasksPerWeek=500000'], 2),
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
  const resultHash = digestText(engine.cluster.digest);
  return { resultHash, operations: engine.events, parts: profile.parts, figures: bestEffortFigures(engine) };
}

/** How much best-effort work a run held; without it a run that leaves most work waiting looks fast. */
function bestEffortFigures({ cluster, recorder }: Engine): Record<string, number> {
  const { bestEffortRunning, bestEffortPending } = recorder.windows;
  const max = (column: Float64Array) => column.subarray(0, recorder.cursor[0]).reduce((a, b) => Math.max(a, b), 0);
  return {
    'tasks started': recorder.batch.started.reduce((sum, count) => sum + count, 0),
    'tasks running, most at a window': max(bestEffortRunning),
    'tasks waiting, most at a window': max(bestEffortPending),
    'tasks waiting, at the end': countInState(cluster.tasks, TASK_KIND.bestEffort, TASK_STATE.pending),
  };
}
