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
import { violationsAt } from '../host/violation-lookup.ts';
import { LATENCY_COLUMNS, LATENCY_ROW } from './host-sweep.ts';
import { limitOf } from './latency-model.ts';
import { type Lateness, TERM } from './lateness.ts';

/** Books the term of service `s`, on hosts whose best effort is cut in this window. */
export function bookLateSuppression(inputs: Lateness, s: number, nowMs: number): void {
  const { online, hostWindow, hostModel, latency, answering: pods, recorder, latencySums: sums } = inputs;
  const { windowMs } = inputs.plan;
  const weight = Math.min(1, (hostModel.parameters.suppressExcessSeconds * 1000) / windowMs);
  const { latencyRows: rows, looseRows: loose, cutLate, lateRequests } = hostWindow;
  const { picked, load, place, late: before, lateByLoad, host: hostOf } = pods;
  const limit = limitOf(online.services, s);
  const own = online.ownMilliCpu[s];
  const shares = latency.delayMatters[s] === 1 ? pods.delayedShare : null;
  const perWork = windowMs / 1000 / latency.workMs[s];
  let count = 0;
  for (let n = 0; n < pods.count; n++) {
    if (cutLate[hostOf[n]] === 0) continue;
    const from = pods.cell[n] * LATENCY_COLUMNS;
    const used = pods.usedMilliCpu[n];
    // The same requests take more CPU beside more best effort.
    const usedLoose = (used * rows[from + LATENCY_ROW.speed]) / loose[from + LATENCY_ROW.speed];
    const room = own > 0 ? own : used + loose[from + LATENCY_ROW.headroomMilliCpu];
    picked[count] = n;
    load[count] = usedLoose / (room < limit ? room : limit);
    place[count] = loose[from + LATENCY_ROW.place];
    if (shares !== null) shares[count] = loose[from + LATENCY_ROW.delayedShare];
    count++;
  }
  const { lnTail, lnTailDelayed } = latency.surface[s];
  violationsAt(lnTail, lnTailDelayed, load, place, shares, count, before);
  let late = 0;
  for (let k = 0; k < count; k++) {
    const n = picked[k];
    if (before[k] <= lateByLoad[n]) continue;
    const lateHere = pods.requests[n] * perWork * (before[k] - lateByLoad[n]) * weight;
    late += lateHere;
    lateRequests[hostOf[n]] += lateHere;
  }
  const cell = s * recorder.hours + Math.floor(nowMs / MS_PER_HOUR);
  recorder.serviceViolating[cell] += late;
  recorder.serviceViolatingSuppression[cell] += late;
  sums.late[TERM.suppression] += late;
  sums.evaluations[TERM.suppression] += count;
}
