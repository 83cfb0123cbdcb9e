/**
 * A run as plain data, and a run made from such data: fork a warm cluster, continue it under another policy, or carry it to another
 * process.
 *
 * Everything that a next event may read is copied; what follows from plan and workload (latency tables, pod shapes of services, the
 * chunk of arrivals) and what can be thrown away at any time (the placement index) is built again. A run continued from a snapshot
 * has the digest and the tables of the run that was not interrupted.
 */
import { assert } from '../../policies/base/assert.ts';
import type { TaskTable } from '../cluster/tasks.ts';
import type { CalendarSnapshot } from '../kernel/calendar.ts';
import { canonicalText, type Plan } from '../plan.ts';
import type { PlacementView } from '../planes/kubernetes/placement.ts';
import { createEngine, type Engine, type EngineOptions, type Workload } from './engine.ts';
import type { EventPhysics } from './event-physics.ts';
import type { Execution } from './execution.ts';
import { replaceFaults } from './faults.ts';
import { healthColumns } from './health-checks.ts';
import type { OnlineState } from './online.ts';
import type { Throttling } from './throttling-state.ts';
import { type VerticalScaling, writeShapes } from './vertical-scaling.ts';

/** Plain data that structuredClone copies. */
export interface RunSnapshot {
  /** The plan of the run. */
  readonly plan: Plan;
  readonly hosts: number;
  readonly services: number;
  readonly nowMs: number;
  readonly nextTickMs: number;
  readonly events: number;
  readonly wakeMs: number;
  readonly calendar: CalendarSnapshot;
  readonly plane: unknown;
  readonly policies: readonly { readonly name: string; readonly state: unknown }[];
  /** Requests of the pod shapes made while the run went on, in order of their numbers. */
  readonly batchShapes: {
    readonly milliCpu: Float64Array;
    readonly memBytes: Float64Array;
    readonly tier: Uint8Array;
    readonly lane: Uint8Array;
    readonly gpu: Uint16Array;
  };
  readonly intake: Readonly<Record<'hour' | 'next' | 'jobNumber' | 'jobRow' | 'nextTaskId', number>>;
  /** The task table, its columns as far as rows have been used. */
  readonly tasks: Readonly<Record<string, unknown>>;
  /** All other state, by part and column. */
  readonly parts: unknown;
}

/** The state of a run between two events. The run may go on; the snapshot shares nothing with it. */
export function snapshotRun(engine: Engine): RunSnapshot {
  const { intake, placement, online } = engine;
  const shapes = placement?.view.shapes;
  const first = placement?.fixedShapes ?? 0;
  return {
    plan: engine.plan,
    hosts: engine.cluster.hosts.count,
    services: online.services.count,
    nowMs: engine.nowMs,
    nextTickMs: engine.nextTickMs,
    events: engine.events,
    wakeMs: engine.wakeMs,
    calendar: engine.calendar.snapshot(),
    plane: engine.plane.snapshot(),
    policies: engine.policies.map(({ policy, state }) => ({ name: policy.name, state: structuredClone(state) })),
    batchShapes: {
      milliCpu: shapes?.requestMilliCpu.slice(first, shapes.count) ?? new Float64Array(0),
      memBytes: shapes?.requestMemBytes.slice(first, shapes.count) ?? new Float64Array(0),
      tier: shapes?.tier.slice(first, shapes.count) ?? new Uint8Array(0),
      lane: shapes?.lane.slice(first, shapes.count) ?? new Uint8Array(0),
      gpu: shapes?.gpuRequest.slice(first, shapes.count) ?? new Uint16Array(0),
    },
    intake: {
      hour: intake.hour,
      next: intake.next,
      jobNumber: intake.jobNumber,
      jobRow: intake.jobRow,
      nextTaskId: intake.nextTaskId,
    },
    parts: copyOf(partsOf(engine)),
    tasks: usedRows(engine.cluster.tasks),
  };
}

/**
 * A run that continues from a snapshot. Plan and workload must be those of the snapshot in everything that concerns hosts, services and
 * arrivals; policies and failures may differ. A policy that was not there starts fresh; other failures take the place of those that
 * had not begun. Throws InvariantError when the sizes do not match.
 *
 * `options.like` may name a run of the same plan, whose latency tables are then shared instead of built again.
 */
export function restoreRun(plan: Plan, workload: Workload, options: EngineOptions, snapshot: RunSnapshot): Engine {
  const sink = options.sink ?? null;
  const { sink: _, ...silent } = options;
  const { capacity } = snapshot.tasks as unknown as TaskTable;
  const engine = createEngine(plan, workload, { ...silent, taskRows: capacity });
  const { cluster, intake } = engine;
  assert(cluster.hosts.count === snapshot.hosts, `a snapshot of ${snapshot.hosts} hosts fits ${cluster.hosts.count}`);
  assert(engine.online.services.count === snapshot.services, `a snapshot of ${snapshot.services} services fits`);
  const { milliCpu, memBytes, tier, lane, gpu } = snapshot.batchShapes;
  for (let i = 0; i < milliCpu.length; i++) {
    const shape = engine.batchShape(milliCpu[i], memBytes[i], tier[i], lane[i], gpu[i]);
    assert(shape === (engine.placement?.fixedShapes ?? 0) + i, 'pod shapes come back with their numbers');
  }
  restoreTasks(cluster.tasks, snapshot.tasks);
  writeInto(partsOf(engine), snapshot.parts);
  writeShapes(engine);
  Object.assign(intake, snapshot.intake);
  if (intake.hour >= 0) intake.source.fillHour(intake.hour, intake.chunk);
  for (const active of engine.policies) {
    const kept = snapshot.policies.find(({ name }) => name === active.policy.name);
    if (kept !== undefined) active.state = structuredClone(kept.state) as typeof active.state;
  }
  engine.calendar.restore(snapshot.calendar);
  engine.plane.restore(snapshot.plane);
  engine.nowMs = snapshot.nowMs;
  engine.nextTickMs = snapshot.nextTickMs;
  engine.events = snapshot.events;
  engine.wakeMs = snapshot.wakeMs;
  if (canonicalText(plan.failures) !== canonicalText(snapshot.plan.failures)) replaceFaults(engine, snapshot.plan);
  cluster.sink = sink;
  return engine;
}

/** State that is copied column by column. */
function partsOf(engine: Engine): Record<string, unknown> {
  const { cluster, placement, telemetry, latency } = engine;
  const { tasks: _, pods: __, history, ...signals } = telemetry.signals;
  return {
    hosts: cluster.hosts,
    digest: cluster.digest,
    online: Object.fromEntries(ONLINE_COLUMNS.map((name) => [name, engine.online[name]])),
    jobs: engine.jobs,
    view: placement === null ? {} : viewColumns(placement.view),
    usage: placement?.usage ?? {},
    telemetry: { ...telemetry, signals },
    history,
    ...(engine.podSamples === null ? {} : { podSamples: engine.podSamples }),
    ...(engine.podMemory === null ? {} : { podMemory: { limitBytes: engine.podMemory.limitBytes } }),
    ...(engine.throttling === null ? {} : { throttling: throttlingColumns(engine.throttling) }),
    ...(engine.exact === null ? {} : { exact: eventColumns(engine.exact) }),
    ...(engine.healthChecks === null ? {} : { healthChecks: healthColumns(engine.healthChecks) }),
    ...(engine.dependencies === null ? {} : { dependencies: engine.dependencies }),
    ...(engine.execution === null ? {} : { execution: executionState(engine.execution) }),
    recorder: engine.recorder,
    hostWindow: engine.hostWindow,
    latencySums: engine.latencySums,
    memory: engine.memory,
    ...(engine.io === null ? {} : { io: engine.io }),
    // The search for a quantile starts at the last one found.
    quantiles: [...new Set(latency.window)].map((window) => window.whole),
    beLossMilliCpu: engine.beLossMilliCpu,
    ...(engine.vertical === null ? {} : { vertical: verticalColumns(engine.vertical) }),
    restartSinceMs: engine.restartSinceMs,
    restartOf: engine.restartOf,
    scaledAtMs: engine.scaledAtMs,
    releases: engine.releases.map(({ progress }) => progress),
    desires: engine.desires,
  };
}

/** Columns of the rows ever used: those above are as a new table has them. */
function usedRows(tasks: TaskTable): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tasks).map(([name, column]) => {
      if (!ArrayBuffer.isView(column)) return [name, column];
      const rows = (column as Column).length === tasks.capacity ? tasks.used : (column as Column).length;
      return [name, (column as Column).slice(0, rows)];
    }),
  );
}

/** Writes the rows that were used into a table as large as it was. */
function restoreTasks(tasks: TaskTable, from: RunSnapshot['tasks']): void {
  const own = tasks as unknown as Record<string, unknown>;
  for (const [name, column] of Object.entries(from)) {
    if (ArrayBuffer.isView(column)) (own[name] as Column).set(column as Column);
    else own[name] = column;
  }
}

/** All but what follows from the plan. */
function executionState({ lowSinceMs, outputs, endedMs, copies }: Execution): Record<string, unknown> {
  return { lowSinceMs, outputs, endedMs, copies };
}

/** All but what the workload gives. */
function eventColumns({ use: _, carbon: __, ...columns }: EventPhysics): Record<string, unknown> {
  return columns;
}

/** What of the services changes while a run goes on; the rest follows from plan and workload. */
const ONLINE_COLUMNS = [
  'podLimitMilliCpu',
  'wanted',
  'ready',
  'load',
  'amplification',
  'commonAr',
  'ownAr',
  'ownNoise',
  'usedMilliCpu',
  'slot',
  'silent',
] as const satisfies readonly (keyof OnlineState)[];

/** All but the configurations, which are the plan's own (frozen) objects. */
function verticalColumns({ services, ...columns }: VerticalScaling): Record<string, unknown> {
  return { ...columns, services: services.map(({ recommender: _, updater: __, written: ___, ...own }) => own) };
}

function viewColumns(view: PlacementView): Record<string, unknown> {
  const { estimatedMilliCpu, estimatedMemBytes, reportExpired, replicasOnHost, load } = view;
  if (load === undefined) return { estimatedMilliCpu, estimatedMemBytes, reportExpired, replicasOnHost };
  const { config: _, profiles: __, choices: ___, scoreChoice: ____, ...columns } = load;
  return { estimatedMilliCpu, estimatedMemBytes, reportExpired, replicasOnHost, load: columns };
}

/** All but what follows from plan and workload. */
function throttlingColumns({
  quotaScale,
  burstQuotas,
  setSinceMs,
  signals,
  aloneRatio,
  lateRequests,
}: Throttling): Record<string, unknown> {
  return { quotaScale, burstQuotas, setSinceMs, signals, aloneRatio, lateRequests };
}

type Column = Float64Array;

function copyOf(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return (value as Column).slice();
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]));
  return value;
}

/** Writes `from` over `target`: columns of equal length in place, because others may look at them, all else by replacement. */
function writeInto(target: Record<string, unknown>, from: unknown): void {
  for (const [key, value] of Object.entries(from as Record<string, unknown>)) {
    const own = target[key];
    if (ArrayBuffer.isView(value) && ArrayBuffer.isView(own) && (own as Column).length === (value as Column).length)
      (own as Column).set(value as Column);
    else if (typeof value === 'object' && value !== null && typeof own === 'object' && !ArrayBuffer.isView(value)) {
      if (Array.isArray(own)) own.length = (value as unknown[]).length;
      writeInto(own as Record<string, unknown>, value);
    } else target[key] = copyOf(value);
  }
}
