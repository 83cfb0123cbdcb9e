/** How a published table runs: a plan with a batch control plane, a workload from a list of tasks, and the engine to the last task. */
import { ConfigError } from '../../policies/base/assert.ts';
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { resolve } from '../../scenarios/resolve.ts';
import { scenarioSchema } from '../../scenarios/schema.ts';
import type { ChangeSink } from '../../sim/cluster/apply.ts';
import { createEngine, type Engine, type Workload } from '../../sim/engine/engine.ts';
import { runUntil, startRun } from '../../sim/engine/run.ts';
import type { BatchPlan } from '../../sim/plan/batch.ts';
import type { HostShapePlan } from '../../sim/plan/cluster.ts';
import type { Plan } from '../../sim/plan.ts';
import { workloadOf } from '../../sim/workload/from-plan.ts';
import { type BatchChunk, type BatchSource, type GpuRequest, growBatchChunk } from '../../traces/format.ts';

/** Tasks in order of submission, columns of one row each. Absent columns: 0 (job: each task its own). */
export interface TaskList {
  readonly submitMs: ArrayLike<number>;
  readonly durationMs: ArrayLike<number>;
  readonly requestMilliCpu: ArrayLike<number>;
  readonly requestMemBytes?: ArrayLike<number>;
  readonly demandMilliCpu?: ArrayLike<number>;
  readonly usedMemBytes?: ArrayLike<number>;
  readonly job?: ArrayLike<number>;
  /** Entry of gpuRequests + 1, 0 = none. */
  readonly gpu?: ArrayLike<number>;
  readonly gpuRequests?: readonly GpuRequest[];
}

/** A host shape with what a table does not say left at what changes nothing. */
export function plainShape(shape: Pick<HostShapePlan, 'name' | 'count' | 'cpuCores' | 'memGib'>): HostShapePlan {
  return {
    threadsPerCore: 1,
    gpus: 0,
    labels: {},
    taints: [],
    idleWatts: 0,
    maxWatts: 0,
    memBandwidthGbPerSecond: 1,
    ...shape,
  };
}

const SHARED: BatchPlan = {
  kind: 'batch',
  hostSharing: 'shared',
  backfill: 'easy',
  placement: 'first-fit',
  order: 'strict',
  whenFull: 'wait',
  estimateOverDuration: 0,
};

/** What of a plan differs from a batch system on hosts that keep nothing for themselves. */
export interface TablePlan {
  readonly name: string;
  readonly seed?: string;
  readonly horizonMs: number;
  readonly windowMs: number;
  readonly shapes: readonly HostShapePlan[];
  readonly controlPlane: Partial<BatchPlan>;
  readonly physics?: Partial<Plan['physics']>;
  readonly failures?: Partial<Plan['failures']>;
  readonly bestEffort?: Partial<Plan['bestEffort']>;
  readonly ticksPerMs?: number;
  readonly endWhenDone?: boolean;
}

/** The plan: every default of a scenario, no services, and what `table` says. */
export function planOf(table: TablePlan): Plan {
  const base = resolve(
    scenarioSchema.parse({
      name: table.name,
      cluster: {
        hosts: { host: { count: 1, cpu: 1, memory: '1GiB' } },
        systemCpuPercent: 0,
        systemMemPercent: 0,
        reservedCpuPercent: 0,
        reservedMemPercent: 0,
      },
      online: { source: 'none' },
      bestEffort: { tasksPerWeek: 0 },
      koordinator: { enabled: false },
      warmUp: '0s',
    }),
  );
  return {
    ...base,
    seed: table.seed ?? base.seed,
    horizonMs: table.horizonMs,
    windowMs: table.windowMs,
    cluster: { ...base.cluster, shapes: table.shapes },
    controlPlane: { ...SHARED, ...table.controlPlane },
    physics: { ...base.physics, ...table.physics },
    failures: { ...base.failures, ...table.failures },
    // A host that fails takes nobody's patience: tasks are tried again until they are done.
    bestEffort: { ...base.bestEffort, failureProbability: 0, maxRetries: 1_000_000, ...table.bestEffort },
    ...(table.ticksPerMs === undefined ? {} : { ticksPerMs: table.ticksPerMs }),
    ...(table.endWhenDone === undefined ? {} : { endWhenDone: table.endWhenDone }),
  };
}

/** A source of these tasks. */
export function sourceOf(tasks: TaskList, horizonMs: number): BatchSource {
  const count = tasks.submitMs.length;
  const hours = Math.ceil(horizonMs / MS_PER_HOUR);
  const firstRow = new Int32Array(hours + 1);
  for (let row = 0; row < count; row++) {
    const hour = Math.floor(tasks.submitMs[row] / MS_PER_HOUR);
    if (hour < hours) firstRow[hour + 1] = row + 1;
  }
  for (let hour = 1; hour <= hours; hour++) firstRow[hour] = Math.max(firstRow[hour], firstRow[hour - 1]);
  const jobAt = (row: number) => (tasks.job === undefined ? row : tasks.job[row]);
  return {
    populations: [{ name: 'tasks', pressureClass: 'spark', priority: 5500 }],
    gpuRequests: tasks.gpuRequests ?? [],
    firstJobOfHour: firstRow.map((row) => (row < count ? jobAt(row) : count === 0 ? 0 : jobAt(count - 1) + 1)),
    fillHour(hour, out) {
      const from = firstRow[hour];
      growBatchChunk(out, firstRow[hour + 1] - from);
      out.count = 0;
      for (let row = from; row < firstRow[hour + 1]; row++) fillRow(out, tasks, row, jobAt(row));
    },
  };
}

function fillRow(out: BatchChunk, tasks: TaskList, row: number, job: number): void {
  const at = out.count++;
  out.submitMs[at] = tasks.submitMs[row];
  out.population[at] = 0;
  out.job[at] = job;
  out.stage[at] = 0;
  out.requestMilliCpu[at] = tasks.requestMilliCpu[row];
  out.requestMemBytes[at] = tasks.requestMemBytes?.[row] ?? 0;
  out.gpu[at] = tasks.gpu?.[row] ?? 0;
  out.demandMilliCpu[at] = tasks.demandMilliCpu?.[row] ?? 0;
  out.usedMemBytes[at] = tasks.usedMemBytes?.[row] ?? 0;
  out.durationMs[at] = tasks.durationMs[row];
  out.deadlineMs[at] = Infinity;
}

/** An engine with these tasks, started. `sink` may look at the engine: it is called after the first event. */
export function startTable(
  plan: Plan,
  tasks: TaskList,
  more: Partial<Workload> = {},
  sink?: (engine: Engine) => ChangeSink,
): Engine {
  const workload: Workload = { ...workloadOf(plan), batch: sourceOf(tasks, plan.horizonMs), ...more };
  const engine = createEngine(plan, workload, { policies: [] });
  if (sink !== undefined) engine.cluster.sink = sink(engine);
  startRun(engine);
  return engine;
}

/** Longer runs than this are a mistake in the inputs. */
const MOST_DOUBLINGS = 12;

/**
 * Runs until the last task is over; the horizon is doubled until it is long enough. `run` moves an engine to its end.
 *
 * Throws ConfigError when tasks are left that nothing will ever start.
 */
export function runToEnd(
  firstHorizonMs: number,
  start: (horizonMs: number) => Engine,
  run: (engine: Engine) => void = (engine) => {
    runUntil(engine, Infinity);
  },
): Engine {
  let horizonMs = Math.max(1, Math.ceil(firstHorizonMs / MS_PER_HOUR)) * MS_PER_HOUR;
  for (let tries = 0; tries < MOST_DOUBLINGS; tries++, horizonMs *= 2) {
    const engine = start(horizonMs);
    run(engine);
    if (engine.endedAtMs >= 0) return engine;
    const { tasks } = engine.cluster;
    if (
      tasks.runningCount === 0 &&
      engine.intake.hour + 1 >= engine.hours &&
      engine.intake.next >= engine.intake.chunk.count
    )
      throw new ConfigError(`${aliveIn(engine)} tasks never start; are they parents of one another?`);
  }
  throw new ConfigError(`the run does not end within ${horizonMs / MS_PER_HOUR} h`);
}

function aliveIn(engine: Engine): string {
  const { tasks } = engine.cluster;
  let alive = 0;
  for (let row = tasks.firstBestEffort; row < tasks.used; row++)
    if (tasks.state[row] >= 1 && tasks.state[row] <= 4) alive++;
  return `${alive} of ${engine.intake.nextTaskId - tasks.firstBestEffort}`;
}
