/**
 * What services pay until best effort is cut: on hosts where their rise took CPU from best effort, requests of the first moments meet it
 * as it was.
 *
 *   late = requests x (P(late) beside best effort as it was - P(late) beside it as cut) x excess / window
 *
 * `excess` = 1.5 s: core-seconds above the line per core of step, over 100,000 phases of a loop of 1 s. Windows of a loop period or less
 * show the step themselves and are not charged. Source: docs/performance-models.md 1.5.
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { TASK_STATE, type TaskTable } from '../cluster/tasks.ts';
import { violationAt } from '../host/violation-lookup.ts';
import { type HostWindow, LATENCY_COLUMNS, LATENCY_ROW, LOOSE_COLUMNS, LOOSE_ROW } from './host-sweep.ts';
import { type LatencyModel, type LatencySums, TERM, UNLIMITED_MILLI_CPU } from './latency-sweep.ts';
import type { OnlineState } from './online.ts';
import type { Recorder } from './recorder.ts';

/** Books the window's late suppression on top of what sweepLatency has booked. */
export function sweepLateSuppression(
  online: OnlineState,
  tasks: TaskTable,
  hosts: HostWindow,
  classCount: number,
  excessSeconds: number,
  latency: LatencyModel,
  nowMs: number,
  windowMs: number,
  recorder: Recorder,
  sums: LatencySums,
): void {
  if (hosts.cutLateHosts[0] === 0) return;
  const weight = Math.min(1, (excessSeconds * 1000) / windowMs);
  const { services, firstPod, usedMilliCpu, silent } = online;
  const { state, host: taskHost } = tasks;
  const { latencyRows: rows, looseRows: loose, cutLate } = hosts;
  const hour = Math.floor(nowMs / MS_PER_HOUR);
  const { lateOfPod } = sums;
  for (let s = 0; s < services.count; s++) {
    const lnTail = latency.surface[s].lnTail;
    const withDelay = latency.delayMatters[s] === 1;
    const latencyClass = services.latencyClass[s];
    const limit = services.limitMilliCpu[s] > 0 ? services.limitMilliCpu[s] : UNLIMITED_MILLI_CPU;
    const perWork = windowMs / 1000 / latency.workMs[s];
    let late = 0;
    let evaluated = 0;
    for (let row = firstPod[s]; row < firstPod[s + 1]; row++) {
      if (state[row] !== TASK_STATE.running || silent[row] === 1) continue;
      const host = taskHost[row];
      const used = usedMilliCpu[row];
      if (cutLate[host] === 0 || used <= 0) continue;
      evaluated++;
      const at = (host * classCount + latencyClass) * LATENCY_COLUMNS;
      const to = (host * classCount + latencyClass) * LOOSE_COLUMNS;
      const cut = lateOfPod[row];
      // The same requests take more CPU beside more best effort.
      const usedLoose = (used * rows[at + LATENCY_ROW.speed]) / loose[to + LOOSE_ROW.speed];
      const roomLoose = used + loose[to + LOOSE_ROW.headroomMilliCpu];
      const before = violationAt(
        lnTail,
        usedLoose / (roomLoose < limit ? roomLoose : limit),
        loose[to + LOOSE_ROW.place],
        withDelay ? loose[to + LOOSE_ROW.delayedShare] : 0,
      );
      if (before <= cut) continue;
      const lateHere = used * rows[at + LATENCY_ROW.speed] * perWork * (before - cut) * weight;
      late += lateHere;
      hosts.lateRequests[host] += lateHere;
    }
    const cell = s * recorder.hours + hour;
    recorder.serviceViolating[cell] += late;
    recorder.serviceViolatingSuppression[cell] += late;
    sums.violating += late;
    sums.evaluations[TERM.suppression] += evaluated;
  }
}
