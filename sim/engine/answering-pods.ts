/**
 * The pods of one service that answer requests in a window, side by side: packed once, read by every term of lateness. Short columns stay in
 * the nearest cache, and a batch needs no call a pod.
 */
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import { type HostWindow, LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import type { OnlineState } from './online.ts';

export interface AnsweringPods {
  /** Pods with a use above 0, and pods that run whatever they use. */
  count: number;
  ready: number;
  mostUsedMilliCpu: number;
  readonly row: Int32Array;
  readonly host: Int32Array;
  /** Host x classes + class: the pod's place in HostWindow's columns of that kind. */
  readonly cell: Int32Array;
  readonly usedMilliCpu: Float64Array;
  /** Use x speed: requests, to be multiplied by those of a milli-CPU. */
  readonly requests: Float64Array;
  /** Inputs and result of one reading of a surface; a term may read some pods only and keeps their numbers in `picked`. */
  readonly load: Float64Array;
  readonly place: Float64Array;
  readonly delayedShare: Float64Array;
  readonly late: Float64Array;
  /** P(late) by load and slowdown, kept for the terms after it. */
  readonly lateByLoad: Float64Array;
  readonly picked: Int32Array;
}

/** Room for the largest service. */
export function createAnsweringPods(online: OnlineState): AnsweringPods {
  const { firstPod, services } = online;
  let most = 0;
  for (let s = 0; s < services.count; s++) most = Math.max(most, firstPod[s + 1] - firstPod[s]);
  const f = () => new Float64Array(most);
  const i = () => new Int32Array(most);
  return {
    count: 0,
    ready: 0,
    mostUsedMilliCpu: 0,
    row: i(),
    host: i(),
    cell: i(),
    usedMilliCpu: f(),
    requests: f(),
    load: f(),
    place: f(),
    delayedShare: f(),
    late: f(),
    lateByLoad: f(),
    picked: i(),
  };
}

/** Packs service `s` in row order. */
export function packPods(
  pods: AnsweringPods,
  online: OnlineState,
  tasks: TaskTable,
  hosts: HostWindow,
  classCount: number,
  s: number,
): void {
  const { usedMilliCpu, silent, firstPod } = online;
  const { state, host: hostOf } = tasks;
  const { latencyRows } = hosts;
  const { row, host, cell, usedMilliCpu: used, requests } = pods;
  const running = TASK_STATE.running;
  const latencyClass = online.classOf[s];
  const end = firstPod[s + 1];
  let count = 0;
  let ready = 0;
  let mostUsed = 0;
  for (let r = firstPod[s]; r < end; r++) {
    if (state[r] !== running || silent[r] === 1) continue;
    ready++;
    const use = usedMilliCpu[r];
    if (use <= 0) continue;
    if (use > mostUsed) mostUsed = use;
    const h = hostOf[r];
    const c = h * classCount + latencyClass;
    row[count] = r;
    host[count] = h;
    cell[count] = c;
    used[count] = use;
    requests[count] = use * latencyRows[c * LATENCY_COLUMNS + LATENCY_ROW.speed];
    count++;
  }
  pods.count = count;
  pods.ready = ready;
  pods.mostUsedMilliCpu = mostUsed;
}
