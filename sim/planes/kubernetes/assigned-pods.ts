/**
 * LoadAware's pod assign cache, kept pod by pod: what each pod that the scheduler placed adds to the last report of its host.
 *
 *   bound since the last report, or not yet running       the whole estimate
 *   bound less than a report interval before it, or asked
 *   to be estimated for longer                            max(0, estimate - reported use)
 *   else                                                  nothing
 *
 * A pod that leaves takes back what it added. Only the pods that may still add something are looked at with a report.
 * Source: Koordinator scheduler, loadaware pod assign cache; the sums are those of policies/koordinator/load-aware-estimate.ts.
 */
import type { LoadAwareHosts } from '../../../policies/koordinator/load-aware-hosts.ts';
import { TIER } from '../../cluster/hosts.ts';
import { TASK_STATE, type TaskTable } from '../../cluster/tasks.ts';
import type { PodShapes } from './pod-shapes.ts';

/** Use of one running pod as the newest report has it: milli-CPU and bytes. */
export interface PodUse {
  milliCpu(row: number): number;
  memBytes(row: number): number;
}

export interface AssignedPods {
  /** Row a task; grown with the table. When the pod was bound, -1 = it is on no host; and what it adds now. */
  boundAtMs: Float64Array;
  /** The whole estimate it is counted with. */
  wholeMilliCpu: Float64Array;
  wholeMemBytes: Float64Array;
  deltaMilliCpu: Float64Array;
  deltaMemBytes: Float64Array;
  /** 1 = the pod stands in `open`. */
  isOpen: Uint8Array;
  /** Rows whose delta may change with the next report. */
  open: number[];
}

/** No pods; room for `capacity` rows. */
export function createAssignedPods(capacity: number): AssignedPods {
  return {
    boundAtMs: new Float64Array(capacity).fill(-1),
    wholeMilliCpu: new Float64Array(capacity),
    wholeMemBytes: new Float64Array(capacity),
    deltaMilliCpu: new Float64Array(capacity),
    deltaMemBytes: new Float64Array(capacity),
    isOpen: new Uint8Array(capacity),
    open: [],
  };
}

function grow(pods: AssignedPods, rows: number): void {
  const larger = createAssignedPods(Math.max(rows, pods.boundAtMs.length * 2));
  const columns = ['boundAtMs', 'wholeMilliCpu', 'wholeMemBytes', 'deltaMilliCpu', 'deltaMemBytes'] as const;
  for (const name of columns) larger[name].set(pods[name]);
  larger.isOpen.set(pods.isOpen);
  const { open } = pods;
  Object.assign(pods, larger, { open });
}

/** Adds `sign` x the pod's delta to its host's sums. */
function addDelta(pods: AssignedPods, load: LoadAwareHosts, row: number, host: number, isProd: boolean, sign: 1 | -1) {
  const cpu = sign * pods.deltaMilliCpu[row];
  const mem = sign * pods.deltaMemBytes[row];
  load.deltaMilliCpu[host] += cpu;
  load.deltaMemBytes[host] += mem;
  if (!isProd) return;
  load.prodDeltaMilliCpu[host] += cpu;
  load.prodDeltaMemBytes[host] += mem;
}

/** A pod was placed on `host`: its whole estimate counts until a report has it. */
export function assignPod(
  pods: AssignedPods,
  load: LoadAwareHosts,
  shapes: PodShapes,
  shape: number,
  row: number,
  host: number,
  nowMs: number,
): void {
  if (row >= pods.boundAtMs.length) grow(pods, row + 1);
  pods.boundAtMs[row] = nowMs;
  pods.deltaMilliCpu[row] = shapes.estimateMilliCpu[shape];
  pods.deltaMemBytes[row] = shapes.estimateMemBytes[shape];
  pods.wholeMilliCpu[row] = pods.deltaMilliCpu[row];
  pods.wholeMemBytes[row] = pods.deltaMemBytes[row];
  load.estimatedMilliCpu[host] += pods.deltaMilliCpu[row];
  load.estimatedMemBytes[host] += pods.deltaMemBytes[row];
  addDelta(pods, load, row, host, shapes.tier[shape] === TIER.native, 1);
  if (pods.isOpen[row] === 0) {
    pods.isOpen[row] = 1;
    pods.open.push(row);
  }
}

/** Whether a pod is counted on some host. */
export function isAssigned(pods: AssignedPods, row: number): boolean {
  return row < pods.boundAtMs.length && pods.boundAtMs[row] >= 0;
}

/** A pod left `host`. */
export function unassignPod(
  pods: AssignedPods,
  load: LoadAwareHosts,
  shapes: PodShapes,
  shape: number,
  row: number,
  host: number,
): void {
  if (!isAssigned(pods, row)) return;
  load.estimatedMilliCpu[host] -= pods.wholeMilliCpu[row];
  load.estimatedMemBytes[host] -= pods.wholeMemBytes[row];
  addDelta(pods, load, row, host, shapes.tier[shape] === TIER.native, -1);
  pods.boundAtMs[row] = -1;
  pods.deltaMilliCpu[row] = 0;
  pods.deltaMemBytes[row] = 0;
}

/** A pod on `host` has another size: it is estimated anew by its shape; what it adds beside its use follows with the next report. */
export function reestimatePod(
  pods: AssignedPods,
  load: LoadAwareHosts,
  shapes: PodShapes,
  shape: number,
  row: number,
  host: number,
): void {
  if (!isAssigned(pods, row)) return;
  load.estimatedMilliCpu[host] += shapes.estimateMilliCpu[shape] - pods.wholeMilliCpu[row];
  load.estimatedMemBytes[host] += shapes.estimateMemBytes[shape] - pods.wholeMemBytes[row];
  pods.wholeMilliCpu[row] = shapes.estimateMilliCpu[shape];
  pods.wholeMemBytes[row] = shapes.estimateMemBytes[shape];
}

/**
 * New reports: what open pods add is worked out again on every host whose report ended now; the others keep what they had.
 *
 * `hostReportedAtMs` has a row a host. A running pod is taken as named by the report.
 */
export function refreshAssigned(
  pods: AssignedPods,
  load: LoadAwareHosts,
  shapes: PodShapes,
  tasks: TaskTable,
  hostReportedAtMs: Float64Array,
  nowMs: number,
  intervalMs: number,
  use: PodUse,
): void {
  const stillOpen: number[] = [];
  for (const row of pods.open) {
    if (!isAssigned(pods, row)) {
      pods.isOpen[row] = 0;
      continue;
    }
    const host = tasks.host[row];
    const shape = tasks.podShape[row];
    if (hostReportedAtMs[host] === nowMs && tasks.state[row] === TASK_STATE.running) {
      const untilMs = pods.boundAtMs[row] + shapes.estimateForMs[shape];
      const counts = nowMs - intervalMs < pods.boundAtMs[row] || (shapes.estimateForMs[shape] > 0 && untilMs > nowMs);
      const isProd = shapes.tier[shape] === TIER.native;
      addDelta(pods, load, row, host, isProd, -1);
      pods.deltaMilliCpu[row] = counts ? Math.max(0, shapes.estimateMilliCpu[shape] - use.milliCpu(row)) : 0;
      pods.deltaMemBytes[row] = counts ? Math.max(0, shapes.estimateMemBytes[shape] - use.memBytes(row)) : 0;
      addDelta(pods, load, row, host, isProd, 1);
      if (!counts) {
        pods.isOpen[row] = 0;
        continue;
      }
    }
    stillOpen.push(row);
  }
  pods.open.length = 0;
  pods.open.push(...stillOpen);
}
