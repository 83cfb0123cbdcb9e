/**
 * Requests that memory makes late, on top of those late by load:
 *
 *   late = requests in time x (stall x P(wait > slack) + read x P(disk > slack)),  both waits exponential
 *
 * Slack is target - mean answer time: the spread of the answer is left out, which understates the effect where the wait is of the size
 * of the spread. Stalls of the host and inside the pod's own limit add up. A wait that no pod of the host meets is not worked out.
 */
import { MS_PER_HOUR } from '../../policies/base/units.ts';
import { tableExp } from '../host/violation-lookup.ts';
import { type Lateness, TERM } from './lateness.ts';

/** Books the term of service `s`; `inTime` = share of its requests that earlier terms left in time. */
export function bookMemoryLateness(inputs: Lateness, s: number, nowMs: number, inTime: number): void {
  const { hostWindow, hostModel, latency, answering: pods, memory, podMemory, recorder, latencySums: sums } = inputs;
  const { stallShare, readShare, stallShareAlone, readShareAlone } = memory;
  const { slowdown, lateRequests } = hostWindow;
  const perStallMs = 1 / hostModel.parameters.directReclaimMs;
  const perReadMs = 1 / hostModel.parameters.diskReadMs;
  const { answerMs, cpuMs } = latency.service[s];
  const marginMs = latency.target[s].targetMs - answerMs;
  const perWork = (inputs.plan.windowMs / 1000 / latency.workMs[s]) * inTime;
  const { count, host: hostOf, cell, requests: requestsOf } = pods;
  let late = 0;
  let alone = 0;
  let evaluated = 0;
  for (let n = 0; n < count; n++) {
    const host = hostOf[n];
    const own = podMemory === null ? 0 : podMemory.stallShare[pods.row[n]];
    const read = readShare[host];
    const stall = atMost(stallShare[host] + own, 1 - read);
    if (stall + read === 0) continue;
    evaluated++;
    const slackMs = marginMs - (slowdown[cell[n]] - 1) * cpuMs;
    const requests = requestsOf[n] * perWork;
    const stallTail = stall > 0 ? tableExp(-slackMs * perStallMs) : 0;
    const readTail = read > 0 ? tableExp(-slackMs * perReadMs) : 0;
    const lateHere = requests * (stall * stallTail + read * readTail);
    late += lateHere;
    alone +=
      requests *
      (atMost(stallShareAlone[host] + own, 1 - readShareAlone[host]) * stallTail + readShareAlone[host] * readTail);
    lateRequests[host] += lateHere;
  }
  const at = s * recorder.hours + Math.floor(nowMs / MS_PER_HOUR);
  recorder.serviceViolating[at] += late;
  recorder.serviceViolatingAlone[at] += alone;
  recorder.serviceViolatingMemory[at] += late;
  sums.late[TERM.memory] += late;
  sums.violatingAlone += alone;
  sums.evaluations[TERM.memory] += evaluated;
}

function atMost(value: number, most: number): number {
  return value < most ? value : most;
}
