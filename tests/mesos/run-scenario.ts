/** Loads a library scenario, runs it to a time and gives its engine and Mesos plane. */
import { join } from 'node:path';
import { prepare } from '../../lab/run-plan.ts';
import { POLICIES } from '../../policies/registry.ts';
import { loadPlan } from '../../scenarios/load.ts';
import { CHANGE, type ChangeSink } from '../../sim/cluster/apply.ts';
import type { Engine } from '../../sim/engine/engine.ts';
import { resultsOf } from '../../sim/engine/results.ts';
import { runUntil } from '../../sim/engine/run.ts';
import type { Plan } from '../../sim/plan.ts';
import { MesosPlane } from '../../sim/planes/mesos/mesos-plane.ts';
import type { RunResults } from '../../sim/results/schema.ts';

export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** The plan of a library scenario with overrides. */
export async function libraryPlan(name: string, sets: readonly string[] = []): Promise<Plan> {
  const path = join(process.cwd(), 'scenarios', 'library', `${name}.yaml`);
  return (await loadPlan(path, { sets, knownPolicies: Object.keys(POLICIES) })).plan;
}

/** A run of `plan` up to `untilMs`. */
export function runTo(plan: Plan, untilMs: number, sink?: ChangeSink): Engine {
  const { engine } = prepare(plan, sink === undefined ? {} : { sink });
  runUntil(engine, untilMs);
  return engine;
}

export function results(engine: Engine): RunResults {
  return resultsOf(engine, { planHash: '', tidemarkVersion: '', nodeVersion: '' }, []);
}

export function mesosOf(engine: Engine): MesosPlane {
  if (!(engine.plane instanceof MesosPlane)) throw new Error('this run has no Mesos plane');
  return engine.plane;
}

/** Sum of a column of the best-effort hours. */
export function batchSum(
  run: RunResults,
  column: 'submitted' | 'finished' | 'failed' | 'evicted' | 'abandoned',
): number {
  return Array.from(run.tables.batchHours.columns[column] as Float64Array).reduce((sum, value) => sum + value, 0);
}

/** Times at which tasks of each population started, in seconds, in a run of `plan` up to `untilMs`. */
export function startSeconds(plan: Plan, untilMs: number): { engine: Engine; starts: Record<string, number[]> } {
  const started: { timeMs: number; group: number }[] = [];
  const { engine } = prepare(plan, {
    sink: (timeMs, change, _id, _host, _value, row) => {
      if (change === CHANGE.start) started.push({ timeMs, group: engine.cluster.tasks.group[row] });
    },
  });
  runUntil(engine, untilMs);
  const starts: Record<string, number[]> = {};
  engine.intake.source.populations.forEach(({ name }, population) => {
    starts[name] = started.filter(({ group }) => group === population).map(({ timeMs }) => timeMs / 1000);
  });
  return { engine, starts };
}
