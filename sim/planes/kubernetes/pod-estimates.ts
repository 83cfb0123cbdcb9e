/**
 * What placed pods count for until the reports of their hosts carry their use, added to what the scheduler takes a host to use.
 *
 *   whole-node thresholds alone     the whole estimate until the second report after the pod was placed
 *   load-aware scheduling in full   pod by pod: assigned-pods.ts
 *
 * A report carries the use of pods older than a whole report interval; younger ones are kept on top, so the estimate of a pod is fresh until the
 * next report, aging until the one after, and then gone. Amounts in milli-CPU and bytes.
 */
import type { TaskTable } from '../../cluster/tasks.ts';
import {
  type AssignedPods,
  assignPod,
  createAssignedPods,
  isAssigned,
  type PodUse,
  reestimatePod,
  refreshAssigned,
  unassignPod,
} from './assigned-pods.ts';
import type { PlacementView } from './placement.ts';

/** Node reports as far as the scheduler reads them pod by pod. */
export interface NodeReports {
  readonly intervalMs: number;
  /** When the newest report of each host ended. */
  readonly reportedAtMs: Float64Array;
  readonly use: PodUse;
}

interface EstimatesState {
  /** Estimates of pods placed since the last report, and since the last but one; row a host. */
  readonly freshMilliCpu: Float64Array;
  readonly freshMemBytes: Float64Array;
  readonly agingMilliCpu: Float64Array;
  readonly agingMemBytes: Float64Array;
  /** Reports heard so far. */
  reportNumber: number;
  /** Reports heard when the pod in a task row was last placed; grown with the table. */
  placedAtReport: Float64Array;
  /** null where whole-node thresholds stand alone. */
  readonly assigned: AssignedPods | null;
}

export class PodEstimates {
  private readonly view: PlacementView;
  private readonly tasks: TaskTable;
  private readonly state: EstimatesState;

  constructor(view: PlacementView, tasks: TaskTable) {
    const f = () => new Float64Array(view.hosts.count);
    this.view = view;
    this.tasks = tasks;
    this.state = {
      freshMilliCpu: f(),
      freshMemBytes: f(),
      agingMilliCpu: f(),
      agingMemBytes: f(),
      reportNumber: 0,
      placedAtReport: new Float64Array(tasks.capacity),
      assigned: view.load === undefined ? null : createAssignedPods(tasks.capacity),
    };
  }

  /** Puts a pod's estimate on its host until reports carry its use. */
  noteBound(row: number, host: number, nowMs: number): void {
    const { view, state } = this;
    const { assigned } = state;
    const shape = this.tasks.podShape[row];
    if (assigned !== null && view.load !== undefined) {
      assignPod(assigned, view.load, view.shapes, shape, row, host, nowMs);
      return;
    }
    if (row >= state.placedAtReport.length) {
      const larger = new Float64Array(Math.max(row + 1, state.placedAtReport.length * 2));
      larger.set(state.placedAtReport);
      state.placedAtReport = larger;
    }
    state.placedAtReport[row] = state.reportNumber;
    view.estimatedMilliCpu[host] += view.shapes.estimateMilliCpu[shape];
    view.estimatedMemBytes[host] += view.shapes.estimateMemBytes[shape];
    state.freshMilliCpu[host] += view.shapes.estimateMilliCpu[shape];
    state.freshMemBytes[host] += view.shapes.estimateMemBytes[shape];
  }

  /** Services that stand from the start were placed by nobody's decision: pod by pod they are counted when they run. */
  noteStarted(row: number, nowMs: number): void {
    const { assigned } = this.state;
    if (assigned !== null && !isAssigned(assigned, row)) this.noteBound(row, this.tasks.host[row], nowMs);
  }

  /** Takes the estimate of a pod that gave its place back off its host again. */
  noteForgotten(row: number, host: number): void {
    const { view, state } = this;
    if (state.assigned !== null) {
      this.noteLeft(row, host);
      return;
    }
    const age = state.reportNumber - state.placedAtReport[row];
    if (age > 1) return;
    const shape = this.tasks.podShape[row];
    view.estimatedMilliCpu[host] -= view.shapes.estimateMilliCpu[shape];
    view.estimatedMemBytes[host] -= view.shapes.estimateMemBytes[shape];
    (age === 0 ? state.freshMilliCpu : state.agingMilliCpu)[host] -= view.shapes.estimateMilliCpu[shape];
    (age === 0 ? state.freshMemBytes : state.agingMemBytes)[host] -= view.shapes.estimateMemBytes[shape];
  }

  /** A pod is gone. Without load-aware scheduling in full its estimate stands until reports would have carried its use. */
  noteLeft(row: number, host: number): void {
    const { load, shapes } = this.view;
    const { assigned } = this.state;
    if (assigned !== null && load !== undefined)
      unassignPod(assigned, load, shapes, this.tasks.podShape[row], row, host);
  }

  /** A running pod asks for other amounts. */
  noteResized(row: number): void {
    const { load, shapes } = this.view;
    const { assigned } = this.state;
    const { podShape, host } = this.tasks;
    if (assigned !== null && load !== undefined) reestimatePod(assigned, load, shapes, podShape[row], row, host[row]);
  }

  /** Hosts have reported: what the view takes them to use is the reports' own, and estimates go on top of it. */
  noteReports(reports: NodeReports | null, nowMs: number): void {
    const { view, state } = this;
    const { freshMilliCpu, freshMemBytes, agingMilliCpu, agingMemBytes, assigned } = state;
    state.reportNumber++;
    if (assigned !== null && reports !== null && view.load !== undefined) {
      const { intervalMs, reportedAtMs, use } = reports;
      refreshAssigned(assigned, view.load, view.shapes, this.tasks, reportedAtMs, nowMs, intervalMs, use);
      return;
    }
    for (let host = 0; host < view.hosts.count; host++) {
      view.estimatedMilliCpu[host] += freshMilliCpu[host];
      view.estimatedMemBytes[host] += freshMemBytes[host];
    }
    agingMilliCpu.set(freshMilliCpu);
    agingMemBytes.set(freshMemBytes);
    freshMilliCpu.fill(0);
    freshMemBytes.fill(0);
  }

  snapshot(): unknown {
    return structuredClone(this.state);
  }

  restore(from: unknown): void {
    Object.assign(this.state, structuredClone(from as EstimatesState));
  }
}
