/**
 * The assumed coefficients a plan rests on, and the plan with one of them changed.
 *
 * Some coefficients of the table are settings of a scenario (the share of its request that best effort uses); those are changed
 * where the plan keeps them, the others by `physics.parameters`.
 */

import { createEngine } from '../sim/engine/engine.ts';
import { runUntil, startRun } from '../sim/engine/run.ts';
import { listParameters, type Parameter, type Parameters, parametersWith } from '../sim/host/parameters.ts';
import { freezePlan, type Plan } from '../sim/plan.ts';
import { workloadOf } from '../sim/workload/from-plan.ts';
import type { OnlineServices } from '../traces/format.ts';
import { policiesOf } from './run-plan.ts';

/** One assumed coefficient of this plan with the ends of its range. */
export interface Assumption
  extends Pick<Parameter, 'name' | 'unit' | 'tag' | 'confidence' | 'source' | 'low' | 'high'> {
  /** What the plan has now. */
  readonly value: number;
}

/** How a setting of the scenario that the table also knows is read and written. */
interface Setting {
  readonly get: (plan: Plan) => number | null;
  readonly set: (plan: Plan, value: number) => Plan;
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  beUsedOverRequested: {
    get: ({ bestEffort: { populations, tasksPerWeek } }) =>
      tasksPerWeek === 0 ? null : populations.reduce((sum, p) => sum + p.taskShare * p.usageOverRequest, 0),
    set: (plan, usageOverRequest) => ({
      ...plan,
      bestEffort: {
        ...plan.bestEffort,
        populations: plan.bestEffort.populations.map((population) => ({ ...population, usageOverRequest })),
      },
    }),
  },
  systemCpuFraction: {
    get: (plan) => plan.cluster.systemCpuPercent / 100,
    set: (plan, value) => ({ ...plan, cluster: { ...plan.cluster, systemCpuPercent: value * 100 } }),
  },
  designLoad: {
    get: (plan) => plan.slo.designLoadPercent / 100,
    set: (plan, value) => ({ ...plan, slo: { ...plan.slo, designLoadPercent: value * 100 } }),
  },
  targetOverBaseline: {
    get: (plan) => plan.slo.targetOverBaseline,
    set: (plan, value) => ({ ...plan, slo: { ...plan.slo, targetOverBaseline: value } }),
  },
  hostCrashesPerYear: {
    get: (plan) => (plan.failures.enabled ? plan.failures.hostCrashesPerYear : null),
    set: (plan, value) => ({ ...plan, failures: { ...plan.failures, hostCrashesPerYear: value } }),
  },
};

/** The plan with one coefficient at `value`. */
export function withAssumption(plan: Plan, name: string, value: number): Plan {
  const setting = SETTINGS[name];
  if (setting !== undefined) return freezePlan(setting.set(plan, value));
  const parameters = { ...plan.physics.parameters, [name]: value };
  return freezePlan<Plan>({ ...plan, physics: { ...plan.physics, parameters } });
}

const PROBE_WINDOWS = 60;

/**
 * Coefficients tagged assumed or from memory that this plan reads, in table order.
 *
 * Found by running the first windows of the plan on a table that notes what is read. A coefficient that is read may still change
 * nothing: that only whole runs tell.
 */
export function assumptionsOf(plan: Plan, replayed?: OnlineServices): readonly Assumption[] {
  const parameters = parametersWith(plan.physics.parameters);
  const read = new Set<string>();
  const watched: Parameters = new Proxy(parameters, {
    get: (table, name, receiver) => {
      read.add(String(name));
      return Reflect.get(table, name, receiver);
    },
  });
  const engine = createEngine(plan, workloadOf(plan, replayed), { policies: policiesOf(plan), parameters: watched });
  startRun(engine);
  runUntil(engine, Math.min(plan.horizonMs, PROBE_WINDOWS * plan.windowMs));
  return listParameters(parameters).flatMap((row) => {
    const { name, unit, tag, confidence, source, low, high } = row;
    if (tag !== 'A' && tag !== 'M') return [];
    const setting = SETTINGS[name];
    const value = setting === undefined ? (read.has(name) ? row.value : null) : setting.get(plan);
    return value === null ? [] : [{ name, unit, tag, confidence, source, low, high, value }];
  });
}
