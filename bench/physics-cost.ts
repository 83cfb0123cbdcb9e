/**
 * What the full physics costs a pod and window against the terms of the first version: the passes of a tick over one warm cluster, with and
 * without the terms that came later, taking turns in one process. The smallest round of each counts, so that the machine's other work does
 * not.
 *
 *   calm       quickstart: limits, memory and the suppress line are far, every later term is left out by its test
 *   pressed    limits bind, memory is nearly full, best effort is cut on every host: every later term is worked out for most pods
 *
 * Goal: at most 2 x in either. Evaluations of single pods are counted as well; they are the same on every machine.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { policiesOf } from '../lab/run-plan.ts';
import { MS_PER_HOUR } from '../policies/base/units.ts';
import { loadPlan } from '../scenarios/load.ts';
import { resolve } from '../scenarios/resolve.ts';
import { scenarioSchema } from '../scenarios/schema.ts';
import { createEngine, type Engine } from '../sim/engine/engine.ts';
import { sweepHosts } from '../sim/engine/host-sweep.ts';
import { type Lateness, sweepLateness, TERM } from '../sim/engine/lateness.ts';
import { createMemoryState, slowBestEffort, sweepMemory } from '../sim/engine/memory-sweep.ts';
import { sweepDemand } from '../sim/engine/online.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { digestText } from '../sim/kernel/digest.ts';
import type { Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import type { BenchCase, BenchOutcome } from './harness.ts';

const QUICKSTART = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'scenarios', 'library', 'quickstart.yaml');

/** Three rounds of an hour each way at smoke size, twenty at full size. */
export function physicsCost(): BenchCase {
  return {
    name: 'physics-cost',
    about: 'full physics against the terms of the first version, a pod and window',
    async run(size): Promise<BenchOutcome> {
      const rounds = size === 'full' ? 20 : 3;
      const { plan } = await loadPlan(QUICKSTART);
      const calm = compare(plan, false, rounds);
      const pressed = compare(pressedPlan(), true, rounds);
      return {
        resultHash: `${calm.hash.slice(0, 8)}${pressed.hash.slice(0, 8)}`,
        operations: calm.podWindows + pressed.podWindows,
        figures: { ...named('calm', calm), ...named('pressed', pressed) },
      };
    },
  };
}

interface Cost {
  readonly leanSeconds: number;
  readonly fullSeconds: number;
  readonly podWindows: number;
  /** Evaluations of all terms over those of the first version. */
  readonly evaluationRatio: number;
  readonly hash: string;
}

function named(name: string, cost: Cost): Record<string, number> {
  return {
    [`${name}: first version, ns a pod and window`]: (1e9 * cost.leanSeconds) / cost.podWindows,
    [`${name}: full physics, ns a pod and window`]: (1e9 * cost.fullSeconds) / cost.podWindows,
    [`${name}: full over first version`]: cost.fullSeconds / cost.leanSeconds,
    [`${name}: evaluations over first version`]: cost.evaluationRatio,
  };
}

/** Warms a run up for an hour and walks the passes of its second hour, `rounds` times each way. */
function compare(plan: Plan, isCut: boolean, rounds: number): Cost {
  const engine = createEngine(plan, workloadOf(plan, undefined), { policies: policiesOf(plan) });
  startRun(engine);
  runUntil(engine, MS_PER_HOUR);
  const hash = digestText(engine.cluster.digest);
  const { evaluations } = engine.latencySums;
  const windows = MS_PER_HOUR / plan.windowMs;
  const seconds = { lean: Infinity, full: Infinity };
  const counts = { lean: 0, full: 0 };
  let pods = 0;
  for (let round = 0; round < rounds; round++) {
    for (const which of ['lean', 'full'] as const) {
      evaluations.fill(0);
      seconds[which] = Math.min(seconds[which], passes(engine, which === 'lean', isCut, windows));
      counts[which] = evaluations.reduce((sum, count) => sum + count, 0);
      pods = evaluations[TERM.latency];
    }
  }
  return {
    leanSeconds: seconds.lean,
    fullSeconds: seconds.full,
    podWindows: pods,
    evaluationRatio: counts.full / counts.lean,
    hash,
  };
}

/** CPU seconds of one hour of windows: demand, split, contention and lateness; no policy acts and nothing ends. */
function passes(engine: Engine, isLean: boolean, isCut: boolean, windows: number): number {
  const { plan, cluster, online, hostWindow, hostModel, latency, telemetry, memory } = engine;
  const { hosts, tasks } = cluster;
  const { parameters, classCount } = hostModel;
  const limit = telemetry.signals.beLimitMilliCpu;
  const { windowMs } = plan;
  const inputs: Lateness = isLean ? { ...engine, memory: createMemoryState(hosts.count), throttling: null } : engine;
  const before = process.cpuUsage();
  for (let window = 0; window < windows; window++) {
    const nowMs = MS_PER_HOUR + window * windowMs;
    sweepDemand(
      online,
      tasks,
      nowMs,
      windowMs,
      latency.rateCv,
      hostWindow.slowdown,
      classCount,
      hostWindow.onlineMilliCpu,
      hostWindow.onlineVariance,
    );
    // Every other window the limit of best effort falls to half of what it has.
    for (let host = 0; isCut && host < hosts.count; host++)
      limit[host] = (window % 2 === 0 ? 0.5 : 2) * hostWindow.bestEffortMilliCpu[host];
    if (!isLean) sweepMemory(hosts, telemetry.signals.lastNodeMemBytes, parameters, 1, 1, memory);
    sweepHosts(hosts, hostModel, limit, engine.beLossMilliCpu, !isLean, hostWindow);
    if (!isLean) slowBestEffort(memory, hostWindow);
    sweepLateness(inputs, nowMs);
  }
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

/** Forty hosts with 1,600 pods at 80 % of their limits, memory of the kernel raised until best effort fills the rest. */
function pressedPlan(): Plan {
  return resolve(
    scenarioSchema.parse({
      name: 'pressed',
      seed: 'pressed',
      horizon: '1d',
      cluster: {
        hosts: { plain: { count: 40, cpu: '64 cores', memory: '256GiB' } },
        systemMemPercent: 12,
      },
      online: {
        source: 'none',
        explicit: {
          api: {
            latencyClass: 'rpc',
            replicas: 1600,
            cpuRequest: '1 cores',
            cpuLimit: '1500m',
            memRequest: '6GiB',
            meanUsagePercent: 90,
            peakToTrough: 1.5,
          },
        },
      },
      bestEffort: {
        tasksPerWeek: 300_000,
        offeredPercent: 150,
        populations: { work: { kind: 'analytics', taskShare: 1, memPerCore: '4GiB', usageOverRequest: 0.9 } },
      },
      koordinator: {
        cpuReclaimThresholdPercent: 90,
        memoryReclaimThresholdPercent: 100,
        memoryEvictThresholdPercent: 99,
        cpuSuppressPolicy: 'cfsQuota',
        loadAwareCpuThresholdPercent: 0,
        loadAwareMemoryThresholdPercent: 0,
      },
      physics: { isolation: 'group-identity' },
    }),
  );
}
