/**
 * What happens to best-effort tasks between start and end, by population: stragglers and their copies, lost executors, shuffle output, checkpoints.
 *
 * It belongs to the tasks, not to a control plane: whoever schedules loses the same work. `attempts` says how long one attempt takes and what is lost with
 * it, `speculation` who gets a copy, `executors` when a host starves its executors, `shuffle` what lies on a host for the next stage. A run whose populations say nothing has none of it.
 * Source: docs/performance-models.md 6.
 */
import type { BatchPopulation } from '../../traces/format.ts';
import { checkpointInterval } from '../host/best-effort.ts';
import type { Parameters } from '../host/parameters.ts';
import { saltOf } from '../kernel/random.ts';
import type { ExecutionPlan } from '../plan/workload.ts';
import type { Plan } from '../plan.ts';

/** Output of tasks of one job, in core-ms of the work that made it. */
export interface Output {
  readonly host: number;
  coreMs: number;
}

export interface JobOutputs {
  /** Of the stage before, which tasks under way read; of the stage under way. */
  held: Output[];
  making: Output[];
  /** Work that was lost and that the next task to start does again, core-ms. */
  lostCoreMs: number;
}

export interface Execution {
  /** Row a population of the workload. */
  readonly ways: readonly ExecutionPlan[];
  readonly stragglerSalt: number;
  readonly stragglerSigma: number;
  readonly remoteShuffleCost: number;
  /** Between two checkpoints, and to write one. */
  readonly checkpointEveryMs: number;
  readonly checkpointMs: number;
  readonly executorTimeoutMs: number;
  /** Of a host that is drained. */
  readonly graceSeconds: number;
  readonly migrateBytesPerSecond: number;
  readonly bytesPerCoreMs: number;
  /** Since when best effort has had less than two CPUs, Infinity = it has not; row a host. */
  readonly lowSinceMs: Float64Array;
  /** By job row, of jobs that have any. */
  readonly outputs: Record<number, JobOutputs>;
  readonly speculationRatio: number;
  readonly speculationQuantile: number;
  /** Times of the tasks of the stage under way that have ended, by job row. */
  readonly endedMs: Record<number, number[]>;
  /** [copies made so far] */
  readonly copies: Int32Array;
}

const BYTES_PER_GIB = 1_073_741_824;
const BYTES_PER_MB = 1_000_000;

/** null where no population asks for anything. */
export function createExecution(
  plan: Plan,
  populations: readonly BatchPopulation[],
  p: Parameters,
  hosts: number,
): Execution | null {
  const asked = new Map(plan.bestEffort.populations.map(({ name, execution }) => [name, execution ?? {}]));
  const ways = populations.map(({ name }): ExecutionPlan => asked.get(name) ?? {});
  if (ways.every((way) => Object.keys(way).length === 0)) return null;
  return {
    ways,
    stragglerSalt: saltOf(plan.seed, 'best-effort/straggler'),
    stragglerSigma: p.stragglerSigma,
    remoteShuffleCost: p.remoteShuffleCost,
    checkpointEveryMs: 1000 * checkpointInterval(p.checkpointSeconds, 3600 * p.meanHoursToEviction),
    checkpointMs: 1000 * p.checkpointSeconds,
    executorTimeoutMs: 1000 * p.executorTimeoutSeconds,
    graceSeconds: p.decommissionGraceSeconds,
    migrateBytesPerSecond: p.migrateMbPerSecond * BYTES_PER_MB,
    bytesPerCoreMs: (p.shuffleGibPerCoreHour * BYTES_PER_GIB) / 3_600_000,
    lowSinceMs: new Float64Array(hosts).fill(Number.POSITIVE_INFINITY),
    outputs: {},
    speculationRatio: p.speculationRatio,
    speculationQuantile: p.speculationQuantile,
    endedMs: {},
    copies: new Int32Array(1),
  };
}
